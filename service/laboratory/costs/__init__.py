"""What a memory costs, measured and foreseen: what `budget` reckons with."""
