"""What a manager has to decide, from all that is known."""
