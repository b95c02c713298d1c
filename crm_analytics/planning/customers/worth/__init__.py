"""What a customer is worth, when winning one pays back, and what keeping more of them would bring."""
