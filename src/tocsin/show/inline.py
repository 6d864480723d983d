"""The figure inside an HTML page: no prolog, no metadata, links within the page, a description for those who cannot see it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from tocsin.show.figure import svg
from tocsin.show.steps import Course
from tocsin.show.times import Clock
from tocsin.show.wording import grade_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OPENING = re.compile(r"<svg[^>]*>")
_VIEW_BOX = re.compile(r'viewBox="[^"]*"')


def inline_svg(figure: Figure, name: str, description: str, tips: Mapping[str, str]) -> str:
    """The figure as an ``<svg>`` element that fills its column.

    ``name`` and ``description`` are read aloud; ``tips`` are the titles of the bands by anchor of the step.
    """
    text = element(svg(figure), name, description)

    def with_tip(found: re.Match[str]) -> str:
        tip = tips.get(found.group(1))
        return f'{found.group(0)}<title>{escape(tip)}</title>' if tip else found.group(0)

    return re.sub(r'<a href="#([^"]+)">', with_tip, text)


def element(text: str, name: str, description: str, prefix: str = "figure", role: str = "group") -> str:
    """The text of an SVG file as an ``<svg>`` element of a page; ``prefix`` begins the ids of its name and description."""
    text = re.sub(r"^.*?(?=<svg)", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    text = text.replace(' target="_blank"', "").replace("xlink:href=", "href=")
    box = _VIEW_BOX.search(text)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box.group(0) if box else ""} class="figure" role="{role}" '
        f'aria-labelledby="{prefix}-name {prefix}-text"><title id="{prefix}-name">{escape(name)}</title>'
        f'<desc id="{prefix}-text">{escape(description)}</desc>'
    )
    return _OPENING.sub(lambda _: head, text, count=1)


def own_ids(text: str, prefix: str) -> str:
    """The text of an SVG file with ``prefix`` before each of its ids, and its rule of style kept to itself: for a page of several figures."""
    text = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}\1"', text)
    text = re.sub(r'\b((?:xlink:)?href)="#([^"]*)"', rf'\1="#{prefix}\2"', text)
    text = re.sub(r"url\(#([^)]*)\)", rf"url(#{prefix}\1)", text)
    return re.sub(r"<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)


def tips_of(shown: Sequence[Course], clock: Clock) -> dict[str, str]:
    """What each band says when pointed at: scale, time, grade, and what is missing."""
    return {
        step.anchor: f"{course.label}{f', {course.note}' if course.note else ''}. {clock.span(step.start, step.end)}: "
        f"{grade_words(step.at_least, step.at_most, step.undecided)}. Opens the reasons."
        for course in shown for step in course.steps
    }
