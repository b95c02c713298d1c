"""Collect: fit any source to the canonical tables by a map, refuse bad rows with their reason, and reconcile."""
