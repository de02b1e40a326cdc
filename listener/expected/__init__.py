"""The expected schema: what the schema should be, portrayed in names, and how the one that is there differs."""
