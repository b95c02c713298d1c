"""Know the customers: what they buy, what they are worth, who they are."""
