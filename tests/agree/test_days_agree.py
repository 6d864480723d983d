"""The vectorised count of days and the slow evaluator that tries every world give the same grades for the same random charts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agree.reference_days import evaluate
from tocsin.cite import Mark
from tocsin.grading.days import grade_days
from tocsin.rules import AtLeast, IsIn, present
from tocsin.scales import Criterion, Days, DaysLow, EndedBefore, Flag, Scale, StillLow, ValuesLow, scale
from tocsin.timeline import ATTRIBUTIONS, Timeline

UNIT = "10^9/L"
VALUES = (0.05, 0.1, 0.11, 0.494, 0.5, 0.505, 0.506, 0.8, 1.0, 1.5, 1.51, 3.0)
LIMITS = st.sampled_from((0.1, 0.5, 1.0, 1.5))
ENDS = (present("death"), IsIn("response", ("progressive_disease", "relapse")), present("last_follow_up"))


@st.composite
def charts(draw, last: int, most: int):
    """Rows of one patient: values of days around the window, and what may end the observation."""
    rows = []
    for _ in range(draw(st.integers(0, most))):
        hour = 24.0 * draw(st.integers(-2, last + 2)) + draw(st.sampled_from((0.0, 8.0, 23.9)))
        row = {"concept": "neutrophils", "hour": hour, "value": draw(st.sampled_from(VALUES)), "censored": draw(st.sampled_from((0, 0, 0, 0, -1, 1)))}
        how = draw(st.sampled_from(("instant",) * 6 + ("window", "days", "course")))
        if how in ("window", "days"):
            row["hour_latest"] = hour + (20.0 if how == "window" else 40.0)
        elif how == "course":
            row["end_hour"] = hour + 50.0
        rows.append(row)
    for what, text in draw(st.lists(st.sampled_from((("death", "present"), ("response", "relapse"), ("response", "stable_disease"),
                                                     ("last_follow_up", "present"), ("death", "absent"))), max_size=2)):
        hour = 24.0 * draw(st.integers(-1, last + 2)) + 4.0
        rows.append({"concept": what, "hour": hour, "text": text, "hour_latest": draw(st.sampled_from((None, None, hour + 20.0, hour + 44.0)))})
    return sorted(rows, key=lambda r: r["hour"])


@st.composite
def claims(draw):
    """A claim about low days, alone or combined; all of them rise as days get lower."""
    limit, below, joined = draw(LIMITS), draw(st.booleans()), draw(st.integers(0, 2))
    kind = draw(st.sampled_from(("days", "days", "still", "values", "and", "or", "least")))
    if kind == "days":
        return DaysLow("neutrophils", limit, UNIT, below, number=draw(st.integers(1, 6)), run=draw(st.booleans()), joined=joined)
    if kind == "still":
        return StillLow("neutrophils", limit, UNIT, below, begun_by=draw(st.integers(0, 4)), joined=joined)
    if kind == "values":
        return ValuesLow("neutrophils", limit, UNIT, below, number=draw(st.integers(1, 3)))
    one = DaysLow("neutrophils", limit, UNIT, below, number=draw(st.integers(1, 4)), joined=joined)
    other = DaysLow("neutrophils", draw(LIMITS), UNIT, number=draw(st.integers(1, 4)), run=False)
    return one & other if kind == "and" else one | other if kind == "or" else AtLeast(2, (one, other, StillLow("neutrophils", 0.5, UNIT, begun_by=2)))


@st.composite
def scales(draw, last: int):
    """A small scale of that kind."""
    bridge = draw(st.integers(0, 3))
    made = [Criterion(f"C{i}", i + 1, draw(claims()), "tocsin:test", Mark.VERIFIED) for i in range(3)]
    made.append(Criterion("NOT0", 0, ~draw(claims()), "tocsin:test", Mark.VERIFIED))
    return Scale(
        id="toy", version="1", title="toy", syndrome="toy", cites=(), counts=ATTRIBUTIONS, criteria=tuple(made),
        flags=(Flag("nothing", EndedBefore(), "nothing", "tocsin:test"),),
        days=Days("neutrophils", draw(st.integers(0, 2)), last, bridge=bridge, round_to=draw(st.sampled_from((0.0, 0.01))),
                  round_measured=draw(st.booleans()), ends=ENDS, last_value_ends=draw(st.booleans()),
                  seen_within=draw(st.sampled_from((None, 0, 1)))))


def compare(charts_drawn, one, until):
    """Grade several patients together, and each by the reference."""
    names = [f"p{i}" for i in range(len(charts_drawn))]
    rows = [{**row, "patient": name} for name, chart in zip(names, charts_drawn, strict=True) for row in chart]
    grades = grade_days(Timeline.from_rows(rows, [{"patient": name} for name in names]), one, one.counts, until)
    began = until is None or until >= 24 * one.days.first
    assert len(grades) == (len(names) if began else 0)
    for row in grades.frame.iter_rows(named=True):
        want = evaluate(charts_drawn[names.index(row["patient"])], one, until)
        assert (row["at_least"], row["at_most"]) == (want.at_least, want.at_most)
        met = {c.code for c in one.criteria if (c.grade > 0) == (want.at_least > 0) and c.code in want.codes}
        assert {c.split("/")[1] for c in row["because"]} == met
        assert {c.split("/")[1] for c in row["flags"]} == want.codes & {f.code for f in one.flags}
        assert row["undecided"] == (["neutrophils"] if want.at_least < want.at_most else [])


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(charts(last=6, most=5), min_size=1, max_size=3), scales(last=6), st.sampled_from((None, None, 30.0, 100.0, 168.0)))
def test_a_small_window_in_every_world(several, one, until):
    compare(several, one, until)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.lists(charts(last=32, most=25), min_size=1, max_size=3), st.booleans(), st.sampled_from((None, None, 240.0, 700.0)))
def test_early_icaht(several, closed, until):
    compare(several, scale("icaht-early-2023", last_value_ends_follow_up=closed), until)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.lists(charts(last=102, most=12), min_size=1, max_size=3), st.booleans(), st.sampled_from((None, None, 1000.0, 2400.0)))
def test_late_icaht(several, closed, until):
    compare(several, scale("icaht-late-2023", last_value_ends_follow_up=closed), until)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(charts(last=8, most=8), scales(last=8), st.sampled_from((None, 100.0)))
def test_the_evidence_is_what_was_measured_and_what_ended_the_observation(chart, one, until):
    record = Timeline.from_rows(chart, [{}])
    grades = grade_days(record, one, one.counts, until)
    for step in range(len(grades)):
        found = {e["concept"] for e in grades.evidence(step)}
        assert found <= {"neutrophils", "death", "response", "last_follow_up"}
        inside = [r for r in chart if r["concept"] == "neutrophils" and (until is None or r["hour"] <= until)]
        assert inside or "neutrophils" not in found
