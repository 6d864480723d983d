"""Doses, intervals and maxima that the protocols share, each with its source (labels and guidelines)."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.protocols.protocol import Block, Dose
from tocsin.rules import Doses, Measure, Setting, charted, present

_TABLE2 = "chinthapalli2023:table2:G2-hypotension"
TOCILIZUMAB_LABEL_HOURS = 8.0
"""Least time between two doses of tocilizumab by the label (kymriah, section 2.4)."""


def tocilizumab_settings(hours: float, what: str, cites: str, mark: Mark) -> tuple[Setting, ...]:
    """The numbers of tocilizumab that a hospital may change; the interval is the guideline's own."""
    return (
        Setting("tocilizumab_interval_hours", hours, "h", f"least time between two doses of tocilizumab ({what})", cites, mark, minimum=1,
                maximum=48),
        Setting("tocilizumab_max_24h", 3.0, "doses", "most doses of tocilizumab in 24 hours", "asco2021:tocilizumab", Mark.VERIFIED, minimum=1,
                maximum=10, whole=True),
        Setting("tocilizumab_max_total", 4.0, "doses", "most doses of tocilizumab in all", "kymriah:2.4", Mark.VERIFIED, minimum=1, maximum=20, whole=True),
        Setting("tocilizumab_cap_mg", 800.0, "mg", "most tocilizumab in one dose", "kymriah:2.4", Mark.VERIFIED, minimum=80, maximum=800),
        Setting("tocilizumab_light_mg_per_kg", 12.0, "mg/kg", "tocilizumab below 30 kg (label); the guidelines for adults name 8 mg/kg only and "
                "do not speak of children", "kymriah:2.4", Mark.VERIFIED, minimum=8, maximum=12),
    )


TOCILIZUMAB_SETTINGS = tocilizumab_settings(6.0, "this paper and CARTOX 6; label and ASCO 8", _TABLE2, Mark.SOURCE)
"""Those of paper 004."""



def tocilizumab(
    settings: Mapping[str, float | bool], cites: str = _TABLE2, mark: Mark = Mark.SOURCE
) -> tuple[Dose, tuple[Block, ...]]:
    """Tocilizumab 8 mg/kg (below 30 kg 12 mg/kg), at most 800 mg, and what blocks it; ``cites`` and ``mark`` are those of the interval."""
    interval = float(settings["tocilizumab_interval_hours"])
    daily, total = int(settings["tocilizumab_max_24h"]), int(settings["tocilizumab_max_total"])
    given = ("tocilizumab",)
    dose = Dose(per_kg=8.0, cap=float(settings["tocilizumab_cap_mg"]), light_below_kg=30.0,
                light_per_kg=float(settings["tocilizumab_light_mg_per_kg"]))
    blocks = (
        Block("TOCI-INTERVAL", Doses(given, "tocilizumab", "tocilizumab", hours=interval),
              f"tocilizumab was given less than {interval:g} h ago", cites, mark),
        Block("TOCI-24H", Doses(given, "tocilizumab", "tocilizumab", daily, 24.0),
              f"{daily} doses of tocilizumab were given within 24 h", "asco2021:tocilizumab", Mark.VERIFIED),
        Block("TOCI-TOTAL", Doses(given, "tocilizumab", "tocilizumab", total),
              f"{total} doses of tocilizumab were given in all", "kymriah:2.4", Mark.VERIFIED),
    )
    return dose, blocks


SILTUXIMAB = Dose(per_kg=11.0)
SILTUXIMAB_ONCE = Block("SILT-ONCE", Doses(("siltuximab",), "siltuximab", "siltuximab"), "siltuximab is given once", "li2022:siltuximab",
                        Mark.MEMORY)
"""Siltuximab 11 mg/kg, once (chinthapalli2023 and li2022; "once" from memory of the label)."""


def not_both(given: str, hours: float) -> Block:
    """Tocilizumab and siltuximab are offered one instead of the other: neither follows the other (``given``) sooner than a dose is repeated."""
    other = {"tocilizumab": "siltuximab", "siltuximab": "tocilizumab"}[given]
    return Block(f"{given.upper()}-JUST-GIVEN", Doses((given,), given, given, hours=hours),
                 f"{given} was given less than {hours:g} h ago, and {other} is its alternative", _TABLE2, Mark.DECISION,
                 unknown_blocks=given == "tocilizumab")


def interval(drug: str, hours: float, cites: str, mark: Mark) -> Block:
    """No second dose of ``drug`` within ``hours``."""
    return Block(f"{drug.upper()}-INTERVAL", Doses((drug,), drug, drug, hours=hours), f"{drug} was given less than {hours:g} h ago", cites, mark)


METHYLPREDNISOLONE_TAPER = ("CARTOX-type taper: 1000 mg/day for 3 days, 250 mg every 12 h for 2, 125 mg every 12 h for 2, 60 mg every 12 h for 2 "
                            "(jcm2023).")

IBUPROFEN_PLATELETS = Block(
    "IBU-PLATELETS", Measure("platelets", "10^9/L").below(50.0), "platelets are below 50 x10^9/L (contraindication from memory)",
    "li2022:ibuprofen", Mark.MEMORY)
IBUPROFEN_BLEEDING = Block("IBU-BLEEDING", charted(present("bleeding", ask=False)), "there is bleeding (contraindication from memory)",
                           "li2022:ibuprofen", Mark.MEMORY)
"""The paper says "if not contraindicated" without a list; platelets, bleeding and kidney are from memory."""

SPINAL_PLATELETS = Block(
    "SPINAL-PLATELETS", Measure("platelets", "10^9/L").below(50.0), "platelets are below 50 x10^9/L, too few for a lumbar puncture (from memory)",
    "platelet_practice:lumbar puncture", Mark.MEMORY)
"""The papers name no limit for the puncture."""

ONE_STEROID = (Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=24.0),
               "Methylprednisolone was given within 24 h: one corticosteroid at a time, in the higher dose.")
"""Said beside dexamethasone that another chapter asks for."""
