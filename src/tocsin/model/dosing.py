"""A schedule of doses as text, the doses each patient gets by it, and what the solver and the timeline are told of them.

Such a text: ``tocilizumab 8 mg/kg @ day 5; dexamethasone 10 mg q6h x 4 @ day 6; msc 1e6 cells/kg @ day 17, 20``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tocsin.errors import ModelError, UnknownIdError, VocabularyError
from tocsin.model.evaluate import evaluate
from tocsin.model.events import Events
from tocsin.model.system import System
from tocsin.vocabulary import CONCEPTS, Concept, Kind
from tocsin.vocabulary.spelling import value_key

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

HOURS_A_DAY = 24.0
EARLIEST_DAY = -30.0
"""A dose may come before the infusion (prophylaxis), but not by more than this many days."""
MOST_DOSES = 1000
"""A course of more doses than this is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Given:
    """How a drug is usually given: route, hours that an infusion takes, and the most of one dose in the canonical unit (None: no maximum)."""

    route: str
    over_hours: float = 0.0
    most: float | None = None
    source: str = "assumed"


GIVEN: Mapping[str, Given] = MappingProxyType({
    "tocilizumab": Given("IV", 1.0, 800.0, "kymriah:2.4"),  # over 60 minutes, at most 800 mg
    "siltuximab": Given("IV", 1.0),
    "anakinra": Given("SC"),
    "dexamethasone": Given("IV"),
    "methylprednisolone": Given("IV"),
    "ruxolitinib": Given("PO"),
    "msc": Given("IV"),
    "etoposide": Given("IV", 1.0),
    "acetaminophen": Given("PO"),
})
"""Anything else is given at once, without a maximum."""


INTRAVENOUS = "_iv"
"""What ends the name of a drug in the model that is given into a vein where its usual way is another (anakinra_iv)."""


def concept_of(drug: str) -> Concept:
    """What a drug of the model is in a record: a drug given by another way is the same drug."""
    return CONCEPTS[drug.removesuffix(INTRAVENOUS) if drug not in CONCEPTS else drug]


@dataclass(frozen=True, slots=True)
class Order:
    """One drug as ordered: ``amount`` in ``unit`` ("mg/kg"), at these ``hours`` after the infusion, each over ``over_hours``."""

    drug: str
    amount: float
    unit: str
    hours: tuple[float, ...]
    route: str = ""
    over_hours: float = 0.0
    most: float | None = None

    def words(self) -> str:
        """The order in words."""
        when = ", ".join(f"{h / HOURS_A_DAY:.4g}" for h in self.hours[:4]) + (f" ... {self.hours[-1] / HOURS_A_DAY:.4g}" if len(self.hours) > 4 else "")
        most = f" (at most {self.most:g} {concept_of(self.drug).unit})" if self.most is not None else ""
        over = f" over {self.over_hours:g} h" if self.over_hours else ""
        route = f" {self.route}" if self.route else ""
        many = "1 dose" if len(self.hours) == 1 else f"{len(self.hours)} doses"
        return f"{concept_of(self.drug).name} {self.amount:g} {self.unit}{most}{route}{over}, {many} at day {when}"


@dataclass(frozen=True)
class Doses:
    """Doses given, one an entry of arrays of one length.

    ``patient`` (row number), ``hour``, ``drug`` (number in ``drugs``), ``amount`` (canonical unit of the drug's concept), ``over_hours``; ``capped``: the
    maximum cut it.
    """

    drugs: tuple[str, ...]
    patient: I64
    hour: F64
    drug: I64
    amount: F64
    over_hours: F64
    capped: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.hour)

    def and_also(self, other: Doses) -> Doses:
        """Both, the drugs of both numbered together."""
        drugs = tuple(dict.fromkeys((*self.drugs, *other.drugs)))
        mine, theirs = (np.array([drugs.index(d) for d in x.drugs], np.int64)[x.drug] if len(x) else x.drug for x in (self, other))
        return Doses(drugs, np.concatenate([self.patient, other.patient]), np.concatenate([self.hour, other.hour]), np.concatenate([mine, theirs]),
                     np.concatenate([self.amount, other.amount]), np.concatenate([self.over_hours, other.over_hours]),
                     np.concatenate([self.capped, other.capped]))

    def within(self, start_hour: float, end_hour: float) -> Doses:
        """Those that begin in [start, end)."""
        return self.rows(np.flatnonzero((self.hour >= start_hour) & (self.hour < end_hour)))

    def rows(self, chosen: I64) -> Doses:
        """Some of them."""
        return Doses(self.drugs, self.patient[chosen], self.hour[chosen], self.drug[chosen], self.amount[chosen], self.over_hours[chosen],
                     self.capped[chosen])


