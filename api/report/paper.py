"""What text for people is written on: as wide as the terminal, and where none is, as wide as it takes."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text


def paper(*, stderr: bool = False) -> Console:
    """Standard output or error. A terminal wraps at words; a file or a pipe gets each line whole, so that grep finds
    it."""
    console = Console(stderr=stderr)
    console.soft_wrap = not console.is_terminal
    return console


class Labelled:
    """A label and what it says, indented; what does not fit on the line goes on below its beginning."""

    def __init__(self, label: str, said: str, style: str = "", *, indent: int = 0, width: int = 0) -> None:
        self._label = " " * indent + label.ljust(width)
        self._said = said
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines for `console`; one line where it does not wrap."""
        if options.no_wrap:
            yield Text(self._label + self._said, style=self._style)
            return
        room = max(20, options.max_width - len(self._label))
        lead = self._label
        for line in Text(self._said).wrap(console, room):
            line.rstrip()
            yield Text(lead + line.plain, style=self._style)
            lead = " " * len(self._label)
