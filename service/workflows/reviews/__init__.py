"""Reviews: answers are doubted or drawn at random, decided, and what that says about the error rate."""
