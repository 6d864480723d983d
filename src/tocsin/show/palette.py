"""Colours, sizes and marks of the figure.

Grades: an ordered scale from light to dark, readable without colour vision and in grey.  Series and drugs: Paul Tol's bright
and muted sets.  Sizes are in millimetres and points, for a journal's double column of 180 mm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

GRADE_COLOURS: Mapping[int, str] = {
    0: "#dddddd", 1: "#fbdc7e", 2: "#f29a38", 3: "#c8421b", 4: "#6a0d1b", 5: "#000000",
}
GRADE_TEXT: Mapping[int, str] = {0: "#222222", 1: "#222222", 2: "#222222", 3: "#ffffff", 4: "#ffffff", 5: "#ffffff"}
HATCH = "////"
HATCH_COLOUR = "#a6a6a6"
INK = "#1a1a1a"
QUIET = "#5f5f5f"
RULE = "#d9d9d9"
REPORTED = "#0b3c6f"
OXYGEN_COLOURS: Mapping[str, str] = {
    "oxygen, device not told": "#8f9aa5", "nasal cannula or blow-by": "#7fb0dc", "high-flow cannula or mask": "#3a76b0",
    "positive pressure": "#123a66",
}

SERIES = ("#4477aa", "#cc3311", "#228833", "#aa3377", "#997700", "#009988", "#555555", "#ee7733")
MARKERS = ("o", "s", "D", "P", "X", "h", "p", "*")

ARM_COLOURS = ("#004488", "#d55e00", "#009e73", "#aa4499", "#56b4e9", "#661100", "#999933", "#777777")
"""The arms of a cohort in their order, from Okabe and Ito's and Paul Tol's sets; tests hold the first four apart for colour-blind readers."""
ARM_LINES: Sequence[Any] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (2.5, 1.5)), (0, (8, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (1, 2.5)))
ARM_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
EVENT_COLOURS = ("#882255", "#44aa99", "#997700", "#332288", "#555555", "#cc6677")
"""Competing events; no colour of an arm, so that neither is taken for the other."""
LEVEL_COLOURS = ("#123a66", "#3a76b0", "#7fb0dc", "#c3d9ec", "#eef3f8")
"""Ordered levels that are no grades, from dark to light; more levels are mixed from these."""

WIDTH = 180.0
COLUMN = 85.0
LEFT = 43.0
RIGHT = 4.0
BAND_HEIGHT = 11.5
ROW_HEIGHT = 3.75
GAP = 2.6

TEXT = 7.0
SMALL = 6.2
TINY = 5.6

STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "axes.linewidth": 0.5,
    "axes.edgecolor": QUIET,
    "axes.unicode_minus": True,
    "xtick.major.width": 0.5, "ytick.major.width": 0.5, "xtick.minor.width": 0.35, "ytick.minor.width": 0.35,
    "xtick.major.size": 2.2, "ytick.major.size": 2.2, "xtick.minor.size": 1.4, "ytick.minor.size": 1.2,
    "xtick.color": QUIET, "ytick.color": QUIET,
    "hatch.linewidth": 0.5,
    "text.usetex": False,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tocsin",
    "pdf.fonttype": 42,
    "path.simplify": False,
    "figure.dpi": 100,
    "savefig.dpi": 300,
}
