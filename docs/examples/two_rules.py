"""A protocol of an invented hospital in one Python file: two rules, which cite the hospital's own document."""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.protocols.drugs import tocilizumab, tocilizumab_settings
from tocsin.protocols.protocol import Chapter, Dose, Protocol, Rule
from tocsin.rules import Measure, settled
from tocsin.scales import scale

SOP = "local:Ward SOP 14, 2025-06-02"
SETTINGS = tocilizumab_settings(8.0, "our SOP and the label 8", SOP, Mark.DECISION)


def two_rules(**given: object) -> Protocol:
    """The protocol with the given settings."""
    settings = settled(SETTINGS, given)
    astct = scale("astct-crs-2019")
    dose, blocks = tocilizumab(settings, SOP, Mark.DECISION)
    neutropenic = Measure("neutrophils", "10^9/L").below(0.5)
    rules = (
        Rule("W1", "Antibiotics within the hour", FEVER & neutropenic, SOP, Mark.DECISION, "Fever and neutrophils below 0.5: antibiotics within 1 h",
             drug="antibiotic", dose=Dose(as_told="agent by the ward's list"), answers=("antibiotic",),
             reading="Whether they came within the hour is for the audit: tocsin audit --within-hours 1."),
        Rule("W2", "Give tocilizumab", astct.at_least(2), SOP, Mark.DECISION, "CRS of grade 2 or more: tocilizumab", drug="tocilizumab", dose=dose,
             route="IV", blocked_by=blocks, answers=("tocilizumab",), reading="The grade is that of the ASTCT, with or without a fluid bolus."),
    )
    return Protocol(
        id="two-rules", title="Two rules of our ward (ASTCT grades)", chapters=(Chapter("CRS", astct, rules, astct.episode),),
        cites=(SOP, "lee2019:table"), settings=settings, setting_docs=SETTINGS)


BUILDERS = {"two-rules": two_rules}
