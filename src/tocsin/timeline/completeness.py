"""Open or closed world: which domains a source carries completely, declared and never assumed.

In a medication administration record no row means "not given"; in a case report it means "not told".  A record says which
domains (or single concepts) are complete, for everybody or for some patients.  In a complete domain, what was never
recorded is absent; what was recorded and then lapsed may have stopped but has not become more than it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

from tocsin.errors import SettingError, UnknownIdError
from tocsin.vocabulary import CONCEPTS, Domain, Kind

CLOSABLE = (Domain.DRUGS, Domain.DEVICES, Domain.FINDINGS, Domain.NEUROLOGY)
"""Domains where absence can be inferred; a vital sign or laboratory value that is not charted is never normal."""

ASSUMPTIONS: Mapping[str, frozenset[str]] = MappingProxyType({
    "unstated-support-absent": frozenset({str(Domain.DRUGS), str(Domain.DEVICES)}),
    "unstated-organ-toxicity-absent": frozenset({"ast", "alt", "bilirubin_total", "creatinine", "hypotension"}),
})
"""Named assumptions for a case report.

Support (drugs, fluids, oxygen, ventilation) that is not stated was not given; a liver or kidney value that is not stated was
not abnormal, and hypotension that is not stated was absent.  They are never made unasked, and every answer says when they were.
The other organ classes count only where they are told and need no assumption; a sign whose grade is not stated stays open under it.
"""

ASSERTED_MEASUREMENTS = frozenset({"fever", "hypotension", "hypoxia"})
"""Findings that stand for a measurement: a complete list of findings does not make an unmeasured temperature normal."""

UNSTATED_SUPPORT_ABSENT = ASSUMPTIONS["unstated-support-absent"]

_INFUSIONS = frozenset({c.name for c in CONCEPTS.values() if c.kind is Kind.INFUSION} | {"vasopressor"})


@cache
def _closed_by(concept: str) -> tuple[str, ...]:
    """What closes a concept when it is declared complete: the concept itself and, but for measurements, its domain."""
    found = CONCEPTS[concept]
    alone = found.kind is Kind.MEASUREMENT or concept in ASSERTED_MEASUREMENTS
    return (concept,) if alone else (concept, str(found.domain))


@dataclass(frozen=True, slots=True)
class Completeness:
    """Which domains or concepts are complete: ``everywhere``, or ``by_patient`` (name -> patients)."""

    everywhere: frozenset[str] = frozenset()
    by_patient: Mapping[str, frozenset[str]] = field(default_factory=dict)
    basis: str = "nothing is declared complete"

    @classmethod
    def of(cls, names: Iterable[str], basis: str = "declared by the user") -> Completeness:
        """Completeness for every patient from names of domains or concepts; SettingError for a name that cannot be closed."""
        wanted = frozenset(n.strip() for n in names if n.strip())
        for name in wanted:
            known = name in CONCEPTS or name in {str(d) for d in CLOSABLE}
            if not known or (name in CONCEPTS and CONCEPTS[name].domain not in CLOSABLE):
                raise SettingError(
                    f"{name!r} cannot be declared complete.\n  Domains that can: {', '.join(CLOSABLE)}; or one concept of these "
                    "domains.\n  Vital signs and laboratory values cannot: a value that was not measured is not a normal one."
                )
        return cls(wanted, basis=basis) if wanted else cls()

    def covers(self, concept: str, patient: str) -> bool:
        """Whether the absence of a row of this concept means "absent" for this patient."""
        names = _closed_by(concept)
        return any(n in self.everywhere or patient in self.by_patient.get(n, frozenset()) for n in names)

    def whom(self, concept: str) -> frozenset[str] | None:
        """The patients for whom the absence of a row of this concept means "absent"; None: everybody."""
        names = _closed_by(concept)
        if any(n in self.everywhere for n in names):
            return None
        return frozenset[str]().union(*(self.by_patient.get(n, ()) for n in names))

    def assuming(self, *names: str) -> Completeness:
        """The same with named assumptions added (see ASSUMPTIONS); UnknownIdError for one that does not exist."""
        for name in names:
            if name not in ASSUMPTIONS:
                raise UnknownIdError("assumption", name, ASSUMPTIONS)
        added = frozenset().union(*(ASSUMPTIONS[n] for n in names))
        return replace(self, everywhere=self.everywhere | added, basis=f"{self.basis}; assumed: {', '.join(names)}")

    def opening(self, *names: str) -> Completeness:
        """The same with these domains or concepts open: what a source declares complete and is not, where it was only partly exported.

        Raises SettingError for a name that no domain or concept has, and for a concept whose whole domain is complete.
        """
        wanted = Completeness.of(names).everywhere
        lost = {n for n in (*self.everywhere, *self.by_patient) if n in wanted or (n in CONCEPTS and str(CONCEPTS[n].domain) in wanted)}
        for name in sorted(wanted):
            whole = str(CONCEPTS[name].domain) if name in CONCEPTS else ""
            if whole in (*self.everywhere, *self.by_patient) and whole not in lost:
                raise SettingError(f"{name!r} alone cannot be open: all {whole} are complete here.\n  Open them all, by the name {whole}.")
        return Completeness(
            self.everywhere - lost, {n: who for n, who in self.by_patient.items() if n not in lost}, f"{self.basis}; open: {', '.join(sorted(wanted))}")

    def of_patient(self, patient: str) -> Completeness:
        """What is complete for one patient."""
        return replace(self, by_patient={name: frozenset({patient}) for name, who in self.by_patient.items() if patient in who})

    def brief(self) -> str:
        """What the answer rests on, in one or two sentences."""
        some: dict[int, set[str]] = {}
        for name, who in self.by_patient.items():
            some.setdefault(len(who), set()).add(name)
        closed = [*together_named(self.everywhere),
                  *(f"{name} ({many} {'record' if many == 1 else 'records'})" for many, names in sorted(some.items()) for name in together_named(names))]
        assumed = self.basis.partition("; assumed: ")[2]
        told = f"Complete{f', as assumed by {assumed}' if assumed else ''}, so no row means absent: {', '.join(closed)}. " if closed else ""
        still = ", ".join(_open({*self.everywhere, *self.by_patient}))
        return (told + (f"Open, so no row means not told: {still}." if still else "")).strip()

    def sentences(self) -> list[str]:
        """What the answer rests on, in words."""
        return what_is_complete(self.everywhere, {name: len(who) for name, who in self.by_patient.items()})


def what_is_complete(everywhere: Iterable[str], counts: Mapping[str, int]) -> list[str]:
    """In words: the domains and concepts that are complete for everybody, for how many records others are, and the open domains."""
    closed = set(everywhere)
    out = [f"{name}: complete, so no row means absent" for name in together_named(closed)]
    together: dict[int, set[str]] = {}
    for name, many in counts.items():
        together.setdefault(many, set()).add(name)
    out += [f"{', '.join(together_named(names))}: complete for {many} {'record' if many == 1 else 'records'}" for many, names in sorted(together.items())]
    return out + [f"{name}: open, so no row means not told" for name in _open(closed | set(counts))]


def _open(closed: AbstractSet[str]) -> list[str]:
    """The domains that are open where these domains and concepts are complete; "other drugs" where some of the drugs are."""
    partly = {str(CONCEPTS[name].domain) for name in closed if name in CONCEPTS}
    return [f"{'other ' if d in partly else ''}{d}" for d in CLOSABLE if str(d) not in closed]


def together_named(names: AbstractSet[str]) -> list[str]:
    """The names in order; all continuous infusions together by one name."""
    if not names >= _INFUSIONS:
        return sorted(names)
    return sorted((names - _INFUSIONS) | {"continuous infusions with vasopressors"})
