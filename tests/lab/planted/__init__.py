"""Code that is written to be wrong in one known place, and its twins that are right."""
