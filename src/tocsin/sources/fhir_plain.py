"""The fast lane: plain observations, one number under one code, recognised by their shape; everything else takes the careful road.

Whatever it takes gives the very entries that ``fhir_observation.observation`` gives: each part is understood by the same functions,
once for each distinct code, unit, reference and time, and remembered.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from tocsin.sources.entries import ENTRIES
from tocsin.sources.fhir_context import SCALE_SYSTEM, Context
from tocsin.sources.fhir_elements import MOST_REMEMBERED, SAO2, Coded, Json, PassedError, RefusedError, Span, amount, shape
from tocsin.sources.fhir_observation import OBSERVATION, VOID

_PLAIN: Final = frozenset({
    "resourceType", "id", "meta", "language", "text", "identifier", "basedOn", "partOf", "status", "category", "code", "subject", "encounter",
    "effectiveDateTime", "issued", "performer", "valueQuantity", "interpretation", "method", "specimen", "device", "referenceRange"})
"""Elements that a plain observation may have: those read below, and those that the careful road does not read either."""
_TURNING: Final = frozenset({"component", "modifierExtension", "implicitRules"})
_GOOD: Final = OBSERVATION - VOID
_CAREFUL: Final = -1
_OF_NO_CONCERN: Final = -2


class Plain:
    """Columns of plain observations, until they are taken as a frame."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._codes: dict[Any, int] = {}  # place in _meant, or one of the two below
        self._meant: list[Coded] = []
        self._shown: dict[Any, str] = {}  # of a code of no concern, for the counts
        self._units: dict[Any, str | None] = {}
        self._stays: dict[str, str | None] = {}
        self._times: dict[str, Span] = {}
        self.ignored: dict[str, int] = {}
        self._clear()

    def _clear(self) -> None:
        self.rows: list[int] = []
        self._who: list[str] = []
        self._stay: list[str | None] = []
        self._start: list[int] = []
        self._latest: list[int | None] = []
        self._which: list[int] = []
        self._value: list[float] = []
        self._unit: list[str | None] = []

    def forget(self) -> None:
        """Begin another Bundle, in which references may mean something else."""
        self._stays = {}

    def take(self, row: int, resource: Json) -> bool:
        """Take the resource if it is a plain observation (or an observation of no concern); False leaves it to the careful road."""
        try:
            if resource["resourceType"] != "Observation":
                return False
            status, concept = resource["status"], resource["code"]
            key = shape(concept)
            which = self._codes[key] if key in self._codes else self._code(key, concept)
            if which == _CAREFUL or status not in OBSERVATION:
                return False
            if which == _OF_NO_CONCERN:
                if not _TURNING.isdisjoint(resource):
                    return False
                shown = self._shown[key]
                self.ignored[shown] = self.ignored.get(shown, 0) + 1
                return True
            if status not in _GOOD or not resource.keys() <= _PLAIN:
                return False
            quantity = resource["valueQuantity"]
            value = quantity["value"]
            if len(quantity) != 4 or not (type(value) is float or type(value) is int):
                return False
            measure = (quantity["system"], quantity["code"], quantity["unit"])
            subject = resource["subject"]["reference"]
            time = resource["effectiveDateTime"]
            unit = self._units[measure] if measure in self._units else self._unit_of(measure, quantity)
            who = self._context.patients.get(subject) or self._patient(subject, resource)
            span = self._times.get(time) or self._time(time)
            stay = None
            if "encounter" in resource:
                visit = resource["encounter"]["reference"]
                stay = self._stays[visit] if visit in self._stays else self._stay_of(visit, resource)
        except (TypeError, KeyError, ValueError, AttributeError, RefusedError, PassedError):
            return False
        self.rows.append(row)
        self._who.append(who)
        self._stay.append(stay)
        self._start.append(span[0])
        self._latest.append(span[1])
        self._which.append(which)
        self._value.append(value)
        self._unit.append(unit)
        return True

    def _code(self, key: Any, concept: Json) -> int:
        if key is None or len(self._codes) >= MOST_REMEMBERED:
            return _CAREFUL
        found = self._context.known.meaning(concept, "Observation.code")
        if found.code == SAO2 or (found.item is None and (found.code or "").startswith(SCALE_SYSTEM)):
            place = _CAREFUL
        elif found.item is None:
            place = _OF_NO_CONCERN
            self._shown[key] = found.shown
        else:
            place = len(self._meant)
            self._meant.append(found)
        self._codes[key] = place
        return place

    def _unit_of(self, measure: Any, quantity: Json) -> str | None:
        found = amount(quantity, "Observation.valueQuantity")
        if found is None:
            raise ValueError
        if len(self._units) >= MOST_REMEMBERED:
            self._units.clear()
        self._units[measure] = found.unit
        return found.unit

    def _patient(self, subject: str, resource: Json) -> str:
        who = self._context.whose(resource["subject"], "Observation.subject")
        if not who:
            raise ValueError
        if len(self._context.patients) >= MOST_REMEMBERED:
            self._context.patients.clear()
        self._context.patients[subject] = who
        return who

    def _time(self, text: str) -> Span:
        span = self._context.known.moments.span(text, "Observation.effectiveDateTime")
        if len(self._times) >= MOST_REMEMBERED:
            self._times.clear()
        self._times[text] = span
        return span

    def _stay_of(self, visit: str, resource: Json) -> str | None:
        stay = self._context.stay(resource, "encounter", "Observation")
        if len(self._stays) >= MOST_REMEMBERED:
            self._stays.clear()
        self._stays[visit] = stay
        return stay

    def frame(self) -> pl.DataFrame:
        """The observations taken since the last time, with the columns of ENTRIES."""
        code = pl.Series("code", [one.code for one in self._meant], dtype=pl.String)
        name = pl.Series("name", [one.name for one in self._meant], dtype=pl.String)
        which = pl.Series(self._which, dtype=pl.UInt32)
        micro = ENTRIES["start"]
        frame = pl.DataFrame({
            "row": pl.Series(self.rows, dtype=ENTRIES["row"]), "patient": pl.Series(self._who, dtype=pl.String),
            "stay": pl.Series(self._stay, dtype=pl.String), "start": pl.Series(self._start, dtype=pl.Int64).cast(micro),
            "latest": pl.Series(self._latest, dtype=pl.Int64).cast(micro), "code": code.gather(which), "name": name.gather(which),
            "value": pl.Series(self._value, dtype=pl.Float64, strict=False), "unit": pl.Series(self._unit, dtype=pl.String),
            "censored": pl.Series([0], dtype=pl.Int8).new_from_index(0, len(self.rows)),
        })
        self._clear()
        return frame.select(pl.col(n) if n in frame.columns else pl.lit(None, dtype=kind).alias(n) for n, kind in ENTRIES.items())
