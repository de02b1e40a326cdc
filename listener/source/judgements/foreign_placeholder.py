"""A placeholder that the driver does not know, where nothing on the way makes another of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...issue import Severity
from ..drivers.driver import Style
from ..examined import Examined
from .judgement import Defect, Judgement, seen

PREPARE = re.compile(r"\s*prepare\b", re.IGNORECASE)


def foreign_style(examined: Examined) -> Style | None:
    """How the placeholders are written, where that is not how the driver wants them."""
    statement = examined.statement
    if statement.rewrites or statement.style is None or not examined.prepared.found:
        return None
    driver = examined.driver
    if (driver is not None and examined.prepared.found & set(driver.also)) or PREPARE.match(examined.sql):
        return None
    if statement.style in examined.prepared.found or not examined.prepared.marks:
        return None
    return examined.prepared.style


def _judge(examined: Examined) -> Iterator[Defect]:
    style = foreign_style(examined)
    if style is None or examined.driver is None:
        return
    wanted = examined.driver.style.value
    yield Defect(
        f"The statement has placeholders like {style.value}, which {examined.driver.name} sends as they are.",
        f"Placeholders like {wanted}.",
        examined.site(0),
        evidence=(
            seen(
                "driver", f"{examined.driver.name} writes placeholders as {wanted}, and nothing between changes them."
            ),
        ),
    )


JUDGEMENT = Judgement("FOREIGN_PLACEHOLDER", Severity.MEDIUM, _judge)
