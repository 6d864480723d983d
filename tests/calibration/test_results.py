"""What the model's tables hold is what the fit found, and the page says it as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tocsin.model.load import load, products

ROOT = Path(__file__).parent.parent.parent
RESULTS = json.loads((ROOT / "calibration" / "results.json").read_text(encoding="utf-8"))


def test_what_the_table_calls_fitted_is_what_the_fit_found():
    found = {n: r["median"] for n, r in RESULTS["cohort"]["parameters"].items()} | RESULTS["products"]["4-1bb"]["values"]
    found |= RESULTS["moved"]["values"]
    table = {p.name: p.value for p in load().parameters if p.status == "fitted"}
    assert table.keys() == found.keys()
    assert table == {n: pytest.approx(v, rel=6e-4) for n, v in found.items()}


@pytest.mark.parametrize("product", ["4-1bb", "cd28", "4-1bb-cd22"])
def test_the_numbers_of_a_product_are_those_that_the_fit_found(product):
    found = {n: v for n, v in RESULTS["products"][product]["values"].items() if ":" not in n}
    assert products()[product].values == {n: pytest.approx(v, rel=6e-4) for n, v in found.items()}


def test_no_target_that_is_only_to_be_compared_was_fitted_to(script):
    fit = script("fit")
    known = fit.targets()
    used = {a.target for a in fit.aims(known, tuple({r["setting"] for r in known.values()}))}
    assert used
    assert all(known[name]["use"] == "fit" for name in used)


def test_each_target_has_the_value_and_the_use_that_it_was_given_with(script):
    """What was given for comparison only is never fitted to."""
    folder = Path(os.environ.get("TOCSIN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    file = folder.parent / "reference" / "calibration_targets.json"
    if not file.is_file():
        pytest.skip("the table of published targets is not here")
    given = {row["id"]: row for row in json.loads(file.read_text(encoding="utf-8"))["targets"]}
    groups = sorted(given, key=len, reverse=True)
    others = {"juliet_crs_severe": "juliet_crs", "juliet_crs_onset": "juliet_crs_onset_dur", "juliet_crs_dur": "juliet_crs_onset_dur",
              **{f"juliet_{n}": "juliet_support" for n in ("toci", "steroid", "o2", "intub", "vaso", "icu")}, "p003_none": "p003_grades",
              **{f"p003_grade_{g}": "p003_grades" for g in range(1, 5)}}
    for name, row in script("fit").targets().items():
        source = given[others.get(name) or next(g for g in groups if name.startswith(g))]
        assert row["use"] == source["use"], name
        values = np.atleast_1d(source["value"])
        if source["unit"] == "n":
            values = np.round(100 * values / values.sum(), 1)
        assert any(row["value"] == pytest.approx(v) for v in values), name


def test_what_the_chains_do_not_agree_on_is_said(script):
    report, rows = script("report"), RESULTS["cohort"]["parameters"]
    apart = [n for n, r in rows.items() if r["rhat"] > report.SETTLED]
    worst = max(rows, key=lambda n: rows[n]["rhat"])
    page = report.page(RESULTS)
    assert f"Of {len(apart)} of {len(rows)} it exceeds 1.1, most of `{worst}` ({rows[worst]['rhat']:.2f})" in page
    settled = {n: {**r, "rhat": 1.05} for n, r in rows.items()}
    assert report._agreement(settled) == "All are below 1.1."


def test_the_typical_patients_of_the_shipped_tables_have_the_kinetics_that_were_reported(script):
    """Recomputed from the tables of the model, not read from the results."""
    fit, kinetics = script("fit"), script("kinetics")
    from tocsin.model.compile import compile_system

    compiled = compile_system(load(), outputs=("car_blood_per_ul",))
    for setting, product in ((fit.TISA, "4-1bb"), (fit.LISO, "4-1bb"), (fit.AXI, "cd28")):
        got = kinetics.measures(kinetics.typical(compiled, [{**products()[product].values, **setting.sets}])[0])
        for name, row in fit.targets().items():
            if row["setting"] == setting.name and row["use"] == "fit":
                assert got[row["measure"]] == pytest.approx(RESULTS["predicted"][name], rel=0.03), name


def test_every_target_is_met_or_listed_as_a_misfit_with_its_reason(script):
    fit, report = script("fit"), script("report")
    told = report._misfits(RESULTS)
    for name, row in fit.targets().items():
        value = RESULTS["predicted"][name]
        assert np.isfinite(value), name
        if not row["low"] <= value <= row["high"]:
            assert any(f"**{row['text']}**" in line and report.SETTINGS[row["setting"]] in line and line.endswith(report.WHY[name]) for line in told), name


def test_a_target_that_is_missed_without_a_reason_stops_the_page(script, monkeypatch):
    report = script("report")
    missed = next(n for n, r in script("fit").targets().items() if not r["low"] <= RESULTS["predicted"][n] <= r["high"])
    monkeypatch.delitem(report.WHY, missed)
    with pytest.raises(SystemExit, match=missed):
        report.page(RESULTS)


def test_every_missed_summary_of_the_twenty_patients_is_among_the_misfits(script):
    report = script("report")
    told = report._misfits(RESULTS)
    missed = [r for r in report._cohort_rows(RESULTS) if not r.near]
    assert missed
    for row in missed:
        line = next(text for text in told if text.startswith(f"* **{row.title}**"))
        assert f"{row.of} {row.model} instead of {row.cohort}" in line


def test_the_page_is_made_of_the_results(script):
    assert (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8") == script("report").page(RESULTS)


def test_the_public_tables_are_read_whole(script):
    folder = Path(os.environ.get("TOCSIN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "nih_cd22_cart"
    if not folder.is_dir():
        pytest.skip("the tables of the patients given CD22 CAR-T cells are not here")
    cohort = script("cd22").read(folder)
    assert len(cohort) == RESULTS["cohort"]["patients"] == 20
    assert int((cohort.analyte >= 0).sum()) == RESULTS["cohort"]["values"]
    assert np.isfinite(cohort.onset).sum() == 18
    assert np.bincount(cohort.grade, minlength=5).tolist() == [2, 7, 7, 3, 1]
