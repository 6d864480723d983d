"""How corticosteroids are taken off: the dated steps of methylprednisolone after CRS of grade 4, and the taper once CRS improves.

The paper says when (chinthapalli2023, specific treatments) and gives no steps; those are of the CARTOX type (jcm2023).
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.protocols.paper004.shared import CHILD, TABLE2, Settings, cartox, crs_episode, crs_grade
from tocsin.protocols.parts import COURSE_HOURS, ICANS_FINDINGS, STEROID_TODAY
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import Doses, IsIn, Lasting, Measure, Named, Observed, Or, Setting, charted
from tocsin.scales import scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

SETTINGS = (
    Setting("taper_at_grade", 1.0, "grade", "CRS has improved, so that corticosteroids are taken off, when its grade has fallen to this or below",
            "tocsin:taper", Mark.DECISION, minimum=0, maximum=2),
)
PULSE_FIRST_HOURS = 72.0
_STEPS = (("C4.1b", 250.0, 72.0, 120.0, "days 4 and 5"), ("C4.1c", 125.0, 120.0, 168.0, "days 6 and 7"), ("C4.1d", 60.0, 168.0, 216.0, "days 8 and 9"))
"""Code, mg every 12 h, from and to which hour of the course, and the days in words (jcm2023)."""
_END = 216.0
_SCHEDULE = "1000 mg/day for 3 days, 250 mg every 12 h for 2 days, 125 mg every 12 h for 2 days, 60 mg every 12 h for 2 days"
PULSE_READING = ("The clock starts when methylprednisolone is given and CRS is of grade 4, and runs on when the grade falls; doses within "
                 f"{COURSE_HOURS:g} h of each other are one course. Methylprednisolone given before grade 4 is reached starts no clock.")
ADULT_DOSES = "The doses are those of adults: the source does not speak of children."
_TODAY = Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=24.0)


def on_pulse(settings: Settings) -> Named:
    """A course of methylprednisolone goes on in which CRS was of grade 4."""
    course = Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=COURSE_HOURS)
    return Named(
        "methylprednisolone_for_grade_4", course & Observed(crs_grade(settings, 4), _END + 24.0),
        "a course of methylprednisolone in which CRS was of grade 4", cites="tocsin:course", mark="D", reading=PULSE_READING)


def in_its_place(settings: Settings) -> tuple[Block, Block]:
    """No dexamethasone in CRS of grade 4, nor while its methylprednisolone goes on; what is not known does not hold a corticosteroid back."""
    where = f"{TABLE2}:G4-hypotension"
    return (
        Block("GRADE-4", crs_grade(settings, 4), "CRS is of grade 4: methylprednisolone (C4.1) takes its place", where, Mark.SOURCE, unknown_blocks=False),
        Block("METHYLPREDNISOLONE-COURSE", on_pulse(settings), "the methylprednisolone of grade 4 takes its place", where, Mark.SOURCE,
              unknown_blocks=False),
    )


def since_pulse(settings: Settings, hours: float) -> Named:
    """The course for grade 4 began at least ``hours`` ago."""
    return Named(f"pulse_{hours:g}", Lasting(on_pulse(settings), hours), f"methylprednisolone for CRS of grade 4 began at least {hours:g} h ago",
                 cites="jcm2023:table1", mark="V")


def _icans() -> Named:
    """ICANS of grade 2 or more by what every patient at risk is examined for."""
    looked_at = ("ICE2", "CAPD3", "CONSC2", "SEIZ3")
    claims = tuple(c.predicate for c in scale("astct-icans-2019").criteria if c.code in looked_at)
    other_score = charted(Measure("cartox10_score", "points", ask=False).at_most(6.0))
    return Named("icans_2", Or((*claims, other_score)), "ICANS of grade 2 or more by ICE or CAPD, consciousness or a seizure, or CARTOX-10 of 6 or less",
                 cites="icans_adult:table", mark="V", reading="Weakness and signs of cerebral oedema are not looked at here.")


def steroids(settings: Settings) -> Chapter:
    """The chapter of the steroid taper."""
    limit = int(settings["taper_at_grade"]) + 1
    above = crs_grade(settings, limit)
    improved = STEROID_TODAY & Observed(above, float("inf")) & ~above
    icans = Block("STEROID-ICANS", _icans(), "ICANS of grade 2 or more is treated with corticosteroids: its own rules say when they end",
                  "chinthapalli2023:specific treatments", Mark.SOURCE)
    hlh = Block("STEROID-HLH", charted(IsIn("hlh", ("suspected", "present"), says="HLH suspected or diagnosed by a clinician", ask=False)),
                "HLH that a clinician suspects or has diagnosed is treated with corticosteroids (H1d)", "chinthapalli2023:HLH", Mark.SOURCE)
    every_12 = Block("METHYLPREDNISOLONE-INTERVAL-12", Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=12.0),
                     "methylprednisolone was given less than 12 h ago", "jcm2023:table1", Mark.VERIFIED)
    pulse = on_pulse(settings)
    steps = tuple(
        Rule(code, f"Step methylprednisolone down to {dose:g} mg every 12 h ({days} of the course)",
             since_pulse(settings, start) & ~since_pulse(settings, end), "jcm2023:table1", Mark.VERIFIED, f"Methylprednisolone {_SCHEDULE}",
             drug="methylprednisolone", dose=Dose(dose, every_hours=12.0), route="IV", blocked_by=(every_12,), answers=CORTICOSTEROIDS,
             remarks=((CHILD, ADULT_DOSES),), reading=PULSE_READING)
        for code, dose, start, end, days in _STEPS)
    rules = (
        *steps,
        Rule("C4.1e", "Stop methylprednisolone: the nine days of its schedule are over", since_pulse(settings, _END) & _TODAY & ~crs_grade(settings, 4),
             "jcm2023:table1", Mark.VERIFIED, f"Methylprednisolone {_SCHEDULE}",
             reading="While CRS is still of grade 4 nothing is said: the sources do not speak of it, and the ladder of refractory CRS (R1 to R3) holds."),
        Rule("ST1", "Taper the corticosteroid: CRS has improved", improved, "chinthapalli2023:specific treatments", Mark.SOURCE,
             "Whenever CRS symptoms improve, steroids should be appropriately taken off", blocked_by=(icans, hlh),
             remarks=((pulse, "The steps after methylprednisolone for grade 4 are C4.1b to C4.1d."),),
             reading="\"Improve\" is not defined: the grade was above that of the setting taper_at_grade and has fallen to it or below. A corticosteroid is "
                     "one given within 24 h. The paper gives no steps; those of jcm2023 after grade 4 are rules of their own. A corticosteroid that is "
                     "needed for something else, such as HLH by its rule alone or adrenal insufficiency, is the clinician's to know."),
    )
    graded = cartox()
    return Chapter("Taking corticosteroids off", graded, rules, crs_episode(), counts_also=ICANS_FINDINGS)
