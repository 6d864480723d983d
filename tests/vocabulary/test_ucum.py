"""UCUM: every unit in use here is read in its UCUM code and converted as UCUM converts it.

The definitions, the functional tests and the table of examples are UCUM's own; ``vocabulary.ucum`` is a reader of them that knows
nothing of Tocsin.  Two values of Tocsin are decisions and differ: 13.595 mmH2O in 1 mmHg (UCUM 13.59509).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest

from tocsin.errors import VocabularyError
from tocsin.vocabulary import CONCEPTS, Concept, unit_key
from vocabulary.ucum import NotUcumError, Ucum

# The UCUM code of every accepted unit; where a unit is not a UCUM unit, what UCUM writes in braces.
CODES: dict[str, tuple[str, ...]] = {
    "degC": ("Cel",), "degF": ("[degF]",), "/min": ("/min", "1/min", "{beats}/min", "{breaths}/min"), "mmHg": ("mm[Hg]",), "kPa": ("kPa",),
    "%": ("%",), "fraction": ("{fraction}",), "kg": ("kg",), "g": ("g",), "lb": ("[lb_av]",), "cm": ("cm",), "m": ("m",), "mm": ("mm",),
    "in": ("[in_i]",), "mL/h": ("mL/h",), "mL/kg/h": ("mL/kg/h", "mL/(kg.h)"), "L/d": ("L/d", "L/(24.h)"), "mL/d": ("mL/d", "mL/(24.h)"),
    "L/min": ("L/min", "L.min-1"), "mL/min": ("mL/min",), "L/h": ("L/h",), "1": ("1",), "cmH2O": ("cm[H2O]",), "mmH2O": ("mm[H2O]",),
    "mbar": ("mbar",), "hPa": ("hPa",), "10^9/L": ("10*9/L", "10*9.L-1"), "10^3/uL": ("10*3/uL", "10*3/mm3", "10*3.{cells}/uL"), "G/L": ("10*9/L",),
    "e9/L": ("10*9/L",), "10^6/L": ("10*6/L",), "10^6/mL": ("10*6/mL",), "10^3/mL": ("10*3/mL",), "/uL": ("/uL", "{cells}/uL", "{#}/uL"),
    "/L": ("/L",), "mL/min/1.73m2": ("mL/min/{1.73_m2}", "mL/(min.{1.73_m2})"), "pH": ("[pH]",), "units": ("[pH]",), "INR": ("{INR}",),
    "ratio": ("{ratio}",), "(no units)": ("1",), "": ("1",), "s": ("s",), "min": ("min",), "U/dL": ("U/dL", "[IU]/dL"),
    "U/mL": ("U/mL", "[IU]/mL", "[iU]/mL"), "U/L": ("U/L", "[IU]/L", "[iU]/L"), "mU/mL": ("mU/mL", "m[IU]/mL"), "kU/L": ("kU/L", "k[IU]/L"),
    "ukat/L": ("ukat/L",), "nkat/L": ("nkat/L",), "umol/L": ("umol/L", "umol.L-1"), "mmol/L": ("mmol/L", "mmol.L-1"), "pmol/L": ("pmol/L",),
    "mEq/L": ("meq/L",), "copies/ug": ("{copies}/ug",), "copies/ug DNA": ("{copies}/ug{DNA}",), "copies/ng": ("{copies}/ng",),
    "points": ("{points}", "{score}"), "point": ("{points}",), "score": ("{score}",), "grade": ("{grade}",),
    "U/min": ("U/min", "[iU]/min"), "U/h": ("U/h", "[IU]/h"), "mU/min": ("mU/min",), "U/kg/min": ("U/kg/min", "U/(kg.min)"),
    "U/kg/h": ("U/kg/h", "[IU]/(kg.h)"), "mU/kg/min": ("mU/kg/min",), "mU/kg/h": ("m[IU]/(kg.h)",), "U": ("U", "[IU]", "[iU]"), "kU": ("kU", "k[IU]"),
    "U/kg": ("U/kg", "[IU]/kg"), "unit": ("{unit}",), "mL": ("mL",), "L": ("L",), "mL/kg": ("mL/kg",), "cells": ("{cells}",), "cells/kg": ("{cells}/kg",),
    **{f"{top}/{below}": (f"{top}/{below}",) for top in ("g", "mg", "ug", "ng", "pg") for below in ("dL", "L", "mL")},
    **{f"{top}/{below} {kind}": (f"{top}{{{kind}}}/{below}", f"{top}/{below}{{{kind}}}") for top in ("ng", "ug", "mg") for below in ("mL", "L", "dL")
       for kind in ("FEU", "DDU")},
    **{f"10^{n} cells": (f"10*{n}.{{cells}}", f"10*{n}") for n in range(5, 10)},
    **{f"10^{n} cells/kg": (f"10*{n}.{{cells}}/kg", f"10*{n}/kg") for n in range(5, 10)},
    **{top: (top,) for top in ("mg", "ug")}, **{f"{top}/kg": (f"{top}/kg",) for top in ("g", "mg", "ug")},
    **{f"{top}/{time}": (f"{top}/{time}",) for top in ("g", "mg", "ug", "ng") for time in ("min", "h", "d")},
    **{f"{top}/kg/{time}": (f"{top}/kg/{time}", f"{top}/(kg.{time})", f"{top}.kg-1.{time}-1") for top in ("g", "mg", "ug", "ng") for time in ("min", "h", "d")},
}
# Valid UCUM codes that mean something else there, and are written by people for what we read: F is farad, S siemens.
OTHERWISE = {"F", "S"}
# Not UCUM, and read all the same: people write them, and they can mean nothing else.
TOLERATED = {"iU"}
DECISIONS = 1e-5  # relative: 13.595 mmH2O in 1 mmHg
PRESSURES = {"mmHg", "mmH2O", "cmH2O", "mbar", "hPa"}


# Of the same dimensions and size as an accepted unit, and of another thing: no record gives one of these concepts so.
OTHER_QUANTITIES = {
    "/mg", "J/L", "fmol/mL", "kg/m3", "mg/m3", "ug/m3", "mU/g", "mU/mL", "meq/min", "meq/L", "mmol/min", "mol/m3", "mosm/L", "ng/mg/h", "nmol/mL",
    "nmol/mL/min", "nmol/min/mL", "nmol/s/L", "pt", "ueq/L", "ueq/mL", "ug/mL", "umol/mL", "umol/min", "umol/mL/min", "umol/min/L",
}


def round_(factor: float) -> float:
    return float(f"{factor:.9e}")


@pytest.fixture(scope="module")
def folder(shared_data) -> Path:
    return shared_data("ucum")


@cache
def ucum(folder: Path) -> Ucum:
    return Ucum(folder / "ucum-essence.xml")


@cache
def functional(folder: Path) -> ET.Element:
    return ET.parse(folder / "UcumFunctionalTests.xml").getroot()


@cache
def examples(folder: Path) -> tuple[str, ...]:
    """The codes of UCUM's table of examples."""
    rows = openpyxl.load_workbook(folder / "TableOfExampleUcumCodes.xlsx", read_only=True).worksheets[0].iter_rows(min_row=3, values_only=True)
    return tuple(str(row[1]) for row in rows if row[0] and row[1])


