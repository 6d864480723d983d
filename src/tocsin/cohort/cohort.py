"""A cohort ready for analysis: one row a patient, the arms, and the courses and doses behind the rows.

``members`` says what each column means; a value that is not known is null, and is counted as missing wherever it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from tocsin.cohort.study import Study
from tocsin.timeline import Timeline, is_patient_fact
from tocsin.vocabulary import CONCEPTS

COLUMNS: Mapping[str, tuple[pl.DataType, str]] = MappingProxyType({
    "patient": (pl.String(), "the patient"),
    "arm": (pl.String(), "one of the arms"),
    **{f"{s}_{name}": (kind, f"{s.upper()}: {says}") for s in ("crs", "icans") for name, kind, says in (
        ("max_grade", pl.Int64(), "highest grade; null where the record leaves it open"),
        ("max_at_least", pl.Int64(), "the lowest that the highest grade can be"),
        ("max_at_most", pl.Int64(), "the highest that the highest grade can be"),
        ("onset_day", pl.Float64(), "days from the infusion to the onset of the first episode; null without one"),
        ("max_day", pl.Float64(), "days from the onset to the highest grade"),
        ("duration_days", pl.Float64(), "days in episodes, 0 without one; null while not known to have ended"),
        ("observed_days", pl.Float64(), "days in episodes as far as observed, ended or not"),
        ("episodes", pl.Int64(), "number of episodes"),
        ("told_max_grade", pl.Float64(), "highest grade as the table of patients tells it, to compare"),
    )},
    "tocilizumab_doses": (pl.Int64(), "doses of tocilizumab; null where it is not known whether any was given"),
    "tocilizumab_mg": (pl.Float64(), "all tocilizumab, mg; null where an amount is not known"),
    "tocilizumab_first_day": (pl.Float64(), "days from the infusion to the first tocilizumab"),
    "corticosteroids": (pl.Boolean(), "any systemic corticosteroid from the infusion on"),
    "corticosteroid_first_day": (pl.Float64(), "days from the infusion to the first systemic corticosteroid"),
    "methylprednisolone_mg": (pl.Float64(), "cumulative methylprednisolone equivalent, mg; 0 without any; null where an amount is not known"),
    "filgrastim_ug": (pl.Float64(), "all G-CSF, ug; 0 without any; null where an amount is not known"),
    "infection": (pl.Boolean(), "any infection after the infusion"),
    "infection_sites": (pl.List(pl.String()), "where"),
    "gvhd": (pl.Boolean(), "graft-versus-host disease after the infusion"),
    "response": (pl.String(), "response in the window around day 28: MRD- CR, MRD+ CR, CR (MRD not known), PR, no response"),
    "complete_response": (pl.Boolean(), "complete remission, with or without recovery of counts"),
    "mrd_negative": (pl.Boolean(), "no measurable residual disease, of those in complete remission"),
    "os_days": (pl.Float64(), "days from the infusion to death or last contact"),
    "os_event": (pl.Boolean(), "whether that was death"),
    "pfs_days": (pl.Float64(), "days from the infusion to progression, relapse, death or last contact"),
    "pfs_event": (pl.String(), "progression, death, or null for last contact"),
})


@dataclass(frozen=True)
class Cohort:
    """The patients of one study.

    ``members`` has the columns of COLUMNS, then every fact and covariate of the table of patients under its own name, and for each measured
    analyte what ``kinetics`` makes of it.  ``arms`` are in order: the arm of interest first, the reference last.  ``steps`` holds, for "crs" and
    "icans", patient, start_day, end_day, grade (null where it is not settled): the course as analysed.  ``doses`` has one row a
    dose: patient, day, drug, group (tocilizumab, corticosteroid, ...), amount, unit, methylprednisolone_mg.  ``flow`` counts who was left
    out: (reason, n) in order.  ``sources`` says for each syndrome where its grades come from.  ``covariates`` are the columns of the
    table of patients that tell no course, drug or outcome.  ``left_out`` names what the data cannot give.
    """

    study: Study
    timeline: Timeline
    members: pl.DataFrame
    arms: tuple[str, ...]
    steps: Mapping[str, pl.DataFrame]
    doses: pl.DataFrame
    screened: int
    excluded: tuple[tuple[str, int], ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    covariates: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def column_meanings(self) -> list[tuple[str, str]]:
        """What each column of ``members`` means, in their order."""
        return [(name, COLUMNS[name][1] if name in COLUMNS else _meaning(name)) for name in self.members.columns]

    def of_arm(self, arm: str) -> pl.DataFrame:
        """The members of one arm."""
        return self.members.filter(pl.col("arm") == arm)

    def known(self, *columns: str) -> bool:
        """Whether each of these columns has a known value for somebody."""
        return all(c in self.members.columns and self.members[c].null_count() < len(self.members) for c in columns)


_OF_ANALYTES = {
    "cmax": "highest value of the window", "cmax_censored": "-1 or 1 where only an upper or a lower bound of the highest value is known, else 0",
    "tmax_day": "days from the infusion to the highest value", "auc": "area under the curve, in the unit times days",
    "auc_censored": "-1 or 1 where the area is a bound, because values in it are, else 0", "last_day": "last day on which it was found",
}
_OTHERS = {
    "tocilizumab_given": "any tocilizumab from the infusion on", "infection_first_day": "days from the infusion to the first infection",
    "gvhd_first_day": "days from the infusion to the first graft-versus-host disease", "follow_up_days": "days from the infusion to the last contact or row",
}


def _meaning(name: str) -> str:
    """What a column is that COLUMNS does not name."""
    if name in _OTHERS:
        return _OTHERS[name]
    if is_patient_fact(name):
        return "fact about the patient"
    found = next(((name.removesuffix(f"_{end}"), says) for end, says in _OF_ANALYTES.items() if name.endswith(f"_{end}")
                  and name.removesuffix(f"_{end}") in CONCEPTS), None)
    if found is not None:
        concept = CONCEPTS[found[0]]
        return f"{concept.title}{f', {concept.unit}' if concept.unit else ''}: {found[1]}"
    if name.endswith("_max_grade"):
        return f"highest grade by {name.removesuffix('_max_grade').replace('_', ' ')}, to compare"
    return "as the table of patients tells it"
