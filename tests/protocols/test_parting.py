"""Where two guidelines part: stance, dose, interval, what is not told, and the first hour of each."""

from __future__ import annotations

import pytest

from tocsin.cases import read_case
from tocsin.cite import Mark
from tocsin.protocols import PROTOCOLS, protocol
from tocsin.protocols.drugs import interval
from tocsin.protocols.parting import Parting, Partings, counts, partings
from tocsin.protocols.protocol import Chapter, Dose, Protocol, Rule
from tocsin.protocols.treatments import compared, treatments_of
from tocsin.rules import Measure, Predicate, present
from tocsin.scales import scale
from tocsin.timeline import Timeline

HOT, HOTTER, SHOCK = Measure("temperature", "degC").at_least(38.0), Measure("temperature", "degC").at_least(39.0), present("hypotension")
SUPPORT = ("unstated-support-absent", "unstated-organ-toxicity-absent")


def rule(code: str, when: Predicate, drug: str | None = "dexamethasone", dose: Dose | None = None, action: str = "Give it", **more: object) -> Rule:
    return Rule(code, action, when, "tocsin:test", Mark.SOURCE, "As the source says", drug=drug, dose=dose, **more)  # type: ignore[arg-type]


def guideline(name: str, *rules: Rule) -> Protocol:
    astct = scale("astct-crs-2019")
    return Protocol(name, name, (Chapter("CRS", astct, rules, astct.episode),), ())


def fever(*values: float, patient: str = "1") -> list[dict[str, object]]:
    """A temperature every 4 h from hour 0 on, and an end 4 h after the last."""
    rows: list[dict[str, object]] = [{"concept": "temperature", "hour": 4.0 * i, "value": v, "patient": patient} for i, v in enumerate(values)]
    return [*rows, {"concept": "crp", "hour": 4.0 * len(values), "value": 5.0, "patient": patient}]


def compare(a: Rule | list[Rule], b: Rule | list[Rule], rows: list[dict[str, object]], weight: float | None = 70) -> Partings:
    one, other = (guideline(n, *([r] if isinstance(r, Rule) else r)) for n, r in (("a", a), ("b", b)))
    who = dict.fromkeys(str(r.get("patient", "1")) for r in rows)
    return partings(Timeline.from_rows(rows, [{"patient": p, "age_years": 40, "weight_kg": weight} for p in who], ("drugs",)), one, other)


def brief(found: list[Parting]) -> list[tuple[float, float, str, str]]:
    return [(p.start_hour, p.end_hour, p.a.stance, p.b.stance) for p in found if p.sure]


# ---------------------------------------------------------------------------------------------------- stance
def test_they_part_from_the_hour_at_which_one_asks_to_the_hour_at_which_both_do():
    found = compare(rule("A", HOT), rule("B", HOTTER), fever(37, 38, 38.9, 39, 37)).of("1")
    assert brief(found) == [(4, 12, "asks", "not_asked")]
    (one,) = found
    assert (one.treatment, one.a.rules, one.a.why) == ("corticosteroid", ("A",), ("Body temperature >= 38 degC",))
    assert one.b.why == ("B would need Body temperature >= 39 degC",)
    assert one.a.evidence[0].startswith("body temperature 38")
    assert one.a.grade == "CRS, ASTCT consensus 2019 1 to 4 by FEVER1"


def test_two_that_say_the_same_part_nowhere():
    assert compare(rule("A", HOT), rule("B", HOT), fever(37, 39)).of("1") == []


def test_another_drug_for_the_same_condition_parts():
    found = compare(rule("A", HOT), rule("B", HOT, drug="methylprednisolone"), fever(38)).of("1")
    assert [(p.by_dose, p.a.doses, p.b.doses) for p in found] == [(True, ("dexamethasone",), ("methylprednisolone",))]


def test_an_alternative_to_a_drug_is_no_parting():
    either = [rule("B", HOT, drug="methylprednisolone"), rule("Bd", HOT, instead_of="B")]
    assert compare([rule("A", HOT, drug="methylprednisolone")], either, fever(38)).of("1") == []


