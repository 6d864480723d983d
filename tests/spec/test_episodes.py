"""Episodes: when CRS began, how long each grade lasted, when it had resolved, and when a new one began."""

from __future__ import annotations

import polars as pl
import pytest

from spec.chart import timeline_of
from tocsin.grading import episodes, grade

CRS = "astct-crs-2019"


def course(*spans: tuple[float, float, str]) -> list[dict[str, object]]:
    """Hourly charting: from hour, to hour (not included), and "concept=value ..." that holds then."""
    rows: list[dict[str, object]] = []
    for start, end, cells in spans:
        for step in range(int(end - start)):
            for cell in cells.split():
                concept, _, value = cell.partition("=")
                row: dict[str, object] = {"concept": concept, "hour": start + step}
                rows.append(row | ({"value": float(value)} if value.replace(".", "").isdigit() else {"text": value}))
    return rows


WELL = "temperature=36.8 systolic_bp=120 oxygen_device=room_air"
FEVER = "temperature=39 systolic_bp=120 oxygen_device=room_air"
PRESSOR = "temperature=39 systolic_bp=95 oxygen_device=room_air norepinephrine=5"


def of(rows: list[dict[str, object]], scale: str = CRS, **options: object) -> list[dict[str, object]]:
    return list(episodes(grade(timeline_of(rows), scale, **options)).iter_rows(named=True))


def dose(concept: str, hour: float, hours: float | None = None) -> dict[str, object]:
    return {"concept": concept, "hour": hour} | ({"end_hour": hour + hours} if hours else {})


def test_the_onset_is_the_first_moment_surely_of_grade_1():
    [one] = of(course((0, 30, WELL), (30, 40, FEVER), (40, 100, WELL)))
    assert one["onset_hour"] == 30


def test_a_fever_that_is_only_possible_begins_no_episode():
    assert of([{"concept": "temperature", "hour": 5.0, "value": 37.5, "censored": 1}]) == []


def test_the_hours_in_each_grade_and_the_maximum_with_its_onset():
    stopped = PRESSOR.replace("norepinephrine=5", "norepinephrine=0")
    [one] = of(course((0, 10, WELL), (10, 20, FEVER), (20, 26, PRESSOR), (26, 30, stopped), (30, 80, WELL)))
    assert [one[f"hours_at_{g}"] for g in range(1, 6)] == [14, 0, 6, 0, 0]
    assert (one["max_at_least"], one["max_at_most"], one["max_from_hour"]) == (3, 3, 20)
    assert one["undecided_hours"] == 0


def test_hours_whose_grade_is_a_range_are_counted_apart():
    rows = course((0, 10, FEVER), (10, 20, "temperature=39 systolic_bp=120 oxygen_device=nasal_cannula"), (20, 80, WELL))
    [one] = of(rows)
    assert one["undecided_hours"] == 10
    assert (one["max_at_least"], one["max_at_most"]) == (2, 3)


def test_off_all_such_drugs_crs_has_resolved_when_fever_ends_for_24_hours():
    [one] = of(course((0, 10, FEVER), (10, 60, WELL)))
    assert one["resolution_hour"] == 10


def test_after_a_masking_dose_resolution_waits_for_24_hours_without_one():
    first = of([*course((0, 10, FEVER), (10, 57, WELL), (57, 90, FEVER)), dose("acetaminophen", 8)])[0]
    assert first["resolution_hour"] == 32


def test_while_masking_drugs_go_on_resolution_takes_48_hours_of_quiet():
    """Quiet from hour 10 on; the steroid runs through to hour 200."""
    rows = course((0, 10, FEVER), (10, 57, WELL), (57, 60, FEVER))
    assert of([*rows, dose("dexamethasone", 8, 192)])[0]["resolution_hour"] is None
    [one] = of([*course((0, 10, FEVER), (10, 90, WELL)), dose("dexamethasone", 8, 192)])
    assert one["resolution_hour"] == 10


def test_each_dose_renews_the_wait():
    rows = course((0, 10, FEVER), (10, 100, WELL))
    doses = [dose("acetaminophen", h) for h in (8, 14, 20, 26, 30)]
    [one] = of([*rows, *doses])
    assert one["resolution_hour"] == 10, "48 h of quiet whatever is given comes before 24 h after the last dose"


