"""What was foretold, and what came of it: whom to trust, what has drifted, what has expired."""
