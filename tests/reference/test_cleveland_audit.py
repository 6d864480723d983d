"""The audit of 27 real patients of whom only a daily reported grade, of a scale that is not stated, and yes or no to four drugs are known.

Blaum, Beer et al., Cleveland Clinic; public, licence MIT.  Only counts are looked at here.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tocsin.protocols import PROTOCOLS, protocol
from tocsin.protocols.audit import Finding, audit
from tocsin.protocols.audit_summary import Summary, summarise
from tocsin.timeline import Timeline

DRUGS = {"toci": "tocilizumab", "siltux": "siltuximab", "steroids": "corticosteroid", "anakinra": "anakinra"}
Cohort = tuple[Timeline, list[Finding], Summary]


def daily(path: Path) -> Timeline:
    """A day is a window of 24 hours; a drug that was not given is "absent" on that day; an empty cell says nothing."""
    rows: list[dict[str, object]] = []
    patients: dict[str, None] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            start = 24.0 * int(line["therapy_day"])
            when: dict[str, object] = {"patient": line["ID"], "hour": start, "hour_latest": start + 24}
            patients[line["ID"]] = None
            if line["crs_grade"]:
                rows.append({**when, "concept": "reported_crs_grade", "value": float(line["crs_grade"]), "text": "scale not stated"})
            rows += [{**when, "concept": concept, **({} if float(line[column]) else {"text": "absent"})}
                     for column, concept in DRUGS.items() if line[column]]
    return Timeline.from_rows(rows, [{"patient": p} for p in patients], ())


@pytest.fixture(scope="module")
def cohort(shared_data) -> Cohort:
    timeline = daily(shared_data("ccf_cart_daily_grades") / "daily_grades_treatments.csv")
    findings = audit(timeline, PROTOCOLS["paper004"])
    return timeline, findings, summarise(findings, "paper004", len(timeline.patients))


def test_each_drug_day_of_the_27_patients_gets_one_verdict(cohort):
    timeline, findings, summary = cohort
    text = timeline.events["text"].cast(str).fill_null("")
    given = timeline.events.filter(timeline.events["concept"].cast(str).is_in(list(DRUGS.values())) & (text != "absent"))
    assert summary.patients == 27
    assert summary.doses == len(given) > 0
    assert {(f.patient, f.concept, f.hour) for f in findings if f.kind == "dose"} == set(
        given.select("patient", "concept", "hour").cast({"patient": str, "concept": str}).iter_rows())


def test_a_grade_of_an_unstated_scale_settles_no_indication(cohort):
    """The rules of paper 004 rest on observations and on CARTOX grades; a bare grade is neither, so each dose may have had an indication."""
    _, findings, summary = cohort
    assert (summary.had, summary.lacked, summary.unknown) == (0, 0, summary.doses)
    assert summary.without_dose == 0
    assert all(f.missing for f in findings)


def test_what_is_missing_is_named_for_every_tocilizumab(cohort):
    mine = [f for f in cohort[1] if f.concept == "tocilizumab"]
    assert mine
    assert all({"temperature", "systolic_bp", "ast"} & set(f.missing) for f in mine)


def test_where_the_reported_grade_stands_for_cartox_a_day_of_grade_3_without_a_steroid_is_found(cohort):
    stands = protocol("paper004", reported_grade_counts=True)
    summary = summarise(audit(cohort[0], stands), "paper004", 27)
    assert (summary.doses, summary.without_dose) == (cohort[2].doses, 0)
    assert summary.perhaps_without_dose == 1


@pytest.mark.parametrize(("name", "doses"), [("paper004", 69), ("asco2021", 68), ("uf2026", 69), ("nci2016", 68), ("kymriah-label-2017", 68),
                                             ("yescarta-label", 68), ("paper001", 68)])
def test_by_every_protocol_each_day_of_a_drug_may_have_had_an_indication(cohort, name, doses):
    """The table in docs/audit.md; siltuximab is named by two of the protocols only."""
    summary = summarise(audit(cohort[0], PROTOCOLS[name]), name, 27)
    assert (summary.doses, summary.had, summary.lacked, summary.unknown, summary.without_dose) == (doses, 0, 0, doses, 0)
