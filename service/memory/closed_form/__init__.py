"""The closed form: features that are drawn once and a read-out that is solved, rounded and stored block by block."""
