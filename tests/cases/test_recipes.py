"""What a recipe says of a case is what its record says, and a wrong recipe is refused."""

from __future__ import annotations

import math
import re
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl
import pytest

from tocsin.cases import CASES, case
from tocsin.cases.individual import Individual
from tocsin.cases.recipe import Recipe, read, recipe
from tocsin.cite import REFERENCES
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.dosing import concept_of, parse
from tocsin.model.load import load

DRUGS = tuple(load().drugs)


def chart(name: str) -> pl.DataFrame:
    text = files("tocsin.cases").joinpath("data", case(name).file)
    with text.open("rb") as file:
        table = pl.read_csv(file, infer_schema_length=0)
    drugs = {concept_of(d).name for d in DRUGS}
    return table.filter(pl.col("concept").is_in(drugs)).with_columns(pl.col("day", "day_latest", "end_day").cast(pl.Float64))


def given(told: Recipe, charted: bool) -> list[tuple[str, float, str, float, bool]]:
    """Each dose: drug, amount, unit, day, and whether the paper tells the amount."""
    return [(concept_of(o.drug).name, o.amount, o.unit, h / 24.0, g.amount_told)
            for g in told.given if g.charted is charted for o in parse(g.order, DRUGS) for h in o.hours]


def amounts(row: dict[str, str]) -> tuple[float, str]:
    factor, unit = (1e6, "cells/kg") if row["unit"] == "10^6 cells/kg" else (1e5, "cells/kg") if row["unit"] == "10^5 cells/kg" else (1.0, row["unit"])
    return float(row["value"]) * factor, unit


def last_day(row: dict[str, Any]) -> float:
    """When the time of a row is over: never, for a repeated dose whose end is not told."""
    if row["end_day"] is None and re.fullmatch(r"q\d+h", row["text"] or ""):
        return math.inf
    return max(d for d in (row["day"], row["day_latest"], row["end_day"]) if d is not None) + 1.0


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_charted_dose_of_a_drug_of_the_model_is_in_the_recipe(name: str) -> None:
    doses = given(recipe(name), charted=True)
    for row in chart(name).filter(pl.col("concept") != "car_t_infusion").iter_rows(named=True):
        there = [d for d in doses if d[0] == row["concept"] and row["day"] <= d[3] < last_day(row)
                 and (row["value"] is None or (d[1], d[2]) == amounts(row))]
        assert there, f"{row['concept']} {row['value']} {row['unit']} of day {row['day']:g} is not in the recipe"


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_dose_that_a_recipe_calls_charted_is_in_the_record(name: str) -> None:
    rows = list(chart(name).iter_rows(named=True))
    for drug, amount, unit, day, told in given(recipe(name), charted=True):
        there = [r for r in rows if r["concept"] == drug and r["day"] <= day < last_day(r)
                 and (r["value"] is not None and (amount, unit) == amounts(r) if told else r["value"] is None)]
        assert there, f"{drug} {amount:g} {unit} of day {day:g} is not in the record"


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_single_charted_dose_is_given_once(name: str) -> None:
    doses = given(recipe(name), charted=True)
    single = chart(name).filter(pl.col("end_day").is_null() & pl.col("day_latest").is_null() & pl.col("value").is_not_null()
                                & (pl.col("concept") != "car_t_infusion") & ~pl.col("text").fill_null("").str.contains("q12h$"))
    for (drug, day, value, unit), rows in single.group_by(["concept", "day", "value", "unit"]):
        on_the_day = [d for d in doses if d[0] == drug and day <= d[3] < day + 1 and (d[1], d[2]) == (float(value), unit)]
        assert len(on_the_day) == len(rows), f"{drug} {value} {unit} on day {day:g}"


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_dose_of_cells_and_the_age_are_those_of_the_record(name: str) -> None:
    told = recipe(name).told
    (row,) = chart(name).filter(pl.col("concept") == "car_t_infusion").iter_rows(named=True)
    assert told["car_dose"].value == pytest.approx(amounts(row)[0])
    text = files("tocsin.cases").joinpath("data", case(name).file).read_text(encoding="utf-8")
    assert f",age_years,,,{told['age_years'].value:g}," in text


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_statement_dose_and_fact_names_its_paper(name: str) -> None:
    told = recipe(name)
    paper = case(name).paper
    assert paper in REFERENCES
    for source in (*(f.source for f in told.facts), *(g.source for g in told.given), *(t.source for t in told.told.values())):
        assert source.startswith(paper)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_statement_read_without_a_number_is_not_called_read(name: str) -> None:
    assert not [f.id for f in recipe(name).facts if f.status == "read" and ("no number" in f.source or f.reads)]


