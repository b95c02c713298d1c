"""Decide: what to offer and where to put the money."""
