"""The facts: canonical tables, published as releases that never change."""
