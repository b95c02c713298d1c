"""How far the numbers can be trusted: every estimator against campaigns whose truth is known, by the hundred."""
