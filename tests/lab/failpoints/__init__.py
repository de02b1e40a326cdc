"""Every point at which a fix can be killed: named, listed, and died at."""
