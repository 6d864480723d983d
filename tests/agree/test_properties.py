"""Properties that must hold of every grade, whatever the chart."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agree.charts import Chart, Row, charts, rows, timeline_of
from agree.test_agreement import search, swept
from tocsin.grading.grade import grade
from tocsin.scales import scale as find_scale
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

SCALES = ("astct-crs-2019", "cartox-crs-2018", "astct-icans-2019")

GROUPS = (
    ("temperature", "fever"), ("systolic_bp", "mean_arterial_pressure", "pressure_fall", "hypotension"),
    ("oxygen_device", "oxygen_flow", "fio2"), ("ast", "alt"), ("ice_score", "capd_score"),
    ("norepinephrine", "phenylephrine", "epinephrine", "dopamine", "metaraminol", "angiotensin_ii", "vasopressor", "vasopressor_count"),
    ("vasopressin", "terlipressin", "vasopressor"),
)
"""Inputs that can be charted in several ways: only together are they unknown."""


def ranges(chart: Chart, scale: str, **options) -> list[tuple[float, float | None, int, int]]:
    frame = grade(chart.timeline(), scale, **options).frame
    return list(frame.select("start_hour", "end_hour", "at_least", "at_most").iter_rows())


def at(steps: list[tuple[float, float | None, int, int]], hour: float) -> tuple[int, int] | None:
    for start, end, low, high in steps:
        if start <= hour and (end is None or hour < end):
            return low, high
    return None


# ---------------------------------------------------------------------------------------------------- the form of the answer
@pytest.mark.parametrize("scale", SCALES)
def test_steps_are_ordered_contiguous_and_ranges_are_ranges(scale: str) -> None:
    @search(120)
    @given(charts(scale), st.sampled_from((None, 11.0)))
    def check(chart: Chart, until: float | None) -> None:
        steps = ranges(chart, scale, until=until)
        for (start, end, low, high), following in zip(steps, [*steps[1:], None][:len(steps)], strict=True):
            assert 0 <= low <= high
            assert end is None if following is None else end == following[0] > start
            assert until is None or start <= until
        told = any(r["concept"] == "death" and r["attribution"] != "unknown" for r in chart.rows)
        assert told or all(high <= 4 for *_, high in steps)

    check()


# ---------------------------------------------------------------------------------------------------- what changes nothing
@pytest.mark.parametrize("scale", SCALES)
def test_the_order_of_rows_changes_nothing(scale: str) -> None:
    @search(50)
    @given(charts(scale), st.randoms(use_true_random=False))
    def check(chart: Chart, order: random.Random) -> None:
        mixed = list(chart.rows)
        order.shuffle(mixed)
        chosen = find_scale(scale)
        assert swept(Chart(tuple(mixed), chart.facts, chart.complete).timeline(), chosen) == swept(chart.timeline(), chosen)

    check()


@pytest.mark.parametrize("scale", SCALES)
def test_a_patient_alone_is_graded_as_among_others(scale: str) -> None:
    @search(50)
    @given(st.lists(charts(scale, most=5), min_size=2, max_size=4))
    def check(several: list[Chart]) -> None:
        several = [Chart(c.rows, c.facts, several[0].complete) for c in several]
        together = timeline_of(several)
        whole = grade(together, scale).frame
        for number, chart in enumerate(several, 1):
            alone = grade(Chart(chart.rows, chart.facts, chart.complete).timeline(), scale).frame
            mine = whole.filter(whole["patient"] == str(number))
            assert mine.drop("patient").equals(alone.drop("patient"))
            assert grade(together.of(str(number)), scale).frame.equals(mine)

    check()


@pytest.mark.parametrize("scale", SCALES)
def test_the_clock_can_be_shifted(scale: str) -> None:
    @search(50)
    @given(charts(scale), st.sampled_from((-64.0, -0.5, 8.0, 1024.0)))
    def check(drawn: Chart, by: float) -> None:
        chart = Chart(tuple(r for r in drawn.rows if r["hour"] >= -6), drawn.facts, drawn.complete)  # a baseline is of a fixed day
        later = tuple({k: v + by if k in ("hour", "end_hour", "hour_latest") and v is not None else v for k, v in r.items()}
                      for r in chart.rows)
        before = swept(chart.timeline(), find_scale(scale))
        after = swept(Chart(later, chart.facts, chart.complete).timeline(), find_scale(scale), from_hour=by)
        for one in before:
            one["start_hour"] += by
            one["end_hour"] = None if one["end_hour"] is None else one["end_hour"] + by
        assert after == before

    check()


@pytest.mark.parametrize("scale", SCALES)
def test_what_comes_later_is_not_known_earlier(scale: str) -> None:
    """``until`` and cutting the record agree where no interval is open at the cut (a cut leaves an open end)."""
    @search(50)
    @given(charts(scale, exact=True), st.sampled_from((1.0, 6.0, 11.0, 24.0, 40.0)))
    def check(chart: Chart, hour: float) -> None:
        assume(any(r["hour"] <= hour for r in chart.rows))  # grading starts at the first row
        assume(all(r.get("end_hour") is None or float(r["end_hour"]) <= hour or r["hour"] > hour for r in chart.rows))
        timeline = chart.timeline()
        assert grade(timeline.until(hour), scale, until=hour).frame.equals(grade(timeline, scale, until=hour).frame)

    check()


# ---------------------------------------------------------------------------------------------------- worse is never better
DEVICES = ("room_air", "low_flow_nasal_cannula", "cpap", "bipap", "invasive_ventilation")
"""Devices from less to more support in both scales."""
AWAKE = ("awake", "voice", "tactile", "vigorous_tactile", "unarousable")


def worse(row: Row, by: int) -> Row | None:
    """The same row with a worse value; None where there is none."""
    concept, value, text = row["concept"], row.get("value"), row.get("text")
    if text == "unknown":
        return None
    if value is not None:
        higher = {"temperature": 1.0, "pressure_fall": 15.0, "oxygen_flow": 4.0, "vasopressor_count": 1.0, "capd_score": 5.0, "ast": 200.0,
                  "alt": 200.0, "bilirubin_total": 3.0, "creatinine": 2.0, "fio2": 0.2, "norepinephrine": 10.0, "dopamine": 10.0,
                  "epinephrine": 10.0, "phenylephrine": 100.0, "vasopressin": 0.03}
        lower = {"systolic_bp": 15.0, "mean_arterial_pressure": 15.0, "ice_score": 3.0, "spo2": 5.0}
        if concept in higher:
            return {**row, "value": value + by * higher[concept]}
        if concept in lower:
            return {**row, "value": max(0.0, value - by * lower[concept])}
        return None
    if concept == "oxygen_device" and text in DEVICES:
        return {**row, "text": DEVICES[min(len(DEVICES) - 1, DEVICES.index(text) + by)]}
    if concept == "consciousness" and text in AWAKE:
        return {**row, "text": AWAKE[min(len(AWAKE) - 1, AWAKE.index(text) + by)]}
    if concept in ("fever", "hypotension", "vasopressor", "papilloedema", "posturing") and text == "absent":
        return {**row, "text": "present"}
    if concept == "motor_weakness":
        return {**row, "text": "deep_focal"}
    if concept == "seizure":
        return {**row, "text": "prolonged"}
    return None


@pytest.mark.parametrize("scale", SCALES)
def test_a_worse_input_never_lowers_a_grade(scale: str) -> None:
    """Flow and fraction with a device charted later are left out: a changed device makes them out of date (issue 2)."""
    @search(120)
    @given(charts(scale), st.integers(0, 8), st.integers(1, 3))
    def check(chart: Chart, which: int, by: int) -> None:
        assume(which < len(chart.rows))
        row = chart.rows[which]
        if row["concept"] == "oxygen_device":
            assume(not any(r["concept"] in ("oxygen_flow", "fio2") for r in chart.rows))
        if row["concept"] == "spo2":
            assume(scale == "cartox-crs-2018")
        changed = worse(row, by)
        assume(changed is not None)
        after = Chart((*chart.rows[:which], changed, *chart.rows[which + 1:]), chart.facts, chart.complete)
        old, new = ranges(chart, scale), ranges(after, scale)
        for hour in sorted({s for s, *_ in (*old, *new)}):
            before, then = at(old, hour), at(new, hour)
            assert before is not None
            assert then is not None
            assert then[0] >= before[0], (hour, before, then)
            assert then[1] >= before[1], (hour, before, then)

    check()


@pytest.mark.parametrize("scale", ["astct-crs-2019", "cartox-crs-2018"])
@pytest.mark.parametrize("drug", ["norepinephrine", "phenylephrine", "vasopressin"])
def test_one_more_vasopressor_never_lowers_a_grade(scale: str, drug: str) -> None:
    @search(50)
    @given(charts(scale), rows([drug], plain=True), st.sampled_from((4.0, 12.0, 30.0)))
    def check(chart: Chart, more: Row, hours: float) -> None:
        assume(not any(r["concept"] == drug for r in chart.rows))
        start = float(more["hour"])
        add = {"concept": drug, "hour": start, "end_hour": start + hours, "value": 25.0, "attribution": "unknown"}
        old, new = ranges(chart, scale), ranges(Chart((*chart.rows, add), chart.facts, chart.complete), scale)
        for hour in sorted({s for s, *_ in (*old, *new)}):
            before, then = at(old, hour), at(new, hour)
            if before is not None and then is not None and start <= hour < start + hours:
                assert then[0] >= before[0], (hour, before, then)
                assert then[1] >= before[1] or then[1] >= 3, (hour, before, then)

    check()


# ---------------------------------------------------------------------------------------------------- unknowns widen
@pytest.mark.parametrize("scale", SCALES)
def test_an_unknown_widens_the_range(scale: str) -> None:
    """All that is charted of one input becomes an explicit unknown; at that time the range holds what it was.

    Sedation is left out: known, it hides what it hides; not known, it hides nothing.  So is pressure where all drugs are known:
    no treatment then tells that there was no treated low pressure.
    """
    @search(120)
    @given(charts(scale), st.integers(0, 8))
    def check(chart: Chart, which: int) -> None:
        assume(which < len(chart.rows))
        row = chart.rows[which]
        if row["concept"] in ("death", "sedation", "propofol", "midazolam"):
            return
        if row["concept"] in GROUPS[1] and "drugs" in chart.complete:
            return
        group = {row["concept"], *(c for g in GROUPS if row["concept"] in g for c in g)}
        blank = {"value": None, "text": "unknown", "censored": 0, "attribution": "unknown"}
        rest = tuple({**r, **blank} if r["concept"] in group else r for r in chart.rows)
        hour = float(row["hour"])
        rest += tuple({"concept": c, "hour": hour, **blank} for c in sorted(group) if CONCEPTS[c].kind is not Kind.DOSE)
        old = at(ranges(chart, scale), hour)
        new = at(ranges(Chart(rest, chart.facts, chart.complete), scale), hour)
        if old is not None and new is not None:
            assert new[0] <= old[0], (hour, old, new)
            assert new[1] >= old[1], (hour, old, new)

    check()


def test_no_rows_and_no_patients() -> None:
    assert len(grade(Timeline.from_rows([]), "astct-crs-2019")) == 0
    one = Timeline.from_rows([], [{"patient": "1"}])
    assert [(r["at_least"], r["at_most"]) for r in grade(one, "astct-crs-2019").frame.iter_rows(named=True)] == [(0, 4)]
