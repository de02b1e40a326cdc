"""Files of SQL whose queries have names, as aiosql and pugsql load them: `-- name: get_user^`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .drivers import drivers
from .drivers.driver import Binding, Style
from .extracted import CodeStatement, Site
from .facts import Loaded, Module
from .liveness import standing
from .sections import sections


def named_statements(modules: Iterable[Module], files: Mapping[str, str]) -> Iterator[CodeStatement]:
    """The queries of the files that code loads by their folder or name."""
    loads = [loaded for module in modules for loaded in module.loaded]
    for path, text in files.items() if loads else ():
        loaded = next((each for each in loads if _loads(each, path)), None)
        if loaded is None:
            continue
        engine = next((each.foreign for each in drivers().values() if each.name == loaded.driver), None)
        for piece in sections(text, path):
            yield CodeStatement(
                (piece,),
                Site(path, piece.line, piece.column),
                Site(path, piece.line, piece.column),  # who calls it is not followed
                f"{loaded.library}",
                "",
                loaded.library,
                Style.NAMED,
                Binding.NONE,
                engine=engine,
                not_live=standing(path),
            )


def _loads(loaded: Loaded, path: str) -> bool:
    pattern = loaded.pattern.strip("./")
    return not pattern or path == pattern or path.endswith("/" + pattern) or f"/{pattern}/" in f"/{path}"
