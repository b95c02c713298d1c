"""Selections in a marketer's own words, with soft edges."""
