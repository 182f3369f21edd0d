"""One trained run looked at closely: what it confuses, what it saw, what it learnt."""
