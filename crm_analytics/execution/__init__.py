"""Carry out: audiences, control groups and what we ourselves did."""
