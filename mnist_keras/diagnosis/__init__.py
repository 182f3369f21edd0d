"""What is wrong with a run: findings, each a claim with the numbers that it rests on."""
