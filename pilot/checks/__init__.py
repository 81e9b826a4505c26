"""What is measured of one memory, one file a check. A check asks over HTTP, counts, and leaves judging to the gate."""
