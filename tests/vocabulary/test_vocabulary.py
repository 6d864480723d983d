"""The vocabulary: its codes are real, its units exact, its names clear."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import UnknownIdError, VocabularyError
from tocsin.vocabulary import (
    ANTICYTOKINE,
    CAR_T_PRODUCTS,
    CONCEPTS,
    CORTICOSTEROIDS,
    DEVICE_CODES,
    GROUPS,
    VASOPRESSIN_LIKE,
    VASOPRESSORS,
    Concept,
    Conversion,
    Domain,
    Kind,
    concept,
    find,
    unit_key,
    value_key,
)
from tocsin.vocabulary.findings import CONDITION_CODES
from tocsin.vocabulary.respiratory import OXYGEN_DEVICES

ALL = list(CONCEPTS.values())
each = pytest.mark.parametrize("one", ALL, ids=[c.name for c in ALL])

# ---------------------------------------------------------------- codes


def loinc_is_valid(code: str) -> bool:
    """LOINC check digit: mod 10 (Luhn), the rightmost digit of the number being doubled."""
    number, _, check = code.partition("-")
    if not (number.isdigit() and check.isdigit() and len(check) == 1):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return (10 - total % 10) % 10 == int(check)


_D5 = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
_PERMUTATION = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
]


def snomed_is_valid(code: str) -> bool:
    """SNOMED CT check digit: Verhoeff."""
    if not (code.isdigit() and 6 <= len(code) <= 18):
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = _D5[check][_PERMUTATION[place % 8][int(digit)]]
    return check == 0


def test_the_validators_refuse_a_changed_digit() -> None:
    """8310-5 (body temperature) and 386661006 (fever) are real; a neighbour of each is not."""
    assert loinc_is_valid("8310-5")
    assert not loinc_is_valid("8310-6")
    assert not loinc_is_valid("8301-5")
    assert snomed_is_valid("386661006")
    assert not snomed_is_valid("386661007")
    assert not snomed_is_valid("386616006")


LOINC = sorted({(c.name, code) for c in ALL for code in c.loinc})
SNOMED = sorted(
    {(c.name, code) for c in ALL for code in c.snomed}
    | {(value, code) for value, (codes, _) in DEVICE_CODES.items() for code in codes}
    | {(name, code) for name, (code, _) in CONDITION_CODES.items()}
)


@pytest.mark.parametrize(("name", "code"), LOINC)
def test_every_loinc_code_passes_its_check_digit(name: str, code: str) -> None:
    """A mistyped LOINC code fails its mod-10 check digit."""
    assert loinc_is_valid(code), (name, code)


@pytest.mark.parametrize(("name", "code"), SNOMED)
def test_every_snomed_code_passes_its_check_digit(name: str, code: str) -> None:
    """A mistyped SNOMED CT code fails its Verhoeff check digit."""
    assert snomed_is_valid(code), (name, code)


def test_no_code_stands_for_two_concepts() -> None:
    """Looking a code up gives one concept."""
    for kind in ("loinc", "rxnorm", "omop", "snomed", "clif"):
        codes = [code for c in ALL for code in getattr(c, kind)]
        assert len(codes) == len(set(codes)), kind
    devices = [code for snomed, omop in DEVICE_CODES.values() for code in (*snomed, *omop)]
    assert len(devices) == len(set(devices))


def test_wrong_codes_of_public_repositories_are_not_here() -> None:
    """Wrong codes met in public repositories: each code stands where it belongs or nowhere."""

    def owners(code: str) -> list[str]:
        return [c.name for c in ALL if code in (*c.loinc, *c.rxnorm)]

    assert owners("26881-3") == ["il6"]  # seen labelled procalcitonin
    assert owners("33762-6") == ["nt_probnp"]  # seen labelled IL-1beta
    assert owners("3074-2") == ["tnf_alpha"]  # seen labelled fibrinogen
    assert owners("3236-2") == []  # seen as TNF-alpha
    assert not loinc_is_valid("3236-2")
    assert owners("7980") == []
    assert owners("7512") == ["norepinephrine"]
    for without in ("sil2r", "csf_il6", "mcp1"):
        assert not concept(without).loinc


def test_custom_cure_id_devices_are_not_here() -> None:
    """CURE ID's own ids for CPAP and BiPAP mean nothing elsewhere."""
    assert not {2004208006, 2004208007, 2004208008} & {code for _, omop in DEVICE_CODES.values() for code in omop}


