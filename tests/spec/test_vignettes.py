"""The same 22 patients graded by six scales of CRS: where the scales part.

Every input that a vignette does not tell is stated normal.  The grade is that of the last hour.  Where a cell depends on what the
vignette leaves open (how long, how often, for what reason), each way has a chart of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from spec.chart import EVERYTHING
from tocsin.vocabulary import CONCEPTS

SCALES = ("astct-crs-2019", "lee2014-crs", "penn-crs-2018", "mskcc-crs-2018", "ctcae5-crs", "cartox-crs-2018")
NORMAL = {"systolic_bp": "120", "spo2": "98", "oxygen_device": "room_air", "ast": "20", "alt": "20", "bilirubin_total": "0.6",
          "creatinine": "0.8"}
SUPPORT_CHANGES_IT = {"oxygen_device": "spo2"}
COMPLETE = (*EVERYTHING, "findings")


@dataclass(frozen=True)
class Vignette:
    """What is charted, last hour last, and what ASTCT, Lee 2014, Penn, MSKCC, CTCAE v5 and CARTOX make of it."""

    chart: str
    grades: str
    weight: float = 70.0

    def by(self, scale: str) -> str:
        """The grade by one of SCALES."""
        return self.grades.split()[SCALES.index(scale)]


VIGNETTES = {
    "1 fever only": Vignette("hour | temperature\n0 | 39.0", "1 1 1 1 1 1"),
    "1 fever only, admitted for it": Vignette("hour | temperature | admitted_for_crs\n0 | 39.0 | T", "1 1 2 1 1 1"),
    "2 a pressure of 85 that one bolus corrects": Vignette("""
        hour | temperature | systolic_bp | fluid_bolus
        0    | 39          | 85          | T""", "2 2 2 1 2 2"),
    "2 the same with two boluses": Vignette("""
        hour | temperature | systolic_bp | fluid_bolus
        0    | 39          | 85          | T
        1    | 39          | 85          | T""", "2 2 3 1 2 2"),
    "3 norepinephrine 0.03 ug/kg/min for 6 h, 70 kg": Vignette("""
        hour | temperature | norepinephrine
        0    | 39          | 2.1
        5.9  | 39          |
        6    | 39          | 2.1""", "3 2 3 2 3 2"),
    "4 the same for 30 h": Vignette("""
        hour | temperature | norepinephrine | systolic_bp | oxygen_device | spo2
        0    | 39          | 2.1            |             |               |
        12   | 39          | 2.1            |             |               |
        24   | 39          | 2.1            |             |               |
        30   | 39          | 2.1            | 110         | room_air      | 97""", "3 2 3 3 3 2"),
    "5 80 kg, norepinephrine 0.25 ug/kg/min for 4 h": Vignette("""
        hour | temperature | norepinephrine
        0    | 39          | 20
        3.9  | 39          | 20""", "3 3 4 2 3 3", weight=80),
    "6 norepinephrine and vasopressin": Vignette("""
        hour | temperature | norepinephrine | vasopressin
        0    | 39          | 5              | 0.03
        3.9  | 39          | 5              | 0.03""", "3 3 3 2 4 3"),
    "6 the same for 24 h": Vignette("""
        hour | temperature | norepinephrine | vasopressin | systolic_bp | oxygen_device | spo2
        0    | 39          | 5              | 0.03        |             |               |
        12   | 39          | 5              | 0.03        |             |               |
        24   | 39          | 5              | 0.03        | 110         | room_air      | 97""", "3 3 3 3 4 3"),
    "7 norepinephrine and epinephrine": Vignette("""
        hour | temperature | norepinephrine | epinephrine
        0    | 39          | 5              | 2
        3.9  | 39          | 5              | 2""", "4 3 3 2 4 3"),
    "7 the same for 24 h": Vignette("""
        hour | temperature | norepinephrine | epinephrine | systolic_bp | oxygen_device | spo2
        0    | 39          | 5              | 2           |             |               |
        12   | 39          | 5              | 2           |             |               |
        24   | 39          | 5              | 2           | 110         | room_air      | 97""", "4 3 3 3 4 3"),
    "8 nasal cannula at 4 L/min": Vignette(
        "hour | temperature | oxygen_device | oxygen_flow\n0 | 39 | nasal_cannula | 4", "2 2 3 2 2 2"),
    "9 simple mask at 5 L/min, 35%": Vignette(
        "hour | temperature | oxygen_device | oxygen_flow | fio2\n0 | 39 | simple_mask | 5 | 0.35", "3 2 3 2 2 2"),
    "10 high-flow cannula at 40 L/min, 35%": Vignette(
        "hour | temperature | oxygen_device | oxygen_flow | fio2\n0 | 39 | high_flow_nasal_cannula | 40 | 0.35", "3 2 3 2 2 2"),
    "11 high-flow cannula at 40 L/min, 60%": Vignette(
        "hour | temperature | oxygen_device | oxygen_flow | fio2\n0 | 39 | high_flow_nasal_cannula | 40 | 0.60", "3 3 3 3 3 3"),
    "12 BiPAP at 50%": Vignette("hour | temperature | oxygen_device | fio2\n0 | 39 | bipap | 0.50", "4 3 3 3 3 3"),
    "13 intubated for hypoxia": Vignette("hour | temperature | oxygen_device\n0 | 39 | invasive_ventilation", "4 4 4 4 4 4"),
    "14 intubated for coma without hypoxia": Vignette(
        "hour | temperature | oxygen_device | consciousness\n0 | 38.5 | invasive_ventilation@icans | unarousable", "1 1-4 1 1 1 1"),
    "15 AST 13 times the limit": Vignette("hour | temperature | ast\n0 | 39 | 520", "1 3 2 1 1 3"),
    "16 AST 25 times the limit": Vignette("hour | temperature | ast\n0 | 39 | 1000", "1 3 3 1 1 3"),
    "17 creatinine of CTCAE grade 3": Vignette("hour | temperature | creatinine\n0 | 39 | 5.0", "1 3 3 1 1 3"),
    "18 fibrinogen 0.8 g/L (CTCAE grade 3), cryoprecipitate": Vignette(
        "hour | temperature | fibrinogen | cryoprecipitate\n0 | 39 | 80 | T", "1 3 3 1 1 3"),
    "19 36.8 C after tocilizumab for known CRS, low-dose norepinephrine": Vignette("""
        hour | temperature | tocilizumab | norepinephrine | systolic_bp
        0    | 39          | T           |                |
        4    | 36.8        |             | 3              | 110""", "3 2 3 2 3 2"),
    "20 never febrile, no antipyretic, 82 and a bolus": Vignette("""
        hour | temperature | systolic_bp | fluid_bolus
        0    | 36.8        | 82          | T""", "0 2 2 1 2 2"),
    "21 sepsis: fever and norepinephrine attributed to it": Vignette("""
        hour | temperature  | infection | norepinephrine
        0    | 39@infection | T         | 5@infection""", "0 0 0 0 0 0"),
    "21 sepsis: norepinephrine attributed to it, the fever to nothing": Vignette("""
        hour | temperature  | infection | norepinephrine
        0    | 39           | T         | 5@infection""", "1 1 1 1 1 1"),
    "21 sepsis: norepinephrine attributed to it, whether there was fever is not told": Vignette("""
        hour | temperature  | infection | norepinephrine
        0    | ?            | T         | 5@infection""", "0-1 0-1 0-1 0-1 0-1 0-1"),
    "22 home CPAP at its baseline pressure": Vignette("hour | temperature | oxygen_device\n0 | 38.6 | cpap@baseline", "1 1 1 1 1 1"),
}


def drawn(vignette: Vignette, grade: str) -> tuple[str, dict[str, str]]:
    """The chart with the grade at its last hour, and what is stated normal beside it."""
    header, *lines = [line.strip() for line in vignette.chart.strip().splitlines()]
    told = {c.strip() for c in header.split("|")[1:]}
    told |= {hidden for device, hidden in SUPPORT_CHANGES_IT.items() if device in told}
    assert told <= set(CONCEPTS)
    lines = [f"{line} || {grade if line is lines[-1] else ''}" for line in lines]
    return "\n".join([f"{header} || grade", *lines]), {k: v for k, v in NORMAL.items() if k not in told}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", VIGNETTES)
def test_each_scale_grades_the_vignette_as_its_table_says(grade_spec, name, scale):
    chart, stated = drawn(VIGNETTES[name], VIGNETTES[name].by(scale))
    grade_spec(scale, chart, stated=stated, complete=COMPLETE, facts={"weight_kg": VIGNETTES[name].weight})


@pytest.mark.parametrize("name", VIGNETTES)
def test_the_modified_lee_scale_differs_from_lee_2014_only_in_neurotoxicity(grade_spec, name):
    chart, stated = drawn(VIGNETTES[name], VIGNETTES[name].by("lee2014-crs").replace("1-4", "1"))
    grade_spec("zuma-crs-2017", chart, stated=stated, complete=COMPLETE)


def test_every_vignette_has_a_grade_by_every_scale_and_all_22_are_there():
    assert {name.split()[0] for name in VIGNETTES} == {str(n) for n in range(1, 23)}
    assert all(len(v.grades.split()) == len(SCALES) for v in VIGNETTES.values())


def test_the_patient_intubated_for_coma_has_icans_grade_4(grade_spec):
    chart, _ = drawn(VIGNETTES["14 intubated for coma without hypoxia"], "4")
    grade_spec("astct-icans-2019", chart)
