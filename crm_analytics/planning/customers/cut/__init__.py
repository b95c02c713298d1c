"""Sales in any cut: two periods, shares and contributions, and whether the parts agree with the whole."""
