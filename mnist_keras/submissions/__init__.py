"""Runs that other people hand in, checked and merged."""
