"""The same course on a terminal: at most as wide as the window, plain text when it goes to a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tocsin.cite import Mark, reference
from tocsin.scales import Kind
from tocsin.show.advice_rows import AdviceRow, TurnRow, turn_rows
from tocsin.show.measured import fill_measured
from tocsin.show.steps import Course, Step, courses, one_patient, runs
from tocsin.show.times import Clock, moment
from tocsin.show.values import Units, clean
from tocsin.show.wording import (
    STANDING,
    capital,
    criterion_by_code,
    flag_words,
    grade_range,
    listed,
    missing_words,
    plural,
    printed,
    setting_words,
)
from tocsin.timeline import Level, Reading, Timeline
from tocsin.vocabulary import CONCEPTS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tocsin.grading.result import Grades
    from tocsin.scales.scale import Criterion, Flag, Scale

GRADE_STYLES = {0: "dim", 1: "yellow", 2: "bold yellow", 3: "bold red", 4: "bold white on red", 5: "bold white on black"}
STATUS_STYLES = {"due": "bold", "blocked": "red", "depends": "dim"}
MARK_WORDS = {Mark.VERIFIED: "source", Mark.MEMORY: "memory", Mark.DECISION: "choice", Mark.SOURCE: "paper"}
"""How a number was obtained, in a word for a table; ``tocsin explain`` says it in full."""
LONGEST = 300
"""A criterion in more letters than this is named in a table by its short words; ``tocsin explain SCALE/CODE`` prints it all."""
MOST_RUNS = 60
MOST_INPUTS = 6
NARROWEST = 40


def print_course(
    console: Console,
    timeline: Timeline,
    grades_list: Sequence[Grades],
    turns: Iterable[Any] = (),
    *,
    patient: str | None = None,
    notes: Sequence[str] = (),
    contradictions: Iterable[Mapping[str, Any]] | None = None,
    units: Units = Units.SI,
) -> None:
    """The graded course of one patient, the advice at each turn, contradictions, and the quality of the data.

    ``notes`` tells two worlds of the same scale apart.  ``contradictions``: found here when not given.
    """
    who = one_patient(timeline, patient)
    record = timeline.of(who)
    clock = Clock.of(record.events)
    _say(console, f"Patient {who}", "bold")
    facts = record.patients.row(0, named=True)
    age = "" if facts["age_years"] is None else f"{facts['age_years']:.1f}".removesuffix(".0") + " years"
    told = [age, facts["sex"], facts["diagnosis"], facts["product"]]
    if any(told):
        _say(console, ", ".join(clean(str(t)) for t in told if t))
    shown = courses(grades_list, who, notes)
    for course in shown:
        console.print()
        if course.grades.scale.kind is Kind.CRITERIA:
            _print_steps(console, course, clock)
        else:
            _print_measured(console, course, clock, who)
    found = list(_contradictions(record, shown) if contradictions is None else contradictions)
    if found:
        console.print()
        _say(console, "Grades stated in the record", "bold")
        for one in found:
            style = "" if one["agrees"] else "red"
            _say(console, f"  {capital(moment(one['hour'], one['hour_latest']))}: {one['sentence']}", style)
    rows = turn_rows(turns, clock, units)
    if rows:
        console.print()
        _say(console, "Guideline", "bold")
        for row in rows:
            _print_turn(console, row)
    if timeline.reading is not None:
        console.print()
        _say(console, quality_line(timeline.reading))
    _say(console, STANDING, "dim")


def _print_steps(console: Console, course: Course, clock: Clock) -> None:
    from rich.text import Text

    table = _table(console, f"{course.label}{f', {course.note}' if course.note else ''}")
    wide = console.width >= 64
    table.add_column("When", ratio=3, min_width=10)
    table.add_column("Grade", min_width=6, no_wrap=True)
    table.add_column("Because", ratio=6)
    if wide:
        table.add_column("Not told", ratio=4, overflow="fold")
    together = runs(course.steps)
    said: set[str] = set()
    before: dict[str, None] = {}
    for run in together[:MOST_RUNS]:
        reasons = _top_reasons(course, run, said)
        standing = dict.fromkeys(f for step in run for f in flag_words(course.grades.scale, step.flags))
        flags, before = [f for f in standing if f not in before], standing  # a flag is said where it begins
        because = "; ".join(reasons) or ("nothing that grades is told" if run[0].not_known else "no criterion is met for certain")
        open_range = run[0].at_least != run[0].at_most
        missing = ", ".join(dict.fromkeys(n for step in run for n in missing_words(step.undecided))) if open_range else ""
        lines = [because, *(f"! {f}" for f in flags), *([f"not told: {missing}"] if missing and not wide else [])]
        cells = [
            Text(capital(clock.span(run[0].start, run[-1].end))),
            Text(grade_range(run[0].at_least, run[0].at_most), "dim" if run[0].not_known else GRADE_STYLES[run[0].at_least]),
            Text(_safe(console, "\n".join(lines))),
        ]
        if wide:
            cells.append(Text(_safe(console, missing)))
        table.add_row(*cells)
    console.print(table)
    if len(together) > MOST_RUNS:
        _say(console, f"... and {plural(len(together) - MOST_RUNS, 'more change')}; --json prints all.")


def _print_measured(console: Console, course: Course, clock: Clock, patient: str) -> None:
    scale = course.grades.scale
    table = _table(console, f"{scale.title}{f', {course.note}' if course.note else ''}")
    wide = console.width >= 64
    table.add_column("When", ratio=3, min_width=10)
    table.add_column("Value", ratio=3, min_width=8)
    table.add_column("Made of", ratio=4)
    if wide:
        table.add_column("Not told", ratio=4, overflow="fold")
    left = fill_measured(table, scale, course.grades, patient, clock, wide)
    console.print(table)
    if left:
        _say(console, f"... and {plural(left, 'more change')}; --json prints all.")


def _top_reasons(course: Course, run: Sequence[Step], said: set[str]) -> list[str]:
    """The reasons of the grade itself: in words when first met, then by code; lower criteria are left to the report."""
    scale = course.grades.scale
    found = {code: criterion_by_code(scale, code) for step in run for code in step.because}
    top = max((getattr(c, "grade", 0) for c in found.values()), default=0)
    out = []
    for code, criterion in found.items():
        if criterion is None or getattr(criterion, "grade", 0) == top:
            bare = code.rsplit("/", 1)[-1]
            out.append(bare if code in said or criterion is None else f"{bare}: {printed(criterion.summary())}")
            said.add(code)
    return out


def _contradictions(record: Timeline, shown: Sequence[Course]) -> list[dict[str, Any]]:
    from tocsin.grading.contradictions import contradictions

    out = []
    for course in shown:
        for one in contradictions(record, course.grades):
            note = f" ({course.note})" if course.note else ""
            out.append({**one, "sentence": f"{one['sentence'].removesuffix('.')}{note}."})
    return sorted(out, key=lambda o: float(o["hour"]))


def _print_turn(console: Console, row: TurnRow) -> None:
    _say(console, f"{capital(row.when)}: grade {grade_range(row.at_least, row.at_most)}", "bold")
    for advice in row.fresh:
        _print_advice(console, advice)
    if row.standing:
        _say(console, f"  as before: {'; '.join(f'{a.status} {a.action}' for a in row.standing)}", "dim")
    if not row.fresh and not row.standing:
        _say(console, "  nothing is due for certain")
    waiting = row.of("depends")
    if waiting:
        counted = Counter(n for a in waiting for n in a.missing)
        most = [name for name, _ in counted.most_common(MOST_INPUTS)]
        more = f" and {len(counted) - len(most)} more" if len(counted) > len(most) else ""
        _say(console, f"  {plural(len(waiting), 'more recommendation')} would depend on what is not told, most of all: {listed(most)}{more}", "dim")
    for given in row.given:
        why = f" ({given.why})" if given.why else ""
        _say(console, f"  given: {given.what} {given.when}: {given.verdict}{why}")


def _print_advice(console: Console, advice: AdviceRow) -> None:
    dose = f": {advice.dose}" if advice.dose else ""
    blocked = f" [{'; '.join(advice.blocked_by)}]" if advice.blocked_by else ""
    _say(console, f"  {advice.status}: {advice.action}{dose}{blocked} ({', '.join(advice.rules)})", STATUS_STYLES.get(advice.status, ""))


# ---------------------------------------------------------------------------------------------------- other screens
def quality_line(reading: Reading) -> str:
    """What became of the rows, in a line."""
    rows, used = sum(f.rows for f in reading.files), sum(f.used for f in reading.files)
    explained, bad = sum(f.explained for f in reading.files), sum(f.quarantined for f in reading.files)
    warnings = sum(n.level is Level.WARNING for n in reading.notes)
    return f"Data: {plural(rows, 'row')} = {used} used + {explained} explained + {bad} in quarantine; {plural(warnings, 'warning')}."


def print_explain(console: Console, scale: Scale, criterion: Criterion | Flag) -> None:
    """One criterion or flag: what it means, its grade, its source and how sure it is, and how we read it."""
    _say(console, f"{scale.code(criterion)}", "bold")
    grade = getattr(criterion, "grade", None)
    if grade is not None and scale.kind is Kind.FORMULA:
        _say(console, f"An input of {scale.title}: {printed(scale.formula.says) if scale.formula else ''}")
    elif grade is not None and scale.kind is Kind.SCORE:
        _say(console, f"{grade:+d} {'point' if abs(grade) == 1 else 'points'}" if grade else "No points")
        if sum(c.item == criterion.item and c.grade != 0 for c in scale.criteria) > 1:  # type: ignore[union-attr]
            _say(console, f"Of the levels of {printed(criterion.item.lower().replace('_', ' '))} the one with the most points counts, alone.")  # type: ignore[union-attr]
    elif grade is None:
        _say(console, f"Flag: {printed(criterion.says)}" if hasattr(criterion, "says") else "Flag")
    else:
        _say(console, f"At least grade {grade}" if grade else "A reason why there is no grade")
    _say(console, f"When: {printed(criterion.english())}")
    source = reference(criterion.cites)
    _say(console, f"Source: {source.text} [{criterion.cites}]")
    if source.link:
        _say(console, f"  {source.link}")
    mark = getattr(criterion, "mark", None)
    if mark is not None:
        _say(console, f"How sure: {mark.sentence}.")
    said = dict.fromkeys(printed(part.says) for part in criterion.from_memory()) if hasattr(criterion, "from_memory") else {}
    for words in said:
        _say(console, f"  But from memory, not re-read: {words}.")
    if getattr(criterion, "reading", ""):
        _say(console, f"Our reading: {printed(criterion.reading)}")  # type: ignore[union-attr]
    _say(console, STANDING, "dim")


def print_scales(console: Console, scales: Iterable[Scale]) -> None:
    """Every scale with its criteria."""
    for scale in scales:
        _say(console, f"{scale.id}  {scale.title}", "bold")
        table = _table(console, "")
        score = scale.kind is Kind.SCORE
        table.add_column("Code", no_wrap=True)
        table.add_column("Points" if score else "Grade" if scale.unit == "grade" else "Value", no_wrap=True)
        table.add_column("Criterion", ratio=1)
        table.add_column("From", no_wrap=True)
        for criterion in scale.criteria if scale.items else sorted(scale.criteria, key=lambda c: c.grade):
            shown = f"{criterion.grade:+d}" if score and criterion.grade else str(criterion.grade) if criterion.grade or score else "none"
            english = criterion.english()
            words = criterion.summary() if score or len(english) > LONGEST else english
            source = MARK_WORDS[criterion.mark] + (", part memory" if criterion.from_memory() else "")
            table.add_row(criterion.code, "input" if scale.formula else shown, _safe(console, printed(words)), source)
        console.print(table)
        if scale.formula is not None:
            _say(console, f"  {printed(scale.formula.says)}")
        for band in scale.bands:
            says = f". {capital(printed(band.says)).rstrip('.')}." if band.says else ""
            _say(console, f"  {band.name}: from {band.at_least:g} {scale.unit}{says}")
        for setting in scale.setting_docs:
            value = scale.settings.get(setting.name, setting.default)
            _say(console, f"  {setting.name} = {setting_words(value, setting.unit)}: {printed(setting.what)}")
        console.print()


def print_concepts(console: Console, names: Iterable[str] | None = None) -> None:
    """The concepts, by domain: name, what it is, unit or values."""
    from rich.text import Text

    chosen = [CONCEPTS[n] for n in names] if names is not None else list(CONCEPTS.values())
    for domain in dict.fromkeys(c.domain for c in chosen):
        table = _table(console, str(domain))
        table.add_column("Concept", ratio=3, overflow="fold")
        table.add_column("What it is", ratio=5)
        table.add_column("Unit or values", ratio=4, overflow="fold")
        for concept in (c for c in chosen if c.domain is domain):
            says = concept.unit if concept.unit is not None else ", ".join(concept.values)
            table.add_row(Text(concept.name), Text(concept.title), Text(_safe(console, says)))
        console.print(table)


# ---------------------------------------------------------------------------------------------------- plumbing
def _table(console: Console, title: str) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    return Table(
        title=Text(_safe(console, title), "bold") if title else None, title_justify="left",
        box=box.SIMPLE_HEAD if _unicode(console) else box.ASCII2,
        expand=False, width=max(min(console.width, 120), NARROWEST), show_edge=False, padding=(0, 1, 0, 0),
    )


def _say(console: Console, words: str, style: str = "") -> None:
    """A paragraph, wrapped under its own indent; brackets in it are text, not markup."""
    from rich.padding import Padding
    from rich.text import Text

    for line in words.split("\n"):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        shown = Text(_safe(console, text), style)
        console.print(Padding(shown, (0, 0, 0, indent), expand=False) if indent else shown)


def _unicode(console: Console) -> bool:
    return (console.encoding or "").lower().startswith("utf")


_PLAIN = str.maketrans({
    "°": "", "µ": "u", "×": "x", "≥": ">=", "≤": "<=", "²": "^2", "₂": "2", "–": "-", "−": "-", "⁺": "+", "γ": "gamma",
    "α": "alpha", "β": "beta", "⁰": "^0", "¹": "^1", "³": "^3", "⁴": "^4", "⁵": "^5", "⁶": "^6", "⁷": "^7", "⁸": "^8",
    "⁹": "^9", "⁻": "^-",
})


def _safe(console: Console, words: str) -> str:
    """The text in signs that this terminal has."""
    if _unicode(console):
        return words
    return words.translate(_PLAIN).encode(console.encoding or "ascii", "replace").decode(console.encoding or "ascii")
