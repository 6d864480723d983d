"""What the scores of disseminated coagulation read: the fibrin marker, the prothrombin time, and systemic inflammation (SIRS)."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.derived.normal_limits import Beyond
from tocsin.rules import AtLeast, Either, Measure, Named, Predicate, Setting

Settings = Mapping[str, float | bool]

PT_RATIO_SETTINGS = (
    Setting("pt_normal_mean", 12.0, "s", "the normal prothrombin time by which the patient's is divided; use your laboratory's", "tocsin:uln",
            Mark.DECISION, minimum=5, maximum=30),
    Setting("inr_is_pt_ratio", True, "", "the INR stands in for the ratio of the prothrombin time (they are equal where the sensitivity index of "
            "the reagent is 1)", "tocsin:coagulation", Mark.DECISION),
)
"""How the ratio of the prothrombin time is known."""


def pt_ratio(at_least: float, settings: Settings) -> Predicate:
    """The prothrombin time is at least so many times the normal one; by the INR too where the settings say so."""
    time = Measure("pt", "s").at_least(round(at_least * float(settings["pt_normal_mean"]), 9))
    ratio: Predicate = Either(Measure("inr", "1").at_least(at_least), time) if settings["inr_is_pt_ratio"] else time
    return Named(f"pt_ratio_{at_least:g}", ratio, says=f"prothrombin time ratio >= {at_least:g}", cites="tocsin:coagulation", mark="D",
                 reading="Prothrombin time over the normal one, or the INR: where both are charted, either is enough.")


def pt_prolonged(seconds: float, reached: bool, settings: Settings) -> Predicate:
    """The prothrombin time is prolonged by more than (``reached``: at least) so many seconds over the upper limit of normal."""
    return Beyond("pt", high=True, plus=seconds, reached=reached).predicate(settings)


def fibrin_marker(multiple: float, reached: bool, settings: Settings) -> Predicate:
    """D-dimer or fibrin degradation products are above (``reached``: at or above) so many times their upper limit of normal."""
    ways = [Beyond(c, high=True, factor=multiple, reached=reached).predicate(settings) for c in ("d_dimer", "d_dimer_ddu", "fdp")]
    sign = ">=" if reached else ">"
    return Named(f"fibrin_marker_{multiple:g}", Either(*ways), says=f"D-dimer or fibrin degradation products {sign} {multiple:g} x the upper limit of "
                 "normal", cites="isth_marker:table", mark="V", reading="Ways of charting one marker: the highest against its own limit counts.")


SIRS = Named(
    "sirs_3", AtLeast(3, (
        Either(Measure("temperature", "degC").above(38.0), Measure("temperature", "degC").below(36.0)),
        Measure("heart_rate", "/min").above(90.0),
        Either(Measure("respiratory_rate", "/min").above(20.0), Measure("paco2", "mmHg").below(32.0)),
        Either(Measure("leukocytes", "10^9/L").above(12.0), Measure("leukocytes", "10^9/L").below(4.0)),
    )),
    says="at least 3 of: temperature > 38 or < 36 degC; heart rate > 90/min; respiratory rate > 20/min or PaCO2 < 32 mmHg; leukocytes > 12 or "
         "< 4 10^9/L", cites="sirs1992:definition", mark="M",
    reading="Adult limits, from memory. More than 10% immature forms, the other way to the fourth, is not asked for. After lymphodepletion "
            "leukocytes are low without inflammation.",
)
"""Three or more signs of the systemic inflammatory response syndrome."""
