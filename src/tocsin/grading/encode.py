"""A timeline as the arrays that the sweep reads, and a program's limits, facts and closed inputs for each patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.derived.limits import limit
from tocsin.errors import SettingError
from tocsin.grading.program import ABSENT_BIT, CONCEPT_CODE, CONCEPT_NAMES, PRESENT_BIT, UNKNOWN_BIT, Program, value_bit
from tocsin.rules import ABSENT, Fact, values_of
from tocsin.timeline import Timeline
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
    return Events(
        tuple(ids.to_list()), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        hour, end, _floats(events["hour_latest"]), concept, value,
        events["censored"].to_numpy().astype(np.int8), bits,
        _attributions(events["attribution"]),
    )


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
    """Numeric columns of the table of patients, read when first asked for."""

    def __init__(self, patients: pl.DataFrame) -> None:
        self._patients = patients

    def __missing__(self, name: str) -> F64:
        self[name] = found = _floats(self._patients[name])
        return found


def limits_of(program: Program, timeline: Timeline) -> tuple[F64, F64]:
    """The limits of a program for each patient, low and high, shape (patients or 1, limits)."""
    constant = all(isinstance(x, float | int) for x in program.limits)
    rows = 1 if constant else len(timeline.patients)
    low = np.empty((rows, max(1, len(program.limits))))
    high = np.empty_like(low)
    facts = _Facts(timeline.patients)
    for i, (value, strict) in enumerate(zip(program.limits, program.strict, strict=True)):
        if isinstance(value, float | int):
            low[:, i] = high[:, i] = value
        else:
            lo, hi = limit(value.name).compute(facts)
            # rounded, so that 3 x 0.7 is 2.1 and a value of 2.1 is not above it
            low[:, i], high[:, i] = np.round(lo * value.factor + value.plus, 9), np.round(hi * value.factor + value.plus, 9)
        if strict:
            low[:, i], high[:, i] = np.nextafter(low[:, i], np.inf), np.nextafter(high[:, i], np.inf)
    return low, high


def facts_of(program: Program, timeline: Timeline) -> I8:
    """The truth of each fact of a program for each patient, shape (patients or 1, facts)."""
    if not program.facts:
        return np.zeros((1, 1), np.int8)
    return np.stack([_fact(f, timeline.patients) for f in program.facts], axis=1)


def _fact(fact: Fact, patients: pl.DataFrame) -> I8:
    series = patients[fact.name]
    missing = 2 if fact.assume is None else int(fact.assume)
    if isinstance(fact.value, float | int) and not isinstance(fact.value, bool):
        number = _floats(series)
        told = ~np.isnan(number)
        compare = {">=": np.greater_equal, ">": np.greater, "<": np.less, "<=": np.less_equal, "==": np.equal}[fact.op]
        return np.where(told, compare(number, fact.value), missing).astype(np.int8)
    out = (series == fact.value).cast(pl.Int8).fill_null(missing).to_numpy()
    return out.astype(np.int8)


def closed_of(program: Program, timeline: Timeline) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Which slots and dose groups are complete, shapes (patients or 1, slots) and (patients or 1, dose groups)."""
    complete = timeline.complete
    ids = timeline.patient_ids if complete.by_patient else [""]
    slots = [CONCEPT_NAMES[c] for c in program.slot_concept]
    slot = np.array([[complete.covers(c, p) for c in slots] for p in ids], np.uint8).reshape(len(ids), len(slots))
    dose = np.array([[all(complete.covers(c, p) for c in g) for g in program.dose_groups] for p in ids], np.uint8)
    return slot, dose.reshape(len(ids), len(program.dose_groups))
