"""Studies at work: what is left to train, in which order, and until when."""
