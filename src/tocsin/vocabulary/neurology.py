"""Neurological scores, states and findings that the neurotoxicity scales read.  Codes: H1, H4.

Carry-forward: ICE and CAPD 12 h; other states and scores the same, findings and procedures 24 h (D).
"""

from __future__ import annotations

from typing import Any

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Domain, Kind

_LIKE_ICE = "Carry-forward: no source gives one; 12 h like ICE (D)."
_LIKE_FINDING = "Carry-forward: no source gives one; 24 h (D)."


def _score(
    name: str, title: str, low: float, high: float, worse: int, note: str = _LIKE_ICE, hours: float = 12, **more: Any
) -> Concept:
    return Concept(
        name,
        title,
        Kind.MEASUREMENT,
        Domain.NEUROLOGY,
        "points",
        units.SCORE,
        possible=(low, high),
        plausible=(low, high),
        carry_forward_hours=hours,
        worse=worse,
        note=note,
        **more,
    )


def _state(name: str, title: str, values: tuple[str, ...], words: dict[str, str], **more: Any) -> Concept:
    note = f"{_LIKE_ICE}  {more.pop('note', '')}".strip()
    return Concept(
        name,
        title,
        Kind.STATE,
        Domain.NEUROLOGY,
        carry_forward_hours=12,
        values=values,
        value_aliases=words,
        note=note,
        **more,
    )


def _finding(name: str, title: str, **more: Any) -> Concept:
    note = f"{_LIKE_FINDING}  {more.pop('note', '')}".strip()
    return Concept(name, title, Kind.FINDING, Domain.NEUROLOGY, carry_forward_hours=24, worse=1, note=note, **more)


_DEGREES = ("mild", "moderate", "severe", "life_threatening")


def _degrees(highest: str) -> dict[str, Any]:
    """Degrees as CTCAE grades them, up to the highest it has; "present" does not tell the degree."""
    mine = _DEGREES[: _DEGREES.index(highest) + 1]
    return {"values": ("absent", "present", *mine), "value_aliases": {f"grade {i}": value for i, value in enumerate(mine, start=1)}}


_PUBLISHED = "Carry-forward 12 h (D)."

NEUROTOXICITY = Concept(
    "neurotoxicity_grade",
    "Neurotoxicity, worst CTCAE grade as reported",
    Kind.MEASUREMENT,
    Domain.NEUROLOGY,
    "grade",
    units.GRADE,
    possible=(0.0, 5.0),
    plausible=(0.0, 5.0),
    carry_forward_hours=24,
    worse=1,
    aliases=("neurotoxicity grade", "CTCAE neurotoxicity grade", "grade of neurotoxicity"),
    note=_LIKE_FINDING + "  Not an ICANS grade.  0: examined, and none.  Lee 2014 counts it as an organ.",
)

SCORES: tuple[Concept, ...] = (
    _score(
        "ice_score",
        "ICE score",
        0,
        10,
        -1,
        _PUBLISHED + "  Not CARTOX-10: one item differs and the scores are not interchangeable.",
        aliases=("ICE", "immune effector cell-associated encephalopathy score"),
    ),
    _score(
        "cartox10_score",
        "CARTOX-10 score",
        0,
        10,
        -1,
        _PUBLISHED + "  Not ICE: one item differs and the scores are not interchangeable.",
        aliases=("CARTOX-10", "CARTOX 10-point assessment"),
    ),
    _score("capd_score", "Cornell Assessment of Pediatric Delirium", 0, 32, +1, _PUBLISHED, aliases=("CAPD",)),
    _score(
        "gcs_eye",
        "Glasgow Coma Scale, eye",
        1,
        4,
        -1,
        loinc=("9267-6",),
        omop=(3016335,),
        clif=("gcs_eye",),
        code_mark="V",
        aliases=("GCS eye opening", "GCS E"),
    ),
    _score(
        "gcs_verbal",
        "Glasgow Coma Scale, verbal",
        1,
        5,
        -1,
        loinc=("9270-0",),
        omop=(3009094,),
        clif=("gcs_verbal",),
        code_mark="V",
        aliases=("GCS verbal response", "GCS V"),
    ),
    _score(
        "gcs_motor",
        "Glasgow Coma Scale, motor",
        1,
        6,
        -1,
        loinc=("9268-4",),
        omop=(3008223,),
        clif=("gcs_motor",),
        code_mark="V",
        aliases=("GCS motor response", "GCS M"),
    ),
    _score(
        "gcs_total", "Glasgow Coma Scale, total", 3, 15, -1, clif=("gcs_total",), aliases=("GCS", "Glasgow Coma Scale")
    ),
    _score("rass", "Richmond Agitation-Sedation Scale", -5, 4, 0, clif=("RASS",), omop=(36684829,), code_mark="V", aliases=("RASS score",)),
    _score(
        "papilloedema_stage",
        "Papilloedema stage (Frisen)",
        0,
        5,
        +1,
        _LIKE_FINDING,
        24,
        aliases=("papilledema stage", "Frisen stage", "Frisen grade", "papilledema grade", "papilloedema grade"),
    ),
    Concept(
        "csf_pressure",
        "Cerebrospinal fluid opening pressure",
        Kind.MEASUREMENT,
        Domain.NEUROLOGY,
        "mmHg",
        units.MMHG,
        possible=(0.0, 150.0),
        plausible=(2.0, 60.0),
        carry_forward_hours=24,
        worse=1,
        aliases=("CSF opening pressure", "opening pressure", "lumbar opening pressure", "cerebrospinal fluid pressure"),
        note=_LIKE_FINDING + "  1 mmHg = 13.595 mmH2O.  Limits D.",
    ),
)

