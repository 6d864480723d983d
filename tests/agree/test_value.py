"""What a question promises is what grading says once the answer stands in the record."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agree.charts import Chart, charts
from agree.test_agreement import search
from tocsin.grading import ask, grade
from tocsin.grading.value import Inquiry, Need, Outcome
from tocsin.rules import Compare, Doses, IsIn, PatientLimit, values_of
from tocsin.scales import scale as find_scale
from tocsin.timeline import Completeness, Timeline, is_patient_fact
from tocsin.vocabulary import CONCEPTS, Kind

SCALES = ("astct-crs-2019", "cartox-crs-2018", "astct-icans-2019")
MOMENTS = (0.25, 3.0, 11.0, 26.5, 49.0)
"""Hours at which no chart has an entry of its own."""


def answered(chart: Chart, at: float, told: list[tuple[str, Outcome, float]]) -> Timeline:
    """The chart with answers charted at ``at``, as a person would; of a number, as far between its ends as the share says."""
    rows, facts = list(chart.rows), dict(chart.facts)
    complete = set(chart.complete)
    by_label = {"vasopressor": "vasopressor_count"}
    for name, outcome, share in told:
        word = outcome.values[int(share * len(outcome.values) * 0.999)] if outcome.values else ""
        value = None if outcome.lowest is None else number(name, outcome.lowest, outcome.highest, share)
        if is_patient_fact(name):
            facts[name] = value if value is not None else word == "yes"
        elif word in COUNTS and name in ("vasopressor", "vasopressin"):
            rows += count_rows(name, COUNTS[word], by_label, at)
        elif CONCEPTS[name].kind is Kind.DOSE:
            if word == "given":
                rows.append({"concept": name, "hour": at})
            elif name == "antipyretic":
                complete |= set(SUPPRESSING)
            else:
                rows.append({"concept": name, "hour": at, "text": "absent"})
        elif value is not None:
            rows.append({"concept": name, "hour": at, "value": value})
        else:
            rows.append({"concept": name, "hour": at, "text": word.replace(" ", "_")})
    made = Chart(tuple(rows), facts, chart.complete).timeline()
    return made.with_complete(Completeness(frozenset(complete)))


COUNTS = {"none at all": 0, "none": 0, "one": 1, "one or more": 1, "two or more": 2, "two": 2}
SUPPRESSING = find_scale("astct-crs-2019").episode.suppressing.concepts


def count_rows(name: str, number: int, by_label: dict[str, str], at: float) -> list[dict[str, object]]:
    if name == "vasopressor":
        return [{"concept": name, "hour": at, "text": "absent"}] if not number else [{"concept": by_label[name], "hour": at, "value": float(number)}]
    return [{"concept": "vasopressin", "hour": at, "text": "present" if number else "absent"},
            {"concept": "terlipressin", "hour": at, "text": "absent"}]


def number(name: str, low: float, high: float, share: float) -> float:
    """A number of the range, ends included; near its lower end where the range is immense."""
    top = min(high, max(10.0 * abs(low), 1000.0)) if high > 1e6 else high
    value = low if share == 0 else high if share == 1 else min(max(low + share * (top - low), low), high)
    return float(round(value)) if CONCEPTS.get(name) is not None and CONCEPTS[name].unit == "points" else value


def plain(chart: Chart, name: str, at: float) -> bool:
    """Whether an answer is simply one more entry: no interval or window of these inputs runs at the moment."""
    family = {"vasopressor": ("vasopressor", "vasopressor_count"), "vasopressin": ("vasopressin", "terlipressin")}.get(name, (name,))
    return not any(
        r["concept"] in family and max(float(r.get(k) or -math.inf) for k in ("hour", "end_hour", "hour_latest")) > at >= float(r["hour"])
        for r in chart.rows)


def range_at(timeline: Timeline, scale: str, at: float) -> tuple[float, float]:
    step = grade(timeline, scale, until=at).at(at)
    assert step is not None
    return step["at_least"], step["at_most"]


def inquiry(chart: Chart, scale: str, at: float) -> Inquiry | None:
    """The question put to a chart, where anything is graded and open."""
    timeline = chart.timeline()
    step = grade(timeline, scale, until=at).at(at) if len(timeline.patients) else None
    if step is None or step["at_least"] == step["at_most"]:
        return None
    return ask(timeline, scale, at)


@pytest.mark.parametrize("scale", SCALES)
def test_each_finding_makes_of_the_grade_what_was_promised(scale: str) -> None:
    @search(35)
    @given(charts(scale), st.sampled_from(MOMENTS), st.data())
    def check(chart: Chart, at: float, data: st.DataObject) -> None:
        found = inquiry(chart, scale, at)
        if found is None:
            return
        assert (found.at_least, found.at_most) == range_at(chart.timeline(), scale, at)
        for need in found.needs:
            assert need.settles == all(o.at_least == o.at_most for o in need.outcomes)
            if not plain(chart, need.input, at):
                continue
            outcome = data.draw(st.sampled_from(need.outcomes))
            share = data.draw(st.sampled_from((0.0, 0.01, 0.37, 0.8, 1.0)))
            told = answered(chart, at, [(need.input, outcome, share)])
            assert range_at(told, scale, at) == (outcome.at_least, outcome.at_most), (need.input, outcome, share)

    check()


# ---------------------------------------------------------------------------------------------------- any scale
OTHERS = ("lee2014-crs", "mskcc-crs-2018", "penn-crs-2018", "cartox-cres-2018", "isth-dic-2001", "hscore", "cartox-hlh-2018", "hlh-2004")


@st.composite
def charts_of(draw: st.DrawFn, name: str) -> Chart:
    """A chart of a few of the inputs of any scale, with numbers at and beside its limits."""
    leaves = [p for c in find_scale(name).criteria for p in c.predicate.leaves() if isinstance(p, Compare | IsIn | Doses)]
    out = []
    for leaf in draw(st.lists(st.sampled_from(leaves), max_size=7)):
        row: dict[str, object] = {"hour": draw(st.sampled_from((-30.0, 0.0, 1.0, 8.0, 24.0)))}
        if isinstance(leaf, Doses):
            row |= {"concept": leaf.concepts[0]}
        elif isinstance(leaf, IsIn):
            row |= {"concept": leaf.concept, "text": draw(st.sampled_from(values_of(leaf.concept)))}
        else:
            limit = 50.0 if isinstance(leaf.limit, PatientLimit) or math.isinf(leaf.limit) else leaf.limit
            row |= {"concept": leaf.concept, "value": draw(st.sampled_from((limit, limit * 1.3, limit * 0.6)))}
        out.append(row)
    return Chart(tuple(out), draw(st.sampled_from(({"age_years": 40.0}, {"age_years": 40.0, "weight_kg": 70.0}, {}))),
                 draw(st.sampled_from(((), ("drugs", "devices"), ("drugs", "devices", "findings", "neurology")))))


@pytest.mark.parametrize("scale", OTHERS)
def test_the_same_of_scores_and_of_every_other_scale(scale: str) -> None:
    @search(8)
    @given(charts_of(scale), st.sampled_from(MOMENTS), st.data())
    def check(chart: Chart, at: float, data: st.DataObject) -> None:
        found = inquiry(chart, scale, at)
        for need in found.needs if found is not None else ():
            if need.input in CONCEPTS and CONCEPTS[need.input].kind is Kind.DOSE:
                continue
            outcome = data.draw(st.sampled_from(need.outcomes))
            share = data.draw(st.sampled_from((0.0, 0.37, 1.0)))
            told = answered(chart, at, [(need.input, outcome, share)])
            assert range_at(told, scale, at) == (outcome.at_least, outcome.at_most), (need.input, outcome, share)

    check()


@pytest.mark.parametrize("scale", SCALES)
def test_inputs_that_settle_a_grade_together_do(scale: str) -> None:
    @search(20)
    @given(charts(scale, most=4), st.sampled_from(MOMENTS), st.data())
    def check(chart: Chart, at: float, data: st.DataObject) -> None:
        found = inquiry(chart, scale, at)
        if found is None or not found.together or not all(plain(chart, n, at) for n in found.together):
            return
        assert not any(n.settles for n in found.needs)
        needs = {n.input: n for n in found.needs}
        for _ in range(4):
            told = [(name, data.draw(st.sampled_from(needs[name].outcomes)), data.draw(st.sampled_from((0.0, 0.3, 1.0)))) for name in found.together]
            low, high = range_at(answered(chart, at, told), scale, at)
            assert low == high, told

    check()


@pytest.mark.parametrize("scale", SCALES)
def test_the_findings_of_an_input_are_in_order_and_do_not_overlap(scale: str) -> None:
    @search(20)
    @given(charts(scale), st.sampled_from(MOMENTS))
    def check(chart: Chart, at: float) -> None:
        found = inquiry(chart, scale, at)
        for need in found.needs if found is not None else ():
            ends = [(o.lowest, o.highest) for o in need.outcomes if o.lowest is not None]
            assert all(low <= high for low, high in ends)
            assert all(a[1] < b[0] for a, b in pairwise(ends))
            named = [v for o in need.outcomes for v in o.values]
            assert len(named) == len(set(named))
            assert all(o.found for o in need.outcomes)

    check()


def test_nothing_later_than_the_moment_is_looked_at() -> None:
    rows = ({"concept": "temperature", "hour": 0.0, "value": 39.0}, {"concept": "oxygen_device", "hour": 5.0, "text": "cpap"})
    early, late = Chart(rows[:1]).timeline(), Chart(rows).timeline()
    assert ask(early, "astct-crs-2019", 1.0) == ask(late, "astct-crs-2019", 1.0)


def by_name(found: Inquiry) -> dict[str, Need]:
    return {n.input: n for n in found.needs}


def test_one_patient_is_asked_for_as_he_would_be_alone() -> None:
    rows = [{"patient": p, "concept": "temperature", "hour": 0.0, "value": v} for p, v in (("A", 39.0), ("B", 36.5))]
    both = Timeline.from_rows(rows, [{"patient": "A"}, {"patient": "B"}], ("drugs",))
    alone = Timeline.from_rows(rows[:1], [{"patient": "A"}], ("drugs",))
    assert by_name(ask(both, "astct-crs-2019", 1.0, "A")) == by_name(ask(alone, "astct-crs-2019", 1.0))
