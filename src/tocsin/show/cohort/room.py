"""Where in a plot words can stand without covering data."""

from __future__ import annotations

import numpy as np

CELL = 0.4
"""The side of a cell of the grid, in millimetres."""

PLACES = tuple((x, y) for y in (1.0, 0.0, 0.5, 0.75, 0.25) for x in (0.0, 1.0, 0.5, 0.25, 0.75))
"""Places tried in order, as shares of the free width and height from the top left: below left first, where curves of survival leave room."""


class Room:
    """A plot of a size in millimetres; places are millimetres from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.taken = np.zeros((int(height / CELL) + 1, int(width / CELL) + 1), bool)

    def take(self, x0: float, y0: float, x1: float, y1: float, pad: float = 0.5) -> None:
        """Mark a rectangle, and ``pad`` millimetres around it, as taken; what lies outside the plot is ignored."""
        (left, right), (top, bottom) = sorted((x0, x1)), sorted((y0, y1))
        rows, columns = self.taken.shape
        a, b = int((top - pad) / CELL), int((bottom + pad) / CELL) + 1
        c, d = int((left - pad) / CELL), int((right + pad) / CELL) + 1
        if b > 0 and d > 0 and a < rows and c < columns:
            self.taken[max(a, 0):b, max(c, 0):d] = True

    def find(self, width: float, height: float, inset: float = 1.5) -> tuple[float, float] | None:
        """The top left corner of a free place for a rectangle, which is then taken; None where there is none."""
        across, down = self.width - width - 2 * inset, self.height - height - 2 * inset
        if across < 0 or down < 0:
            return None
        for share_x, share_y in PLACES:
            x, y = inset + share_x * across, inset + share_y * down
            a, b, c, d = int(y / CELL), int((y + height) / CELL) + 1, int(x / CELL), int((x + width) / CELL) + 1
            if not self.taken[a:b, c:d].any():
                self.take(x, y, x + width, y + height, 0.8)
                return x, y
        return None