@pytest.mark.parametrize("sign", ["norepinephrine=3", "oxygen_device=low_flow_nasal_cannula", "fluid_bolus=500"])
def test_a_masked_course_has_not_resolved_while_support_goes_on(sign):
    still = " ".join(c for c in WELL.split() if c.partition("=")[0] != sign.partition("=")[0]) + f" {sign}"
    [one] = of([*course((0, 10, FEVER), (10, 100, still)), dose("tocilizumab", 8)])
    assert one["resolution_hour"] is None


def test_a_gap_in_charting_of_up_to_12_hours_does_not_break_the_quiet():
    """The temperature counts for 6 h, so 18 h between two of them leave a gap of 12."""
    rows = course((0, 10, FEVER), (10, 34, WELL), (51, 57, WELL), (57, 60, FEVER))
    assert of([*rows, dose("acetaminophen", 8)])[0]["resolution_hour"] == 32


def test_a_longer_gap_in_charting_breaks_the_quiet():
    rows = course((0, 10, FEVER), (10, 34, WELL), (52, 120, WELL))
    [one] = of([*rows, dose("acetaminophen", 8)])
    assert one["resolution_hour"] == 52


def test_less_than_24_hours_of_quiet_is_no_resolution_yet():
    rows = course((0, 10, FEVER), (10, 27, WELL))
    assert of(rows)[0]["resolution_hour"] is None, "the last temperature, of hour 26, counts until hour 32"
    [one] = of(course((0, 10, FEVER), (10, 29, WELL)))
    assert one["resolution_hour"] == 10


def test_fever_returning_when_the_mask_wears_off_is_the_same_episode():
    rows = [*course((0, 10, FEVER), (10, 25, WELL), (25, 30, FEVER), (30, 90, WELL)), dose("tocilizumab", 8)]
    [one] = of(rows)
    assert (one["onset_hour"], one["resolution_hour"]) == (0, 30)


def test_a_fever_less_than_24_hours_after_the_end_goes_on_with_the_same_episode():
    [one] = of(course((0, 10, FEVER), (10, 33, WELL), (33, 40, FEVER), (40, 100, WELL)))
    assert (one["onset_hour"], one["resolution_hour"]) == (0, 40)
    assert one["hours_at_1"] == 17


def test_a_fever_after_24_hours_at_grade_0_is_a_new_episode():
    first, second = of(course((0, 10, FEVER), (10, 34, WELL), (34, 40, PRESSOR), (40, 44, FEVER + " norepinephrine=0"), (44, 100, WELL)))
    assert (first["episode"], first["onset_hour"], first["resolution_hour"], first["max_at_least"]) == (1, 0, 10, 1)
    assert (second["episode"], second["onset_hour"], second["resolution_hour"], second["max_at_least"]) == (2, 34, 44, 3)


def test_how_long_at_grade_0_makes_a_new_episode_is_a_setting():
    rows = course((0, 10, FEVER), (10, 40, WELL), (40, 50, FEVER), (50, 100, WELL))
    assert len(of(rows)) == 2
    assert len(of(rows, settings={"new_episode_hours": 48})) == 1


def test_an_unsettled_time_between_is_not_time_at_grade_0():
    """From hour 16 to hour 34 the temperature is unknown: not surely at grade 0, so not surely a new episode."""
    rows = course((0, 10, FEVER), (10, 11, WELL), (34, 40, FEVER), (40, 100, WELL))
    assert len(of(rows)) == 1


def test_an_episode_still_open_has_no_resolution():
    [one] = of(course((0, 10, FEVER)))
    assert one["resolution_hour"] is None


def test_icans_resolves_when_no_finding_is_left_for_24_hours():
    clear, mild = "ice_score=10 consciousness=awake", "ice_score=8 consciousness=awake"
    [one] = of(course((0, 20, clear), (20, 44, mild), (44, 90, clear)), "astct-icans-2019")
    assert (one["onset_hour"], one["resolution_hour"], one["hours_at_1"]) == (20, 44, 24)


def test_several_patients_have_their_own_episodes():
    rows = [{**r, "patient": "a"} for r in course((0, 10, FEVER), (10, 60, WELL))]
    rows += [{**r, "patient": "b"} for r in course((5, 9, FEVER), (9, 60, WELL))]
    rows += [{**r, "patient": "c"} for r in course((0, 60, WELL))]
    frame = episodes(grade(timeline_of(rows), CRS))
    assert frame.select("patient", "onset_hour").rows() == [("a", 0.0), ("b", 5.0)]
    assert frame.schema["hours_at_1"] == pl.Float64
