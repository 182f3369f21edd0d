"""What a search prints and writes."""
