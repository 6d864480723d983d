"""The flow of patients as CONSORT draws it: boxes from top to bottom, who leaves to the right, the arms at the foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.cohort.parts import Flow
from tocsin.show import palette
from tocsin.show.cohort.arms import look_of, place_of
from tocsin.show.cohort.sheet import Sheet, line_height, nothing, width_of, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGIN = 2.0
STEP_WIDTH = 74.0
LEAVING_LEFT = 92.0
PADDING = 2.0
BETWEEN = 7.0
WIDEST_ARM = 55.0
NARROWEST_ARM = 26.0
ARM_GAP = 4.0


def draw_flow(drawing: Flow, arms: Sequence[str]) -> Figure:
    """The boxes with the numbers; between two steps an arrow points to those who leave there.

    The steps stand in the middle where nobody leaves.  More arms than fit side by side become the lines of one box.
    """
    if not drawing.steps:
        return nothing("No patients: there is no flow to draw.")
    step_lines = [_box_lines(text, n, STEP_WIDTH - 2 * PADDING) for text, n in drawing.steps]
    leaving = [drawing.leaving[k] if k < len(drawing.leaving) else () for k in range(len(drawing.steps))]
    room = palette.WIDTH - MARGIN - LEAVING_LEFT
    leaving_lines = [_leaving_lines(some, room) for some in leaving]
    leaving_width = min(max([width_of(line) for lines in leaving_lines for line in lines], default=0.0) + 2 * PADDING + 1.0, room)
    count = len(drawing.arms)
    arm_width = min(WIDEST_ARM, (palette.WIDTH - 2 * MARGIN - (count - 1) * ARM_GAP) / count) if count else 0.0
    beside = arm_width >= NARROWEST_ARM
    sheet_width = palette.COLUMN if not any(leaving) and (count < 2 or not beside) else palette.WIDTH
    arm_lines = [_box_lines(text, n, arm_width - 2 * PADDING) for text, n in drawing.arms] if beside else []
    listed = [] if beside or not count else [line for text, n in drawing.arms for line in _box_lines(text, n, STEP_WIDTH - 2 * PADDING)]

    tops, y = [], MARGIN
    for lines, out in zip(step_lines, leaving_lines, strict=True):
        tops.append(y)
        y += _high(lines) + (max(BETWEEN, _high(out) + 5.0) if out else BETWEEN)
    arms_top = y + (4.0 if count > 1 and beside else 0.0)
    arms_high = max((_high(lines) for lines in arm_lines), default=0.0) + 0.9 if beside else _high(listed)
    last_out = leaving_lines[-1]
    bottom = arms_top + arms_high if count else y if last_out else y - BETWEEN
    sheet = Sheet(sheet_width, bottom + MARGIN)

    left = MARGIN + 8.0 if any(leaving) else (sheet_width - STEP_WIDTH) / 2
    spread = count * arm_width + (count - 1) * ARM_GAP if beside and count else STEP_WIDTH
    middle = left + STEP_WIDTH / 2
    arms_left = min(max(middle - spread / 2, MARGIN), sheet_width - MARGIN - spread)
    for number, (top, lines, out) in enumerate(zip(tops, step_lines, leaving_lines, strict=True)):
        _box(sheet, left, top, STEP_WIDTH, lines)
        foot = top + _high(lines)
        after = tops[number + 1] if number + 1 < len(tops) else arms_top if count else None
        if out:
            at = foot + (_high(out) + 5.0) / 2
            _box(sheet, LEAVING_LEFT, at - _high(out) / 2, leaving_width, out, centred=False)
            sheet.arrow((middle, at), (LEAVING_LEFT, at))
            if after is None:
                sheet.line([middle, middle], [foot, at], color=palette.INK, linewidth=0.7)
        if after is not None and (number + 1 < len(tops) or not beside or count == 1):
            sheet.arrow((middle, foot), (middle, after))
    if beside and count:
        centres = [arms_left + k * (arm_width + ARM_GAP) + arm_width / 2 for k in range(count)]
        if count > 1:
            fork = arms_top - 4.0
            sheet.line([middle, middle], [tops[-1] + _high(step_lines[-1]), fork], color=palette.INK, linewidth=0.7)
            sheet.line([min(*centres, middle), max(*centres, middle)], [fork, fork], color=palette.INK, linewidth=0.7)
        for k, (centre, lines) in enumerate(zip(centres, arm_lines, strict=True)):
            if count > 1:
                sheet.arrow((centre, arms_top - 4.0), (centre, arms_top))
            x = centre - arm_width / 2
            place = place_of(drawing.arms[k][0], arms)
            _box(sheet, x, arms_top, arm_width, lines, height=arms_high)
            sheet.box(x, arms_top + arms_high - 0.9, arm_width, 0.9, facecolor=look_of(place if place >= 0 else k).colour, edgecolor="none")
    elif listed:
        _box(sheet, left, arms_top, STEP_WIDTH, listed, centred=False)
    return sheet.figure


def _box_lines(text: str, n: int, inner: float) -> list[str]:
    """The text with its number, which stays in one piece."""
    number = f"(n = {n})"
    lines = wrapped(text, inner) if text.strip() else [""]
    last = f"{lines[-1]} {number}".strip()
    return [*lines[:-1], last] if width_of(last) <= inner else [*lines, number]


def _leaving_lines(leaving: Sequence[tuple[str, int]], width: float) -> list[str]:
    if not leaving:
        return []
    inner = width - 2 * PADDING
    if len(leaving) == 1:
        return _box_lines(*leaving[0], inner)
    lines = [f"Left out (n = {sum(n for _, n in leaving)})"]
    for reason, n in leaving:
        lines += ["    " + line for line in _box_lines(reason, n, inner - 4.0)]
    return lines


def _high(lines: Sequence[str]) -> float:
    return len(lines) * line_height(palette.TEXT) + 2 * PADDING * 0.8 if lines else 0.0


def _box(sheet: Sheet, x: float, y: float, width: float, lines: Sequence[str], centred: bool = True, height: float = 0.0) -> None:
    sheet.box(x, y, width, height or _high(lines), facecolor="white", edgecolor=palette.INK, linewidth=0.7)
    first = y + ((height or _high(lines)) - (len(lines) - 1) * line_height(palette.TEXT)) / 2
    sheet.lines(x + width / 2 if centred else x + PADDING, first, lines, across="center" if centred else "left")
