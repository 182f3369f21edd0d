"""A study while it is trained, as a page: how far it is, its curves, its verdicts."""
