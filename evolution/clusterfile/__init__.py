"""Files of clusters, one per line: how a line is written, read strictly, found again, and played in a run."""
