"""A timeline as the arrays that the sweep reads, and a program's limits, facts and closed inputs for each patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.derived.baseline import baselines, is_baseline
from tocsin.derived.limits import UPPER, limit
from tocsin.errors import SettingError
from tocsin.grading.program import ABSENT_BIT, CONCEPT_CODE, CONCEPT_NAMES, PRESENT_BIT, UNKNOWN_BIT, Program, value_bit
from tocsin.rules import ABSENT, Fact, PatientLimit, values_of
from tocsin.timeline import Completeness, Timeline
from tocsin.timeline.schema import ATTRIBUTIONS
from tocsin.vocabulary import CONCEPTS, Kind

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]

_KINDS = (Kind.MEASUREMENT, Kind.STATE, Kind.FINDING, Kind.INFUSION, Kind.DOSE, Kind.STATEMENT)
_KIND_CODE: Mapping[Kind, int] = MappingProxyType({k: i for i, k in enumerate(_KINDS)})
CONCEPT_KIND: I64 = np.array([_KIND_CODE[CONCEPTS[c].kind] for c in CONCEPT_NAMES], np.int64)
_CODED = np.array([CONCEPTS[c].kind in (Kind.STATE, Kind.FINDING, Kind.INFUSION, Kind.DOSE, Kind.STATEMENT) for c in CONCEPT_NAMES])
_RATED = np.array([CONCEPTS[c].kind in (Kind.INFUSION, Kind.DOSE) for c in CONCEPT_NAMES])
_NO_TEXT: I64 = np.where(_CODED, UNKNOWN_BIT, 0)  # a coded input without a value that we know says nothing
# What was stated (death) stays so.
_CARRY: F64 = np.array([
    np.inf if CONCEPTS[c].kind is Kind.STATEMENT else CONCEPTS[c].carry_forward_hours or 0.0 for c in CONCEPT_NAMES])

CONCEPT_ENUM = pl.Enum(list(CONCEPT_NAMES))
ATTRIBUTION_ENUM = pl.Enum(list(ATTRIBUTIONS))
UNKNOWN_TEXT = "unknown"


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a timeline as arrays of one length; ``ptr`` (patients + 1,) delimits the patients."""

    patients: tuple[str, ...]
    ptr: I64
    hour: F64
    end: F64
    latest: F64
    concept: I64
    value: F64
    censored: I8
    bits: I64
    attribution: npt.NDArray[np.uint8]
    last: F64  # the hour of the last event that this one stands for (its own, but in thinned events)
    index: dict[str, I64] = field(default_factory=dict, repr=False, compare=False)

    def number_of(self) -> I64:
        """How many events there are of each concept, by concept code."""
        if "number" not in self.index:
            self.index["number"] = np.bincount(self.concept, minlength=len(CONCEPT_NAMES))
        return self.index["number"]

    def only(self, rows: I64) -> Events:
        """These rows alone, which must be in order."""
        return Events(
            patients=self.patients, ptr=np.searchsorted(rows, self.ptr).astype(np.int64), hour=self.hour[rows], end=self.end[rows],
            latest=self.latest[rows], concept=self.concept[rows], value=self.value[rows], censored=self.censored[rows],
            bits=self.bits[rows], attribution=self.attribution[rows], last=self.last[rows],
        )

    def rows_of_one(self, concept: int) -> I64:
        """The rows of one concept, in order."""
        self._sort()
        return self.index["order"][self.index["start"][concept]:self.index["start"][concept + 1]]

    def _sort(self) -> None:
        if "order" not in self.index:
            # 16 bits sort in linear time
            self.index["order"] = np.argsort(self.concept.astype(np.int16), kind="stable")
            self.index["start"] = np.concatenate([[0], np.cumsum(self.number_of())])
            self.index["first"] = self.ptr[:-1][np.diff(self.ptr) > 0]

    def rows_of(self, concepts: npt.NDArray[np.bool_]) -> I64:
        """The rows of these concepts (a mask by concept code), in order, and the first row of each patient."""
        self._sort()
        order, start = self.index["order"], self.index["start"]
        chosen = np.flatnonzero(concepts & (self.number_of() > 0))
        if len(chosen) == 1:
            rows = np.concatenate([self.index["first"], order[start[chosen[0]]:start[chosen[0] + 1]]])
            rows.sort(kind="stable")  # two sorted runs: a merge
            return rows[np.diff(rows, prepend=-1) > 0]
        wanted = np.zeros(len(self.hour), np.bool_)
        wanted[self.index["first"]] = True
        for c in chosen:
            wanted[order[start[c]:start[c + 1]]] = True
        return np.flatnonzero(wanted)


