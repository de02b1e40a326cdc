"""Rows for any schema: made by type, offered to the server, which decides by the constraints that are there."""
