"""Real schemas, broken and mended: what Debian packages ship, the verdicts on what is found there, the breakages."""
