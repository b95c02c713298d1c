"""What a campaign changed where nothing links a sale to it."""
