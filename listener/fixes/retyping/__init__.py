"""What giving a column another type takes: cast classes, statements, defaults, kept spellings, duration."""
