"""From run folders to a study's outcome: every figure, factor, claim and pair with its verdict."""