def test_device_codes_are_devices_and_car_t_products_are_coded() -> None:
    """Each coded device is a value; each product's code is among those of the infusion."""
    assert set(DEVICE_CODES) <= set(OXYGEN_DEVICES)
    assert {rxnorm for rxnorm, _ in CAR_T_PRODUCTS.values()} == set(concept("car_t_infusion").rxnorm)


# ---------------------------------------------------------------- names


@each
def test_every_name_title_and_alias_means_one_concept(one: Concept) -> None:
    """Also in capitals, and with underscores, hyphens or slashes for blanks."""
    for text in (one.name, one.title, *one.aliases):
        for spelling in (text, text.upper(), text.lower(), text.replace(" ", "_"), text.replace("_", "-"), f" {text} "):
            assert find(spelling) is one, spelling


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("T", "temperature"),
        ("temp", "temperature"),
        ("SBP", "systolic_bp"),
        ("Blood pressure/systolic", "systolic_bp"),
        ("MAP", "mean_arterial_pressure"),
        ("NE", "norepinephrine"),
        ("Noradrenaline", "norepinephrine"),
        ("toci", "tocilizumab"),
        ("Actemra", "tocilizumab"),
        ("MP", "methylprednisolone"),
        ("dex", "dexamethasone"),
        ("IL-6", "il6"),
        ("IL6", "il6"),
        ("TNF-a", "tnf_alpha"),
        ("TNF-α", "tnf_alpha"),
        ("IFN-γ", "ifn_gamma"),
        ("sCD25", "sil2r"),
        ("PLT", "platelets"),
        ("WBC", "leukocytes"),
        ("Hb", "haemoglobin"),
        ("hemoglobin", "haemoglobin"),
        ("ANC", "neutrophils"),
        ("FiO2", "fio2"),
        ("D-dimer", "d_dimer"),
        ("NT-proBNP", "nt_probnp"),
        ("cerebral edema", "cerebral_oedema"),
        ("ICE", "ice_score"),
        ("CAPD", "capd_score"),
        ("paracetamol", "acetaminophen"),
        ("FFP", "fresh_frozen_plasma"),
        ("GM-CSF", "gm_csf"),
        ("G-CSF", "filgrastim"),
        ("pressors", "vasopressor"),
        ("CRS grade", "reported_crs_grade"),
    ],
)
def test_what_clinicians_write_is_understood(text: str, name: str) -> None:
    """Abbreviations, brands and both spellings of English."""
    assert find(text) is concept(name)


@pytest.mark.parametrize("text", ["", "Na", "flu", "CTX", "urea", "LD", "PE", "pred", "O2"])
def test_what_could_be_two_things_is_not_guessed(text: str) -> None:
    """Influenza or fludarabine, ceftriaxone or cyclophosphamide, urea or urea nitrogen: nobody is chosen."""
    assert find(text) is None


def test_an_unknown_name_offers_the_nearest() -> None:
    """The message names what was probably meant."""
    with pytest.raises(UnknownIdError, match="temperature"):
        concept("temperatur")


def test_the_table_cannot_be_changed() -> None:
    """Nobody adds to the vocabulary by accident."""
    with pytest.raises(TypeError):
        CONCEPTS["new"] = concept("weight")  # type: ignore[index]


# ---------------------------------------------------------------- values


