"""The folder of a study: the record, the table of patients, who was screened and not analysed, and the study file.

* patients.csv: one row a patient: facts that Tocsin knows (age_years, weight_kg ...), and the study's own columns.
* screening.csv: who never came into the record: patient, reason (or reason, n).
* cohort.toml: the study: title, arms, variables, exclusions ...; every entry has a default.
* record/: the record, where it is an export of several tables; otherwise every other table of the folder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tocsin.cohort.study import Study
from tocsin.errors import CohortError, SourceError
from tocsin.sources.headers import fact_named, understand
from tocsin.sources.table import Sheet, load
from tocsin.sources.values import NOT_TOLD, UNKNOWN
from tocsin.timeline import Timeline
from tocsin.vocabulary import value_key

TABLES = (".csv", ".tsv", ".txt", ".csv.gz", ".xlsx", ".parquet")
STUDY_FILE, RECORD = "cohort.toml", "record"


@dataclass(frozen=True)
class Folder:
    """What a folder holds: the files of the ``record``, ``told`` (patient and the study's columns), ``facts`` (patient and what Tocsin knows, as text)."""

    study: Study
    record: tuple[Path, ...]
    told: pl.DataFrame | None
    facts: pl.DataFrame | None
    screening: tuple[tuple[str, int], ...]

    def with_everybody(self, timeline: Timeline) -> Timeline:
        """The record with those patients added of whom only the table of patients tells."""
        if self.told is None:
            return timeline
        known = set(timeline.patient_ids)
        more = [p for p in self.told["patient"].to_list() if p not in known]
        if not more:
            return timeline
        added = pl.concat([timeline.patients, pl.DataFrame({"patient": more})], how="diagonal")
        return replace(timeline, patients=added)


def read_folder(place: Path, patients: Path | None = None, study: Path | None = None) -> Folder:
    """The study in a folder, or in a record with its ``patients`` and ``study`` files beside it.

    CohortError or SourceError where a file is missing or cannot be understood.
    """
    if not place.exists():
        raise SourceError(f"{place}: there is no such file or folder.")
    inside = sorted(f for f in place.iterdir() if f.is_file() and f.name.lower().endswith(TABLES)) if place.is_dir() else []
    own = {f.name.lower().split(".")[0]: f for f in inside}
    patients = patients or own.get("patients")
    screening = own.get("screening")
    file = study or (place / STUDY_FILE if place.is_dir() and (place / STUDY_FILE).is_file() else None)
    if study is not None and not study.is_file():
        raise SourceError(f"{study}: there is no such file.")
    chosen = Study.read(file) if file is not None else Study()
    if not chosen.title:
        chosen = replace(chosen, title=place.resolve().name)
    told, facts = split(patients) if patients is not None else (None, None)
    return Folder(chosen, _record(place, inside, {patients, screening}), told, facts, screened(screening) if screening is not None else ())


def _record(place: Path, inside: list[Path], others: set[Path | None]) -> tuple[Path, ...]:
    if not place.is_dir():
        return (place,)
    if (place / RECORD).is_dir():
        return (place / RECORD,)
    is_study = any(f in others for f in inside) or (place / STUDY_FILE).is_file()
    tables = tuple(f for f in inside if f not in others)
    if not is_study:
        return (place,)
    if not tables and None in others and not any(f in others for f in inside):
        raise CohortError(f"{place}: there is neither a record nor a table of patients here.\n  Put events.csv or patients.csv into the folder.")
    return tables


def split(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A table of patients as the study's own columns (numbers where every value is one) and as the facts that the reader of a record knows."""
    sheet = _one(path)
    roles = understand(sheet.header, sheet.file)
    who = next((c for c in roles.columns if c.role == "patient"), None)
    if who is None:
        raise CohortError(f"{sheet.file}: no column names the patient; the header is {', '.join(map(repr, sheet.header[:8]))}.\n  Call it patient.")
    patient = sheet.frame[str(who.index)]
    if patient.null_count():
        row = sheet.frame.filter(patient.is_null())["row"][0]
        raise CohortError(f"{sheet.file}, row {row}: no patient; the cell is empty.\n  Write the patient in every row.")
    twice = patient.filter(patient.is_duplicated())
    if len(twice):
        raise CohortError(f"{sheet.file}: patient {twice[0]!r} has more than one row; keep one.")
    told: dict[str, pl.Series] = {"patient": patient}
    facts: dict[str, pl.Series] = {"patient": patient}
    for column in roles.columns:
        if not column.header or column.index == who.index:
            continue
        values = sheet.frame[str(column.index)]
        if column.role == "fact" or fact_named(column.header) is not None:
            facts[column.header] = values
        elif column.header in told:
            raise CohortError(f"{sheet.file}: two columns are called {column.header!r}; give each its own name.")
        else:
            told[column.header] = _typed(values, sheet.settings.get("delimiter") == "semicolon")
    return pl.DataFrame(told), pl.DataFrame(facts)


def _typed(values: pl.Series, comma: bool) -> pl.Series:
    """Numbers where every known value is one, else text; words for "not known" are null."""
    unknown = {v for v in values.drop_nulls().unique().to_list() if value_key(v) in UNKNOWN or v.lower() in NOT_TOLD}
    known = values.set(values.is_in(sorted(unknown)), None) if unknown else values
    plain = known.str.replace(",", ".", literal=True) if comma else known
    number = plain.cast(pl.Float64, strict=False)
    return number if number.null_count() == known.null_count() and number.is_finite().all() else known


def screened(path: Path) -> tuple[tuple[str, int], ...]:
    """Reasons with the number of patients, in the order of their first appearance."""
    sheet = _one(path)
    names = {h.strip().lower(): str(i) for i, h in enumerate(sheet.header)}
    if "reason" not in names:
        raise CohortError(f"{sheet.file}: there is no column reason; the header is {', '.join(map(repr, sheet.header[:8]))}.")
    rows = sheet.frame.filter(pl.col(names["reason"]).is_not_null())
    counts: dict[str, int] = {}
    for row in rows.iter_rows(named=True):
        many = row[names["n"]] if "n" in names else "1"
        if many is None or not many.isdigit():
            raise CohortError(f"{sheet.file}, row {row['row']}: n is a number of patients, not {many!r}.")
        counts[row[names["reason"]]] = counts.get(row[names["reason"]], 0) + int(many)
    return tuple(counts.items())


def _one(path: Path) -> Sheet:
    sheets = [s for s in load(path, path.name, None) if len(s.frame)]
    if len(sheets) != 1:
        raise CohortError(f"{path.name}: one table is expected here, and there are {len(sheets)} with rows.")
    if sheets[0].too_long:
        raise CohortError(f"{path.name}, row {sheets[0].too_long[0]}: more cells than the header has columns.\n  Quote cells that hold the delimiter.")
    return sheets[0]
