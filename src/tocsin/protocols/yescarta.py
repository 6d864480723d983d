"""The management of CRS by grade in the current US label of axicabtagene ciloleucel, as data, from memory.

Source: yescarta_label, none of which was re-read: every rule here must be checked against the label before anybody relies on it.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.protocols.drugs import interval, tocilizumab, tocilizumab_settings
from tocsin.protocols.parts import COURSE_HOURS
from tocsin.protocols.protocol import Block, Chapter, Dose, Protocol, Rule
from tocsin.rules import Doses, EpisodeFor, Named, Predicate, Setting, settled
from tocsin.scales import scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_M = Mark.MEMORY
_LABEL = "yescarta_label"
SETTINGS = (
    *tocilizumab_settings(8.0, "label and ASCO 8; CARTOX 6", f"{_LABEL}:G2", _M),
    Setting("tocilizumab_after_hours", 24.0, "h", "grade 1 that has lasted so long asks for tocilizumab", f"{_LABEL}:G1", _M, minimum=6, maximum=96),
    Setting("steroid_after_days", 3.0, "days", "grade 1 that has lasted so long asks for dexamethasone", f"{_LABEL}:G1", _M, minimum=1, maximum=14),
)
_CLOCK = "The clock starts with the episode of CRS. From memory of the label."


def yescarta(**given: object) -> Protocol:
    """The label of axicabtagene ciloleucel with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    lee = scale("lee2014-crs")

    def crs(grade: int) -> Predicate:
        return Named(f"lee_{grade}", lee.at_least(grade), f"Lee 2014 CRS grade {grade} or more", cites="lee2014:table", mark="V")

    def lasted(hours: float) -> Predicate:
        return crs(1) & Named(f"lasted_{hours:g}", EpisodeFor(lee.episode.onset, hours), f"the episode of CRS began at least {hours:g} h ago and goes on",
                              cites=f"{_LABEL}:G1", mark="M")

    toci, toci_blocks = tocilizumab(settings, f"{_LABEL}:G2", _M)

    def toci_rule(code: str, when: Predicate, cell: str, text: str, reading: str = "From memory of the label.") -> Rule:
        return Rule(code, "Give tocilizumab", when, f"{_LABEL}:{cell}", _M, text, drug="tocilizumab", dose=toci, route="IV over 1 h",
                    blocked_by=toci_blocks, answers=("tocilizumab",), reading=reading)

    def dex_rule(code: str, when: Predicate, cell: str, text: str, dose: Dose, block: Block, reading: str) -> Rule:
        return Rule(code, "Give dexamethasone", when, f"{_LABEL}:{cell}", _M, text, drug="dexamethasone", dose=dose, route="IV", blocked_by=(block,),
                    answers=CORTICOSTEROIDS, reading=reading)

    def since_last(hours: float, cell: str) -> Block:
        return Block(f"DEXA-INTERVAL-{hours:g}", Doses(("dexamethasone",), "dexamethasone", "dexamethasone", hours=hours),
                     f"dexamethasone was given less than {hours:g} h ago", f"{_LABEL}:{cell}", _M)

    once = Block("DEXA-ONCE", Doses(("dexamethasone",), "dexamethasone", "dexamethasone", hours=COURSE_HOURS),
                 f"dexamethasone was given within {COURSE_HOURS:g} h; this cell asks for one dose", f"{_LABEL}:G1", _M)
    own = "From the next grade on that cell's dose holds. From memory of the label."
    rules = (
        toci_rule("Y1.1", lasted(float(settings["tocilizumab_after_hours"])), "G1", "No improvement after 24 h: tocilizumab", _CLOCK),
        dex_rule("Y1.2", lasted(24.0 * float(settings["steroid_after_days"])) & ~crs(2), "G1", "After 3 days: dexamethasone 10 mg once", Dose(10.0), once,
                 _CLOCK),
        toci_rule("Y2.1", crs(2), "G2", "Tocilizumab every 8 h, at most 3 doses in 24 h and 4 in all"),
        dex_rule("Y2.2", crs(2) & ~crs(3), "G2", "Dexamethasone 10 mg a day", Dose(10.0, every_hours=24.0), since_last(24.0, "G2"), own),
        toci_rule("Y3.1", crs(3), "G3", "Tocilizumab"),
        dex_rule("Y3.2", crs(3) & ~crs(4), "G3", "Dexamethasone 10 mg three times a day", Dose(10.0, every_hours=8.0), since_last(8.0, "G3"), own),
        toci_rule("Y4.1", crs(4), "G4", "Tocilizumab"),
        Rule("Y4.2", "Methylprednisolone 1000 mg a day for 3 days", crs(4), f"{_LABEL}:G4", _M, "Methylprednisolone 1000 mg a day for 3 days",
             drug="methylprednisolone", dose=Dose(1000.0, every_hours=24.0), route="IV",
             blocked_by=(interval("methylprednisolone", 24.0, f"{_LABEL}:G4", _M),), answers=CORTICOSTEROIDS,
             reading="Asked for while the grade is 4; the end after 3 days is for the clinician. From memory of the label."),
    )
    return Protocol(
        id="yescarta-label", title="CRS by grade in the US label of axicabtagene ciloleucel (from memory, Lee grades)",
        chapters=(Chapter("CRS", lee, rules, lee.episode),), cites=(_LABEL, "lee2014:table"), settings=settings, setting_docs=SETTINGS,
        notes=("Every rule is from memory of the label, and which edition is not known: check before relying on any.",
               "That its grades are those of Lee 2014 is from memory too.",
               "Its part on neurotoxicity is absent: it was not read."),
    )


BUILDERS = {"yescarta-label": yescarta}