@each
def test_every_coded_value_and_alias_is_understood(one: Concept) -> None:
    """Aliases are stored in their plain form, and no two point to different values."""
    if one.values:
        assert len(set(one.values)) == len(one.values)
        if len(one.values) == 1:
            pytest.fail("a single value tells nothing")
    for value in one.values:
        assert one.coded_value(value) == value == one.coded_value(value.upper().replace("_", "-"))
    for alias, value in one.value_aliases.items():
        assert alias == alias.lower()
        assert one.coded_value(alias) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("HFNC", "high_flow_nasal_cannula"),
        ("HFNO", "high_flow_nasal_cannula"),
        ("High Flow NC", "high_flow_nasal_cannula"),
        ("High-flow nasal cannula", "high_flow_nasal_cannula"),
        ("hfnc", "high_flow_nasal_cannula"),
        ("NRB", "non_rebreather"),
        ("Non-rebreather", "non_rebreather"),
        ("RA", "room_air"),
        ("Room Air", "room_air"),
        ("None", "room_air"),
        ("ventilator", "invasive_ventilation"),
        ("Intubated", "invasive_ventilation"),
        ("ETT", "invasive_ventilation"),
        ("IMV", "invasive_ventilation"),
        ("Endotracheal tube", "invasive_ventilation"),
        ("mechanical ventilation", "invasive_ventilation"),
        ("NIPPV", "noninvasive_ventilation"),
        ("NIV", "noninvasive_ventilation"),
        ("CPAP", "cpap"),
        ("CPAP mask", "cpap"),
        ("BiPAP", "bipap"),
        ("BPAP", "bipap"),
        ("Bipap mask", "bipap"),
        ("Face Mask", "simple_mask"),
        ("face_mask", "simple_mask"),
        ("facemask", "simple_mask"),
        ("Venti mask", "venturi_mask"),
        ("Venturi mask", "venturi_mask"),
        ("Face tent", "face_tent"),
        ("Blow-by", "blow_by"),
        ("blow-by oxygen mask", "blow_by"),
        ("nc", "nasal_cannula"),
        ("Nasal Cannula", "nasal_cannula"),
        ("Trach Collar", "oxygen_unspecified"),
        ("Other", "oxygen_unspecified"),
        ("SupplementalOxygen", "oxygen_unspecified"),
    ],
)
def test_devices_are_understood(text: str, value: str) -> None:
    """CLIF categories, MIMIC-IV charted words and what is written in case reports."""
    assert concept("oxygen_device").coded_value(text) == value


def test_blow_by_is_not_a_mask_and_a_collar_is_not_a_ventilator() -> None:
    """Blow-by is grade 2 although its name says mask; a tracheostomy collar gives no pressure."""
    device = concept("oxygen_device")
    assert device.coded_value("Blow-by oxygen mask") != device.coded_value("oxygen mask")
    assert device.coded_value("trach mask") == "oxygen_unspecified"


def test_degrees_that_are_not_told_are_not_invented() -> None:
    """A seizure, an oedema or a drowsy patient without degree stays without degree."""
    assert concept("seizure").coded_value("yes") == "unspecified"
    assert concept("seizure").coded_value("generalized") == "generalised"  # its length is not told
    assert concept("headache").coded_value("yes") == "present"
    assert concept("cerebral_oedema").coded_value("present") == "unspecified"
    assert concept("consciousness").coded_value("somnolent") == "reduced"
    with pytest.raises(VocabularyError):
        concept("motor_weakness").coded_value("present")


def test_findings_are_present_or_absent() -> None:
    """Every finding has both; hypotension has a third."""
    for one in ALL:
        if one.kind is Kind.FINDING:
            assert one.values[:2] == ("absent", "present")
            assert one.coded_value("Yes") == "present"
            assert one.coded_value("0") == "absent"
    assert concept("hypotension").values == ("absent", "present", "life_threatening")


# ---------------------------------------------------------------- units


@each
def test_every_unit_converts_and_equal_spellings_agree(one: Concept) -> None:
    """The canonical unit converts to itself; units whose spellings fall together have the same factor."""
    if one.unit is not None:
        assert one.conversion(one.unit) == Conversion()
    seen: dict[str, Conversion] = {}
    for unit, step in one.units.items():
        assert one.conversion(unit) == one.conversion(f" {unit.upper()} ") == step
        assert seen.setdefault(unit_key(unit), step) == step, unit


