"""What a study asks of its cohort: the arms, the variables, who is left out, and the choices behind each analysis.

Everything has a default, so a folder without a study file works; ``cohort.toml`` in the folder changes any of it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tocsin.cohort.table1 import Kind, Variable
from tocsin.errors import CohortError

DAYS_LOOKED_AT = 14
"""Days from the infusion, of which ``charted_days`` are asked for."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Who is left out: ``reason`` as the flow of patients tells it, ``when`` a rule such as "follow_up_days < 28"."""

    reason: str
    when: str


@dataclass(frozen=True)
class Study:
    """The choices of one study, each with its default.

    ``arms`` is a drug (given or not), a column of the table of patients (its values), or a rule ("crs_max_grade >= 3"); ``order`` puts the arms in
    order, the reference last.  ``exposure`` is the drug whose timing the time-dependent and landmark analyses respect.  Days count from the infusion.
    """

    title: str = ""
    arms: str = "tocilizumab"
    order: tuple[str, ...] = ()
    exposure: str = "tocilizumab"
    scales: tuple[str, ...] = ("astct-crs-2019", "astct-icans-2019")
    also: tuple[str, ...] = ("lee2014-crs",)
    grades: str = "auto"                       # computed, reported, told, or auto: the first of these that the data allow
    window_days: float = 28.0                  # toxicities are looked for in days 0 to this
    charted_days: int = 7                      # nobody is "without CRS" who was charted on fewer of days 0 to 13 (a decision of this software)
    response_day: float = 28.0
    response_window: tuple[float, float] = (21.0, 42.0)  # a decision: the assessment nearest to day 28 within these days counts
    landmarks: tuple[float, ...] = (7.0, 14.0, 28.0)
    censor_at_next_therapy: bool = False
    time_unit: str = "months"                  # of survival: months or days
    adjust: tuple[str, ...] = ()               # covariates of the adjusted models
    variables: tuple[Variable, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    complete: tuple[str, ...] = ()
    patients_label: str = "patients"
    synthetic: str = ""                        # says on every page that the patients are not real

    @classmethod
    def read(cls, path: Path) -> Study:
        """The study of a file ``cohort.toml``; CohortError names the file and the entry that cannot be."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CohortError(f"{path.name}: this is no TOML: {error}.\n"
                              "  Texts stand in quotes, lists in brackets: arms = \"tocilizumab\", landmarks = [7, 14].") from None
        return cls.of(data, path.name)

    @classmethod
    def of(cls, data: dict[str, Any], name: str = "the study") -> Study:
        """The study from the entries of its file."""
        known = {f.name for f in fields(cls)}
        strange = sorted(set(data) - known)
        if strange:
            near = get_close_matches(strange[0], known, 1)
            raise CohortError(f"{name}: there is no {strange[0]!r} in a study{f' (did you mean {near[0]!r}?)' if near else ''}.\n"
                              f"  Known: {', '.join(sorted(known))}.")
        given = dict(data)
        variables, exclude = data.get("variables", {}), data.get("exclude", [])
        if not isinstance(variables, dict):
            raise CohortError(f"{name}: variables are tables, one for each column: [variables.age_years] and below it kind = \"continuous\"")
        if not isinstance(exclude, list):
            raise CohortError(f"{name}: exclusions are a list: write [[exclude]] in two pairs of brackets above each reason and when")
        given["variables"] = tuple(_variable(n, v, name) for n, v in variables.items())
        given["exclude"] = tuple(_exclusion(one, name) for one in exclude)
        plain = cls()
        for entry in data:
            if entry not in ("variables", "exclude"):
                given[entry] = _like(entry, given[entry], getattr(plain, entry), name)
        if given.get("time_unit", plain.time_unit) not in ("months", "days"):
            raise CohortError(f"{name}: time_unit is months or days, not {given['time_unit']!r}")
        made = cls(**given)
        made._in_step(name)
        return made

    def _in_step(self, name: str) -> None:
        """CohortError for choices that cannot be, or that contradict each other."""
        low, high = self.response_window
        if not low <= self.response_day <= high:
            raise CohortError(f"{name}: response_day is {self.response_day:g}, which response_window ({low:g} to {high:g}) does not hold.\n"
                              "  Change both together.")
        if any(day <= 0 for day in self.landmarks):
            raise CohortError(f"{name}: landmarks are days after the infusion, above 0, not {min(self.landmarks):g}")
        if self.charted_days > DAYS_LOOKED_AT:
            raise CohortError(f"{name}: charted_days is {self.charted_days}, of the first {DAYS_LOOKED_AT} days; it is at most that")
        if len(set(self.order)) < len(self.order):
            raise CohortError(f"{name}: order names an arm twice: {', '.join(self.order)}")


def _like(entry: str, value: Any, default: Any, where: str) -> Any:
    """The value of an entry in the type of its default; CohortError where it has another."""
    if isinstance(default, tuple):
        of_numbers = entry in ("landmarks", "response_window")
        what = "numbers" if of_numbers else "texts"
        if not isinstance(value, list) or not all(_is_number(v) if of_numbers else isinstance(v, str) for v in value):
            raise CohortError(f"{where}: {entry} is a list of {what}, not {value!r}")
        if entry == "response_window" and (len(value) != 2 or value[0] > value[1]):
            raise CohortError(f"{where}: response_window is the first and the last day, not {value!r}")
        return tuple(float(v) for v in value) if of_numbers else tuple(value)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise CohortError(f"{where}: {entry} is true or false, not {value!r}")
        return value
    if isinstance(default, float | int):
        if not _is_number(value) or value <= 0:
            raise CohortError(f"{where}: {entry} is a number above 0, not {value!r}")
        if isinstance(default, int) and value != int(value):
            raise CohortError(f"{where}: {entry} is a whole number, not {value!r}")
        return type(default)(value)
    if not isinstance(value, str):
        raise CohortError(f"{where}: {entry} is a text, not {value!r}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _variable(name: str, given: Any, where: str) -> Variable:
    if not isinstance(given, dict):
        raise CohortError(f"{where}: variables.{name} is a table with a kind: [variables.{name}] kind = \"continuous\"")
    try:
        kind = Kind(given.get("kind", ""))
    except ValueError:
        raise CohortError(f"{where}: variables.{name}: kind is one of {', '.join(Kind)}, not {given.get('kind', 'absent')!r}") from None
    allowed = {"kind", "label", "unit", "values", "counted", "normal", "test"}
    strange = sorted(set(given) - allowed)
    if strange:
        raise CohortError(f"{where}: variables.{name} has no {strange[0]!r}; known: {', '.join(sorted(allowed))}")
    wanted: dict[str, tuple[type, str]] = {"label": (str, "a text"), "unit": (str, "a text"), "test": (str, "a text"), "normal": (bool, "true or false"),
                                           "values": (list, "a list")}
    for entry, (of, says) in wanted.items():
        if entry in given and not isinstance(given[entry], of):
            raise CohortError(f"{where}: variables.{name}: {entry} is {says}, not {given[entry]!r}")
    rest: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items() if k != "kind"}
    return Variable(name, kind, **rest)


def _exclusion(given: Any, where: str) -> Exclusion:
    if not isinstance(given, dict) or set(given) != {"reason", "when"}:
        raise CohortError(f"{where}: each [[exclude]] has a reason and a rule: reason = \"...\", when = \"follow_up_days < 28\"")
    for entry in ("reason", "when"):
        if not isinstance(given[entry], str) or not given[entry].strip():
            raise CohortError(f"{where}: the {entry} of an [[exclude]] is a text, not {given[entry]!r}")
    return Exclusion(given["reason"], given["when"])
