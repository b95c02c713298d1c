"""What came in, what it is worth, and what is wrong with it."""
