"""What a report says, gathered once; ``report.html`` turns it into a page and computes nothing."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from tocsin.cite import Reference, bibliography
from tocsin.show.advice_rows import TurnRow
from tocsin.show.steps import Course, Step
from tocsin.show.times import Clock, hours_words, moment
from tocsin.show.values import Units
from tocsin.show.wording import (
    capital,
    criterion_by_code,
    evidence,
    flag_words,
    grade_words,
    missing_words,
    named,
    plural,
    printed,
)
from tocsin.show.worlds import World, side_by_side
from tocsin.timeline import Level, Reading, Timeline

FACTS: tuple[tuple[str, str, str], ...] = (
    ("Age", "age_years", "years"), ("Sex", "sex", ""), ("Weight", "weight_kg", "kg"), ("Height", "height_cm", "cm"),
    ("Diagnosis", "diagnosis", ""), ("Extent of disease", "disease_extent", ""), ("Product", "product", ""),
    ("CAR-T dose", "dose", ""), ("Infusion", "infusion_time", ""), ("Baseline systolic pressure", "baseline_systolic_bp", "mmHg"),
    ("Baseline creatinine", "baseline_creatinine", "mg/dL"), ("Baseline ICE score", "baseline_ice", ""),
)
ALWAYS_TOLD = ("Age", "Weight", "Product", "Infusion")


@dataclass(frozen=True)
class Model:
    """Everything that a report prints; all texts are plain and are escaped by the template."""

    title: str
    patient: str
    standing: str
    facts: list[tuple[str, str, bool]]
    summary: list[dict[str, Any]]
    figure: str
    caption: str
    courses: list[dict[str, Any]]
    compared: list[dict[str, Any]]
    reported: list[dict[str, Any]]
    protocol: dict[str, Any] | None
    turns: list[TurnRow]
    missing: list[dict[str, Any]]
    criteria: list[dict[str, Any]]
    assumptions: list[dict[str, Any]]
    quality: dict[str, Any] | None
    references: list[Reference]
    manifest: list[tuple[str, str]]


def facts_of(record: Timeline) -> list[tuple[str, str, bool]]:
    """What is known of the patient: name, value, and whether it is told; what matters and is not told is said so."""
    row = record.patients.row(0, named=True)
    out = []
    for name, column, unit in FACTS:
        value = row[column]
        if value is None:
            if name in ALWAYS_TOLD:
                out.append((name, "not told", False))
            continue
        text = f"{value:g}" if isinstance(value, float) else str(value)
        out.append((name, f"{text} {unit}".strip(), True))
    if row["developmental_delay"]:
        out.append(("Development", "delayed: graded by CAPD, not ICE", True))
    return out


def summary_of(shown: Sequence[tuple[int, int, Course]], worlds: Sequence[World], patient: str, clock: Clock) -> list[dict[str, Any]]:
    """Each scale at a glance: episodes with onset, maximum, time in each grade and resolution."""
    out = []
    for scale, world, course in shown:
        episodes = worlds[world].episodes(scale)
        mine = [e for e in episodes.iter_rows(named=True) if e["patient"] == patient]
        possible = max((s.at_most for s in course.steps), default=4)
        out.append({
            "scale": course.label, "world": course.note, "key": course.key,
            "none": "no grade of 1 or more is certain at any time"
            + (f"; what is not told leaves up to grade {possible} possible" if possible else ""),
            "episodes": [_episode(e, clock) for e in mine],
        })
    return out


def _episode(episode: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    low, high = episode["max_at_least"], episode["max_at_most"]
    resolved = episode["resolution_hour"]
    times = [(g, hours_words(episode[f"hours_at_{g}"])) for g in range(1, 6) if episode.get(f"hours_at_{g}")]
    return {
        "number": episode["episode"], "onset": clock.edge(episode["onset_hour"]), "at_least": low, "at_most": high,
        "from": clock.edge(episode["max_from_hour"]), "times": times,
        "unsure": hours_words(episode["undecided_hours"]) if episode.get("undecided_hours") else "",
        "resolved": clock.edge(resolved) if resolved is not None else "not known to have resolved within the record",
    }


def course_table(course: Course, clock: Clock, units: Units, weight_kg: float | None) -> dict[str, Any]:
    """One course as a table: each step with its reasons, observations, flags and what is missing."""
    return {
        "label": course.label, "note": course.note, "key": course.key, "title": course.grades.scale.title,
        "id": course.grades.scale.id, "version": course.grades.scale.version,
        "steps": [_step(course, s, clock, units, weight_kg) for s in course.steps],
    }


def _step(course: Course, step: Step, clock: Clock, units: Units, weight_kg: float | None) -> dict[str, Any]:
    scale = course.grades.scale
    found = [(code, criterion_by_code(scale, code)) for code in step.because]
    top = max((getattr(c, "grade", 0) for _, c in found), default=0)
    because = [
        {"code": code.rsplit("/", 1)[-1], "says": capital(printed(c.summary())) if c else code, "anchor": criterion_anchor(code)}
        for code, c in found if c is None or getattr(c, "grade", 0) == top
    ]
    shown = {b["code"] for b in because}
    also = [{"code": b, "anchor": criterion_anchor(code)} for code, _ in found if (b := code.rsplit("/", 1)[-1]) not in shown]
    return {
        "anchor": step.anchor, "when": capital(clock.span(step.start, step.end)), "at_least": step.at_least, "at_most": step.at_most,
        "not_known": step.not_known, "words": capital(grade_words(step.at_least, step.at_most)), "because": because, "also": also,
        "evidence": [
            {"says": evidence({**e, "origin": ""}, units, weight_kg), "origin": e["origin"], "note": e["note"] or ""}
            for e in course.evidence(step)
        ],
        "missing": missing_words(step.undecided) if step.at_least != step.at_most else [],
        "flags": [capital(f) for f in flag_words(scale, step.flags)],
    }


def criterion_anchor(code: str) -> str:
    """Where the report explains a criterion."""
    return "criterion-" + code.replace("/", "-")


def criteria_of(shown: Sequence[tuple[int, int, Course]]) -> list[dict[str, Any]]:
    """Every criterion and flag that is met at some time: what it means, its source, how sure it is, and how we read it."""
    out: dict[str, dict[str, Any]] = {}
    for _, _, course in shown:
        scale = course.grades.scale
        for code in dict.fromkeys(code for step in course.steps for code in (*step.because, *step.flags)):
            found = criterion_by_code(scale, code)
            if found is None or code in out:
                continue
            mark = getattr(found, "mark", None)
            out[code] = {
                "code": code, "anchor": criterion_anchor(code), "grade": getattr(found, "grade", None),
                "says": capital(printed(found.english())), "note": printed(getattr(found, "says", "")), "cites": found.cites,
                "mark": mark.sentence if mark is not None else "", "reading": printed(getattr(found, "reading", "")),
            }
    return sorted(out.values(), key=lambda c: (c["code"].split("/")[0], c["grade"] is None, -(c["grade"] or 0), c["code"]))


def compared_of(shown: Sequence[tuple[int, int, Course]], clock: Clock) -> list[dict[str, Any]]:
    """Scales whose grade depends on the assumption: the two worlds side by side."""
    out = []
    by_scale: dict[int, list[Course]] = {}
    for scale, _, course in shown:
        by_scale.setdefault(scale, []).append(course)
    for some in by_scale.values():
        if len(some) == 2:
            rows = [
                {"when": capital(clock.span(start, end)), "one": one, "two": two, "differs": one != two}
                for start, end, one, two in side_by_side(some[0], some[1])
            ]
            out.append({"label": some[0].label, "one": some[0].note, "two": some[1].note, "rows": rows})
    return out


def reported_of(shown: Sequence[tuple[int, int, Course]], worlds: Sequence[World], patient: str) -> list[dict[str, Any]]:
    """Each grade that the record states beside those derived, contradictions marked."""
    out: dict[tuple[Any, ...], dict[str, Any]] = {}
    for scale, world, course in shown:
        for found in worlds[world].contradictions(scale):
            if found["patient"] != patient:
                continue
            key = (found["hour"], found["reported"], course.syndrome, found["origin"])
            row = out.setdefault(key, {
                "when": capital(moment(found["hour"], found["hour_latest"])), "reported": found["reported"], "hour": found["hour"],
                "scale": found["reported_scale"] or "scale not named", "syndrome": course.syndrome, "origin": found["origin"] or "",
                "derived": [],
            })
            low, high = found["derived_at_least"], found["derived_at_most"]
            row["derived"].append({
                "label": course.label, "note": course.note, "at_least": low, "at_most": high, "agrees": found["agrees"],
                "verdict": ("agrees" if low == high else "possible") if found["agrees"] else "contradicts",
            })
    return sorted(out.values(), key=lambda r: (r["hour"], r["syndrome"]))


def missing_of(shown: Sequence[tuple[int, int, Course]], clock: Clock) -> list[dict[str, Any]]:
    """Which inputs would help to settle which parts of a course, those that would help for longest first."""
    found: dict[str, dict[str, list[Step]]] = {}
    for _, _, course in shown:
        name = f"{course.label}, {course.note}" if course.note else course.label
        for step in course.steps:
            if step.at_least != step.at_most:
                for words in missing_words(step.undecided):
                    found.setdefault(words, {}).setdefault(name, []).append(step)
    together: dict[tuple[Any, ...], list[str]] = {}
    for words, by_course in found.items():
        together.setdefault(tuple((n, tuple(steps)) for n, steps in by_course.items()), []).append(words)
    rows = [
        {
            "input": capital(", ".join(words)), "count": sum(len(steps) for _, steps in places),
            "steps": {name: _spans(steps, clock) for name, steps in places},
        }
        for places, words in together.items()
    ]
    return sorted(rows, key=lambda r: -int(r["count"]))


def _spans(steps: Sequence[Step], clock: Clock) -> list[dict[str, str]]:
    """Neighbouring steps as one stretch of time, with the address of its first step."""
    stretches: list[list[Step]] = []
    for step in steps:
        if stretches and stretches[-1][-1].end == step.start:
            stretches[-1].append(step)
        else:
            stretches.append([step])
    return [{"anchor": s[0].anchor, "when": clock.span(s[0].start, s[-1].end)} for s in stretches]


def assumptions_of(shown: Sequence[tuple[int, int, Course]], worlds: Sequence[World]) -> list[dict[str, Any]]:
    """What each set of grades rests on; what all of them share stands first, once."""
    everywhere = [
        a for a in (shown[0][2].grades.assumptions if shown else ()) if all(a in c.grades.assumptions for _, _, c in shown)
    ]
    shared = len(shown) > 1 and everywhere
    out: list[dict[str, Any]] = []
    if shared:
        out.append({
            "label": "All grades", "note": "", "says": "These hold for every scale.", "rests": [_rest(a) for a in everywhere],
            "notes": [],
        })
    for _, world, course in shown:
        own = [a for a in course.grades.assumptions if not shared or a not in everywhere]
        out.append({
            "label": course.label, "note": course.note, "says": worlds[world].says, "rests": [_rest(a) for a in own],
            "notes": [printed(n) for n in course.grades.scale.notes],
        })
    return out


def _rest(text: str) -> str:
    return capital(printed(named(text)))


def quality_of(reading: Reading | None) -> dict[str, Any] | None:
    """What the source did with each row."""
    if reading is None:
        return None
    levels = {level: [n for n in reading.notes if n.level is level] for level in (Level.ERROR, Level.WARNING, Level.INFO)}
    return {
        "files": list(reading.files),
        "notes": [
            {"title": title, "level": str(level), "notes": [n.sentence() for n in levels[level]]}
            for level, title in (
                (Level.ERROR, "In quarantine: not used"), (Level.WARNING, "Used, but a person should look"),
                (Level.INFO, "Understood or converted"),
            ) if levels[level]
        ],
        "verdict": plural(sum(f.quarantined for f in reading.files), "row") + " in quarantine, "
        + plural(len(levels[Level.WARNING]), "warning"),
    }


def references_of(shown: Sequence[tuple[int, int, Course]], protocol: Any, turns: Sequence[TurnRow]) -> list[Reference]:
    """The papers behind what was used: scales, criteria that were met, the protocol, and what it asked for."""
    cites: list[str] = []
    for _, _, course in shown:
        scale = course.grades.scale
        cites += scale.cites
        cites += [c.cites for s in course.steps for code in s.because if (c := criterion_by_code(scale, code))]
    if protocol is not None:
        cites += [*protocol.cites, *(c.cites for c in protocol.local)]
    cites += [c for turn in turns for row in turn.advice for c in row.cites]
    return bibliography(cites)


def manifest_of(
    timeline: Timeline, shown: Sequence[tuple[int, int, Course]], protocol: Any, units: Units, command: str, generated: str
) -> list[tuple[str, str]]:
    """What is needed to make the same report again."""
    out = [("Tocsin", version()), ("Python", platform.python_version())]
    out += [(name, metadata.version(name)) for name in ("numpy", "polars", "matplotlib")]
    if timeline.reading is not None:
        out += [(f"Input {f.file}", f"sha256 {f.sha256}") for f in timeline.reading.files]
        out += [(f"Read as, {name}", value) for name, value in sorted(timeline.reading.settings.items())]
    scales = {c.grades.scale.id: c.grades.scale for _, _, c in shown}
    for scale in scales.values():
        out.append((f"Scale {scale.id}", f"version {scale.version}; {_settings(scale.settings)}"))
    if protocol is not None:
        out.append((f"Protocol {protocol.id}", f"graded by {', '.join(dict.fromkeys(c.scale.id for c in protocol.chapters))}; {_settings(protocol.settings)}"))
    out += [("Units", str(units)), ("Command", command or "called from Python"), ("Generated", generated)]
    return out


def _settings(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{k}={v}" for k, v in settings.items()) or "no settings"


def version() -> str:
    """The version of the installed package."""
    try:
        return metadata.version("tocsin")
    except metadata.PackageNotFoundError:
        return "not installed as a package"


def caption_of(shown: Sequence[tuple[int, int, Course]], patient: str) -> str:
    """The caption of the figure: what each part is, in full sentences."""
    names = list(dict.fromkeys(c.label for _, _, c in shown))
    return (
        f"Course of patient {patient} after CAR-T infusion. Bands: {', '.join(names)}; the solid part is the grade that is certain, "
        "hatching reaches up to the grade that remains possible, and diamonds are grades stated in the record. Beneath: measured values, "
        "signs, support and drugs. Values known only by their day stand in the middle of it, with a whisker over the time they may mean."
    )
