"""One customer on one page, and on which day its habits changed."""
