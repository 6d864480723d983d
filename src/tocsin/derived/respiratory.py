"""Classes of oxygen support, from the device and its flow."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.cite import Mark
from tocsin.rules import IsIn, Measure, Named, Predicate, Setting, charted
from tocsin.vocabulary import CONCEPTS

_UNCLEAR = ("oxygen_unspecified",)
_POSITIVE = ("cpap", "bipap", "noninvasive_ventilation", "invasive_ventilation")
_MASKS = ("simple_mask", "venturi_mask", "partial_rebreather", "non_rebreather", "face_tent")

ANY_OXYGEN = IsIn("oxygen_device", tuple(v for v in CONCEPTS["oxygen_device"].values if v != "room_air"),
                  says="oxygen or ventilatory support")
CALLED_HIGH_FLOW = IsIn("oxygen_device", ("high_flow_nasal_cannula",), _UNCLEAR, says="high-flow nasal cannula")
PLAIN_CANNULA = IsIn("oxygen_device", ("nasal_cannula",), _UNCLEAR, says="nasal cannula")
MASK = IsIn("oxygen_device", _MASKS, _UNCLEAR, says="facemask, Venturi mask, partial or non-rebreather mask or face tent")
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """The inspired oxygen that devices deliver where none is charted: at least ``at_least``, or by ``base`` + ``per_litre`` x flow (L/min).

    With neither, the device does not tell it.
    """

    devices: tuple[str, ...]
    says: str
    cites: str
    mark: Mark
    at_least: float | None = None
    base: float | None = None
    per_litre: float = 0.0


ESTIMATED_FIO2 = (
    Estimate(("nasal_cannula", "low_flow_nasal_cannula"), "a nasal cannula delivers 0.20 + 0.04 per L/min, so below 5 L/min less than 40%; "
             "from there on it is not told", "nasalfio2:rule", Mark.MEMORY, base=0.20, per_litre=0.04),
    Estimate(("high_flow_nasal_cannula",), "a high-flow cannula counts as 40% or more", "tocsin:inspired-oxygen", Mark.DECISION, at_least=0.40),
    Estimate(("cpap", "bipap", "noninvasive_ventilation"), "non-invasive support counts as 40% or more", "tocsin:inspired-oxygen",
             Mark.DECISION, at_least=0.40),
    Estimate(("partial_rebreather", "non_rebreather"), "a rebreather mask counts as 40% or more", "tocsin:inspired-oxygen", Mark.DECISION,
             at_least=0.40),
    Estimate(("simple_mask", "venturi_mask", "face_tent", "blow_by", "oxygen_unspecified"), "a simple or Venturi mask, face tent or blow-by "
             "does not tell it", "tocsin:inspired-oxygen", Mark.DECISION),
    Estimate(("invasive_ventilation",), "a ventilator does not tell it, and is graded as such", "tocsin:inspired-oxygen", Mark.DECISION),
)
"""What every scale takes the inspired oxygen to be where no fraction is charted; a charted fraction always decides."""

ESTIMATED_FIO2_NOTE = "Where no inspired fraction is charted: " + "; ".join(e.says for e in ESTIMATED_FIO2) + "."

ESTIMATE_FIO2 = Setting(
    "estimate_fio2_from_flow", True, "", "a cannula below 5 L/min delivers less than 40% oxygen (0.20 + 0.04 per L/min)", "nasalfio2:rule",
    Mark.MEMORY)
"""The setting of every scale that asks for the inspired fraction."""


def fio2_at_least_40(estimate_from_flow: bool) -> Named:
    """Inspired oxygen of 40% or more: charted, or by what the device delivers (``ESTIMATED_FIO2``).

    ``estimate_from_flow``: the flow of a cannula rules it out.
    """
    limit = 0.40
    assumed = tuple(d for e in ESTIMATED_FIO2 if e.at_least is not None and e.at_least >= limit for d in e.devices)
    counts_as_high = IsIn("oxygen_device", assumed, _UNCLEAR, says="high flow, non-invasive support or a rebreather mask")
    charted_below = Named("fio2_charted_below_40", charted(_FIO2.below(limit)), says="an inspired fraction below 40% is charted",
                          cites="tocsin:inspired-oxygen", mark=str(Mark.DECISION))
    out: Predicate = ANY_OXYGEN & (_FIO2.at_least(limit) | (counts_as_high & ~charted_below))
    for rule in ESTIMATED_FIO2:
        if estimate_from_flow and rule.base is not None:
            flow = round((limit - rule.base) / rule.per_litre, 9)
            low = IsIn("oxygen_device", rule.devices, _UNCLEAR, says="nasal cannula") & charted(_FLOW.below(flow)) & ~charted(
                _FIO2.at_least(limit))
            out = out & ~Named("estimated_below_40", charted(low), says=f"nasal cannula below {flow:g} L/min", cites=rule.cites,
                               mark=str(rule.mark))
    return Named(
        "fio2_40", out, says="inspired oxygen of 40% or more (charted, or high flow, non-invasive support or a rebreather mask without "
        "a charted fraction)", cites="tocsin:inspired-oxygen", mark=str(Mark.DECISION), reading=ESTIMATED_FIO2_NOTE,
    )
