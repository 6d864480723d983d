"""The synthetic cohort of 45: every published count comes out of the events, whatever the seed, and nobody can take it for real."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import Timeline
from tocsin.cases.cohort003 import ASSUMPTIONS, COMPLETE, SyntheticCohort, assumptions, choices, made_of, synthetic
from tocsin.cite import reference
from tocsin.cohort import paper003 as paper
from tocsin.cohort.study import Study
from tocsin.errors import CohortError
from tocsin.grading import episodes, grade
from tocsin.vocabulary import CORTICOSTEROIDS

COUNT = paper.paper003().count
WITH = [f"Pt {n}" for n in range(1, 18)]
WITHOUT = [f"Pt {n}" for n in range(18, 46)]
RAISED = {"Pt 3", "Pt 4", "Pt 5", "Pt 6", "Pt 9", "Pt 10", "Pt 11"}
PER_MG = {"methylprednisolone": 1.0, "hydrocortisone": 4 / 20, "dexamethasone": 4 / 0.75}


@pytest.fixture(scope="module")
def cohort() -> SyntheticCohort:
    return synthetic()


def graded(cohort: SyntheticCohort, scale: str = "astct-crs-2019") -> pl.DataFrame:
    """Each patient's highest grade, whether it is settled, and days in episodes; 0 where the scale finds nothing."""
    found = episodes(grade(cohort.timeline, scale)).group_by("patient").agg(
        pl.col("max_at_least").max().alias("grade"), pl.col("max_at_most").max().alias("at_most"), pl.col("undecided_hours").sum(),
        ((pl.col("resolution_hour") - pl.col("onset_hour")) / 24).sum().alias("days"), pl.len().alias("episodes"),
    )
    return cohort.patients.select("patient").join(found, on="patient", how="left", maintain_order="left").with_columns(pl.exclude("patient").fill_null(0))


def events(cohort: SyntheticCohort, *concepts: str) -> pl.DataFrame:
    return cohort.timeline.events.filter(pl.col("concept").is_in(concepts))


def who(cohort: SyntheticCohort, *concepts: str) -> set[str]:
    return set(events(cohort, *concepts).filter(pl.col("hour") >= 0)["patient"])


def by_arm(patients: set[str]) -> tuple[int, int]:
    return len(patients & set(WITH)), len(patients & set(WITHOUT))


def counts_hold(cohort: SyntheticCohort) -> None:
    """Every count of the paper, from the events."""
    crs = graded(cohort)
    assert crs["grade"].equals(crs["at_most"].rename("grade"))
    assert crs["undecided_hours"].sum() == 0
    table = tuple(tuple(len(crs.filter(pl.col("patient").is_in(arm), pl.col("grade") == g)) for g in range(4)) for arm in (WITH, WITHOUT))
    assert table == tuple(tuple(int(x) for x in row) for row in paper.grades())
    assert crs["grade"].max() == 3
    assert crs["episodes"].max() == 1
    assert len(cohort.patients) == COUNT("patients")
    assert who(cohort, "tocilizumab") == set(WITH)
    treated = who(cohort, *CORTICOSTEROIDS)
    assert by_arm(treated) == (COUNT("toci_steroids"), COUNT("none_steroids"))
    grades = dict(crs.select("patient", "grade").iter_rows())
    assert [sum(grades[p] == g for p in treated & set(WITHOUT)) for g in range(4)] == [
        0, COUNT("none_steroids_grade_1"), COUNT("none_steroids_grade_2"), COUNT("none_steroids_grade_3")]
    assert by_arm(who(cohort, "infection")) == (COUNT("toci_infection"), COUNT("none_infection"))
    answers = events(cohort, "response").filter(pl.col("hour") < 30 * 24).select("patient", "text").join(
        events(cohort, "mrd").select("patient", pl.col("text").alias("mrd")), on="patient")
    for arm, expected in zip((WITH, WITHOUT), paper.responses(), strict=True):
        mine = answers.filter(pl.col("patient").is_in(arm))
        cr = mine.filter(pl.col("text") == "complete_remission")
        negative = len(cr.filter(pl.col("mrd") == "negative"))
        assert (negative, len(cr) - negative, len(mine) - len(cr)) == tuple(expected)
    icans = graded(cohort, "astct-icans-2019")
    assert (icans["grade"] > 0).sum() == COUNT("icans")
    assert (icans["grade"] == 3).sum() == COUNT("icans_grade_3")
    assert icans["grade"].equals(icans["at_most"].rename("grade"))
    assert (cohort.patients["sex"] == "male").sum() == COUNT("male")
    assert (cohort.patients["high_risk"] == "yes").sum() == COUNT("high_risk")