NO_DOSES = Doses((), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.bool_))


_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_ORDER = re.compile(
    rf"""^\s*(?P<drug>[A-Za-z][\w\- ]*?)\s+(?P<amount>{_NUMBER})\s*(?P<unit>[A-Za-z]+(?:/[A-Za-z0-9]+)*)
    (?:\s+(?P<route>IV|SC|PO|IM)(?=\s))?
    (?:\s+q\s*(?P<every>{_NUMBER})\s*h)?
    (?:\s*[x×]\s*(?P<times>\d+))?
    (?:\s+over\s+(?P<over>{_NUMBER})\s*(?P<over_unit>h|min))?
    (?:\s*@\s*(?P<kind>days|day|hours|hour|h|d)\s*(?P<when>.+?))?\s*$""", re.IGNORECASE | re.VERBOSE)
_LIKE = "Write it like: tocilizumab 8 mg/kg @ day 5; dexamethasone 10 mg q6h x 4 @ day 6"


def parse(text: str, known: Sequence[str], now: float | None = None) -> tuple[Order, ...]:
    """The orders of a text; ``known`` are the drugs of the model; an order without a time begins at hour ``now``.

    Raises ModelError, quoting the order, for one that cannot be read, a negative or infinite dose, a unit that the drug is not given in, an
    impossible time; UnknownIdError with the nearest names for a drug that the model does not have.
    """
    return tuple(_order(part.strip(), known, now) for part in text.split(";") if part.strip())


def _order(text: str, known: Sequence[str], now: float | None) -> Order:
    found = _ORDER.match(text)
    if found is None:
        raise ModelError(f"the dose {text!r} cannot be read.\n  {_LIKE}")
    drug = drug_named(found["drug"], known)
    amount = float(found["amount"])
    if not (np.isfinite(amount) and amount > 0):
        raise ModelError(f"the dose {text!r}: an amount of {amount:g} {found['unit']} cannot be given; it is a number above 0.")
    if (found["route"] or "").upper() == "IV" and f"{drug}{INTRAVENOUS}" in known:
        drug += INTRAVENOUS
    concept = concept_of(drug)
    try:
        concept.conversion(found["unit"])
    except VocabularyError:
        more = "  An amount by body surface needs the height, which a virtual patient does not have.\n" if found["unit"].lower().endswith("m2") else ""
        raise ModelError(f"the dose {text!r}: {concept.name} is not given in {found['unit']!r}, but in {', '.join(concept.units)}.\n{more}  {_LIKE}") from None
    usual = GIVEN.get(drug, Given(""))
    over = usual.over_hours if found["over"] is None else float(found["over"]) / (60.0 if found["over_unit"].lower() == "min" else 1.0)
    if not 0 <= over <= 168:
        raise ModelError(f"the dose {text!r}: an infusion takes between 0 and 168 hours, not {over:g}.")
    return Order(drug, amount, found["unit"], _times(text, found, now), (found["route"] or usual.route).upper(), over, usual.most)


def drug_named(text: str, known: Sequence[str]) -> str:
    """The drug that a name or one of its aliases means; UnknownIdError with the nearest ones when the model has none."""
    wanted = value_key(text)
    for name in known:
        concept = CONCEPTS.get(name)
        if wanted == value_key(name) or (concept is not None and any(wanted == value_key(a) for a in concept.aliases)):
            if concept is None or concept.kind is not Kind.DOSE:
                break
            return name
    raise UnknownIdError("drug in the model", text, known, "tocsin model --parameters")


def _times(text: str, found: re.Match[str], now: float | None) -> tuple[float, ...]:
    if found["kind"] is None and now is None:
        raise ModelError(f"the dose {text!r} has no time.\n  {_LIKE}")
    unit = HOURS_A_DAY if (found["kind"] or "").lower() in ("day", "days", "d") else 1.0
    starts: list[float] = []
    for piece in (found["when"] or str(now)).split(","):
        span = re.fullmatch(rf"\s*({_NUMBER})\s*(?:(?:to|\.\.)\s*({_NUMBER})\s*)?", piece)
        if span is None:
            raise ModelError(f"the dose {text!r}: {piece.strip()!r} is no time.\n  A day or hour after the infusion (@ day 5, @ hour 130), several "
                             "(@ day 5, 6), or one each day (@ day 0 to 2).")
        first = float(span[1])
        if span[2] is None:
            starts.append(first * unit)
            continue
        last = float(span[2])
        if unit == 1.0 or last < first or last - first > MOST_DOSES:
            raise ModelError(f"the dose {text!r}: {piece.strip()!r} is no span of days.")
        starts += [(first + d) * unit for d in range(int(last - first) + 1)]
    times = 1 if found["times"] is None else int(found["times"])
    every = None if found["every"] is None else float(found["every"])
    if every is not None and found["times"] is None:
        raise ModelError(f"the dose {text!r}: q{every:g}h needs how many doses.\n  Write q{every:g}h x 4.")
    if every is None and times != 1:
        raise ModelError(f"the dose {text!r}: x {times} needs an interval.\n  Write q12h x {times}.")
    if every is not None and not every > 0:
        raise ModelError(f"the dose {text!r}: an interval of {every:g} h is impossible.")
    if not 1 <= times <= MOST_DOSES:
        raise ModelError(f"the dose {text!r}: {times} doses cannot be given; between 1 and {MOST_DOSES}.")
    hours = sorted(start + i * (every or 0.0) for start in starts for i in range(times))
    if not all(np.isfinite(h) and h >= EARLIEST_DAY * HOURS_A_DAY for h in hours):
        raise ModelError(f"the dose {text!r}: day {hours[0] / HOURS_A_DAY:g} is too early; a dose comes at day {EARLIEST_DAY:g} or later.")
    return tuple(hours)


