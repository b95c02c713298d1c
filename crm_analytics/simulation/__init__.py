"""A seeded company whose truth is known, so that every estimate can be caught out."""
