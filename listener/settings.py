"""What can be set, from where it comes, and what is wrong with a value that cannot be used.

Order: command-line flags, `PGMEND_…` variables, `pgmend.toml`, `[tool.pgmend]` in `pyproject.toml`, the defaults.
`--auto-fix` is none of those flags: it goes into the listener's orders, since of flag, setting and stored policy the
strictest wins.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .errors import SettingsError
from .issue import Severity
from .maintenance import MaintenanceWindow

DEFAULT_CRITICAL_TABLES = (
    "users",
    "sessions",
    "payments",
    "orders",
    "accounts",
    "customers",
    "subscriptions",
    "invoices",
    "transactions",
    "credentials",
)

FEWEST = 5
"""Of connections; where code is watched one more."""
SEEN_FOR = timedelta(days=1)
"""What runs once a day is among the statements that the server has seen then."""
_SIZE = re.compile(r"(?P<number>\d+)\s*(?P<unit>|kb|mb|gb|tb)")
_DURATION = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+))\s*(?P<unit>[a-z]*)")


class AutoFix(StrEnum):
    """What may be fixed without anybody's approval, most careful first."""

    NONE = "none"
    CRITICAL = "critical"
    ALL = "all"

    @staticmethod
    def strictest(*values: AutoFix) -> AutoFix:
        """Of flag, setting and stored policy the one that allows least."""
        order = list(AutoFix)
        return min(values, key=order.index)


def _words(value: object) -> object:
    """A list out of `users, public.orders` or `users orders` (environment variables hold no lists)."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _nameable(words: tuple[str, ...]) -> tuple[str, ...]:
    if any("\0" in word for word in words):
        raise ValueError("no name has a NUL in it; write the pattern without")
    return words


def _seconds(value: object) -> object:
    """A bare number is seconds; `50ms`, `2s`, `5min`, `1h`, `7d` say their unit."""
    if not isinstance(value, str):
        return value
    units = {"": 1, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
    said = _DURATION.fullmatch(value.strip())
    if said is not None and said["unit"] in units:
        return float(said["number"]) * units[said["unit"]]
    return value


def _bytes(value: object) -> object:
    """A bare number is bytes; `500MB`, `2 GB` say their unit, as PostgreSQL counts them."""
    if not isinstance(value, str):
        return value
    units = {"": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
    said = _SIZE.fullmatch(value.strip().lower())
    return int(said["number"]) * units[said["unit"]] if said is not None else value


def _windows(value: object) -> object:
    """Windows out of a list of texts, or out of one with semicolons between them."""
    texts = value.split(";") if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        return value
    several = cast("list[object]", texts)
    return tuple(MaintenanceWindow.parse(each) if isinstance(each, str) else each for each in several if each != "")


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_nameable)]
Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(0))]


def _tables_only(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("a variable cannot hold it; write [rule.NAME] in pgmend.toml")  # noqa: TRY004 - pydantic's
    return cast("dict[str, object]", value)


class RuleSettings(BaseModel):
    """What can be set for one rule. `severity` is that of all its issues; `automatic` is for own rules only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    severity: Severity | None = None
    exclude: Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_nameable)] = ()
    automatic: bool | None = None


class Settings(BaseSettings):
    """Every setting with its default. A bare number of a duration is seconds."""

    model_config = SettingsConfigDict(env_prefix="PGMEND_", extra="forbid", frozen=True, env_ignore_empty=True)

    auto_fix: AutoFix = AutoFix.CRITICAL
    critical_tables: Words = DEFAULT_CRITICAL_TABLES
    exclude: Words = ()
    scan_interval: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(seconds=300)
    settle_time: Duration = timedelta(seconds=60)
    retry_after: Duration = timedelta(hours=1)
    rollback_window: Duration = timedelta(days=7)
    backup_retention: Duration = timedelta(days=30)
    backup_max_size: Annotated[int, BeforeValidator(_bytes), Field(ge=0)] = 1 << 30
    lock_timeout: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(seconds=5))] = timedelta(milliseconds=50)
    online_above: Duration = timedelta(milliseconds=80)
    online_changes: bool = True
    maintenance_windows: Annotated[tuple[MaintenanceWindow, ...], NoDecode, BeforeValidator(_windows)] = ()
    fixes_per_hour: Annotated[int, Field(ge=1)] | None = None
    trust_rehearsals: bool = True
    statements_seen_for: Duration = SEEN_FOR
    rehearsal_dsn: SecretStr | None = None
    code: Path | None = None
    code_exclude: Words = ()
    code_autofix: bool = False
    max_connections: Annotated[int, Field(ge=FEWEST, le=50)] = FEWEST
    rules: Path | None = None
    rule: Annotated[Mapping[str, RuleSettings], NoDecode, BeforeValidator(_tables_only)] = Field(
        default_factory=dict[str, RuleSettings]
    )
    viewer_token: SecretStr | None = Field(default=None, min_length=16)
    operator_token: SecretStr | None = Field(default=None, min_length=16)
    allowed_hosts: Words = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict[str, str])

    @model_validator(mode="before")
    @classmethod
    def _one_more_for_code(cls, values: object) -> object:
        """Whoever says nothing else has a connection more where code is watched."""
        if not isinstance(values, dict):
            return values  # pydantic refuses it
        said = cast("dict[str, object]", values)
        if said.get("code") is None or said.get("max_connections") is not None:
            return said
        return said | {"max_connections": FEWEST + 1}

    @field_validator("max_connections")
    @classmethod
    def _enough_for_code(cls, value: int, others: ValidationInfo) -> int:
        if others.data.get("code") is not None and value <= FEWEST:
            raise PydanticCustomError("connections", "Where code is watched it takes 6 or more")
        return value

    def coming_from(self, sources: Mapping[str, str]) -> Self:
        """These settings, knowing where each value comes from."""
        self._sources = sources
        return self

    def source_of(self, name: str) -> str:
        """Where the value in force comes from."""
        return self._sources.get(name, "default")

    def is_critical(self, schema: str, table: str) -> bool:
        """Whether a table's issues count as critical."""
        return matches(self.critical_tables, schema, table)


