"""Know the products: which carry the business, and which are on their way out."""
