"""The report: one self-contained HTML file with the figure, the graded course and everything that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.show import model as gathered
from tocsin.show.advice_rows import turn_rows
from tocsin.show.figure import draw
from tocsin.show.inline import inline_svg, tips_of
from tocsin.show.model import Model
from tocsin.show.steps import Course, one_patient
from tocsin.show.times import Clock
from tocsin.show.values import clean, unit_words, units_of
from tocsin.show.wording import STANDING, capital, joined
from tocsin.show.worlds import courses_of, worlds_of
from tocsin.timeline import Timeline

if TYPE_CHECKING:
    from jinja2 import Environment

SCALES = ("astct-crs-2019", "cartox-crs-2018", "astct-icans-2019")


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
    """Write the report of one patient to ``path`` and return it.

    Main arguments: the record, the file to write, ``scales`` to grade by, ``protocol`` to ask (None: none).

    Other arguments: ``units`` (si, us or "as kept"); ``patient`` (needed when the record has several); ``assume`` (domains taken
    as complete in a second set of grades, shown beside the first); ``settings`` by id of scale or protocol; ``days`` to draw;
    ``title``; ``command`` and ``generated`` for the manifest (the time now, when not given).
    """
    made = gather(
        timeline, scales=scales, protocol=protocol, units=units, patient=patient, assume=assume, settings=settings, days=days,
        title=title, command=command, generated=generated,
    )
    out = Path(path)
    out.parent.mkdir(parents=True, exist_ok=True)
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
    from tocsin import protocols

    who = one_patient(timeline, patient)
    choice = units_of(units)
    record = timeline.of(who)
    worlds = worlds_of(record, scales, assume, settings)
    shown = courses_of(worlds, who)
    clock = Clock.of(record.events)
    weight = record.patients["weight_kg"][0]
    chosen: Any = protocols.protocol(protocol, **(settings or {}).get(protocol, {})) if protocol else None
    found = protocols.turns(worlds[-1].timeline, chosen, patient=who) if chosen else []
    turns = turn_rows(found, clock, choice)
    courses = [course for _, _, course in shown]
    figure = draw(
        record, [c.grades for c in courses], units=units, advice=found, days=days, notes=[c.note for c in courses], patient=who,
    )
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


def _protocol(chosen: Any, label: str, says: str) -> dict[str, Any]:
    return {
        "id": chosen.id, "title": chosen.title, "scale": chosen.scale.title, "world": label, "says": says,
        "corrections": list(chosen.corrections), "notes": list(chosen.notes),
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
    made.filters.update(capital=capital, joined=joined, clean=clean, unit=unit_words)
    return made


__all__ = ["SCALES", "Course", "Model", "gather", "html", "report"]
