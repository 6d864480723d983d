"""What was so before treatment, and what ends a patient's observation after it.  No codes are given.

Each is a statement: once told, it stays so.
"""

from __future__ import annotations

from typing import Any

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import PRESENCE_ALIASES, Concept, Domain, Kind


def _told(name: str, title: str, *aliases: str, note: str = "", **more: Any) -> Concept:
    return Concept(name, title, Kind.STATEMENT, Domain.REPORTED, aliases=aliases, note=f"Once told, it stays so.  {note}".strip(), **more)


def _yes_no(name: str, title: str, *aliases: str, note: str = "") -> Concept:
    return _told(name, title, *aliases, values=("absent", "present"), value_aliases=PRESENCE_ALIASES, note=note)


CONCEPTS: tuple[Concept, ...] = (
    _yes_no(
        "left_ventricular_insufficiency",
        "Left ventricular insufficiency before treatment",
        "known left ventricular dysfunction",
        "established left ventricle insufficiency",
        note="Established before the cells were given; heart failure after them is cardiac_failure.",
    ),
    _told(
        "high_risk_comorbidities",
        "Number of high-risk concurrent diseases",
        "high-risk comorbidities",
        "high-risk concurrent diseases",
        unit="1",
        units=units.PLAIN,
        possible=(0, 50),
        plausible=(0, 15),
        worse=1,
        note="Which diseases count is the clinician's judgement: paper 004 does not list them.",
    ),
    _yes_no(
        "next_therapy",
        "Next line of treatment of the malignancy",
        "next line of therapy",
        "subsequent therapy",
        "subsequent line of therapy",
        note="Ends the observation of a scale that counts days, where its source says so.",
    ),
    _yes_no(
        "last_follow_up",
        "Last follow-up",
        "last contact",
        "end of follow-up",
        "lost to follow-up",
        note="The patient was not observed after it; without one, days after the last value are unknown.",
    ),
    _yes_no(
        "cardio_oncology_assessment",
        "Assessment by a cardio-oncologist",
        "cardio-oncology assessment",
        "seen by a cardio-oncologist",
        note="Before treatment, of a patient at high cardiovascular risk.",
    ),
)
