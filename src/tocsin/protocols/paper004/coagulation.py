"""CRS-related coagulopathy in paper 004: its phases, how often to look, and what is replaced.

Source: chinthapalli2023, section on CRS-related coagulopathy, which names the three phases and the prompt care of CRS as the treatment.
It gives no numbers: the limits of replacement are those of the tisagenlecleucel trials (buechner2021), of usual practice from memory,
or decisions, each said with its rule.  Red cells are not in the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.protocols.paper004.shared import crs_episode
from tocsin.protocols.parts import ICANS_FINDINGS
from tocsin.protocols.protocol import Chapter, Dose, Rule
from tocsin.rules import And, Doses, Either, EpisodeFor, Measure, Named, Or, Predicate, Setting, charted, present
from tocsin.scales import scale
from tocsin.scales.scale import Scale

FIBRINOGEN_LOW, FIBRINOGEN_MARKED = 150.0, 100.0
"""Fibrinogen below which it is replaced during CRS, and below which it is markedly low, mg/dL (1.5 and 1.0 g/L)."""
PANEL_HOURS, PANEL_HOURS_LOW = 24.0, 12.0
"""How often the coagulation panel is repeated during CRS, and while fibrinogen is low."""

SETTINGS = (
    Setting("fibrinogen_replace", FIBRINOGEN_LOW, "mg/dL", "fibrinogen below this is replaced during CRS (150 mg/dL is 1.5 g/L)",
            "buechner2021:fibrinogen", Mark.VERIFIED, minimum=50, maximum=300),
    Setting("coagulation_panel_hours", PANEL_HOURS, "h", "how often the coagulation panel is repeated during CRS", "tocsin:coagulation panel",
            Mark.DECISION, minimum=4, maximum=48),
    Setting("coagulation_panel_hours_low", PANEL_HOURS_LOW, "h", "how often the coagulation panel is repeated while fibrinogen is low",
            "tocsin:coagulation panel", Mark.DECISION, minimum=2, maximum=48),
    Setting("platelets_prophylactic", 10.0, "10^9/L", "platelets below this are transfused without bleeding", "platelet_practice:prophylactic",
            Mark.MEMORY, maximum=50),
    Setting("platelets_fever", 20.0, "10^9/L", "platelets below this are transfused with fever or ICANS", "platelet_practice:fever or ICANS",
            Mark.MEMORY, maximum=100),
    Setting("platelets_bleeding", 50.0, "10^9/L", "platelets below this are transfused with bleeding or before a lumbar puncture",
            "platelet_practice:bleeding or lumbar puncture", Mark.MEMORY, maximum=150),
    Setting("anticoagulation_platelets", 50.0, "10^9/L", "anticoagulation is held while platelets are below this (one series held it at a median of "
            "54, range 39 to 116)", "tocsin:anticoagulation", Mark.DECISION, minimum=10, maximum=150),
)
_PLACE = "chinthapalli2023:coagulopathy"
_S, _V, _M, _D = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY, Mark.DECISION


def coagulation(settings: Mapping[str, float | bool]) -> Chapter:
    """The chapter of CRS-related coagulopathy, with the settings of the protocol."""
    phases = scale("crs-coagulopathy-phase-2023")
    crs: Predicate = EpisodeFor(FEVER, 0.0)
    if settings["reported_grade_counts"]:
        crs = Either(Measure("reported_crs_grade", "grade").at_least(1), crs)
    in_crs = Named("in_crs", crs, "an episode of CRS (from fever until it has resolved)", cites="tocsin:resolution", mark="D",
                   reading="Coagulopathy outlasts fever: the whole episode counts, by the same rule of resolution as for the grades.")
    icans = Named("icans_1", scale("astct-icans-2019").at_least(1), "ASTCT ICANS grade 1 or more", cites="icans_adult:table", mark="V")
    overt_dic = Named("overt_dic", points(scale("isth-dic-2001"), 5), "ISTH score of 5 or more", cites="isth_copy:table", mark="V")
    any_phase = Named("coagulopathy_phase", phases.at_least(1), "a phase of CRS-related coagulopathy (hypercoagulable, consumptive or hyperfibrinolytic)",
                      cites=_PLACE, mark="D")
    fibrinogen, platelets = Measure("fibrinogen", "mg/dL"), Measure("platelets", "10^9/L")
    low = fibrinogen.below(float(settings["fibrinogen_replace"]))
    marked = (fibrinogen.below(FIBRINOGEN_MARKED), "Markedly low: fibrinogen is below 100 mg/dL (1.0 g/L).")
    anticoagulated = present("anticoagulation") | Doses(("heparin",), "heparin", "heparin", hours=24.0)
    puncture = charted(present("lumbar_puncture_planned"))
    said = {"CLOTTING1": "Phase 1, hypercoagulable.", "CONSUMPTION2": "Phase 2, consumptive and hypocoagulable.", "LYSIS3": "Phase 3, hyperfibrinolysis."}
    panel = "blood count, PT, APTT, fibrinogen and D-dimer"
    why_panel = ("The trials' guideline asks for fibrinogen in every moderate or severe CRS; the intervals are ours (settings coagulation_panel_hours and "
                 "coagulation_panel_hours_low).")
    replacement = "Hypofibrinogenaemia (below 1.5 g/L) was replaced during CRS with cryoprecipitate or fibrinogen concentrate"
    who = ("The limit is that of the tisagenlecleucel trials (23 of 137 patients, all with severe CRS, more often below 10 years of age; 9 below 1.0 g/L); "
           "adult lymphoma practice has also used 1.0 g/L. The dose is from a secondary source: check it.")
    usual = "From memory of usual practice; the paper gives no limit."

    def transfuse(code: str, when: Predicate, place: str, text: str) -> Rule:
        return Rule(code, "Platelet transfusion", when, f"platelet_practice:{place}", _M, text, drug="platelet_transfusion",
                    dose=Dose(as_told="amount by local practice", unit="unit"), answers=("platelet_transfusion",), reading=usual)

    rules = (
        Rule("K1", "Control the CRS promptly: its control is the treatment of its coagulopathy", in_crs & (any_phase | overt_dic), _PLACE, _S,
             "The prompt and efficient care of CRS may assist in lowering the occurrence of coagulopathy", remarks=(
                 *((c.predicate, said[c.code]) for c in phases.criteria if c.code in said),
                 (overt_dic, "Overt DIC by the ISTH score (5 points or more): repeat it daily. Low platelets of lymphodepletion give up to 2 of them.")),
             reading="The paper names the three phases without limits: those of the scale crs-coagulopathy-phase-2023 are ours. A phase, or overt DIC, "
                     "during CRS; the paper sees it within one month of the cells."),
        Rule("K2", f"Coagulation panel ({panel}) at least every {settings['coagulation_panel_hours']:g} h", in_crs, "buechner2021:monitoring", _D,
             "Monitoring fibrinogen levels in patients with moderate or severe CRS is essential", reading=why_panel),
        Rule("K2b", f"Coagulation panel ({panel}) every {settings['coagulation_panel_hours_low']:g} h: fibrinogen is low", in_crs & low,
             "buechner2021:monitoring", _D, "Monitoring fibrinogen levels in patients with moderate or severe CRS is essential", reading=why_panel),
        Rule("K3", "Replace fibrinogen: cryoprecipitate", in_crs & low, "buechner2021:fibrinogen", _V, replacement, drug="cryoprecipitate",
             dose=Dose(per_kg=0.1, to=0.2, unit="unit"), route="IV", answers=("cryoprecipitate", "fibrinogen_concentrate"), remarks=(marked,),
             reading=f"{who} 1 to 2 units for each 10 kg (fibrinogen_doses). Measure again before the next (K2b)."),
        Rule("K3c", "Or give fibrinogen concentrate, where cryoprecipitate is not reliably available", in_crs & low, "buechner2021:fibrinogen", _V,
             "Fibrinogen concentrate should be used when cryoprecipitate is not reliably available", drug="fibrinogen_concentrate",
             dose=Dose(per_kg=70.0), route="IV", answers=("fibrinogen_concentrate",), instead_of="K3", remarks=(marked,),
             reading=f"{who} 70 mg/kg (fibrinogen_doses)."),
        transfuse("K4.1", platelets.below(float(settings["platelets_prophylactic"])), "prophylactic", "Below 10 x 10^9/L, without bleeding"),
        transfuse("K4.2", platelets.below(float(settings["platelets_fever"])) & (FEVER | icans), "fever or ICANS",
                  "Below 20 x 10^9/L with fever or ICANS"),
        transfuse("K4.3", platelets.below(float(settings["platelets_bleeding"])) & (present("bleeding") | puncture), "bleeding or lumbar puncture",
                  "Below 50 x 10^9/L with bleeding or before a lumbar puncture"),
        Rule("K5", f"Hold anticoagulation: platelets are below {settings['anticoagulation_platelets']:g} x10^9/L",
             anticoagulated & platelets.below(float(settings["anticoagulation_platelets"])), "hashmi2020:table 1", _D,
             "Median platelet count when anticoagulation was held: 54 (39-116)",
             reading="An observation, not a recommendation: one series held anticoagulation at platelets of 39 to 116, median 54, and 2 of 16 patients "
                     "clotted again. 50 is ours (setting anticoagulation_platelets)."),
    )
    return Chapter("CRS-related coagulopathy", phases, rules, crs_episode(), counts_also=ICANS_FINDINGS)


def points(score: Scale, number: int) -> Predicate:
    """At least so many points of a score whose items only add."""
    ways = [[(0, None), *((c.grade, c.predicate) for c in score.criteria if c.item == item and c.grade > 0)] for item in score.items]
    enough = {combination for combination in product(*ways) if sum(n for n, _ in combination) >= number}
    least = [c for c in enough if not any(o != c and all(a <= b for (a, _), (b, _) in zip(o, c, strict=True)) for o in enough)]
    least.sort(key=lambda c: [n for n, _ in c])
    return Or(tuple(And(tuple(p for _, p in c if p is not None)) for c in least))
