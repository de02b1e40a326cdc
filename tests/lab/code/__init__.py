"""Real code bases against the schemas that they create themselves."""
