"""What is left of a sale after serving the customer, and what to offer to those who sell on."""
