"""A guideline with a hospital's own numbers: settings, numbers of doses, rules switched off; and where that allows more than the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tocsin.cite import Mark
from tocsin.errors import SettingError
from tocsin.protocols.change import Change
from tocsin.protocols.drugs import TOCILIZUMAB_LABEL_HOURS
from tocsin.protocols.protocol import Block, Dose, Protocol, Rule
from tocsin.rules import NEVER, Doses, Named

DOSE_NUMBERS = ("amount", "per_kg", "cap", "every_hours")
"""The numbers of a dose that a hospital may change."""
WEIGHTS_KG = np.arange(2.0, 200.5, 0.5)
HEIGHT_CM = 170.0
"""The weights at which doses are held against each other and against their cap."""

ONE = {"boluses": "bolus", "doses": "dose", "days": "day"}


@dataclass(frozen=True, slots=True)
class Told:
    """One local value (None: the rule is off), with the document that says so."""

    source: str
    date: str
    by: str = ""
    value: float | bool | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Everything that a hospital changes in one guideline; ``doses``: by rule, then by number."""

    id: str
    title: str
    settings: Mapping[str, Told] = field(default_factory=dict)
    off: Mapping[str, Told] = field(default_factory=dict)
    doses: Mapping[str, Mapping[str, Told]] = field(default_factory=dict)


def overridden(build: Callable[..., Protocol], own: Override, given: Mapping[str, object]) -> Protocol:
    """The guideline with the hospital's numbers put in.  A setting in ``given`` (of this one call) goes before the hospital's.

    Raises SettingError for a value that the setting or the dose does not allow.
    """
    plain = build(**given)
    local = {name: told for name, told in own.settings.items() if name not in given}
    base = build(**{name: told.value for name, told in local.items()}, **given)
    changes = [_setting(plain, build(**{**given, name: told.value}), name, told) for name, told in local.items()]
    after: dict[str, Rule] = {}
    for rule in base.rules:
        new, made = _rule(rule, base, own)
        after[rule.code] = new
        changes += made
    changed = {c.what: c for c in changes}
    docs = tuple(
        replace(s, default=base.settings[s.name], cites=changed[s.name].cites, mark=Mark.DECISION) if s.name in changed else s
        for s in base.setting_docs)
    return replace(
        base, id=own.id, title=own.title, based_on=base.id, local=tuple(changes), setting_docs=docs,
        chapters=tuple(replace(c, rules=tuple(after[r.code] for r in c.rules)) for c in base.chapters))


def _setting(plain: Protocol, one: Protocol, name: str, told: Told) -> Change:
    """The change of one setting: the rules that it touches (all, where it acts beside them), and what it loosens."""
    doc = next(s for s in plain.setting_docs if s.name == name)
    before = {r.code: r for r in plain.rules}
    touched = [r for r in one.rules if before.get(r.code) != r]
    loose = dict.fromkeys(w for r in touched if r.code in before for w in loosened(before[r.code], r))
    codes = tuple(r.code for r in touched)
    if not codes and one.settings[name] != plain.settings[name]:
        codes = tuple(before)
    return Change(name, _words(plain.settings[name], doc.unit), doc.cites, _words(one.settings[name], doc.unit), told.source, told.date, told.by,
                  codes, tuple(loose))


def _rule(rule: Rule, base: Protocol, own: Override) -> tuple[Rule, list[Change]]:
    """A rule as the hospital has it, and what was changed."""
    if rule.code in own.off:
        told = own.off[rule.code]
        others = [r.code for r in base.rules if r.instead_of == rule.code and r.code not in own.off]
        stays = tuple(f"{code}, the alternative to {rule.code}, stays on" for code in others)
        change = Change(rule.code, "on", rule.cites, "", told.source, told.date, told.by, (rule.code,), stays)
        off = Named("off", NEVER, f"never: {change.says()}", cites=change.cites, mark=Mark.DECISION)
        return replace(rule, when=off, blocked_by=(), remarks=()), [change]
    if rule.code not in own.doses or rule.dose is None:
        return rule, []
    numbers = own.doses[rule.code]
    values = {name: float(told.value or 0.0) for name, told in numbers.items()}
    words = "" if "amount" in values or "every_hours" in values else rule.dose.as_told
    new = replace(
        rule, action=f"{rule.action} (local dose)", dose=replace(rule.dose, **values, as_told=words),  # type: ignore[arg-type]
        blocked_by=tuple(_longer(b, rule, numbers) for b in rule.blocked_by))
    loose = (*loosened(rule, new), *_unchanged(rule, base, own, values))
    changes = [
        Change(f"{rule.code} {name}", _words(getattr(rule.dose, name), unit), rule.cites, _words(values[name], unit), told.source, told.date,
               told.by, (rule.code,), loose if i == 0 else ())
        for i, (name, told) in enumerate(numbers.items())
        for unit in [unit_of(rule.dose, name)]
    ]
    return new, changes