STATES: tuple[Concept, ...] = (
    _state(
        "consciousness",
        "Level of consciousness",
        ("awake", "voice", "tactile", "vigorous_tactile", "unarousable", "reduced"),
        {
            "alert": "awake",
            "a": "awake",
            "normal": "awake",
            "spontaneous": "awake",
            "spontaneously": "awake",
            "awakens spontaneously": "awake",
            "conscious": "awake",
            "v": "voice",
            "verbal": "voice",
            "to voice": "voice",
            "awakens to voice": "voice",
            "responds to voice": "voice",
            "touch": "tactile",
            "to touch": "tactile",
            "tactile stimulus": "tactile",
            "awakens to tactile": "tactile",
            "awakens to touch": "tactile",
            "awakens only to tactile stimulus": "tactile",
            "vigorous": "vigorous_tactile",
            "repetitive tactile": "vigorous_tactile",
            "vigorous stimulus": "vigorous_tactile",
            "stupor": "vigorous_tactile",
            "stuporous": "vigorous_tactile",
            "u": "unarousable",
            "unresponsive": "unarousable",
            "coma": "unarousable",
            "comatose": "unarousable",
            "unconscious": "unarousable",
            "drowsy": "reduced",
            "somnolent": "reduced",
            "somnolence": "reduced",
            "lethargic": "reduced",
            "obtunded": "reduced",
            "confused": "reduced",
            "p": "reduced",
            "pain": "reduced",
            "impaired": "reduced",
            "depressed": "reduced",
        },
        aliases=("level of consciousness", "LOC", "arousal", "AVPU", "depressed level of consciousness"),
        clif=("AVPU",),
        note='Steps of the ICANS table; reduced: degree not told.  AVPU "pain" is between tactile and '
        "vigorous stimuli and so is read as reduced (D); stupor and coma stand in the grade 4 cell.",
    ),
    _state(
        "seizure",
        "Seizure",
        (
            "none", "brief", "nonconvulsive_resolved", "prolonged", "repetitive", "unspecified", "brief_partial", "brief_generalised",
            "partial", "generalised", "multiple", "nonconvulsive_status", "convulsive_status",
        ),
        {
            "no": "none",
            "absent": "none",
            "n": "none",
            "false": "none",
            "0": "none",
            "no seizure": "none",
            "brief seizure": "brief",
            "resolves rapidly": "brief",
            "resolved rapidly": "brief",
            "self limited": "brief",
            "non convulsive resolved": "nonconvulsive_resolved",
            "nonconvulsive resolving with intervention": "nonconvulsive_resolved",
            "status epilepticus": "prolonged",
            "more than 5 min": "prolonged",
            ">5 min": "prolonged",
            "recurrent": "repetitive",
            "repeated": "repetitive",
            "yes": "unspecified",
            "present": "unspecified",
            "y": "unspecified",
            "true": "unspecified",
            "1": "unspecified",
            "seizure": "unspecified",
            "focal": "partial",
            "focal seizure": "partial",
            "partial seizure": "partial",
            "generalized": "generalised",
            "generalised seizure": "generalised",
            "generalized seizure": "generalised",
            "tonic clonic": "generalised",
            "brief focal": "brief_partial",
            "brief partial seizure": "brief_partial",
            "brief generalized": "brief_generalised",
            "brief generalised seizure": "brief_generalised",
            "multiple seizures": "multiple",
            "non convulsive status": "nonconvulsive_status",
            "non convulsive status epilepticus": "nonconvulsive_status",
            "nonconvulsive status epilepticus": "nonconvulsive_status",
            "ncse": "nonconvulsive_status",
            "convulsive status epilepticus": "convulsive_status",
        },
        aliases=("seizures", "convulsion", "convulsions"),
        snomed=("91175000",),
        omop=(377091,),
        code_mark="V",
        worse=1,
        note="Cells of the ICANS table, with the kind where it is told; brief: of an untold kind; partial, generalised: of an untold "
        "length; multiple: several despite treatment, with return to baseline; prolonged and repetitive: status of an untold kind; unspecified: "
        "length, course and kind are not told.",
    ),
    _state(
        "motor_weakness",
        "Motor weakness",
        ("none", "deep_focal", "other"),
        {
            "no": "none",
            "absent": "none",
            "n": "none",
            "false": "none",
            "0": "none",
            "hemiparesis": "deep_focal",
            "paraparesis": "deep_focal",
            "hemiplegia": "deep_focal",
            "paraplegia": "deep_focal",
            "deep focal weakness": "deep_focal",
            "generalised": "other",
            "generalized": "other",
            "mild": "other",
        },
        aliases=("weakness", "motor findings", "focal weakness"),
        note='"present" is refused: the scale needs to know whether the weakness is deep and focal.',
    ),
    _state(
        "cerebral_oedema",
        "Cerebral oedema on imaging",
        ("none", "focal", "diffuse", "unspecified"),
        {
            "no": "none",
            "absent": "none",
            "n": "none",
            "false": "none",
            "0": "none",
            "local": "focal",
            "focal/local": "focal",
            "generalised": "diffuse",
            "generalized": "diffuse",
            "global": "diffuse",
            "yes": "unspecified",
            "present": "unspecified",
            "y": "unspecified",
            "true": "unspecified",
            "1": "unspecified",
        },
        aliases=("cerebral edema", "brain edema", "brain oedema", "cerebral edema on imaging"),
        snomed=("2032001",),
        omop=(376690,),
        code_mark="V",
        worse=1,
    ),
)