@pytest.mark.parametrize(
    ("name", "value", "unit", "wanted"),
    [
        ("temperature", 100.4, "degF", 38.0),
        ("temperature", 101.3, "°F", 38.5),
        ("temperature", 38.0, "℃", 38.0),
        ("temperature", 98.6, "Fahrenheit", 37.0),
        ("temperature", 37.96, "C", 37.96),
        ("creatinine", 88.4, "umol/L", 1.0),
        ("creatinine", 38.4, "µmol/L", 0.434389140271),
        ("haemoglobin", 92, "g/L", 9.2),
        ("fibrinogen", 1.5, "g/L", 150.0),
        ("crp", 3.0, "mg/dL", 30.0),
        ("ferritin", 10000, "ug/L", 10000.0),
        ("d_dimer", 65.98, "mg/L", 65980.0),
        ("d_dimer", 1.0, "ug/mL FEU", 1000.0),
        ("d_dimer", 500, "ng/mL DDU", 1000.0),
        ("d_dimer_ddu", 1000, "ng/mL{FEU}", 500.0),
        ("procalcitonin", 0.5, "mg/L", 500.0),
        ("leukocytes", 348.43, "10*9/L", 348.43),
        ("neutrophils", 500, "/uL", 0.5),
        ("neutrophils", 500, "cells/mm3", 0.5),
        ("platelets", 35, "K/uL", 35.0),
        ("troponin_t", 14, "ng/L", 0.014),
        ("il6", 5, "ng/mL", 5000.0),
        ("ldh", 1, "ukat/L", 60.0),
        ("fio2", 40, "%", 0.4),
        ("bilirubin_total", 17.104, "umol/L", 1.0),
        ("triglycerides", 1, "mmol/L", 88.57),
        ("urea_nitrogen", 10, "mmol/L", 28.014),
        ("vasopressin", 2.4, "units/hour", 0.04),
        ("vasopressin", 40, "mU/min", 0.04),
        ("norepinephrine", 1.2, "mg/h", 20.0),
        ("fentanyl", 1, "ug/min", 60.0),
        ("terlipressin", 2.4, "mg/d", 0.1),
        ("oxygen_flow", 6.0, "LPM", 6.0),
        ("msc", 1, "x10^6 cells/kg", 1e6),
        ("car_t_infusion", 4.2, "10^6/kg", 4.2e6),
        ("weight", 10, "lbs", 4.5359237),
        ("height", 10, "inches", 25.4),
    ],
)
def test_conversions_are_exact(name: str, value: float, unit: str, wanted: float) -> None:
    """Worked by hand; equality, not nearness: 100.4 degF is fever, so it must be 38.0 and not 37.99999."""
    assert concept(name).conversion(unit).to_canonical(value) == wanted


def test_the_spinal_pressure_of_paper_000() -> None:
    """220 mmH2O is 16.2 mmHg, and 20 mmHg is 272 mmH2O."""
    pressure = concept("csf_pressure")
    assert pressure.conversion("mmH2O").to_canonical(220) == pytest.approx(16.18, abs=0.005)
    assert pressure.conversion("cmH2O").to_canonical(22) == pressure.conversion("mmH2O").to_canonical(220)
    assert pressure.conversion("mmH2O").from_canonical(20) == pytest.approx(271.9, abs=0.01)


def test_rates_and_doses_per_kilogram_need_the_weight() -> None:
    """Vignette 5: 80 kg, 0.25 ug/kg/min is 20 ug/min; dopamine goes the other way."""
    assert concept("norepinephrine").conversion("mcg/kg/min").to_canonical(0.25, 80) == 20.0
    assert concept("norepinephrine").conversion("mg/kg/h").to_canonical(0.015, 80) == 20.0
    assert concept("dopamine").conversion("mg/h").to_canonical(48, 80) == 10.0
    assert concept("dopamine").conversion("ug/kg/min").to_canonical(10) == 10.0
    assert concept("angiotensin_ii").conversion("ug/min").to_canonical(1.6, 80) == 20.0
    assert concept("tocilizumab").conversion("mg/kg").to_canonical(8, 50) == 400.0
    assert concept("fluid_bolus").conversion("mL/kg").to_canonical(10, 20) == 200.0
    assert concept("car_t_infusion").conversion("cells").to_canonical(1e8, 50) == 2e6
    for weight in (None, 0.0, -1.0, float("nan")):
        with pytest.raises(VocabularyError, match="weight_kg"):
            concept("norepinephrine").conversion("ug/kg/min").to_canonical(0.1, weight)


UNITS = sorted((c.name, unit) for c in ALL for unit in c.units)


