"""The pilot: a client that loads a table of facts and measures, over HTTP, what the users would get."""
