"""The models that come with Tocsin: text and table together, checked against each other."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tocsin.cite import REFERENCES
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.antimony_text import ModelText, read
from tocsin.model.expression import write
from tocsin.model.system import Assigned, Dosing, Input, Parameter, State, System
from tocsin.model.units import ONE, check_units, unit

STATUSES = ("read", "transcribed", "fitted", "assumed", "memory", "definition", "chosen")
"""How sure a number is: read at its source, in a faithful transcription of it, fitted to named targets, assumed, from memory of the source,
a conversion, or a patient's or user's own."""
OWN_SOURCES = ("", "assumed", "user")


@dataclass(frozen=True)
class Product:
    """A CAR-T product as parameters that differ from the table of the model: value, unit, meaning, source and status of each."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]

    @property
    def values(self) -> Mapping[str, float]:
        """The values by the name of the parameter."""
        return {p.name: p.value for p in self.parameters}


@dataclass(frozen=True)
class LoadedModel:
    """A system with the text it was read from and the references that its table cites."""

    system: System
    text: ModelText
    references: Mapping[str, str]


def load(name: str = "crs") -> System:
    """The system of a model that comes with Tocsin, read once.  UnknownIdError for another name."""
    return loaded(name).system


@cache
def loaded(name: str = "crs") -> LoadedModel:
    """The same with its text and references."""
    known = sorted(f.name.removesuffix(".ant") for f in files("tocsin.model").joinpath("text").iterdir() if f.name.endswith(".ant"))
    if name not in known:
        raise UnknownIdError("model", name, known, listed_by="tocsin model")
    return build(_text_file(f"{name}.ant"), _text_file(f"{name}.toml"), f"{name}.ant", f"{name}.toml")


def load_files(text: Path, table: Path) -> LoadedModel:
    """A model of your own: its text and its table.  ModelError where they cannot be used, or where an equation does not keep its units."""
    for path in (text, table):
        if not path.is_file():
            raise ModelError(f"There is no file {path}.\n  A model is a text in Antimony and a table in TOML.")
    own = build(text.read_text(encoding="utf-8"), table.read_text(encoding="utf-8"), text.name, table.name)
    if findings := check_units(own.system):
        raise ModelError(f"{text.name}: {len(findings)} of its equations do not keep their units.\n" + "\n".join(f"  {f.sentence}" for f in findings))
    return own


def _text_file(name: str) -> str:
    return files("tocsin.model").joinpath("text", name).read_text(encoding="utf-8")


@cache
def products(name: str = "crs") -> Mapping[str, Product]:
    """The products of a model by name: what each changes in the table."""
    table = tomllib.loads(_text_file("products.toml"))
    known = {p.name: p for p in load(name).parameters}
    found = {}
    for key, entry in table["products"].items():
        changed = []
        for parameter, row in entry["parameters"].items():
            if parameter not in known:
                raise ModelError(f"products.toml: {key} changes {parameter}, which is not a parameter of {name}")
            usual = known[parameter]
            changed.append(Parameter(parameter, usual.unit, usual.meaning, row["source"], row["status"], float(row["value"]),
                                     float(row.get("cv", usual.cv)), usual.low, usual.high))
        found[key] = Product(key, entry["title"], tuple(changed))
    return found


def assumed(system: System) -> tuple[Parameter, ...]:
    """The parameters that rest on an assumption: what every report of a simulation lists."""
    return tuple(p for p in system.parameters if p.status == "assumed")


def build(text: str, table: str, text_file: str = "model.ant", table_file: str = "model.toml") -> LoadedModel:
    """A system from its text and its table; ModelError where they disagree, with file, line or name."""
    try:
        rows: dict[str, Any] = tomllib.loads(table)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{table_file}: {error}") from None
    told = read(text, text_file)
    references = dict(rows.get("references", {}))
    _Check(told, rows, table_file, references).run()
    states = tuple(State(n, r["unit"], r["meaning"], r.get("source", ""), r.get("status", ""), write(told.out(told.starts[n])),
                         write(told.out(told.rates[n])), bool(r.get("positive", True)))
                   for n, r in ((n, rows["states"][n]) for n in told.rates))
    outputs = tuple(rows["outputs"])
    assigned_ = tuple(Assigned(n, r["unit"], r["meaning"], r.get("source", ""), r.get("status", ""), write(told.out(line)), n in outputs)
                      for n, line, r in ((n, line, rows["assigned"][n]) for n, line in told.assigned.items()))
    parameters = tuple(Parameter(n, r["unit"], r["meaning"], r["source"], r["status"], float(r["value"]), float(r.get("cv", 0.0)),
                                 _number(r.get("low")), _number(r.get("high"))) for n, r in rows["parameters"].items())
    inputs = tuple(Input(n, r["unit"], r["meaning"]) for n, r in rows.get("inputs", {}).items())
    drugs = {n: Dosing(r["target"], r["unit"], r.get("factor", "1"), r.get("rate", "")) for n, r in rows.get("drugs", {}).items()}
    return LoadedModel(System(rows.get("name", told.name), states, parameters, inputs, assigned_, outputs, drugs), told, references)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


