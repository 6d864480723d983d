"""What each column of a table is: who, when, what, a fact about the patient, or a concept of its own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tocsin.errors import SourceError, VocabularyError
from tocsin.timeline import PATIENTS, is_patient_fact
from tocsin.vocabulary import CONCEPTS, find
from tocsin.vocabulary.spelling import name_key

BLOOD_PRESSURE = "blood_pressure"  # no concept: "120/80" is two
FACTS = tuple(name for name in PATIENTS if name != "patient")

_ROLES: Mapping[str, tuple[str, ...]] = {
    "patient": ("patient", "patient id", "patientid", "pat", "pat id", "patient no", "patient number", "subject", "subject id",
                "subjid", "usubjid", "id", "mrn", "person", "person id", "case", "case id", "study id", "record id",
                "hospitalization id", "stay id"),
    "day": ("day", "days", "study day", "rel day", "relative day", "days since infusion", "day since infusion",
            "day post infusion", "days post infusion", "days after infusion", "day after infusion", "start day", "from day",
            "day start", "day of treatment", "days post car t"),
    "hour": ("hour", "hours", "hours since infusion", "hour since infusion", "hours post infusion", "hours after infusion",
             "rel hour", "start hour", "hour start", "from hour"),
    "time": ("time", "datetime", "date time", "date", "timestamp", "chart time", "recorded time", "recorded at", "start time",
             "time start", "start", "start date", "start datetime", "recorded dttm", "observation time", "collected at"),
    "end_day": ("end day", "day end", "to day", "stop day", "last day", "until day"),
    "end_hour": ("end hour", "hour end", "to hour", "stop hour", "until hour"),
    "end_time": ("end time", "time end", "stop time", "end date", "stop date", "end", "stop", "end datetime", "until"),
    "day_latest": ("day latest", "latest day"),
    "hour_latest": ("hour latest", "latest hour"),
    "time_latest": ("time latest", "latest time"),
    "concept": ("concept", "variable", "parameter", "param", "item", "test", "observation", "analyte", "measurement"),
    "value": ("value", "result", "val", "reading", "amount", "rate"),
    "unit": ("unit", "units", "uom", "unit of measure", "value unit"),
    "text": ("text", "coded value", "text value", "value text", "category", "detail", "details"),
    "attribution": ("attribution", "attributed to", "cause", "due to"),
    "site": ("site", "body site", "location"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks", "source", "cite", "citation", "reference", "quote"),
}
_FACT_NAMES: Mapping[str, tuple[str, ...]] = {
    "age_years": ("age years", "age", "age in years", "age at infusion"),
    "sex": ("sex", "gender"),
    "weight_kg": ("weight kg", "weight", "wt", "body weight", "bw"),
    "height_cm": ("height cm", "height", "ht", "body height"),
    "diagnosis": ("diagnosis", "dx", "disease", "indication", "malignancy"),
    "disease_extent": ("disease extent", "extent"),
    "product": ("product", "car t product", "car product"),
    "dose": ("dose", "car t dose", "cell dose", "infused dose"),
    "infusion_time": ("infusion time", "infusion date", "car t infusion time", "car t infusion date", "infusion datetime",
                      "index time", "day 0", "date of infusion", "time of infusion"),
    "developmental_delay": ("developmental delay", "development delay"),
    "baseline_systolic_bp": ("baseline systolic bp", "baseline sbp", "baseline systolic"),
    "baseline_creatinine": ("baseline creatinine", "baseline cr", "baseline scr"),
    "baseline_ice": ("baseline ice", "baseline ice score"),
}
_ROLE_OF = {name_key(name): role for role, names in _ROLES.items() for name in names}
_FACT_OF = {name_key(name): fact for fact, names in _FACT_NAMES.items() for name in names}
_PRESSURE = {name_key(n) for n in ("bp", "blood pressure", "nibp", "abp", "bp mmHg", "sbp/dbp", "systolic/diastolic")}
_SIDES = "(?P<uln{n}>uln|upper limit of normal)|(?P<lln{n}>lln|lower limit of normal)|(?P<baseline{n}>baseline)"
_REFERENCE = re.compile(
    f"(?i)^\\s*(?:(?:{_SIDES.format(n=1)})(?:\\s+of)?[\\s_-]+(?P<name1>.+)|(?P<name2>.+?)[\\s_-]+(?:{_SIDES.format(n=2)}))\\s*$")
_UNIT_IN_HEADER = re.compile(r"^(?P<name>.*?)\s*(?:\[(?P<a>[^\]]*)\]|\((?P<b>[^()]*(?:\([^()]*\))?[^()]*)\)|,\s+(?P<c>\S.*))$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place, header, role (see _ROLES; "fact", "concept", "unknown", "empty"), name and unit."""

    index: int
    header: str
    role: str
    name: str = ""
    unit: str | None = None
    problem: str = ""