@cache
def cases(folder: Path) -> dict[str, bool]:
    """The codes of UCUM's validation tests, and whether each is valid."""
    return {case.attrib["unit"]: case.attrib["valid"] == "true" for case in functional(folder).find("validation").iter("case")}


def measured() -> list[Concept]:
    return [one for one in CONCEPTS.values() if one.unit is not None]


def read_as(one: Concept, code: str) -> str | None:
    """The accepted unit that the concept takes this spelling for."""
    try:
        one.conversion(code)
    except VocabularyError:
        return None
    return code if code in one.units else next(unit for unit in one.units if unit_key(unit) == unit_key(code))


def comparable(code: str) -> str:
    """An international unit as a catalytic one: UCUM keeps them apart, laboratories and Tocsin do not."""
    return code.replace("[IU]", "U").replace("[iU]", "U")


def test_the_reader_of_ucum_passes_ucums_own_tests(folder):
    """The judge is judged first: all validation and conversion cases."""
    assert len(cases(folder)) > 400
    for code, valid in cases(folder).items():
        try:
            ucum(folder).parse(code)
            read = True
        except NotUcumError:
            read = False
        assert read == valid, code
    conversions = list(functional(folder).find("conversion").iter("case"))
    assert len(conversions) == 30
    for case in conversions:
        source, target = ucum(folder).parse(case.attrib["srcUnit"]), ucum(folder).parse(case.attrib["dstUnit"])
        digits = len(case.attrib["outcome"].lower().partition("e")[0].replace(".", "").lstrip("0"))
        assert source.dimensions == target.dimensions
        assert float(case.attrib["value"]) * source.factor / target.factor == pytest.approx(float(case.attrib["outcome"]), rel=5 * 10.0**-min(digits, 12))


