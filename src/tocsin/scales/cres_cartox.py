"""CAR-T cell-related encephalopathy syndrome (CRES) by CARTOX 2018, as data: CARTOX-10, pressure, seizures and weakness.

Source: neelapu2018, box and table of CRES; the CARTOX-10 cells read in a reprint (cartox_copy).  The worst row wins.  CARTOX-10 asks
for the president or prime minister where ICE asks for a command: the two scores are not interchangeable.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.consciousness import SEDATED
from tocsin.rules import Doses, Either, Elsewhere, IsIn, Measure, Named, Or, Predicate, Unless, charted, present, settled
from tocsin.scales.astct_icans import SETTINGS
from tocsin.scales.scale import Criterion, EpisodeRule, Flag, Scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_STEROID = Doses(CORTICOSTEROIDS, "corticosteroid", "a corticosteroid", hours=24.0, told_by="corticosteroid")
_CONCEPTS = ("cartox10_score", "consciousness", "seizure", "motor_weakness", "cerebral_oedema", "papilloedema", "papilloedema_stage",
             "csf_pressure", "raised_intracranial_pressure")
_STAGE = Measure("papilloedema_stage", "points")
_PRESSURE = Measure("csf_pressure", "mmHg")


def _score(at_most: float) -> Predicate:
    return Unless(Measure("cartox10_score", "points").at_most(at_most), SEDATED)


def cres_cartox(**given: object) -> Scale:
    """The CARTOX 2018 CRES scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    obtunded = Unless(IsIn("consciousness", ("vigorous_tactile", "unarousable"), ("tactile", "reduced"),
                           says="obtunded, stuporous or comatose, so that the tasks cannot be performed"), SEDATED)
    papilloedema = Either(_STAGE.at_least(1.0), present("papilloedema"))
    severe_papilloedema = Either(_STAGE.at_least(3.0), IsIn("papilloedema", (), ("present",), says="papilloedema of an untold stage"))
    raised = present("raised_intracranial_pressure") | charted(_PRESSURE.at_least(20.0))
    high_pressure = Either(_PRESSURE.at_least(20.0), IsIn("raised_intracranial_pressure", (), ("present",),
                                                          says="raised intracranial pressure without a number"))
    oedema = present("cerebral_oedema", says="cerebral oedema on imaging")
    seizure = present("seizure", says="any seizure, clinical or on EEG")
    generalised = IsIn("seizure", ("brief_generalised", "generalised", "prolonged", "repetitive", "nonconvulsive_status", "convulsive_status"),
                        ("brief", "partial", "multiple", "unspecified"),
                       says="a generalised seizure, or convulsive or non-convulsive status epilepticus")
    weakness = present("motor_weakness", says="new motor weakness")
    onset = Named("cres_finding", Or((_score(9.0), obtunded, papilloedema, raised, oedema, seizure, weakness)), says="any of the findings of CRES",
                  cites="neelapu2018:CRES", mark="M")
    return Scale(
        id="cartox-cres-2018", version="2018", title="CRES, CARTOX 2018", syndrome="ICANS",
        cites=("neelapu2018:CRES", "cartox_copy:table", "frisen:stages"), counts=("icans", "unknown"),
        settings=settings, setting_docs=SETTINGS,
        episode=EpisodeRule(
            onset=onset, active=onset, suppressing=_STEROID, quiet_hours=float(settings["quiet_hours"]),
            quiet_hours_suppressed=float(settings["quiet_hours"]), lapse_hours=float(settings["lapse_hours"]),
            new_episode_hours=float(settings["new_episode_hours"])),
        criteria=(
            Criterion("SCORE1", 1, _score(9.0), "cartox_copy:table", Mark.VERIFIED, "CARTOX-10 of 7 to 9, or less. An ICE score does not "
                      "stand in for it.", short="CARTOX-10 of 9 or less"),
            Criterion("SCORE2", 2, _score(6.0), "cartox_copy:table", Mark.VERIFIED, "CARTOX-10 of 3 to 6, or less.",
                      short="CARTOX-10 of 6 or less"),
            Criterion("SCORE3", 3, _score(2.0), "neelapu2018:CRES", Mark.MEMORY, "CARTOX-10 of 0 to 2.", short="CARTOX-10 of 2 or less"),
            Criterion("OBTUNDED4", 4, obtunded, "neelapu2018:CRES", Mark.MEMORY,
                      "Critical condition or obtunded, and cannot perform the tasks. Stupor and coma are this; a patient who awakens to "
                      "touch, or whose degree is not told, may be. Unknown under sedation.", short="obtunded, cannot perform"),
            Criterion("ICP3", 3, papilloedema | raised, "neelapu2018:CRES", Mark.MEMORY,
                      "Papilloedema of stage 1 or 2 (Frisen), or raised intracranial pressure with an opening pressure below 20 mmHg. That "
                      "the pressure is raised must be asserted: an opening pressure below 20 mmHg alone is no sign.",
                      short="papilloedema or raised intracranial pressure"),
            Criterion("PAPIL4", 4, severe_papilloedema, "neelapu2018:CRES", Mark.MEMORY,
                      "Papilloedema of stage 3 to 5 (Frisen). Of an untold stage it may be.", short="papilloedema of stage 3 or more"),
            Criterion("CSF4", 4, high_pressure, "neelapu2018:CRES", Mark.MEMORY,
                      "Opening pressure of cerebrospinal fluid of 20 mmHg (272 mmH2O) or more.", short="opening pressure of 20 mmHg or more"),
            Criterion("OEDEMA4", 4, oedema, "neelapu2018:CRES", Mark.MEMORY, "Cerebral oedema, focal or diffuse; in ICANS a focal one is "
                      "grade 3.", short="cerebral oedema"),
            Criterion("SEIZ3", 3, seizure, "neelapu2018:CRES", Mark.MEMORY,
                      "Partial seizure, or non-convulsive seizures on EEG that respond to a benzodiazepine; every other seizure is at least "
                      "this.", short="a seizure"),
            Criterion("SEIZ4", 4, generalised, "neelapu2018:CRES", Mark.MEMORY,
                      "Generalised seizure, or convulsive or non-convulsive status epilepticus. A short generalised seizure is grade 4 here "
                      "and grade 3 in ICANS. Longer than 5 minutes, or repetitive without return to baseline, is status.",
                      short="generalised seizure or status epilepticus"),
            Criterion("MOTOR4", 4, weakness, "neelapu2018:CRES", Mark.MEMORY,
                      "New motor weakness of any degree; in ICANS only deep focal weakness is grade 4. Weakness known before the infusion is "
                      "excluded by its attribution (baseline).", short="new motor weakness"),
            Criterion("CLEAR0", 0, ~onset, "neelapu2018:CRES", Mark.MEMORY, "None of the findings.", short="no finding"),
            Criterion("ELSEWHERE0", 0, Elsewhere(_CONCEPTS, "the findings are put down to another cause"), "neelapu2018:CRES", Mark.MEMORY,
                      "Findings put down to another cause are not CRES.", short="findings put down to another cause"),
        ),
        flags=(
            Flag("sedated", SEDATED, "Sedation is running: CARTOX-10 and consciousness cannot be assessed; the grade before it is the last "
                 "known.", "neelapu2018:CRES"),
            Flag("ice_charted", Measure("ice_score", "points", ask=False).at_least(0.0),
                 "An ICE score is charted; it is not read here, because one of its items differs from CARTOX-10.", "neelapu2018:CRES"),
            Flag("on_steroid", _STEROID, "A corticosteroid was given within 24 h.", "neelapu2018:CRES"),
            Flag("counted_elsewhere", Elsewhere(_CONCEPTS, "findings put down to another cause"),
                 "Findings put down to another cause (attribution) are not counted.", "neelapu2018:CRES"),
        ),
        notes=("The source has no grade 5 for CRES; death is not graded here.",
               "Posturing, sixth nerve palsy and Cushing's triad are no cells of this table; where they are charted, grade ICANS too."),
    )


BUILDERS = {"cartox-cres-2018": cres_cartox}
