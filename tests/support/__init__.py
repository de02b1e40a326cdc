"""What tests share: a server, a database for each test, roles, processes, waiting."""
