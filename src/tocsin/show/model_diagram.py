"""The model drawn: cells, cytokines, receptors, organs and drugs by the place in the body, and what raises, lowers or becomes what.

What is drawn stands in ``model_map``; here is only how.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from tocsin.errors import SettingError
from tocsin.show import palette
from tocsin.show.cohort.sheet import Sheet, line_height, widest, width_of, wrapped
from tocsin.show.model_map import ARROWS, BOXES, DRUGS, GIVEN, HEIGHT, LOWERS, MOVES, RAISES, REGIONS, TAGS, WIDTH, Arrow, Box, Given, Tag

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("svg", "png", "pdf")
DRUG, DRUG_FILL = "#9a4b00", "#ffe9d2"
CELL_MOVES = "#5f5f5f"
HEAD, HALF, BAR = 2.0, 0.8, 1.25
"""Length and half the width of a head, and half the width of a bar, in millimetres."""
TAG_SIZE, LABEL_SIZE, BOX_SIZE = 6.0, 6.0, 6.8
TITLE = "The model: what acts on what"
DESCRIPTION = ("Cells, cytokines, receptors, organs and drugs of the model as boxes in the compartments blood, marrow, local site, cerebrospinal "
               "fluid and lung; arrows say what raises, bars what lowers.")


def draw_model() -> Figure:
    """The diagram, 180 mm wide."""
    from matplotlib import rc_context

    with rc_context(palette.STYLE):
        sheet = Sheet(WIDTH, HEIGHT)
        for region in REGIONS:
            sheet.box(region.x, region.y, region.width, region.height, facecolor=region.colour, edgecolor="none", zorder=0)
            sheet.text(region.x + region.title_at[0], region.y + region.title_at[1], region.title, size=7.2, bold=True, colour=palette.QUIET)
        for arrow in ARROWS:
            _arrow(sheet, arrow)
        for tag in TAGS:
            _tag(sheet, tag)
        for given in GIVEN:
            _given(sheet, given)
        for box in BOXES:
            _box(sheet, box)
        for arrow in ARROWS:
            if arrow.label:
                colour = arrow.colour if arrow.effect != MOVES else CELL_MOVES
                sheet.text(*arrow.label_at, arrow.label, size=LABEL_SIZE, colour=colour, across="center")
        y = _drugs(sheet, REGIONS[0].y + REGIONS[0].height + 5.0)
        _legend(sheet, y)
        return sheet.figure


def save_model(out: Path) -> None:
    """Write the diagram as SVG, PNG or PDF, by the ending of the file; the same program gives the same bytes."""
    kind = out.suffix.removeprefix(".").lower()
    if kind not in KINDS:
        raise SettingError(f"{out}: the diagram is written as {', '.join(KINDS[:-1])} or {KINDS[-1]}, by the ending of the file, as in -o model.svg")
    with out.open("wb") as file:
        write_model(file, kind)


def write_model(file: IO[bytes], kind: str, outlines: bool = False) -> None:
    """Write the diagram in one of KINDS; ``outlines``: letters of SVG as shapes, which need no font, instead of text that can be edited."""
    from matplotlib import rc_context

    metadata: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": "Tocsin", "Title": TITLE, "Description": DESCRIPTION},
        "pdf": {"CreationDate": None, "Creator": "Tocsin", "Producer": None, "Title": TITLE},
        "png": {"Software": "Tocsin", "Title": TITLE},
    }
    figure = draw_model()
    with rc_context({**palette.STYLE, "svg.fonttype": "path" if outlines else "none"}):
        figure.savefig(file, format=kind, metadata=metadata[kind])


def _box(sheet: Sheet, box: Box) -> None:
    sheet.box(box.x - box.width / 2, box.y - box.height / 2, box.width, box.height, facecolor="#ffffff", edgecolor=palette.INK,
              linewidth=1.8 if box.observed else 0.6, zorder=3)
    top = box.y - (len(box.words) - 1) / 2 * line_height(BOX_SIZE)
    sheet.lines(box.x, top, box.words, size=BOX_SIZE, across="center")


def _arrow(sheet: Sheet, arrow: Arrow) -> None:
    moves = arrow.effect == MOVES
    colour = CELL_MOVES if moves and arrow.colour == "#333333" else arrow.colour
    if arrow.points[0] in _BRANCHES:
        sheet.line([arrow.points[0][0]], [arrow.points[0][1]], marker="o", markersize=2.6, markeredgewidth=0, color=colour, zorder=2)
    _path(sheet, arrow.points, LOWERS if arrow.effect == LOWERS else RAISES, colour, 1.6 if moves else 0.9, arrow.both)


_BRANCHES = {a.points[0] for a in ARROWS} & {p for a in ARROWS for p in a.points[1:]}
"""Where a line leaves another, which a dot says."""


def _path(sheet: Sheet, points: tuple[tuple[float, float], ...], effect: str, colour: str, width: float, both: bool = False) -> None:
    """A line that ends in a head or a bar; with ``both`` it begins with a head too."""
    start, end = points[0], points[-1]
    inner = [(end, points[-2])] + ([(start, points[1])] if both else [])
    shown = list(points)
    for tip, before in inner:
        ux, uy = _direction(before, tip)
        if effect == RAISES:
            foot = (tip[0] - HEAD * ux, tip[1] - HEAD * uy)
            _polygon(sheet, [tip, (foot[0] - HALF * uy, foot[1] + HALF * ux), (foot[0] + HALF * uy, foot[1] - HALF * ux)], colour)
            shown[-1 if tip == end else 0] = (tip[0] - (HEAD - 0.3) * ux, tip[1] - (HEAD - 0.3) * uy)
        else:
            off = (tip[0] - 0.6 * ux, tip[1] - 0.6 * uy)
            sheet.line([off[0] - BAR * uy, off[0] + BAR * uy], [off[1] + BAR * ux, off[1] - BAR * ux], color=colour, linewidth=1.6,
                       solid_capstyle="butt", zorder=2)
            shown[-1] = off
    sheet.line([x for x, _ in shown], [y for _, y in shown], color=colour, linewidth=width, solid_capstyle="butt", solid_joinstyle="miter", zorder=1.5)


def _direction(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    long = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    return dx / long, dy / long


def _polygon(sheet: Sheet, corners: list[tuple[float, float]], colour: str) -> None:
    from matplotlib.patches import Polygon

    sheet.figure.add_artist(Polygon(corners, closed=True, transform=sheet.mm, facecolor=colour, edgecolor="none", zorder=2))


def _tag(sheet: Sheet, tag: Tag) -> None:
    names = [DRUGS[d].name for d in tag.drugs]
    _path(sheet, tag.points, tag.effect, DRUG, 0.9)
    _words_in_colour(sheet, tag.x, tag.y, names)


def _given(sheet: Sheet, given: Given) -> None:
    _path(sheet, given.points, RAISES, DRUG, 0.9)
    _words_in_colour(sheet, given.x, given.y, [given.words])


def _words_in_colour(sheet: Sheet, x: float, y: float, lines: list[str]) -> None:
    """A small box of drugs, its left top corner at a place."""
    step = line_height(TAG_SIZE)
    sheet.box(x, y, widest(lines, TAG_SIZE) + 2.0, len(lines) * step + 0.8, facecolor=DRUG_FILL, edgecolor=DRUG, linewidth=0.6, zorder=3)
    sheet.lines(x + 1.0, y + 0.4 + step / 2, lines, size=TAG_SIZE, colour="#5b2c00")


def _drugs(sheet: Sheet, y: float) -> float:
    """Every drug with where the model follows it, in two columns; returns where the next thing may stand."""
    sheet.text(3.5, y, "Drugs, each with its own course in the body", size=7.2, bold=True, colour=palette.QUIET)
    column, step, top = 88.0, line_height(TAG_SIZE), y + 3.2
    drugs = list(DRUGS.values())
    half = (len(drugs) + 1) // 2
    heights = [0.0, 0.0]
    for k, drug in enumerate(drugs):
        side = k // half
        x, at = 3.5 + side * column, top + heights[side]
        _words_in_colour(sheet, x, at, [drug.name])
        left = x + 20.0
        lines = wrapped(drug.where, column - 22.0, TAG_SIZE)
        sheet.lines(left, at + 0.4 + step / 2, lines, size=TAG_SIZE)
        heights[side] += max(len(lines) * step, step) + 2.0
    return top + max(heights) + 2.0


def _legend(sheet: Sheet, y: float) -> None:
    x = 3.5
    for words, effect, colour, both in (("raises", RAISES, palette.INK, False), ("lowers", LOWERS, palette.INK, False),
                                        ("becomes, or moves to", RAISES, CELL_MOVES, False), ("moves both ways", RAISES, CELL_MOVES, True),
                                        ("a drug lowers", LOWERS, DRUG, False)):
        _path(sheet, ((x, y), (x + 8.0, y)), effect, colour, 1.6 if colour == CELL_MOVES else 0.9, both)
        sheet.text(x + 9.5, y, words, size=TAG_SIZE)
        x += 9.5 + width_of(words, TAG_SIZE) + 4.5
    sheet.box(x, y - 1.6, 8.0, 3.2, facecolor="#ffffff", edgecolor=palette.INK, linewidth=1.8)
    sheet.text(x + 9.5, y, "measured on the ward", size=TAG_SIZE)
