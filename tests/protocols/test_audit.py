"""Treatments given beside what paper 004 asks for: each verdict on both sides of each boundary, and the published cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.records import COMPLETE, record
from tocsin.cases import read_case
from tocsin.errors import SettingError
from tocsin.protocols import PROTOCOLS, protocol
from tocsin.protocols.audit import VERDICTS, Finding, audit, drugs_of
from tocsin.protocols.audit_summary import summarise
from tocsin.protocols.omitted import needs
from tocsin.timeline import Timeline

PAPER004 = PROTOCOLS["paper004"]
SUPPORT = ("unstated-support-absent", "unstated-organ-toxicity-absent")
Row = dict[str, object]


def toci(hour: float, value: float | None = 400.0, **more: object) -> Row:
    return {"concept": "tocilizumab", "hour": hour, "value": value, **more}


def fever_then_liver(until: int = 72, liver_from: int = 24, ast: float = 300.0) -> list[Row]:
    """Fever throughout; from ``liver_from`` on liver toxicity of grade 3, for which paper 004 asks for tocilizumab and a steroid."""
    hours = range(0, until + 1, 4)
    values = [("temperature", 39.0), ("systolic_bp", 120.0), ("spo2", 98.0), ("alt", 20.0), ("bilirubin_total", 0.6), ("creatinine", 0.8),
              ("neutrophils", 3.0), ("platelets", 200.0), ("ice_score", 10.0), ("cartox10_score", 10.0)]
    rows: list[Row] = [{"concept": c, "hour": float(h), "value": v} for h in hours for c, v in values]
    rows += [{"concept": "ast", "hour": float(h), "value": ast if h >= liver_from else 20.0} for h in hours]
    return rows + [{"concept": "oxygen_device", "hour": float(h), "text": "room_air"} for h in hours]


def found(
    *doses: Row, weight: float | None = 50, complete: Iterable[str] = COMPLETE, until: int = 72, within: float = 6.0, tolerance: float = 0.1,
) -> list[Finding]:
    return audit(record([*fever_then_liver(until), *doses], weight, complete), PAPER004, within_hours=within, tolerance=tolerance)


def of_doses(*doses: Row, **options: object) -> list[Finding]:
    return [f for f in found(*doses, **options) if f.kind == "dose"]  # type: ignore[arg-type]


def verdicts(*doses: Row, **options: object) -> list[str]:
    return [f.verdict for f in of_doses(*doses, **options)]


def unanswered(findings: list[Finding]) -> list[tuple[str, float, float | None, str]]:
    return [(f.concept, f.hour, f.hour_latest, f.verdict) for f in findings if f.kind == "recommendation"]


# ---------------------------------------------------------------------------------------------------- time
@pytest.mark.parametrize(("hour", "verdict", "late"), [(24, "on_time", None), (30, "on_time", None), (30.5, "late", 0.5), (48, "late", 18.0)])
def test_tocilizumab_within_6_h_of_becoming_due_is_on_time_and_after_that_late(hour, verdict, late):
    (one,) = of_doses(toci(hour))
    assert (one.verdict, one.indication, one.late_by_hours, one.hours_after_due) == (verdict, "had", late, hour - 24)
    assert one.rules == ("paper004/C2.8t", "paper004/C3.4t")
    assert "aspartate aminotransferase 300 U/L" in " ".join(one.reasons)


def test_how_long_is_on_time_is_the_readers_choice():
    assert verdicts(toci(32.0), within=8) == ["on_time"]
    assert verdicts(toci(32.0), within=7.5) == ["late"]


@pytest.mark.parametrize(("hour", "verdict"), [(23.5, "not_indicated"), (24, "on_time")])
def test_tocilizumab_before_any_rule_asks_for_it_is_not_indicated(hour, verdict):
    assert verdicts(toci(hour)) == [verdict]


def test_a_second_fluid_bolus_is_due_from_the_first_one_on():
    low = [{"concept": "systolic_bp", "hour": h + 0.5, "value": 80.0} for h in range(8, 40)]
    boluses = [{"concept": "fluid_bolus", "hour": h, "value": 500.0} for h in (10.0, 12.0)]
    first, second = of_doses(*low, *boluses, until=8)
    assert [(f.verdict, f.hours_after_due, f.rules) for f in (first, second)] == [
        ("on_time", 1.5, ("paper004/C2.1",)), ("on_time", 2.0, ("paper004/C2.2",))]
    only = [f for f in found(*low, boluses[0], until=8) if f.concept == "fluid_bolus"]
    assert [(f.kind, f.verdict, f.rules) for f in only] == [
        ("dose", "on_time", ("paper004/C2.1",)), ("recommendation", "omitted", ("paper004/C2.2", "paper004/C2.1"))]


def test_a_repeat_while_a_rule_is_still_due_is_not_late():
    """Acetaminophen again for a fever that goes on: the rule was answered at hour 2."""
    given_at = [{"concept": "acetaminophen", "hour": h, "value": 1000.0} for h in (2.0, 20.0)]
    assert [(f.verdict, f.hours_after_due) for f in of_doses(*given_at)] == [("on_time", 2.0), ("on_time", 0.0)]
    assert verdicts(given_at[1]) == ["late"]


def test_a_vasopressor_that_goes_on_keeps_the_verdict_of_its_beginning():
    runs = [{"concept": "norepinephrine", "hour": float(h), "end_hour": h + 2.0, "value": 5.0} for h in (30, 32, 34)]
    first, second, third = of_doses(*runs)
    assert first.verdict == second.verdict == third.verdict == "not_indicated"
    assert second.reasons[0] == "It continues what began at hour 30."


def test_a_dose_known_only_by_its_day_may_be_on_time_or_late():
    day = {"hour_latest": 48.0}
    (one,) = of_doses(toci(24.0, **day))
    assert (one.verdict, one.indication, one.missing) == ("undecidable", "had", ("hour of the dose",))
    assert verdicts(toci(24.0, **day), within=24) == ["on_time"]
    (next_day,) = of_doses(toci(48.0, hour_latest=72.0))
    assert (next_day.verdict, next_day.late_by_hours) == ("late", 18)


def test_a_dose_of_a_day_on_which_it_became_due_may_have_had_an_indication():
    (one,) = of_doses(toci(20.0, hour_latest=30.0))
    assert (one.verdict, one.indication) == ("undecidable", "unknown")
    assert "hour of the dose" in one.missing


# ---------------------------------------------------------------------------------------------------- dose
@pytest.mark.parametrize(("mg", "verdict"), [(359, "dose_off"), (360, "on_time"), (400, "on_time"), (440, "on_time"), (441, "dose_off")])
def test_a_dose_that_differs_by_more_than_a_tenth_is_off(mg, verdict):
    (one,) = of_doses(toci(25.0, mg))
    assert one.verdict == verdict
    assert one.arithmetic == f"8 mg/kg x 50 kg = 400 mg, given {mg} mg"
    assert (one.dose_given, one.dose_asked, one.unit) == (mg, 400, "mg")


def test_below_30_kg_the_dose_asked_for_is_12_mg_per_kg():
    assert verdicts(toci(25.0, 240.0), weight=20) == ["on_time"]
    (one,) = of_doses(toci(25.0, 160.0), weight=20)
    assert (one.verdict, one.arithmetic) == ("dose_off", "12 mg/kg x 20 kg = 240 mg, given 160 mg")


def test_without_a_weight_a_dose_is_not_called_off():
    (one,) = of_doses(toci(25.0, 200.0), weight=None)
    assert one.verdict == "on_time"
    assert "the weight is not known, given 200 mg (that would be the dose at 25 kg)" in one.arithmetic


@pytest.mark.parametrize(("rate", "verdict"), [(4, "dose_off"), (8, "on_time"), (12, "on_time"), (14, "dose_off")])
def test_without_a_weight_a_dose_per_kg_is_off_where_it_fits_no_weight(rate, verdict):
    """8 mg/kg, below 30 kg 12 mg/kg, at most 800 mg."""
    assert verdicts(toci(25.0, None, text=f"{rate} mg/kg"), weight=None) == [verdict]


def test_a_fixed_dose_is_compared_without_a_weight():
    def dexamethasone(mg: float) -> list[str]:
        return verdicts({"concept": "dexamethasone", "hour": 25.0, "value": mg}, weight=None)

    assert dexamethasone(10.0) == ["on_time"]
    assert dexamethasone(4.0) == ["dose_off"]


def test_another_steroid_than_the_one_named_has_no_dose_to_compare():
    (one,) = of_doses({"concept": "methylprednisolone", "hour": 25.0, "value": 40.0})
    assert (one.verdict, one.arithmetic, one.rules) == ("on_time", "", ("paper004/C3.2",))


@pytest.mark.parametrize(("mg", "verdict"), [(800, "on_time"), (801, "over_maximum")])
def test_no_single_dose_of_tocilizumab_is_above_800_mg(mg, verdict):
    assert verdicts(toci(25.0, mg), weight=110) == [verdict]


# ---------------------------------------------------------------------------------------------------- intervals and maxima
@pytest.mark.parametrize(("second", "verdict"), [(30.5, "too_soon"), (31, "on_time")])
def test_tocilizumab_again_before_6_h_is_too_soon(second, verdict):
    one = of_doses(toci(25.0), toci(second))[1]
    assert one.verdict == verdict
    assert (one.blocked_by == ()) == (verdict == "on_time")


@pytest.mark.parametrize(("fourth", "verdict"), [(47.5, "over_maximum"), (48, "on_time")])
def test_a_fourth_tocilizumab_within_24_h_is_over_the_maximum(fourth, verdict):
    one = of_doses(toci(24.0), toci(31.0), toci(38.0), toci(fourth))[3]
    assert one.verdict == verdict
    assert ("TOCI-24H" in " ".join(one.blocked_by)) == (verdict == "over_maximum")


def test_a_fifth_tocilizumab_is_over_the_maximum_of_four_in_all():
    four = [toci(h) for h in (24.0, 34.0, 44.0, 54.0)]
    assert verdicts(*four) == ["on_time"] * 4
    one = of_doses(*four, toci(64.0))[4]
    assert (one.verdict, one.indication) == ("over_maximum", "had")
    assert one.blocked_by == ("TOCI-TOTAL: 4 doses of tocilizumab were given in all",)


def test_siltuximab_is_given_once():
    silt = [{"concept": "siltuximab", "hour": h, "value": 550.0} for h in (25.0, 60.0)]
    assert verdicts(*silt) == ["on_time", "over_maximum"]


def test_two_rows_of_one_drug_at_the_same_hour_are_two_doses():
    assert verdicts(toci(25.0), toci(25.0, 401.0)) == ["on_time", "too_soon"]


def test_an_antipyretic_that_is_contraindicated_is_not_indicated_and_says_why():
    platelets = [{"concept": "platelets", "hour": h + 0.5, "value": 20.0} for h in range(0, 13, 4)]
    doses = [{"concept": "acetaminophen", "hour": 1.0}, {"concept": "ibuprofen", "hour": 10.0, "value": 400.0}]
    one = of_doses(*doses, *platelets, until=12)[1]
    assert (one.verdict, one.indication) == ("not_indicated", "lacked")
    assert "platelets are below 50" in one.reasons[0]


# ---------------------------------------------------------------------------------------------------- omitted
@pytest.mark.parametrize(("until", "expected"), [(28, []), (32, [("tocilizumab", 24, 32, "omitted"), ("dexamethasone", 24, 32, "omitted")])])
def test_what_is_due_for_more_than_6_h_without_a_dose_is_omitted(until, expected):
    answered = {"concept": "acetaminophen", "hour": 1.0}
    assert sorted(unanswered(found(answered, until=until))) == sorted(expected)


def test_siltuximab_answers_for_tocilizumab():
    """Until the interval of tocilizumab is over: what still stands then is due again, as after tocilizumab itself."""
    siltuximab = {"concept": "siltuximab", "hour": 25.0, "value": 550.0}
    asked = [[f.hour for f in found(siltuximab, until=until) if f.kind == "recommendation" and f.concept == "tocilizumab"] for until in (30, 72)]
    assert asked == [[], [31.0]]
    assert "tocilizumab or siltuximab" in " ".join(next(f for f in found() if f.concept == "tocilizumab").reasons)


def test_after_the_interval_a_recommendation_that_still_stands_is_due_again():
    once = [f for f in found(toci(25.0)) if f.concept == "tocilizumab"]
    assert [(f.kind, f.verdict, f.hour, f.hour_latest) for f in once] == [
        ("dose", "on_time", 25, None), ("recommendation", "omitted", 31, 72)]


def test_a_late_dose_answers_a_recommendation_that_is_then_not_omitted():
    late, again = (f for f in found(toci(60.0), until=76) if f.concept == "tocilizumab")
    assert (late.verdict, again.kind, again.hour) == ("late", "recommendation", 66)


def test_what_a_record_does_not_tell_is_not_an_omission():
    """A case report that does not speak of acetaminophen does not say that none was given."""
    one = next(f for f in found(complete=()) if f.concept == "acetaminophen")
    assert (one.kind, one.verdict, one.indication) == ("recommendation", "undecidable", "had")
    assert one.missing == ("acetaminophen", "antipyretic")
    absent = [{"concept": c, "hour": 0.0, "end_hour": 96.0, "text": "absent"} for c in one.missing]
    assert next(f for f in found(*absent, complete=()) if f.concept == "acetaminophen").verdict == "omitted"


def test_experimental_optional_and_alternative_rules_are_never_omitted():
    codes = {PAPER004.rules[i].code for group in needs(PAPER004) for i in group}
    assert codes.isdisjoint({"R1", "R2", "R3", "C1.1b", "C2.6", "C2.3s", "C4.1ts"})
    assert {"C1.1", "C2.3", "C3.2", "C4.1", "C2.5a"} <= codes
    refractory = [{"concept": "refractory_crs", "hour": float(h), "text": "present"} for h in range(0, 72, 12)]
    assert "anakinra" not in {f.concept for f in found(toci(25.0), *refractory)}


# ---------------------------------------------------------------------------------------------------- undecidable
def test_a_dose_whose_indication_hangs_on_something_untold_is_undecidable_and_names_it():
    (one,) = of_doses({"concept": "anakinra", "hour": 30.0}, complete=("devices", "neurology", "hypotension"))
    assert (one.verdict, one.indication, one.rules) == ("undecidable", "unknown", ("paper004/R1",))
    assert "corticosteroid" in one.missing


def test_a_reported_grade_is_an_input_only_where_the_reader_says_so():
    """A reported grade of 3 on the day asks for a steroid only when it stands for the CARTOX grade."""
    day = {"hour": 48.0, "hour_latest": 72.0}
    rows = [{"concept": "reported_crs_grade", "value": 3.0, **day}, {"concept": "dexamethasone", **day}, {"concept": "temperature", "value": 37.0, **day}]
    stands = protocol("paper004", reported_grade_counts=True)
    (plain,), (told,) = ([f for f in audit(record(rows, 70, ("drugs",)), p) if f.kind == "dose"] for p in (PAPER004, stands))
    assert (plain.verdict, plain.indication) == ("undecidable", "unknown")
    assert (told.verdict, told.indication, told.rules) == ("undecidable", "had", ("paper004/C3.2",))
    assert told.missing[0] == "hour of the dose"


def test_an_indication_is_known_even_where_an_interval_is_not():
    """Whether dexamethasone was given within 6 h is not told; that grade 3 asks for it is."""
    one = next(f for f in of_doses({"concept": "dexamethasone", "hour": 30.0, "value": 10.0}, complete=("devices", "neurology", "hypotension")))
    assert (one.verdict, one.indication) == ("undecidable", "had")
    assert "dexamethasone" in one.missing


def test_a_limit_is_broken_even_where_the_indication_is_not_known():
    given_at = [{"concept": "tocilizumab", "hour": h, "value": 400.0} for h in (2.0, 4.0)]
    rows = [{"concept": "temperature", "hour": 0.0, "value": 39.0}, *given_at]
    first, second = (f for f in audit(record(rows, 50, ("drugs",)), PAPER004) if f.concept == "tocilizumab")
    assert (first.verdict, second.verdict, second.indication) == ("undecidable", "too_soon", "unknown")


def test_a_dose_before_anything_is_on_record_is_undecidable():
    (one,) = audit(record([toci(5.0)], 50, ()), PAPER004)
    assert (one.verdict, one.indication) == ("undecidable", "unknown")


def test_a_dose_put_down_to_another_cause_says_so():
    (one,) = of_doses({"concept": "dexamethasone", "hour": 10.0, "value": 10.0, "attribution": "icans"})
    assert one.verdict == "not_indicated"
    assert one.reasons[-1] == "The record puts it down to icans."


def test_what_was_given_before_the_infusion_or_is_not_named_is_not_audited():
    assert of_doses(toci(-2.0), {"concept": "torasemide", "hour": 30.0}, {"concept": "tocilizumab", "hour": 40.0, "text": "absent"}) == []


@pytest.mark.parametrize(("within", "tolerance"), [(-1, 0.1), (float("nan"), 0.1), (6, -0.1), (6, 1)])
def test_a_time_or_tolerance_that_makes_no_sense_is_refused(within, tolerance):
    with pytest.raises(SettingError):
        found(within=within, tolerance=tolerance)


# ---------------------------------------------------------------------------------------------------- over all charts
DRUG = st.sampled_from(["tocilizumab", "siltuximab", "dexamethasone", "methylprednisolone", "acetaminophen", "ibuprofen", "fluid_bolus", "anakinra"])
DOSES = st.lists(st.tuples(DRUG, st.integers(0, 72), st.sampled_from([None, 10.0, 400.0])), max_size=6)


def rows_of(doses: list[tuple[str, int, float | None]]) -> list[Row]:
    return [{"concept": c, "hour": float(h), "value": v} for c, h, v in doses]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(doses=DOSES, closed=st.booleans())
def test_every_dose_of_a_drug_that_the_protocol_names_gets_exactly_one_verdict(doses, closed):
    mine = of_doses(*rows_of(doses), complete=COMPLETE if closed else ())
    assert sorted((f.concept, f.hour, f.dose_given or 0) for f in mine) == sorted((c, h, v or 0) for c, h, v in doses)
    assert {f.verdict for f in mine} <= set(VERDICTS) - {"omitted"}
    for one in mine:
        assert (one.verdict == "late") == (one.late_by_hours is not None and one.late_by_hours > 0)
        assert one.verdict != "undecidable" or one.missing
        assert one.reasons


@settings(max_examples=30, deadline=None, derandomize=True)
@given(doses=DOSES, later=DOSES)
def test_later_doses_do_not_change_the_verdict_on_earlier_ones(doses, later):
    early = [d for d in doses if d[1] < 36]
    late = [d for d in later if d[1] >= 36]
    both = [f for f in of_doses(*rows_of(early), *rows_of(late)) if f.hour < 36]
    assert both == of_doses(*rows_of(early))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(hour=st.integers(96, 288), shift=st.integers(1, 100))
def test_shifting_a_dose_later_never_turns_late_into_on_time(hour, shift):
    """In quarters of an hour; tocilizumab is due from hour 24 on."""
    first, second = verdicts(toci(hour / 4)), verdicts(toci(min(hour + shift, 288) / 4))
    assert (first, second) != (["late"], ["on_time"])
    assert {*first, *second} <= {"on_time", "late"}


def test_the_record_of_a_finding_is_plain_and_names_every_field():
    line = of_doses(toci(25.0, 480.0))[0].record()
    assert (line["kind"], line["verdict"], line["rules"]) == ("dose", "dose_off", ["paper004/C2.8t", "paper004/C3.4t"])
    assert set(line) == {f.name for f in Finding.__dataclass_fields__.values()}


def test_the_summary_counts_each_finding_once():
    findings = found(toci(25.0), toci(27.0), toci(20.0))
    counts = summarise(findings, "paper004", 1)
    assert sum(counts.verdicts.values()) == len(findings)
    assert counts.by_drug["tocilizumab"] == {"omitted": 1, "not_indicated": 1, "too_soon": 2}
    assert (counts.doses, counts.had, counts.lacked, counts.unknown) == (3, 2, 1, 0)


def test_the_audit_covers_the_drugs_that_the_rules_name_and_no_images():
    assert "tocilizumab" in drugs_of(PAPER004)
    assert set(drugs_of(PAPER004)).isdisjoint({"imaging", "lvef", "oxygen_device"})


# ---------------------------------------------------------------------------------------------------- the published cases
def case(number: str, drug: str, *, assume: bool = False) -> list[Finding]:
    timeline = read_case(number)
    if assume:
        timeline = replace(timeline, complete=timeline.complete.assuming(*SUPPORT))
    return [f for f in audit(timeline, PAPER004) if f.concept == drug]


@pytest.mark.parametrize("assume", [False, True])
def test_case_000_tocilizumab_4_mg_per_kg_on_day_4_is_below_any_dose_of_the_protocol(assume):
    """Whether it was indicated hangs on the oxygen saturation; the dose is off whatever the child weighed."""
    one = case("000", "tocilizumab", assume=assume)[0]
    assert (one.hour, one.verdict, one.indication) == (96, "dose_off", "unknown")
    assert one.arithmetic.endswith("given 4 mg/kg: fits no weight from 2 to 150 kg")
    assert "spo2" in one.missing


def test_case_000_the_course_every_8_h_passes_four_doses_with_its_second():
    course = [f for f in case("000", "tocilizumab") if f.kind == "dose"][-1]
    assert (course.verdict, course.dose_given) == ("undecidable", None)
    assert "number of doses" in course.missing
    assert "3 doses are told before it, so that dose 2 of the course passes the maximum of 4 in all [TOCI-TOTAL]." in course.reasons[-1]


def test_case_000_if_support_not_told_was_absent_the_tocilizumab_of_day_5_could_only_be_for_neurotoxicity():
    """Saturation 93 to 95% without oxygen and no low pressure: grade 1 by CARTOX, and paper 004 waits for three days of fever.  Whether
    there was neurotoxicity by then, which with CRS asks for it, is not told; the dose of 4 mg/kg is off in any case.
    """
    day5 = [f for f in case("000", "tocilizumab", assume=True) if f.hour == 120 and f.hour_latest == 144]
    assert [(f.verdict, f.indication, f.rules) for f in day5] == [("dose_off", "unknown", ("paper004/N4",))] * 2
    assert {"consciousness", "capd_score"} <= set(day5[0].missing)


def test_case_001_tocilizumab_8_mg_per_kg_may_have_been_asked_for_by_oxygen_that_is_not_told_to_have_ended():
    (open_world,), (assumed,) = case("001", "tocilizumab"), case("001", "tocilizumab", assume=True)
    assert (open_world.verdict, assumed.verdict) == ("undecidable", "undecidable")
    assert assumed.rules == ("paper004/C2.7t", "paper004/C3.3t", "paper004/N4")
    assert "oxygen_device" in assumed.missing


def test_case_002_tocilizumab_400_mg_on_day_5_is_undecidable_for_what_is_not_told():
    one = case("002", "tocilizumab")[0]
    assert (one.hour, one.verdict, one.dose_given) == (120, "undecidable", 400)
    assert {"weight_kg", "spo2", "systolic_bp"} <= set(one.missing)
    assert "the dose at 50 kg" in one.arithmetic


def test_case_002_if_support_not_told_was_absent_the_steroid_of_day_6_was_early_by_what_is_told_and_that_of_day_7_had_an_indication():
    """AST 535.67 U/L makes CARTOX grade 3 on day 7.  On day 6 only neurotoxicity or a low saturation could have asked for it, and neither is told."""
    day6, day7 = (f for f in case("002", "methylprednisolone", assume=True) if f.kind == "dose")
    assert (day6.hour, day6.verdict, day6.rules) == (144, "undecidable", tuple(f"paper004/{c}" for c in ("C2.7d", "N7", "N9.3", "N9.4", "P8")))
    assert "ice_score" in day6.missing
    assert (day7.hour, day7.verdict, day7.indication, day7.missing) == (168, "undecidable", "had", ("hour of the dose",))


def test_case_002_ruxolitinib_5_mg_is_the_second_step_of_its_source():
    """Both doses are known by their day alone, so when the second step became due is too."""
    doses = case("002", "ruxolitinib")
    assert [f.verdict for f in doses] == ["undecidable", "undecidable"]
    assert "paper004/R2b" in doses[1].rules
    assert doses[1].arithmetic == "5 mg every 12 h, given 5 mg"


def test_many_patients_are_audited_as_each_alone():
    """Their moments are swept together, the first of each, then the second, and so on."""
    histories = {"1": [toci(25.0), toci(31.0), toci(60.0)], "2": [toci(25.0), toci(25.0, 401.0)], "3": [], "4": [toci(40.0, hour_latest=64.0)]}
    body = {"age_years": 40.0, "weight_kg": 50.0}
    rows = [{**row, "patient": who} for who, doses in histories.items() for row in (*fever_then_liver(), *doses)]
    together = audit(Timeline.from_rows(rows, [{"patient": who, **body} for who in histories], COMPLETE), PAPER004)
    for who, doses in histories.items():
        alone = audit(Timeline.from_rows([*fever_then_liver(), *doses], [body], COMPLETE), PAPER004)
        assert [replace(f, patient="1") for f in together if f.patient == who] == alone