def encode(timeline: Timeline) -> Events:
    """The arrays of a timeline, whose table of patients begins with those that have events, in the order of the events."""
    events = timeline.events
    n = len(events)
    ids = timeline.patients["patient"]
    counts = np.zeros(len(ids), np.int64)
    if len(ids) == 1:
        counts[0] = n
    elif n:
        lengths = events["patient"].rle().struct.field("len").to_numpy()
        counts[: len(lengths)] = lengths
    columns = _columns(events)
    return Events(tuple(ids.to_list()), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), **columns, last=columns["hour"])


def with_rows(events: Events, rows: pl.DataFrame) -> Events:
    """The events with rows of the same patients put in, each after those of its hour; ``rows`` has the columns of a timeline's events."""
    if not len(rows):
        return events
    place = {p: i for i, p in enumerate(events.patients)}
    who = np.array([place[p] for p in rows["patient"].cast(pl.String).to_list()], np.int64)
    order = np.lexsort((rows["hour"].to_numpy(), who))
    who, added = who[order], {name: column[order] for name, column in _columns(rows).items()}
    at = np.searchsorted(_place(np.repeat(np.arange(len(events.patients)), np.diff(events.ptr)), events.hour), _place(who, added["hour"]), "right")
    merged: dict[str, Any] = {name: np.insert(getattr(events, name), at, column) for name, column in added.items()}
    ptr = events.ptr + np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(events.patients)))])
    return Events(events.patients, ptr, **merged, last=np.insert(events.last, at, added["hour"]))


def _place(patient: I64, hour: F64) -> I64:
    """One number that sorts events by patient, and by hour to the microsecond."""
    return (patient << 42) + np.rint(hour * 3600.0e3).astype(np.int64)


def _columns(events: pl.DataFrame) -> dict[str, Any]:
    """The arrays of a table of events, by the names that they have in Events."""
    n = len(events)
    concept = events["concept"].cast(CONCEPT_ENUM).to_physical().to_numpy().astype(np.int64)
    value = _floats(events["value"])
    bits = _NO_TEXT[concept]
    hour, end = _floats(events["hour"]), _floats(events["end_hour"])
    if n:
        rated = np.flatnonzero(_RATED[concept])
        bits[rated] = np.where(value[rated] == 0, ABSENT_BIT, PRESENT_BIT)
        if events["text"].null_count() < n:
            _read_texts(events["text"], concept, bits)
        value[rated[bits[rated] == ABSENT_BIT]] = 0.0
        ended = np.flatnonzero(end == hour) if events["end_hour"].null_count() < n else rated[:0]
        # an observation that ends as it begins is an instant; a source may write both times
        end[ended[~_RATED[concept[ended]]]] = np.nan
    return {"hour": hour, "end": end, "latest": _floats(events["hour_latest"]), "concept": concept, "value": value,
            "censored": events["censored"].to_numpy().astype(np.int8), "bits": bits, "attribution": _attributions(events["attribution"])}


def _attributions(series: pl.Series) -> npt.NDArray[np.uint8]:
    """The place of each attribution in ATTRIBUTIONS; most records name none, which needs no look-up."""
    if (series == "unknown").all():
        return np.full(len(series), ATTRIBUTIONS.index("unknown"), np.uint8)
    return series.cast(ATTRIBUTION_ENUM).to_physical().to_numpy().astype(np.uint8)


FEW_TEXTS = 5000


