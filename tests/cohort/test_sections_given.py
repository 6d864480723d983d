"""The sections of treatments, kinetics and safety: by hand where numbers are known, and never an exception for what is missing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tocsin.cohort.cohort import COLUMNS, Cohort
from tocsin.cohort.compare import mann_whitney
from tocsin.cohort.complications import complications
from tocsin.cohort.kinetics import kinetics, wide
from tocsin.cohort.parts import Boxes, Courses, FigurePart, TablePart
from tocsin.cohort.proportions import newcombe
from tocsin.cohort.sections import kinetics as kinetics_section
from tocsin.cohort.sections import safety, treatments
from tocsin.cohort.study import Study
from tocsin.cohort.treatments import doses, given
from tocsin.timeline import Timeline

SECTIONS = (treatments.section, kinetics_section.section, safety.section)


def cohort(rows, arms, order=None, complete=("drugs", "findings"), facts=(), arms_by="group", **columns):
    """A cohort made by hand: ``arms`` maps each patient to an arm."""
    facts = {f["patient"]: f for f in facts}
    t = Timeline.from_rows(rows, [facts.get(p, {"patient": p}) for p in arms], complete)
    given_doses = doses(t)
    people = pl.DataFrame({"patient": list(arms), "arm": list(arms.values()), **columns}, schema_overrides={"patient": pl.String, "arm": pl.String})
    for more in (given(t, given_doses), complications(t), wide(kinetics(t))):
        people = people.join(more, on="patient", how="left", maintain_order="left")
    missing = [pl.lit(None, kind).alias(name) for name, (kind, _) in COLUMNS.items() if name not in people.columns]
    return Cohort(Study(arms=arms_by), t, people.with_columns(missing), tuple(order or dict.fromkeys(arms.values())), {}, given_doses, len(arms))


def simulated(n=24, seed=5, arms=("treated", "not treated")):
    """Two arms with tocilizumab in the first, cytokines daily, infections and laboratory values."""
    rng = np.random.default_rng(seed)
    who = {f"P{i:02d}": arms[i % len(arms)] for i in range(n)}
    rows = []
    for i, (p, arm) in enumerate(who.items()):
        first = arm == arms[0]
        for day in range(0, 29, 2):
            rows.append({"patient": p, "hour": day * 24.0 + 8, "concept": "il6", "value": float(rng.lognormal(4 + first, 0.5) * np.exp(-abs(day - 8) / 5))})
            rows.append({"patient": p, "hour": day * 24.0 + 8, "concept": "car_t_percent", "value": float(min(90, 40 * np.exp(-abs(day - 10 - i % 4) / 4)))})
        if first:
            rows += [{"patient": p, "hour": 150.0 + 8 * k, "concept": "tocilizumab", "value": 480.0} for k in range(1 + i % 3)]
        if i % 3 == 0:
            rows.append({"patient": p, "hour": 160.0, "concept": "dexamethasone", "value": 7.5})
            rows.append({"patient": p, "hour": 200.0, "concept": "infection", "text": "present", "site": "lung" if i % 2 else "blood"})
        if i % 5 == 0:
            rows.append({"patient": p, "hour": 210.0, "concept": "filgrastim", "value": 300.0})
        rows += [{"patient": p, "hour": 100.0, "concept": c, "value": float(rng.uniform(20, 200))} for c in ("alt", "platelets")]
    return cohort(rows, who, arms, facts=[{"patient": p, "weight_kg": 60.0, "uln_alt": 40.0} for p in who], crs_max_grade=[i % 4 for i in range(n)])


def table(section, table_id):
    return next(p for p in section.parts if isinstance(p, TablePart) and p.id == table_id)


def line(part, label, after=""):
    """The first row with this label below a heading."""
    labels = part.frame[part.frame.columns[0]].to_list()
    start = labels.index(after) if after else 0
    return part.frame.row(start + [x.strip() for x in labels[start:]].index(label))


# ---------------------------------------------------------------------------------------------------- treatments
def test_drugs_by_arm_are_counted_with_their_amounts():
    found = table(treatments.section(simulated()), "table-treatments")
    assert line(found, "given, n (%)", "Tocilizumab")[1:4] == ("12/12 (100.0)", "0/12 (0.0)", "12/24 (50.0)")
    assert line(found, "a dose, mg/kg, median of the patient's doses (range)")[1] == "8 (8–8)"
    assert line(found, "of those given any, mg, median (range)")[1] == "40 (40–40); n = 4"  # 7.5 mg of dexamethasone


def test_a_drug_that_defines_the_arms_is_not_tested():
    c = cohort([{"patient": "a", "hour": 50.0, "concept": "tocilizumab", "value": 400.0}], {"a": "tocilizumab", "b": "no tocilizumab"}, arms_by="tocilizumab")
    row = line(table(treatments.section(c), "table-treatments"), "given, n (%)", "Tocilizumab")
    assert row[-1] == "defines the arms"
    assert row[-3] == "–"


def test_unknown_amounts_are_counted_and_no_total_is_made_of_them():
    rows = [{"patient": p, "hour": 50.0, "concept": "dexamethasone", **more} for p, more in (("a", {"text": "present"}), ("b", {"value": 1.5}))]
    s = treatments.section(cohort(rows, {"a": "x", "b": "y"}))
    part = table(s, "table-treatments")
    assert line(part, "of those given any, mg, median (range)")[1:3] == ("–", "8 (8–8)")
    assert any("Of 2 doses of systemic corticosteroids the amount of 1 is not known" in n for n in part.notes)


def test_whom_nothing_tells_about_is_warned_of_and_not_counted_as_untreated():
    rows = [{"patient": "a", "hour": 50.0, "concept": "tocilizumab", "value": 400.0}]
    s = treatments.section(cohort(rows, {"a": "x", "b": "y"}, complete=()))
    assert line(table(s, "table-treatments"), "given, n (%)")[1:3] == ("1/1 (100.0)", "–")
    assert "Tocilizumab: of 1 patient it is not known whether any was given." in s.warnings
    assert any(x.startswith("Corticosteroids:") for x in s.left_out)


def test_severe_patients_of_the_reference_who_all_had_steroids_are_warned_of():
    rows = [{"patient": p, "hour": 50.0, "concept": "dexamethasone", "value": 1.0} for p in ("b", "c")]
    found = treatments.section(cohort(rows, {"a": "toci", "b": "none", "c": "none"}, crs_max_grade=[3, 3, 4]))
    assert any("against corticosteroids, not against no treatment" in w for w in found.warnings)
    other = treatments.section(cohort(rows, {"a": "toci", "b": "none", "c": "none", "d": "none"}, crs_max_grade=[3, 3, 4, 3]))
    assert not any("against corticosteroids" in w for w in other.warnings)


def test_a_grade_that_is_not_settled_has_its_own_rows():
    part = table(treatments.section(cohort([], {"a": "x", "b": "y"}, crs_max_grade=[2, None])), "table-treatments-by-grade")
    assert line(part, "patients", "Grade not settled")[1:] == ("0", "1", "1")


# ---------------------------------------------------------------------------------------------------- kinetics
def test_the_tests_of_peaks_are_those_of_the_values():
    c = simulated()
    part = table(kinetics_section.section(c), "table-kinetics")
    split = [c.of_arm(a)["il6_cmax"].to_list() for a in c.arms]
    test = part.numbers.filter((pl.col("row") == "il6_cmax") & (pl.col("group") == "test"))
    assert test["p"][0] == pytest.approx(mann_whitney(*split).p)
    assert test["p_holm"][0] >= test["p"][0]


def test_peaks_at_a_limit_are_counted_beside_the_median():
    rows = [{"patient": p, "hour": 50.0, "concept": "il6", "value": 5000.0, "censored": sign} for p, sign in (("a", 1), ("b", 0))]
    part = table(kinetics_section.section(cohort(rows, {"a": "x", "b": "y"})), "table-kinetics")
    assert line(part, "Cmax")[1:3] == ("5000 (5000–5000); 1 at a limit", "5000 (5000–5000)")


def test_courses_around_the_first_tocilizumab_are_of_those_given_it():
    figures = {p.id: p.drawing for p in kinetics_section.section(simulated()).parts if isinstance(p, FigurePart)}
    drawn = figures["figure-around-tocilizumab-1"]
    assert isinstance(drawn, Courses)
    assert drawn.zero == "first tocilizumab"
    assert {x.arm for x in drawn.panels[0].lines} == {0}
    assert len(drawn.panels[0].lines) == 12
    assert all(-3 <= d < 8 for x in drawn.panels[0].lines for d in x.days)


def test_above_so_many_patients_only_medians_are_drawn(monkeypatch):
    monkeypatch.setattr(kinetics_section, "MOST_LINES", 10)
    drawn = next(p.drawing for p in kinetics_section.section(simulated()).parts if p.id == "figure-courses-1")
    assert drawn.panels[0].lines == ()
    assert [m.label for m in drawn.panels[0].medians] == ["treated", "not treated"]


@pytest.mark.parametrize(("patients", "medians"), [(2, 0), (3, 1)])
def test_a_median_is_drawn_only_of_days_on_which_3_patients_were_measured(patients, medians):
    rows = [{"patient": f"{arm}{k}", "hour": 50.0, "concept": "il6", "value": 10.0 + k} for arm in "xy" for k in range(patients if arm == "x" else 1)]
    made = cohort(rows, {r["patient"]: r["patient"][0] for r in rows})
    drawn = next(p.drawing for p in kinetics_section.section(made).parts if p.id == "figure-courses-1")
    assert len(drawn.panels[0].medians) == medians
    assert len(drawn.panels[0].lines) == patients + 1


def response_cohort():
    """Interleukin-6: fell in a and b, rose in c (GVHD, infection, still expanding), not measured in d."""
    rows = [{"patient": p, "hour": 144.0, "concept": "tocilizumab", "value": 400.0} for p in "abcd"]
    for p, before, after in (("a", 900.0, 100.0), ("b", 500.0, 400.0), ("c", 300.0, 2500.0)):
        rows += [{"patient": p, "hour": 130.0, "concept": "il6", "value": before}, {"patient": p, "hour": 200.0, "concept": "il6", "value": after}]
    rows += [{"patient": "c", "hour": h, "concept": "car_t_percent", "value": v} for h, v in ((100.0, 5.0), (370.0, 60.0))]
    rows += [{"patient": "c", "hour": 190.0, "concept": "gvhd", "text": "present", "site": "gut"},
             {"patient": "c", "hour": 220.0, "concept": "pulmonary_infection", "text": "present"}]
    return cohort(rows, {"a": "x", "b": "x", "c": "y", "d": "y"})


def test_the_response_of_interleukin_6_is_told_with_why_it_may_rise():
    s = kinetics_section.section(response_cohort())
    assert any("fell in 2 of 3 patients (66.7%" in t and "of 1 more it is not known" in t and "blocks the receptor" in t for t in s.text)
    assert line(table(s, "table-response-to-tocilizumab"), "Interleukin-6")[1:6] == ("3/4", "2", "1", "0", "0")
    assert "nishimoto2008:interleukin-6 after tocilizumab" in s.cites


def test_beside_who_had_no_fall_stands_what_else_was_on_record():
    found = table(kinetics_section.section(response_cohort()), "table-without-fall")
    assert found.frame.rows() == [("c", "6", "rose", "300", "2500", "2500", "peak on day 15, after the drug, still rising", "lung (day 9)", "gut (day 7)", "–")]


def test_expansion_tells_who_was_treated_only_after_the_peak():
    c = simulated()
    notes = table(kinetics_section.section(c), "table-expansion-by-corticosteroids").notes
    assert any("got it only after the peak" in n for n in notes)


# ---------------------------------------------------------------------------------------------------- safety
def infected(toci, others, of=(17, 28)):
    rows, arms = [], {}
    for arm, hits, n in (("toci", toci, of[0]), ("none", others, of[1])):
        for i in range(n):
            arms[f"{arm}{i}"] = arm
            if i < hits:
                rows.append({"patient": f"{arm}{i}", "hour": 100.0, "concept": "infection", "text": "present", "site": "lung"})
    return cohort(rows, arms)


def test_infections_9_of_17_against_10_of_28_have_p_0_353():
    """zhou2025 prints p = 0.353: Fisher's exact test."""
    row = line(table(safety.section(infected(9, 10)), "table-infections"), "any")
    d = newcombe(9, 17, 10, 28)
    assert row[1:3] == ("9/17 (52.9)", "10/28 (35.7)")
    assert row[4] == f"{100 * d.value:.1f} ({100 * d.low:.1f} to {100 * d.high:.1f})"
    assert row[5] == "0.353"


