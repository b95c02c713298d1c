"""From advertisement to profit: who gets the credit, what it was worth, and where the way leaks."""
