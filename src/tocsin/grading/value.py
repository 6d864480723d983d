"""Value of information: which missing input would settle a grade, and what each thing that may be found would make of it.

Nothing is estimated.  Each answer that is possible is put into a copy of the record and the copy is graded again, so what is promised
is what grading will say.  A number is divided where the grade, or the truth of any claim, changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from tocsin.errors import SettingError, UnknownIdError
from tocsin.grading.answers import Answer, Bench, Question, questions
from tocsin.grading.findings import Cell, above_nought, explore
from tocsin.grading.grade import grade
from tocsin.rules.predicate import in_words
from tocsin.scales import Kind, Scale
from tocsin.scales import scale as find_scale
from tocsin.timeline import Timeline

MOST_TOGETHER = 4000
"""Combinations of answers that are tried before giving up on a set of inputs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one finding, or several that come to the same, would make of the grade.

    ``found`` in words; ``values`` the coded values; ``lowest`` and ``highest`` the ends of a number, both inclusive.
    """

    found: str
    at_least: float
    at_most: float
    values: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None

    def record(self) -> dict[str, object]:
        """As a line of machine output."""
        return {"found": self.found, "at_least": _plain(self.at_least), "at_most": _plain(self.at_most), "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Need:
    """An input that is not known: whether knowing it settles the grade, whatever it is, and what each finding would make of it.

    ``outcomes`` is empty for a formula, whose value follows the number found, for a count of days, and where every finding would
    contradict the record.
    """

    input: str
    settles: bool
    outcomes: tuple[Outcome, ...] = ()

    @property
    def widest(self) -> float:
        """The widest range that may be left."""
        return max((o.at_most - o.at_least for o in self.outcomes), default=math.inf)

    @property
    def mean(self) -> float:
        """The mean of the ranges that may be left: of two inputs with the same widest one, the more telling has the lower."""
        return sum(o.at_most - o.at_least for o in self.outcomes) / max(1, len(self.outcomes))

    def record(self) -> dict[str, object]:
        """As a part of machine output."""
        return {"input": self.input, "settles": self.settles, "outcomes": [o.record() for o in self.outcomes]}


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is known of one patient's grade at one moment, and what would settle it.

    ``needs``: the inputs that are not known, those that settle the grade first, then by the widest range they may leave, then by the mean one.
    ``together``: where no single one settles it, the fewest that were found to do so together (empty: none found).
    ``hidden_by``: what is known and hides the answer, such as sedation.
    """

    patient: str
    scale: Scale
    hour: float
    at_least: float
    at_most: float
    because: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    together: tuple[str, ...] = ()
    hidden_by: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether the grade is one number."""
        return self.at_least == self.at_most

    def record(self) -> dict[str, object]:
        """The machine output of ``tocsin ask --json``."""
        return {
            "patient": self.patient, "scale": self.scale.id, "version": self.scale.version, "hour": self.hour,
            "at_least": _plain(self.at_least), "at_most": _plain(self.at_most), "because": list(self.because),
            "needs": [n.record() for n in self.needs], "together": list(self.together), "hidden_by": list(self.hidden_by),
        }


def value_of_information(
    timeline: Timeline, scale: str | Scale, at: float, patient: str | None = None, *, settings: Mapping[str, object] | None = None,
    count: Sequence[str] | None = None, carry: Mapping[str, float] | None = None, from_hour: float = 0.0,
) -> list[Need]:
    """The inputs that are not known at hour ``at`` and leave the grade open; see ``ask`` for the whole answer."""
    return list(ask(timeline, scale, at, patient, settings=settings, count=count, carry=carry, from_hour=from_hour).needs)


def ask(
    timeline: Timeline, scale: str | Scale, at: float, patient: str | None = None, *, settings: Mapping[str, object] | None = None,
    count: Sequence[str] | None = None, carry: Mapping[str, float] | None = None, from_hour: float = 0.0,
) -> Inquiry:
    """What is known of the grade of one patient at hour ``at``, and what would settle it.

    Options are those of ``grade``.  Nothing later than ``at`` is looked at.  An answer is charted at that hour; one that says no more
    than the record ("oxygen", without the device) is not an answer.  Findings that contradict what is known are left out.
    Raises UnknownIdError or SettingError when no patient is named among several, or nothing is graded at that hour.
    """
    chosen = find_scale(scale, **(settings or {})) if isinstance(scale, str) else scale
    if settings and not isinstance(scale, str):
        raise SettingError("settings are given with the id of a scale; a Scale object already has its own")
    who = patient if patient is not None else timeline.patient_ids[0] if len(timeline.patient_ids) == 1 else None
    if who is None:
        raise UnknownIdError("patient", "(none named)", timeline.patient_ids)
    counts = tuple(count) if count is not None else chosen.counts
    record = timeline.of(who)
    record = replace(record, events=record.events.filter(record.events["hour"] <= at), reading=None)
    now = grade(record, chosen, count=counts, carry=carry, from_hour=from_hour, until=at).at(at)
    if now is None:
        raise SettingError(f"nothing is graded at hour {at:g}: grading starts at the infusion, or at the first entry after it")
    known = Inquiry(who, chosen, at, now["at_least"], now["at_most"], tuple(now["because"]))
    if known.settled:
        return known
    if chosen.kind in (Kind.FORMULA, Kind.DAYS):
        missing = now["undecided"]
        alone = chosen.kind is Kind.FORMULA and len(missing) == 1
        return replace(known, needs=tuple(Need(name, alone) for name in missing))
    bench = Bench(record, chosen, at, counts, carry or {}, from_hour)
    (here,) = bench.judge([()])
    assert here is not None
    asked = questions(chosen, now["undecided"], record, here.state.tolist())
    hiding = [q.input for q in asked if q.leaves and all(here.state[n] != 2 for n in q.leaves)]
    asked = [above_nought(q) if q.is_rate and bench.runs_untold(q.input) else q for q in asked if q.input not in hiding]
    cells = explore(bench, asked, here)
    needs = [_need(q, cells[q.input]) if cells[q.input] else Need(q.input, settles=False) for q in asked]
    needs.sort(key=lambda n: (not n.settles, n.widest, n.mean))
    together = () if any(n.settles for n in needs) else _together(bench, [n.input for n in needs if n.outcomes], cells)
    return replace(known, needs=tuple(needs), together=together, hidden_by=tuple(hiding))


# ---------------------------------------------------------------------------------------------------- what it would make of the grade
def _need(q: Question, cells: Sequence[Cell]) -> Need:
    together: list[list[Cell]] = []
    for cell in cells:
        named = next((group for group in together if cell.name and group[0].range == cell.range), None)
        if named is not None:
            named.append(cell)
        elif together and not cell.name and together[-1][0].range == cell.range:
            together[-1].append(cell)
        else:
            together.append([cell])
    outcomes = []
    for group in together:
        first, last = group[0], group[-1]
        names = tuple(c.name for c in group if c.name)
        ends = (None, None) if names else (first.low, last.high)
        found = ", ".join(names) or _found(q, first, last)
        outcomes.append(Outcome(found, *first.range, names, *ends))
    return Need(q.input, all(o.at_least == o.at_most for o in outcomes), tuple(outcomes))


def _found(q: Question, first: Cell, last: Cell) -> str:
    """A range of numbers in words: "38 degC or more", "7 to 9", "above 120 up to 200 U/L"."""
    bounds = q.bounds or (first.low, last.high)
    unit = f" {q.unit}" if q.unit not in ("", "1", "fraction") else ""
    if q.whole:
        return in_words(first.low) if first.low == last.high else f"{in_words(first.low)} to {in_words(last.high)}"
    lowest, highest = first.low <= bounds[0], last.high >= bounds[1]
    if lowest and highest:
        return "any value"
    if q.is_rate and last.high == 0.0:
        return "not running"
    (low, above), (high, below) = first.starts, last.stops
    if lowest:
        none = "not running, or " if q.is_rate and first.low == 0.0 else ""
        return f"{none}below {in_words(high)}{unit}" if below else f"{none}{in_words(high)}{unit} or less"
    if highest:
        return f"above {in_words(low)}{unit}" if above else f"{in_words(low)}{unit} or more"
    return f"{'above' if above else 'from'} {in_words(low)} {'to below' if below else 'up to'} {in_words(high)}{unit}"


# ---------------------------------------------------------------------------------------------------- several inputs
def _together(bench: Bench, names: Sequence[str], cells: Mapping[str, Sequence[Cell]]) -> tuple[str, ...]:
    """The fewest inputs that settle the grade whatever is found of them; empty where none were found to."""
    every = {n: _answers(n, cells[n]) for n in names}
    widest = {n: max(cells[n], key=lambda c: c.judged.at_most - c.judged.at_least).answer for n in names}

    def all_settled(cases: Sequence[tuple[Answer, ...]]) -> list[bool]:
        return [j is not None and j.at_least == j.at_most for j in bench.judge(cases)]

    def whatever(some: Sequence[str]) -> bool:
        """Whether every combination of findings settles it; no where there are too many to try."""
        choices = [every[n] for n in some]
        return math.prod(map(len, choices)) <= MOST_TOGETHER and all(all_settled(list(product(*choices))))

    two = list(combinations(names, 2))
    first = all_settled([tuple(widest[n] for n in some) for some in (*two, names)])
    if len(names) < 2 or not first[-1]:
        return ()
    pair = next((pair for pair, may in zip(two, first, strict=False) if may and whatever(pair)), None)
    if pair is not None:
        return pair
    telling = [n for n in names if len({c.range for c in cells[n]}) > 1]
    some = next((list(s) for s in (telling, names) if len(s) > 2 and whatever(s)), [])
    for name in reversed(some):
        without = [n for n in some if n != name]
        if all(all_settled([tuple(widest[n] for n in without)])) and whatever(without):
            some = without
    return tuple(some)


def _answers(name: str, cells: Sequence[Cell]) -> list[Answer]:
    """One answer of each kind that makes a difference; of a rate, which is added to others, both ends."""
    out: dict[bytes, Answer] = {}
    for cell in cells:
        out.setdefault(cell.judged.state.tobytes(), cell.answer)
    question = Question(name)
    ends = [question.number(cell.high) for cell in cells if question.is_rate and cell.high > cell.low]
    return [*out.values(), *ends]


def _plain(value: float) -> float | int | None:
    """A number as JSON has it: a whole one without a point, none for an open end."""
    return None if not math.isfinite(value) else int(value) if value == int(value) else float(value)
