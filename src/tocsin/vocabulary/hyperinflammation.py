"""What the criteria of haemophagocytic syndromes and of disseminated coagulation ask for beside laboratory values.

Carry-forward: findings 24 h; the marker of coagulation as a laboratory value (D).  Codes: HLH alone, read in a public mapping.
"""

from __future__ import annotations

from typing import Final

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept
from tocsin.vocabulary.findings import finding
from tocsin.vocabulary.labs import lab

HAEMOPHAGOCYTIC: Final[tuple[Concept, ...]] = (
    finding("low_nk_activity", "Low or absent NK-cell activity", "low NK activity", "absent NK activity", "reduced NK-cell activity"),
    finding(
        "hlh_molecular_diagnosis",
        "Molecular diagnosis consistent with HLH",
        "HLH mutation",
        "HLH gene mutation",
        "genetic HLH",
        note="Such as PRF1, UNC13D, STX11, STXBP2, RAB27A, SH2D1A, XIAP.",
    ),
    finding("known_immunosuppression", "Known underlying immunosuppression", "immunosuppressed", "immunosuppression"),
    finding(
        "iec_hs",
        "IEC-HS, as asserted",
        "immune effector cell-associated HLH-like syndrome",
        "carHLH",
        "CAR-T HLH",
        note="A clinician's diagnosis: no number of features is published that would make it.",
    ),
    finding(
        "new_cytopenia",
        "New, worsening or refractory cytopenia",
        "worsening cytopenia",
        "refractory cytopenia",
        note="A clinician's judgement against the expected course after lymphodepletion.",
    ),
    finding(
        "ferritin_rising",
        "Ferritin rising rapidly, as asserted",
        "rapidly rising ferritin",
        "rapid ferritin rise",
        note="A clinician's judgement: no rate is published.",
    ),
    finding("lung_infiltrates", "Lung infiltrates", "pulmonary infiltrates"),
    finding(
        "hlh",
        "HLH or MAS, as asserted",
        "haemophagocytic lymphohistiocytosis",
        "hemophagocytic lymphohistiocytosis",
        "macrophage activation syndrome",
        "HLH/MAS",
        values=("absent", "present", "suspected"),
        value_aliases={"probable": "suspected", "possible": "suspected"},
        snomed=("234437005",),
        omop=(4121123,),
        note="A clinician's judgement.  present: held for certain or highly likely; suspected: short of that.",
    ),
    finding(
        "hlh_not_improving",
        "HLH not improving after treatment",
        note="Asserted by a clinician, or derived by a protocol from the course (see tocsin.protocols.hlh_course).",
    ),
)

COAGULATION: Final[tuple[Concept, ...]] = (
    lab(
        "haemostasis_marker_ratio",
        "Marker of activated coagulation, times its upper limit of normal",
        "1",
        units.PLAIN,
        (0, 10000),
        (0, 500),
        worse=1,
        aliases=("TAT x ULN", "soluble fibrin x ULN", "F1+2 x ULN"),
        note="Thrombin-antithrombin complex, soluble fibrin or prothrombin fragment 1+2: whichever is highest against its own limit.",
    ),
    finding("liver_failure", "Liver failure", "hepatic failure", note="Of a cause other than the coagulation disorder."),
    finding(
        "bleeding",
        "Bleeding",
        "haemorrhage",
        "hemorrhage",
        values=("absent", "present", "transfused", "life_threatening"),
        value_aliases={"needs transfusion": "transfused", "life threatening": "life_threatening"},
        note="transfused: it needs a transfusion.  present: of an untold degree.  Within the skull: intracranial_haemorrhage.",
    ),
    finding("dialysis", "Dialysis or haemofiltration", "renal replacement therapy", "haemodialysis", "hemodialysis", "haemofiltration",
            "hemofiltration", "CRRT"),
    finding("lumbar_puncture_planned", "Lumbar puncture planned", "lumbar puncture due", "LP planned"),
    finding("acute_kidney_injury", "Acute kidney injury, as asserted", "AKI", "acute renal failure", "new renal insufficiency"),
)

CONCEPTS: Final[tuple[Concept, ...]] = HAEMOPHAGOCYTIC + COAGULATION
