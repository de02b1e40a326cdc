"""The tables of schema `pgmend` as Python reads and writes them: one noun per module."""
