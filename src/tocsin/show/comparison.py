"""Several scales side by side on a terminal: one patient's course, or the agreement over a cohort."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tocsin.grading.agreement import FEWEST_FOR_LIMITS
from tocsin.show.terminal import GRADE_STYLES, _safe, _say, _table
from tocsin.show.times import Clock, moment
from tocsin.show.wording import STANDING, capital, criterion_by_code, evidence, joined, missing_words, plural, printed

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from tocsin.grading.agreement import Agreement
    from tocsin.grading.compare import Beside, Comparison, Stretch
    from tocsin.scales import Scale

MOST_STRETCHES = 60
MOST_LISTED = 20
"""How many patients who differ, and reports that contradict, are listed; --json prints all."""
MOST_INPUTS = 5
FEW_SCALES = 4
"""Up to so many scales each pair has a row; for more there is a square table."""
WORDS_WIDTH = 44
"""The least room that the reasons need beside the columns of grades."""


def scale_name(scale: Scale) -> str:
    """The scale in a few letters: "ASTCT 2019", "CTCAE v4.03", "Penn 2018"."""
    syndrome, _, rest = scale.title.partition(", ")
    name = rest if rest and ("CRS" in syndrome or "ICANS" in syndrome) else scale.title
    return " ".join(re.sub(r"\(.*?\)|\bconsensus\b", "", name).split()) or scale.id


def range_words(at_least: int, at_most: int) -> str:
    """A grade or range in a narrow column: "2", "1-3"."""
    return str(at_least) if at_least == at_most else f"{at_least}-{at_most}"


# ---------------------------------------------------------------------------------------------------- one patient
def print_comparison(console: Console, comparison: Comparison, patient: str, last_only: bool = False) -> None:
    """The course of one patient by every scale, and the reported grades beside them; ``last_only``: the end of the course."""
    clock = Clock.of(comparison.timeline.of(patient).events)
    stretches = comparison.stretches(patient)
    shown = stretches[-1:] if last_only else stretches[:MOST_STRETCHES]
    syndrome = comparison.scales[0].syndrome if comparison.scales else ""
    _say(console, f"Patient {patient}: {syndrome} by {plural(len(comparison.scales), 'scale')}", "bold")
    if not shown:
        _say(console, "Nothing is graded: the record holds nothing at or after the infusion.")
    names = {s.id: scale_name(s) for s in comparison.scales}
    room = 14 + sum(max(len(w) for w in n.split()) + 2 for n in names.values()) + WORDS_WIDTH
    said: set[str] = set()
    whys = [why(s, comparison.scales, said) for s in shown]
    if room <= min(console.width, 120):
        _print_columns(console, shown, whys, names, clock)
    elif shown:
        _print_lines(console, shown, whys, names, clock)
    if len(stretches) > len(shown) and not last_only:
        _say(console, f"... and {plural(len(stretches) - len(shown), 'more change')}; --json prints all.")
    mine = [r for r in comparison.reports if r["patient"] == patient]
    if mine:
        console.print()
        _say(console, "Grades stated in the record", "bold")
        print_reports(console, mine, comparison.scales)
    _say(console, STANDING, "dim")


def _print_columns(console: Console, shown: Sequence[Stretch], whys: Sequence[str], names: Mapping[str, str], clock: Clock) -> None:
    from rich.text import Text

    table = _table(console, "")
    table.add_column("When", min_width=12, ratio=2)
    for name in names.values():
        table.add_column("\n".join(name.rsplit(" ", 1)), no_wrap=True)
    table.add_column("Why", ratio=5, min_width=WORDS_WIDTH - 4)
    for stretch, reason in zip(shown, whys, strict=True):
        cells = [Text(range_words(g.at_least, g.at_most), _style(g)) for g in stretch.grades]
        table.add_row(Text(capital(clock.span(stretch.start_hour, stretch.end_hour))), *cells, Text(_safe(console, reason)))
    console.print(table)


def _print_lines(console: Console, shown: Sequence[Stretch], whys: Sequence[str], names: Mapping[str, str], clock: Clock) -> None:
    """For a narrow window: scales of one grade together on a line."""
    for stretch, reason in zip(shown, whys, strict=True):
        _say(console, capital(clock.span(stretch.start_hour, stretch.end_hour)), "bold")
        for span, members in _by_grade(stretch.grades):
            _say(console, f"  {range_words(*span)}: {', '.join(names[g.scale] for g in members)}", _style(members[0]))
        if reason:
            _say(console, f"  {reason}")


def _style(g: Beside) -> str:
    return "dim" if g.at_least == 0 and g.at_most >= 4 else GRADE_STYLES[g.at_least]


def _by_grade(grades: Iterable[Beside]) -> list[tuple[tuple[int, int], list[Beside]]]:
    """Scales with the same range together, the lowest first."""
    found: dict[tuple[int, int], list[Beside]] = {}
    for g in grades:
        found.setdefault((g.at_least, g.at_most), []).append(g)
    return sorted(found.items())


def why(stretch: Stretch, scales: Sequence[Scale], said: set[str]) -> str:
    """Why the scales differ: the criteria that carry each grade; where they agree, what they agree on; else what is not told.

    ``said``: codes already put in words, which then stand alone; added to.
    """
    by_id = {s.id: s for s in scales}
    if stretch.verdict == "differ":
        parts = [f"{joined(scale_name(by_id[g.scale]) for g in members)}: {range_words(*span)}{_reasons(members, by_id, said, every=True)}"
                 for span, members in _by_grade(stretch.grades)]
        return "differ: " + "; ".join(parts)
    reasons = _reasons(stretch.grades, by_id, said).strip(" ()")
    if stretch.verdict == "same":
        return reasons
    asked = Counter(n for g in stretch.grades for n in g.undecided)
    left = f"not told: {_some(missing_words([n for n, _ in asked.most_common()]))}" if asked else "open"
    return f"{reasons}; {left}" if reasons else left


def _some(words: Sequence[str]) -> str:
    """The first few of a list: what the most scales ask for."""
    more = f" and {len(words) - MOST_INPUTS} more" if len(words) > MOST_INPUTS + 1 else ""
    return ", ".join(words[: MOST_INPUTS if more else None]) + more


def _reasons(members: Iterable[Beside], by_id: Mapping[str, Scale], said: set[str], every: bool = False) -> str:
    """The criteria that carry a grade: " (HYPO2: hypotension)"; one that several scales have is named once.

    ``every``: also where two scales mean different things by the same code.
    """
    out: dict[str, str] = {}
    for g in members:
        for code in g.because:
            found = criterion_by_code(by_id[g.scale], code)
            bare = code.rsplit("/", 1)[-1]
            words = printed(found.summary()) if found is not None else ""
            key = f"{bare}: {words}"
            if key not in out and (every or not any(o.startswith(f"{bare}: ") for o in out)):
                out[key] = bare if key in said or not words else key
                said.add(key)
    return f" ({', '.join(dict.fromkeys(out.values()))})" if out else ""


def print_reports(console: Console, reports: Sequence[Mapping[str, Any]], scales: Sequence[Scale], named: bool = False) -> None:
    """Each reported grade with the scales that agree, those in whose range it lies, and those that contradict it with their evidence.

    ``named``: with the patient.
    """
    by_id = {s.id: s for s in scales}
    for together in _by_report(reports):
        first = together[0]
        who = f"{first['patient']}, " if named else ""
        scale = f" ({first['reported_scale']})" if first["reported_scale"] else ""
        origin = f" [{first['origin']}]" if first["origin"] else ""
        when = capital(f"{who}{moment(first['hour'], first['hour_latest'])}")
        _say(console, f"  {when}: grade {first['reported']}{scale}, as reported{origin}")
        agree = [r for r in together if r["agrees"] and r["derived_at_least"] == r["derived_at_most"]]
        within = [r for r in together if r["agrees"] and r not in agree]
        if agree:
            _say(console, f"    agrees with {joined(scale_name(by_id[r['scale']]) for r in agree)}")
        if within:
            _say(console, "    lies within " + joined(f"{scale_name(by_id[r['scale']])} ({_derived(r)})" for r in within))
        apart = [r for r in together if not r["agrees"]]
        for one in apart:
            _say(console, f"    contradicts {scale_name(by_id[one['scale']])}: {'; '.join([_derived(one), *_against(one, by_id[one['scale']])])}", "red")
        for line in dict.fromkeys(evidence(event) for r in apart for event in r["evidence"]):
            _say(console, f"      {line}")


def _by_report(reports: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """What the scales make of one report together, in the order of patients and times."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for r in reports:
        found.setdefault((r["patient"], float(r["hour"]), r["reported"], r["reported_scale"], r["origin"]), []).append(r)
    order = list(dict.fromkeys(r["patient"] for some in found.values() for r in some))
    return [found[key] for key in sorted(found, key=lambda k: (order.index(k[0]), k[1]))]


