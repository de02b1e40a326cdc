"""Issues as people, scripts, code scanners and pull requests read them."""