@given(st.sampled_from(UNITS), st.floats(0.001, 1e6), st.floats(3, 200))
def test_there_and_back_again(which: tuple[str, str], value: float, weight_kg: float) -> None:
    """Showing a stored value in its source unit gives the source value."""
    step = concept(which[0]).conversion(which[1])
    back = step.from_canonical(step.to_canonical(value, weight_kg), weight_kg)
    assert back == pytest.approx(value, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize(
    ("spelling", "plain"),
    [
        ("mcg/kg/min", "ug/kg/min"),
        ("µg/kg/min", "ug/kg/min"),
        ("μg/kg/min", "ug/kg/min"),
        ("ug/min/kg", "ug/kg/min"),
        ("mcg per kg per minute", "ug/kg/min"),
        ("ug/(kg.min)", "ug/kg/min"),
        ("MCG/KG/HR", "ug/kg/h"),
        ("mcg/kg/hour", "ug/kg/h"),
        ("10^9/L", "10*9/L"),
        ("x10^9/L", "10*9/L"),
        ("×10⁹/L", "10*9/L"),
        ("x 10e9/L", "10*9/L"),
        ("10E9/L", "10*9/L"),
        ("10^3/µL\t", "10*3/uL"),
        ("10³/µL", "10*3/uL"),
        ("x10(3)/uL", "10*3/uL"),
        ("K/uL", "10*3/uL"),
        ("10x3/uL", "10*3/uL"),
        ("thousand/uL", "10*3/uL"),
        ("K/mm3", "10*3/uL"),
        ("#/uL", "/uL"),
        ("cells/µL", "/uL"),
        ("1/uL", "/uL"),
        ("°C", "degC"),
        ("C", "degC"),
        ("Celsius", "degC"),
        ("Cel", "degC"),
        ("ºC", "degC"),
        ("deg C", "degC"),
        ("[degF]", "degF"),
        ("mm[Hg]", "mmHg"),
        ("mm Hg", "mmHg"),
        ("mmHg.", "mmHg"),
        ("cm[H2O]", "cmH2O"),
        ("cmH₂O", "cmH2O"),
        ("IU/L", "U/L"),
        ("[IU]/L", "U/L"),
        ("units/hour", "U/h"),
        ("units/min", "U/min"),
        ("I.U.", "U"),
        ("ng/mL FEU", "ng/mL{FEU}"),
        ("ug FEU/mL", "ug/mL FEU"),
        ("beats/min", "/min"),
        ("bpm", "/min"),
        ("insp/min", "/min"),
        ("breaths per minute", "/min"),
        ("sec", "s"),
        ("grams", "g"),
        ("L/minute", "L/min"),
        ("cc", "mL"),
        ("mL/min/1.73 m²", "mL/min/1.73m2"),
        ("mL/min/1.73m^2", "mL/min/1.73m2"),
        ("10^6 cells/kg", "x10^6/kg"),
        ("percent", "%"),
    ],
)
def test_spellings_of_a_unit_fall_together(spelling: str, plain: str) -> None:
    """Case, blanks, micro signs, powers of ten, words, order of denominators."""
    assert unit_key(spelling) == unit_key(plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ug/min", "ug/h"),
        ("ug/min", "ug/kg/min"),
        ("mg/L", "mg/dL"),
        ("ng/mL FEU", "ng/mL DDU"),
        ("ng/mL FEU", "ng/mL"),
        ("10^9/L", "10^6/L"),
        ("10^3/uL", "/uL"),
        ("degC", "degF"),
        ("mmH2O", "cmH2O"),
        ("mmHg", "mmH2O"),
        ("U/min", "mU/min"),
        ("pg/mL", "ng/mL"),
        ("mg/kg", "mg"),
        ("umol/L", "mmol/L"),
        ("mL/min", "mL/min/1.73m2"),
        ("10^6 cells", "10^6 cells/kg"),
        ("cells", "cells/kg"),
        ("mg", "ug"),
        ("mg/m2", "mg"),
        ("1", "%"),
    ],
)
def test_different_units_stay_different(one: str, other: str) -> None:
    """A spelling rule must never join two quantities."""
    assert unit_key(one) != unit_key(other)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("fludarabine", "mg/m2"),
        ("temperature", "K"),
        ("il6", "U/mL"),
        ("crp", "nmol/L"),
        ("sil2r", "pg/mL"),
        ("ck_mb", "U/L"),
        ("tocilizumab", "mL"),
        ("pt", "%"),
        ("hypotension", "mmHg"),
        ("antibiotic", "mg"),
        ("norepinephrine", "mL/h"),
    ],
)
def test_a_unit_that_cannot_be_converted_is_refused(name: str, unit: str) -> None:
    """With the list of those that can."""
    with pytest.raises(VocabularyError, match="not measured in"):
        concept(name).conversion(unit)


# ---------------------------------------------------------------- limits, carry-forward, groups


