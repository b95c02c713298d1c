"""What campaigns cost and what is linked to them."""
