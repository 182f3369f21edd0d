"""A trained network in the formats of other programs, checked there, with its model card."""
