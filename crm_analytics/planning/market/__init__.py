"""Planning the market: what comes from outside, and what it does to sales."""