SMALL = """
case = "001"
days = 10
seed = 1
product = { value = "cd28", status = "read", source = "lcrs2021" }
disease = { value = "all-high", status = "read", source = "lcrs2021" }
weight_kg = { value = 60.0, unit = "kg", status = "assumed", source = "lcrs2021" }
age_years = { value = 61.0, unit = "year", status = "read", source = "lcrs2021" }
car_dose = { value = 1e6, unit = "cell/kg", status = "read", source = "lcrs2021" }
panels = ["temperature"]
[[fact]]
id = "a"
quantity = "temperature"
take = "max"
day = [5.0, 6.0]
value = 39.0
tolerance = 0.5
unit = "degC"
says = "39"
status = "read"
source = "lcrs2021"
[move]
il6_production = {}
"""


def test_a_small_recipe_is_read_and_run() -> None:
    one = Individual.of(read(SMALL))
    assert np.isfinite(one.objective(np.zeros((2, 1)))).all()


@pytest.mark.parametrize(("old", "new", "says"), [
    ('unit = "degC"', 'unit = "mmHg"', "is in 'mmHg', but temperature in 'degC'"),
    ("tolerance = 0.5", "tolerance = 0", "is impossible"),
    ("day = [5.0, 6.0]", "day = [6.0, 5.0]", "is impossible"),
    ("day = [5.0, 6.0]", "day = [5.0, 16.0]", "only 10 days are simulated"),
    ('take = "max"', 'take = "most"', "is impossible"),
    ("il6_production = {}", "drive_trans = {}", "drive_trans cannot move"),
    ("il6_production = {}", "il6_production = { cv = 2.0 }", "says the reason"),
    ('product = { value = "cd28", status = "read"', 'product = { value = "cd28", status = "sure"', "not 'sure'"),
    ("seed = 1", "sed = 1", "'seed' is missing"),
    ("seed = 1", "seed = = 1", "recipe:"),
])
def test_a_wrong_recipe_is_refused_with_the_reason(old: str, new: str, says: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(ModelError, match=says.replace("(", r"\(")):
        Individual.of(read(SMALL.replace(old, new)))


@pytest.mark.parametrize(("old", "new"), [
    ('quantity = "temperature"', 'quantity = "temprature"'), ("il6_production = {}", "il6_productoin = {}"), ("value = 39.0", 'value = "care:map_limt"'),
    ('value = "cd28"', 'value = "cd29"'), ('value = "all-high"', 'value = "all-hihg"'),
])
def test_a_name_that_does_not_exist_is_refused(old: str, new: str) -> None:
    with pytest.raises(UnknownIdError):
        Individual.of(read(SMALL.replace(old, new)))


def test_what_came_back_is_counted_from_the_lowest_value_before_it() -> None:
    one = Individual.of(read(SMALL.replace("day = [5.0, 6.0]", "day = [5.0, 6.0]\nabove_lowest = [4.0, 5.0]")))
    plain = Individual.of(read(SMALL))
    centre = np.zeros((1, 1))
    hours = np.arange(96.0, 121.0)
    lowest = one.quantity("temperature", one.outputs(centre, hours), centre, hours).min()
    rise, highest = (float(i.measured(i.outputs(centre), centre)[0, 0]) for i in (one, plain))
    assert rise == pytest.approx(highest - lowest, abs=1e-4)


def test_a_number_of_the_ward_stands_for_a_statement_without_one() -> None:
    from tocsin.model.care import policy

    (fact,) = read(SMALL.replace("value = 39.0", 'value = "care:map_limit"')).facts
    assert fact.value == policy()["map_limit"]
    assert fact.reads == "care:map_limit"


def test_a_fact_beyond_its_bound_is_met_however_far_and_one_with_a_value_within_its_tolerance_only() -> None:
    stated = Individual.of(read(SMALL))
    bound = Individual.of(read(SMALL.replace('take = "max"', 'take = "max"\nbound = ">"')))
    measured = np.array([[38.4], [38.6], [39.4], [39.6]])
    assert stated.met(stated.distances(measured))[:, 0].tolist() == [False, True, True, False]
    assert bound.met(bound.distances(measured))[:, 0].tolist() == [False, False, True, True]
    assert (np.diff(bound.misfit(bound.distances(measured))) < 0).all()
