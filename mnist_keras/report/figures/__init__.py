"""Pictures of outcomes: first the numbers to draw, then the drawing."""
