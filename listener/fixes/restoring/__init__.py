"""What the expected schema says, brought back: one object kind or aspect per module."""
