"""What must hold for any protocol, Tocsin's own or a hospital's, whatever it asks for: cited, said in words, readable, its doses within limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tocsin.cite import Mark
from tocsin.errors import RuleError, SettingError
from tocsin.protocols.override import HEIGHT_CM, WEIGHTS_KG
from tocsin.protocols.protocol import Protocol, Rule
from tocsin.protocols.sweep import MOST_CONDITIONS, program_of

SHORTEST_SENTENCE = 10


def problems(protocol: Protocol) -> list[str]:
    """Each fault of a protocol in a sentence; an empty list when there is none.

    That a rule cites a known source is checked when it is built.
    """
    found = [words for rule in protocol.rules for words in _of_rule(rule)]
    for chapter in protocol.chapters:
        try:
            program_of(chapter)
        except (RuleError, SettingError) as error:
            found.append(f"the chapter {chapter.title!r} cannot be compiled (at most {MOST_CONDITIONS} conditions): {error}")
    found += [f"the setting {s.name} does not say what it is" for s in protocol.setting_docs if not s.what.strip()]
    return found


def _of_rule(rule: Rule) -> Iterator[str]:
    if len(rule.english()) <= SHORTEST_SENTENCE:
        yield f"{rule.code}: its condition does not say itself in words ({rule.english()!r})"
    if not rule.action.strip():
        yield f"{rule.code}: it names no action"
    if not rule.source_text.strip():
        yield f"{rule.code}: the words of its source are missing (source_text)"
    if rule.mark is Mark.DECISION and not rule.reading.strip():
        yield f"{rule.code}: it rests on a decision and does not say which (reading)"
    if rule.action.startswith("Or ") and not rule.instead_of:
        yield f"{rule.code}: an alternative must say to which rule (instead_of), else the audit counts one recommendation twice"
    yield from (f"{rule.code}: its block {b.code} has no words (says)" for b in rule.blocked_by if not b.says.strip())
    yield from _of_dose(rule)


def _of_dose(rule: Rule) -> Iterator[str]:
    """The arithmetic of a dose, for every weight from 2 to 200 kg."""
    dose = rule.dose
    if dose is None:
        return
    if dose.amount is None and dose.rate is None:
        if not dose.as_told:
            yield f"{rule.code}: its dose has neither a number nor the source's own words (as_told)"
        return
    heights = np.full(len(WEIGHTS_KG), HEIGHT_CM)
    least, most = dose.range(WEIGHTS_KG, heights)
    if not np.isfinite(most).all() or (least <= 0).any():
        yield f"{rule.code}: its dose is not above 0 {dose.unit} at every weight"
    if dose.cap is not None and (most > dose.cap).any():
        yield f"{rule.code}: its dose exceeds its own maximum of {dose.cap:g} {dose.unit}"
    said = [dose.for_weight(float(w), HEIGHT_CM)[0] for w in WEIGHTS_KG]
    if not np.allclose(dose.amounts(WEIGHTS_KG, heights), np.array(said, float), equal_nan=True):
        yield f"{rule.code}: its dose in words and in numbers differ"
