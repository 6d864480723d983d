"""Seizures and status epilepticus in paper 004: intensive care for any seizure, and the two ladders of treatment with their limits.

Source: chinthapalli2023 (order of drugs, intensive care).  Doses: non-convulsive status read in a reprint of CARTOX (cartox_copy),
convulsive status from memory of neelapu2018.  Trap: phenobarbital is 60 mg in non-convulsive and 15 mg/kg in convulsive status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from tocsin.cite import Mark
from tocsin.protocols.drugs import interval
from tocsin.protocols.paper004.neuro_grades import CHILD, CRES
from tocsin.protocols.parts import ICANS_FINDINGS
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import Doses, IsIn, Lasting, Masked, Observed, Predicate, Setting, present

SETTINGS = (
    Setting("status_course_hours", 6.0, "h", "doses of lorazepam within this time of each other count towards its total in one status epilepticus",
            "tocsin:status epilepticus", Mark.DECISION, minimum=1, maximum=24),
    Setting("status_persists_minutes", 5.0, "min", "status epilepticus persists when it is still there so long after lorazepam and levetiracetam "
            "(the time between two doses of lorazepam)", "tocsin:status epilepticus", Mark.DECISION, maximum=60),
)
_ICU, _TEXT = "chinthapalli2023:icu", "chinthapalli2023:seizure"
_NONCONVULSIVE, _CONVULSIVE = "cartox_copy:non-convulsive status", "neelapu2018:convulsive status"
_S, _V, _M = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY
_UNTOLD = ("prolonged", "repetitive", "unspecified")
STATUS = IsIn("seizure", ("prolonged", "repetitive", "nonconvulsive_status", "convulsive_status"), ("unspecified", "partial", "generalised"),
              says="status epilepticus: longer than 5 minutes, or repetitive without return to baseline")
NONCONVULSIVE = IsIn("seizure", ("nonconvulsive_status",), _UNTOLD, says="non-convulsive status epilepticus")
CONVULSIVE = IsIn("seizure", ("convulsive_status",), (*_UNTOLD, "partial", "generalised"), says="convulsive status epilepticus")
_PARTIAL = IsIn("seizure", ("partial", "brief_partial"), ("brief", "multiple", "nonconvulsive_resolved", *_UNTOLD), says="a partial seizure")


def _given(drug: str) -> Masked:
    """The drug was given since the status began: an earlier dose, to prevent seizures, is no step of the ladder."""
    return Masked(STATUS, Doses((drug,), drug, drug), says=f"{drug} given since the status began")


def seizures(settings: Mapping[str, float | bool]) -> Chapter:
    """The chapter of seizures and status epilepticus, with the settings of the protocol."""
    course, wait = float(settings["status_course_hours"]), float(settings["status_persists_minutes"]) / 60.0
    first_two = (_given("lorazepam") | present("midazolam")) & _given("levetiracetam")
    after = Observed(STATUS, inf) & ~STATUS
    phenobarbital_12 = interval("phenobarbital", 12.0, _NONCONVULSIVE, _V)
    lorazepam_5_min = Block("LORAZEPAM-5-MIN", Doses(("lorazepam",), "lorazepam", "lorazepam", hours=5.0 / 60.0),
                            "lorazepam was given less than 5 minutes ago", _NONCONVULSIVE, _V)

    def persists(kind: IsIn) -> Predicate:
        return Lasting(kind & first_two, wait)

    def total(number: int, mg: float, cites: str, mark: Mark) -> Block:
        """The cumulative limit, counted in doses of the size that the ladder asks for."""
        return Block(f"LORAZEPAM-{number}-DOSES", Doses(("lorazepam",), "lorazepam", "lorazepam", number, course),
                     f"{number} doses of lorazepam were given within {course:g} h, in all {mg:g} mg at the dose asked for", cites, mark)

    def counted(mg: float, dose: float) -> str:
        return (f"The limit of {mg:g} mg is counted as doses of {dose:g} mg (setting status_course_hours): any dose counts as one, so after larger or "
                "smaller doses add up the milligrams. Watch breathing.")

    still = "\"Persists\" is status still there after lorazepam and levetiracetam (setting status_persists_minutes)."
    adult = (CHILD,)
    rules = (
        Rule("SE1", "Treat status epilepticus at once: a benzodiazepine, levetiracetam with it, then phenobarbital", STATUS, _ICU, _S,
             "Benzodiazepines and supplementary antiepileptic medications, especially levetiracetam, for both nonconvulsive and convulsive status "
             "epilepticus. Phenobarbital should come next", answers=("lorazepam", "midazolam", "levetiracetam", "phenobarbital"),
             reading="For status of whatever kind. The doses differ: while it is not told whether it is convulsive, those rules stay open."),
        Rule("SE2", "Intensive care: any seizure", present("seizure", says="any seizure, clinical or on EEG"), _TEXT, _S,
             "All patients experiencing seizures after CAR-T cell treatment must be sent to the ICU",
             reading="They may worsen fast, to status epilepticus and, rarely, to cerebral oedema. Seizures may outlast rescue drugs given at once, and CT, "
                     "MRI and vessels are often normal while the EEG is slow. For a seizure that is no status the sources give no dose: levetiracetam "
                     "given to prevent seizures (N2) is not asked for any longer, and not to be stopped for that."),
        Rule("SE3", "A benzodiazepine, an antiepileptic drug and a corticosteroid help in partial seizures", _PARTIAL, _TEXT, _S,
             "Patients who have partial seizures usually react to corticosteroids, a second-line antiepileptic drug, and benzodiazepines",
             answers=("lorazepam", "levetiracetam", "dexamethasone", "methylprednisolone"), optional=True,
             reading="The paper tells what helps and gives no dose."),
        # non-convulsive
        Rule("SE4", "Lorazepam 0.5 mg, again every 5 minutes, 2 mg in all (non-convulsive status)", NONCONVULSIVE, _NONCONVULSIVE, _V,
             "Lorazepam 0.5 mg IV, repeated every 5 min to a total of 2 mg", drug="lorazepam", dose=Dose(0.5), route="IV",
             blocked_by=(lorazepam_5_min, total(4, 2.0, _NONCONVULSIVE, _V)), answers=("lorazepam",), reading=counted(2.0, 0.5), remarks=adult),
        Rule("SE5", "Levetiracetam 500 mg (status of either kind)", STATUS & ~_given("levetiracetam"), _NONCONVULSIVE, _M, "Levetiracetam 500 mg IV bolus",
             drug="levetiracetam", dose=Dose(500.0), route="IV", answers=("levetiracetam",),
             reading="The same dose in both ladders: read for non-convulsive status, from memory for convulsive. It goes with lorazepam and does not wait "
                     "for it. A dose before the status began, to prevent seizures, is not this one.", remarks=adult),
        Rule("SE6", "Phenobarbital 60 mg, in intensive care (non-convulsive status that persists)", persists(NONCONVULSIVE), _NONCONVULSIVE, _V,
             "If it persists, transfer to the ICU and phenobarbital 60 mg", drug="phenobarbital", dose=Dose(60.0), route="IV",
             blocked_by=(phenobarbital_12,), answers=("phenobarbital",), reading=f"60 mg whatever the weight; 15 mg/kg is for convulsive status. {still}",
             remarks=adult),
        # convulsive
        Rule("SE7", "Lorazepam 2 mg, again if needed, 4 mg in all (convulsive status)", CONVULSIVE, _CONVULSIVE, _M,
             "Lorazepam 2 mg IV, repeated to a total of 4 mg", drug="lorazepam", dose=Dose(2.0), route="IV",
             blocked_by=(replace(lorazepam_5_min, cites=_CONVULSIVE, mark=_M), total(2, 4.0, _CONVULSIVE, _M)),
             answers=("lorazepam",), reading=counted(4.0, 2.0), remarks=adult),
        Rule("SE8", "Phenobarbital 15 mg/kg, loading dose, in intensive care (convulsive status that persists)", persists(CONVULSIVE), _CONVULSIVE, _M,
             "If it persists, phenobarbital 15 mg/kg", drug="phenobarbital", dose=Dose(per_kg=15.0), route="IV",
             blocked_by=(replace(phenobarbital_12, cites=_CONVULSIVE, mark=_M),), answers=("phenobarbital",),
             reading=f"By weight, unlike the 60 mg of non-convulsive status. {still} Watch breathing."),
        # afterwards
        Rule("SE9", "Continue levetiracetam 1000 mg every 12 h after status", after, _NONCONVULSIVE, _M, "Levetiracetam 1000 mg every 12 h",
             drug="levetiracetam", dose=Dose(1000.0, every_hours=12.0), route="IV", blocked_by=(interval("levetiracetam", 12.0, _NONCONVULSIVE, _V),),
             answers=("levetiracetam",), reading="The same in both ladders: read for non-convulsive status, from memory for convulsive. For how long is not "
             "said.", remarks=adult),
        Rule("SE10", "Continue lorazepam 0.5 mg every 8 h, three doses, after non-convulsive status", Observed(NONCONVULSIVE, 24.0) & ~STATUS,
             _NONCONVULSIVE, _V, "Lorazepam 0.5 mg every 8 h, three doses", drug="lorazepam", dose=Dose(0.5, every_hours=8.0), route="IV",
             blocked_by=(interval("lorazepam", 8.0, _NONCONVULSIVE, _V),), answers=("lorazepam",),
             reading="Three doses are those of the first 24 h after it was seen.", remarks=adult),
        Rule("SE11", "Continue phenobarbital 30 mg every 12 h after non-convulsive status, where it was given",
             Observed(NONCONVULSIVE, inf) & ~STATUS & _given("phenobarbital"), _NONCONVULSIVE, _V, "Phenobarbital 30 mg every 12 h", drug="phenobarbital",
             dose=Dose(30.0, every_hours=12.0), route="IV", blocked_by=(phenobarbital_12,), answers=("phenobarbital",),
             reading="For how long is not said: here until 24 h have passed without status.", remarks=adult),
        Rule("SE12", "Continue phenobarbital 1 to 3 mg/kg every 12 h after convulsive status, where it was given",
             Observed(CONVULSIVE, inf) & ~STATUS & _given("phenobarbital"), _CONVULSIVE, _M, "Phenobarbital 1 to 3 mg/kg every 12 h",
             drug="phenobarbital", dose=Dose(as_told="1 to 3 mg/kg every 12 h"), route="IV",
             blocked_by=(replace(phenobarbital_12, cites=_CONVULSIVE, mark=_M),), answers=("phenobarbital",),
             reading="For how long is not said: here until 24 h have passed without status."),
    )
    episode = replace(CRES.episode, onset=STATUS, active=STATUS)
    return Chapter("Seizures and status epilepticus", CRES, rules, episode, counts=("crs", "unknown"), counts_also=ICANS_FINDINGS)
