"""The files of a study to start from: each entry of the study file with its default and what it is, and a table of patients with every column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

from tocsin.cohort.study import Study
from tocsin.errors import CohortError

SAYS: Mapping[str, str] = MappingProxyType({
    "title": "the title of the report; the folder's name where it is empty",
    "arms": 'what makes the arms: a drug given or not, a column of patients.csv, or a rule such as "age_years < 18"',
    "order": "the arms in order, the reference last, each by the name that the report prints",
    "exposure": "the drug whose timing the time-dependent and landmark analyses respect",
    "scales": "the scales of the analysis, one of each syndrome (tocsin scales)",
    "also": "scales to compare with them",
    "grades": "where grades come from: computed, reported, told, or auto (the first of these that the data allow)",
    "window_days": "toxicities and drugs are looked for from the infusion to this day",
    "charted_days": "nobody is without CRS who was charted on fewer of the first 14 days",
    "response_day": "the response counts that is nearest to this day ...",
    "response_window": "... and not outside of these days",
    "landmarks": "days of the landmark analyses",
    "censor_at_next_therapy": "whether the next therapy ends progression-free survival without an event",
    "time_unit": "of survival: months or days",
    "adjust": "columns that the adjusted models adjust for",
    "complete": 'domains in which no row means absent: "drugs", "devices", "findings", "neurology"',
    "patients_label": "what the patients are called",
    "synthetic": "where the patients are not real: what to say about it on every page",
})
"""What each entry of a study file is."""
_TABLES = """\

# The rows of Table 1, one table for each column; without any, the kinds are inferred by a rule that the report states.
#[variables.high_risk]
#kind = "binary"              # continuous, binary, categorical, ordinal
#label = "High-risk genotype"
#counted = 1                  # the value whose share is given
#[variables.tumour_burden]
#kind = "continuous"
#unit = "%"
#normal = false               # true: mean and SD, and the t test

# Who is left out of the record, with the reason as the flow of patients tells it.  Who never came into the record stands in screening.csv
# (columns patient and reason, or reason and n).
#[[exclude]]
#reason = "follow-up of less than 28 days"
#when = "follow_up_days < 28"
"""
PATIENTS = """\
# The table of patients: one row a patient.  Lines beginning with # are not read: write your rows below the header.
# Leave a cell empty where it is not known: an empty cell is never "no".  Remove the columns that you do not have, add your own.
#
# patient                   the same name as in the record
# age_years, sex, weight_kg, product, uln_alt ...  facts that Tocsin knows (tocsin concepts)
# crs_max_grade             0 to 5; 0 is without CRS; the same with icans_, or an id of a scale such as lee2014_crs_max_grade
# crs_onset_day, crs_duration_days (or crs_end_day)  days from the infusion; days
# tocilizumab, corticosteroids, filgrastim  given: yes or no
# tocilizumab_doses, methylprednisolone_mg, filgrastim_ug  amounts from the infusion on
# response, mrd             about day 28: CR, CRi, PR, SD, PD, NR; negative or positive
# os_days, os_event         days from the infusion to death or last contact; yes (death) or no
# pfs_days, pfs_event       days to the first of both or last contact; progression, death or no
# infection, gvhd           yes or no
# any other column          a characteristic of the patient before the infusion, such as high_risk
# Grades, doses and outcomes are computed from the record where there is one (events.csv, or an export in record/): then leave their columns out.
patient,age_years,sex,high_risk,crs_max_grade,crs_onset_day,crs_duration_days,icans_max_grade,tocilizumab,corticosteroids,response,mrd,os_days,os_event,\
pfs_days,pfs_event,infection
#P1,61,female,yes,2,3,4.5,0,yes,no,CR,negative,412,no,412,no,no
#P2,34,male,no,0,,,0,no,no,PR,,98,yes,60,progression,yes
"""


def study_text() -> str:
    """A study file in which every entry has its default and is commented out."""
    plain = Study()
    lines = ["# A study of tocsin cohort.  Every entry has a default, which stands here: remove the # of an entry to change it.", ""]
    for field in fields(Study):
        if field.name in SAYS:
            lines += [f"# {SAYS[field.name]}", f"#{field.name} = {_toml(getattr(plain, field.name))}"]
    return "\n".join(lines) + "\n" + _TABLES


def write_template(folder: Path) -> list[Path]:
    """Write cohort.toml and patients.csv into a folder; CohortError, and nothing written, where one of them exists."""
    if folder.exists() and not folder.is_dir():
        raise CohortError(f"{folder} is a file, and a study is a folder.\n  Name a folder.")
    texts = {folder / "cohort.toml": study_text(), folder / "patients.csv": PATIENTS}
    for file in texts:
        if file.exists():
            raise CohortError(f"{file} exists, and is not written over.\n  Name another folder, or move the file.")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    return list(texts)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'
