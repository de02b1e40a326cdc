"""Hearing: the bell, the outbox behind it, and who of several listeners may act."""
