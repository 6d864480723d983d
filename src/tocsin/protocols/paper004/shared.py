"""What the chapters of paper 004 share: its grades of CRS, low pressure, treatments given, and its rules of anti-IL-6 treatment."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, SYSTOLIC_LOW
from tocsin.derived.respiratory import ANY_OXYGEN, VENTILATOR
from tocsin.protocols.drugs import SILTUXIMAB, SILTUXIMAB_ONCE, not_both, tocilizumab
from tocsin.protocols.protocol import Rule
from tocsin.rules import Doses, Either, Fact, IsIn, Measure, Named, Or, Predicate, charted, present
from tocsin.scales import EpisodeRule, Scale, scale
from tocsin.scales.episode import quiet_rule
from tocsin.vocabulary.groups import ANTI_IL6

TABLE2 = "chinthapalli2023:table2"
Settings = Mapping[str, float | bool]

LOW = Named("low_pressure", Either(SYSTOLIC_LOW, present("hypotension")),
            "systolic pressure below the limit for age (adults 90 mmHg), or hypotension asserted", cites=f"{TABLE2}:G2-hypotension", mark="S")
"""The pressure is low now, treated or not."""

ANTI_IL6_GIVEN = Doses(ANTI_IL6, "tocilizumab", "tocilizumab or another IL-6 blocker")
CHILD = Fact("age_years", "<", 18.0, "age below 18 years")

NONINVASIVE = IsIn("oxygen_device", ("cpap", "bipap", "noninvasive_ventilation"), ("oxygen_unspecified",), says="non-invasive ventilation")
ORGAN_SUPPORT = Named(
    "organ_support", ANY_VASOPRESSOR | NONINVASIVE | VENTILATOR | present("dobutamine") | present("milrinone") | charted(present("dialysis")),
    "a vasopressor or inotrope running, ventilatory support, or dialysis", cites="chinthapalli2023:icu", mark="S",
    reading="The paper does not list the organs. Dialysis counts where it is told.")
"""At least one organ is supported."""


def cartox() -> Scale:
    """The scale that the grades of the paper mean."""
    return scale("cartox-crs-2018")


def crs_episode() -> EpisodeRule:
    """An episode of CRS in all chapters: from fever until fever, low pressure, vasopressors and oxygen are gone."""
    return quiet_rule(FEVER, Or((FEVER, LOW, ANY_VASOPRESSOR, ANY_OXYGEN)), SUPPRESSING_DRUGS, cartox().settings)


def crs_grade(settings: Settings, grade: int) -> Predicate:
    """CRS of at least this CARTOX grade; a reported grade stands for it where the hospital says so."""
    met: Predicate = cartox().at_least(grade)
    if settings["reported_grade_counts"]:
        met = Either(Measure("reported_crs_grade", "grade").at_least(grade), met)
    return Named(f"cartox_{grade}", met, f"CARTOX CRS grade {grade} or more", cites="compared2019:CARTOX", mark="V")


def neutropenic(settings: Settings) -> Predicate:
    """Neutrophils below the limit of the settings."""
    return Measure("neutrophils", "10^9/L").below(float(settings["neutropenia"]))


def anti_il6_rules(
    settings: Settings, code: str, when: Predicate, cell: str, text: str, why: str = "", remarks: tuple[tuple[Predicate, str], ...] = (),
) -> tuple[Rule, Rule]:
    """Tocilizumab, and siltuximab as its alternative, for one cell of table 2."""
    dose, blocks = tocilizumab(settings)
    hours = float(settings["tocilizumab_interval_hours"])
    either = "The paper offers tocilizumab or siltuximab. Infection work-up goes in parallel and never delays it."
    light = "Below 30 kg the label gives 12 mg/kg; the paper's table names 8 mg/kg and does not speak of children."
    conflict = (
        Doses(("tocilizumab",), "tocilizumab", "tocilizumab", hours=8.0) & ~Doses(("tocilizumab",), "tocilizumab", "tocilizumab", hours=6.0),
        "Interval conflict: the last dose was 6 to 8 h ago; this paper allows a repeat after 6 h, the label and ASCO ask for 8 h.",
    )
    reading = " ".join(x for x in (why, either, light) if x)
    return (
        Rule(code, "Give tocilizumab", when, f"{TABLE2}:{cell}", Mark.SOURCE, text, drug="tocilizumab", dose=dose, route="IV over 1 h",
             blocked_by=(*blocks, not_both("siltuximab", hours)), answers=("tocilizumab", "sarilumab"), reading=reading,
             remarks=(conflict, *remarks)),
        Rule(f"{code}s", "Or give siltuximab instead of tocilizumab", when, f"{TABLE2}:{cell}", Mark.SOURCE, text, drug="siltuximab",
             dose=SILTUXIMAB, route="IV", blocked_by=(SILTUXIMAB_ONCE, not_both("tocilizumab", hours)), answers=("siltuximab",), reading=why or either,
             remarks=remarks, instead_of=code),
    )
