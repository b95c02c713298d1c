"""Privacy on the shelf: pseudonyms and their secret, and how a person leaves every release."""
