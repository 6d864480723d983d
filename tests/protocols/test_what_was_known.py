"""Advice at an hour rests on what was known then; and a course is told turn by turn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.records import ask, record
from tocsin.protocols import turns

BEFORE = [
    {"concept": "temperature", "hour": 0.0, "value": 39.0}, {"concept": "temperature", "hour": 20.0, "value": 39.0},
    {"concept": "systolic_bp", "hour": 22.0, "value": 80.0}, {"concept": "fluid_bolus", "hour": 22.5},
    {"concept": "norepinephrine", "hour": 10.0, "end_hour": 60.0, "value": 5.0}, {"concept": "ast", "hour": 5.0, "value": 300.0},
]
LATER = st.sampled_from([
    {"concept": "temperature", "value": 36.5}, {"concept": "systolic_bp", "value": 130.0}, {"concept": "tocilizumab"},
    {"concept": "dexamethasone", "value": 10.0}, {"concept": "oxygen_device", "text": "invasive_ventilation"},
    {"concept": "ast", "value": 20.0},
    {"concept": "norepinephrine", "value": 0.0}, {"concept": "refractory_crs", "text": "present"}, {"concept": "siltuximab"}])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(LATER, st.integers(1, 100)), max_size=8))
def test_nothing_later_than_the_hour_asked_for_is_looked_at(later):
    rows = [*BEFORE, *({**row, "hour": 24.0 + h} for row, h in later)]
    assert ask(rows, 24) == ask(BEFORE, 24)


def test_when_something_that_runs_will_end_is_not_looked_at():
    ended = [{**r, "end_hour": 25.0} if "end_hour" in r else r for r in BEFORE]
    assert ask(ended, 24) == ask(BEFORE, 24)


def test_what_still_runs_at_the_hour_asked_for_counts_however_long_ago_it_began():
    """A ventilator put on two days ago is still a ventilator."""
    rows = [{"concept": "temperature", "hour": 48.0, "value": 39.0},
            {"concept": "oxygen_device", "hour": 0.0, "end_hour": 96.0, "text": "invasive_ventilation"},
            {"concept": "norepinephrine", "hour": 1.0, "end_hour": 96.0, "value": 5.0}]
    said = ask(rows, 48)
    assert said["C4.2"].status == "due"
    assert said["ICU2"].status == "due"
    assert said["C4.1"].reason.count("grade 4") >= 1


def course(*doses: dict[str, object]) -> list[dict[str, object]]:
    stated = [{"concept": c, "hour": float(h), "value": v} for h in range(0, 73, 4) for c, v in (
        ("temperature", 39.0), ("systolic_bp", 120.0), ("spo2", 98.0), ("ast", 300.0 if h >= 24 else 20.0), ("alt", 20.0),
        ("bilirubin_total", 0.6), ("creatinine", 0.8), ("neutrophils", 3.0), ("platelets", 200.0), ("ice_score", 10.0))]
    return [*stated, *({"concept": "oxygen_device", "hour": float(h), "text": "room_air"} for h in range(0, 73, 4)), *doses]


def told(*doses: dict[str, object], weight: float | None = 50, complete=("drugs", "devices", "neurology", "hypotension", "refractory_crs")):
    return turns(record(course(*doses), weight, complete), patient="1")


def verdicts(*doses: dict[str, object], **options: object) -> list[tuple[float, str, str]]:
    return [(g.hour, g.concept, g.verdict) for turn in told(*doses, **options) for g in turn.given]


def test_a_turn_is_where_the_grade_changes_or_a_treatment_is_given():
    hours = [(t.hour, t.grade_at_least, t.grade_at_most) for t in told({"concept": "tocilizumab", "hour": 30.0, "value": 400.0})]
    assert hours == [(0, 1, 1), (24, 3, 3), (30, 3, 3)]


def test_a_treatment_that_a_rule_asks_for_is_asked_for():
    assert verdicts({"concept": "tocilizumab", "hour": 30.0, "value": 400.0}) == [(30, "tocilizumab", "asked_for")]


def test_a_treatment_that_no_rule_asks_for_at_that_moment_is_not_indicated():
    assert verdicts({"concept": "tocilizumab", "hour": 10.0, "value": 400.0}) == [(10, "tocilizumab", "not_indicated")]


def test_a_treatment_inside_the_interval_is_blocked_and_says_by_what():
    doses = ({"concept": "tocilizumab", "hour": 30.0, "value": 400.0}, {"concept": "tocilizumab", "hour": 34.0, "value": 400.0})
    given = [g for t in told(*doses) for g in t.given]
    assert [g.verdict for g in given] == ["asked_for", "blocked"]
    assert "less than 6 h ago" in given[1].why


def test_a_treatment_that_hangs_on_something_untold_is_undecidable_and_names_it():
    given = [g for t in told({"concept": "anakinra", "hour": 30.0}, complete=("devices", "neurology", "hypotension")) for g in t.given]
    assert [g.verdict for g in given] == ["undecidable"]
    assert "corticosteroid" in given[0].why


def test_a_treatment_that_the_protocol_does_not_speak_of_is_not_covered():
    assert verdicts({"concept": "lorazepam", "hour": 30.0}) == []


def test_a_dose_that_differs_from_the_one_asked_for_is_told():
    given = [g for t in told({"concept": "tocilizumab", "hour": 30.0, "value": 200.0}) for g in t.given]
    assert given[0].why.startswith("dose given 200 mg, asked for 8 mg/kg x 50 kg = 400 mg")
    exact = [g for t in told({"concept": "tocilizumab", "hour": 30.0, "value": 400.0}) for g in t.given]
    assert exact[0].why == ""


def test_advice_that_has_not_changed_since_the_turn_before_is_not_repeated():
    first, second, third = told({"concept": "tocilizumab", "hour": 30.0, "value": 400.0})
    assert "paper004/C1.1" in {a.rule for a in first.changed}
    assert "paper004/C1.1" not in {a.rule for a in second.changed}
    assert "paper004/C3.2" in {a.rule for a in second.changed}
    assert {a.rule for a in third.changed} == set()
