"""From run folders to a study's outcome: figures, factors, claims and pairs, judged in numbers."""
