"""Relations of real schemas: what a person said of each, and how well pgmend infers them."""
