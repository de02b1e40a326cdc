"""TCP ports of the loopback interface."""

from __future__ import annotations

import socket


def unused_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
