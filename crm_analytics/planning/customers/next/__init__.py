"""When each customer buys next, what, and for how much."""
