"""Classes of oxygen support, from the device and its flow."""

from __future__ import annotations

from tocsin.rules import IsIn, Measure, Named, Predicate, charted
from tocsin.vocabulary import CONCEPTS

_UNCLEAR = ("oxygen_unspecified",)
_POSITIVE = ("cpap", "bipap", "noninvasive_ventilation", "invasive_ventilation")
_MASKS = ("simple_mask", "venturi_mask", "partial_rebreather", "non_rebreather", "face_tent")

ANY_OXYGEN = IsIn("oxygen_device", tuple(v for v in CONCEPTS["oxygen_device"].values if v != "room_air"),
                  says="oxygen or ventilatory support")
LOW_FLOW_CANNULA = IsIn("oxygen_device", ("nasal_cannula", "low_flow_nasal_cannula"), _UNCLEAR, says="nasal cannula")
CALLED_HIGH_FLOW = IsIn("oxygen_device", ("high_flow_nasal_cannula",), _UNCLEAR, says="high-flow nasal cannula")
PLAIN_CANNULA = IsIn("oxygen_device", ("nasal_cannula",), _UNCLEAR, says="nasal cannula")
MASK = IsIn("oxygen_device", _MASKS, _UNCLEAR, says="facemask, Venturi mask, partial or non-rebreather mask or face tent")
NON_REBREATHER = IsIn("oxygen_device", ("partial_rebreather", "non_rebreather"), _UNCLEAR, says="rebreather mask")
POSITIVE_PRESSURE = IsIn("oxygen_device", _POSITIVE, _UNCLEAR,
                         says="positive pressure (CPAP, BiPAP, non-invasive or invasive ventilation)")
NONINVASIVE = IsIn("oxygen_device", _POSITIVE[:3], _UNCLEAR, says="CPAP, BiPAP or non-invasive ventilation")
VENTILATOR = IsIn("oxygen_device", ("invasive_ventilation",), _UNCLEAR, says="mechanical ventilation")
ROOM_AIR = IsIn("oxygen_device", ("room_air",), says="room air")

_FLOW = Measure("oxygen_flow", "L/min")
_FIO2 = Measure("fio2", "fraction")


FLOW_CHARTED_LOW = Named(
    "flow_charted_low", charted(_FLOW.at_most(6.0)), says="a flow of 6 L/min or less is charted", cites="astct_table:hypoxia", mark="V",
)
HIGH_FLOW = Named(
    "high_flow", (CALLED_HIGH_FLOW & ~FLOW_CHARTED_LOW) | (PLAIN_CANNULA & _FLOW.above(6.0)),
    says="nasal cannula above 6 L/min (a cannula called high-flow counts unless 6 L/min or less is charted)",
    cites="astct_table:hypoxia", mark="V",
    reading="The flow decides where it is charted: 6.0 L/min is low flow, 6.1 is not. A high-flow cannula without a charted flow "
            "counts as high flow.",
)


def fio2_at_least_40(estimate_from_flow: bool) -> Named:
    """Inspired oxygen of 40% or more: charted, or by what the device can deliver.

    A low-flow cannula below 5 L/min delivers less than 40% (0.20 + 0.04 per L/min); high flow and non-invasive support with
    no charted fraction count as 40% or more; so do rebreather masks.  A simple or Venturi mask without a fraction is unknown.
    """
    fio2 = _FIO2.at_least(0.40)
    uncharted_default = (CALLED_HIGH_FLOW | NONINVASIVE | NON_REBREATHER) & ~Named(
        "fio2_charted_below_40", charted(_FIO2.below(0.40)), says="an inspired fraction below 40% is charted", cites="neelapu2018:hypoxia",
        mark="M")
    out: Predicate = fio2 | uncharted_default
    if estimate_from_flow:
        below_5 = Named("cannula_below_5", LOW_FLOW_CANNULA & charted(_FLOW.below(5.0)) & ~charted(_FIO2.at_least(0.40)),
                        says="nasal cannula below 5 L/min", cites="nasalfio2:rule", mark="M")
        out = (ANY_OXYGEN & out) & ~Named("estimated_below_40", charted(below_5), says="nasal cannula below 5 L/min",
                                          cites="nasalfio2:rule", mark="M")
    else:
        out = ANY_OXYGEN & out
    return Named(
        "fio2_40", out, says="inspired oxygen of 40% or more (charted, or high flow, non-invasive support or a rebreather mask without "
        "a charted fraction)", cites="neelapu2018:hypoxia", mark="M",
        reading="CARTOX decides by the inspired fraction. Where it is not charted, high-flow and non-invasive support count as 40% or "
                "more, and a cannula below 5 L/min as less (0.20 + 0.04 per L/min).",
    )
