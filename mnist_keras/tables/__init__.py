"""Results that were trained anywhere, from a table with a row a run, judged."""
