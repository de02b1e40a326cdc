"""Conversions planted in code, half of them provable: what is taken away, and whether the code does the same."""
