"""What seeds show: intervals, tests, verdicts. Arrays in, numbers out; nothing of the project."""
