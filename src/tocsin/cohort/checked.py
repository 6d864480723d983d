"""The table of patients with each column whose meaning Tocsin knows as what it means, or one error that names the patient, the column and the fix.

A word that is not understood is an error and never "not known": a misread event is a patient in the wrong curve.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from tocsin.cohort.arms import drug_named
from tocsin.cohort.cohort import COLUMNS
from tocsin.cohort.outcomes import RESPONSES, told_mrd, told_response
from tocsin.cohort.told import NOT_TOLD, amount, grade, refuse, yes_no
from tocsin.vocabulary import value_key

SYNDROMES = ("crs", "icans")
DAYS = ("onset_day", "max_day", "end_day", "duration_days")
AMOUNTS = ("os_days", "pfs_days", "follow_up_days", "tocilizumab_doses", "tocilizumab_mg", "methylprednisolone_mg", "filgrastim_ug")
YES_OR_NO = ("os_event", "infection", "gvhd", "tocilizumab", "corticosteroids", "filgrastim")
READ = (*(f"{s}_{n}" for s in SYNDROMES for n in ("max_grade", *DAYS)), *AMOUNTS, *YES_OR_NO, "pfs_event", "response", "mrd", "infection_sites")
"""Every column of the table of patients that is read as what it means, beside drugs and ``SCALE_max_grade``."""
SAME_DAY = 1.0
"""Days by which progression-free survival may outlast overall survival: the rounding of two dates."""
_DEAD = {"dead": True, "died": True, "death": True, "deceased": True, "alive": False, "living": False, "censored": False}
_PFS = {**dict.fromkeys(("progression", "relapse", "progressed", "relapsed", "pd", "recurrence"), "progression"),
        **dict.fromkeys(("death", "dead", "died", "deceased"), "death"), "censored": "no", "alive": "no"}
_ALSO: Mapping[str, str] = {alias: f"{s}_max_grade" for s in SYNDROMES for alias in (f"{s}_grade", f"max_{s}_grade", f"{s}_grade_max", f"{s}_max")}


def known_as(header: str) -> str:
    """The column that a header means, however it is written ("CRS max grade", "Toci", "os (days)"); the header itself where it means none."""
    drug = drug_named(header)
    if drug is not None:
        return drug
    key = re.sub(r"[^a-z0-9]+", "_", header.strip().lower()).strip("_")
    key = _ALSO.get(key, key)
    return key if key in READ or key in COLUMNS or key.endswith("_max_grade") else header


def not_read(columns: Iterable[str]) -> list[str]:
    """Columns that by their name tell a course or an outcome, and that nothing reads."""
    return [c for c in columns if c not in READ and ((c in COLUMNS and c != "patient") or c.startswith(tuple(f"{s}_" for s in SYNDROMES)))
            and not c.endswith("_max_grade")]


def checked(told: pl.DataFrame) -> pl.DataFrame:
    """The table with grades as whole numbers from 0 to 5, days and amounts as numbers, events as yes or no; CohortError for anything else."""
    made: list[pl.Series] = []
    for name in told.columns:
        if name.endswith("_max_grade"):
            made.append(grade(told, name))
        elif name in AMOUNTS or name in {f"{s}_{d}" for s in SYNDROMES for d in DAYS}:
            made.append(amount(told, name))
        elif name in YES_OR_NO:
            made.append(yes_no(told, name, _DEAD if name == "os_event" else {}))
    out = told.with_columns(made)
    if "pfs_event" in told.columns:
        out = out.with_columns(_pfs_event(told))
    for name, read, words in (("response", told_response, f"CR, CRi, PR, SD, PD, NR, {', '.join(RESPONSES[:2])}"), ("mrd", told_mrd, "negative, positive")):
        if name in told.columns:
            for patient, said in told.select("patient", pl.col(name).cast(pl.String)).iter_rows():
                if said is not None and value_key(said) not in NOT_TOLD and said.strip().lower() not in NOT_TOLD and read(said) is None:
                    raise refuse(patient, name, said, f"write one of {words}, or leave it empty")
    _in_step(out)
    return out


def _pfs_event(told: pl.DataFrame) -> pl.Series:
    """progression, death, yes (an event of a kind that is not told), no, or null."""
    text = told["pfs_event"].cast(pl.String).str.strip_chars().str.to_lowercase()
    kinds = [_PFS.get(t) if t is not None else None for t in text.to_list()]
    rest = told.select("patient", pfs_event=pl.when(pl.Series([k is None for k in kinds])).then(pl.col("pfs_event")))
    plain = yes_no(rest, "pfs_event", hint="write progression, death or no").to_list()
    return pl.Series("pfs_event", [k if k is not None else None if y is None else "yes" if y else "no" for k, y in zip(kinds, plain, strict=True)], pl.String)


def _in_step(told: pl.DataFrame) -> None:
    """CohortError where what the columns tell of one patient cannot all be so."""
    for s in SYNDROMES:
        for name in (f"{s}_onset_day", f"{s}_end_day", f"{s}_max_day", f"{s}_duration_days"):
            if {name, f"{s}_max_grade"} <= set(told.columns):
                _refuse_where(told, (pl.col(f"{s}_max_grade") == 0) & (pl.col(name) > 0), name, f"{s}_max_grade is 0; correct one of them")
        for later in (f"{s}_end_day", f"{s}_max_day"):
            if {later, f"{s}_onset_day"} <= set(told.columns):
                _refuse_where(told, pl.col(later) < pl.col(f"{s}_onset_day"), later, f"that is before {s}_onset_day; both count from the infusion")


    if {"pfs_days", "os_days"} <= set(told.columns):
        _refuse_where(told, pl.col("pfs_days") > pl.col("os_days") + SAME_DAY, "pfs_days", "that is after os_days; progression-free survival ends with death")


def _refuse_where(told: pl.DataFrame, wrong: pl.Expr, name: str, why: str) -> None:
    found = told.filter(wrong)
    if len(found):
        raise refuse(found["patient"][0], name, found[name][0], why)
