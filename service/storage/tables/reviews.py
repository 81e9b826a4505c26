"""Reviews of answers, shadow comparisons and live use."""
