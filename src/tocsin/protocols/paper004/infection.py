"""Infection beside CRS: antibiotics and filgrastim in neutropenic fever, whatever the fever is put down to.

The work-up of fever in CRS (C1.2) and ruling out infection in early CRS (INF1) stand with CRS by grade; sepsis in intensive care with that.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.protocols.paper004.shared import TABLE2, Settings, cartox, crs_episode, neutropenic
from tocsin.protocols.protocol import Chapter, Dose, Rule
from tocsin.timeline import ATTRIBUTIONS

ANTIBIOTICS = ("antibiotic", "cefmetazole", "imipenem")


def infection(settings: Settings) -> Chapter:
    """The chapter of infection."""
    graded = cartox()
    fever = FEVER & neutropenic(settings)
    rules = (
        Rule("C1.3a", "Empirical broad-spectrum antibiotics", fever, f"{TABLE2}:G1", Mark.SOURCE,
             "If neutropenic, empirical broad-spectrum antibiotics", drug="antibiotic", dose=Dose(as_told="agent and dose by local practice"),
             answers=ANTIBIOTICS,
             reading="The paper writes \"antibiotics like filgrastim\": filgrastim is a growth factor. The original asks for antibiotics and filgrastim, "
                     "two things (li2022). Fever counts whatever it is put down to."),
        Rule("C1.3b", "Filgrastim", fever, f"{TABLE2}:G1", Mark.VERIFIED, "If neutropenic, ... filgrastim", drug="filgrastim",
             dose=Dose(as_told="no dose in the paper"), answers=("filgrastim",), reading="See C1.3a."),
    )
    return Chapter("Infection", graded, rules, crs_episode(), counts=ATTRIBUTIONS)
