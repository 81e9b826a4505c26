"""The ledger: facts come in, are changed, and are read."""
