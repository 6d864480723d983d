"""What a clinician asserts: present or absent.  Codes: read in public mappings where marked V.

Carry-forward: no source gives one; 24 h (D).
Absence that was never asserted is unknown, unless the source declares its findings complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tocsin.vocabulary.concept import Concept, Domain, Kind

# Conditions, V[PHL], that are no concept here: name -> (SNOMED CT, OMOP).
CONDITION_CODES: Final[Mapping[str, tuple[str, int]]] = {
    "febrile_neutropenia": ("409089005", 4250734),
    "delirium": ("2776000", 373995),
    "haemophagocytic_lymphohistiocytosis": ("234437005", 4121123),
    "disseminated_intravascular_coagulation": ("67406007", 436093),
}


def finding(name: str, title: str, *aliases: str, **more: Any) -> Concept:
    """A finding as asserted, valid for 24 h (D)."""
    note = f"Carry-forward: no source gives one; 24 h (D).  {more.pop('note', '')}".strip()
    return Concept(
        name,
        title,
        Kind.FINDING,
        Domain.FINDINGS,
        carry_forward_hours=24,
        aliases=aliases,
        worse=1,
        code_mark="V" if more.get("snomed") else "",
        note=note,
        **more,
    )


CONCEPTS: tuple[Concept, ...] = (
    finding(
        "fever",
        "Fever, as asserted",
        "pyrexia",
        "febrile",
        snomed=("386661006",),
        omop=(437663,),
        note="Said, not measured: no temperature can be taken from it.",
    ),
    finding(
        "hypotension",
        "Hypotension, as asserted",
        "low blood pressure",
        "hypotensive",
        values=("absent", "present", "life_threatening"),
        value_aliases={"life threatening hypotension": "life_threatening"},
        note="A clinician's judgement by age and baseline: ASTCT gives no number.",
    ),
    finding(
        "hypoxia", "Hypoxia, as asserted", "hypoxaemia", "hypoxemia", "hypoxic", snomed=("389087006",), omop=(437390,)
    ),
    finding("dyspnoea", "Dyspnoea", "dyspnea", "shortness of breath", "SOB", "breathlessness"),
    finding("cyanosis", "Cyanosis"),
    finding("pleural_effusion", "Pleural effusion"),
    finding("pulmonary_oedema", "Pulmonary oedema", "pulmonary edema", "lung oedema", "lung edema"),
    finding("pulmonary_infection", "Pulmonary infection", "pneumonia", "lung infection"),
    finding("haemoptysis", "Haemoptysis", "hemoptysis"),
    finding("oliguria", "Oliguria"),
    finding("organ_failure", "Organ failure", "multiple organ failure", "multi-organ failure", "organ dysfunction"),
    finding("capillary_leak", "Capillary leak", "capillary leak syndrome", "CLS", "vascular leak"),
    finding("neck_swelling", "Swelling of the neck", "neck edema", "neck oedema", "swollen neck"),
    finding("facial_oedema", "Facial oedema", "facial edema", "facial swelling", "face oedema", "face edema"),
    finding("laryngeal_discomfort", "Laryngeal discomfort", "throat discomfort", "laryngeal symptoms"),
    finding(
        "lesion_swelling",
        "Enlarged tumour lesion",
        "lesion enlargement",
        "tumour swelling",
        "tumor swelling",
        note='Row "lesion" of the local CRS table.',
    ),
    finding(
        "compression_symptoms",
        "Compression by a swollen lesion",
        "compression",
        "compression symptom",
        note='Row "lesion" of the local CRS table.',
    ),
    finding(
        "serous_effusion",
        "Serous effusion",
        "serosal effusion",
        "polyserositis",
        note='Row "lesion" of the local CRS table.',
    ),
    finding("haemophagocytosis", "Haemophagocytosis on morphology", "hemophagocytosis"),
    finding("splenomegaly", "Splenomegaly", "enlarged spleen"),
    finding("hepatomegaly", "Hepatomegaly", "enlarged liver"),
    finding("rash", "Rash", "skin rash", "exanthema"),
    finding("infection", "Infection", "infected"),
    finding(
        "constitutional_symptoms",
        "Constitutional symptoms",
        "flu-like symptoms",
        "influenza-like symptoms",
        "constitutional symptom",
        note="Nausea, fatigue, headache, myalgia or malaise that need symptomatic treatment only.",
    ),
    finding(
        "admitted_for_crs",
        "In hospital because of CRS",
        "admitted for CRS",
        "hospitalised for CRS",
        "hospitalized for CRS",
        values=("absent", "present", "organ_dysfunction"),
        value_aliases={"symptoms": "present", "organ dysfunction": "organ_dysfunction"},
        note="present: for symptoms of CRS such as fever; organ_dysfunction: for organ dysfunction from CRS.  A patient who stays in "
        "hospital for another reason, such as the infusion itself, is not admitted for CRS.",
    ),
    finding(
        "iv_therapy_for_crs",
        "Intravenous therapy for symptoms of CRS",
        "IV therapy for CRS",
        "intravenous therapy for CRS",
        note="Fluid given for a low pressure is not meant: that is fluid_bolus.",
    ),
    finding(
        "infusion_reaction",
        "Cytokine release or infusion reaction, as reported in the terms of CTCAE v4.03",
        "infusion related reaction",
        "acute infusion reaction",
        values=("absent", "present", "mild", "interruption", "prolonged", "recurrent", "sequelae", "life_threatening"),
        value_aliases={
            "interruption indicated": "interruption",
            "responds promptly": "interruption",
            "recurrence": "recurrent",
            "hospitalised for sequelae": "sequelae",
            "hospitalized for sequelae": "sequelae",
            "life threatening": "life_threatening",
        },
        note="present: of an untold degree.  Never derived from vital signs.",
    ),
    finding("cardiac_failure", "Cardiac failure", "heart failure", "cardiac insufficiency"),
    finding("allergy", "Allergic reaction", "allergic", "anaphylaxis"),
    finding("gvhd", "Graft-versus-host disease", "graft versus host disease", "GvH"),
    finding(
        "cytokine_rise",
        "Rise of cytokines, as told",
        "cytokines raised",
        "raised cytokines",
        "cytokine elevation",
        note="Paper 003 asks for it in its definition of CRS onset.",
    ),
    finding(
        "refractory_crs",
        "CRS refractory to treatment",
        "refractory CRS",
        "refractory",
        note="Asserted by a clinician, or derived by a protocol from the course (see tocsin.protocols.refractory).",
    ),
    finding("arrhythmia", "Arrhythmia", "cardiac arrhythmia", "new arrhythmia", "atrial fibrillation", "ventricular tachycardia"),
    finding("qt_prolongation", "QT prolongation", "prolonged QT", "long QT", "QTc prolongation", note="Asserted from an ECG; no limit is taken here."),
    finding("cardiogenic_shock", "Cardiogenic shock"),
    finding("adrenal_insufficiency", "Adrenal insufficiency", "adrenal failure", "inadequate adrenal function"),
)
