"""The report of a simulation: it stands alone, hides no assumption, and its figures show what the patients did."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from model.made import trajectory
from tocsin.cli import app
from tocsin.model.care import policy
from tocsin.model.dosing import doses, parse
from tocsin.model.load import load, products
from tocsin.model.observe import labs, observe, observing
from tocsin.model.patients import draw
from tocsin.model.population import population
from tocsin.model.simulate import FILES, NOTICE, Simulation, assumptions
from tocsin.model.summary import summary
from tocsin.model.trajectories import Failure
from tocsin.show.simulation import print_simulation
from tocsin.show.simulation_figures import SHARES, bands, dose_lines, draw_bands, grade_shares
from tocsin.show.simulation_report import simulation_page, write_simulation

N, DAYS = 12, 6.0
STAMP = "2026-01-01T00:00:00+00:00"


def simulation(schedule: str = "tocilizumab 8 mg/kg @ day 2", failures: tuple[Failure, ...] = (), patients: int = N, **sets: float) -> Simulation:
    """The model's own patients with courses made by hand: fever from day 1 that falls, no equation solved."""
    system, people, care, how = load(), population(), policy(), observing()
    who = draw(system, patients, seed=2, product="4-1bb", disease="all-high", sets=sets)
    hours = np.arange(DAYS * 24 + 1)
    fever = 36.8 + 3.0 * np.exp(-(((hours - 48.0) / 24.0) ** 2)) * np.linspace(0.2, 1.0, patients)[:, None]
    values, names, hours = trajectory(patients, DAYS, temperature_c=fever, il6_blood=10.0 ** (fever - 36.0))
    for f in failures:
        values[f.patient, hours > f.time * 24.0] = np.nan
    orders = parse(schedule, tuple(system.drugs)) if schedule else ()
    given = doses(orders, who.weight_kg)
    seen = observe(values, names, hours, who, given, seed=1)
    rests_on = assumptions(system, people, care, how, labs(), who, sets)
    return Simulation(system, who, seen.timeline, hours, names, values, orders, given, failures, 1, rests_on, care, sets)


def page_of(found: Simulation) -> str:
    return simulation_page(found, summary(found), "tocsin simulate", STAMP)


