"""Maps: how a source is fitted to the canonical tables, in YAML that a marketer can read, and what it means in SQL."""
