"""The compiled sweep and the slow evaluator agree on random charts, and evidence is sound."""

from __future__ import annotations

import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agree.charts import Chart, charts
from agree.reference import ask_name, reference_steps
from agree.toys import TOYS
from tocsin.grading.grade import grade
from tocsin.rules import Predicate
from tocsin.scales import Scale
from tocsin.scales import scale as find_scale

MANY = float(os.environ.get("AGREE_TIMES", "1"))
"""Multiplies the number of examples: AGREE_TIMES=50 for a long search."""


def search(examples: int) -> settings:
    return settings(max_examples=max(1, int(examples * MANY)), derandomize=MANY == 1, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))


def swept(timeline, scale: Scale, **options) -> list[dict[str, object]]:
    """The steps of the compiled sweep in the form of the reference: sets, and equal neighbours merged."""
    out: list[dict[str, object]] = []
    for row in grade(timeline, scale, **options).frame.iter_rows(named=True):
        step = {k: set(v) if isinstance(v, list) else v for k, v in row.items()}
        if out and all(out[-1][k] == v for k, v in step.items() if k not in ("start_hour", "end_hour")):
            out[-1]["end_hour"] = step["end_hour"]
        else:
            out.append(step)
    return out


def agree(chart: Chart, scale: Scale, **options) -> None:
    timeline = chart.timeline()
    slow = reference_steps(timeline, scale, **options)
    fast = swept(timeline, scale, **options)
    for a, b in zip(fast, slow, strict=False):
        assert a == b
    assert fast == slow


@pytest.mark.parametrize("scale", ["astct-crs-2019", "cartox-crs-2018", "astct-icans-2019", *TOYS])
def test_the_sweep_agrees_with_the_slow_evaluator(scale: str) -> None:
    @search(90)
    @given(charts(scale))
    def check(chart: Chart) -> None:
        agree(chart, TOYS.get(scale) or find_scale(scale))

    check()


OTHER = {
    "astct-crs-2019": [
        {"vasopressor_overlap_minutes": 60, "quiet_hours": 6, "quiet_hours_suppressed": 12, "lapse_hours": 3},
        {"vasopressin_alone_is_grade_3": False, "fluid_bolus_hours": 0.5, "quiet_hours": 6, "quiet_hours_suppressed": 8},
    ],
    "cartox-crs-2018": [
        {"high_dose_hours": 0, "vasopressor_overlap_minutes": 60, "quiet_hours": 12, "quiet_hours_suppressed": 12},
        {"vasopressin_counts_as_multiple": False, "estimate_fio2_from_flow": False, "quiet_hours": 6, "lapse_hours": 0},
    ],
    "astct-icans-2019": [{"quiet_hours": 6, "lapse_hours": 3}],
}
COUNTS = (None, ("crs", "icans", "unknown", "infection"), ("crs", "icans"))


@pytest.mark.parametrize("scale", list(OTHER))
def test_they_agree_under_other_settings(scale: str) -> None:
    @search(50)
    @given(charts(scale), st.sampled_from(OTHER[scale]), st.sampled_from(COUNTS), st.sampled_from((0.0, -6.0, 5.0)),
           st.sampled_from((None, 11.0, 30.0)), st.sampled_from(({}, {"temperature": 30.0, "oxygen_device": 2.0, "fever": 0.0})))
    def check(chart: Chart, changed: dict[str, object], count, from_hour: float, until, carry) -> None:
        agree(chart, find_scale(scale, **changed), count=count, from_hour=from_hour, until=until, carry=carry)

    check()


QUIET_ROWS = st.fixed_dictionaries({
    "concept": st.just("temperature"), "value": st.sampled_from((36.5, 36.5, 36.5, 39.0)), "hour": st.integers(1, 60).map(float)})


@pytest.mark.parametrize("closed", [("drugs", "devices"), ("drugs", "devices", "findings")])
def test_they_agree_on_when_an_episode_has_resolved(closed: tuple[str, ...]) -> None:
    """Charts with much normal temperature in a complete record, so that episodes resolve and recur."""
    scale = find_scale("astct-crs-2019", quiet_hours=6, quiet_hours_suppressed=12, lapse_hours=3)

    @search(50)
    @given(st.lists(QUIET_ROWS, min_size=6, max_size=20), charts("astct-crs-2019", most=4))
    def check(quiet: list[dict[str, object]], chart: Chart) -> None:
        start = {"concept": "temperature", "value": 39.0, "hour": 0.0}
        agree(Chart((start, *quiet, *chart.rows), chart.facts, closed), scale)

    check()


# ---------------------------------------------------------------------------------------------------- evidence
def concepts_of(predicate: Predicate) -> set[str]:
    """Every concept on which a claim can rest."""
    out: set[str] = set()
    for child in predicate.children():
        out |= concepts_of(child)
    for name in ("concept", "count", "any_of", "told_by"):
        value = getattr(predicate, name, None)
        out |= {value} if value else set()
    out |= set(getattr(predicate, "concepts", ()))
    out |= {c for c, _ in getattr(predicate, "terms", ())}
    return out


@pytest.mark.parametrize("scale", ["astct-crs-2019", "cartox-crs-2018", "astct-icans-2019"])
def test_evidence_is_of_the_patient_of_the_time_and_of_the_criterion(scale: str) -> None:
    chosen = find_scale(scale)
    by_code = {chosen.code(c): c for c in chosen.criteria}

    @search(90)
    @given(charts(scale))
    def check(chart: Chart) -> None:
        timeline = chart.timeline()
        grades = grade(timeline, chosen)
        events = timeline.events
        for step, row in enumerate(grades.frame.iter_rows(named=True)):
            found = sorted({int(r) for r in grades.evidence_rows[grades.evidence_offsets[step]:grades.evidence_offsets[step + 1]]})
            allowed = {c for code in row["because"] for c in concepts_of(by_code[code].predicate)}
            flagged = {c for f in chosen.flags if chosen.code(f) in row["flags"] for c in concepts_of(f.predicate)}
            for number in found:
                event = events.row(number, named=True)
                assert event["patient"] == row["patient"]
                assert event["hour"] <= row["start_hour"]
                assert event["concept"] in allowed | flagged
                masking = any(code.split("/")[1] in ("MASKED1", "HYPO2", "HYPO3", "HYPO4", "HYPOX2", "HYPOX3", "HYPOX4")
                              for code in row["because"]) and scale == "astct-crs-2019"
                if not masking:
                    assert current(event, row["start_hour"]), (event, row)
            if row["at_least"] > 0:
                for code in row["because"]:
                    here = concepts_of(by_code[code].predicate)
                    assert any(events["concept"][n] in here for n in found), (code, row)

    check()


def current(event: dict[str, object], t: float) -> bool:
    """Whether a row can still count at t: it runs, is carried forward, or is a dose of the last day."""
    from tocsin.vocabulary import CONCEPTS

    concept = CONCEPTS[str(event["concept"])]
    carry = math.inf if concept.name == "death" else concept.carry_forward_hours or 24.0
    last = max(x for x in (event["hour"], event["end_hour"], event["hour_latest"]) if x is not None)
    return bool(t < last or t <= float(event["hour"]) + carry or (event["end_hour"] is not None and t <= last + carry))


def test_every_leaf_says_what_it_asks_for() -> None:
    for name in OTHER:
        for criterion in find_scale(name).criteria:
            for leaf in criterion.predicate.leaves():
                assert ask_name(leaf) is not None