def _derived(one: Mapping[str, Any]) -> str:
    return range_words(one["derived_at_least"], one["derived_at_most"])


def _against(one: Mapping[str, Any], scale: Scale) -> list[str]:
    """What speaks against a reported grade: the criteria that are met, and those known not to be met."""

    def named(codes: Sequence[str]) -> str:
        found = [(c.rsplit("/", 1)[-1], criterion_by_code(scale, c)) for c in codes]
        return ", ".join(f"{bare}: {printed(c.summary())}" if c is not None else bare for bare, c in found)

    met = [f"met {named(one['because'])}"] if one["because"] else []
    return [*met, *([f"known not to be met {named(one['denied'])}"] if one["denied"] else [])]


# ---------------------------------------------------------------------------------------------------- a cohort
def print_agreement(
    console: Console, found: Agreement, highest: pl.DataFrame, scales: Sequence[Scale], reports: Sequence[Mapping[str, Any]]
) -> None:
    """The agreement of the scales on the highest grade of each patient, who differs and why, and reported grades."""
    names = {s.id: scale_name(s) for s in scales}
    _say(console, f"Highest grade of {plural(found.patients, 'patient')} by {plural(len(scales), 'scale')}", "bold")
    if len(scales) <= FEW_SCALES:
        _print_pairs(console, found.pairs, names)
    else:
        _print_square(console, found.pairs, names)
    share = f" ({100 * found.same_by_all / found.settled_by_all:.0f}%)" if found.settled_by_all else ""
    _say(console, f"Settled by every scale: {found.settled_by_all} of {found.patients}; of these the same grade by every scale: "
                  f"{found.same_by_all}{share}.")
    console.print()
    _say(console, "Not settled, and what is not told", "bold")
    for scale in found.scales:
        _say(console, f"  {names[scale]}: {_left_open(found.undecided, scale)}")
    _print_differing(console, highest, {s.id: s for s in scales})
    if reports:
        console.print()
        _print_cohort_reports(console, reports, scales)
    _say(console, STANDING, "dim")


