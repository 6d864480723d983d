"""The management of CRS by grade of the UF Health guide 2026, as data.

Source: uf2026, version 1.0, the part on CRS.  Its grades are those of the ASTCT.  Compared with ASCO 2021 it gives dexamethasone
before tocilizumab, and tocilizumab for fever sooner.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.protocols.drugs import interval, tocilizumab, tocilizumab_settings
from tocsin.protocols.parts import COURSE_HOURS, ICANS_FINDINGS, STEROID_COURSE, TOCILIZUMAB_COURSE, refractory, since_first
from tocsin.protocols.protocol import Block, Chapter, Dose, Protocol, Rule
from tocsin.rules import Doses, EpisodeFor, Named, Predicate, Setting, Within, settled
from tocsin.scales import scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_V, _D = Mark.VERIFIED, Mark.DECISION
SETTINGS = (
    *tocilizumab_settings(8.0, "this guide, ASCO and label 8; CARTOX 6", "uf2026:G2", _V),
    Setting("fever_hours", 48.0, "h", "how long fever lasts, since its onset in this episode, before tocilizumab is asked for", "uf2026:G1", _V,
            minimum=12, maximum=336),
    Setting("early_onset_hours", 72.0, "h", "CRS that begins within so many hours of the infusion is early in onset", "uf2026:G1", _V, minimum=12,
            maximum=240),
    Setting("steroid_hours", 12.0, "h", "grade 2 that is still there so long after the first dexamethasone asks for tocilizumab", "uf2026:G2", _V,
            minimum=6, maximum=72),
    Setting("no_improvement_hours", 24.0, "h", "grade 2 that is still there so long after the first tocilizumab is managed as grade 3", "uf2026:G2", _V,
            minimum=6, maximum=96),
    Setting("refractory_hours", 24.0, "h", "CRS is refractory when the grade has not fallen by one within this time of the second tocilizumab "
            "or of a corticosteroid", "tocsin:refractory", _D, minimum=6, maximum=96),
)
_STILL = "\"No improvement\" is grade 2 that is still there; what the grade was at the dose is not compared."


def uf2026(**given: object) -> Protocol:
    """The UF Health guide with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    astct, neuro = scale("astct-crs-2019"), scale("astct-icans-2019")

    def crs(grade: int) -> Predicate:
        return Named(f"crs_{grade}", astct.at_least(grade), f"ASTCT CRS grade {grade} or more", cites="lee2019:table", mark="V")

    toci, toci_blocks = tocilizumab(settings, "uf2026:G2", _V)
    after_steroid, after_toci = float(settings["steroid_hours"]), float(settings["no_improvement_hours"])
    as_grade_3 = Named("as_grade_3", crs(3) | (crs(2) & since_first(TOCILIZUMAB_COURSE, after_toci)),
                       f"ASTCT CRS grade 3 or more, or grade 2 that is still there {after_toci:g} h after the first tocilizumab", cites="uf2026:G2", mark="V")
    early_hours = float(settings["early_onset_hours"])
    early = Named("early_onset", Within(FEVER, 0.0, early_hours), f"fever began within {early_hours:g} h of the infusion", cites="uf2026:G1", mark="V")
    dexamethasone = Doses(("dexamethasone",), "dexamethasone", "dexamethasone", hours=COURSE_HOURS)
    mp_day = Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=24.0)
    mp_course = Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=COURSE_HOURS)
    hard = refractory(TOCILIZUMAB_COURSE | STEROID_COURSE, crs, float(settings["refractory_hours"]))
    icans = Block("ICANS", Named("icans", neuro.at_least(1), "ICANS of any grade", cites="icans_adult:table", mark="V"),
                  "there is ICANS, in which this cell avoids tocilizumab", "uf2026:G1", _V)

    def dex_block(hours: float, cell: str) -> Block:
        return Block(f"DEXA-INTERVAL-{hours:g}", Doses(("dexamethasone",), "dexamethasone", "dexamethasone", hours=hours),
                     f"dexamethasone was given less than {hours:g} h ago", f"uf2026:{cell}", _V)

    def dex_rule(code: str, action: str, when: Predicate, cell: str, hours: float, text: str, reading: str) -> Rule:
        return Rule(code, action, when, f"uf2026:{cell}", _V, text, drug="dexamethasone", dose=Dose(10.0, every_hours=hours), route="IV",
                    blocked_by=(dex_block(hours, cell),), answers=CORTICOSTEROIDS, reading=reading)

    def toci_rule(code: str, when: Predicate, cell: str, text: str, reading: str, *more: Block) -> Rule:
        return Rule(code, "Give tocilizumab", when, f"uf2026:{cell}", _V, text, drug="tocilizumab", dose=toci, route="IV",
                    blocked_by=(*toci_blocks, *more), answers=("tocilizumab",),
                    reading=f"{reading} The dose is that of the label: 8 mg/kg, below 30 kg 12 mg/kg.".strip())

    every = float(settings["tocilizumab_interval_hours"])
    rules = (
        Rule("U1.1", "Acetaminophen 650 mg as needed", crs(1) & FEVER, "uf2026:G1", _V, "Acetaminophen 650 mg every 6 h as needed", drug="acetaminophen",
             dose=Dose(650.0, every_hours=6.0), blocked_by=(interval("acetaminophen", 6.0, "uf2026:G1", _V),),
             answers=("acetaminophen", "antipyretic"), reading="An adult dose; needed: fever now."),
        dex_rule("U1.2", "Dexamethasone for CRS of early onset", crs(1) & ~crs(2) & early, "G1", 24.0,
                 "Dexamethasone 10 mg every 24 h for early onset (within 72 h of the infusion)",
                 "Early: the first fever came within that time of the infusion. From grade 2 on that cell's dose holds."),
        toci_rule("U1.3", crs(1) & ~crs(2) & EpisodeFor(FEVER, float(settings["fever_hours"])) & FEVER, "G1",
                  "Tocilizumab if fever lasts more than 48 h; avoid if ICANS", "The clock starts at the first fever of the episode.", icans),
        dex_rule("U2.1", "Dexamethasone, once; may be repeated after 12 h", crs(2) & ~as_grade_3, "G2", 12.0,
                 "Dexamethasone 10 mg once, may repeat every 12 h", "From grade 3 on that cell's dose holds."),
        toci_rule("U2.2", crs(2) & since_first(dexamethasone, after_steroid), "G2",
                  "No improvement after 12 h: tocilizumab every 8 h, at most 3 doses in 24 h and 4 in all",
                  f"The clock starts at the first dexamethasone. {_STILL} From grade 3 on it is not awaited (U3.3)."),
        Rule("U3.1", "Intensive care", as_grade_3, "uf2026:G3", _V, "Intensive care", reading=_STILL),
        dex_rule("U3.2", "Dexamethasone", as_grade_3 & ~crs(4), "G3", 6.0, "Dexamethasone 10 mg every 6 h",
                 "In grade 4 methylprednisolone takes its place after one dose."),
        toci_rule("U3.3", as_grade_3, "G3", f"Tocilizumab every {every:g} h", "In grade 4 too."),
        dex_rule("U4.1", "Dexamethasone at once, before methylprednisolone", crs(4) & ~mp_day, "G4", 6.0, "Dexamethasone 10 mg at once",
                 "Asked for until methylprednisolone was given within 24 h; not within 6 h of the last dose, the interval of grade 3."),
        Rule("U4.2", "Methylprednisolone 1000 mg a day for 3 days", crs(4) & ~(hard & mp_day), "uf2026:G4", _V,
             "Then methylprednisolone 1000 mg every 24 h for 3 days", drug="methylprednisolone", dose=Dose(1000.0, every_hours=24.0), route="IV",
             blocked_by=(Block("MP-INTERVAL-24", mp_day, "methylprednisolone was given less than 24 h ago", "uf2026:G4", _V),),
             answers=CORTICOSTEROIDS, reading="Asked for while the grade is 4; the end after 3 days is for the clinician, and no taper was read."),
        Rule("U4.3", "Methylprednisolone 1000 mg twice a day", crs(4) & hard & mp_day, "uf2026:G4", _V, "Every 12 h if refractory",
             drug="methylprednisolone", dose=Dose(1000.0, every_hours=12.0), route="IV",
             blocked_by=(interval("methylprednisolone", 12.0, "uf2026:G4", _V),), answers=CORTICOSTEROIDS,
             reading="\"Refractory\" has no definition here: see the setting refractory_hours."),
        Rule("U4.4", "Anakinra", crs(4) & TOCILIZUMAB_COURSE & mp_course, "uf2026:G4", _V, "Then anakinra or siltuximab", drug="anakinra",
             dose=Dose(as_told="no dose in the source as read"), answers=("anakinra",),
             reading="\"Then\": grade 4 although tocilizumab and methylprednisolone were given within 72 h."),
        Rule("U4.5", "Or siltuximab instead of anakinra", crs(4) & TOCILIZUMAB_COURSE & mp_course, "uf2026:G4", _V, "Then anakinra or siltuximab",
             drug="siltuximab", dose=Dose(as_told="no dose in the source as read"), answers=("siltuximab",), reading="See U4.4.", instead_of="U4.4"),
    )
    return Protocol(
        id="uf2026", title="Management of CRS by grade (UF Health 2026, ASTCT grades)",
        chapters=(Chapter("CRS", astct, rules, astct.episode, counts_also=ICANS_FINDINGS),),
        cites=("uf2026:CRS", "lee2019:table"), settings=settings, setting_docs=SETTINGS,
        notes=("Only the part on CRS is here; the part on ICANS is absent: it was not read.",
               "No dose of anakinra or siltuximab was read: absent.",
               "Tocilizumab is not for ICANS without CRS: every tocilizumab rule here requires CRS of grade 1 or more."),
    )


BUILDERS = {"uf2026": uf2026}
