"""What names hold at one place of a function, as far as it was followed to there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .facts import Guard, Proof
from .lists import Listed, merged
from .sqltext import Alternatives, Hole, HoleKind, either


@dataclass(slots=True)
class Scope:
    """A function's, a class's or a module's names. `local` are those that the function itself gives, of which `texts`
    are SQL or parts of it; a text of None is none. What the `changed` hold may be changed in
    place. `owner` is the qualified name, `of_class` the class around."""

    owner: str = ""
    of_class: str = ""
    parameters: frozenset[str] = frozenset()
    local: set[str] = field(default_factory=set[str])
    texts: dict[str, Alternatives] = field(default_factory=dict[str, Alternatives])
    lists: dict[str, Listed] = field(default_factory=dict[str, Listed])
    proofs: dict[str, Proof] = field(default_factory=dict[str, Proof])
    drivers: dict[str, str] = field(default_factory=dict[str, str])
    asked: set[str] = field(default_factory=set[str])
    changed: set[str] = field(default_factory=set[str])
    classes: dict[str, str] = field(default_factory=dict[str, str])
    guard: Guard | None = None
    ended: bool = False

    def fork(self) -> Scope:
        """The same for one branch."""
        return Scope(
            self.owner,
            self.of_class,
            self.parameters,
            set(self.local),
            dict(self.texts),
            dict(self.lists),
            dict(self.proofs),
            dict(self.drivers),
            set(self.asked),
            set(self.changed),
            dict(self.classes),
            self.guard,
        )

    def forget(self, name: str) -> None:
        """The name holds something unknown from here on."""
        self.local.add(name)
        for each in (self.texts, self.lists, self.proofs, self.drivers, self.classes):
            each.pop(name, None)
        self.asked.discard(name)

    def is_handed_on(self, name: str) -> bool:
        """Whether the name holds just what a caller gives."""
        return name in self.parameters and name not in self.local and name not in self.changed

    def join(self, branches: Sequence[Scope], line: int) -> None:
        """Go on after branches, of which those that ended do not come here."""
        going = [each for each in branches if not each.ended]
        if not going:
            self.ended = True
            going = list(branches)
        (first, *others) = going
        self.local = set[str]().union(*(each.local for each in going))
        texts: dict[str, Alternatives] = {}
        for name in dict.fromkeys(name for each in going for name in each.texts):
            held = [each.texts.get(name) for each in going]
            known = [each for each in held if each is not None]
            if len(known) < len(held) and any(name in each.local for each in going if name not in each.texts):
                known.append(((Hole(HoleKind.UNKNOWN, name, line, 0),),))
            texts[name] = either(known, Hole(HoleKind.UNKNOWN, name, line, 0))
        self.texts = texts
        self.lists = {
            name: merged([each.lists.get(name) for each in going], Hole(HoleKind.UNKNOWN, name, line, 0))
            for name in first.lists
        }
        self.proofs = {
            name: held
            for name, held in first.proofs.items()
            if all((found := each.proofs.get(name)) is not None and found.type == held.type for each in others)
        }
        self.drivers = {name: held for each in reversed(going) for name, held in each.drivers.items()}
        self.classes = {
            name: held for name, held in first.classes.items() if all(each.classes.get(name) == held for each in others)
        }
        self.asked = set[str]().union(*(each.asked for each in going))
        self.changed = set[str]().union(*(each.changed for each in going))
