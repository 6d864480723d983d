"""Values and doses in words, in the units that the reader chose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tocsin.errors import SettingError, VocabularyError
from tocsin.show.numbers import number
from tocsin.vocabulary import CONCEPTS, Concept, Kind


class Units(StrEnum):
    """In which units values are shown; what is computed does not depend on it."""

    SI = "si"
    US = "us"
    KEPT = "as kept"


def units_of(choice: str) -> Units:
    """The choice in its own type; SettingError for another word."""
    key = str(choice).strip().lower().replace("_", " ").replace("-", " ")
    for unit in Units:
        if unit.value == key:
            return unit
    raise SettingError(f"units are si, us or \"as kept\", not {choice!r}")


_SIGNS = {
    "degC": "°C", "degF": "°F", "10^9/L": "× 10⁹/L", "1": "", "points": "", "grade": "", "fraction": "",
    "mL/min/1.73m2": "mL/min/1.73 m²",
}


def unit_words(unit: str | None) -> str:
    """The unit as it is printed: °C, µg/min, × 10⁹/L; empty for a plain number."""
    if unit is None:
        return ""
    if unit in _SIGNS:
        return _SIGNS[unit]
    return unit.replace("ug", "µg").replace("umol", "µmol").replace("mmH2O", "mmH₂O").replace("cmH2O", "cmH₂O")


def display_unit(concept: Concept, units: Units) -> str | None:
    """The unit that a concept is shown in."""
    chosen = {Units.SI: concept.si_unit, Units.US: concept.us_unit, Units.KEPT: None}[units]
    return chosen or concept.unit


def shown(concept: Concept, value: float, units: Units, weight_kg: float | None = None) -> tuple[float, str | None]:
    """A canonical value in the unit to show, and that unit; stays canonical when the weight that is needed is not known."""
    unit = display_unit(concept, units)
    if unit is None or unit == concept.unit:
        return value, concept.unit
    try:
        return concept.conversion(unit).from_canonical(value, weight_kg), unit
    except VocabularyError:
        return value, concept.unit


def value_number(concept: Concept, value: float, units: Units, weight_kg: float | None = None) -> str:
    """The bare number as shown; cells are told in powers of ten, temperatures with a decimal."""
    out, _ = shown(concept, value, units, weight_kg)
    if concept.unit == "cells/kg":
        return number(out, powers_from=1e4)
    return number(out, decimals=1 if concept.name == "temperature" else 0)


def measured(concept: Concept, value: float, censored: int = 0, units: Units = Units.SI, weight_kg: float | None = None) -> str:
    """A value with its sign and unit: "39.0 °C", "> 5000 pg/mL", "93%"."""
    _, unit = shown(concept, value, units, weight_kg)
    sign = {-1: "< ", 0: "", 1: "> "}[censored or 0]
    text = f"{sign}{value_number(concept, value, units, weight_kg)}"
    words = unit_words(unit)
    if concept.unit == "grade":
        return f"grade {text}"
    return f"{text}{'' if words.startswith('%') else ' '}{words}".rstrip()


def coded(text: str) -> str:
    """A coded value in words: low_flow_nasal_cannula becomes "low-flow nasal cannula"."""
    words = text.replace("_", " ")
    for flow in ("low", "high"):
        words = words.replace(f"{flow} flow", f"{flow}-flow")
    return words.replace("noninvasive", "non-invasive").replace("cpap", "CPAP").replace("bipap", "BiPAP")


def value_words(event: Mapping[str, Any], units: Units = Units.SI, weight_kg: float | None = None) -> str:
    """What an event says besides its concept: a measured value, a coded one, or the dose as told; may be empty."""
    concept = CONCEPTS[event["concept"]]
    value, text = event.get("value"), event.get("text")
    if text:
        text = clean(str(text))
    if concept.kind is Kind.DOSE and text == "present" and value is None:
        return "given, dose not told"
    if concept.kind is Kind.DOSE and text and text != "absent":
        return dose_words(concept, value, text, units, weight_kg)
    if value is not None:
        return measured(concept, value, event.get("censored") or 0, units, weight_kg)
    if not text:
        return ""
    return coded(text) if text in (*concept.values, "absent", "present") else text


def clean(text: str) -> str:
    """The text on one line, without characters that a page or a figure cannot show."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def dose_words(concept: Concept, value: float | None, text: str, units: Units, weight_kg: float | None) -> str:
    """A dose as told; where the source's words lack the amount, the amount with them: "10 mg q12h", "40 mg (second)"."""
    told = text.replace("/m2", "/m²")
    if value is None or _AMOUNT.search(told):
        return told
    amount = measured(concept, value, 0, units, weight_kg)
    return f"{amount} {told}" if _INTERVAL.match(told) else f"{amount} ({told})"


