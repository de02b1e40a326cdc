"""After a fix: whether the statements on its tables fail, wait or take longer than before."""
