"""Recommendations gathered for a reader: what several rules ask for alike stands once, with all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tocsin.show.times import Clock, on
from tocsin.show.values import Units, dose_words, measured
from tocsin.show.wording import advice_dose, briefly, listed, printed
from tocsin.vocabulary import CONCEPTS

STATUS_ORDER = ("due", "blocked", "depends")
VERDICT_WORDS = {
    "asked_for": "asked for by the guideline", "not_indicated": "not asked for at this moment", "blocked": "blocked at this moment",
    "undecidable": "cannot be judged from the record", "not_covered": "the guideline does not speak of it",
    "late": "late", "omitted": "omitted", "on_time": "on time", "too_soon": "too soon", "dose_off": "dose differs",
    "over_maximum": "over the maximum",
}


@dataclass(frozen=True, slots=True)
class AdviceRow:
    """One recommendation, by one or more rules."""

    status: str
    action: str
    dose: str
    rules: tuple[str, ...]
    new: bool
    why: str
    blocked_by: tuple[str, ...]
    missing: tuple[str, ...]
    sources: tuple[str, ...]
    cites: tuple[str, ...]
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenRow:
    """One treatment given, beside what the guideline said just before."""

    what: str
    when: str
    origin: str
    verdict: str
    good: bool
    rules: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn: when, the grade, what was asked for, and what was given."""

    hour: float
    when: str
    at_least: int
    at_most: int
    advice: tuple[AdviceRow, ...]
    given: tuple[GivenRow, ...]

    @property
    def fresh(self) -> tuple[AdviceRow, ...]:
        """What is due or blocked for certain and was not at the turn before."""
        return tuple(a for a in self.advice if a.status != "depends" and a.new)

    @property
    def standing(self) -> tuple[AdviceRow, ...]:
        """What is due or blocked as at the turn before."""
        return tuple(a for a in self.advice if a.status != "depends" and not a.new)

    def of(self, status: str) -> tuple[AdviceRow, ...]:
        """The recommendations with this status."""
        return tuple(a for a in self.advice if a.status == status)


def turn_rows(turns: Iterable[Any], clock: Clock, units: Units = Units.SI) -> list[TurnRow]:
    """Every turn, ready to be printed."""
    return [
        TurnRow(
            turn.hour, clock.edge(turn.hour), turn.grade_at_least, turn.grade_at_most,
            tuple(advice_rows(turn.advice, {a.rule for a in turn.changed})), tuple(_given(g, units) for g in turn.given),
        )
        for turn in turns
    ]


def advice_rows(advice: Iterable[Any], changed: set[str]) -> list[AdviceRow]:
    """Recommendations with the same status, action and dose as one row, due first."""
    together: dict[tuple[str, ...], list[Any]] = {}
    for one in advice:
        dose = advice_dose(one.dose, one.unit, one.formula, one.route)
        together.setdefault((one.status, one.action, dose, *one.blocked_by), []).append(one)
    rows = []
    for (status, action, dose, *_), some in together.items():
        rows.append(AdviceRow(
            status, action, dose, tuple(a.rule.split("/", 1)[-1] for a in some), any(a.rule in changed for a in some),
            _why_asked(some[0]), tuple(_plain_block(b) for b in some[0].blocked_by),
            tuple(briefly(list(dict.fromkeys(n for a in some for n in a.depends_on)))),
            _once(printed(a.source_text) for a in some), _once(c for a in some for c in a.cites),
            _once(printed(a.reading) for a in some),
        ))
    order = {status: place for place, status in enumerate(STATUS_ORDER)}
    return sorted(rows, key=lambda r: order.get(r.status, len(order)))


def _why_asked(one: Any) -> str:
    """The reason without the grade, which stands above it at every turn."""
    return printed(" ".join(one.reason.replace(one.grade, "").split()) if one.grade else one.reason)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for t in texts if t))


def _plain_block(text: str) -> str:
    """A block in words, without its code."""
    code, colon, words = text.partition(": ")
    return words if colon and code == code.upper() else text


def _given(given: Any, units: Units) -> GivenRow:
    concept = CONCEPTS[given.concept]
    if given.text and given.text != "present":
        amount = dose_words(concept, given.value, given.text, units, None)
    else:
        amount = measured(concept, given.value, 0, units) if given.value is not None else "dose not told"
    return GivenRow(
        f"{concept.title.split(', agent')[0]}, {amount}", on(given.hour, given.hour_latest), given.origin,
        VERDICT_WORDS.get(given.verdict, given.verdict.replace("_", " ")), given.verdict in ("asked_for", "on_time"),
        tuple(r.split("/", 1)[-1] for r in given.rules), _why(given.why),
    )


def _why(text: str) -> str:
    """The reason, with names of concepts turned into words."""
    if text.startswith("not told: "):
        return "not told: " + listed(briefly([n.strip() for n in text.removeprefix("not told: ").split(",")]))
    return "; ".join(_plain_block(part) for part in text.split("; "))