def test_what_one_allows_and_the_other_asks_for_parts():
    assert brief(compare(rule("A", HOT, optional=True), rule("B", HOT), fever(38)).of("1")) == [(0, 4, "allows", "asks")]


# ---------------------------------------------------------------------------------------------------- dose and interval
@pytest.mark.parametrize(("dose", "parts"), [(Dose(10.0, every_hours=6.0), False), (Dose(10.0, every_hours=12.0), True), (Dose(20.0, every_hours=6.0), True),
                                             (Dose(10.0), False), (Dose(as_told="no dose in the source"), False)])
def test_doses_and_intervals_that_differ_part_and_what_a_source_does_not_tell_does_not(dose: Dose, parts: bool):
    found = compare(rule("A", HOT, dose=Dose(10.0, every_hours=6.0)), rule("B", HOT, dose=dose), fever(38)).of("1")
    assert [(p.sure, p.by_dose) for p in found] == ([(True, True)] if parts else [])
    if parts:
        assert found[0].a.doses == ("dexamethasone 10 mg every 6 h",)


@pytest.mark.parametrize(("weight", "parts"), [(29.9, True), (30, False), (None, False)])
def test_a_dose_by_weight_parts_where_the_weight_makes_it_differ(weight: float | None, parts: bool):
    light = Dose(per_kg=8.0, cap=800.0, light_below_kg=30.0, light_per_kg=12.0)
    one, other = (rule(code, HOT, drug="tocilizumab", dose=dose) for code, dose in (("A", light), ("B", Dose(per_kg=8.0, cap=800.0))))
    assert bool(compare(one, other, fever(38), weight).of("1")) is parts


def test_between_6_and_8_h_after_tocilizumab_the_shorter_interval_asks_again_and_the_longer_forbids():
    six, eight = (interval("tocilizumab", h, "tocsin:test", Mark.SOURCE) for h in (6.0, 8.0))
    rows = [*fever(38, 38, 38, 38), {"concept": "tocilizumab", "hour": 2.0, "value": 400.0}]
    found = compare(rule("A", HOT, drug="tocilizumab", blocked_by=(six,)), rule("B", HOT, drug="tocilizumab", blocked_by=(eight,)), rows).of("1")
    assert [(round(s, 6), round(e, 6), a, b) for s, e, a, b in brief(found)] == [(8, 10, "asks", "not_now")]
    assert found[0].b.why == ("tocilizumab was given less than 8 h ago",)


# ---------------------------------------------------------------------------------------------------- not told
def test_where_one_depends_on_what_is_not_told_they_may_part_and_it_is_named():
    found = compare(rule("A", HOT), rule("B", SHOCK), fever(38)).of("1")
    assert [(p.sure, p.a.stance, p.b.stance, p.b.missing) for p in found] == [(False, "asks", "depends", ("hypotension",))]


def test_an_empty_record_parts_nowhere():
    empty = Timeline.from_rows([], [{"age_years": 40}])
    found = partings(empty, PROTOCOLS["paper004"], PROTOCOLS["asco2021"])
    assert (found.of("1"), found.first("1")) == ([], [])
    assert {c.neither for c in counts([found.hours])} == {1}


# ---------------------------------------------------------------------------------------------------- what is compared
def test_a_rule_without_a_drug_is_compared_only_where_both_have_one_for_it():
    icu, other = rule("A1", HOT, None, action="Intensive care"), rule("A2", HOT, None, action="Telemetry")
    a, b = guideline("a", icu, other, rule("A3", HOT)), guideline("b", rule("B1", HOTTER, None, action="Consider intensive care"))
    found, left = compared(a, b)
    assert [(c.treatment.name, c.a, c.b) for c in found] == [("corticosteroid", (2,), ()), ("icu", (0,), (0,))]
    assert left == (("A2",), ())
    assert brief(compare([icu, other], [rule("B1", HOTTER, None, action="Intensive care")], fever(38)).of("1")) == [(0, 4, "asks", "not_asked")]