def _read_texts(texts: pl.Series, concept: I64, bits: I64) -> None:
    """Put the bits of coded texts in place; in a large column each distinct (concept, text, bits so far) is looked up once."""
    rows = np.flatnonzero(texts.is_not_null().to_numpy())
    told = texts.drop_nulls()
    if len(rows) < FEW_TEXTS:
        words = told.cast(pl.String).to_list()
        bits[rows] = [_bit(c, t, b) for c, t, b in zip(concept[rows].tolist(), words, bits[rows].tolist(), strict=True)]
        return
    told = told.cast(pl.Categorical)
    codes = told.to_physical().to_numpy().astype(np.int64)
    small = np.where(bits[rows] == UNKNOWN_BIT, 4, bits[rows])
    _, where, inverse = np.unique((concept[rows] << 40) | (codes << 4) | small, return_index=True, return_inverse=True)
    found = [_bit(int(concept[r]), str(told[int(w)]), int(bits[r])) for w, r in zip(where, rows[where], strict=True)]
    bits[rows] = np.array(found, np.int64)[inverse]


@lru_cache(maxsize=65536)
def _bit(concept: int, text: str, otherwise: int) -> int:
    """The bit of a coded text; for a dose or infusion the text is the source's words unless it says absent or unknown."""
    if text == UNKNOWN_TEXT:
        return UNKNOWN_BIT
    name = CONCEPT_NAMES[concept]
    if not _CODED[concept]:
        return otherwise
    if text in values_of(name):
        return value_bit(name, text)
    if _RATED[concept]:
        return ABSENT_BIT if text == ABSENT else otherwise
    return UNKNOWN_BIT


def _floats(series: pl.Series) -> F64:
    """The numbers of a column with nan for null; always writable, because numba compiles anew for an array that is not."""
    missing = series.null_count()
    if missing == len(series):
        return np.full(missing, np.nan)
    return (series.fill_null(float("nan")) if missing else series).to_numpy(writable=True)