def _print_pairs(console: Console, pairs: pl.DataFrame, names: Mapping[str, str]) -> None:
    wide = console.width >= 76
    table = _table(console, "")
    table.add_column("Scales", ratio=1, min_width=14)
    for heading in ("Settled\nby both", "Same", *(("%",) if wide else ()), "Kappa", *(("95% limits", "Kappa of what\nis certain") if wide else ()),
                    "Differ for\ncertain"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in pairs.iter_rows(named=True):
        limits = "" if row["kappa_low"] is None else f"{row['kappa_low']:.2f} to {row['kappa_high']:.2f}"
        table.add_row(
            f"{names[row['first']]}, {names[row['second']]}", str(row["settled"]), str(row["same"]), *((_percent(row),) if wide else ()),
            _two(row["kappa"]), *((limits, _two(row["kappa_at_least"])) if wide else ()), str(row["surely_differ"]))
    console.print(table)
    _say(console, f"Kappa: weighted by the square of the difference, of patients settled by both, with 95% limits from {FEWEST_FOR_LIMITS} patients "
                  "on; of what is certain: of the lower end of every patient's range. \"Differ for certain\" counts ranges that exclude "
                  "each other as well.", "dim")


def _print_square(console: Console, pairs: pl.DataFrame, names: Mapping[str, str]) -> None:
    """Above the diagonal how many have the same grade, in percent of those settled by both; below it the kappa."""
    table = _table(console, "")
    table.add_column("", ratio=1, min_width=12)
    for number, _ in enumerate(names, 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    rows = {(r["first"], r["second"]): r for r in pairs.iter_rows(named=True)}
    for number, (scale, name) in enumerate(names.items(), 1):
        cells = []
        for other in names:
            above, below = rows.get((scale, other)), rows.get((other, scale))
            cells.append(_percent(above) if above is not None else _two(below["kappa"]) if below is not None else "")
        table.add_row(f"{number} {name}", *cells)
    console.print(table)
    _say(console, "Above the diagonal: percent with the same grade, of patients settled by both scales. Below: kappa, weighted by the square of "
                  "the difference. Limits, and the kappa of what is certain: --json, or --scale for a few scales.", "dim")


def _two(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(row: Mapping[str, Any]) -> str:
    return "" if row["percent"] is None else f"{row['percent']:.0f}"


def _left_open(undecided: pl.DataFrame, scale: str) -> str:
    rows = [r for r in undecided.iter_rows(named=True) if r["scale"] == scale]
    if not rows or not rows[0]["undecided"]:
        return "every patient is settled"
    inputs = [(missing_words([r["input"]])[0], r["patients_for_input"]) for r in rows if r["input"] is not None]
    said = _some([f"{words} ({number})" for words, number in inputs])
    return f"{rows[0]['undecided']} of {rows[0]['patients']} not settled" + (f"; not told: {said}" if said else "")


def _print_differing(console: Console, highest: pl.DataFrame, by_id: Mapping[str, Scale]) -> None:
    """The patients whose highest grades exclude each other, scales of one grade together, with the criteria that carry it."""
    from tocsin.grading.compare import Beside

    said: set[str] = set()
    listed = 0
    for (patient,), rows in highest.group_by("patient", maintain_order=True):
        if rows["at_least"].max() <= rows["at_most"].min():  # type: ignore[operator]
            continue
        listed += 1
        if listed == 1:
            console.print()
            _say(console, "Scales differ for certain", "bold")
        if listed <= MOST_LISTED:
            sides = [Beside(r["scale"], r["at_least"], r["at_most"], tuple(r["because"]), ()) for r in rows.iter_rows(named=True)]
            parts = [f"{joined(scale_name(by_id[g.scale]) for g in members)}: {range_words(*span)}{_reasons(members, by_id, said, every=True)}"
                     for span, members in _by_grade(sides)]
            _say(console, f"  {patient}: {'; '.join(parts)}")
    if listed > MOST_LISTED:
        _say(console, f"  ... and {plural(listed - MOST_LISTED, 'more patient')}; --json prints all.")


def _print_cohort_reports(console: Console, reports: Sequence[Mapping[str, Any]], scales: Sequence[Scale]) -> None:
    _say(console, "Grades stated in the records", "bold")
    for scale in scales:
        mine = [r for r in reports if r["scale"] == scale.id]
        agree = sum(r["agrees"] and r["derived_at_least"] == r["derived_at_most"] for r in mine)
        within = sum(r["agrees"] for r in mine) - agree
        if mine:
            _say(console, f"  {scale_name(scale)}: {plural(len(mine), 'report')}: {agree} agree, {within} within a range, "
                          f"{len(mine) - agree - within} contradict")
    apart = {(r["patient"], r["hour"], r["origin"]) for r in reports if not r["agrees"]}
    listed = [r for r in reports if (r["patient"], r["hour"], r["origin"]) in apart]
    shown = _by_report(listed)[:MOST_LISTED]
    if shown:
        console.print()
        _say(console, "Contradictions", "bold")
        print_reports(console, [r for some in shown for r in some], scales, named=True)
    if len(apart) > MOST_LISTED:
        _say(console, f"  ... and {plural(len(apart) - MOST_LISTED, 'more report')}; --json prints all.")