@pytest.mark.parametrize(("infected_on", "before"), [((2.0, 6.0), 1), ((4.0, 6.0), 0), ((2.0, 3.0), 2)])
def test_infections_before_the_first_dose_are_told_where_the_drug_makes_the_arms(infected_on, before):
    rows = [{"patient": p, "hour": 96.0, "concept": "tocilizumab", "value": 400.0, "unit": "mg"} for p in "ab"] + [
        {"patient": p, "hour": 24.0 * d, "concept": "infection", "text": "present", "site": "lung"} for p, d in zip("ab", infected_on, strict=True)]
    arms = {"a": "tocilizumab", "b": "tocilizumab", "c": "no tocilizumab"}
    notes = table(safety.section(cohort(rows, arms, arms_by="tocilizumab")), "table-infections").notes
    assert any(f"Of 2 patients given tocilizumab with an infection, both with a day on record, {before} had" in n for n in notes)


def test_a_site_is_not_denied_of_a_patient_whose_site_is_not_told():
    rows = [{"patient": "a", "hour": 9.0, "concept": "infection", "text": "present", "site": "lung"}, {"patient": "b", "hour": 9.0, "concept": "infection",
                                                                                                     "text": "present"}]
    part = table(safety.section(cohort(rows, {"a": "x", "b": "y", "c": "y"})), "table-infections")
    assert line(part, "lung")[1:4] == ("1/1 (100.0)", "0/1 (0.0)", "1/2 (50.0)")
    assert line(part, "site not told")[1:4] == ("0/1 (0.0)", "1/2 (50.0)", "1/3 (33.3)")


