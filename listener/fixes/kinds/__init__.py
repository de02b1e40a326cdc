"""One fix kind per file: a planner under `@fix_kind(Remedy)`; nothing else has to know of it."""
