"""Reviews: doubted or randomly sampled answers are decided, and the error rate is estimated from the decisions."""