def _unchanged(rule: Rule, base: Protocol, own: Override, values: Mapping[str, float]) -> Iterable[str]:
    """What a reader may think changed with the dose, and did not: the same dose in other rules, and that of a light patient."""
    same = [r.code for r in base.rules
            if r.code != rule.code and r.drug == rule.drug and r.dose == rule.dose and r.code not in own.doses and r.code not in own.off]
    if same:
        yield f"the same dose in {', '.join(same)} stays as in the source"
    if "per_kg" in values and rule.dose is not None and rule.dose.light_below_kg is not None:
        yield f"below {rule.dose.light_below_kg:g} kg the dose stays {rule.dose.light_per_kg:g} {rule.dose.unit}/kg"


def _longer(block: Block, rule: Rule, numbers: Mapping[str, Told]) -> Block:
    """The least time between two doses, as long as the local interval where that is longer; never shorter."""
    p, told = block.predicate, numbers.get("every_hours")
    if told is None or not _is_interval(block, rule) or not isinstance(p, Doses) or float(told.value or 0.0) <= (p.hours or 0.0):
        return block
    hours = float(told.value or 0.0)
    cites = Change("", "", "", "", told.source, told.date).cites
    return Block(f"{block.code}-LOCAL", replace(p, hours=hours), f"{p.says} was given less than {hours:g} h ago", cites, Mark.DECISION)


def _is_interval(block: Block, rule: Rule) -> bool:
    """Whether a block is the least time between two doses of the rule's own drug."""
    p = block.predicate
    return isinstance(p, Doses) and p.number == 1 and p.hours is not None and rule.drug in p.concepts


def loosened(base: Rule, new: Rule) -> list[str]:
    """In words, where a rule now allows more than before: a higher dose, a shorter interval, a higher maximum, a block less."""
    out: list[str] = []
    if base.dose is not None and new.dose is not None:
        out += _more(new.code, base.dose, new.dose)
        often, before = new.dose.every_hours, base.dose.every_hours
        if often is not None and before is not None and often < before:
            out.append(f"{new.code} is asked for every {often:g} h, more often than the source's {before:g} h")
            out += [f"{b.code} still forbids it within {b.predicate.hours:g} h" for b in new.blocked_by
                    if isinstance(b.predicate, Doses) and _is_interval(b, new) and (b.predicate.hours or 0.0) > often]
    blocks = {b.code.removesuffix("-LOCAL"): b for b in new.blocked_by}
    for block in base.blocked_by:
        if block.code not in blocks:
            out.append(f"{block.code} no longer blocks it")
        else:
            out += _shorter(block, blocks[block.code], new)
    return out


def _more(code: str, base: Dose, new: Dose) -> Iterable[str]:
    """Where the dose is higher than it was, at the weight where the difference is greatest."""
    before, after = (dose.range(WEIGHTS_KG, np.full(len(WEIGHTS_KG), HEIGHT_CM))[1] for dose in (base, new))
    if np.isnan(before).any() or not (after > before * (1 + 1e-9)).any():
        return []
    at = int(np.argmax(after - before))
    weight = f" at {WEIGHTS_KG[at]:g} kg" if base.rate is not None else ""
    words = f"{code} asks for more than the source: {after[at]:g} {new.unit} instead of {before[at]:g} {new.unit}{weight}"
    if base.cap is not None and after.max() > base.cap:
        words += f"; the source's maximum in one dose is {base.cap:g} {new.unit}"
    return [words]


def _shorter(base: Block, new: Block, rule: Rule) -> Iterable[str]:
    p, q = base.predicate, new.predicate
    if not isinstance(p, Doses) or not isinstance(q, Doses) or p == q:
        return []
    out = []
    hours, before = q.hours, p.hours
    if hours is not None and (before is None or hours < before):
        out.append(f"{new.code} forbids a dose for {hours:g} h only; in the source " + (f"{before:g} h" if before is not None else "for ever"))
    if q.number > p.number:
        out.append(f"{new.code} allows {q.number} doses; the source {p.number}")
    if "tocilizumab" in q.concepts and _is_interval(new, rule) and hours is not None and hours < TOCILIZUMAB_LABEL_HOURS:
        out.append(f"{hours:g} h between two doses of tocilizumab is less than the label's {TOCILIZUMAB_LABEL_HOURS:g} h (kymriah:2.4)")
    return out


def unit_of(dose: Dose, name: str) -> str:
    """The unit of one number of a dose."""
    return {"per_kg": f"{dose.unit}/kg", "every_hours": "h"}.get(name, dose.unit)


def check_dose(rule: Rule, name: str) -> None:
    """Raise SettingError where the dose of a rule has no such number to change."""
    dose = rule.dose
    if dose is None or (dose.amount is None and dose.per_kg is None):
        raise SettingError(f"{rule.code} has no dose in numbers to change; the source has {dose.as_told if dose else 'none'!r}")
    has = [n for n in DOSE_NUMBERS if getattr(dose, n) is not None] + (["cap"] if dose.per_kg is not None and dose.cap is None else [])
    if name not in has:
        raise SettingError(f"the dose of {rule.code} has no {name!r} to change; it has: {', '.join(has)}")


def _words(value: float | bool | None, unit: str) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g} {ONE.get(unit, unit) if value == 1 else unit}".rstrip()
