"""Known statements: what is known to read and write the tables, what each is described as, and who runs it."""
