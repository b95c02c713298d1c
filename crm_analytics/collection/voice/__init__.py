"""The voice of the customer: what matters, how satisfied they are, what they would choose, what they write."""