def test_a_baseline_and_the_place_of_a_treatment_are_not_what_is_asked_for():
    """The echocardiogram before the infusion is not the one in severe CRS, and what is done in intensive care is no admission to it."""
    said = {action: [t.name for t in treatments_of(rule("X", HOT, drug=None, action=action))] for action in (
        "Baseline transthoracic echocardiography", "Infection work-up: sepsis weighs on survival in intensive care", "Consider intensive care")}
    assert list(said.values()) == [[], ["work_up"], ["icu"]]


def test_a_treatment_of_which_one_has_no_rule_is_no_parting_and_is_told_among_the_first_hours():
    found = compare([rule("A", HOT), rule("A2", HOT, drug="anakinra")], rule("B", HOT), fever(38))
    assert found.of("1") == []
    (anakinra,) = [f for f in found.first("1") if f.treatment == "anakinra"]
    assert (anakinra.a_hour, anakinra.b_has_rule, anakinra.b_hour, anakinra.hours_between) == (0, False, None, None)


def test_every_rule_with_a_drug_of_every_protocol_belongs_to_one_treatment():
    assert {len(treatments_of(r)) for p in PROTOCOLS.values() for r in p.rules if r.drug is not None} == {1}


# ---------------------------------------------------------------------------------------------------- first, and many
def test_the_first_hours_and_the_hours_between():
    (one,) = compare(rule("A", HOT), rule("B", HOTTER), fever(37, 38, 38, 39)).first("1")
    assert (one.a_hour, one.b_hour, one.hours_between) == (4, 12, 8)


def test_a_cohort_counts_both_only_one_neither_and_open():
    rows = [*fever(37, 38, 39, patient="both"), *fever(37, 38, patient="only"), *fever(37, 37, patient="neither"),
            {"concept": "crp", "hour": 0.0, "value": 5.0, "patient": "open"}, *fever(39, patient="same")]
    whole = compare(rule("A", HOT), rule("B", HOTTER), rows)
    (one,) = counts([whole.hours])
    assert (one.both, one.only_a, one.only_b, one.neither, one.open) == (2, 1, 0, 1, 1)
    assert (one.a_earlier, one.b_earlier, one.same_time, one.median_hours_between) == (1, 0, 1, 2)
    (twice,) = counts([whole.hours, whole.hours])
    assert (twice.both, twice.only_a, twice.median_hours_between) == (4, 2, 2)


def test_each_patient_of_a_cohort_parts_as_alone():
    rows = [*fever(37, 38, 39, patient="x"), *fever(38, 37, patient="y")]
    whole = compare(rule("A", HOT), rule("B", HOTTER), rows)
    for name in "xy":
        assert whole.of(name) == compare(rule("A", HOT), rule("B", HOTTER), [r for r in rows if r["patient"] == name]).of(name)


# ---------------------------------------------------------------------------------------------------- the published cases
@pytest.mark.parametrize("other", ["asco2021", "nci2016", "uf2026"])
@pytest.mark.parametrize("case", ["000", "001", "002"])
def test_the_published_cases_say_what_parts_and_why(case: str, other: str):
    one = read_case(case)
    record = one.with_complete(one.complete.assuming(*SUPPORT))
    found = partings(record, protocol("paper004"), protocol(other)).of(case)
    assert all(p.end_hour > p.start_hour for p in found)
    for p in found:
        for said in (p.a, p.b):
            assert (said.stance == "depends") or said.why, (p.title, p.start_hour, said)
    mirrored = partings(record, protocol(other), protocol("paper004")).of(case)
    assert sorted((p.treatment, p.start_hour, p.end_hour, p.sure) for p in mirrored) == sorted((p.treatment, p.start_hour, p.end_hour, p.sure) for p in found)


def test_paper_002_asco_asks_for_tocilizumab_for_fever_of_three_days_and_paper_004_three_days_later_for_the_liver():
    one = read_case("002")
    found = partings(one.with_complete(one.complete.assuming(*SUPPORT)), protocol("paper004"), protocol("asco2021"))
    (first,) = [f for f in found.first("002") if f.treatment == "anti_il6"]
    assert (first.a_hour, first.b_hour, first.hours_between) == (168, 96, -72)
