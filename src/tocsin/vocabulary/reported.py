"""What somebody reported: grades, outcome, response.

Shown beside a computed grade; never an input to it unless a rule says so.
"""

from __future__ import annotations

from typing import Any

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import PRESENCE_ALIASES, Concept, Domain, Kind

_AT_ITS_INSTANT = "Valid at its instant only: no source gives a carry-forward (D)."


def _statement(name: str, title: str, *aliases: str, **more: Any) -> Concept:
    note = f"{_AT_ITS_INSTANT}  {more.pop('note', '')}".strip()
    return Concept(name, title, Kind.STATEMENT, Domain.REPORTED, aliases=aliases, note=note, **more)


def _grade(name: str, title: str, *aliases: str) -> Concept:
    return _statement(
        name,
        title,
        *aliases,
        unit="grade",
        units=units.GRADE,
        possible=(0.0, 5.0),
        plausible=(0.0, 5.0),
        worse=1,
        note="A grade means nothing without its system and version: the source should tell both.",
    )


def _yes_no(name: str, title: str, *aliases: str, **more: Any) -> Concept:
    return _statement(name, title, *aliases, values=("absent", "present"), value_aliases=PRESENCE_ALIASES, **more)


CONCEPTS: tuple[Concept, ...] = (
    _grade("reported_crs_grade", "CRS grade, as reported", "CRS grade", "crs_grade reported", "authors CRS grade"),
    _grade(
        "reported_icans_grade", "ICANS grade, as reported", "ICANS grade", "icans_grade reported", "authors ICANS grade"
    ),
    _yes_no("reported_local_crs", "Local CRS, as reported", "local CRS", "L-CRS"),
    _yes_no(
        "death",
        "Death",
        "died",
        "deceased",
        "dead",
        worse=1,
        note="Whether CRS was the principal cause is its attribution, not this value.",
    ),
    _yes_no("discharge", "Discharge from hospital", "discharged", "hospital discharge"),
    _statement(
        "response",
        "Response of the disease",
        "best response",
        "disease response",
        "treatment response",
        values=(
            "complete_remission",
            "complete_remission_incomplete",
            "partial_remission",
            "no_response",
            "stable_disease",
            "progressive_disease",
            "relapse",
        ),
        value_aliases={
            "cr": "complete_remission",
            "complete response": "complete_remission",
            "remission": "complete_remission",
            "mrd cr": "complete_remission",
            "mrd+ cr": "complete_remission",
            "cri": "complete_remission_incomplete",
            "crh": "complete_remission_incomplete",
            "pr": "partial_remission",
            "partial response": "partial_remission",
            "nr": "no_response",
            "non response": "no_response",
            "non remission": "no_response",
            "sd": "stable_disease",
            "pd": "progressive_disease",
            "progression": "progressive_disease",
            "relapsed": "relapse",
            "recurrence": "relapse",
        },
        note="MRD is its own statement (mrd).  Paper 003 pools CR with and without count recovery.",
    ),
    _statement(
        "mrd",
        "Minimal residual disease",
        "minimal residual disease status",
        "measurable residual disease",
        "MRD status",
        values=("negative", "positive"),
        value_aliases={
            "neg": "negative",
            "no": "negative",
            "absent": "negative",
            "mrd negative": "negative",
            "undetectable": "negative",
            "pos": "positive",
            "yes": "positive",
            "present": "positive",
            "mrd positive": "positive",
            "detectable": "positive",
        },
    ),
    _statement("imaging", "Imaging report, as text", "CT", "MRI", "chest CT", "imaging report", "radiology"),
    _statement("eeg", "EEG report, as text", "EEG", "electroencephalogram", "electroencephalography"),
    _statement("facility_visit", "Visit to the treatment centre, as text", "seen at the centre", "clinic visit", "outpatient visit"),
    _statement(
        "tocilizumab_on_site",
        "Doses of tocilizumab on site for the patient",
        "tocilizumab available",
        unit="1",
        units=units.PLAIN,
        possible=(0.0, 100.0),
        plausible=(0.0, 10.0),
    ),
)
