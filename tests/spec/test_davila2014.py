"""Severe CRS by Davila 2014: what its vectors do not tell, one clinical fact a test."""

from __future__ import annotations

from spec.chart import EVERYTHING, event, timeline_of
from tocsin.grading import grade

SEVERE = "davila-severe-crs-2014"
PANEL = ("ifn_gamma", "il5", "il6", "il10", "flt3_ligand", "fractalkine", "gm_csf")
BASELINE = {f"baseline_{c}": 4.0 for c in PANEL}
COMPLETE = (*EVERYTHING, "findings")


def test_each_part_of_the_definition_counts_from_when_it_was_met_to_the_end():
    rows = [event("temperature", h, "39" if h < 80 else "36.8") for h in range(0, 140, 5)] + [event("spo2", h, "97") for h in range(0, 140, 3)]
    rows += [event(c, 0, "4") for c in PANEL] + [event("il6", 24, "400"), event("ifn_gamma", 60, "400"), event("seizure", 100, "brief")]
    found = grade(timeline_of(rows, complete=COMPLETE, facts=BASELINE), SEVERE)
    met = {hour: (step["at_least"], step["at_most"]) for hour in (1, 24, 35, 60, 72, 100, 139) if (step := found.at(hour))}
    assert met == {1: (0, 0), 24: (0, 0), 35: (0, 0), 60: (1, 1), 72: (2, 2), 100: (3, 3), 139: (3, 3)}


def test_what_was_not_measured_leaves_the_definition_open(grade_spec):
    grade_spec(SEVERE, """
        hour | temperature | norepinephrine | il6 | spo2 || grade | because
        0    | 39          | 5              | 900 | 97   || 1-2   | FEVER0 SIGN1
        """, complete=COMPLETE, facts=BASELINE)


def test_bands_name_three_of_three_severe():
    from tocsin.scales import scale

    assert [(b.name, b.at_least) for b in scale(SEVERE).bands] == [("not severe", 0.0), ("severe", 3.0)]
