"""ICANS grade by the ASTCT 2019 consensus, as data: ICE score from 12 years on, CAPD below.

Source: lee2019, the ICANS tables for adults and children, read in reprints (icans_adult, icans_child).  The worst domain wins;
only findings with no other cause count; sedation makes ICE, CAPD and consciousness unknown, not grade 4.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.consciousness import KNOWN_TESTED_BY_ICE, SEDATED, TESTED_BY_CAPD, TESTED_BY_ICE
from tocsin.rules import Doses, Either, Elsewhere, Fact, IsIn, Measure, Named, Or, Predicate, Setting, Unless, charted, present, settled
from tocsin.scales.scale import Criterion, EpisodeRule, Flag, Scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

SETTINGS = (
    Setting("quiet_hours", 24.0, "h", "ICANS has resolved when no finding is left for this long", "tocsin:resolution", Mark.DECISION,
            minimum=1, maximum=240),
    Setting("lapse_hours", 12.0, "h", "a gap in charting no longer than this does not break the quiet", "tocsin:resolution", Mark.DECISION,
            maximum=72),
    Setting("new_episode_hours", 24.0, "h", "a new episode needs this long at grade 0", "tocsin:episode", Mark.DECISION, maximum=240),
)

_ICE = Measure("ice_score", "points")
_CAPD = Measure("capd_score", "points")
_STEROID = Doses(CORTICOSTEROIDS, "corticosteroid", "a corticosteroid", hours=24.0, told_by="corticosteroid")
_CONCEPTS = ("ice_score", "capd_score", "consciousness", "seizure", "motor_weakness", "cerebral_oedema", "papilloedema",
             "papilloedema_stage", "sixth_nerve_palsy", "posturing", "cushing_triad")


def _awake(*values: str, maybe: tuple[str, ...] = (), says: str) -> Predicate:
    return Unless(IsIn("consciousness", values, maybe, says=says), SEDATED)


def _ice(at_most: float) -> Predicate:
    return Unless(TESTED_BY_ICE & _ICE.at_most(at_most), SEDATED)


def _capd(at_least: float) -> Predicate:
    """Required of a patient known to be tested by CAPD; where the age is not told, what is charted decides."""
    score = _CAPD.at_least(at_least)
    return Unless((TESTED_BY_CAPD & score) | (~KNOWN_TESTED_BY_ICE & charted(score)), SEDATED)


def astct_icans(**given: object) -> Scale:
    """The ASTCT 2019 ICANS scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    unarousable = _awake("vigorous_tactile", "unarousable", maybe=("reduced",),
                         says="unarousable, or only by vigorous or repetitive tactile stimuli")
    tactile = _awake("tactile", "vigorous_tactile", "unarousable", maybe=("reduced",), says="awakens only to tactile stimulus, or less")
    voice = _awake("voice", "tactile", "vigorous_tactile", "unarousable", "reduced", says="awakens only to voice, or less")
    seizure = present("seizure", says="any seizure, clinical or on EEG")
    status = IsIn("seizure", ("prolonged", "repetitive", "nonconvulsive_status", "convulsive_status"), ("unspecified", "partial", "generalised"),
                  says="a seizure longer than 5 minutes, or repetitive seizures without return to baseline")
    weakness = IsIn("motor_weakness", ("deep_focal",), ("other",), says="deep focal motor weakness")
    local_oedema = IsIn("cerebral_oedema", ("focal", "diffuse", "unspecified"), says="cerebral oedema on imaging")
    diffuse_oedema = IsIn("cerebral_oedema", ("diffuse",), ("unspecified",), says="diffuse cerebral oedema")
    bleeding = present("intracranial_haemorrhage")
    papilloedema = Either(present("papilloedema"), Measure("papilloedema_stage", "points", ask=False).at_least(1.0))
    signs = Or((present("posturing"), present("sixth_nerve_palsy"), papilloedema, present("cushing_triad")))
    no_bleeding = ~Named("haemorrhage_charted", charted(bleeding), says="intracranial haemorrhage is charted",
                         cites="icans_adult:footnote", mark="V")
    oedema3 = local_oedema & no_bleeding
    oedema4 = diffuse_oedema & no_bleeding
    onset = Or((_ice(9.0), _capd(9.0), voice, seizure, weakness, oedema3, signs))
    return Scale(
        id="astct-icans-2019", version="2019", title="ICANS, ASTCT consensus 2019", syndrome="ICANS",
        cites=("lee2019:icans", "icans_adult:table", "icans_child:table"), counts=("icans", "unknown"),
        settings=settings, setting_docs=SETTINGS,
        episode=EpisodeRule(
            onset=onset, active=onset, suppressing=_STEROID, quiet_hours=float(settings["quiet_hours"]),
            quiet_hours_suppressed=float(settings["quiet_hours"]), lapse_hours=float(settings["lapse_hours"]),
            new_episode_hours=float(settings["new_episode_hours"])),
        criteria=(
            Criterion("ICE1", 1, _ice(9.0), "icans_adult:table", Mark.VERIFIED, "ICE 7 to 9, or less. ICE 10 while awake is no ICANS.",
                      short="ICE 9 or less"),
            Criterion("ICE2", 2, _ice(6.0), "icans_adult:table", Mark.VERIFIED, "ICE 3 to 6, or less.", short="ICE 6 or less"),
            Criterion("ICE3", 3, _ice(2.0), "icans_adult:table", Mark.VERIFIED,
                      "ICE 0 to 2. ICE 0 in an awake patient with global aphasia is grade 3; ICE 0 because unarousable is grade 4 by "
                      "consciousness.", short="ICE 2 or less"),
            Criterion("CAPD1", 1, _capd(1.0), "icans_child:table", Mark.MEMORY,
                      "CAPD 1 to 8 (the table prints below 9); CAPD 0 is not ICANS. Grades 1 and 2 are told apart by consciousness alone.",
                      short="CAPD 1 or more"),
            Criterion("CAPD3", 3, _capd(9.0), "icans_child:table", Mark.VERIFIED, "CAPD 9 or more.", short="CAPD 9 or more"),
            Criterion("CONSC2", 2, voice, "icans_adult:table", Mark.VERIFIED,
                      "Awakens to voice. Awakening spontaneously is by itself no ICANS. Reduced consciousness of an untold degree is at "
                      "least this.", short="awakens to voice, or reduced"),
            Criterion("CONSC3", 3, tactile, "icans_adult:table", Mark.VERIFIED, "Awakens only to tactile stimulus.", short="awakens only to touch"),
            Criterion("CONSC4", 4, unarousable, "icans_adult:table", Mark.VERIFIED,
                      "Unarousable, or needs vigorous or repetitive tactile stimuli; stupor or coma. Unknown under sedation.", short="unarousable"),
            Criterion("SEIZ3", 3, seizure, "icans_adult:table", Mark.VERIFIED,
                      "Any clinical seizure that resolves rapidly, or non-convulsive seizures on EEG that resolve with intervention.",
                      short="a seizure"),
            Criterion("SEIZ4", 4, status, "icans_adult:table", Mark.VERIFIED,
                      "Longer than 5 minutes, or repetitive without return to baseline.", short="prolonged or repetitive seizures"),
            Criterion("MOTOR4", 4, weakness, "icans_adult:table", Mark.VERIFIED, "Deep focal weakness such as hemiparesis or paraparesis.",
                      short="deep focal weakness"),
            Criterion("OEDEMA3", 3, oedema3, "icans_adult:table", Mark.VERIFIED,
                      "Focal or local oedema on imaging. Intracranial haemorrhage, with or without oedema, is excluded (CTCAE).",
                      short="focal cerebral oedema"),
            Criterion("OEDEMA4", 4, oedema4, "icans_adult:table", Mark.VERIFIED, "Diffuse cerebral oedema on imaging.",
                      short="diffuse cerebral oedema"),
            Criterion("ICP4", 4, signs, "icans_adult:table", Mark.VERIFIED,
                      "Decerebrate or decorticate posturing, sixth nerve palsy, papilloedema of any stage, or Cushing's triad.",
                      short="signs of raised intracranial pressure"),
            Criterion("DEATH5", 5, charted(present("death", says="death, stated to be caused by ICANS")), "icans_child:footnote", Mark.VERIFIED,
                      "Only where the record states that ICANS was the cause (attribution icans); never derived.", short="death caused by ICANS"),
            Criterion("CLEAR0", 0, ~Or((onset, _capd(1.0))), "icans_adult:table", Mark.VERIFIED,
                      "None of the findings.", short="no finding"),
            Criterion("ELSEWHERE0", 0, Elsewhere(_CONCEPTS, "the findings are put down to another cause"), "icans_adult:footnote",
                      Mark.VERIFIED, "Only findings with no other cause count.", short="findings put down to another cause"),
        ),
        flags=(
            Flag("sedated", SEDATED, "Sedation is running: ICE, CAPD and consciousness cannot be assessed; the grade before it is the last "
                 "known.", "icans_adult:footnote"),
            Flag("haemorrhage", bleeding, "Intracranial haemorrhage is graded by CTCAE, not as ICANS.", "icans_adult:footnote"),
            Flag("ice_in_young_child", Fact("age_years", "<", 12.0, "age below 12 years") & _ICE.at_least(0.0),
                 "An ICE score is charted for a child under 12; CAPD is the instrument there.", "icans_child:table"),
            Flag("baseline_ice_below_10", Fact("baseline_ice_score", "<", 10.0, "ICE score below 10 before treatment", assume=False),
                 "The ICE score was below 10 before treatment; the source does not correct for it: judge the change from then.", "tocsin:icans"),
            Flag("on_steroid", _STEROID, "A corticosteroid was given within 24 h; ICANS may flare when it is tapered.", "tocsin:icans"),
            Flag("counted_elsewhere", Elsewhere(_CONCEPTS, "findings put down to another cause"),
                 "Findings put down to another cause (attribution) are not counted.", "icans_adult:footnote"),
        ),
        notes=("Tremor and myoclonus are graded by CTCAE and do not change this grade.", "A baseline ICE below 10 is not "
               "corrected for by the source."),
    )


BUILDERS = {"astct-icans-2019": astct_icans}
