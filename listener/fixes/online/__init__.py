"""Another type for a column while everybody writes: a column beside it, kept in step, filled, and swapped in."""
