"""Charts, reports and wording: the only room that draws.  Nothing heavy is loaded before it is used.

draw, save                 the figure of a case report, as SVG, PNG or PDF
report, gather, html       one self-contained HTML report
print_course, print_check, print_explain, print_scales, print_concepts    the same on a terminal
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.show.checking import print_check
    from tocsin.show.figure import draw, save
    from tocsin.show.html_report import gather, html, report
    from tocsin.show.terminal import print_concepts, print_course, print_explain, print_scales
    from tocsin.show.wording import STANDING

__all__ = [
    "STANDING", "draw", "gather", "html", "print_check", "print_concepts", "print_course", "print_explain", "print_scales",
    "report", "save",
]

_WHERE = {
    "draw": "figure", "save": "figure", "gather": "html_report", "html": "html_report", "report": "html_report", "print_check": "checking",
    "print_concepts": "terminal", "print_course": "terminal", "print_explain": "terminal", "print_scales": "terminal",
    "STANDING": "wording",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"tocsin.show.{_WHERE[name]}"), name)
    globals()[name] = found  # the function, not the module of the same name that was just loaded
    return found
