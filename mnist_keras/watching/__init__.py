"""A page that shows a study while it is trained, served on this machine only."""
