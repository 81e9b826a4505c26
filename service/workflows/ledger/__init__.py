"""The ledger: facts are uploaded, edited and read."""
