"""What records write for an oxygen device: the intended class, with flow and FiO2, or a refusal by name; never silence."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from tocsin.sources.values import Meaning, Problem, interpret
from tocsin.vocabulary import CONCEPTS, DEVICE_CODES

DEVICE = CONCEPTS["oxygen_device"]

# What CLIF-MIMIC and MIMIC-IV (item 226732) chart, and what it means here; where CLIF's category says more than the words do, why not.
CHARTED = {
    "Nasal cannula": "nasal_cannula",
    "Oxymizer": "nasal_cannula",  # a cannula with a reservoir; CLIF: face mask
    "High flow nasal cannula": "high_flow_nasal_cannula",
    "Medium conc mask": "simple_mask",
    "Venti mask": "venturi_mask",
    "Non-rebreather": "non_rebreather",
    "Face tent": "face_tent",
    "CPAP mask": "cpap",
    "Bipap mask": "bipap",
    "BiPAP/CPAP": "noninvasive_ventilation",
    "Respironics BiPAP": "bipap",
    "Endotracheal tube": "invasive_ventilation",
    "Tracheostomy tube": "oxygen_unspecified",  # with or without a ventilator; CLIF: IMV
    "Trach mask": "oxygen_unspecified",
    "T-piece": "oxygen_unspecified",  # breathing without a ventilator; CLIF: IMV
    "Aerosol-cool": "oxygen_unspecified",  # by mask, tent or tracheostomy; CLIF: face mask, to be discussed
    "High flow neb": "oxygen_unspecified",  # CLIF: high flow, to be discussed
    "Ultrasonic neb": "oxygen_unspecified",
    "Vapomist": "oxygen_unspecified",
    "Other": "oxygen_unspecified",
}
# Names of the coded devices (SNOMED CT and OMOP), as exports show them beside the code.
NAMES_OF_CODES = {
    "Oxygen nasal cannula": "nasal_cannula", "Basic nasal oxygen cannula": "nasal_cannula", "High flow oxygen nasal cannula": "high_flow_nasal_cannula",
    "Heated humidified high flow": "high_flow_nasal_cannula", "Oxygen mask": "simple_mask", "Blow-by oxygen mask": "blow_by",
    "Nonrebreather oxygen mask": "non_rebreather", "Non-rebreathing oxygen face mask": "non_rebreather", "Partial rebreathing mask": "partial_rebreather",
    "Venturi mask": "venturi_mask", "Face tent": "face_tent", "Face tent oxygen delivery device": "face_tent", "CPAP/BPAP mask": "noninvasive_ventilation",
    "BiPAP oxygen nasal cannula": "bipap", "Noninvasive positive pressure ventilation": "noninvasive_ventilation",
    "Continuous positive airway pressure": "cpap", "Ventilator": "invasive_ventilation", "Mechanical ventilator": "invasive_ventilation",
    "Intubation": "invasive_ventilation",
}
# Makes of ventilators stand beside the devices in one file: a machine that also blows a mask says no class.
REFUSED = {"Drager", "Hamilton", "Avea", "PB 7200", "Sensor Medic (HFO)"}

WITH_FLOW = [
    ("NC 4L", "nasal_cannula", 4, None), ("NC4L", "nasal_cannula", 4, None), ("NC@4L", "nasal_cannula", 4, None), ("6LNC", "nasal_cannula", 6, None),
    ("2L NC", "nasal_cannula", 2, None), ("2 L/min via nasal cannula", "nasal_cannula", 2, None), ("nasal cannula 2 lpm", "nasal_cannula", 2, None),
    ("Nasal cannula, 3L", "nasal_cannula", 3, None), ("Nasal prongs 2L/min", "nasal_cannula", 2, None), ("NC 0.5 L", "nasal_cannula", 0.5, None),
    ("NC 6,1 L/min", "nasal_cannula", 6.1, None), ("O2 via NC at 3L", "nasal_cannula", 3, None), ("LFNC 1L", "low_flow_nasal_cannula", 1, None),
    ("HFNC 40L/60%", "high_flow_nasal_cannula", 40, (60, "%")), ("HFNC 40 L/min FiO2 0.6", "high_flow_nasal_cannula", 40, (0.6, "fraction")),
    ("HFNC FiO2 60% 40L/min", "high_flow_nasal_cannula", 40, (60, "%")), ("Vapotherm 30 LPM 45 %", "high_flow_nasal_cannula", 30, (45, "%")),
    ("OptiFlow 60 L/min 50%", "high_flow_nasal_cannula", 60, (50, "%")), ("High-flow 40 LPM/40%", "high_flow_nasal_cannula", 40, (40, "%")),
    ("Venti mask 40%", "venturi_mask", None, (40, "%")), ("FM 10 L", "simple_mask", 10, None), ("face mask 50%", "simple_mask", None, (50, "%")),
    ("NRB 15L", "non_rebreather", 15, None), ("non-rebreather @15L", "non_rebreather", 15, None), ("15LNRB", "non_rebreather", 15, None),
    ("trach collar 28%", "oxygen_unspecified", None, (28, "%")), ("4L", "oxygen_unspecified", 4, None), ("on 5 liters", "oxygen_unspecified", 5, None),
    ("oxygen 3 L/min", "oxygen_unspecified", 3, None), ("NIV FiO2 0.5", "noninvasive_ventilation", None, (0.5, "fraction")),
    ("BiPAP 12/5 40%", "bipap", None, (40, "%")), ("CPAP 8 cmH2O", "cpap", None, None), ("CPAP 5", "cpap", None, None),
    ("BiPAP 15 L/min", "bipap", 15, None), ("intubated, FiO2 40%", "invasive_ventilation", None, (40, "%")),
]
NOT_UNDERSTOOD = [
    "HFNC 40/60", "Ventimask 0.35", "NC 4 L/min, SpO2 94%", "vent AC 14/450/5/40%", "weaned", "NC or mask", "SpO2 94%", "94%", "nebuliser treatment", "4",
    "no change", "see note", "CPAP 5/40%x",
]


def read(text: str) -> list[Meaning] | Problem:
    answer = interpret("oxygen_device", None, None, text, ".")
    assert isinstance(answer, list | Problem)
    return answer


def device(text: str) -> str | None:
    """The class of a text; None when it is refused, and then the refusal names it."""
    answer = read(text)
    if isinstance(answer, Problem):
        assert repr(text) in answer.what
        return None
    return next(m.text for m in answer if m.concept == "oxygen_device")


@pytest.mark.parametrize(("text", "value"), CHARTED.items())
def test_a_charted_device_has_its_class_with_and_without_blanks_around_it(text, value):
    assert device(text) == device(f" {text} ") == device(text.upper()) == value


@pytest.mark.parametrize(("text", "value"), NAMES_OF_CODES.items())
def test_the_name_beside_a_code_has_the_class_of_the_code(text, value):
    assert device(text) == value


@pytest.mark.parametrize("text", sorted(REFUSED))
def test_the_make_of_a_ventilator_is_refused_by_name(text):
    assert device(text) is None


def test_every_device_of_the_clif_demonstration_is_known_here(shared_data):
    folder = shared_data("mimic4demo_clif") / "clif30"
    texts = pl.read_parquet(folder / "clif_respiratory_support.parquet", columns=["device_name"])["device_name"].drop_nulls().str.strip_chars().unique()
    assert len(texts) > 10
    assert set(texts) - set(CHARTED) == set()


def test_every_device_of_clifs_mapping_of_mimic_is_known_here(shared_data):
    with (shared_data("mimic_mappings") / "clif__device_category.csv").open(encoding="utf-8", newline="") as handle:
        texts = {row["device_name"].strip() for row in csv.DictReader(handle) if row["device_name"]}
    assert len(texts) > 20
    assert texts == set(CHARTED) | REFUSED


def test_the_examples_of_every_clif_category_are_read_as_that_category_or_refused(shared_data):
    """CLIF's own examples of names; what reads as another class than its category is written down here."""
    meant = {
        "IMV": {"invasive_ventilation"}, "NIPPV": {"bipap", "noninvasive_ventilation"}, "CPAP": {"cpap"}, "High Flow NC": {"high_flow_nasal_cannula"},
        "Face Mask": {"simple_mask", "non_rebreather"}, "Trach Collar": {"oxygen_unspecified"}, "Nasal Cannula": {"nasal_cannula", "low_flow_nasal_cannula"},
        "Room Air": {"room_air"}, "Other": {"oxygen_unspecified", "venturi_mask"},
    }
    with (shared_data("clif_vocab") / "clif_respiratory_support_device_categories.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["device_category"] for row in rows} == set(meant)
    for row in rows:
        assert device(row["device_category"]) in meant[row["device_category"]]
        for name in row["device_name_examples"].split(", "):
            assert device(name) in meant[row["device_category"]] or name == "NC 1-6L", name  # a range of flows is no flow
    assert device("NC 1-6L") is None


@pytest.mark.parametrize(("text", "value", "flow", "fio2"), WITH_FLOW, ids=[text for text, *_ in WITH_FLOW])
def test_flow_and_fio2_are_read_out_of_the_words(text, value, flow, fio2):
    answer = read(text)
    assert not isinstance(answer, Problem), answer
    found = {m.concept: m for m in answer}
    assert found["oxygen_device"].text == value
    assert (found["oxygen_flow"].number if "oxygen_flow" in found else None) == flow
    assert ((found["fio2"].number, found["fio2"].unit) if "fio2" in found else None) == fio2
    assert set(found) == {"oxygen_device"} | ({"oxygen_flow"} if flow else set()) | ({"fio2"} if fio2 else set())
    assert found["oxygen_device"].extra == text  # the words of the source are kept


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_words_that_leave_a_doubt_are_refused_and_not_guessed(text):
    assert device(text) is None


def test_every_alias_and_every_coded_device_is_read():
    for text, value in DEVICE.value_aliases.items():
        assert device(text) == value
    assert set(DEVICE_CODES) <= set(DEVICE.values)
