"""Groups as they lie in the data, if there are any."""