@dataclass(frozen=True)
class Header:
    """All columns of a table and what kind of table it is: "long", "wide", "patients" or "none"."""

    columns: tuple[Column, ...]
    form: str

    def role(self, role: str) -> str | None:
        """The name, in the frame, of the column with this role."""
        return next((str(c.index) for c in self.columns if c.role == role), None)

    def all(self, role: str) -> list[Column]:
        """Every column with this role."""
        return [c for c in self.columns if c.role == role]

    @property
    def has_time(self) -> bool:
        """Whether a row can say when."""
        return any(self.role(r) for r in ("day", "hour", "time"))


@lru_cache(maxsize=4096)
def fact_named(name: str) -> str | None:
    """The fact about a patient that ``name`` means: one of PATIENTS, or a limit of normal or baseline of a measurement ("ULN ALT")."""
    told = _FACT_OF.get(name_key(name))
    if told is not None or find(name) is not None:
        return told
    found = _REFERENCE.match(name)
    if found is None:
        return None
    prefix = next(prefix for prefix in ("uln", "lln", "baseline") if found[f"{prefix}1"] or found[f"{prefix}2"])
    concept = find(found["name1"] or found["name2"])
    fact = f"{prefix}_{concept.name}" if concept is not None else ""
    return fact if is_patient_fact(fact) else None


@lru_cache(maxsize=4096)
def concept_named(name: str) -> str | None:
    """The concept that ``name`` means, or the pair that a blood pressure is."""
    found = find(name)
    if found is not None:
        return found.name
    return BLOOD_PRESSURE if name_key(name) in _PRESSURE else None


def nearest(name: str) -> str:
    """The concepts whose names or aliases look most like ``name``, for a hint."""
    spellings = {name_key(s): c.name for c in CONCEPTS.values() for s in (c.name, c.title, *c.aliases)}
    near = difflib.get_close_matches(name_key(name), list(spellings), n=6, cutoff=0.6)
    names = list(dict.fromkeys(spellings[n] for n in near))[:3]
    return f"Nearest: {', '.join(names)}." if names else "See `tocsin concepts`."


def _cut(header: str) -> tuple[str, str | None]:
    found = _UNIT_IN_HEADER.match(header)
    if found is None:
        return header, None
    return found["name"], next(found[g] for g in "abc" if found[g] is not None).strip()


def _column(index: int, header: str) -> Column:
    if not header:
        return Column(index, header, "empty")
    role = _ROLE_OF.get(name_key(header))
    if role:
        return Column(index, header, role)
    whole, (name, unit) = concept_named(header), _cut(header)
    fact = fact_named(header) or (fact_named(name) if unit is not None else None)
    if fact:
        return Column(index, header, "fact", fact, unit or _trailing_unit(header, fact))
    if whole:
        return Column(index, header, "concept", whole, _implied_unit(header, whole))
    if unit is not None:
        concept = concept_named(name)
        if concept:
            return _with_unit(index, header, concept, unit)
        if name_key(name) in _ROLE_OF and _ROLE_OF[name_key(name)] in ("day", "hour", "time", "patient"):
            return Column(index, header, _ROLE_OF[name_key(name)])
    for at in sorted((m.start() for m in re.finditer(r"[\s_.]", header)), reverse=False):
        concept, unit = concept_named(header[:at]), header[at + 1:].replace("_", "/")
        if concept and concept in CONCEPTS:
            column = _with_unit(index, header, concept, unit)
            if not column.problem:
                return column
    return Column(index, header, "unknown")


