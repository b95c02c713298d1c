"""Why did it jump: the causes of a change between two periods, and the part of the company that carries it."""
