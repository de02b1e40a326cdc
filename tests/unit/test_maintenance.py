"""Maintenance windows: what is written, when they are open, and when they open next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pgmend.listener.maintenance import MaintenanceWindow, closes_at, opens_at

# 2026-03-02 is a Monday. In Berlin clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        ("02:00-05:00", "2026-03-02 02:00", None),
        ("02:00-05:00", "2026-03-02 04:59:59", None),
        ("02:00-05:00", "2026-03-02 05:00", "2026-03-03 02:00"),
        ("02:00-05:00", "2026-03-02 01:59", "2026-03-02 02:00"),
        ("Sat,Sun 02:00-05:00", "2026-03-02 03:00", "2026-03-07 02:00"),
        ("sat,sun 2:00-5:00", "2026-03-08 03:00", None),
        ("Mon-Fri 22:00-04:00", "2026-03-03 03:00", None),
        ("Mon-Fri 22:00-04:00", "2026-03-07 03:59", None),  # Friday's, on Saturday morning
        ("Mon-Fri 22:00-04:00", "2026-03-08 03:00", "2026-03-09 22:00"),
        ("Fri-Mon 10:00-11:00", "2026-03-03 10:30", "2026-03-06 10:00"),
        ("00:00-24:00", "2026-03-02 23:59:59", None),
        ("Mon 00:00-24:00", "2026-03-03 00:00", "2026-03-09 00:00"),
        ("Mon 10:00-10:00", "2026-03-03 09:00", None),  # a whole day
        ("02:00-05:00 Europe/Berlin", "2026-03-02 01:00", None),
        ("02:00-05:00 Europe/Berlin", "2026-03-02 00:59", "2026-03-02 01:00"),
        ("03:30-04:00 Europe/Berlin", "2026-03-29 01:30", None),
        ("03:30-04:00 Europe/Berlin", "2026-10-25 02:30", None),
        ("Mon 08:00-09:00 Pacific/Auckland", "2026-03-01 19:30", None),  # Monday there, Sunday here
    ],
)
def test_when_a_window_is_open_or_opens_next(window: str, now: str, opens: str | None) -> None:
    assert opens_at([MaintenanceWindow.parse(window)], at(now)) == (opens and at(opens))


def test_the_first_of_several_counts_and_none_at_all_means_always() -> None:
    several = [MaintenanceWindow.parse("Sat 02:00-05:00"), MaintenanceWindow.parse("Wed 02:00-05:00")]
    assert opens_at(several, at("2026-03-02 12:00")) == at("2026-03-04 02:00")
    assert opens_at([], at("2026-03-02 12:00")) is None


@pytest.mark.parametrize(
    ("windows", "now", "closes"),
    [
        ("02:00-05:00", "2026-03-02 04:59", "2026-03-02 05:00"),
        ("02:00-05:00", "2026-03-02 05:00", None),
        ("Mon-Fri 22:00-04:00", "2026-03-07 03:59", "2026-03-07 04:00"),
        ("02:00-05:00; 05:00-06:00", "2026-03-02 03:00", "2026-03-02 06:00"),
        ("02:00-05:00; 03:00-04:00", "2026-03-02 03:30", "2026-03-02 05:00"),
        ("02:00-05:00; 06:00-07:00", "2026-03-02 03:30", "2026-03-02 05:00"),
        ("Mon 10:00-10:00", "2026-03-03 09:00", "2026-03-03 10:00"),
        ("00:00-24:00", "2026-03-02 12:00", None),
        ("02:00-05:00 Europe/Berlin", "2026-03-29 00:30", None),
        ("01:30-05:00 Europe/Berlin", "2026-03-29 01:30", "2026-03-29 03:00"),
    ],
)
def test_when_what_is_open_closes(windows: str, now: str, closes: str | None) -> None:
    several = [MaintenanceWindow.parse(each) for each in windows.split(";")]
    assert closes_at(several, at(now)) == (closes and at(closes))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at night", "Write it like"),
        ("", "Write it like"),
        ("02:00", "Write it like"),
        ("25:00-26:00", "no time of day"),
        ("02:60-03:00", "no time of day"),
        ("Caturday 02:00-03:00", "Write it like"),
        ("Cat 02:00-03:00", "'Cat' is no day"),
        ("02:00-03:00 Mars/Olympus", "knows no time zone 'Mars/Olympus'"),
        ("02:00-03:00 ../../etc/passwd", "knows no time zone"),
        ("02:00-03:00 Europe", "knows no time zone"),
    ],
)
def test_what_is_no_window_says_how_one_is_written(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MaintenanceWindow.parse(text)
