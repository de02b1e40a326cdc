"""Maintenance windows: when pgmend may act alone, in the words of a setting: `Sat,Sun 02:00-05:00 Europe/Berlin`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WINDOW = re.compile(
    r"(?:(?P<days>[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)\s+)?(?P<start>\d\d?:\d\d)-(?P<end>\d\d?:\d\d)(?:\s+(?P<zone>\S+))?"
)
_LIKE = "Write it like 'Sat,Sun 02:00-05:00', 'Mon-Fri 22:00-04:00 Europe/Berlin' or '02:00-05:00'"
_MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """The hours from `start` to `end` on some days of the week (0 is Monday), by the clock of `zone`.

    One that ends when it starts or before ends on the next day. The end does not belong to it.
    """

    text: str
    days: frozenset[int]
    start: time
    end: time
    zone: tzinfo

    @classmethod
    def parse(cls, text: str) -> MaintenanceWindow:
        """What the text says; raises ValueError with the way it is written."""
        said = _WINDOW.fullmatch(text.strip())
        if said is None:
            raise ValueError(f"{text!r} is no maintenance window. {_LIKE}")
        return cls(
            text.strip(), _days(said["days"]), _time(said["start"]), _time(said["end"]), _zone(said["zone"] or "UTC")
        )

    def openings(self, around: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Beginning and end of each time that it is open, from the day before `around` to a week after it."""
        today = around.astimezone(self.zone).date()
        for day in (today + timedelta(days=offset) for offset in range(-1, 9)):
            if day.weekday() in self.days:
                last = day if self.end > self.start else day + timedelta(days=1)
                yield self._at(day, self.start), self._at(last, self.end)

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def __str__(self) -> str:
        return self.text


def opens_at(windows: Iterable[MaintenanceWindow], now: datetime) -> datetime | None:
    """When the first of them opens; None where one is open now, or where there are none."""
    openings = [opening for window in windows for opening in window.openings(now)]
    if not openings or any(start <= now < end for start, end in openings):
        return None
    return min(start for start, _ in openings if start > now)


def closes_at(windows: Iterable[MaintenanceWindow], now: datetime) -> datetime | None:
    """When the open one closes, with all that follow without a gap; None where none is open, or none ever closes."""
    openings = sorted(opening for window in windows for opening in window.openings(now))
    end = now
    for start, closing in openings:
        if start <= end:
            end = max(end, closing)
    return end if now < end < max(closing for _, closing in openings) else None


def _days(said: str | None) -> frozenset[int]:
    if said is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in said.split(","):
        first, _, last = part.partition("-")
        start, end = _day(first), _day(last or first)
        found.update((start + offset) % 7 for offset in range((end - start) % 7 + 1))
    return frozenset(found)


def _day(name: str) -> int:
    if name.capitalize() not in DAYS:
        raise ValueError(f"{name!r} is no day; days are {', '.join(DAYS)}")
    return DAYS.index(name.capitalize())


def _time(said: str) -> time:
    hours, _, minutes = said.partition(":")
    passed = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or passed > _MINUTES_OF_A_DAY:
        raise ValueError(f"{said!r} is no time of day. {_LIKE}")
    return time(passed // 60 % 24, passed % 60)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError; of a folder it is the last
        raise ValueError(f"this machine knows no time zone {name!r}") from error