class _Check:
    """Text and table tell of the same names with the same units, and every number has its meaning, source and status."""

    def __init__(self, told: ModelText, rows: Mapping[str, Any], file: str, references: Mapping[str, str]) -> None:
        self.told, self.rows, self.file, self.references = told, rows, file, references

    def wrong(self, name: str, message: str) -> ModelError:
        return ModelError(f"{self.file}: {name}: {message}")

    def run(self) -> None:
        told, rows = self.told, self.rows
        for table in ("parameters", "states", "assigned", "outputs"):
            if table not in rows:
                raise ModelError(f"{self.file}: {table} is missing")
        self.same_names("states", set(told.rates))
        self.same_names("assigned", set(told.assigned))
        given = {*rows["parameters"], *rows.get("inputs", {})}
        self.same_names("parameters and inputs", set(told.has) - set(told.rates) - set(told.assigned), given)
        for section in ("parameters", "inputs", "states", "assigned"):
            for name, row in rows.get(section, {}).items():
                self.quantity(name, row)
        for name, row in rows["parameters"].items():
            self.parameter(name, row)
        for name in rows["outputs"]:
            if name not in told.rates and name not in told.assigned:
                raise self.wrong(name, "is an output and neither a state nor an assigned quantity")
        self.doses()

    def same_names(self, what: str, in_text: set[str], in_table: set[str] | None = None) -> None:
        table = set(self.rows[what]) if in_table is None else in_table
        for name in sorted(in_text - table):
            line = self.told.has_line.get(name, 0)
            raise self.told.wrong(line, f"{name} is not among the {what} of {self.file}")
        for name in sorted(table - in_text):
            raise self.wrong(name, f"is among the {what} and the text {self.told.file} does not have it so")

    def quantity(self, name: str, row: Mapping[str, Any]) -> None:
        for part in ("unit", "meaning"):
            if not row.get(part):
                raise self.wrong(name, f"has no {part}")
        try:
            mine = unit(row["unit"])
        except ModelError as error:
            raise self.wrong(name, str(error)) from None
        declared = self.told.has[name]
        theirs = self.told.units.get(declared, ONE)
        if not mine.same(theirs):
            raise self.wrong(name, f"is in {row['unit']} here and in {declared} in {self.told.file}, line {self.told.has_line[name]}")
        for key in (s.strip() for s in row.get("source", "").split(",")):
            if key not in OWN_SOURCES and key not in self.references and key not in REFERENCES:
                raise self.wrong(name, f"cites {key!r}, which is not among the references")

    def parameter(self, name: str, row: Mapping[str, Any]) -> None:
        if row.get("status") not in STATUSES:
            raise self.wrong(name, f"has the status {row.get('status')!r}; a status is one of {', '.join(STATUSES)}")
        if row["status"] in ("read", "transcribed", "fitted", "assumed") and not row.get("source"):
            raise self.wrong(name, f"is {row['status']} and names no source")
        value, cv = row.get("value"), row.get("cv", 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise self.wrong(name, f"has the value {value!r}, which is not a number")
        low, high = row.get("low", float("-inf")), row.get("high", float("inf"))
        if not low <= value <= high:
            raise self.wrong(name, f"is {value} and must lie between {low} and {high}")
        if cv < 0 or (cv > 0 and value <= 0):
            raise self.wrong(name, f"has cv {cv} with the value {value}: a log-normal quantity is above 0")

    def doses(self) -> None:
        inputs = self.rows.get("inputs", {})
        for drug, row in self.rows.get("drugs", {}).items():
            if row.get("target") not in self.told.rates and row.get("target") not in inputs:
                raise self.wrong(drug, f"is given into {row.get('target')!r}, which is neither a state nor an input")
            if row.get("rate") and row["rate"] not in inputs:
                raise self.wrong(drug, f"is infused through {row['rate']!r}, which is not an input")