def test_every_accepted_unit_of_every_concept_has_a_ucum_code():
    assert {unit for one in measured() for unit in one.units} - set(CODES) == set()


@pytest.mark.parametrize("name", [one.name for one in measured()])
def test_every_unit_of_a_concept_is_read_in_its_ucum_code(name):
    one = CONCEPTS[name]
    for unit, step in one.units.items():
        for code in CODES[unit]:
            if code == "[pH]" and name != "ph":
                continue
            assert one.conversion(code) == step, (unit, code)
            assert one.conversion(code.upper()) == step, (unit, code.upper())


def pairs(folder: Path) -> Iterator[tuple[Concept, str, str, float, float]]:
    """Pairs of units of one concept with the same dimensions: their ratio here, and by UCUM."""
    for one in measured():
        groups: dict[object, list[tuple[str, float]]] = {}
        for unit, step in one.units.items():
            if "DDU" in unit or "FEU" in unit or unit == "mEq/L":  # two standards of one assay; a valence, which UCUM does not know
                continue
            quantity = ucum(folder).parse(comparable(CODES[unit][0]))
            if not quantity.special:
                groups.setdefault((quantity.dimensions, step.per_kg, step.over_kg), []).append((unit, quantity.factor))
        for group in groups.values():
            for (unit, factor), (other, other_factor) in pairwise(group):
                yield one, unit, other, one.units[unit].factor / one.units[other].factor, factor / other_factor


def test_units_of_one_dimension_convert_as_ucum_converts_them(folder):
    wrong, seen = [], set()
    for one, unit, other, ours, theirs in pairs(folder):
        seen.add((unit, other))
        if ours != pytest.approx(theirs, rel=DECISIONS if {unit, other} & PRESSURES else 1e-12):
            wrong.append((one.name, unit, other, ours, theirs))
    assert wrong == []
    assert len(seen) > 60


@pytest.mark.parametrize(("unit", "celsius"), [("Cel", 38.0), ("[degF]", 100.4)])
def test_degrees_are_converted_by_their_function(unit, celsius):
    """UCUM: Cel is K - 273.15, [degF] is 9/5 K - 459.67."""
    assert CONCEPTS["temperature"].conversion(unit).to_canonical(celsius) == 38.0