def doses(orders: Sequence[Order], weight_kg: F64, patients: I64 | None = None) -> Doses:
    """The doses of each patient (all, or the row numbers ``patients``) by the orders, with the weights (patients,), sorted by patient and hour."""
    who = np.arange(len(weight_kg), dtype=np.int64) if patients is None else np.asarray(patients, np.int64)
    drugs = tuple(dict.fromkeys(o.drug for o in orders))
    parts = [_one(o, drugs.index(o.drug), who, weight_kg[who]) for o in orders]
    if not parts or not len(who):
        return NO_DOSES
    patient, hour, drug, amount, over, capped = (np.concatenate([p[i] for p in parts]) for i in range(6))
    order = np.lexsort((drug, hour, patient))
    return Doses(drugs, patient[order].astype(np.int64), hour[order], drug[order].astype(np.int64), amount[order], over[order], capped[order].astype(np.bool_))


def _one(order: Order, number: int, who: I64, weight: F64) -> tuple[npt.NDArray[np.generic], ...]:
    step = concept_of(order.drug).conversion(order.unit)
    amount = np.full(len(who), order.amount * step.factor)
    if step.per_kg:
        amount = amount * weight
    elif step.over_kg:
        amount = amount / weight
    capped = np.zeros(len(who), np.bool_) if order.most is None else amount > order.most
    if order.most is not None:
        amount = np.minimum(amount, order.most)
    times = len(order.hours)
    return (np.repeat(who, times), np.tile(np.array(order.hours), len(who)), np.full(times * len(who), number), np.repeat(amount, times),
            np.full(times * len(who), order.over_hours), np.repeat(capped, times))


def known_values(system: System, parameters: F64) -> dict[str, F64]:
    """The parameters, and the assigned quantities that follow from them alone, of each patient."""
    values = {name: parameters[:, i] for i, name in enumerate(system.parameter_names)}
    for assigned in system.assigned:
        try:
            values[assigned.name] = np.broadcast_to(evaluate(assigned.expression, values), (len(parameters),))
        except ModelError:
            continue  # it follows from a state
    return values


def events(system: System, given: Doses, parameters: F64) -> Events:
    """What the solver is told of these doses; ``parameters`` (patients, parameters) of all patients.

    A drug that the model takes over a time is infused, any other is added at once.
    Raises UnknownIdError for a drug that the model does not have, ModelError for one whose unit there is not one of its concept.
    """
    values = known_values(system, parameters)
    out = Events.none()
    for number, drug in enumerate(given.drugs):
        if drug not in system.drugs:
            raise UnknownIdError("drug in the model", drug, system.drugs, "tocsin model --parameters")
        how = system.drugs[drug]
        mine = np.flatnonzero(given.drug == number)
        who = given.patient[mine]
        try:
            step = concept_of(drug).conversion(how.unit.replace("cell/", "cells/"))
        except VocabularyError as error:
            raise ModelError(f"the model takes {drug} in {how.unit!r}: {error}") from None
        if step.needs_weight:
            raise ModelError(f"the model takes {drug} in {how.unit!r}, which needs the weight; it takes a dose of the patient, such as "
                             f"{concept_of(drug).unit}.")
        factor = np.broadcast_to(evaluate(how.factor, values), (len(parameters),))[who]
        amount, start = given.amount[mine] / step.factor * factor, given.hour[mine] / HOURS_A_DAY
        infused = (given.over_hours[mine] > 0) & bool(how.rate_input)
        for rows, target, days in ((~infused, how.target, 0.0), (infused, how.rate_input, given.over_hours[mine][infused] / HOURS_A_DAY)):
            if rows.any():
                out += Events.make(who[rows], start[rows], target, amount[rows], days)
    return out
