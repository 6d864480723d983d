"""CLIF, the Common Longitudinal ICU data Format, versions 2.1 and 3.0: a folder of Parquet or CSV tables.

Tables, columns and permitted categories: the data dictionary and the mCIDE lists of github.com/Common-Longitudinal-ICU-data-Format/CLIF
(ddl/2.1, ddl/3.0, mCIDE/).  Where the versions spell a category differently ("IMV" and "imv", "RASS" and "rass") both are read.
The tables one by one: clif_tables.py; what is written: clif_write.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Unpack

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import clif_files, coded
from tocsin.sources.anchor import HOUR_0
from tocsin.sources.clif_files import File, number
from tocsin.sources.clif_tables import TABLES, How, Meaning, Said
from tocsin.sources.clif_write import write
from tocsin.sources.codes import Codes
from tocsin.sources.entries import ENTRIES, PEOPLE, STAYS, Export, Table, Trouble, entries, shaped
from tocsin.timeline import Timeline
from tocsin.timeline.reading import sha256_of

__all__ = ["export", "read", "write"]

_NONE = pl.DataFrame(schema=dict(ENTRIES))

TOCSIN_TABLES = ("tocsin_grades", "scores", "model_registry")


def read(path: str | Path, *, mapping: str | Path | None = None, **options: Unpack[coded.Options]) -> Timeline:
    """The record in a folder of CLIF tables.

    Args:
        path: The folder.
        mapping: A hospital's mapping file, for names that CLIF's categories leave out.
        options: See ``tocsin.sources.anchor.Settings``; ICU data without CAR-T need ``anchor="icu_admission"`` or another.

    Raises:
        SourceError: The folder holds no CLIF, a table lacks a column that it must have, or nothing can be placed in time.
        SettingError: An option cannot be used.
    """
    return coded.timeline(*parts(path, mapping=mapping, **options))


def parts(path: str | Path, *, mapping: str | Path | None = None, **options: Unpack[coded.Options]) -> tuple[Export, Codes, coded.Settings]:
    """What the tables say, what their codes mean, and how a record is made of them; the arguments are those of ``read``."""
    from tocsin.sources import mapping_file

    chosen = coded.settings(**options)
    codes = mapping_file.codes(mapping)
    return export(path, codes, clock=chosen.clock), codes, chosen


def export(path: str | Path, codes: Codes, *, clock: str = "offsets") -> Export:
    """What the tables say, row by row.  ``clock``: "offsets" (times are moments), or "wall" (the wall clock as written counts).

    Infusions and respiratory support are complete for those who have any such row (``Table.carries``), unless Tocsin wrote the
    folder and says otherwise in clif_tocsin_complete.
    """
    found, told = clif_files.find(path)
    wall = clock == "wall"
    aware = not wall and clif_files.aware(list(found.values()))
    folder = _Folder(found, codes, wall)
    told += folder.told
    if not aware and not wall:
        told.append("times have no time zone, although CLIF asks for UTC: they were taken as the wall clock of one place")
    told.append("a respiratory device is its category, or its name where that says more of the same category")
    version = "2.1" if {"ecmo_mcs", "intake_output"} & set(found) else "3.0" if {"mcs", "scores", "input", "output"} & set(found) else "2.1 or 3.0"
    return Export("CLIF", folder.tables(), folder.people(), folder.stays(), aware, {"version": version}, tuple(told))


# ---------------------------------------------------------------- the folder

class _Folder:
    """The tables of one folder and what joins them."""

    def __init__(self, found: dict[str, File], codes: Codes, wall: bool) -> None:
        self.found, self.codes, self.wall = found, codes, wall
        self.told: list[str] = []
        self.by_us = "tocsin_complete" in found  # Tocsin wrote the folder and says itself what is complete
        self.means = Meaning(codes, self.by_us)
        self.hospital = self._hospitalizations()

    def _hospitalizations(self) -> pl.DataFrame:
        """patient, stay, start, end, age_years of each stay in hospital; empty where there is no such table."""
        file = self.found.get("hospitalization")
        if file is None:
            self.told.append("there is no table hospitalization: each hospitalization_id was taken as a patient of its own")
            return pl.DataFrame(schema={"patient": pl.String, "stay": pl.String, "start": pl.Datetime("us"), "end": pl.Datetime("us"), "age_years": pl.Float64})
        clif_files.needs(file, "patient_id", "hospitalization_id")
        frame = file.whole(("patient_id", "hospitalization_id", "admission_dttm", "discharge_dttm", "age_at_admission"))
        frame = clif_files.times(frame, ("admission_dttm", "discharge_dttm"), self.wall)
        frame = frame.select(
            pl.col("patient_id").cast(pl.String).alias("patient"), pl.col("hospitalization_id").cast(pl.String).alias("stay"),
            pl.col("admission_dttm").alias("start"), pl.col("discharge_dttm").alias("end"), number(frame, "age_at_admission").alias("age_years"),
        ).drop_nulls("stay")
        owners = frame.drop_nulls("patient").group_by("stay").agg(pl.col("patient").n_unique()).filter(pl.col("patient") > 1)
        if len(owners):
            raise SourceError(f"{file.path.name}: hospitalization_id {min(owners['stay'])} belongs to two patients "
                              f"({len(owners)} such stays).\n  A stay is one patient's: correct the table, or nothing can be told apart.")
        return frame.unique("stay", keep="first", maintain_order=True)

    def people(self) -> pl.DataFrame:
        """Sex and date of birth; the age at the first admission where no birth is told."""
        file = self.found.get("patient")
        ages = self.hospital.drop_nulls(["patient", "age_years"]).sort("start", nulls_last=True).unique("patient", keep="first", maintain_order=True)
        ages = ages.select("patient", "age_years", pl.col("start").alias("age_at"))
        if file is None:
            return shaped(ages, PEOPLE)
        clif_files.needs(file, "patient_id")
        frame = clif_files.times(file.whole(("patient_id", "sex_category", "sex_name", "birth_date")), ("birth_date",), True)
        frame = frame.select(pl.col("patient_id").cast(pl.String).alias("patient"), pl.coalesce("sex_category", "sex_name").cast(pl.String).alias("sex"),
                             pl.col("birth_date").alias("birth")).drop_nulls("patient").unique("patient", keep="first", maintain_order=True)
        return shaped(frame.join(ages, on="patient", how="full", coalesce=True).sort("patient"), PEOPLE)

    def stays(self) -> pl.DataFrame:
        """Stays in hospital, and stays in intensive care: rows of adt without a gap between them are one."""
        hospital = self.hospital.drop_nulls("start").with_columns(pl.lit("hospital").alias("kind"))
        file = self.found.get("adt")
        if file is None:
            return shaped(hospital, STAYS)
        clif_files.needs(file, "hospitalization_id", "in_dttm", "location_category")
        rows = pl.concat(self._with_people(p) for p in file.pieces(("hospitalization_id", "patient_id", "in_dttm", "out_dttm", "location_category")))
        rows = clif_files.times(rows, ("in_dttm", "out_dttm"), self.wall).filter(pl.col("location_category").str.to_lowercase() == "icu")
        rows = rows.drop_nulls("in_dttm").sort("patient", "stay", "in_dttm", "out_dttm", nulls_last=True)
        key = ["patient", "stay"]
        until = pl.coalesce("out_dttm", pl.lit(None, pl.Datetime("us"))).cum_max().shift(1).over(key)
        open_before = pl.col("out_dttm").is_null().cum_max().shift(1, fill_value=False).over(key)
        fresh = until.is_null() & ~open_before | (pl.col("in_dttm") > until) & ~open_before
        rows = rows.with_columns(fresh.cast(pl.UInt32).cum_sum().over(key).alias("_n"))
        merged = rows.group_by(*key, "_n", maintain_order=True).agg(
            pl.col("in_dttm").min().alias("start"),
            pl.when(pl.col("out_dttm").is_null().any()).then(None).otherwise(pl.col("out_dttm").max()).alias("end"))
        icu = merged.with_columns(pl.format("{}-icu{}", "stay", "_n").alias("stay"), pl.lit("icu").alias("kind"))
        return pl.concat([shaped(hospital, STAYS), shaped(icu, STAYS)])

    def _with_people(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with ``patient`` and ``stay``: whose stay it is, or the patient_id of a table without stays."""
        frame = frame.with_columns(pl.col("hospitalization_id").cast(pl.String).alias("stay"), pl.col("patient_id").cast(pl.String))
        if not len(self.hospital):
            return frame.with_columns(pl.coalesce("patient_id", "stay").alias("patient"))
        frame = frame.join(self.hospital.select("stay", "patient"), on="stay", how="left", maintain_order="left")
        return frame.with_columns(pl.when(pl.col("stay").is_null()).then("patient_id").otherwise("patient").alias("patient"))

    def tables(self) -> Iterator[Table]:
        """Every table of the folder, in pieces."""
        for name, file in sorted(self.found.items()):
            if name == "tocsin_complete":
                yield from self._complete(file)
            elif name in TABLES:
                yield from self._pieces(file, TABLES[name])
            else:
                yield self._only_counted(file)

    def _pieces(self, file: File, how: How) -> Iterator[Table]:
        clif_files.needs(file, *how.must)
        sha256 = sha256_of(file.path)
        for piece in file.pieces(list(dict.fromkeys((*how.must, "hospitalization_id", "patient_id", *how.may)))):
            frame = clif_files.times(self._with_people(piece), how.times, self.wall)
            lost = frame.filter(pl.col("patient").is_null())
            frame = frame.filter(pl.col("patient").is_not_null())
            said = how.read(self.means, frame)
            yield self._table(file, piece, lost, frame, said, how, sha256)

    def _table(self, file: File, piece: pl.DataFrame, lost: pl.DataFrame, frame: pl.DataFrame, said: Said, how: How, sha256: str) -> Table:
        """One piece with every row accounted for."""
        troubles = []
        if len(lost):
            troubles.append(Trouble(tuple(lost["row"]), "its hospitalization_id is not in the table hospitalization: nobody knows whose it is",
                                    "Export the stay, or leave its rows out."))
        made = pl.concat([entries(one) for one in said.entries]) if said.entries else _NONE
        facts = pl.col("code").str.starts_with("fact:").fill_null(False) | (pl.col("code") == HOUR_0).fill_null(False)
        known, _ = self.codes.split(made.filter(~facts))
        known = pl.concat([known, made.filter(facts)])
        strange = made.filter(~pl.col("row").is_in(known["row"].implode())).unique("row", keep="first", maintain_order=True)
        ignored = self.codes.split(strange)[1] if len(strange) else {}
        unreadable = frame.filter(pl.col("unreadable")).join(known.select("row").unique(), on="row", how="semi")["row"]
        if len(unreadable):
            troubles.append(Trouble(tuple(unreadable), f"{' or '.join(how.times)} cannot be read", "Write times as 2024-12-03 08:30:00+00:00."))
            known = known.filter(~pl.col("row").is_in(unreadable.implode()))
        explained = {why: len(rows) for why, rows in said.explained if len(rows)}
        rest = len(piece) - len(lost) - made["row"].n_unique() - sum(explained.values())
        if rest:
            explained[how.nothing] = explained.get(how.nothing, 0) + rest
        carries = () if self.by_us else how.carries
        present = frame.select("patient", "stay").unique() if carries else None
        return Table(file.path.name, len(piece), known, ignored, explained, tuple(troubles), carries, present, sha256)

    def _only_counted(self, file: File) -> Table:
        """A table that has nothing for us: its rows, counted by what they are about."""
        rows = file.count()
        if file.table in TOCSIN_TABLES:
            return _counted(file, rows, explained={"a grade or score that was computed, not charted": rows})
        column = next((c for c in file.columns if c.endswith("_category") and file.table in clif_files.TABLES), None)
        if column is None or not rows:
            return _counted(file, rows, ignored={f"table {file.table}": rows} if rows else {})
        by = file.scan().group_by(pl.col(file.columns[column]).cast(pl.String)).len().collect()
        return _counted(file, rows, ignored={f"clif:{column}={category or ''}": many for category, many in by.iter_rows()})

    def _complete(self, file: File) -> Iterator[Table]:
        """What Tocsin declared complete when it wrote the folder, and for whom."""
        clif_files.needs(file, "patient_id", "name")
        frame = file.whole(("patient_id", "name")).drop_nulls()
        groups: dict[tuple[str, ...], list[str]] = {}
        for (name,), rows in frame.group_by(["name"], maintain_order=True):
            groups.setdefault(tuple(rows["patient_id"].unique().sort()), []).append(str(name))
        for n, (who, names) in enumerate(groups.items()):
            label = file.path.name if n == 0 else f"{file.path.name} ({names[0]})"
            rows = frame.filter(pl.col("name").is_in(names))
            present = pl.DataFrame({"patient": who}, schema={"patient": pl.String})
            yield Table(label, len(rows), _NONE, {}, {"what is declared complete": len(rows)}, (), tuple(names), present)


def _counted(file: File, rows: int, ignored: Mapping[str, int] | None = None, explained: Mapping[str, int] | None = None) -> Table:
    return Table(file.path.name, rows, _NONE, ignored or {}, explained or {} if rows else {}, sha256=sha256_of(file.path))
