"""When a campaign is felt, and when it is best begun."""
