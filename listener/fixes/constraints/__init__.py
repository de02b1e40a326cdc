"""Constraints as plans handle them: steps that add, validate and drop them, and the rows that break them."""
