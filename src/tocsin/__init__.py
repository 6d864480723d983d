"""Tocsin: grades cytokine release syndrome over time from a CAR-T patient's record, and says what the guideline asks for.

Research software, not a medical device.

    from tocsin import Timeline, grade, advise, report
    timeline = Timeline.read_csv("patient.csv")
    print(grade(timeline, "astct-crs-2019"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "Timeline": "tocsin.timeline", "Completeness": "tocsin.timeline", "grade": "tocsin.grading", "Grades": "tocsin.grading",
    "episodes": "tocsin.grading", "contradictions": "tocsin.grading", "advise": "tocsin.protocols", "turns": "tocsin.protocols",
    "monitoring": "tocsin.protocols",
    "complications": "tocsin.protocols.complications",
    "report": "tocsin.show.html_report", "SCALES": "tocsin.scales", "PROTOCOLS": "tocsin.protocols", "CONCEPTS": "tocsin.vocabulary",
    "read_case": "tocsin.cases", "read": "tocsin.sources.doors", "write": "tocsin.sources.doors",
    "grade_to": "tocsin.sources.batch", "TocsinError": "tocsin.errors",
}

__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from tocsin.cases import read_case
    from tocsin.errors import TocsinError
    from tocsin.grading import Grades, contradictions, episodes, grade
    from tocsin.protocols import PROTOCOLS, advise, monitoring, turns
    from tocsin.protocols.complications import complications
    from tocsin.scales import SCALES
    from tocsin.show import report
    from tocsin.sources.batch import grade_to
    from tocsin.sources.doors import read, write
    from tocsin.timeline import Completeness, Timeline
    from tocsin.vocabulary import CONCEPTS


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