def _with_unit(index: int, header: str, concept: str, unit: str) -> Column:
    if concept == BLOOD_PRESSURE:
        return Column(index, header, "concept", concept, unit)
    try:
        CONCEPTS[concept].conversion(unit)
    except VocabularyError as error:
        return Column(index, header, "concept", concept, unit, str(error))
    return Column(index, header, "concept", concept, unit)


def _implied_unit(header: str, concept: str) -> str | None:
    """The unit in an alias such as weight_kg or temp_c, when it is one."""
    if concept not in CONCEPTS:
        return None
    parts = re.split(r"[\s_]", header)
    if len(parts) < 2 or CONCEPTS[concept].unit is None:
        return None
    try:
        CONCEPTS[concept].conversion(parts[-1])
    except VocabularyError:
        return None
    return parts[-1]


def _trailing_unit(header: str, fact: str) -> str | None:
    return {"weight_kg": "kg", "height_cm": "cm"}.get(fact) if re.search(r"(?i)[\s_](kg|cm)$", header) else None


def _one_patient(columns: list[Column]) -> list[Column]:
    """Of several columns that may name the patient, the one that says so most plainly; the others are no part of the record."""
    ranks = {name_key(name): rank for rank, name in enumerate(_ROLES["patient"])}
    who = sorted((c for c in columns if c.role == "patient"), key=lambda c: ranks[name_key(c.header)])
    if len(who) < 2 or ranks[name_key(who[0].header)] == ranks[name_key(who[1].header)]:
        return columns
    return [Column(c.index, c.header, "unknown") if c in who[1:] else c for c in columns]


def _of_patient(column: Column) -> Column:
    """A column of a table of patients: the patient, a fact, or something that grading does not read."""
    if column.role in ("patient", "fact", "empty"):
        return column
    fact = fact_named(column.header)
    return Column(column.index, column.header, "fact", fact, column.unit) if fact is not None else Column(column.index, column.header, "unknown")


def _date_beside_time(columns: list[Column]) -> list[Column]:
    """A column "date" beside a column "time" is the first half of the same moment."""
    times = [c for c in columns if c.role == "time"]
    if len(times) != 2 or sorted(name_key(c.header) for c in times) != ["date", "time"]:
        return columns
    return [Column(c.index, c.header, "date") if c in times and name_key(c.header) == "date" else c for c in columns]


def understand(header: list[str], file: str, of_patients: bool = False) -> Header:
    """What the columns are; SourceError when two columns claim to be the same thing.

    ``of_patients``: the table was given as that of the patients; without a column of times its columns are facts or a study's own, whatever their names.
    """
    columns = [_column(i, text) for i, text in enumerate(header)]
    if of_patients and not any(c.role in ("day", "hour", "time") for c in columns):
        return Header(tuple(_of_patient(c) for c in columns), "patients")
    roles = {c.role for c in columns}
    if "concept" in roles and any(c.role == "concept" and not c.name for c in columns):
        long = bool({"value", "text"} & roles) or any(c.name == "dose" for c in columns if c.role == "fact")
    else:
        long = False
    if long and "value" not in roles:  # concept, dose, unit: here the dose is the value
        columns = [Column(c.index, c.header, "value") if c.role == "fact" and c.name == "dose" else c for c in columns]
    if not long:  # without a column of concepts these words mean nothing to us
        columns = [
            Column(c.index, c.header, "unknown") if c.role in ("value", "unit", "text") or (c.role == "concept" and not c.name)
            else c for c in columns
        ]
    has_time = any(c.role in ("day", "hour", "time") for c in columns)
    named = any(c.role == "concept" and c.name for c in columns)
    facts = any(c.role == "fact" for c in columns)
    form = "long" if long else "wide" if named and has_time else "patients" if facts and not named else "none"
    if form == "none" and facts and has_time:
        form = "patients"
    if long:
        columns = [Column(c.index, c.header, "what") if c.role == "concept" and not c.name else c for c in columns]
    columns = _date_beside_time(_one_patient(columns))
    for role in (*(r for r in _ROLES if r not in ("note", "concept")), "what"):
        same = [c.header for c in columns if c.role == role]
        if len(same) > 1:
            raise SourceError(
                f"{file}: the columns {' and '.join(map(repr, same))} both mean {'concept' if role == 'what' else role}.\n"
                "  Keep one, or rename the other."
            )
    return Header(tuple(columns), form)
