"""Digits from pictures: what people photograph, scan or draw, and what a stored model reads."""