def test_open_findings_are_left_out_by_name():
    s = safety.section(cohort([], {"a": "x", "b": "y"}, complete=()))
    assert {x.split(":")[0] for x in s.left_out} >= {"Infections", "Graft-versus-host disease", "G-CSF", "Creatinine"}


def test_liver_grades_count_those_whose_limits_are_told():
    part = table(safety.section(simulated()), "table-organs")
    assert "CTCAE v5.0 grade 3 or more, n (%)" in [x.strip() for x in part.frame[part.frame.columns[0]].to_list()]


# ---------------------------------------------------------------------------------------------------- edges, for every section
EMPTY = {"a": "x", "b": "y"}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("case", [
    cohort([], EMPTY), cohort([], EMPTY, complete=()), cohort([], {"a": "x"}, ("x", "y")), cohort([], {}, ("x", "y")),
    cohort([{"patient": "a", "hour": 50.0, "concept": c, "value": 0.0} for c in ("il6", "car_t_percent", "alt")], EMPTY),
    cohort([{"patient": "a", "hour": 50.0, "concept": "tocilizumab", "text": "present"}, {"patient": "a", "hour": 40.0, "concept": "il6", "value": 5.0},
            {"patient": "a", "hour": 60.0, "concept": "il6", "value": 4.0}], EMPTY),
], ids=["nothing given", "nothing known", "nobody in an arm", "nobody", "zeros", "one patient treated"])
def test_no_record_is_too_thin_for_a_section(section, case):
    s = section(case)
    assert s.left_out
    assert all(len(p.frame) for p in s.parts if isinstance(p, TablePart))


