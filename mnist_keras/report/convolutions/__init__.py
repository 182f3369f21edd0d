"""Two convolutions against three: two models over the same seeds, and what they tell."""