class Page(HTMLParser):
    """The cells of each table by its id, ids, links, and what would be loaded from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.table, self.cell = "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if told.get("id"):
            self.ids.append(told["id"])
            if told["id"].startswith("table-"):
                self.table = told["id"].removeprefix("table-")
                self.rows[self.table] = []
        if tag == "a":
            self.links.append(told.get("href") or "")
        if tag in ("link", "script", "iframe", "object") or (told.get("src") or "").startswith("http"):
            self.loaded.append(tag)
        if tag == "tr" and self.table:
            self.rows[self.table].append([])
        self.cell = tag in ("th", "td")
        if self.cell and self.table and self.rows[self.table]:
            self.rows[self.table][-1].append("")

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.cell = False
        if tag == "table":
            self.table = ""

    def handle_data(self, data):
        if self.cell and self.table and self.rows[self.table]:
            self.rows[self.table][-1][-1] += data


def test_every_assumed_number_stands_in_the_report_with_its_value_and_unit():
    found = simulation()
    page = Page(page_of(found))
    rows = [r for name in page.rows if name.startswith(("assumed", "ward")) for r in page.rows[name][1:]]
    assert sorted(r[0] for r in rows) == sorted(q.name for q in found.assumed)
    told = {(r[0], r[1]) for r in rows}
    assert [q.name for q in found.assumed if hasattr(q, "value") and (q.name, f"{q.value:g}") not in told] == []
    changed = {p.name for p in (*products()["4-1bb"].parameters, *population().disease("all-high").sets)}
    assert {p.name for p in load().parameters if p.status == "assumed"} - changed <= {r[0] for r in rows}


def test_no_assumed_number_is_cut_off_where_there_are_more_than_a_table_shows(monkeypatch):
    from tocsin.show import simulation_report

    monkeypatch.setattr(simulation_report, "MOST_ROWS", 50)
    found = simulation()
    page = Page(page_of(found))
    shown = [r[0] for name in page.rows if name.startswith(("assumed", "ward")) for r in page.rows[name][1:]]
    assert "assumed-2" in page.rows
    assert sorted(shown) == sorted(q.name for q in found.assumed)


def test_a_median_that_the_caller_sets_stands_with_the_value_used_and_not_among_the_assumed():
    page = Page(page_of(simulation(ifn_half=777.0)))
    assert page.rows["set"][1][:2] == ["ifn_half", "777"]
    assert "ifn_half" not in [r[0] for r in page.rows["assumed"]]


def test_a_dose_after_the_last_day_is_told_as_not_given():
    found = simulation("dexamethasone 10 mg q24h x 10 @ day 2")
    assert found.after_the_end == found.run()["doses_after_the_end"] == 5 * N  # days 2 to 6 are within
    assert ["Doses not given", f"{5 * N}, after the last day"] in Page(page_of(found)).rows["asked"]


def test_every_source_beside_a_number_is_told_in_full():
    page = Page(page_of(simulation()))
    tables = [rows for name, rows in page.rows.items() if name.startswith(("assumed", "ward", "memory", "fitted")) and rows[0][-1] == "Source"]
    beside = {key for rows in tables for row in rows[1:] for key in re.findall(r"\b[a-z]+\d{4}\b", row[-1])}
    assert beside
    assert beside <= {r[0] for r in page.rows["sources"]}


def test_fitted_numbers_stand_apart():
    from dataclasses import replace

    found = simulation()
    system = found.system
    none = replace(system, parameters=tuple(replace(p, status="read") for p in system.parameters))
    one = replace(none, parameters=tuple(replace(p, status="fitted") if p.name == "ifn_half" else p for p in none.parameters))
    without = replace(found.patients, product="", disease=None)
    page = Page(page_of(replace(found, system=one, patients=without, assumed=())))
    assert [r[0] for r in page.rows["fitted"][1:]] == ["ifn_half"]
    text = page_of(replace(found, system=none, patients=without, assumed=()))
    assert "fitted" not in Page(text).rows
    assert "No parameter of the model was fitted" in text


def test_the_page_stands_alone_and_says_what_was_asked():
    found = simulation()
    text = page_of(found)
    page = Page(text)
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    asked = dict(page.rows["asked"][1:])
    assert asked["Seed"] == "1"
    assert asked["Patients"] == str(N)
    assert asked["Dose"] == found.orders[0].words()
    assert asked["Command"] == "tocsin simulate"
    assert text.count(NOTICE) >= 2
    assert text.count("<svg") == 2


def test_two_models_have_two_fingerprints():
    from dataclasses import replace

    found = simulation()
    one = dict(Page(page_of(found)).rows["asked"][1:])["Model"]
    other = replace(found.system, parameters=tuple(replace(p, value=p.value * 2) if p.name == "ifn_half" else p for p in found.system.parameters))
    assert dict(Page(page_of(replace(found, system=other))).rows["asked"][1:])["Model"] != one


def test_the_tables_say_what_the_terminal_says():
    found = simulation()
    told = summary(found)
    page, screen = Page(page_of(found)), io.StringIO()
    print_simulation(Console(file=screen, width=200), found, told, ())
    for row in page.rows["extremes"][1:]:
        assert re.search(re.escape(row[2]) + r".*" + re.escape(row[3]), screen.getvalue()), row
    assert [r[1] for r in page.rows["grades"][1:]] == [f"{told.crs[g]} ({100 * told.crs[g] / N:.0f}%)" for g in told.crs]


def test_of_one_patient_the_values_stand_alone():
    text = page_of(simulation(patients=1))
    rows = Page(text).rows
    assert rows["grades"][1][0] == "highest"
    assert all(cell.isdigit() for cell in rows["grades"][1][1:])
    assert rows["extremes"][0] == ["What", "Value"]
    assert rows["who"][0] == ["Characteristic", "Value"]
    assert "vasopressor no" in text
    assert "(0%)" not in text


def test_a_patient_who_failed_is_named_with_the_day_and_the_cause():
    found = simulation(failures=(Failure(3, 2.5, "the step became too small"),))
    rows = Page(page_of(found)).rows["failed"]
    assert rows[1] == ["virtual-000004", "2.5", "the step became too small"]
    assert "failed" not in Page(page_of(simulation())).rows


def test_bands_are_the_percentiles_of_those_who_are_still_followed():
    found = simulation(failures=(Failure(3, 2.5, "x"),))
    days, told = bands(found, "temperature_c")
    at = int(np.flatnonzero(days == 4.0)[0])
    values = found.output("temperature_c")[:, 96]
    assert told[:, at] == pytest.approx(np.percentile(np.delete(values, 3), SHARES))
    assert told[:, 0] == pytest.approx(np.percentile(found.output("temperature_c")[:, 0], SHARES))


def test_shares_of_grades_count_each_patient_once_at_each_hour_until_the_record_ends():
    steps = pl.DataFrame({"patient": ["a", "a", "a", "b"], "start_hour": [0.0, 2.0, 5.5, 0.0], "end_hour": [2.0, 5.5, None, None], "at_least": [0, 3, 1, 0]},
                         schema={"patient": pl.String, "start_hour": pl.Float64, "end_hour": pl.Float64, "at_least": pl.Int64})
    hours, found = grade_shares(steps, 2, 0.0, 8.0)
    assert found.sum(axis=0) == pytest.approx(np.ones(len(hours)))
    assert found[3].tolist() == [0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0]
    assert found[1].tolist() == [0, 0, 0, 0, 0, 0, 0.5, 0.5]
    _, cut = grade_shares(steps, 2, 0.0, 8.0, {"b": 4.0})
    assert cut[0].tolist() == [1.0, 1.0, 0.5, 0.5, 0, 0, 0, 0]


def test_the_days_of_doses_are_marked_drug_by_drug_on_every_panel():
    found = simulation("dexamethasone 10 mg q24h x 3 @ day 1; tocilizumab 8 mg/kg @ day 2; tocilizumab 8 mg/kg @ day 3")
    told = {d.words: d.days for d in dose_lines(found.orders)}
    assert told == {"dexamethasone": (1.0, 2.0, 3.0), "tocilizumab": (2.0, 3.0)}
    axes = draw_bands(found).axes
    assert len(axes) == 8
    for one in axes:
        marked = [line.get_xdata().tolist() for line in one.lines if line.get_marker() in ("v", "s")]
        assert marked == [[1.0, 2.0, 3.0], [2.0, 3.0]]


def test_a_later_report_in_the_same_folder_replaces_the_page(tmp_path):
    found = simulation()
    told = summary(found)
    assert write_simulation(found, told, tmp_path, "first", STAMP) == tmp_path / "report.html"
    write_simulation(found, told, tmp_path, "second", STAMP)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "second" in text
    assert "first<" not in text
    assert write_simulation(found, told, tmp_path, "second", STAMP).read_text(encoding="utf-8") == text, "the same run gives the same bytes"


def test_the_command_writes_the_report_beside_the_record_and_names_it(tmp_path, monkeypatch):
    found = simulation()
    monkeypatch.setattr("tocsin.model.simulate.simulate", lambda *given, **more: found)
    told = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path)], env={"COLUMNS": "400"})
    assert told.exit_code == 0
    assert f"Report: {tmp_path / 'report.html'}" in told.output
    assert {p.name for p in tmp_path.iterdir()} == {"report.html", *FILES}
