"""Papilloedema, raised intracranial pressure and cerebral oedema in paper 004: what CARTOX gives by stage, and monitoring in intensive care.

Source: chinthapalli2023 for monitoring; the treatment by stage is from memory of neelapu2018.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.protocols.drugs import METHYLPREDNISOLONE_TAPER, SPINAL_PLATELETS, interval
from tocsin.protocols.paper004.neuro_grades import (
    CHILD,
    CRES,
    NEURO_CITES,
    OEDEMA,
    PRESSURE_OR_OEDEMA,
    SEVERE_PAPILLOEDEMA,
    THREE_DAYS,
    neurotoxicity,
)
from tocsin.protocols.parts import ICANS_FINDINGS
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import Doses, Either, Measure, Named, present
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_S, _M = Mark.SOURCE, Mark.MEMORY
_PAPILLOEDEMA = Either(Measure("papilloedema_stage", "points").at_least(1.0), present("papilloedema"))
_ACETAZOLAMIDE = Doses(("acetazolamide",), "acetazolamide", "acetazolamide", hours=24.0)


def brain_pressure() -> Chapter:
    """The chapter of raised intracranial pressure."""
    mild = Named("papilloedema_without_oedema", _PAPILLOEDEMA & ~PRESSURE_OR_OEDEMA,
                 "papilloedema of stage 1 or 2, without cerebral oedema and with an opening pressure below 20 mmHg", cites="neelapu2018:CRES", mark="M",
                 reading="Stages of Frisen. Of an untold stage it stays open.")
    high = PRESSURE_OR_OEDEMA
    twelve = interval("acetazolamide", 12.0, NEURO_CITES, _M)
    osmotic = Block("OSMOTIC-INTERVAL", Doses(("mannitol", "hypertonic_saline"), "mannitol", "mannitol or hypertonic saline", hours=6.0),
                    "mannitol or hypertonic saline was given less than 6 h ago: sodium and osmolality first (from memory of CARTOX)", NEURO_CITES, _M)
    watch = "The dose follows kidney function and acid-base balance, looked at once or twice a day (from memory)."
    rules = (
        Rule("P1", "Acetazolamide, first dose 1000 mg", mild & ~_ACETAZOLAMIDE, NEURO_CITES, _M, "Acetazolamide 1000 mg IV, then 250 to 1000 mg every 12 h",
             drug="acetazolamide", dose=Dose(1000.0), route="IV", answers=("acetazolamide",), reading=f"First: none within 24 h. {watch}", remarks=(CHILD,)),
        Rule("P2", "Acetazolamide 250 to 1000 mg every 12 h", mild & _ACETAZOLAMIDE, NEURO_CITES, _M,
             "Acetazolamide 1000 mg IV, then 250 to 1000 mg every 12 h", drug="acetazolamide", dose=Dose(as_told="250 to 1000 mg every 12 h"), route="IV",
             blocked_by=(twelve,), answers=("acetazolamide",), reading=watch, remarks=(CHILD,)),
        Rule("P3", "Lumbar puncture, to measure the pressure and relieve it", _PAPILLOEDEMA & ~SEVERE_PAPILLOEDEMA, NEURO_CITES, _M,
             "Lumbar puncture for relief of pressure", answers=("csf_pressure",),
             blocked_by=(Block("LP-OEDEMA", OEDEMA, "there is cerebral oedema on imaging", NEURO_CITES, _M), SPINAL_PLATELETS),
             reading="Papilloedema of stage 1 or 2. Imaging goes before it: whether there is oedema must be known."),
        Rule("P4", "Raise the head of the bed to 30 degrees", high, NEURO_CITES, _M, "Head of the bed at 30 degrees"),
        Rule("P5", "Hyperventilate to a PaCO2 of 28 to 30 mmHg, for 24 h at most", high, NEURO_CITES, _M, "Hyperventilation to PaCO2 28 to 30 mmHg, for no "
             "longer than 24 h", answers=("paco2",), reading="Needs a ventilator. The 24 h are not counted here."),
        Rule("P6", "Mannitol", high, NEURO_CITES, _M, "Hyperosmolar therapy: mannitol 0.5 to 1 g/kg, or hypertonic saline (3% or 23.4%)", drug="mannitol",
             dose=Dose(as_told="0.5 to 1 g/kg", unit="g"), route="IV", answers=("mannitol",), blocked_by=(osmotic,),
             reading="First dose; how it is repeated depends on the osmolality of serum, which is no input here."),
        Rule("P6h", "Or hypertonic saline (3% or 23.4%) instead of mannitol", high, NEURO_CITES, _M,
             "Hyperosmolar therapy: mannitol 0.5 to 1 g/kg, or hypertonic saline (3% or 23.4%)", drug="hypertonic_saline",
             dose=Dose(as_told="no volume in the source as read", unit="mL"), route="IV", answers=("hypertonic_saline",), instead_of="P6",
             blocked_by=(osmotic, Block("SODIUM-155", Measure("sodium", "mmol/L").at_least(155.0), "sodium is 155 mmol/L or more (from memory of CARTOX)",
                               NEURO_CITES, _M),)),
        Rule("P7", "Consult neurosurgery", high, NEURO_CITES, _M, "Neurosurgical consultation"),
        Rule("P8", "Methylprednisolone 1 g a day", high, NEURO_CITES, _M, "Methylprednisolone 1 g a day", drug="methylprednisolone",
             dose=Dose(1000.0, every_hours=24.0), route="IV", blocked_by=(interval("methylprednisolone", 24.0, "jcm2023:table1", Mark.VERIFIED), THREE_DAYS),
             answers=CORTICOSTEROIDS, reading=METHYLPREDNISOLONE_TAPER, remarks=(CHILD,)),
        Rule("P9", "Consider invasive measurement of intracranial pressure, and neuroprotective treatment", neurotoxicity(3), "chinthapalli2023:icu", _S,
             "More intrusive intracranial pressure measuring and improved neuroprotective therapy may be required for individuals with neurotoxicity",
             optional=True, remarks=((SPINAL_PLATELETS.predicate, "Platelets are below 50 x10^9/L: a probe may bleed (from memory)."),),
             reading="The paper names no grade; it speaks of intensive care, where grade 3 or more is treated."),
    )
    return Chapter("Raised intracranial pressure and cerebral oedema", CRES, rules, CRES.episode, counts=("crs", "unknown"), counts_also=ICANS_FINDINGS)
