"""What a trained model reads in pictures that people hand over."""
