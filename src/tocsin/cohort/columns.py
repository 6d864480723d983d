"""The columns of the table of patients that are read as what they mean, however their headers are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tocsin.cohort.arms import drug_named
from tocsin.cohort.cohort import COLUMNS

SYNDROMES = ("crs", "icans")
DAYS = ("onset_day", "max_day", "end_day", "duration_days")
AMOUNTS = ("os_days", "pfs_days", "follow_up_days", "tocilizumab_doses", "tocilizumab_mg", "methylprednisolone_mg", "filgrastim_ug")
YES_OR_NO = ("os_event", "infection", "gvhd", "tocilizumab", "corticosteroids", "filgrastim")
READ = (*(f"{s}_{n}" for s in SYNDROMES for n in ("max_grade", *DAYS)), *AMOUNTS, *YES_OR_NO,
        "pfs_event", "response", "mrd", "infection_sites", "infection_site")
"""Every column of the table of patients that is read as what it means, beside drugs and ``SCALE_max_grade``."""
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
