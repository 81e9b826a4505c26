"""How many facts a network of a given size holds: what `capacity`, `allocation` and `heads` have in common."""
