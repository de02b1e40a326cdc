"""Drivers of other engines: what goes through them is no statement for PostgreSQL."""

from __future__ import annotations

from .driver import Binding, Driver, Sink, Style

_SINKS = {
    "execute": Sink(Binding.TOGETHER),
    "executemany": Sink(Binding.MANY),
    "executescript": Sink(Binding.NONE),
}
DRIVERS = tuple(
    Driver(f"{modules[0]}", modules, style, _SINKS, foreign=engine)
    for engine, style, modules in (
        ("SQLite", Style.QUESTION, ("sqlite3", "aiosqlite", "apsw")),
        ("MySQL", Style.FORMAT, ("pymysql", "MySQLdb", "aiomysql", "asyncmy", "mysql")),
        ("Oracle", Style.NAMED, ("oracledb", "cx_Oracle")),
        ("SQL Server", Style.QUESTION, ("pyodbc", "pymssql", "aioodbc")),
        ("DuckDB", Style.QUESTION, ("duckdb",)),
        ("ClickHouse", Style.FORMAT, ("clickhouse_driver", "clickhouse_connect")),
        ("Snowflake", Style.FORMAT, ("snowflake",)),
        ("Cassandra", Style.FORMAT, ("cassandra",)),
    )
)
