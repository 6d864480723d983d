"""Labels that never lie upon each other: each tries a few places and stays away when none is free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

Box = tuple[float, float, float, float]

PLACES: Sequence[tuple[float, float, str, str]] = (
    (0, 3.2, "center", "bottom"), (0, -3.2, "center", "top"), (4, 0, "left", "center"), (-4, 0, "right", "center"),
    (3, 3, "left", "bottom"), (-3, 3, "right", "bottom"), (3, -3, "left", "top"), (-3, -3, "right", "top"),
)
"""Offsets in points with their alignments, in the order tried."""


@dataclass
class Placer:
    """What is taken in the figure so far, in pixels."""

    renderer: Any
    taken: list[Box] = field(default_factory=list)

    def size(self, text: Text) -> tuple[float, float]:
        """Width and height of a text in pixels."""
        box = text.get_window_extent(self.renderer)
        return box.width, box.height

    def take(self, boxes: Iterable[Box]) -> None:
        """Mark places as taken."""
        self.taken.extend(boxes)

    def take_points(self, axes: Axes, xs: Iterable[float], ys: Iterable[float], half: float = 3.0) -> None:
        """Mark the places of data points as taken; ``half`` in points."""
        pad = half * axes.figure.dpi / 72
        points = list(zip(xs, ys, strict=True))
        for x, y in axes.transData.transform(points) if points else ():
            self.taken.append((x - pad, y - pad, x + pad, y + pad))

    def free(self, box: Box, ignore: Box | None = None) -> bool:
        """Whether nothing lies in the box."""
        return not any(t != ignore and box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in self.taken)

    def label(
        self, axes: Axes, x: float, y: float, words: str, places: Sequence[tuple[float, float, str, str]] = PLACES, **style: Any
    ) -> bool:
        """Write ``words`` beside a data point, at the first place that is free and inside the axes; False when none is."""
        inside = axes.get_window_extent(self.renderer)
        for dx, dy, across, up in places:
            text = axes.annotate(
                words, (x, y), xytext=(dx, dy), textcoords="offset points", ha=across, va=up, annotation_clip=False, **style
            )
            bounds = text.get_window_extent(self.renderer)
            box = (bounds.x0 - 1, bounds.y0 - 0.5, bounds.x1 + 1, bounds.y1 + 0.5)
            within = inside.x0 <= box[0] and box[2] <= inside.x1 and inside.y0 - 1 <= box[1] and box[3] <= inside.y1 + 1
            if within and self.free(box):
                self.taken.append(box)
                return True
            text.remove()
        return False
