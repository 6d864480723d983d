"""A section while it is written: what it says, what it could not do, and on what it rests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from tocsin.cohort.parts import FigurePart, Section, TablePart
from tocsin.errors import CohortError

Made = TypeVar("Made")


class Draft:
    """Collects the parts of one section in their order; nothing is said twice."""

    def __init__(self, section_id: str, title: str) -> None:
        self.id, self.title = section_id, title
        self.text: list[str] = []
        self.parts: list[TablePart | FigurePart] = []
        self.left_out: list[str] = []
        self.warnings: list[str] = []
        self.methods: list[str] = []
        self._cites: list[str] = []

    def tried(self, what: str, make: Callable[[], Made]) -> Made | None:
        """What ``make`` answers; None where the data do not allow it, and the reason among what is left out."""
        try:
            return make()
        except CohortError as error:
            self.leave_out(what, str(error))
            return None

    def leave_out(self, what: str, why: str) -> None:
        """Say that something could not be done, and why."""
        self.left_out.append(f"{what}: {why}")

    def warn(self, *warnings: str) -> None:
        self.warnings.extend(w for w in warnings if w)

    def rest_on(self, *cites: Iterable[str]) -> None:
        """Add the papers behind something."""
        for many in cites:
            self._cites.extend(many)

    def section(self) -> Section:
        """The section, every sentence and paper once."""
        return Section(self.id, self.title, tuple(self.text), tuple(self.parts), _once(self.left_out), _once(self.warnings), _once(self.methods),
                       _once(self._cites))


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