_NAMES = ", ".join(Settings.model_fields)
_CURES = {
    "max_connections": "Five are what it takes: to listen, to keep the lease, to judge events, to fix, and one for all"
    " else; a sixth asks about code, where that is watched. Give 5 to 50 (6 with code), or leave the setting out",
}


def matches(patterns: tuple[str, ...], schema: str, table: str) -> bool:
    """Whether a pattern on `schema.table` or `table` fits; `*` and `?` are wildcards."""
    return any(fnmatchcase(table, each) or fnmatchcase(f"{schema}.{table}", each) for each in patterns)


def load_settings(
    flags: Mapping[str, object] | None = None, *, folder: Path | None = None
) -> tuple[Settings, Mapping[str, str]]:
    """The settings in force and, by name, where each value comes from. Raises SettingsError naming a wrong one."""
    from_file, file_name = _read_file(folder or Path.cwd())
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    in_environment = {
        name for name in Settings.model_fields if os.environ.get(f"PGMEND_{name.upper()}") and name not in given
    }
    values = {name: value for name, value in from_file.items() if name not in in_environment} | given
    sources = {
        name: "--" + name.replace("_", "-")
        if name in given
        else f"PGMEND_{name.upper()}"
        if name in in_environment
        else file_name
        if name in from_file
        else "default"
        for name in Settings.model_fields
    }
    try:
        return Settings(**cast("dict[str, Any]", values)).coming_from(sources), sources
    except ValidationError as error:
        raise SettingsError(_explain(error, sources, file_name)) from None


def _explain(error: ValidationError, sources: Mapping[str, str], file_name: str) -> str:
    """One line per wrong value: its name, its source, what is wrong. A secret value is left out."""
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_context=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        if problem["type"] == "extra_forbidden":
            there = _NAMES if len(problem["loc"]) == 1 else ", ".join(RuleSettings.model_fields)
            lines.append(f"{file_name}: there is no setting {_dotted(problem['loc'])!r}; there are {there}.")
            continue
        if name == "rule":
            source = sources.get(name, file_name)
            lines.append(f"{_dotted(problem['loc'])} = {problem['input']!r} (from {source}): {problem['msg']}.")
            continue
        shown = "" if name.endswith(("_token", "_dsn")) else f" = {problem['input']!r}"
        cure = f" {_CURES[name]}." if name in _CURES else ""
        lines.append(f"{name}{shown} (from {sources.get(name, file_name)}): {problem['msg']}.{cure}")
    return "\n".join(lines)


def _dotted(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place))


def _read_file(folder: Path) -> tuple[dict[str, object], str]:
    own = folder / "pgmend.toml"
    if own.is_file():
        return _parse(own), str(own)
    project = folder / "pyproject.toml"
    if project.is_file():
        tool = _table(_parse(project).get("tool", {}), project, "tool")
        return _table(tool.get("pgmend", {}), project, "tool.pgmend"), f"{project} [tool.pgmend]"
    return {}, "pgmend.toml"


def _table(value: object, file: Path, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise SettingsError(f"{file}: {name} = {value!r} is no table; write [{name}] and the settings below it.")
    return cast("dict[str, object]", value)


def _parse(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not valid TOML ({error}); mend that line.") from None
    except RecursionError:
        raise SettingsError(f"{file}: nested too deeply; no setting is a list of lists.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read ({error}).") from None
