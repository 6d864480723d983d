"""A patient's chart drawn as a table, so that a test reads like the page a clinician would look at.

    hour | temperature | norepinephrine | oxygen_device || grade | because       | undecided
    -----+-------------+----------------+---------------++-------+---------------+----------
    0    | 38.6        |                | room_air      || 1     | FEVER1        |
    2    |             | 5              |               || 3     | HYPO3         |

Left of ``||`` one column a concept, one row an hour; an empty cell is no entry at that hour.  A cell is a number (``>5000`` and
``<0.24`` are beyond a limit), a coded value, ``T`` (present, given or running at an untold rate), ``F`` (absent) or ``?`` (charted
as unknown).  ``39@infection`` puts a finding down to a cause; ``T for 6`` lasts six hours; the hour ``24..48`` is an untold time
in that window.

Right of it what is expected at that hour; an empty cell expects nothing.  ``grade``: 3, or a range 1-4.  ``because`` and ``flags``:
codes that must be among those given (``none``: there is none).  ``undecided``: exactly these inputs (``none``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tocsin.grading import Grades
from tocsin.grading.result import describe
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

EVERYTHING = ("drugs", "devices", "neurology", "hypotension")
"""What a hospital record tells completely: no row then means absent.  A vital sign that is not charted stays unknown."""

EXPECTED = ("grade", "because", "undecided", "flags")
CELL = re.compile(r"(?P<value>[^@]+?)(?:@(?P<attribution>\w+))?(?: for (?P<hours>[\d.]+))?")

Row = dict[str, object]


@dataclass(frozen=True)
class Expectation:
    """What a chart must say at one hour."""

    hour: float
    grade: tuple[int, int] | None
    because: tuple[str, ...] | None
    undecided: tuple[str, ...] | None
    flags: tuple[str, ...] | None


def event(concept: str, hour: float, cell: str, hour_latest: float | None = None) -> Row:
    """One entry of a chart as a row of events."""
    found = CELL.fullmatch(cell)
    assert found is not None, f"the cell {cell!r} of {concept} cannot be read"
    value, known = found["value"].strip(), CONCEPTS[concept]
    row: Row = {"concept": concept, "hour": hour, "hour_latest": hour_latest, "attribution": found["attribution"] or "unknown"}
    if found["hours"]:
        row["end_hour"] = hour + float(found["hours"])
    number = re.fullmatch(r"([<>]?)(-?\d+(?:\.\d+)?)", value)
    if number and (known.unit is not None or known.kind is Kind.DOSE):
        return row | {"value": float(number[2]), "censored": {"<": -1, "": 0, ">": 1}[number[1]]}
    if value == "T" and known.kind in (Kind.DOSE, Kind.INFUSION):
        return row
    words = {"T": "present", "F": "none" if "none" in known.values else "absent", "?": "unknown"}
    text = words.get(value, value)
    if known.kind not in (Kind.DOSE, Kind.INFUSION) and text != "unknown":
        assert text in known.values, f"{concept} cannot be {text!r}; it is one of {known.values}"
    return row | {"text": text}


def read(table: str) -> tuple[list[Row], list[Expectation]]:
    """The events of a drawn chart, and what is expected of it."""
    lines = [line.strip() for line in table.strip().splitlines() if line.strip() and not set(line.strip()) <= set("-+|")]
    header, *body = [[[c.strip() for c in side.split("|")] for side in line.split("||")] for line in lines]
    concepts = header[0][1:]
    wanted = header[1] if len(header) > 1 else []
    assert header[0][0] == "hour", "the first column of a chart is the hour"
    assert set(wanted) <= set(EXPECTED), f"after || stand some of {EXPECTED}"
    rows: list[Row] = []
    expected: list[Expectation] = []
    for line in body:
        when, *cells = line[0]
        assert len(cells) == len(concepts), f"hour {when}: {len(cells)} cells for {len(concepts)} columns"
        first, _, last = when.partition("..")
        rows += [event(c, float(first), cell, float(last) if last else None) for c, cell in zip(concepts, cells, strict=True) if cell]
        if len(line) > 1:
            said = dict(zip(wanted, line[1], strict=True))
            expected.append(Expectation(float(first), _range(said.get("grade", "")), *(_names(said.get(k, "")) for k in EXPECTED[1:])))
    return rows, expected


def timeline_of(
    table: str | Sequence[Row], *, age: float | None = 40, complete: Iterable[str] = EVERYTHING, stated: Mapping[str, str] | None = None,
    facts: Mapping[str, object] | None = None,
) -> Timeline:
    """The record of one patient from a drawn chart; ``stated`` adds entries at its first hour."""
    rows = read(table)[0] if isinstance(table, str) else list(table)
    start = min((float(str(r["hour"])) for r in rows), default=0.0)
    rows += [event(concept, start, cell) for concept, cell in (stated or {}).items()]
    return Timeline.from_rows(rows, [{"age_years": age, **(facts or {})}], complete)


def check(grades: Grades, expected: Sequence[Expectation]) -> set[str]:
    """Raise AssertionError, with hour, grade and reasons, where the grades are not as expected; the codes that were confirmed."""
    wrong: list[str] = []
    confirmed: set[str] = set()
    scale = grades.scale.id
    for want in expected:
        got = grades.at(want.hour)
        assert got is not None, f"nothing is graded at hour {want.hour:g}"
        span = (got["at_least"], got["at_most"])
        codes = {kind: {c.split("/")[1] for c in got[kind]} for kind in ("because", "flags")}
        faults = []
        if want.grade is not None and span != want.grade:
            faults.append(f"grade {_words(want.grade)} expected")
        for kind in ("because", "flags"):
            named = getattr(want, kind)
            if named == () and codes[kind]:
                faults.append(f"no {kind} expected")
            if named is not None:
                missing = set(named) - codes[kind]
                faults += [f"{kind}: {c} expected" for c in sorted(missing)]
                confirmed |= {f"{scale}/{c}" for c in set(named) - missing}
        if want.undecided is not None and set(want.undecided) != set(got["undecided"]):
            faults.append(f"undecided: {' '.join(want.undecided) or 'nothing'} expected")
        if faults:
            wrong.append(
                f"hour {want.hour:g}: {'; '.join(faults)}\n    "
                f"found {_words(span)} because {' '.join(sorted(codes['because'])) or 'of nothing'}; "
                f"undecided {' '.join(got['undecided']) or 'nothing'}; flags {' '.join(sorted(codes['flags'])) or 'none'}\n    resting on "
                + ("; ".join(describe(e | {"origin": ""}) for e in got["evidence"]) or "nothing"))
    if wrong:
        raise AssertionError(f"{scale}\n  " + "\n  ".join(wrong))
    return confirmed


def _range(cell: str) -> tuple[int, int] | None:
    if not cell:
        return None
    low, _, high = cell.partition("-")
    return int(low), int(high or low)


def _names(cell: str) -> tuple[str, ...] | None:
    return None if not cell else () if cell == "none" else tuple(cell.split())


def _words(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"
