"""What a hospital changed in a guideline: the number before and after, with the document that says so."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.cite import LOCAL, reference


@dataclass(frozen=True, slots=True)
class Change:
    """One local change: a setting, a number of a dose, or a rule that is switched off.

    ``what``: the setting, the rule and the number of its dose, or the rule.  ``base``, ``value``: before and after, with the unit
    (``value`` is empty for a rule that is off).  ``rules``: the codes of the rules that rest on it.
    ``warnings``: where it allows more than the source does.
    """

    what: str
    base: str
    base_cites: str
    value: str
    source: str
    date: str
    by: str = ""
    rules: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        reference(self.cites)

    @property
    def cites(self) -> str:
        """The hospital's own document, as a citation."""
        return f"{LOCAL}:{self.source}, {self.date}"

    def says(self) -> str:
        """What was changed, in a line: "fever_days 2 days instead of 3 days [Ward SOP 12, 2025-03-01]"."""
        if not self.value:
            words = f"{self.what} is switched off"
        elif self.value == self.base:
            words = f"{self.what} {self.value}, as in the source"
        else:
            words = f"{self.what} {self.value} instead of {self.base}"
        return f"{words} [{self.source}, {self.date}]"

    def sentence(self) -> str:
        """``says`` with its warnings, for the reasons of advice."""
        return " ".join((f"Local: {self.says()}.", *(f"Warning: {w}." for w in self.warnings)))