@each
def test_limits_are_in_order_and_carry_forward_is_stated(one: Concept) -> None:
    """Plausible inside possible; numbers have limits; only doses and statements hold at their instant."""
    if one.kind in (Kind.MEASUREMENT, Kind.INFUSION):
        assert one.possible
        assert one.plausible
        assert one.unit is not None
    if one.possible and one.plausible:
        assert one.possible[0] <= one.plausible[0] < one.plausible[1] <= one.possible[1]
    if one.kind in (Kind.DOSE, Kind.STATEMENT):
        assert one.carry_forward_hours is None
    elif one.kind is Kind.INFUSION:
        assert one.carry_forward_hours == 24
    else:
        assert one.carry_forward_hours
        assert "Carry-forward" in one.note


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("temperature", 6),
        ("systolic_bp", 4),
        ("mean_arterial_pressure", 4),
        ("spo2", 4),
        ("oxygen_device", 12),
        ("oxygen_flow", 12),
        ("fio2", 12),
        ("ferritin", 36),
        ("platelets", 36),
        ("il6", 36),
        ("ice_score", 12),
        ("capd_score", 12),
    ],
)
def test_carry_forward_is_that_of_the_reference(name: str, hours: float) -> None:
    """The carry-forward decisions."""
    assert concept(name).carry_forward_hours == hours


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 41.6),
        ("ferritin", 1e6),
        ("il6", 1e6),
        ("d_dimer", 1e6),
        ("crp", 999),
        ("leukocytes", 1500),
        ("nt_probnp", 16525),
        ("aptt", 180),
        ("ast", 42606),
        ("alt", 61854),
        ("creatinine", 40),
        ("bilirubin_total", 87.2),
        ("fibrinogen", 10),
        ("platelets", 0),
        ("neutrophils", 0),
        ("lvef", 5),
        ("csf_il6", 393.8),
        ("procalcitonin", 1000),
    ],
)
def test_real_extremes_are_possible(name: str, value: float) -> None:
    """Values from the papers and the maxima seen in MIMIC-IV are not quarantined."""
    low, high = concept(name).possible or (1.0, 0.0)
    assert low <= value <= high


def test_a_misread_unit_is_implausible() -> None:
    """Fahrenheit as Celsius, vasopressin per hour as per minute, procalcitonin in the misprinted mg/L."""

    def usual(name: str, value: float) -> bool:
        low, high = concept(name).plausible or (1.0, 0.0)
        return low <= value <= high

    assert not usual("temperature", 98.6)
    assert not usual("vasopressin", 2.4)
    assert not usual("procalcitonin", 500)


def test_groups_hold_what_the_reference_says() -> None:
    """Vasopressin and the inotropes are not counted; an intrathecal steroid is not systemic."""
    assert set(VASOPRESSORS) == {
        "norepinephrine",
        "epinephrine",
        "phenylephrine",
        "dopamine",
        "angiotensin_ii",
        "metaraminol",
    }
    assert VASOPRESSIN_LIKE == ("vasopressin", "terlipressin")
    assert not set(VASOPRESSORS) & {*VASOPRESSIN_LIKE, "dobutamine", "milrinone"}
    assert "intrathecal_dexamethasone" not in CORTICOSTEROIDS
    assert set(ANTICYTOKINE) == {
        "tocilizumab",
        "siltuximab",
        "sarilumab",
        "anakinra",
        "ruxolitinib",
        "baricitinib",
        "emapalumab",
    }
    for name, members in GROUPS.items():
        assert len(set(members)) == len(members), name
        for member in members:
            assert concept(member).domain is Domain.DRUGS


# ---------------------------------------------------------------- the class checks itself


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit": "kg"},
        {"unit": "kg", "units": {"kg": Conversion(2.0)}},
        {"possible": (0.0, 1.0), "plausible": (0.0, 2.0)},
        {"us_unit": "lb"},
        {"value_aliases": {"x": "y"}},
        {"loinc": ("8310-5",)},
        {"code_mark": "V"},
    ],
)
def test_a_concept_built_wrongly_fails_when_built(wrong: dict[str, object]) -> None:
    """At import, not at the bedside."""
    with pytest.raises(VocabularyError):
        Concept("x", "X", Kind.MEASUREMENT, Domain.LABS, **wrong)  # type: ignore[arg-type]


def test_a_state_without_values_and_a_senseless_conversion_fail() -> None:
    """Both are mistakes of the person who writes the table."""
    with pytest.raises(VocabularyError):
        Concept("x", "X", Kind.STATE, Domain.DEVICES)
    with pytest.raises(VocabularyError):
        Conversion(per_kg=True, over_kg=True)
    with pytest.raises(VocabularyError):
        Conversion(0.0)


def test_keys_and_hashes() -> None:
    """A concept can be a key; coded values ignore case and separators."""
    assert {concept("weight"): 1}[concept("weight")] == 1
    assert value_key(" Non-Rebreather_Mask ") == "non rebreather mask"


def test_the_vocabulary_imports_nothing_heavy() -> None:
    """numpy, polars and plotting are not loaded for it."""
    heavy = ["numpy", "numba", "polars", "matplotlib", "typer"]
    code = f"import sys, tocsin.vocabulary; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