def test_every_ucum_code_that_is_read_is_the_quantity_that_it_is_in_ucum(folder):
    """Of the validation tests and the table of examples: what is read is read rightly, for every concept."""
    codes = {code for code, valid in cases(folder).items() if valid} | set(examples(folder))
    read, wrong = set(), []
    for code in sorted(codes):
        for one in measured():
            unit = read_as(one, code)
            if unit is None or code in OTHERWISE or unit in ("G/L", "unit", "units", "pH"):
                continue  # giga per litre, a bag, and a pH are no units of UCUM in these spellings; a blood count is never in grams
            read.add(code)
            if code == "Torr":  # in the table of examples, not in the definitions
                assert unit == "mmHg"
                continue
            ours, theirs = ucum(folder).parse(comparable(code)), ucum(folder).parse(comparable(CODES[unit][0]))
            if ours.dimensions != theirs.dimensions or ours.factor != pytest.approx(theirs.factor, rel=1e-12):
                wrong.append((one.name, code, unit))
    assert wrong == []
    assert len(read) > 140


def test_every_code_of_ucums_tables_for_an_accepted_unit_is_read(folder):
    """A code of the tables that is the very quantity of an accepted unit, written in another way, is not refused."""
    refused, read = set(), set()
    codes = {code for code, valid in cases(folder).items() if valid} | {code for code in examples(folder) if "." not in code or "(" in code}
    for one in measured():
        accepted = {(q.dimensions, round_(q.factor)) for unit in one.units if not (q := ucum(folder).parse(CODES[unit][0])).special and q.dimensions}
        for code in codes:
            try:
                quantity = ucum(folder).parse(code)
            except NotUcumError:
                continue
            if (quantity.dimensions, round_(quantity.factor)) in accepted and "{" not in code.replace("{body_wt}", ""):
                (refused if read_as(one, code) is None else read).add(code)
    assert refused - OTHER_QUANTITIES == set()
    assert len(read) > 90
    assert OTHER_QUANTITIES - refused == set()


def test_what_ucum_refuses_is_refused(folder):
    invalid = [code for code, valid in cases(folder).items() if not valid]
    assert len(invalid) > 30
    accepted = {code for code in invalid for one in measured() if read_as(one, code) is not None}
    assert accepted == TOLERATED


@pytest.mark.parametrize(
    ("name", "code"),
    [("urine_output", "mL/(8.h)"), ("urine_output", "mL/12h"), ("troponin_t", "g.m"), ("leukocytes", "10*12/L"), ("leukocytes", "10*-3/uL"),
     ("alt", "U/(24.h)"),
     ("norepinephrine", "ug/m2/min"), ("dexamethasone", "mg/m2"), ("lactate", "mmol/(8.h)"), ("creatinine", "mol/L"), ("oxygen_flow", "L/s"),
     ("temperature", "K"), ("crp", "mg"), ("d_dimer", "ug/g"), ("weight", "[oz_av]")],
)
def test_a_unit_of_something_else_is_refused(name, code):
    with pytest.raises(VocabularyError, match="is not measured in"):
        CONCEPTS[name].conversion(code)


@pytest.mark.parametrize(
    ("name", "spelling", "unit"),
    [("lactate", "mmol L-1", "mmol/L"), ("lactate", "mmol·L⁻¹", "mmol/L"), ("norepinephrine", "µg·kg⁻¹·min⁻¹", "ug/kg/min"), ("haemoglobin", "g%", "g/dL"),
     ("platelets", "10^9 L-1", "10^9/L"), ("leukocytes", "10*3.{cells}/uL", "10^3/uL"), ("egfr", "mL/min/1.73 m2", "mL/min/1.73m2"), ("heparin", "I.U.", "U"),
     ("sodium", "mEq.", None), ("vasopressin", "units/hour", "U/h"), ("ph", "units", "1"), ("weight", "lbs.", "lb"), ("height", "Inch", "in")],
)
def test_other_ways_to_write_a_unit(name, spelling, unit):
    one = CONCEPTS[name]
    if unit is None:
        with pytest.raises(VocabularyError):
            one.conversion(spelling)
    else:
        assert one.conversion(spelling) == one.units[unit]