FINDINGS: tuple[Concept, ...] = (
    _finding("papilloedema", "Papilloedema", aliases=("papilledema", "optic disc swelling", "optic disc oedema")),
    _finding(
        "sixth_nerve_palsy", "Sixth nerve palsy", aliases=("CN VI palsy", "abducens palsy", "cranial nerve VI palsy")
    ),
    _finding(
        "posturing", "Decerebrate or decorticate posturing", aliases=("decerebrate posturing", "decorticate posturing")
    ),
    _finding("cushing_triad", "Cushing triad", aliases=("Cushing's triad", "Cushing reflex")),
    _finding(
        "intracranial_haemorrhage",
        "Intracranial haemorrhage",
        aliases=("intracranial hemorrhage", "ICH", "cerebral haemorrhage", "cerebral hemorrhage"),
        note="Not part of ICANS.",
    ),
    _finding(
        "raised_intracranial_pressure",
        "Raised intracranial pressure, as asserted",
        aliases=("raised ICP", "increased ICP", "intracranial hypertension", "increased intracranial pressure"),
        note="CARTOX asks for it where the opening pressure is below 20 mmHg.",
    ),
    _finding("tremor", "Tremor", **_degrees("severe"), note="Not part of ICANS."),
    _finding("myoclonus", "Myoclonus", note="Not part of ICANS."),
    _finding("aphasia", "Aphasia", aliases=("global aphasia", "dysphasia"), **_degrees("severe")),
    _finding("encephalopathy", "Encephalopathy", **_degrees("life_threatening")),
    _finding("somnolence", "Somnolence", **_degrees("life_threatening"), note="severe: obtundation or stupor (CTCAE)."),
    _finding("confusion", "Confusion", aliases=("disorientation",), **_degrees("life_threatening")),
    _finding("headache", "Headache", **_degrees("severe")),
    _finding("agitation", "Agitation", aliases=("agitated", "psychomotor agitation")),
    _finding(
        "sedation",
        "Sedated by drugs",
        aliases=("sedated", "under sedation"),
        note="While sedated, consciousness and ICE are unknown.",
    ),
)

CONCEPTS: tuple[Concept, ...] = (*SCORES, *STATES, *FINDINGS, NEUROTOXICITY)
