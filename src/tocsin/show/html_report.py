"""The report: one self-contained HTML file with the figure, the graded course and everything that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.errors import SettingError
from tocsin.show import model as gathered
from tocsin.show.advice_rows import turn_rows
from tocsin.show.figure import draw, save
from tocsin.show.inline import inline_svg, tips_of
from tocsin.show.local import grades_of
from tocsin.show.model import Model
from tocsin.show.steps import Course, graded_only, one_patient
from tocsin.show.times import Clock
from tocsin.show.values import clean, unit_words, units_of
from tocsin.show.wording import STANDING, capital, joined, listed
from tocsin.show.worlds import World, courses_of, worlds_of
from tocsin.timeline import Timeline

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

SCALES = ("astct-crs-2019", "cartox-crs-2018", "astct-icans-2019")
PAGES, FIGURES = (".html", ".htm", ""), (".svg", ".png", ".pdf")
"""How the name of a report may end: a page, or the figure alone."""


def report(
    timeline: Timeline,
    path: str | Path,
    *,
    scales: Sequence[str] = SCALES,
    protocol: str | None = "paper004",
    units: str = "si",
    patient: str | None = None,
    assume: Iterable[str] | None = None,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    days: tuple[float, float] | None = None,
    title: str = "",
    command: str = "",
    generated: str | None = None,
) -> Path:
    """Write the report of one patient to ``path`` and return it; a path that ends in .svg, .png or .pdf gets the figure alone.

    Main arguments: the record, the file to write, ``scales`` to grade by, ``protocol`` to ask (None: none).

    Other arguments: ``units`` (si, us or "as kept"); ``patient`` (needed when the record has several); ``assume`` (named
    assumptions, or domains taken as complete, for a second set of grades beside the first); ``settings`` by id of scale or protocol; ``days`` to draw;
    ``title``; ``command`` and ``generated`` for the manifest (the time now, when not given).
    """
    out = Path(path)
    if out.suffix.lower() not in (*PAGES, *FIGURES):
        raise SettingError(f"a report cannot be written as {out.name!r}.\n  Name a file that ends in .html, or in .svg, .png or .pdf for the figure alone.")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() in FIGURES:
        return save(
            _asked(timeline, scales, protocol, patient, assume, settings).figure(units, days, title or None), out
        )
    made = gather(
        timeline, scales=scales, protocol=protocol, units=units, patient=patient, assume=assume, settings=settings, days=days,
        title=title, command=command, generated=generated,
    )
    out.write_text(html(made), encoding="utf-8")
    return out


def gather(
    timeline: Timeline,
    *,
    scales: Sequence[str] = SCALES,
    protocol: str | None = "paper004",
    units: str = "si",
    patient: str | None = None,
    assume: Iterable[str] | None = None,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    days: tuple[float, float] | None = None,
    title: str = "",
    command: str = "",
    generated: str | None = None,
) -> Model:
    """Everything that the report of one patient says; arguments as ``report``."""
    asked = _asked(timeline, scales, protocol, patient, assume, settings)
    who, record, worlds, shown, chosen = asked.patient, asked.record, asked.worlds, asked.shown, asked.protocol
    choice = units_of(units)
    clock = Clock.of(record.events)
    weight = record.patients["weight_kg"][0]
    turns = turn_rows(asked.turns, clock, choice)
    courses = [course for _, _, course in shown]
    figure = asked.figure(units, days, None)
    caption = gathered.caption_of(shown, who)
    return Model(
        title=title or f"CRS and ICANS in patient {who}",
        patient=who,
        standing=STANDING,
        facts=gathered.facts_of(record),
        summary=gathered.summary_of(shown, worlds, who, clock),
        figure=inline_svg(figure, f"Course of patient {who}", caption, tips_of(courses, clock)),
        caption=caption,
        courses=[gathered.course_table(c, clock, choice, weight) for c in courses],
        compared=gathered.compared_of(shown, clock),
        reported=gathered.reported_of(shown, worlds, who),
        protocol=_protocol(chosen, worlds[-1].label, worlds[-1].says) if chosen else None,
        turns=turns,
        missing=gathered.missing_of(shown, clock),
        criteria=gathered.criteria_of(shown),
        assumptions=gathered.assumptions_of(shown, worlds),
        quality=gathered.quality_of(timeline.reading),
        references=gathered.references_of(shown, chosen, turns),
        manifest=gathered.manifest_of(
            timeline, shown, chosen, choice, command, generated or datetime.now(UTC).isoformat(timespec="seconds")
        ),
    )


@dataclass(frozen=True)
class _Asked:
    """One patient graded in each world, and the guideline asked in the last."""

    patient: str
    record: Timeline
    worlds: list[World]
    shown: list[tuple[int, int, Course]]
    protocol: Any
    turns: list[Any]

    def figure(self, units: str, days: tuple[float, float] | None, title: str | None) -> Figure:
        """The figure of all worlds, with what was due."""
        courses = [course for _, _, course in self.shown]
        return draw(
            self.record, [c.grades for c in courses], units=units, advice=self.turns, days=days, notes=[c.note for c in courses],
            patient=self.patient, title=title,
        )


def _asked(
    timeline: Timeline, scales: Sequence[str], protocol: str | None, patient: str | None, assume: Iterable[str] | None,
    settings: Mapping[str, Mapping[str, object]] | None,
) -> _Asked:
    from tocsin import protocols

    graded_only(scales)
    who = one_patient(timeline, patient)
    record = timeline.of(who)
    worlds = worlds_of(record, scales, assume, settings)
    chosen: Any = protocols.protocol(protocol, **(settings or {}).get(protocol, {})) if protocol else None
    turns = list(protocols.turns(worlds[-1].timeline, chosen, patient=who)) if chosen else []
    return _Asked(who, record, worlds, courses_of(worlds, who), chosen, turns)


def _protocol(chosen: Any, label: str, says: str) -> dict[str, Any]:
    return {
        "id": chosen.id, "title": chosen.title, "scale": "; ".join(grades_of(chosen)), "world": label, "says": says,
        "corrections": list(chosen.corrections), "notes": list(chosen.notes),
        "local": [c.sentence() for c in chosen.local],
    }


def html(model: Model) -> str:
    """The page of a report; a pure function of the model."""
    return _environment().get_template("report.html.j2").render(m=model)


@cache
def _environment() -> Environment:
    """The templates, with every text escaped and every name checked."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("tocsin.show"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
    )
    made.filters.update(capital=capital, joined=joined, listed=listed, clean=clean, unit=unit_words)
    return made


__all__ = ["SCALES", "Course", "Model", "gather", "html", "report"]
