"""Editions: a notebook run for one set of typed parameters, as an offline page."""