def summaries_hold(cohort: SyntheticCohort) -> None:
    """Medians and ranges that the paper prints."""
    days = graded(cohort)["days"].round(2)
    assert (days[:17].median(), days[:17].min(), days[:17].max()) == (6.1, 2.0, 14.0)
    assert (days[17:].median(), days[17:].min(), days[17:].max()) == (5.5, 0.0, 12.0)
    age, lines = cohort.patients["age_years"], cohort.patients["lines"]
    assert (age.median(), age.min(), age.max()) == (36.0, 8.0, 67.0)
    assert (lines.median(), lines.min(), lines.max()) == (2.0, 1, 3)
    doses = events(cohort, "tocilizumab")
    assert (doses["value"].median(), doses["value"].min(), doses["value"].max()) == (480.0, 160.0, 800.0)
    many = doses.group_by("patient").len()["len"]
    assert (many.min(), many.max()) == (1, 6)
    steroids = events(cohort, *PER_MG).with_columns((pl.col("value") * pl.col("concept").replace_strict(PER_MG)).alias("mg"))
    total = steroids.group_by("patient").agg(pl.col("mg").sum())["mg"].round(6)
    assert (total.median(), total.min(), total.max()) == (100.0, 7.5, 302.5)


def test_every_published_count_comes_out_of_the_events(cohort: SyntheticCohort) -> None:
    counts_hold(cohort)


def test_the_published_medians_and_ranges_come_out_of_the_events(cohort: SyntheticCohort) -> None:
    summaries_hold(cohort)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_another_seed_keeps_every_count_median_and_range(seed: int) -> None:
    other = synthetic(seed)
    counts_hold(other)
    summaries_hold(other)


def test_the_same_seed_makes_the_same_patients(cohort: SyntheticCohort) -> None:
    again = synthetic()
    assert again.timeline.events.equals(cohort.timeline.events)
    assert again.patients.equals(cohort.patients)


def test_another_seed_makes_other_patients(cohort: SyntheticCohort) -> None:
    other = synthetic(1)
    assert not other.timeline.events.equals(cohort.timeline.events)
    assert not other.patients["age_years"].equals(cohort.patients["age_years"])


def test_the_flow_from_61_screened_has_the_reasons_of_the_paper(cohort: SyntheticCohort) -> None:
    assert len(cohort.screening) + len(cohort.patients) == COUNT("screened")
    told = dict(cohort.screening.group_by("reason").len().iter_rows())
    assert sorted(told.values()) == [COUNT("progressed"), COUNT("short_follow_up"), COUNT("data_lost")]
    assert told["follow-up of less than 28 days"] == COUNT("short_follow_up")
    assert not set(cohort.screening["patient"]) & set(cohort.patients["patient"])


