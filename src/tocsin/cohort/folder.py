"""The folder of a study: the record, the table of patients, who was screened and not analysed, and the study file.

* patients.csv: one row a patient: facts that Tocsin knows (age_years, weight_kg ...), and the study's own columns.
* screening.csv: who never came into the record: patient, reason (or reason, n).
* cohort.toml: the study: title, arms, variables, exclusions ...; every entry has a default.
* record/: the record, where it is an export of several tables; otherwise every other table of the folder.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tocsin.cohort.checked import known_as
from tocsin.cohort.study import Study
from tocsin.errors import CohortError, SourceError
from tocsin.sources.doors import CODED, recognise
from tocsin.sources.headers import fact_named, understand
from tocsin.sources.table import Sheet, load
from tocsin.sources.values import NOT_TOLD, UNKNOWN
from tocsin.timeline import Timeline
from tocsin.vocabulary import value_key

TABLES = (".csv", ".tsv", ".txt", ".csv.gz", ".xlsx", ".parquet")
STUDY_FILE, RECORD = "cohort.toml", "record"
NO_REASON = "reason not told"


@dataclass(frozen=True)
class Folder:
    """What a folder holds: the files of the ``record``, ``told`` (patient and the study's columns), ``facts`` (patient and what Tocsin knows, as text).

    ``table`` is the file of the table of patients, and ``rows`` the rows in it, as an editor counts them.
    """

    study: Study
    record: tuple[Path, ...]
    told: pl.DataFrame | None
    facts: pl.DataFrame | None
    screening: tuple[tuple[str, int], ...]
    table: Path | None = None
    rows: tuple[int, ...] = ()

    def write_facts(self, place: Path) -> Path | None:
        """The facts as a CSV file in a folder, each in the row that it has in the table of patients, so that messages name it; None without any."""
        if self.facts is None or self.table is None or self.facts.width < 2:
            return None
        head, *lines = self.facts.write_csv(quote_style="always").splitlines()
        if len(lines) == len(self.rows):  # else a cell has line breaks, and no row can be kept
            for line, row, before in zip(lines, self.rows, (1, *self.rows), strict=False):
                head += "\n" * max(row - before, 1) + line
            text = head + "\n"
        else:
            text = self.facts.write_csv()
        file = place / f"{self.table.name.split('.')[0]}.csv"
        file.write_text(text, encoding="utf-8")
        return file

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
    if place.is_file() and patients is None and _is_table_of_patients(place):
        patients = place
    inside = sorted(f for f in place.iterdir() if f.is_file() and f.name.lower().endswith(TABLES)) if place.is_dir() else []
    if patients is not None and not patients.is_file():
        raise SourceError(f"{patients}: there is no such file.")
    own = _one_called("patients", inside)
    if patients is not None and own is not None and not own.samefile(patients):
        raise CohortError(f"--patients names {patients}, and {place} holds {own.name}.\n  Leave out the option, or take the file out of the folder.")
    patients = own or patients
    screening = _one_called("screening", inside)
    file = study or (place / STUDY_FILE if place.is_dir() and (place / STUDY_FILE).is_file() else None)
    if study is not None and not study.is_file():
        raise SourceError(f"{study}: there is no such file.")
    chosen = Study.read(file) if file is not None else Study()
    if not chosen.title:
        chosen = replace(chosen, title=place.resolve().name)
    told, facts, rows = _split(patients) if patients is not None else (None, None, ())
    left = screened(screening, set(told["patient"].to_list()) if told is not None else set()) if screening is not None else ()
    return Folder(chosen, _record(place, inside, {patients, screening}), told, facts, left, patients, rows)


def _one_called(name: str, inside: list[Path]) -> Path | None:
    """The table of the folder with this name; CohortError where there are two."""
    found = [f for f in inside if f.name.lower().split(".")[0] == name]
    if len(found) > 1:
        raise CohortError(f"{found[0].parent}: {found[0].name} and {found[1].name} are both the table {name}.\n  Keep one of them in the folder.")
    return found[0] if found else None


def _is_table_of_patients(file: Path) -> bool:
    """Whether a file has one row a patient: a column that names the patient, and none that tells when or what."""
    if not file.name.lower().endswith(TABLES) or file.name.lower().endswith(".parquet"):
        return False
    sheets = [s for s in load(file, file.name, None) if len(s.frame)]
    roles = [understand(s.header, s.file) for s in sheets]
    return len(roles) == 1 and roles[0].role("patient") is not None and not roles[0].has_time and roles[0].form != "long"


def _record(place: Path, inside: list[Path], others: set[Path | None]) -> tuple[Path, ...]:
    if not place.is_dir():
        return () if place in others else (place,)
    if (place / RECORD).is_dir():
        return (place / RECORD,)
    is_study = any(f in others for f in inside) or (place / STUDY_FILE).is_file()
    tables = tuple(f for f in inside if f not in others)
    if not is_study and (not tables or _is_export(place)):
        if any(place.iterdir()) or others != {None}:
            return (place,)
        raise CohortError(f"{place}: the folder is empty.\n  `tocsin template --study {place}` writes the files of a study to start from.")
    if not tables and None in others and not any(f in others for f in inside):
        raise CohortError(f"{place}: there is neither a record nor a table of patients here.\n"
                          "  Put events.csv or patients.csv into the folder; `tocsin template --study FOLDER` writes examples.")
    return tables


def _is_export(place: Path) -> bool:
    try:
        return recognise(place) in CODED
    except SourceError:
        return False


def split(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A table of patients as the study's own columns (numbers where every value is one) and as the facts that the reader of a record knows."""
    told, facts, _ = _split(path)
    return told, facts


def _split(path: Path) -> tuple[pl.DataFrame, pl.DataFrame, tuple[int, ...]]:
    sheet = _one(path)
    roles = understand(sheet.header, sheet.file)
    who = next((c for c in roles.columns if c.role == "patient"), None)
    if who is None:
        raise CohortError(f"{sheet.file}: no column names the patient; the header is {', '.join(map(repr, sheet.header[:8]))}.\n  Call it patient.")
    cells = [str(c.index) for c in roles.columns]
    rows = sheet.frame.filter(~pl.all_horizontal(pl.col(cells).is_null()))  # a row of nothing but delimiters says nothing
    patient = rows[str(who.index)]
    if patient.null_count():
        row = rows.filter(patient.is_null())["row"][0]
        raise CohortError(f"{sheet.file}, row {row}: no patient; the cell is empty.\n  Write the patient in every row.")
    twice = patient.filter(patient.is_duplicated())
    if len(twice):
        raise CohortError(f"{sheet.file}: patient {twice[0]!r} has more than one row; keep one.")
    told: dict[str, pl.Series] = {"patient": patient}
    facts: dict[str, pl.Series] = {"patient": patient}
    for column in roles.columns:
        if not column.header or column.index == who.index:
            continue
        values, name = rows[str(column.index)], known_as(column.header)
        if column.role == "fact" or fact_named(column.header) is not None:
            facts[column.header] = values
        elif name in told:
            raise CohortError(f"{sheet.file}: two columns {'are called' if name == column.header else 'mean'} {name!r}; give each its own name.")
        else:
            told[name] = _typed(values, sheet.settings.get("delimiter") == "semicolon")
    return pl.DataFrame(told), pl.DataFrame(facts), tuple(rows["row"].to_list())


def _typed(values: pl.Series, comma: bool) -> pl.Series:
    """Numbers where every known value is one, else text; words for "not known" are null."""
    unknown = {v for v in values.drop_nulls().unique().to_list() if value_key(v) in UNKNOWN or v.lower() in NOT_TOLD}
    known = values.set(values.is_in(sorted(unknown)), None) if unknown else values
    plain = known.str.replace(",", ".", literal=True) if comma else known
    number = plain.cast(pl.Float64, strict=False)
    return number if number.null_count() == known.null_count() and number.is_finite().all() else known


def screened(path: Path, analysed: Container[str] = ()) -> tuple[tuple[str, int], ...]:
    """Reasons with the number of patients, in the order of their first appearance; CohortError for somebody told twice, or who is ``analysed``."""
    sheet = _one(path)
    names = {h.strip().lower(): str(i) for i, h in enumerate(sheet.header)}
    reason = names.get("reason")
    if reason is None:
        raise CohortError(f"{sheet.file}: there is no column reason; the header is {', '.join(map(repr, sheet.header[:8]))}.\n"
                          "  Columns: patient and reason, or reason and n.")
    number = next((names[n] for n in ("n", "number", "count", "patients") if n in names), None)
    who = next((names[n] for n in ("patient", "patient id", "patient_id", "id") if n in names), None)
    counts: dict[str, int] = {}
    seen: set[str] = set()
    for row in sheet.frame.iter_rows(named=True):
        if all(row[c] is None for c in names.values()):
            continue
        many = row[number] if number is not None else "1"
        if many is None or not many.isdigit():
            raise CohortError(f"{sheet.file}, row {row['row']}: n is a number of patients, not {'empty' if many is None else repr(many)}.")
        patient = row[who] if who is not None else None
        if patient is not None and (patient in seen or patient in analysed):
            raise CohortError(f"{sheet.file}, row {row['row']}: patient {patient!r} " + (
                "stands twice.\n  Keep one row." if patient in seen else
                "is in the table of patients too.\n  This file is for those who never came into the record; who is left out of it is told by a rule under "
                "[[exclude]]."))
        if patient is not None:
            seen.add(patient)
        said = row[reason] or NO_REASON
        counts[said] = counts.get(said, 0) + int(many)
    return tuple(counts.items())


def _one(path: Path) -> Sheet:
    sheets = [s for s in load(path, path.name, None) if len(s.frame)]
    if not sheets:
        raise CohortError(f"{path.name}: there are no rows below the header.\n  Write one row a patient.")
    if len(sheets) > 1:
        raise CohortError(f"{path.name}: one table is expected here, and there are {len(sheets)} with rows: {', '.join(s.title or s.file for s in sheets)}.\n"
                          "  Keep one sheet, or save it as CSV.")
    if sheets[0].too_long:
        raise CohortError(f"{path.name}, row {sheets[0].too_long[0]}: more cells than the header has columns.\n  Quote cells that hold the delimiter.")
    return sheets[0]
