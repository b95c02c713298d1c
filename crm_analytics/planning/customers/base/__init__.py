"""Who the customers are, where each stands in its life, and who is moving where."""
