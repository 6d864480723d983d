"""What the vectors of ICAHT and T-ICAHT cannot say: reasons, what was known at an hour, attribution, and errors."""

from __future__ import annotations

import pytest

from tocsin.cite import Mark
from tocsin.errors import RuleError
from tocsin.grading import grade
from tocsin.rules import Measure
from tocsin.scales import Criterion, Days, DaysLow, Scale, StillLow, ValuesLow
from tocsin.timeline import ATTRIBUTIONS, Timeline


def counts(by_day, concept="neutrophils", **more):
    return [{"concept": concept, "hour": 24.0 * day + 8, "value": value, **more} for day, value in by_day.items()]


def record(*rows):
    return Timeline.from_rows([row for part in rows for row in part], [{}])


def days(low, value=0.3, rest=2.0, last=30):
    return {day: value if day in low else rest for day in range(last + 1)}


DEATH = [{"concept": "death", "hour": 404.0, "text": "present"}]


def test_the_evidence_is_the_counts_of_the_longest_run():
    step = grade(record(counts(days({3, 4, *range(10, 18)}))), "icaht-early-2023").at(0.0)
    assert step["at_least"] == 2
    assert [e["hour"] for e in step["evidence"]] == [24.0 * day + 8 for day in range(10, 18)]


def test_the_evidence_of_grade_0_is_the_lowest_count():
    step = grade(record(counts({0: 3.0, 5: 0.9, 12: 2.0, 19: 2.0, 26: 2.0})), "icaht-early-2023").at(0.0)
    assert (step["at_least"], step["at_most"]) == (0, 0)
    assert [e["value"] for e in step["evidence"]] == [0.9]


def test_what_ended_the_observation_is_evidence():
    step = grade(record(counts(days(range(17), last=16)), DEATH), "icaht-early-2023").at(0.0)
    assert step["at_least"] == 4
    assert "death" in {e["concept"] for e in step["evidence"]}


def test_at_the_bedside_the_days_to_come_are_unknown():
    """On day 10 of a neutropenia that ends on day 12 nobody knows how long it will last."""
    chart = record(counts(days(range(4, 12))))
    known = grade(chart, "icaht-early-2023", until=24.0 * 10 + 12).at(0.0)
    assert (known["at_least"], known["at_most"]) == (2, 4)
    assert known["undecided"] == ["neutrophils"]
    later = grade(chart, "icaht-early-2023").at(0.0)
    assert (later["at_least"], later["at_most"]) == (2, 2)


def test_the_last_count_is_not_held_into_days_that_have_not_come():
    chart = record(counts(days(range(31), last=24)))
    assert grade(chart, "icaht-early-2023").at(0.0)["at_least"] == 4
    assert grade(chart, "icaht-early-2023", until=24.0 * 25).at(0.0)["at_least"] == 3


def test_a_late_grade_has_no_step_before_its_window_begins():
    chart = record(counts({5: 0.1, 40: 0.1, 41: 0.1}))
    assert len(grade(chart, "icaht-late-2023", until=24.0 * 20)) == 0
    assert grade(chart, "icaht-late-2023").at(24.0 * 20) is None
    assert grade(chart, "icaht-late-2023").at(24.0 * 31)["at_least"] == 4


def test_every_patient_has_a_step_also_without_a_count():
    chart = Timeline.from_rows(counts(days(())), [{"patient": "1"}, {"patient": "2"}])
    frame = grade(chart, "icaht-early-2023").frame
    assert list(zip(frame["patient"], frame["at_least"], frame["at_most"], strict=True)) == [("1", 0, 0), ("2", 0, 4)]


def test_counts_put_down_to_a_cause_that_does_not_count_are_left_out():
    chart = record(counts(days(())), counts({10: 0.2}, attribution="infection"))
    assert grade(chart, "icaht-early-2023").at(0.0)["at_least"] == 1
    without = grade(chart, "icaht-early-2023", count=("unknown", "crs"))
    assert without.at(0.0)["at_least"] == 0
    assert any(line.startswith("attribution:") for line in without.assumptions)


def test_the_answer_says_how_days_were_made():
    chart = grade(record(counts(days(()))), "icaht-early-2023", settings={"bridge_days": 3})
    assert any("up to 3 days without a value are filled" in line for line in chart.assumptions)
    assert "setting bridge_days = 3.0" in chart.assumptions


def test_a_count_known_by_its_day_belongs_to_that_day_and_one_of_a_week_settles_nothing():
    of_day = [*counts(days(()))[:10], {"concept": "neutrophils", "hour": 240.0, "hour_latest": 264.0, "value": 0.4}, *counts(days(()))[11:]]
    assert grade(record(of_day), "icaht-early-2023").at(0.0)["at_least"] == 1
    of_week = [*counts(days(())), {"concept": "neutrophils", "hour": 240.0, "hour_latest": 408.0, "value": 0.4}]
    step = grade(record(of_week), "icaht-early-2023").at(0.0)
    assert (step["at_least"], step["at_most"]) == (0, 2)


UNIT = "10^9/L"


def toy(claim, concept="neutrophils"):
    return Scale(id="toy", version="1", title="toy", syndrome="toy", cites=(), counts=ATTRIBUTIONS, days=Days(concept, 0, 3),
                 criteria=(Criterion("ONE1", 1, claim, "tocsin:toy", Mark.VERIFIED),))


def test_a_scale_of_days_cannot_ask_for_anything_but_its_own_measurement():
    with pytest.raises(RuleError, match="counts days of platelets cannot ask for neutrophils"):
        grade(record(counts({0: 1.0})), toy(DaysLow("neutrophils", 0.5, UNIT), "platelets"))
    with pytest.raises(RuleError, match="cannot ask whether"):
        grade(record(counts({0: 1.0})), toy(Measure("neutrophils", UNIT).below(0.5)))


@pytest.mark.parametrize("make", [
    lambda: DaysLow("no_such_thing", 0.5, UNIT), lambda: DaysLow("neutrophils", 500, "/uL"), lambda: Days("no_such_thing", 0, 3),
    lambda: Days("neutrophils", 4, 3), lambda: Days("neutrophils", 0, 3, bridge=-1)])
def test_a_mistaken_scale_of_days_fails_when_it_is_made(make):
    with pytest.raises(RuleError):
        make()


def test_claims_about_days_say_themselves():
    assert DaysLow("neutrophils", 0.5, UNIT, number=7, joined=2).english() == (
        "Neutrophil count <= 0.5 10^9/L on at least 7 consecutive days, recoveries of up to 2 days included")
    assert DaysLow("platelets", 20, UNIT, below=True, number=14, run=False).english() == "Platelet count < 20 10^9/L on at least 14 days in all"
    assert StillLow("neutrophils", 0.5, UNIT, begun_by=3, joined=2).english().startswith("Neutrophil count <= 0.5 10^9/L from day 3 or earlier until")
    assert ValuesLow("neutrophils", 1.5, UNIT, number=2).english() == (
        "Neutrophil count <= 1.5 10^9/L in measurements of 2 days (fewer where only those were made)")
