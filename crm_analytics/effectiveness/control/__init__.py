"""A test against control: what a campaign changed for those it addressed, and for whom."""
