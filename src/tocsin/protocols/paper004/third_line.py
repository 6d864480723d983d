"""The ladder of refractory CRS: what papers 004, 002 and 000 gave after tocilizumab and a corticosteroid.  All of it is experimental."""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.protocols.drugs import interval
from tocsin.protocols.paper004.shared import ANTI_IL6_GIVEN, CHILD, Settings, cartox, crs_episode, crs_grade
from tocsin.protocols.parts import COURSE_HOURS, refractory, since_first
from tocsin.protocols.protocol import Chapter, Dose, Rule
from tocsin.rules import Doses, Fact
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_STEP, _END = 264.0, 528.0
_ORDER = ("\"Refractory\" is not defined by the paper; see the setting refractory_hours. Third line: an IL-6 blocker (siltuximab is the alternative to "
          "tocilizumab) and a corticosteroid have both been given. The sources give no order among anakinra, ruxolitinib and stromal cells: none "
          "waits for another, and nothing says that they may be combined.")


def third_line(settings: Settings) -> Chapter:
    """The chapter of refractory CRS; etoposide belongs to HLH and is not in it."""
    steroid = Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", told_by="corticosteroid")
    both = ANTI_IL6_GIVEN & steroid
    hard = both & refractory(both, lambda grade: crs_grade(settings, grade), float(settings["refractory_hours"]))
    course = Doses(("ruxolitinib",), "ruxolitinib", "ruxolitinib", hours=COURSE_HOURS)
    day_12, day_23 = since_first(course, _STEP), since_first(course, _END)
    every_12 = interval("ruxolitinib", 12.0, "zi2021:case", Mark.SOURCE)
    text = "10 mg every 12 hours on day 7 for 11 days, 5 mg every 12 hours for next 11 days"
    one_adult = ((CHILD, "The one published case (paper 002) was an adult of 20 years."),)
    days = f"Days are counted from the first dose; doses within {COURSE_HOURS:g} h of each other are one course."
    rules = (
        Rule("R1", "Anakinra (experimental; refractory CRS)", hard, "chinthapalli2023:specific treatments", Mark.SOURCE,
             "Third-line medications for therapy-resistant CRS, currently deemed experimental", drug="anakinra",
             dose=Dose(as_told="no dose in the paper"), answers=("anakinra",), experimental=True, reading=_ORDER),
        Rule("R2", "Ruxolitinib (experimental; refractory CRS), for 11 days", (hard | course) & ~day_12, "zi2021:case", Mark.SOURCE, text,
             drug="ruxolitinib", dose=Dose(10.0, every_hours=12.0), route="PO", blocked_by=(every_12,), answers=("ruxolitinib",), experimental=True,
             remarks=one_adult,
             reading=f"One published case (paper 002), adult; in that case with methylprednisolone 40 mg. The course goes on when CRS gives way, as it did "
                     f"there. {days} {_ORDER}"),
        Rule("R2b", "Step ruxolitinib down (experimental), from day 12 of the course for 11 days", course & day_12 & ~day_23, "zi2021:case", Mark.SOURCE,
             text, drug="ruxolitinib", dose=Dose(5.0, every_hours=12.0), route="PO", blocked_by=(every_12,), answers=("ruxolitinib",),
             experimental=True, remarks=one_adult, reading=f"The paper does not say what to do when CRS is still there then. {days}"),
        Rule("R2c", "Stop ruxolitinib: the 22 days of its course are over", course & day_23, "zi2021:case", Mark.SOURCE, text,
             experimental=True, reading=days),
        Rule("R3", "Mesenchymal stromal cells (experimental; refractory CRS)", hard & crs_grade(settings, 4), "hu2024:case", Mark.SOURCE,
             "A treatment dose of umbilical-cord MSC, again after 3 days", drug="msc",
             dose=Dose(as_told="cell number not given by the paper", unit="cells/kg"), route="IV", answers=("msc",), experimental=True,
             remarks=((Fact("age_years", ">=", 18.0, "age of 18 years or more"), "The one published case (paper 000) was a child of 3 years."),),
             reading=f"One published case (paper 000), a child with grade 4 and multi-organ failure; two infusions on days 17 and 20. {_ORDER}"),
    )
    graded = cartox()
    return Chapter("Refractory CRS", graded, rules, crs_episode())
