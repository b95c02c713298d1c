"""What each customer is likely to do: learned from past days, tried on later ones, with reasons."""
