"""Personal data: cells that look like it, and policies that drop, mask, generalise or pseudonymise them."""