_AMOUNT = re.compile(r"\d\s*(mg|g|ug|µg|mcg|mL|ml|L|U|IU|units?|cells|×|x)(?![A-Za-z])")
_INTERVAL = re.compile(r"q\s?\d|q\w\b|every|daily|twice|once|[btq]id\b")


_SHORT = {
    "temperature": "Temperature", "spo2": "SpO₂", "systolic_bp": "Systolic pressure", "diastolic_bp": "Diastolic pressure",
    "mean_arterial_pressure": "Mean pressure", "pressure_fall": "Fall of pressure", "oxygen_device": "Oxygen device",
    "fio2": "FiO₂", "peep": "PEEP", "pao2": "PaO₂", "paco2": "PaCO₂", "sao2": "SaO₂", "crp": "CRP", "hs_crp": "hs-CRP",
    "ldh": "LDH", "alt": "ALT", "ast": "AST", "il6": "IL-6", "il10": "IL-10", "il1b": "IL-1β", "il2": "IL-2", "il8": "IL-8",
    "il15": "IL-15", "ifn_gamma": "IFN-γ", "tnf_alpha": "TNF-α", "gm_csf": "GM-CSF", "mcp1": "MCP-1", "sil2r": "sIL-2R",
    "csf_il6": "IL-6 in CSF", "car_t_percent": "CAR⁺ of lymphocytes", "car_t_copies": "CAR transgene",
    "ice_score": "ICE score", "capd_score": "CAPD score", "gcs_total": "Glasgow Coma Scale", "rass": "RASS",
    "d_dimer": "D-dimer (FEU)", "d_dimer_ddu": "D-dimer (DDU)", "fdp": "Fibrin degr. products", "inr": "INR", "aptt": "APTT",
    "pt": "Prothrombin time", "vwf_antigen": "VWF antigen", "lvef": "LVEF", "egfr": "eGFR", "bnp": "BNP", "ck_mb": "CK-MB",
    "car_t_infusion": "CAR-T cells", "msc": "Mesenchymal stromal cells", "acetaminophen": "Acetaminophen",
    "vasopressor": "Vasopressor, not named", "corticosteroid": "Corticosteroid, not named", "nsaid": "NSAID, not named",
    "antipyretic": "Antipyretic, not named", "vasopressor_count": "Vasopressors running", "csf_pressure": "CSF pressure",
    "consciousness": "Consciousness", "cerebral_oedema": "Cerebral oedema", "papilloedema_stage": "Papilloedema stage",
    "posturing": "Posturing", "intracranial_haemorrhage": "Intracranial haemorrhage", "fever": "Fever",
    "hypotension": "Hypotension", "hypoxia": "Hypoxia", "compression_symptoms": "Compression", "cytokine_rise": "Cytokines rising",
    "bcr_abl_is": "BCR-ABL (IS)", "antibiotic": "Antibiotic", "sedation": "Sedated by drugs", "leukocytes": "Leukocytes",
    "neutrophils": "Neutrophils", "lymphocytes": "Lymphocytes", "monocytes": "Monocytes", "eosinophils": "Eosinophils",
    "basophils": "Basophils", "platelets": "Platelets", "marrow_blasts": "Blasts in marrow", "bilirubin_total": "Bilirubin",
    "bilirubin_direct": "Direct bilirubin", "creatine_kinase": "Creatine kinase", "mrd": "Minimal residual disease",
    "haemophagocytosis": "Haemophagocytosis", "imaging": "Imaging", "intrathecal_dexamethasone": "Dexamethasone, intrathecal",
    "death": "Death", "response": "Response", "discharge": "Discharge",
}


def short_title(name: str) -> str:
    """The concept's name where there is little room."""
    return _SHORT.get(name) or CONCEPTS[name].title.split(",")[0]
