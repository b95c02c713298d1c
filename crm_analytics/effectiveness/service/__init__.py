"""Complaints, returns and word of mouth: what to improve in the product, and what it is worth."""
