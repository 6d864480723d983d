"""The numbers of the virtual ward that stand beside the model: population, observation and care, each with its source and status.

They are TOML files in ``text/``: one table a number, with value, unit, meaning, source and status.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.load import STATUSES
from tocsin.model.system import Parameter


@dataclass(frozen=True)
class Numbers(Mapping[str, float]):
    """Named numbers with their provenance; as a mapping, the values by name."""

    entries: tuple[Parameter, ...]

    def __getitem__(self, name: str) -> float:
        for entry in self.entries:
            if entry.name == name:
                return entry.value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (entry.name for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def assumed(self) -> tuple[Parameter, ...]:
        """Those that no source gives."""
        return tuple(entry for entry in self.entries if entry.status == "assumed")

    def changed(self, **values: float) -> Numbers:
        """The same with other values; UnknownIdError for a name that does not exist, ModelError for a value outside its limits."""
        for name in values:
            if name not in self:
                raise UnknownIdError("number", name, self, f"this list: {', '.join(sorted(self))}")
        return Numbers(tuple(checked(replace(e, value=float(values[e.name]), source="set by the caller", status="assumed")) if e.name in values else e
                             for e in self.entries))


def checked(entry: Parameter) -> Parameter:
    """The number, if it is finite and within its limits; ModelError otherwise."""
    low, high = (-math.inf if entry.low is None else entry.low), (math.inf if entry.high is None else entry.high)
    if not (math.isfinite(entry.value) and low <= entry.value <= high):
        raise ModelError(f"{entry.name} ({entry.meaning}) cannot be {entry.value:g} {entry.unit}.\n  It lies between {low:g} and {high:g}.")
    return entry


def parameter(name: str, table: Mapping[str, Any], where: str) -> Parameter:
    """One number from its table; ModelError, naming the file, when something that every number has is missing."""
    missing = [key for key in ("value", "unit", "meaning", "source", "status") if key not in table]
    if missing:
        raise ModelError(f"{where}: the number {name!r} has no {missing[0]}; each has value, unit, meaning, source and status.")
    if table["status"] not in STATUSES:
        raise ModelError(f"{where}: the status of {name!r} is one of {', '.join(STATUSES)}, not {table['status']!r}.")
    return checked(Parameter(name, table["unit"], table["meaning"], table["source"], table["status"], float(table["value"]), float(table.get("cv", 0.0)),
                             table.get("low"), table.get("high")))


@cache
def text(name: str) -> Mapping[str, Any]:
    """A file of ``text/`` as read."""
    return tomllib.loads((files("tocsin.model") / "text" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def numbers(name: str, table: str) -> Numbers:
    """The numbers of one table of a file of ``text/``."""
    return Numbers(tuple(parameter(key, value, f"{name}.toml [{table}]") for key, value in text(name)[table].items()))
