"""SQLAlchemy's `text()` in execute and its like, and encode's databases: `:name`, values in one mapping."""

from __future__ import annotations

from .driver import Binding, Driver, Sink, Style

_TOGETHER = Sink(Binding.TOGETHER)

SQLALCHEMY = Driver(
    "sqlalchemy",
    ("sqlalchemy", "sqlmodel", "flask_sqlalchemy"),
    Style.NAMED,
    {
        **{name: _TOGETHER for name in ("execute", "scalar", "scalars", "stream", "stream_scalars")},
        "exec_driver_sql": _TOGETHER,
        "read_sql": Sink(Binding.NONE),
        "read_sql_query": Sink(Binding.NONE),
    },
    client_binds=True,
    also=(Style.FORMAT, Style.NUMERIC),
)
DATABASES = Driver(
    "databases",
    ("databases",),
    Style.NAMED,
    {
        **{name: _TOGETHER for name in ("execute", "fetch_all", "fetch_one", "fetch_val", "iterate")},
        "execute_many": Sink(Binding.MANY),
    },
    client_binds=True,
)
