"""Which complication is it: what in a record speaks for each, what against it, and what is missing.  Never a verdict, score or order.

A complication is data: signs for and against, each a cited claim.  They are swept like the rules of a protocol; findings count
whatever they are put down to.  The data stand in ``complication_signs``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tocsin.cite import Mark, reference
from tocsin.errors import UnknownIdError
from tocsin.grading.program import bare
from tocsin.grading.result import observed
from tocsin.protocols.complication_signs import SETTINGS, Complication, Sign, complication_signs
from tocsin.protocols.protocol import Chapter, Protocol, Rule
from tocsin.protocols.sweep import TRUE, UNKNOWN, SweptChapter, sweep
from tocsin.rules import Observed, Predicate, settled
from tocsin.scales import scale
from tocsin.timeline import Timeline
from tocsin.timeline.schema import ATTRIBUTIONS

NO_VERDICT = ("No verdict, no score, no order of likelihood: complications overlap, several may be there at once, and the same finding may speak for more "
              "than one. What is not charted speaks neither for nor against.")
"""Said with every answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """A sign that holds, and the observations behind it, each with its hour, origin and what the record puts it down to.

    ``now``: it holds at this moment; else it did within the time looked back over, and the evidence is what began it.
    """

    sign: Sign
    now: bool
    evidence: tuple[Mapping[str, Any], ...]

    def record(self) -> dict[str, Any]:
        """The sign with what is behind it."""
        return _sign(self.sign) | {"now": self.now, "evidence": [dict(e) for e in self.evidence]}


@dataclass(frozen=True, slots=True)
class Missing:
    """A sign that cannot be told, and the inputs that would tell it.  ``speaks``: what it would speak, "for" or "against"."""

    sign: Sign
    speaks: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """One complication in one patient at one hour.  ``not_found``: signs for it that were looked for and are not there."""

    patient: str
    hour: float
    complication: Complication
    speaks_for: tuple[Found, ...]
    speaks_against: tuple[Found, ...]
    missing: tuple[Missing, ...]
    not_found: tuple[Sign, ...]

    def record(self) -> dict[str, Any]:
        """The machine output of ``tocsin complications --json``."""
        one = self.complication
        return {
            "patient": self.patient, "hour": self.hour, "complication": one.code, "title": one.title, "association": one.association,
            "traits": one.traits, "remarks": list(one.remarks), "cites": list(one.cites),
            "for": [f.record() for f in self.speaks_for], "against": [f.record() for f in self.speaks_against],
            "missing": [_sign(m.sign) | {"speaks": m.speaks, "inputs": list(m.inputs)} for m in self.missing],
            "not_found": [_sign(s) for s in self.not_found], "note": NO_VERDICT,
        }


def complications(
    timeline: Timeline, *, at: float, only: Sequence[str] = (), settings: Mapping[str, object] | None = None,
    carry: Mapping[str, float] | None = None,
) -> list[Picture]:
    """Every complication for every patient at hour ``at``, in the order of the sources; nothing later is looked at.

    ``only``: the codes of some.  Raises UnknownIdError or SettingError for a code or setting that does not exist.
    """
    known = timeline.until(float(at))
    all_of_them, asked = _asked(tuple(sorted(settled(SETTINGS, settings or {}).items())))
    wanted = {name.upper() for name in only} or {one.code for one in all_of_them}
    for name in wanted - {one.code for one in all_of_them}:
        raise UnknownIdError("complication", name.lower(), [one.code.lower() for one in all_of_them])
    swept = sweep(known, asked, until=float(at), carry=carry, keep_state=True, last_only=True)
    return [
        _picture(one, chapter, i, patient, float(at))
        for i, patient in enumerate(known.patients["patient"].to_list()) for one, chapter in zip(all_of_them, swept, strict=True)
        if one.code in wanted
    ]


@lru_cache(maxsize=8)
def _asked(settings: tuple[tuple[str, float | bool], ...]) -> tuple[tuple[Complication, ...], Protocol]:
    """The complications with these settings, and their signs as chapters of rules."""
    found = complication_signs(dict(settings))
    episode = scale("astct-crs-2019")
    chapters = tuple(Chapter(one.title, episode, tuple(
        Rule(f"{one.code}-{sign.code}", sign.says, sign.predicate, sign.cites, sign.mark, sign.says, reading=sign.reading, remarks=((_now(sign), ""),))
        for sign in (*one.speaks_for, *one.speaks_against)), episode.episode, counts=ATTRIBUTIONS) for one in found)
    return found, Protocol(id="complications", title="Which complication is it", chapters=chapters, cites=tuple(
        dict.fromkeys(c for one in found for c in one.cites)))


def _now(sign: Sign) -> Predicate:
    """What the sign claims of this moment, where it looks back."""
    claim = bare(sign.predicate)
    return claim.of if isinstance(claim, Observed) else claim


def _picture(one: Complication, swept: SweptChapter, at: int, patient: str, hour: float) -> Picture:
    def held(signs: tuple[Sign, ...]) -> tuple[Found, ...]:
        return tuple(Found(s, swept.state(at, _now(s)) == TRUE, _evidence(swept, at, s)) for s in signs if swept.state(at, s.predicate) == TRUE)

    def unknown(signs: tuple[Sign, ...], speaks: str) -> tuple[Missing, ...]:
        return tuple(Missing(s, speaks, swept.missing(at, s.predicate)) for s in signs if swept.state(at, s.predicate) == UNKNOWN)

    return Picture(
        patient, hour, one, held(one.speaks_for), held(one.speaks_against),
        (*unknown(one.speaks_for, "for"), *unknown(one.speaks_against, "against")),
        tuple(s for s in one.speaks_for if not s.excludes and swept.state(at, s.predicate) not in (TRUE, UNKNOWN)))


def _evidence(swept: SweptChapter, at: int, sign: Sign) -> tuple[Mapping[str, Any], ...]:
    last = swept.last_step(at)
    rows = swept.rows(last, sign.predicate) if last >= 0 else []
    return tuple(observed(swept.timeline.events, row) for row in rows)


def _sign(sign: Sign) -> dict[str, Any]:
    return {"sign": sign.code, "says": sign.says, "claim": sign.predicate.english(), "cites": sign.cites, "source": reference(sign.cites).text,
            "mark": str(sign.mark), "mark_means": Mark(sign.mark).sentence, "reading": sign.reading}