def test_the_stories_told_under_a_number_belong_to_that_number(cohort: SyntheticCohort) -> None:
    days = {p: [int(h // 24) for h in events(cohort, "tocilizumab").filter(pl.col("patient") == p)["hour"]] for p in ("Pt 4", "Pt 11")}
    assert days == {"Pt 4": [6, 9, 11], "Pt 11": [6, 8]}
    for p in days:
        cells = events(cohort, "car_t_percent").filter(pl.col("patient") == p)
        assert int(cells.sort("value")["hour"][-1] // 24) == 15
    assert who(cohort, "gvhd") == who(cohort, "ruxolitinib") == {"Pt 5"}
    assert cohort.patients.filter(pl.col("patient") == "Pt 5")["sex"][0] == "female"
    assert {"Pt 3", "Pt 6", "Pt 9", "Pt 10"} <= who(cohort, "infection")
    sites = dict(events(cohort, "infection").select("patient", "site").iter_rows())
    assert sites["Pt 6"] == "lung"
    assert "gallbladder" in sites.values()
    death = events(cohort, "death").filter(pl.col("patient") == "Pt 6")
    assert death["attribution"].to_list() == ["infection"]
    assert death["hour"][0] > 28 * 24


def test_il6_fell_in_ten_and_stayed_raised_for_a_week_in_seven(cohort: SyntheticCohort) -> None:
    first = events(cohort, "tocilizumab").group_by("patient").agg(pl.col("hour").min().alias("dose"))
    il6 = events(cohort, "il6").join(first, on="patient")
    before = il6.filter(pl.col("hour") < pl.col("dose")).sort("hour").group_by("patient").agg(
        pl.col("value").last().alias("before"), (pl.col("dose") - pl.col("hour")).last().alias("gap"))
    after = il6.filter(pl.col("hour") > pl.col("dose"), pl.col("hour") <= pl.col("dose") + 168).sort("hour").group_by("patient").agg(
        pl.col("value").last().alias("last"), pl.col("value").min().alias("lowest"))
    both = before.join(after, on="patient")
    assert both["gap"].max() <= 24
    assert set(both.filter(pl.col("lowest") > pl.col("before"))["patient"]) == RAISED
    assert len(both.filter(pl.col("last") < 0.5 * pl.col("before"))) == COUNT("toci_cytokines_fell")


def test_crp_falls_within_a_week_of_tocilizumab_in_everybody(cohort: SyntheticCohort) -> None:
    first = events(cohort, "tocilizumab").group_by("patient").agg(pl.col("hour").min().alias("dose"))
    crp = events(cohort, "crp").join(first, on="patient").with_columns((pl.col("hour") - pl.col("dose")).alias("since"))
    peak = crp.filter(pl.col("since").is_between(0, 48)).group_by("patient").agg(pl.col("value").max().alias("peak"))
    later = crp.filter(pl.col("since").is_between(144, 192)).group_by("patient").agg(pl.col("value").max().alias("later"))
    both = peak.join(later, on="patient")
    assert len(both) == 17
    assert (both["later"] < 0.5 * both["peak"]).all()


def test_tocilizumab_mostly_follows_the_onset_within_12_hours(cohort: SyntheticCohort) -> None:
    onset = episodes(grade(cohort.timeline, "astct-crs-2019")).select("patient", "onset_hour")
    wait = events(cohort, "tocilizumab").group_by("patient").agg(pl.col("hour").min()).join(onset, on="patient").select(
        pl.col("hour") - pl.col("onset_hour")).to_series()
    assert wait.min() > 0
    assert (wait <= 12).sum() > 17 / 2


def test_nobody_leaves_follow_up_before_day_28_and_everybody_has_one_end(cohort: SyntheticCohort) -> None:
    ends = events(cohort, "death", "last_follow_up")
    assert sorted(ends["patient"]) == sorted(cohort.patients["patient"])
    assert ends["hour"].min() > 28 * 24
    progress = events(cohort, "response").filter(pl.col("text").is_in(["relapse", "progressive_disease"])).join(
        ends.select("patient", pl.col("hour").alias("end")), on="patient")
    assert (progress["hour"] <= progress["end"]).all()


def test_what_was_told_agrees_with_what_is_computed(cohort: SyntheticCohort) -> None:
    crs, icans = graded(cohort), graded(cohort, "astct-icans-2019")
    assert cohort.patients["told_crs_max_grade"].to_list() == crs["grade"].to_list()
    assert cohort.patients["told_icans_max_grade"].to_list() == icans["grade"].to_list()
    assert cohort.patients["told_crs_days"].to_list() == pytest.approx(crs["days"].to_list(), abs=0.01)


def test_the_grade_by_lee_2014_is_settled_too(cohort: SyntheticCohort) -> None:
    lee = graded(cohort, "lee2014-crs")
    assert lee["grade"].to_list() == lee["at_most"].to_list()


def test_the_written_folder_reads_back_without_a_lost_row_and_with_the_same_grades(cohort: SyntheticCohort, tmp_path: Path) -> None:
    written = cohort.write(tmp_path / "study")
    assert [p.name for p in written] == ["events.csv", "patients.csv", "screening.csv", "cohort.toml"]
    back = Timeline.read_csv(written[0], patients=written[1], complete=COMPLETE)
    assert back.reading is not None
    for file in back.reading.files:
        assert (file.quarantined, file.explained) == (0, 0), file
    order = ["patient", "hour", "concept", "value", "text", "end_hour"]
    assert back.events.drop("origin").sort(order).equals(cohort.timeline.events.drop("origin").sort(order))
    for scale in ("astct-crs-2019", "astct-icans-2019"):
        mine, theirs = (episodes(grade(t, scale)).sort("patient", "episode") for t in (cohort.timeline, back))
        assert mine.equals(theirs)


def test_a_folder_that_cannot_be_written_is_told(cohort: SyntheticCohort, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CohortError, match="cannot be written"):
        cohort.write(tmp_path / "taken")


def test_the_study_file_reads_as_a_study_that_says_it_is_synthetic(cohort: SyntheticCohort, tmp_path: Path) -> None:
    study = Study.read(cohort.write(tmp_path)[3])
    assert study.arms == "tocilizumab"
    assert "nobody here is real" in study.synthetic
    assert "ynthetic" in study.title
    assert "synthetic" in study.patients_label
    assert study.complete == COMPLETE
    assert {v.name for v in study.variables} <= set(cohort.patients.columns)
    for v in study.variables:
        assert not v.values or set(cohort.patients[v.name]) <= set(v.values)


def test_every_table_says_that_it_is_synthetic(cohort: SyntheticCohort) -> None:
    assert cohort.timeline.events["origin"].unique().to_list() == ["synthetic"]
    assert cohort.patients["diagnosis"].str.contains("synthetic").all()
    assert cohort.patients["product"].str.contains("synthetic").all()
    assert (cohort.screening["note"] == "synthetic").all()
    assert events(cohort, "car_t_infusion")["note"].str.contains("synthetic").all()
    assert "Synthetic" in cohort.timeline.complete.basis


def test_every_invention_has_a_ground_and_a_place_or_is_said_to_be_assumed() -> None:
    for one in ASSUMPTIONS:
        assert one.value
        assert one.ground
        if one.source != "assumed":
            assert reference(one.source).key == "zhou2025"
    assert assumptions()["what"].is_unique().all()


def test_the_choices_begin_with_those_of_the_paper_and_name_each_invention() -> None:
    told = choices()
    of_paper = paper.paper003().choices()
    assert len(told) == len(of_paper) + len(ASSUMPTIONS)
    assert any("38/45 = 84.4 %" in line for line in told)
    assert any("free inventions without any meaning" in line for line in told)
    assert all(line.endswith(".") for line in told)


def test_a_cohort_of_nobody_is_empty_and_does_not_fail() -> None:
    nobody = made_of((), 1, "Synthetic cohort of nobody", pl.DataFrame(schema={"patient": pl.String, "reason": pl.String, "note": pl.String}))
    assert len(nobody.timeline.events) == 0
    assert nobody.patients.is_empty()


def test_one_patient_can_be_made_alone(cohort: SyntheticCohort) -> None:
    alone = made_of(cohort.plans[:1], 1, "Synthetic cohort of one", cohort.screening.clear())
    assert alone.patients["patient"].to_list() == ["Pt 1"]
    assert graded(alone)["grade"].to_list() == [cohort.plans[0].crs]
