"""HLH/MAS after CAR-T cells in paper 004: treatment as severe CRS, its markers, etoposide by the clock, and what goes to the brain.

Source: chinthapalli2023, section on HLH/MAS (its Figure 1 has no legible content); the rule that makes the diagnosis is the scale
``cartox-hlh-2018``.  Etoposide stands here alone: it is no treatment of CRS.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.derived.organs import Organ, one_organ
from tocsin.protocols.drugs import ONE_STEROID, SILTUXIMAB, SILTUXIMAB_ONCE, SPINAL_PLATELETS, interval, not_both, tocilizumab
from tocsin.protocols.hlh_course import TREATMENT, HlhCourse
from tocsin.protocols.paper004.shared import CHILD, crs_episode
from tocsin.protocols.paper004.steroids import ADULT_DOSES
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import AtLeast, Doses, EpisodeFor, IsIn, Measure, Named, Or, Predicate, Setting, charted, present
from tocsin.scales import scale
from tocsin.scales.formula import Formula, How, Term
from tocsin.scales.hlh_cartox import FERRITIN_EVER
from tocsin.scales.items import inputs
from tocsin.scales.scale import Criterion, Scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

MARKER_HOURS = 12.0
"""How often the markers of HLH are followed."""

SETTINGS = (
    Setting("hlh_suspected_by", 1.0, "findings", "with ferritin above 10,000 ng/mL during CRS, how many of liver, kidney, lung (each of CTCAE grade 3 or "
            "more) and haemophagocytosis make HLH suspected; two are the whole rule", "tocsin:hlh suspected", Mark.DECISION, minimum=1, maximum=2),
    Setting("hlh_active_ferritin", 10000.0, "ng/mL", "HLH that was suspected by the rule still is while ferritin is above this or an organ of the rule is "
            "of grade 3 or more", "tocsin:hlh suspected", Mark.DECISION, minimum=500, maximum=100000),
    Setting("hlh_marker_hours", MARKER_HOURS, "h", "how often the markers of HLH are followed (12 to 24 h)", "tocsin:hlh markers", Mark.DECISION,
            minimum=4, maximum=24),
    Setting("hlh_improvement_hours", 48.0, "h", "how long anti-IL-6 treatment and corticosteroids have before etoposide is considered",
            "chinthapalli2023:HLH", Mark.SOURCE, minimum=12, maximum=168),
    Setting("hlh_ferritin_fall", 25.0, "%", "HLH improves when ferritin has fallen by so much since the start of treatment and no organ grade has risen",
            "tocsin:hlh improvement", Mark.DECISION, minimum=1, maximum=99),
    Setting("hlh_treated_before", 24.0, "h", "a dose of an IL-6 blocker or corticosteroid that long before HLH was suspected is part of its treatment: "
            "the clock starts when HLH is suspected", "tocsin:hlh improvement", Mark.DECISION, minimum=1, maximum=168),
    Setting("etoposide_least_days", 4.0, "days", "least time between two doses of etoposide", "chinthapalli2023:HLH", Mark.SOURCE, minimum=1, maximum=28),
    Setting("etoposide_most_days", 7.0, "days", "time after which a repeat of etoposide is overdue", "chinthapalli2023:HLH", Mark.SOURCE, minimum=1,
            maximum=56),
)
_PLACE = "chinthapalli2023:HLH"
_S, _M, _D = Mark.SOURCE, Mark.MEMORY, Mark.DECISION

NEUROTOXICITY = Named(
    "hlh_neurotoxicity", Or((
        Measure("ice_score", "points").at_most(9.0),
        IsIn("consciousness", ("voice", "tactile", "vigorous_tactile", "unarousable", "reduced"), says="reduced consciousness"),
        present("seizure"), present("encephalopathy"))),
    "neurotoxicity (ICE below 10, reduced consciousness, a seizure or encephalopathy)", cites="tocsin:hlh neurotoxicity", mark="D",
    reading="Findings put down to HLH or to nothing in particular count; those put down to ICANS do not.")
"""The paper does not say what HLH-related neurotoxicity is."""


def hlh(settings: Mapping[str, float | bool]) -> Chapter:
    """The chapter of HLH/MAS, with the settings of the protocol."""
    cartox = scale("cartox-hlh-2018")
    found = {f.code: f.predicate for f in cartox.flags}
    four = tuple(found[code] for code in ("liver", "kidney", "lung", "haemophagocytosis"))
    organs = (Organ.LIVER, Organ.KIDNEY, Organ.LUNG)
    number = int(settings["hlh_suspected_by"])
    still = Named(
        "hlh_active", Or((Measure("ferritin", "ng/mL").above(float(settings["hlh_active_ferritin"])),
                          *(one_organ(organ, 3, cartox.settings) for organ in organs))),
        f"ferritin still above {settings['hlh_active_ferritin']:g} ng/mL, or liver, kidney or lung still of CTCAE grade 3 or more",
        cites="tocsin:hlh suspected", mark="D")
    asserted = charted(IsIn("hlh", ("suspected", "present"), says="HLH suspected or diagnosed by a clinician"))
    suspected = Named(
        "hlh_suspected", asserted | (charted(FERRITIN_EVER) & AtLeast(number, four) & still),
        f"HLH suspected (by a clinician; or ferritin above 10,000 ng/mL during CRS with at least {number} of: liver, kidney, lung of CTCAE grade 3 or more, "
        "haemophagocytosis; and not over)", cites="tocsin:hlh suspected", mark="D",
        reading="The paper treats \"probable\" HLH and does not define it. The marrow is seldom examined in time, so that the whole rule (two of four) stays "
                "undecided: one of the four is enough to suspect. Ferritin alone is not, it is common in CRS. Suspicion rests on what is known: a ferritin "
                "that was never measured raises none, and H0 asks for it; with a high one, organs and marrow that are not known leave it open.")
    likely = Named("hlh_likely", charted(IsIn("hlh", ("present",), says="HLH diagnosed by a clinician")), "HLH diagnosed by a clinician",
                   cites="tocsin:hlh likely", mark="D")
    treated = Doses(TREATMENT, "tocilizumab", "an IL-6 blocker or a corticosteroid")
    stuck = Named(
        "hlh_not_improving", treated & present("hlh_not_improving"),
        f"no improvement {settings['hlh_improvement_hours']:g} h after treatment with an IL-6 blocker or a corticosteroid began (ferritin not down by "
        f"{settings['hlh_ferritin_fall']:g}%, or an organ grade up)", cites="tocsin:hlh improvement", mark="D")
    etoposide = Doses(("etoposide",), "etoposide", "etoposide")
    least, most = (24.0 * float(settings[f"etoposide_{end}_days"]) for end in ("least", "most"))
    recent = Doses(("etoposide",), "etoposide", "etoposide", hours=most)
    vp16 = Dose(per_m2=75.0, to=100.0)

    toci, toci_blocks = tocilizumab(settings)
    hours = float(settings["tocilizumab_interval_hours"])
    text = "Patients with probable HLH/MAS should be treated with anti-IL-6 treatment and corticosteroids for grade 3 organ toxicities"
    as_grade_3 = ("As CRS of grade 3 (\"grade 3\" is read as grade 3 or more), whatever the grade of the CRS. \"Probable\" is HLH suspected by the setting "
                  "hlh_suspected_by, or by a clinician.")
    whole = (cartox.at_least(1), "The whole rule is met: where a clinician holds HLH for highly likely, the paper asks for etoposide as soon as possible "
             "(H4).")
    half = (~charted(cartox.at_least(1)) & ~asserted, "The whole rule (two of liver, kidney, lung and haemophagocytosis) is not met, and no clinician has "
            "asserted HLH: settle that first, marrow included.")
    dysfunction = (Or(tuple(one_organ(organ, 1, cartox.settings) for organ in (Organ.LIVER, Organ.KIDNEY))),
                   "Kidney or liver dysfunction does not preclude etoposide (the paper).")
    no_evidence = "There is no direct evidence in HLH after CAR-T cells (the paper). Body surface by Mosteller (mosteller1987)."
    in_crs = Named("in_crs", EpisodeFor(FEVER, 0.0), "an episode of CRS (from fever until it has resolved)", cites="tocsin:resolution", mark="D")
    ferritin_known = charted(Measure("ferritin", "ng/mL", ask=False).at_least(float("-inf")))
    unmeasured = Named("ferritin_unknown", ~ferritin_known, "ferritin is not known", cites="tocsin:hlh suspected", mark="D")
    rules = (
        Rule("H0", "Measure ferritin: without it HLH/MAS cannot be told", in_crs & unmeasured, _PLACE, _D,
             "Maximum ferritin levels of >10,000 ng per ml while on the CRS phase",
             reading="The paper's rule begins with ferritin during CRS; that it is asked for where no valid value is on record is ours."),
        Rule("H1", "Give tocilizumab, as in CRS of grade 3", suspected, _PLACE, _S, text, drug="tocilizumab", dose=toci, route="IV over 1 h",
             blocked_by=(*toci_blocks, not_both("siltuximab", hours)), answers=("tocilizumab", "sarilumab"), remarks=(whole,),
             reading=f"{as_grade_3} Tocilizumab or siltuximab. Below 30 kg the label gives 12 mg/kg."),
        Rule("H1s", "Or give siltuximab instead of tocilizumab", suspected, _PLACE, _S, text, drug="siltuximab", dose=SILTUXIMAB, route="IV",
             blocked_by=(SILTUXIMAB_ONCE, not_both("tocilizumab", hours)), answers=("siltuximab",), reading=as_grade_3, instead_of="H1"),
        Rule("H1d", "Give dexamethasone, as in CRS of grade 3", suspected, _PLACE, _S, text, drug="dexamethasone", dose=Dose(10.0, every_hours=6.0),
             route="IV", blocked_by=(interval("dexamethasone", 6.0, "chinthapalli2023:table2:G3-hypotension", _S),), answers=CORTICOSTEROIDS,
             remarks=((CHILD, ADULT_DOSES), ONE_STEROID),
             reading=f"{as_grade_3} The dose is that of CRS of grade 3 in the paper's Table 2; any systemic corticosteroid answers."),
        Rule("H2", f"Follow ferritin, LDH, fibrinogen, AST, ALT, bilirubin, creatinine and soluble IL-2 receptor every {settings['hlh_marker_hours']:g} h",
             suspected, _PLACE, _D, "Elevated blood levels of ferritin, lactate dehydrogenase, soluble CD25, and cytokines, as well as decreased "
             "concentrations of fibrinogen",
             reading="The paper names the markers and judges improvement \"clinically or serologically\"; it gives no interval. 12 h is ours "
                     "(setting hlh_marker_hours; 12 to 24 h would do)."),
        Rule("H3", "Consider etoposide: no improvement under treatment", suspected & stuck & ~etoposide, _PLACE, _S,
             "Further treatment with etoposide 75-100 mg/m2 must be taken into consideration if the patient doesn't show signs of improvement clinically or "
             "serologically within 48 hours", drug="etoposide", dose=vp16, route="IV", answers=("etoposide",), optional=True, remarks=(half, dysfunction),
             reading="The clock starts when HLH is suspected and the treatment of H1 is given. \"Improvement\" is not defined by the paper: ferritin down by "
                     "a quarter since then, and no organ grade up (setting hlh_ferritin_fall). To be considered: not giving it is no omission. Kidney or "
                     f"liver dysfunction does not preclude it. {no_evidence}"),
        Rule("H4", "Start etoposide as soon as possible: HLH is highly likely", likely & ~etoposide, _PLACE, _S,
             "For individuals with a high likelihood of receiving a diagnosis of HLH, it is crucial to start etoposide prescription as soon as possible "
             "despite organ dysfunction", drug="etoposide", dose=vp16, route="IV", answers=("etoposide",), remarks=(dysfunction,),
             reading="A high likelihood is a clinician's judgement: only an asserted diagnosis of HLH counts, never the rule of ferritin and organs alone. "
                     f"It does not wait for the 48 h of H3. Kidney or liver dysfunction does not preclude it. {no_evidence}"),
        Rule("H5", f"Consider etoposide again, {settings['etoposide_least_days']:g} to {settings['etoposide_most_days']:g} days after the last",
             suspected & etoposide, _PLACE, _S, "If necessary, etoposide might be administered again after 4-7 days based on clinical or serological "
             "indications", drug="etoposide", dose=vp16, route="IV", answers=("etoposide",), optional=True,
             blocked_by=(Block("ETOPOSIDE-INTERVAL", Doses(("etoposide",), "etoposide", "etoposide", hours=least),
                               f"etoposide was given less than {settings['etoposide_least_days']:g} days ago", _PLACE, _S),),
             remarks=(dysfunction, (etoposide & ~recent, f"Overdue: the last etoposide was more than {settings['etoposide_most_days']:g} days ago.")),
             reading=f"The indication is HLH that is still suspected: ferritin or an organ still over its limit, or a clinician's word. {no_evidence}"),
        Rule("H6", "Consider intrathecal cytarabine, with or without hydrocortisone (H6h)", suspected & NEUROTOXICITY, _PLACE, _S,
             "For individuals with HLH-related neurotoxicity, intrathecal cytarabine, either with or without hydrocortisone, must also be taken into "
             "consideration", drug="intrathecal_cytarabine", dose=Dose(as_told="no dose in the paper"), route="intrathecal", blocked_by=(SPINAL_PLATELETS,),
             answers=("intrathecal_cytarabine",), optional=True, remarks=(half,),
             reading="What neurotoxicity of HLH is, is not told: any neurological finding that is not put down to ICANS or another cause. The limit of "
                     "platelets for the puncture is from memory. There is no direct evidence in HLH after CAR-T cells (the paper)."),
        Rule("H6h", "Intrathecal hydrocortisone may go with the cytarabine", suspected & NEUROTOXICITY, _PLACE, _S,
             "Intrathecal cytarabine, either with or without hydrocortisone", drug="intrathecal_hydrocortisone", dose=Dose(as_told="no dose in the paper"),
             route="intrathecal", blocked_by=(SPINAL_PLATELETS,), answers=("intrathecal_hydrocortisone",), optional=True, reading="See H6."),
        Rule("H7", "Emapalumab (experimental; HLH that does not improve)", suspected & stuck, _PLACE, _S,
             "A humanized anti-IFN-gamma mAb, NI-0501, showed good tolerability and elicited responses in nine out of thirteen children with refractory "
             "primary HLH (69%)", drug="emapalumab", dose=Dose(as_told="no dose in the paper"), answers=("emapalumab",), experimental=True, optional=True,
             remarks=(half,),
             reading="The paper reports it in children with primary HLH, not after CAR-T cells; \"refractory\" is read as no improvement (H3)."),
    )
    return Chapter("HLH/MAS", cartox, rules, crs_episode(), derive=_course(cartox, suspected, organs, settings))


def _course(cartox: Scale, suspected: Predicate, organs: tuple[Organ, ...], settings: Mapping[str, float | bool]) -> HlhCourse:
    """What finds HLH that does not improve."""
    def of(name: str, criteria: tuple[Criterion, ...], formula: Formula | None = None) -> Scale:
        return Scale(id=f"hlh-course-{name}", version="2023", title=f"Course of HLH: {name}", syndrome="HLH", criteria=criteria, cites=(_PLACE,),
                     counts=cartox.counts, episode=cartox.episode, settings=cartox.settings, setting_docs=cartox.setting_docs, formula=formula)

    ferritin = Formula(How.SUM, (Term("ferritin"),), "ferritin [ng/mL]")
    return HlhCourse(
        suspected=of("suspected", (Criterion("SUSPECTED1", 1, suspected, _PLACE, _S),)),
        ferritin=of("ferritin", inputs(ferritin, _PLACE, _S), ferritin),
        organs=tuple(of(organ.name.lower(), tuple(Criterion(f"{organ.name}{g}", g, one_organ(organ, g, cartox.settings), "ctcae403:grades", Mark.VERIFIED)
                                                  for g in (1, 2, 3, 4))) for organ in organs),
        hours=float(settings["hlh_improvement_hours"]), fall=float(settings["hlh_ferritin_fall"]), before=float(settings["hlh_treated_before"]))
