"""Learning: in which order a network learns relations, subjects and facts while it is trained."""
