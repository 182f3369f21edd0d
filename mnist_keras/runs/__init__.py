"""A run's folder: its files, its record, its lock, its name."""
