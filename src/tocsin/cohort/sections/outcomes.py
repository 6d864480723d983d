"""The follow-up of a cohort's members: overall and progression-free survival, and who is in which arm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

CAUSES = ("progression", "death")
"""The events of progression-free survival, of which the first counts."""
FOLLOW_UP = re.compile(r"follow[\s_-]?up|early death|died (within|before)", re.IGNORECASE)
"""How a reason for exclusion says that it looks at what happened after the infusion."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A time to event: its name, the columns of members behind it, what the event is called (one, many), and the share without it."""

    id: str
    name: str
    days: str
    event: str
    one: str
    many: str
    free: str


OVERALL = Endpoint("overall-survival", "Overall survival", "os_days", "os_event", "death", "deaths", "alive")
PROGRESSION_FREE = Endpoint("progression-free-survival", "Progression-free survival", "pfs_days", "pfs_event", "progression or death",
                            "progressions or deaths", "alive without progression")
ENDPOINTS = (PROGRESSION_FREE, OVERALL)


def follow_up(cohort: Cohort, endpoint: Endpoint) -> Survival:
    """Follow-up of the members in their order, in days; CohortError where the data do not hold it.

    Of progression-free survival the causes are told apart; its event is null where the patient was last seen without one.
    """
    if endpoint is OVERALL:
        _needs(cohort, endpoint.days, endpoint.event)
        return Survival.of(_list(cohort, endpoint.days), _list(cohort, endpoint.event), causes=("death",))
    _needs(cohort, endpoint.days)
    if endpoint.event not in cohort.members.columns:
        raise CohortError(f"{endpoint.event} is not known: there is no such column.")
    codes: dict[str | None, int] = {None: 0, CAUSES[0]: 1, CAUSES[1]: 2}
    told = cohort.members[endpoint.event].cast(pl.String).to_list()
    strange = sorted({str(v) for v in told if v not in codes})
    if strange:
        raise CohortError(f"{endpoint.event} is {', '.join(CAUSES)}, or empty for last contact; found: {', '.join(strange)}.")
    return Survival.of(_list(cohort, endpoint.days), [codes[v] for v in told], causes=CAUSES)


def arms_of(cohort: Cohort) -> list[str | None]:
    """The arm of each member."""
    if "arm" not in cohort.members.columns:
        raise CohortError("no member has an arm.")
    return cohort.members["arm"].to_list()


def present(cohort: Cohort, data: Survival) -> tuple[str, ...]:
    """The arms with anybody whose follow-up is known, in order; CohortError for fewer than two."""
    have = {a for a, known in zip(arms_of(cohort), data.known, strict=True) if known and a is not None}
    found = tuple(a for a in cohort.arms if a in have)
    if len(found) < 2:
        raise CohortError(f"{'only the arm ' + found[0] + ' has' if found else 'no arm has'} patients with known follow-up: a comparison needs two.")
    return found


def reference_first(arms: Sequence[str]) -> list[str]:
    """The arms as the levels of a covariate: the last, the reference, before the others."""
    return [arms[-1], *arms[:-1]]


def only(values: Sequence[object], wanted: Sequence[object]) -> list[object]:
    """The values that are among ``wanted``, None for the others."""
    return [v if v in wanted else None for v in values]


def survivors_only(cohort: Cohort) -> tuple[str, ...]:
    """Warnings where patients were left out for what happened after the infusion."""
    rules = {e.reason: e.when for e in cohort.study.exclude}
    found = [(reason, n) for reason, n in cohort.excluded if n and (FOLLOW_UP.search(reason) or FOLLOW_UP.search(rules.get(reason, "")))]
    return tuple(
        f"{n} {'patient was' if n == 1 else 'patients were'} left out for \"{reason}\", which is known only after the infusion. Whoever died or was lost "
        "in that time is not counted, so survival from the infusion is that of those who lived and stayed long enough to be included: it is too high, and "
        "the bias differs between arms if early deaths or losses do." for reason, n in found)


def _needs(cohort: Cohort, *columns: str) -> None:
    for column in columns:
        if not cohort.known(column):
            raise CohortError(f"{column} is not known for anybody.")


def _list(cohort: Cohort, column: str) -> list[float]:
    """A column as numbers, NaN where it is not known."""
    return cohort.members[column].cast(pl.Float64).fill_null(float("nan")).to_list()
