"""One module for each estimator: the situations it is tried in, and how to read its answer beside the truth."""
