"""Changes within hours: computed rows against a plain loop, and what the loop does not tell."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.derived.changes import CHANGES, Change, How, with_changes
from tocsin.errors import RuleError
from tocsin.timeline import Timeline

Row = dict[str, object]


def plain(rows: list[Row], name: str) -> list[tuple[str, float, float, int]]:
    """The changes by a plain loop over every pair of values: patient, hour, per cent, which way it may lie beyond."""
    change = CHANGES[name]
    out = []
    for row in rows:
        before = [r for r in rows if r["patient"] == row["patient"] and 0 < row["hour"] - r["hour"] <= change.hours]
        if not before:
            continue
        low, high = ends(row)
        pick = max if change.how is How.FALL else min
        from_low, from_high = pick(ends(r)[0] for r in before), pick(ends(r)[1] for r in before)
        possible = [percent(change.how, start, now) for start in (from_low, from_high) for now in (low, high)]
        least, most = min(possible), max(possible)
        if from_high <= 0:
            continue
        if least == most:
            out.append((row["patient"], row["hour"], least, 0))
        elif least > (-math.inf if change.how is How.FALL else -100.0):
            out.append((row["patient"], row["hour"], least, 1))
        elif most < (100.0 if change.how is How.FALL else math.inf):
            out.append((row["patient"], row["hour"], most, -1))
    return sorted(out, key=lambda r: (r[0], r[1], r[2]))


def ends(row: Row) -> tuple[float, float]:
    return (0.0 if row["censored"] < 0 else row["value"], math.inf if row["censored"] > 0 else row["value"])


def percent(how: How, start: float, now: float) -> float:
    """From ``start`` to ``now``; the ends of what is not known count as limits, so that 5 to infinity is an infinite rise."""
    change = -1.0 if now < start == math.inf else math.inf if now == math.inf else math.inf if start == 0 else now / start - 1.0
    return round(100.0 * (-change if how is How.FALL else change), 6) + 0.0


def chart(concept: str) -> st.SearchStrategy[list[Row]]:
    one = st.fixed_dictionaries({
        "patient": st.sampled_from(["b", "a"]), "hour": st.integers(-20, 100).map(lambda h: h / 2), "concept": st.just(concept),
        "value": st.integers(1, 300).map(float), "censored": st.sampled_from([0, 0, 0, 0, -1, 1]),
    })
    return st.lists(one, max_size=12, unique_by=lambda r: (r["patient"], r["hour"]))


@pytest.mark.parametrize("name", sorted(CHANGES))
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_change_is_that_of_a_plain_loop(name: str, data: st.DataObject) -> None:
    """The highest (lowest) of all earlier values within the hours, also where values are known only to lie beyond a limit."""
    rows = data.draw(chart(CHANGES[name].of))
    before = Timeline.from_rows(rows)
    after = with_changes(before, [name])
    found = after.events.filter(pl.col("concept") == name).sort("patient", "hour")
    got = [(p, h, round(v, 6) + 0.0, c) for p, h, v, c in found.select("patient", "hour", "value", "censored").iter_rows()]
    assert got == plain(rows, name)
    assert after.events.filter(pl.col("concept") != name).equals(before.events)
    assert after.patients.equals(before.patients)


def platelets(*values: tuple[float, float], **more: object) -> list[Row]:
    return [{"patient": "1", "concept": "platelets", "hour": h, "value": v, "origin": f"labs.csv:{i}", **more} for i, (h, v) in enumerate(values)]


def falls(rows: list[Row], name: str = "platelets_fall") -> list[tuple[float, float, str | None]]:
    found = with_changes(Timeline.from_rows(rows), [name]).events.filter(pl.col("concept") == name)
    return list(found.select("hour", "value", "note").iter_rows())


def test_a_value_of_exactly_24_hours_ago_counts_and_an_older_one_does_not() -> None:
    assert falls(platelets((0, 100), (24, 70))) == [(24.0, 30.0, "from 100 to 70")]
    assert falls(platelets((0, 100), (24.1, 70))) == []


def test_a_fall_of_exactly_30_per_cent_is_30_and_not_a_little_more() -> None:
    assert falls(platelets((0, 110), (6, 77)))[0][1] == 30.0


def test_values_of_the_same_hour_are_not_earlier_than_each_other() -> None:
    assert falls(platelets((0, 100), (0, 50))) == []


def test_a_computed_row_keeps_hour_window_attribution_and_origin_of_its_source() -> None:
    rows = platelets((0, 110), (12, 60), attribution="crs", hour_latest=13.0)
    found = with_changes(Timeline.from_rows(rows), ["platelets_fall"]).events.row(2, named=True)
    assert {k: found[k] for k in ("concept", "hour", "hour_latest", "attribution", "origin", "text", "censored", "note")} == {
        "concept": "platelets_fall", "hour": 12.0, "hour_latest": 13.0, "attribution": "crs", "origin": "labs.csv:1", "text": None,
        "censored": 0, "note": "from 110 to 60"}


def test_a_fall_to_below_what_the_laboratory_measures_is_known_only_to_be_greater() -> None:
    rows = [*platelets((0, 100)), {"patient": "1", "concept": "platelets", "hour": 3, "value": 10, "censored": -1}]
    found = with_changes(Timeline.from_rows(rows), ["platelets_fall"]).events.row(2, named=True)
    assert (found["value"], found["censored"], found["note"]) == (90.0, 1, "from 100 to < 10")


def test_a_fall_that_the_source_tells_is_kept_and_not_computed_again() -> None:
    told = {"patient": "1", "concept": "platelets_fall", "hour": 12, "value": 55, "note": "told"}
    assert falls([*platelets((0, 100), (12, 60), (18, 50)), told]) == [(12.0, 55.0, "told"), (18.0, 50.0, "from 100 to 50")]


def test_nothing_wanted_leaves_the_record_as_it_is() -> None:
    record = Timeline.from_rows(platelets((0, 100), (12, 60)))
    assert with_changes(record, []) is record
    assert with_changes(record, ["platelets", "fibrinogen_fall"]) is record


def test_columns_kept_as_categories_stay_so() -> None:
    rows = Timeline.from_rows(platelets((0, 100), (12, 60)))
    kinds = {"patient": pl.Categorical, "concept": pl.Enum(["platelets", "platelets_fall"])}
    record = Timeline(rows.events.cast(kinds), rows.patients)  # type: ignore[arg-type]
    after = with_changes(record, ["platelets_fall"]).events
    assert after.schema == record.events.schema
    assert after["concept"].to_list() == ["platelets", "platelets", "platelets_fall"]


def test_a_change_of_nothing_cannot_be_defined() -> None:
    with pytest.raises(RuleError):
        Change("no such measurement", 24.0, How.FALL)
