"""Records that hypothesis draws: numbers, coded values, doses and unknown values, in any order, some only roughly in time."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tocsin.grading import grade
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

NUMERIC = sorted(c.name for c in CONCEPTS.values() if c.kind is Kind.MEASUREMENT and c.plausible)
CODED = sorted(c.name for c in CONCEPTS.values() if c.values)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12).filter(
    lambda t: not t.startswith("#")
)
HOURS = st.floats(-500, 1500, allow_nan=False).map(lambda h: round(h, 3))
PATIENTS = ("A", "B", "0017")


@st.composite
def events(draw: st.DrawFn, patients: tuple[str, ...] = PATIENTS) -> dict[str, object]:
    kind = draw(st.sampled_from(("number", "coded", "dose", "unknown")))
    hour = draw(HOURS)
    row: dict[str, object] = {
        "patient": draw(st.sampled_from(patients)), "hour": hour,
        "attribution": draw(st.sampled_from(("unknown", "crs", "infection"))),
        "note": draw(st.none() | WORDS), "site": draw(st.none() | WORDS),
        "hour_latest": draw(st.none() | st.floats(0, 48).map(lambda more: round(hour + more, 3))),
    }
    if kind == "number":
        concept = CONCEPTS[draw(st.sampled_from(NUMERIC))]
        low, high = concept.plausible or (0, 1)
        row |= {"concept": concept.name, "value": draw(st.floats(low, high)), "censored": draw(st.sampled_from((-1, 0, 1)))}
    elif kind == "coded":
        concept = CONCEPTS[draw(st.sampled_from(CODED))]
        row |= {"concept": concept.name, "text": draw(st.sampled_from((*concept.values, "unknown")))}
    elif kind == "dose":
        row |= {"concept": "tocilizumab", "value": draw(st.floats(0, 800)), "text": draw(st.none() | st.sampled_from(("q12h", "IV")))}
    else:
        row |= {"concept": draw(st.sampled_from((*NUMERIC, "norepinephrine"))), "text": "unknown"}
    if row["hour_latest"] is None and kind != "number":
        row["end_hour"] = draw(st.none() | st.floats(0, 99).map(lambda more: round(hour + more, 3)))
    return row


FACTS = {"age_years": 3.5, "sex": "female", "weight_kg": 50.25, "infusion_time": "2019-09-25T10:00:00", "developmental_delay": False,
         "dose": "4.2e6 /kg"}


def records(patients: tuple[str, ...] = PATIENTS) -> st.SearchStrategy[Timeline]:
    """Small records of some of these patients; of the first one facts are known."""
    return st.lists(events(patients), min_size=1, max_size=12).map(lambda rows: Timeline.from_rows(rows, [{"patient": patients[0], **FACTS}]))


def assert_same_record(got: Timeline, wanted: Timeline) -> None:
    """The same events to a microsecond, origin and order apart, the same patients, and the same grades with the same reasons."""
    columns = [c for c in wanted.events.columns if c != "origin"]
    hours = [pl.col(c).round(6) for c in ("hour", "end_hour", "hour_latest")]
    one, two = (t.events.select(columns).with_columns(hours).unique().sort(columns, nulls_last=True) for t in (got, wanted))
    assert_frame_equal(one, two, abs_tol=1e-6)
    mine = wanted.patients.with_columns(pl.col("infusion_time").fill_null("2000-01-01T00:00:00")).sort("patient")
    assert_frame_equal(got.patients.sort("patient"), mine)
    for scale in ("astct-crs-2019", "lee2014-crs"):
        steps = [grade(t, scale).frame.select("patient", "at_least", "at_most", "because", "undecided").sort("patient", maintain_order=True)
                 for t in (got, wanted)]
        assert_frame_equal(*steps)
