"""Which architecture, which hyperparameters, and can I trust the difference that I see?"""
