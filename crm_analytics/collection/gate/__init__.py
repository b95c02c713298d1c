"""The gate: what a load is held against before anybody may see it."""
