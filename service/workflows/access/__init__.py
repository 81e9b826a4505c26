"""Access: keys, grants, rates, tokens and sessions."""
