"""The faces: command line, HTTP, dashboard, framework integrations."""
