"""Neurotoxicity in paper 004: general measures, prophylaxis of seizures, agitation, corticosteroids, and tocilizumab only with CRS.

Source: chinthapalli2023, which follows CARTOX; doses by grade of CRES from a reprint (cartox_copy), from jcm2023, or from memory of
neelapu2018.  Where the paper writes ICANS the grade is that of the ASTCT, where the CARTOX table writes CRES it is that.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR
from tocsin.protocols.drugs import METHYLPREDNISOLONE_TAPER, ONE_STEROID, SILTUXIMAB, SILTUXIMAB_ONCE, interval, not_both, tocilizumab
from tocsin.protocols.paper004.neuro_grades import CHILD, CRES, NEURO_CITES, PRESSURE_OR_OEDEMA, THREE_DAYS, cres, icans, neurotoxicity
from tocsin.protocols.parts import ICANS_FINDINGS, LOW_PRESSURE, OXYGEN_NEEDED
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import Either, IsIn, Lasting, Measure, Named, Observed, Or, Predicate, Setting, charted, present
from tocsin.vocabulary.groups import CORTICOSTEROIDS

SETTINGS = (
    Setting("concurrent_crs_hours", 24.0, "h", "CRS counts as concurrent with neurotoxicity while one of its signs is there, and for this long after",
            "tocsin:concurrent CRS", Mark.DECISION, minimum=1, maximum=96),
    Setting("cres_imaging_hours", 48.0, "h", "CRES of grade 3 or more for so long is persistent: imaging is repeated every 2 to 3 days",
            "neelapu2018:CRES management", Mark.MEMORY, minimum=24, maximum=96),
)
_PAPER, _SPECIFIC, _COPY = "chinthapalli2023:emergent adverse events", "chinthapalli2023:specific treatments", "cartox_copy:CRES management"
_S, _V, _M = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY
REDUCED = IsIn("consciousness", ("voice", "tactile", "vigorous_tactile", "unarousable", "reduced"), says="reduced consciousness")
ANY_SEIZURE = present("seizure", says="a seizure")


def neuro(settings: Mapping[str, float | bool]) -> Chapter:
    """The chapter of ICANS and CRES, with the settings of the protocol."""
    any_grade = neurotoxicity(1)
    hours = float(settings["concurrent_crs_hours"])
    signs: Predicate = Or((FEVER, LOW_PRESSURE, ANY_VASOPRESSOR, OXYGEN_NEEDED))
    if settings["reported_grade_counts"]:
        signs = Either(Measure("reported_crs_grade", "grade").at_least(1), signs)
    with_crs = Named(
        "concurrent_crs", Observed(signs, hours), f"CRS (fever, low pressure, a vasopressor, or need of oxygen) now or within the last {hours:g} h",
        cites="tocsin:concurrent CRS", mark="D",
        reading="The source says \"concurrent\": fever that a drug hides for some hours does not end it. These are the signs by which CARTOX knows CRS; "
                "organ toxicity alone is not enough here. Oxygen or a ventilator put down to ICANS (attribution) does not count.")
    toci, toci_blocks = tocilizumab(settings)
    repeat = float(settings["tocilizumab_interval_hours"])
    no_crs = Block("NO-CRS", ~with_crs, "there is no CRS: tocilizumab is not for neurotoxicity alone, in which it was of no use", _SPECIFIC, _S)
    no_crs_siltuximab = Block("NO-CRS-SILTUXIMAB", ~with_crs, "there is no CRS: the source gives siltuximab for neurotoxicity with CRS only", _COPY, _V)
    lorazepam_8 = interval("lorazepam", 8.0, _COPY, _V)
    long_qt = Block("LONG-QT", charted(present("qt_prolongation", ask=False)), "the QT interval is prolonged, and haloperidol prolongs it (from memory)",
                    _COPY, _M)
    agitated = any_grade & present("agitation")
    grade_2 = icans(2)
    only_3 = cres(3) & ~cres(4)
    without_crs = "The paper: of no use in ICANS alone, it does not cross the blood-brain barrier. Not knowing whether there is CRS leaves it open."
    rules = (
        Rule("N1.1", "Aspiration precautions and an assessment of swallowing", any_grade, _PAPER, _S,
             "Aspiration safety measures and swallowing evaluation are advised in relation to ICANS"),
        Rule("N1.2", "Intravenous hydration", any_grade, _COPY, _V, "Intravenous hydration"),
        Rule("N1.3", "Neurological examination with the score at least twice a day", any_grade, _COPY, _V, "Neurological examination at least twice a day",
             answers=("ice_score", "cartox10_score", "capd_score")),
        Rule("N1.4", "EEG, and imaging of the brain, preferably MRI", any_grade, _PAPER, _S,
             "EEG and brain imaging, ideally MRI, should also be taken into account", answers=("imaging",)),
        Rule("N1.5", "Look at the optic discs for papilloedema", any_grade, NEURO_CITES, _M, "Fundoscopic examination to assess for papilloedema",
             answers=("papilloedema", "papilloedema_stage"), reading="Papilloedema decides about acetazolamide and the treatment of raised pressure."),
        Rule("N2", "Levetiracetam to prevent seizures", any_grade & ~Observed(ANY_SEIZURE, float("inf")), _PAPER, _S,
             "The use of preventive levetiracetam is advised without the occurrence of seizures", drug="levetiracetam",
             dose=Dose(750.0, every_hours=12.0), route="IV or PO", blocked_by=(interval("levetiracetam", 12.0, _COPY, _V),), answers=("levetiracetam",),
             reading="The paper: neither the time nor the dose has been established. 750 mg every 12 h is read in a CARTOX table (cartox_copy); CARTOX "
                     "begins on the day of infusion and goes on for 30 days (from memory). Here it is asked for from the first neurotoxicity on. "
                     "After status epilepticus the dose is another one: SE9. After a seizure that was no status the sources give none, which is no reason to "
                     "stop it.", remarks=(CHILD,)),
        Rule("N3", "Lorazepam in a low dose for agitation, with close watch", agitated, _COPY, _V, "Lorazepam 0.25 to 0.5 mg IV every 8 h for agitation",
             drug="lorazepam", dose=Dose(as_told="0.25 to 0.5 mg every 8 h"), route="IV", blocked_by=(lorazepam_8,), answers=("lorazepam",), optional=True,
             reading="It clouds the neurological examination.", remarks=(CHILD,)),
        Rule("N3h", "Or haloperidol instead of lorazepam", agitated, _COPY, _V, "Or haloperidol 0.5 mg IV every 6 h", drug="haloperidol",
             dose=Dose(0.5, every_hours=6.0), route="IV", blocked_by=(interval("haloperidol", 6.0, _COPY, _V), long_qt), answers=("haloperidol",),
             instead_of="N3", optional=True, reading="Haloperidol lengthens the QT interval, and so may CRS (the paper's Table 1).", remarks=(CHILD,)),
        Rule("N4", "Tocilizumab for neurotoxicity with CRS; never without CRS", any_grade, _SPECIFIC, _S,
             "Unsuccessful in people with pure ICANS; should solely be used in patients with simultaneous CRS", drug="tocilizumab", dose=toci,
             route="IV over 1 h", blocked_by=(no_crs, *toci_blocks, not_both("siltuximab", repeat)), answers=("tocilizumab",),
             reading=f"Grade 1 with CRS: tocilizumab or siltuximab (cartox_copy); in higher grades beside the corticosteroid. {without_crs}"),
        Rule("N4s", "Or siltuximab instead of tocilizumab, for neurotoxicity with CRS", any_grade, _COPY, _V,
             "With concurrent CRS: tocilizumab 8 mg/kg or siltuximab 11 mg/kg", drug="siltuximab", dose=SILTUXIMAB, route="IV",
             blocked_by=(no_crs_siltuximab, SILTUXIMAB_ONCE, not_both("tocilizumab", repeat)), answers=("siltuximab",), instead_of="N4",
             reading="The paper: it may help where IL-6 diffuses into the brain; no trial compares it with tocilizumab."),
        Rule("N7", "Intravenous corticosteroid, the preferred treatment from ICANS grade 2 on", grade_2, _SPECIFIC, _S,
             "The preferred course of treatment is IV corticosteroids for ICANS >= grade 2", drug="corticosteroid",
             dose=Dose(as_told="no dose in the paper; dexamethasone or methylprednisolone (CRES grades 3 and 4: N9.3 and N9.4)"), route="IV",
             answers=CORTICOSTEROIDS, reading="The sentence names ICANS: the grade is that of the ASTCT. Taper when the symptoms improve."),
        Rule("N8", "Repeat imaging of the brain every 2 to 3 days", Lasting(cres(3), float(settings["cres_imaging_hours"])), NEURO_CITES, _M,
             "Repeat imaging every 2 to 3 days if CRES of grade 3 or more persists", answers=("imaging",)),
        Rule("N9.3", "Dexamethasone 10 mg every 6 h (CRES grade 3)", only_3, "jcm2023:table1", _M, "Dexamethasone 10 mg every 6 h", drug="dexamethasone",
             dose=Dose(10.0, every_hours=6.0), route="IV", blocked_by=(interval("dexamethasone", 6.0, "jcm2023:table1", _V),), answers=CORTICOSTEROIDS,
             reading="The doses were read (jcm2023); that they belong to grades 3 and 4 of CRES is from memory of CARTOX. Until grade 1, then tapered.",
             remarks=(CHILD, ONE_STEROID)),
        Rule("N9.4", "Methylprednisolone 1 g a day (CRES grade 4 without cerebral oedema)", cres(4) & ~PRESSURE_OR_OEDEMA, "jcm2023:table1", _M,
             "Methylprednisolone 1000 mg a day for 3 days, then tapered", drug="methylprednisolone", dose=Dose(1000.0, every_hours=24.0), route="IV",
             blocked_by=(interval("methylprednisolone", 24.0, "jcm2023:table1", _V), THREE_DAYS), answers=CORTICOSTEROIDS,
             reading=f"That it belongs to grade 4 of CRES is from memory of CARTOX. With oedema or high pressure: P8. {METHYLPREDNISOLONE_TAPER}",
             remarks=(CHILD,)),
        Rule("N10", "Intensive care: neurotoxicity of grade 3 or more, or reduced consciousness", neurotoxicity(3) | REDUCED, "chinthapalli2023:icu", _S,
             "Higher (>= grade 3) toxicities in the intensive care unit; a lowered degree of awareness",
             reading="Lower grades are admitted too: of units asked, 81% had patients with ICANS grade 2 and 73% with CRS grade 1 to 2 at admission, for "
                     "fear of worsening, further procedures, lung oedema, or a large tumour. That is no rule."),
        Rule("N15", "Anakinra (experimental)", grade_2, _SPECIFIC, _S, "Anakinra might serve as a promising steroid-free solution ... including ICANS",
             drug="anakinra", dose=Dose(as_told="no dose in the paper"), answers=("anakinra",), experimental=True, optional=True,
             reading="The paper names no grade: taken as an alternative where it prefers a corticosteroid, ICANS of grade 2 or more. Under study."),
    )
    return Chapter("Neurotoxicity (ICANS and CRES)", CRES, rules, CRES.episode, counts=("crs", "unknown"), counts_also=ICANS_FINDINGS)
