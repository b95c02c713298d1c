"""Forgetting: one person's values leave the source files, and do not come back with the next load."""
