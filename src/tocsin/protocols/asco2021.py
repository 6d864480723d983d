"""The management of CRS and ICANS by grade of the ASCO guideline 2021, as data.

Source: asco2021, read in its pocket guide (asco_pocket), pages 4 to 7, 9 and 10.  Its grades are those of the ASTCT.  Page 8, the
cell of ICANS grade 4, could not be read and is absent.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.protocols.drugs import interval, tocilizumab, tocilizumab_settings
from tocsin.protocols.parts import (
    ICANS_FINDINGS,
    LOW_PRESSURE,
    OXYGEN_NEEDED,
    STEROID_COURSE,
    STEROID_TODAY,
    TOCILIZUMAB_COURSE,
    boluses,
    refractory,
    since_first,
)
from tocsin.protocols.protocol import Block, Chapter, Dose, Protocol, Rule
from tocsin.rules import Doses, EpisodeFor, Lasting, Measure, Named, Predicate, Setting, settled
from tocsin.scales import scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

SETTINGS = (
    *tocilizumab_settings(8.0, "ASCO and label 8; CARTOX 6", "asco_pocket:6", Mark.VERIFIED),
    Setting("fever_days", 3.0, "days", "how long fever lasts, since its onset in this episode, before it is managed as grade 2", "asco_pocket:4",
            Mark.VERIFIED, minimum=0.5, maximum=14),
    Setting("neutropenia", 0.5, "10^9/L", "neutrophils below this count as neutropenia", "tocsin:neutropenia", Mark.DECISION, maximum=2),
    Setting("no_improvement_hours", 24.0, "h", "grade 2 that is still there so long after the first tocilizumab is managed as grade 3", "asco2021:G2",
            Mark.MEMORY, minimum=6, maximum=96),
    Setting("icans_refractory_hours", 8.0, "h", "ICANS that is still there so long after the first tocilizumab is refractory to it",
            "tocsin:icans refractory", Mark.DECISION, minimum=1, maximum=72),
    Setting("icans_steroid_hours", 24.0, "h", "ICANS of grade 3 or more so long after the first corticosteroid is refractory to it",
            "tocsin:icans refractory", Mark.DECISION, minimum=6, maximum=168),
    Setting("imaging_hours", 48.0, "h", "ICANS of grade 3 or more for so long is persistent: imaging is repeated every 2 to 3 days", "asco_pocket:7",
            Mark.VERIFIED, minimum=24, maximum=96),
    Setting("refractory_hours", 24.0, "h", "CRS is refractory when the grade has not fallen by one within this time of the second tocilizumab "
            "or of a corticosteroid", "tocsin:refractory", Mark.DECISION, minimum=6, maximum=96),
)
_V, _M, _D = Mark.VERIFIED, Mark.MEMORY, Mark.DECISION
_TAPER = "500 mg every 12 h for 3 days, 250 mg every 12 h for 2, 125 mg every 12 h for 2, then 60 mg every 12 h until grade 1."
_LIGHT = "The guideline names 8 mg/kg; below 30 kg the label gives 12 mg/kg."
_AS_MUCH = "Equivalent steroids are not computed: any corticosteroid answers."


def asco2021(**given: object) -> Protocol:
    """The ASCO guideline 2021 with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    astct, neuro = scale("astct-crs-2019"), scale("astct-icans-2019")

    def crs(grade: int) -> Predicate:
        return Named(f"crs_{grade}", astct.at_least(grade), f"ASTCT CRS grade {grade} or more", cites="lee2019:table", mark="V")

    def icans(grade: int) -> Predicate:
        return Named(f"icans_{grade}", neuro.at_least(grade), f"ASTCT ICANS grade {grade} or more", cites="icans_adult:table", mark="V")

    toci, toci_blocks = tocilizumab(settings, "asco_pocket:6", _V)
    long_fever = EpisodeFor(FEVER, 24.0 * float(settings["fever_days"])) & FEVER
    as_grade_2 = Named("as_grade_2", crs(2) | (crs(1) & long_fever), "ASTCT CRS grade 2 or more, or fever that has lasted beyond the days of grade 1",
                       cites="asco_pocket:4", mark="V")
    not_better = crs(2) & since_first(TOCILIZUMAB_COURSE, float(settings["no_improvement_hours"]))
    as_grade_3 = Named("as_grade_3", crs(3) | not_better, "ASTCT CRS grade 3 or more, or grade 2 that is still there "
                       f"{settings['no_improvement_hours']:g} h after the first tocilizumab", cites="asco2021:G2", mark="M")
    hard = refractory(TOCILIZUMAB_COURSE | STEROID_COURSE, crs, float(settings["refractory_hours"]))
    neutropenic = Measure("neutrophils", "10^9/L").below(float(settings["neutropenia"]))
    dex6, dex12 = (Dose(10.0, every_hours=h) for h in (6.0, 12.0))
    dex_block6 = interval("dexamethasone", 6.0, "asco_pocket:5", _V)
    dex_block12 = Block("DEXA-INTERVAL-12", Doses(("dexamethasone",), "dexamethasone", "dexamethasone", hours=12.0),
                        "dexamethasone was given less than 12 h ago", "asco2021:G2", _M)
    dex_twice = Block("DEXA-TWICE", Doses(("dexamethasone",), "dexamethasone", "dexamethasone", 2, 48.0),
                      "two doses of dexamethasone were given within 48 h; this cell asks for one or two", "asco2021:G2", _M)
    mp_block = interval("methylprednisolone", 12.0, "asco_pocket:5", _V)
    mp = Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=24.0)

    def toci_rule(code: str, when: Predicate, cites: str, mark: Mark, text: str, reading: str = "") -> Rule:
        return Rule(code, "Give tocilizumab", when, cites, mark, text, drug="tocilizumab", dose=toci, route="IV over 1 h", blocked_by=toci_blocks,
                    answers=("tocilizumab",), reading=f"{reading} {_LIGHT}".strip())

    def steroid_rules(code: str, when: Predicate, cites: str, text: str, reading: str) -> tuple[Rule, Rule]:
        reading = f"{reading} The interval is 6 to 12 h; from 6 h on it may be given. {_AS_MUCH}"
        return (
            Rule(code, "Give dexamethasone", when, cites, _V, text, drug="dexamethasone", dose=dex6, route="IV", blocked_by=(dex_block6,),
                 answers=CORTICOSTEROIDS, reading=reading),
            Rule(f"{code}m", "Or give methylprednisolone instead of dexamethasone", when, cites, _V, text, drug="methylprednisolone",
                 dose=Dose(per_kg=1.0, every_hours=12.0), route="IV", blocked_by=(mp_block,), answers=CORTICOSTEROIDS, reading=reading,
                 instead_of=code),
        )

    still = crs(1) & icans(2) & since_first(TOCILIZUMAB_COURSE, float(settings["icans_refractory_hours"]))
    after_steroid = icans(3) & since_first(STEROID_COURSE, float(settings["icans_steroid_hours"]))
    rules = (
        Rule("A1.1", "Supportive care: antipyretics, fluids, treatment of symptoms", crs(1), "asco_pocket:4", _V, "Supportive care",
             answers=("acetaminophen", "antipyretic")),
        Rule("A1.2", "Infection work-up: blood and urine cultures, chest film, counts and chemistry", crs(1) & FEVER, "asco_pocket:4", _V,
             "Blood count, metabolic panel, magnesium, phosphorus, CRP, LDH, uric acid, fibrinogen, PT/PTT, ferritin; blood and urine culture and "
             "chest film if febrile; CMV, EBV", answers=("imaging",)),
        Rule("A1.3a", "Antibiotics, by the neutropenic-fever pathway", crs(1) & FEVER & neutropenic, "asco_pocket:4", _V, "Antibiotics ... if neutropenic",
             drug="antibiotic", dose=Dose(as_told="agent and dose by local practice"), answers=("antibiotic", "cefmetazole", "imipenem")),
        Rule("A1.3b", "Filgrastim may be given", crs(1) & neutropenic, "asco_pocket:4", _V, "G-CSF if neutropenic (GM-CSF is not recommended)",
             drug="filgrastim", dose=Dose(as_told="no dose in the source as read"), answers=("filgrastim",)),
        Rule("A2.1", "Fluid bolus", crs(1) & LOW_PRESSURE & ~boluses(2), "asco2021:G2", _M, "Fluid bolus for hypotension", drug="fluid_bolus",
             dose=Dose(as_told="no volume in the source as read", unit="mL"), route="IV", answers=("fluid_bolus",),
             reading="Asked for a low pressure in CRS, until two boluses were given within 24 h."),
        Rule("A2.2", "Supplementary oxygen", crs(1) & OXYGEN_NEEDED, "asco2021:G2", _M, "Oxygen as needed", answers=("oxygen_device",)),
        toci_rule("A2.3", as_grade_2, "asco2021:G2", _M, "Tocilizumab 8 mg/kg over 1 h (at most 800 mg), every 8 h if no improvement, at most 3 doses in "
                  "24 h and 4 in all", "Persistent or refractory fever of grade 1 is managed as grade 2: \"refractory\" has no definition, so the clock "
                  "of fever decides. That grade 2 asks for it is from memory; the limits were read."),
        Rule("A2.4", "Dexamethasone, one or two doses", LOW_PRESSURE & boluses(2) & TOCILIZUMAB_COURSE & ~as_grade_3, "asco2021:G2", _M,
             "Hypotension after two boluses and one or two doses of tocilizumab: dexamethasone 10 mg every 12 h, one or two doses", drug="dexamethasone",
             dose=dex12, route="IV", blocked_by=(dex_block12, dex_twice), answers=CORTICOSTEROIDS,
             reading=f"Boluses within 24 h, tocilizumab within 72 h. From grade 3 on that cell's dose holds. {_AS_MUCH}"),
        Rule("A2.5", "Telemetry and pulse oximetry", crs(2), "asco_pocket:4", _V, "Telemetry and oximetry for grade 2 or more"),
        Rule("A3.1", "Intensive care; vasopressors as needed", as_grade_3, "asco_pocket:5", _V, "Intensive care, vasopressors",
             reading="Grade 2 without improvement 24 h after the first tocilizumab is managed as grade 3 (from memory): it is still grade 2 then; "
                     "what the grade was at the dose is not compared."),
        Rule("A3.2", "Echocardiography", as_grade_3, "asco_pocket:5", _V, "Echocardiography if severe", answers=("lvef",)),
        toci_rule("A3.3", as_grade_3, "asco_pocket:5", _V, "Tocilizumab, if the daily maximum has not been reached"),
        Rule("A3.4", "Dexamethasone", as_grade_3 & ~crs(4), "asco_pocket:5", _V, "Dexamethasone 10 mg every 6 h, rapid taper", drug="dexamethasone",
             dose=dex6, route="IV", blocked_by=(dex_block6,), answers=CORTICOSTEROIDS,
             reading=f"In grade 4 methylprednisolone takes its place. Earlier steroids are advised for axicabtagene and brexucabtagene ciloleucel: "
                     f"see the notes. {_AS_MUCH}"),
        Rule("A4.1", "Mechanical ventilation as needed", crs(4), "asco_pocket:5", _V, "As grade 3, and mechanical ventilation", answers=("oxygen_device",)),
        Rule("A4.2", "Methylprednisolone 500 mg every 12 h, then tapered", crs(4) & ~(hard & mp), "asco_pocket:5", _V, f"Methylprednisolone {_TAPER}",
             drug="methylprednisolone", dose=Dose(500.0, every_hours=12.0), route="IV", blocked_by=(mp_block,), answers=CORTICOSTEROIDS,
             reading="The first step of the schedule is asked for while the grade is 4; the taper is in the words of the source. When it does not help "
                     "the higher dose takes its place (A4.3)."),
        Rule("A4.3", "Raise methylprednisolone to 1000 mg twice a day", crs(4) & hard & mp, "asco_pocket:5", _V, "If no better, 1000 mg twice a day",
             drug="methylprednisolone", dose=Dose(1000.0, every_hours=12.0), route="IV", blocked_by=(mp_block,), answers=CORTICOSTEROIDS,
             reading="\"No better\" is CRS refractory to a corticosteroid (setting refractory_hours), with methylprednisolone within 24 h."),
        Rule("A5.1", "Strongly consider antifungal prophylaxis", STEROID_TODAY, "asco_pocket:5", _V,
             "Antifungal prophylaxis is strongly considered on steroids", reading="On steroids: one within 24 h."),
        # ICANS
        Rule("N1.1", "Aspiration precautions, intravenous fluid, neurological examination at least twice a day, EEG, MRI of the brain", icans(1),
             "asco_pocket:6", _V, "Aspiration precautions and intravenous hydration; neurological examination at least twice a day; EEG; imaging",
             answers=("imaging",)),
        toci_rule("N1.2", icans(1) & crs(1), "asco_pocket:6", _V, "ICANS grade 1 with concurrent CRS: tocilizumab",
                  "In higher grades too, as the least. Never for ICANS without CRS."),
        Rule("N2.1", "Dexamethasone, two doses, and reassess", icans(2) & ~icans(3) & ~crs(1), "asco_pocket:7", _V,
             "Without CRS: dexamethasone 10 mg, two doses (high-risk product or patient), reassess, repeat every 6 to 12 h", drug="dexamethasone",
             dose=dex6, route="IV", blocked_by=(dex_block6,), answers=CORTICOSTEROIDS,
             reading=f"Which product or patient is at high risk is not told here: asked for in all, and the clinician judges. {_AS_MUCH}"),
        toci_rule("N2.2", icans(2) & crs(1), "asco_pocket:7", _V, "With concurrent CRS: tocilizumab", "Never for ICANS without CRS."),
        *steroid_rules("N2.3", still, "asco_pocket:7", "If refractory after the first dose of tocilizumab: dexamethasone 10 mg every 6 to 12 h or "
                       "methylprednisolone 1 mg/kg every 12 h until grade 1, then taper", "\"Refractory\" is ICANS that is still of grade 2 or more "
                       "when the next tocilizumab could be given (setting icans_refractory_hours)."),
        Rule("N2.4", "Intensive care", icans(2) & crs(2), "asco_pocket:7", _V, "Intensive care if CRS is of grade 2 or more"),
        Rule("N3.1", "Intensive care", icans(3), "asco_pocket:7", _V, "Intensive care"),
        *steroid_rules("N3.2", icans(3), "asco_pocket:7", "Dexamethasone 10 mg every 6 to 12 h or methylprednisolone 1 mg/kg every 12 h",
                       "In grade 4 too, as the least: that cell could not be read, and asks for more."),
        Rule("N3.3", "Repeat imaging of the brain every 2 to 3 days", Lasting(icans(3), float(settings["imaging_hours"])), "asco_pocket:7", _V,
             "Imaging every 2 to 3 days if grade 3 or more persists", answers=("imaging",)),
        Rule("N3.4", "Lumbar puncture", icans(3), "asco_pocket:6", _V, "Lumbar puncture for grade 3 or more, considered for grade 2",
             answers=("csf_pressure",)),
        Rule("N5.1", "Consider anakinra, siltuximab, ruxolitinib, cyclophosphamide, antithymocyte globulin, or intrathecal hydrocortisone 50 mg with "
             "methotrexate 12 mg", after_steroid, "asco_pocket:9", _V, "Refractory ICANS: anakinra, siltuximab, ruxolitinib, cyclophosphamide, ATG, "
             "intrathecal hydrocortisone 50 mg and methotrexate 12 mg", answers=("anakinra", "siltuximab", "ruxolitinib", "cyclophosphamide"),
             experimental=True, reading="\"Refractory\" is ICANS of grade 3 or more, still, after a corticosteroid (setting icans_steroid_hours). Only the "
             "intrathecal doses were read."),
    )
    return Protocol(
        id="asco2021", title="Management of CRS and ICANS by grade (ASCO 2021, ASTCT grades)",
        chapters=(Chapter("CRS and ICANS", astct, rules, astct.episode, counts_also=ICANS_FINDINGS),),
        cites=("asco2021:guideline", "asco_pocket:4-10", "lee2019:table"), settings=settings, setting_docs=SETTINGS,
        notes=(
            "ICANS grade 4 is absent: the page that holds it could not be read. What grade 3 asks for stands there as the least.",
            "Earlier steroids are advised for axicabtagene and brexucabtagene ciloleucel; no dose or time was read, so it is no rule.",
            "Tocilizumab is not for ICANS without CRS: every tocilizumab rule here requires CRS of grade 1 or more.",
            "GM-CSF is not recommended. Steroids are tapered; ICANS may flare when they are tapered fast.",
            "The schedule of monitoring is not in this protocol.",
        ),
    )


BUILDERS = {"asco2021": asco2021}
