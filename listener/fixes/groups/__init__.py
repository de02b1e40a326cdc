"""Columns that change their types together: those that foreign keys tie to one another, and what numbers them."""