@pytest.mark.parametrize("section", SECTIONS)
def test_three_arms_have_one_test_over_all_and_no_differences_of_pairs(section):
    s = section(simulated(30, arms=("a", "b", "c")))
    main = next(p for p in s.parts if isinstance(p, TablePart))
    assert not any("95% CI" in c for c in main.frame.columns)
    assert any(x.startswith("Differences between arms") for x in s.left_out)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_table_has_its_numbers_and_every_figure_something_to_draw(section):
    s = section(simulated())
    assert len({p.id for p in s.parts}) == len(s.parts)
    for part in s.parts:
        if isinstance(part, TablePart):
            assert part.numbers is not None
            assert len(part.numbers)
        elif isinstance(part.drawing, Boxes):
            assert any(values for box in part.drawing.panels for _, values, _ in box.groups)


def test_the_reports_of_a_real_cohort_name_what_it_does_not_carry(shared_data, tmp_path):
    """NIH CD22: cytokines and CAR-T percentages, no dose with a time."""
    place = shared_data("nih_cd22_cart")
    values = pl.read_csv(place / "cytokines_daily_long.csv.gz").filter(pl.col("analyte") == "IL-6")
    rows = [{"patient": str(p), "hour": d * 24.0, "hour_latest": d * 24.0 + 24, "concept": "il6", "value": v}
            for p, d, v in values.select("patient_id", "day_post_infusion", "value_pg_ml").drop_nulls().iter_rows()]
    who = pl.read_csv(place / "patients.csv", infer_schema_length=None)
    arms = {str(p): "carHLH" if h else "no carHLH" for p, h in who.select("patient_id", "carhlh").iter_rows() if h is not None}
    c = cohort([r for r in rows if r["patient"] in arms], arms, ("carHLH", "no carHLH"), complete=())
    s = kinetics_section.section(c)
    top = values.filter(pl.col("day_post_infusion").is_between(0, 28)).group_by("patient_id").agg(pl.col("value_pg_ml").max())
    wanted = {str(p): v for p, v in top.iter_rows() if str(p) in arms}
    assert dict(c.members.select("patient", "il6_cmax").drop_nulls().iter_rows()) == wanted
    assert any("Response of cytokines to tocilizumab" in x for x in s.left_out)
