"""What the model's tables hold is what the fit found, and the page says it as it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tocsin.model.load import load, products

ROOT = Path(__file__).parent.parent.parent
RESULTS = json.loads((ROOT / "calibration" / "results.json").read_text(encoding="utf-8"))


def test_every_fitted_number_of_the_table_is_the_one_that_the_fit_found():
    found = {n: r["median"] for n, r in RESULTS["cohort"]["parameters"].items()} | RESULTS["products"]["4-1bb"]["values"] | RESULTS["moved"]["values"]
    table = {p.name: p.value for p in load().parameters if p.status == "fitted"}
    assert table.keys() == found.keys()
    assert table == {n: pytest.approx(v, rel=6e-4) for n, v in found.items()}


@pytest.mark.parametrize("product", ["4-1bb", "cd28", "4-1bb-cd22"])
def test_the_numbers_of_a_product_are_those_that_the_fit_found(product):
    found = {n: v for n, v in RESULTS["products"][product]["values"].items() if ":" not in n}
    assert products()[product].values == {n: pytest.approx(v, rel=6e-4) for n, v in found.items()}


def test_only_what_the_fit_moved_is_called_fitted():
    fitted = {p.name for p in load().parameters if p.status == "fitted"}
    assert fitted == {*RESULTS["cohort"]["parameters"], *RESULTS["products"]["4-1bb"]["values"], *RESULTS["moved"]["values"]}


def test_no_target_that_is_only_to_be_compared_was_fitted_to(script):
    fit = script("fit")
    known = fit.targets()
    used = {a.target for a in fit.aims(known, tuple({r["setting"] for r in known.values()}))}
    assert used
    assert all(known[name]["use"] == "fit" for name in used)


def test_the_chains_agree():
    worst = max(r["rhat"] for r in RESULTS["cohort"]["parameters"].values())
    assert worst < 1.2


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


def test_every_target_is_met_or_listed_as_a_misfit_with_a_reason(script):
    fit, report = script("fit"), script("report")
    told = "\n".join(report._misfits(RESULTS))
    for name, row in fit.targets().items():
        value = RESULTS["predicted"][name]
        assert np.isfinite(value), name
        if not row["low"] <= value <= row["high"]:
            line = next(text for text in told.splitlines() if f"**{row['text']}**" in text and report.SETTINGS[row["setting"]] in text)
            assert line.count(". ") >= 1, f"{name} has no reason"


def test_the_page_is_made_of_the_results(script):
    assert (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8") == script("report").page(RESULTS)


def test_the_public_tables_are_read_whole(script, tmp_path):
    import os

    folder = Path(os.environ.get("TOCSIN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "nih_cd22_cart"
    if not folder.is_dir():
        pytest.skip("the tables of the patients given CD22 CAR-T cells are not here")
    cohort = script("cohort").read(folder)
    assert len(cohort) == RESULTS["cohort"]["patients"] == 20
    assert int((cohort.analyte >= 0).sum()) == RESULTS["cohort"]["values"]
    assert np.isfinite(cohort.onset).sum() == 18
    assert np.bincount(cohort.grade, minlength=5).tolist() == [2, 7, 7, 3, 1]
