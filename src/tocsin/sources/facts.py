"""Facts about patients, from columns, rows or a file of patients: one value each, in canonical units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from tocsin.errors import VocabularyError
from tocsin.sources.account import Account, Notes
from tocsin.sources.clock import Moment, moment
from tocsin.sources.numbers import written
from tocsin.sources.values import NOT_TOLD, UNKNOWN
from tocsin.timeline import patient_schema
from tocsin.vocabulary import CONCEPTS, value_key

Fact = float | str | bool
_LIMITS: Mapping[str, tuple[float, float]] = {"age_years": (0, 120), "baseline_ice": (0, 10)}
_MEASURED_AS: Mapping[str, str] = {
    "weight_kg": "weight", "height_cm": "height", "baseline_systolic_bp": "systolic_bp", "baseline_creatinine": "creatinine",
    "baseline_ice": "ice_score",
}
_AGE_UNITS = {"": 1.0, "y": 1.0, "yr": 1.0, "yrs": 1.0, "year": 1.0, "years": 1.0, "years old": 1.0, "m": 1 / 12, "mo": 1 / 12,
              "month": 1 / 12, "months": 1 / 12, "mos": 1 / 12, "d": 1 / 365.25, "day": 1 / 365.25, "days": 1 / 365.25,
              "w": 7 / 365.25, "week": 7 / 365.25, "weeks": 7 / 365.25}
_SEX = {"m": "male", "male": "male", "man": "male", "boy": "male", "f": "female", "female": "female", "woman": "female", "girl": "female",
        "other": "other", "intersex": "other"}
_YES = {"yes": True, "y": True, "true": True, "1": True, "present": True, "no": False, "n": False, "false": False, "0": False,
        "absent": False, "none": False}
_EXTENT = {"systemic": "systemic", "compartmental": "compartmental", "compartment": "compartmental", "local": "compartmental"}


def measured_as(fact: str) -> str | None:
    """The concept that a fact is a value of: weight_kg of weight, uln_ast of ast; None for facts such as age and sex."""
    name = _MEASURED_AS.get(fact) or fact.partition("_")[2]
    return name if name in CONCEPTS else None


@dataclass(frozen=True, slots=True)
class Told:
    """One fact as told: where, about whom, what, and in which unit."""

    account: Account
    row: int
    patient: str
    fact: str
    value: str
    unit: str | None


def told(account: Account, frame: pl.DataFrame) -> list[Told]:
    """The rows of a frame of facts (patient, fact, value, unit, row)."""
    return [
        Told(account, row["row"], row["patient"], row["fact"], row["value"], row["unit"])
        for row in frame.filter(pl.col("value").is_not_null()).iter_rows(named=True)
    ]


def value_of(fact: str, text: str, unit: str | None, decimal: str, order: str, zone: ZoneInfo | None) -> Fact | str | None:
    """The value of a fact, None when it is said to be unknown; VocabularyError with the reason when it cannot be."""
    word = value_key(text)
    if word in UNKNOWN or text.lower() in NOT_TOLD:
        return None
    if fact == "sex":
        if word not in _SEX:
            raise VocabularyError(f"sex is male, female or other, not {text!r}")
        return _SEX[word]
    if fact == "developmental_delay":
        if word not in _YES:
            raise VocabularyError(f"developmental_delay is yes or no, not {text!r}")
        return _YES[word]
    if fact == "disease_extent":
        if word not in _EXTENT:
            raise VocabularyError(f"disease_extent is systemic or compartmental, not {text!r}")
        return _EXTENT[word]
    if fact == "infusion_time":
        found = moment(text, order, zone)
        if found is None:
            raise VocabularyError(f"the time of infusion cannot be read: {text!r}; write 2019-09-25 10:00")
        return iso(found)
    if patient_schema([fact])[fact] == pl.Float64:
        return _number(fact, text, unit, decimal)
    return text if unit is None else f"{text} {unit}"


def iso(found: Moment) -> str:
    """A moment as it stands in the table of patients: a date when only that is known, +00:00 when it is in UTC."""
    if found.dated:
        return found.when.date().isoformat()
    return found.when.isoformat() + ("+00:00" if found.aware else "")


def _number(fact: str, text: str, unit: str | None, decimal: str) -> float:
    read = written(text, decimal)
    if isinstance(read, str) or len(read.values) != 1 or read.censored:
        raise VocabularyError(f"{fact} is one number, not {text!r}")
    value = read.values[0]
    said = read.rest or unit or ""
    if fact == "age_years":
        key = re.sub(r"[.]", "", said.lower()).strip()
        if key not in _AGE_UNITS:
            raise VocabularyError(f"age is told in years, months or days, not {said!r}")
        value *= _AGE_UNITS[key]
        low, high = _LIMITS[fact]
    else:
        one = CONCEPTS[_MEASURED_AS.get(fact) or fact.partition("_")[2]]
        value = one.conversion(said or str(one.unit)).to_canonical(value)
        low, high = one.possible or _LIMITS[fact]
    if not low <= value <= high:
        raise VocabularyError(f"{fact} is {text}{' ' + said if said and said not in text else ''}, outside the possible {low:g}-{high:g}")
    return value


def settle_facts(
    facts: Iterable[Told], decimal: str, order: str, zone: ZoneInfo | None, notes: Notes
) -> dict[str, dict[str, Fact]]:
    """The facts of each patient; the first value stands when two differ, and a person is told."""
    out: dict[str, dict[str, Fact]] = {}
    first: dict[tuple[str, str], Told] = {}
    for one in facts:
        mine = out.setdefault(one.patient, {})
        try:
            value = value_of(one.fact, one.value, one.unit, decimal, order, zone)
        except VocabularyError as error:
            one.account.bad([one.row])
            notes.error(one.account.file, f"patient {one.patient}: {error}", "Correct it, or leave it empty if it is not known.", [one.row],
                        one.fact)
            continue
        one.account.used([one.row])
        if value is None:
            continue
        if one.fact not in mine:
            mine[one.fact] = value
            first[one.patient, one.fact] = one
        elif mine[one.fact] != value:
            before = first[one.patient, one.fact]
            where = f"{before.account.file} row {before.row}"
            what = f"patient {one.patient}: {one.fact} is {one.value}, but {before.value} in {where}: the first was kept"
            notes.warn(one.account.file, what, "A fact has one value for each patient.", [one.row], one.fact)
    return out


def patients_table(facts: Mapping[str, Mapping[str, Fact]], ids: Iterable[str]) -> pl.DataFrame:
    """The table of patients, by name."""
    everybody = sorted({*facts, *ids})
    schema = patient_schema(sorted({name for mine in facts.values() for name in mine}))
    rows = [[who, *(facts.get(who, {}).get(name) for name in list(schema)[1:])] for who in everybody]
    return pl.DataFrame(rows, schema=dict(schema), orient="row")
