"""Organ toxicities as a clinician graded them by CTCAE, for the organ classes that no laboratory value tells.

Neurotoxicity stands with the other neurological concepts.  Carry-forward: no source gives one; 24 h like findings (D).
"""

from __future__ import annotations

from typing import Any

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Domain, Kind

_CARRY = "Carry-forward: no source gives one; 24 h like a finding (D)."


def _graded(name: str, title: str, *aliases: str, **more: Any) -> Concept:
    note = f"{_CARRY}  0: looked for, and none.  {more.pop('note', '')}".strip()
    return Concept(
        name,
        f"{title}, worst CTCAE grade as reported",
        Kind.MEASUREMENT,
        Domain.FINDINGS,
        "grade",
        units.GRADE,
        possible=(0.0, 5.0),
        plausible=(0.0, 5.0),
        carry_forward_hours=24,
        worse=1,
        aliases=(title, f"CTCAE {title}", f"grade of {title}", *aliases),
        note=note,
        **more,
    )


CONCEPTS: tuple[Concept, ...] = (
    _graded(
        "cardiac_toxicity_grade",
        "Cardiac toxicity",
        "heart toxicity",
        "cardiotoxicity",
        note="Arrhythmia, heart block, tachycardia, heart failure, raised troponin; a pressure has its own row in every scale of CRS.",
    ),
    _graded(
        "pulmonary_toxicity_grade",
        "Pulmonary toxicity",
        "lung toxicity",
        "respiratory toxicity",
        note="Oedema, effusion, tachypnoea; the need for oxygen has its own row in every scale of CRS.",
    ),
    _graded(
        "gastrointestinal_toxicity_grade",
        "Gastrointestinal toxicity",
        "GI toxicity",
        "gut toxicity",
        note="Nausea, vomiting, diarrhoea.",
    ),
    _graded("skin_toxicity_grade", "Skin toxicity", "cutaneous toxicity", "dermatological toxicity", note="Rash."),
    _graded(
        "coagulation_toxicity_grade",
        "Coagulation toxicity",
        "coagulopathy grade",
        note="Disseminated intravascular coagulation, bleeding.",
    ),
    _graded("hepatic_toxicity_grade", "Hepatic toxicity", "liver toxicity", "hepatotoxicity"),
    _graded("renal_toxicity_grade", "Renal toxicity", "kidney toxicity", "nephrotoxicity"),
)
