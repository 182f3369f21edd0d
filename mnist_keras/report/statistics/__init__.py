"""What seeds show: intervals, tests, verdicts. Pure functions on arrays, without files."""