def counted_attributions(names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which attributions a scale counts, as a mask over ATTRIBUTIONS; SettingError for one that does not exist."""
    for name in names:
        if name not in ATTRIBUTIONS:
            raise SettingError(f"{name!r} is not an attribution; known: {', '.join(ATTRIBUTIONS)}")
    return np.array([a in names for a in ATTRIBUTIONS])


def carry_forward(overrides: Mapping[str, float]) -> F64:
    """Hours that each concept stays valid, by concept code, with overrides; SettingError for an unknown concept."""
    out = _CARRY.copy()
    for name, hours in overrides.items():
        if name not in CONCEPT_CODE:
            raise SettingError(f"carry-forward is set for the unknown concept {name!r} (see `tocsin concepts`)")
        if not hours >= 0:
            raise SettingError(f"carry-forward of {name} must be zero or more hours, not {hours}")
        out[CONCEPT_CODE[name]] = hours
    return out


class _Facts(dict[str, F64]):
    """Numbers about each patient, read when first asked for: a column of the table of patients, or a baseline from the record.

    ``name + UPPER`` is the upper end of the same, where it was charted as beyond a number.  What is told of nobody has one entry, nan.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.rows: dict[str, I64] = {}

    def __missing__(self, name: str) -> F64:
        fact = name.removesuffix(UPPER)
        patients = self._timeline.patients
        if is_baseline(fact):
            found = baselines(self._timeline, fact.removeprefix("baseline_"))
            self[fact], self[fact + UPPER], self.rows[fact] = found.low, found.high, found.row
        else:
            told = _floats(patients[fact]) if fact in patients.columns else np.full(1, np.nan)
            self[fact] = self[fact + UPPER] = told
        return self[name]


def limits_of(program: Program, timeline: Timeline) -> tuple[F64, F64]:
    """The limits of a program for each patient, low and high, shape (patients or 1, limits)."""
    constant = all(isinstance(x, float | int) for x in program.limits)
    rows = 1 if constant else len(timeline.patients)
    low = np.empty((rows, max(1, len(program.limits))))
    high = np.empty_like(low)
    facts = _Facts(timeline)
    for i, (value, strict) in enumerate(zip(program.limits, program.strict, strict=True)):
        if isinstance(value, float | int):
            low[:, i] = high[:, i] = value
        else:
            low[:, i], high[:, i] = _limit(value, facts)
        if strict:
            low[:, i], high[:, i] = np.nextafter(low[:, i], np.inf), np.nextafter(high[:, i], np.inf)
    return low, high


def _limit(by: PatientLimit, facts: _Facts) -> tuple[F64, F64]:
    """The limit of each patient: the ends of the range in which it lies."""
    low, high = limit(by.name).compute(facts)
    if by.default is not None:
        untold = np.isneginf(low) & np.isposinf(high)
        low, high = np.where(untold, by.default, low), np.where(untold, by.default, high)
    # rounded, so that 3 x 0.7 is 2.1 and a value of 2.1 is not above it
    return _exactly(low * by.factor + by.plus), _exactly(high * by.factor + by.plus)


def _exactly(limit: F64) -> F64:
    """Without the dust of binary fractions; what is smaller than the dust stays."""
    return np.where(np.abs(limit) > 1e-6, np.round(limit, 9), limit)


def facts_of(program: Program, timeline: Timeline) -> tuple[I8, I64]:
    """The truth of each fact of a program for each patient, and the row of events that tells it (-1: none).

    Shapes (patients or 1, facts).
    """
    if not program.facts:
        return np.zeros((1, 1), np.int8), np.full((1, 1), -1, np.int64)
    facts = _Facts(timeline)
    truth = np.stack([np.broadcast_to(_fact(f, timeline.patients, facts), len(timeline.patients)) for f in program.facts], axis=1)
    none = np.full(len(timeline.patients), -1, np.int64)
    return truth, np.stack([facts.rows.get(f.name, none) for f in program.facts], axis=1)


def _fact(fact: Fact, patients: pl.DataFrame, facts: _Facts) -> I8:
    missing = 2 if fact.assume is None else int(fact.assume)
    compare = {">=": np.greater_equal, ">": np.greater, "<": np.less, "<=": np.less_equal, "==": np.equal}[fact.op]
    if isinstance(fact.value, PatientLimit):
        told = ~np.isnan(facts[fact.name])
        ends = [compare(number, end) for number in (facts[fact.name], facts[fact.name + UPPER]) for end in _limit(fact.value, facts)]
        all_ends, any_end = np.logical_and.reduce(ends), np.logical_or.reduce(ends)
        return np.where(told, np.where(all_ends == any_end, all_ends, 2), missing).astype(np.int8)
    if isinstance(fact.value, float | int) and not isinstance(fact.value, bool):
        low, high = facts[fact.name], facts[fact.name + UPPER]
        told = ~np.isnan(low)
        one, other = compare(low, fact.value), compare(high, fact.value)
        settled = one == other if fact.op != "==" else (low == high) | (low > fact.value) | (high < fact.value)
        return np.where(told, np.where(settled, one & other, 2), missing).astype(np.int8)
    if fact.name not in patients.columns:
        return np.full(len(patients), missing, np.int8)
    out = (patients[fact.name] == fact.value).cast(pl.Int8).fill_null(missing).to_numpy()
    return out.astype(np.int8)


def closed_of(program: Program, timeline: Timeline) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Which slots and dose groups are complete, shapes (patients or 1, slots) and (patients or 1, dose groups)."""
    complete = timeline.complete
    ids = timeline.patient_ids if complete.by_patient else [""]
    slots = [CONCEPT_NAMES[c] for c in program.slot_concept]
    closed = {c: _closed(complete, c, ids) for c in {*slots, *(c for group in program.dose_groups for c in group)}}
    nothing = np.zeros((0, len(ids)), np.uint8)
    slot = np.stack([closed[c] for c in slots]) if slots else nothing
    dose = np.stack([np.min([closed[c] for c in g], axis=0) for g in program.dose_groups]) if program.dose_groups else nothing
    return np.ascontiguousarray(slot.T), np.ascontiguousarray(dose.T)


def _closed(complete: Completeness, concept: str, ids: Sequence[str]) -> npt.NDArray[np.uint8]:
    """For each patient, 1 where no row of this concept means absent."""
    whom = complete.whom(concept)
    if not whom:
        return np.full(len(ids), whom is None, np.uint8)
    return np.array([who in whom for who in ids], np.uint8)
