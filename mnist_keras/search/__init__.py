"""Search for better settings, one trial after another, and judge what was found."""
