"""Judge: what really changed, with an interval on every number."""
