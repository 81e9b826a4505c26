"""The checks of one memory, one module each. A check asks over HTTP and counts; the gate judges."""
