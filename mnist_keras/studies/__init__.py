"""Studies: what they train, and how their trials are run."""
