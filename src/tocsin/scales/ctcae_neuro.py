"""Neurotoxicity item by item by CTCAE, version 5 and version 4.03, as data: the worst item is the grade.

Source: ctcae5, ctcae403; the items that trials of CAR-T cells reported before ICANS, from memory.  The two versions differ in seizures.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Elsewhere, IsIn, Named, Or, Predicate, Setting, present, settled
from tocsin.scales.scale import Criterion, Flag, Scale

_DEGREES = ("mild", "moderate", "severe", "life_threatening")

# concept: what each grade means, from 1 on.
_ITEMS = {
    "encephalopathy": ("mild symptoms", "moderate; limits instrumental activities of daily living", "severe; limits self-care",
                       "life-threatening"),
    "somnolence": ("mild; more drowsy than usual", "moderate sedation", "obtundation or stupor", "life-threatening"),
    "confusion": ("mild disorientation", "moderate disorientation", "severe disorientation", "life-threatening; harm to self or others"),
    "aphasia": ("aware of a receptive or expressive deficit, can communicate", "moderate; impairs spontaneous communication", "severe"),
    "tremor": ("mild", "moderate", "severe; limits self-care"),
    "headache": ("mild", "moderate", "severe"),
}
_TITLES = {"aphasia": "dysphasia"}
_CONCEPTS = (*_ITEMS, "seizure")

NEW_ONSET = Setting(
    "seizure_is_new_onset", True, "", "every seizure after the infusion is new in onset (version 5: grade 3); no, for a patient with epilepsy "
    "before it", "ctcae5:seizure", Mark.DECISION)


def _degrees(concept: str, version: str) -> tuple[Criterion, ...]:
    """The criteria of an item whose degree is charted: "present" alone is at least grade 1 and may be any."""
    title = _TITLES.get(concept, concept)
    cells = _ITEMS[concept]
    out = []
    for grade, cell in enumerate(cells, start=1):
        values = _DEGREES[grade - 1 : len(cells)]
        if grade == 1:
            claim = present(concept, says=f"{title} of any degree")
        else:
            claim = IsIn(concept, values, ("present",), says=f"{title}, {' or '.join(v.replace('_', '-') for v in values)}")
        out.append(Criterion(f"{title.upper()}{grade}", grade, claim, f"{version}:{title}", Mark.MEMORY, f"Grade {grade}: {cell}.",
                             short=f"{title}: {cell.split(';')[0]}"))
    return tuple(out)


def _seizures(version: str, new_onset: bool) -> tuple[Criterion, ...]:
    def claim(values: tuple[str, ...], maybe: tuple[str, ...], says: str) -> Predicate:
        return IsIn("seizure", values, maybe, says=says)

    any_seizure = present("seizure", says="any seizure")
    untold = ("partial", "unspecified")
    status = ("prolonged", "repetitive", "nonconvulsive_status", "convulsive_status")
    by_course = claim(("multiple", *status), (*untold, "generalised"), "multiple seizures despite treatment, or worse")
    three = any_seizure if new_onset else by_course
    reading3 = ("Grade 3: new-onset seizures, partial or generalised. Every seizure after the infusion is taken as new in onset, unless the "
                "setting seizure_is_new_onset says no; then multiple seizures despite treatment are grade 3." if version == "ctcae5" else
                "Grade 3: multiple seizures despite medical treatment.")
    where = f"{version}:seizure"
    return (
        Criterion("SEIZURE1", 1, any_seizure, where, Mark.MEMORY, "Grade 1: brief partial seizure without loss of consciousness. Awareness "
                  "during a partial seizure is not asked for.", short="a seizure"),
        Criterion("SEIZURE2", 2, claim(("brief_generalised", "generalised", "multiple", *status),
                                       ("brief", "nonconvulsive_resolved", *untold), "a generalised seizure, or worse"), where, Mark.MEMORY,
                  "Grade 2: brief generalised seizure. One seen on EEG alone, or of an untold kind, may be.", short="a generalised seizure"),
        Criterion("SEIZURE3", 3, three, where, Mark.DECISION if version == "ctcae5" else Mark.MEMORY, reading3,
                  short="new-onset seizure" if new_onset else "multiple seizures despite treatment"),
        Criterion("SEIZURE4", 4, claim(status, (*untold, "generalised"), "prolonged or repetitive seizures"), where,
                  Mark.MEMORY, "Grade 4: life-threatening; prolonged repetitive seizures. A seizure longer than 5 minutes counts as prolonged.",
                  short="prolonged or repetitive seizures"),
    )


def _build(version: str, **given: object) -> Scale:
    docs = (NEW_ONSET,) if version == "ctcae5" else ()
    settings = settled(docs, given)
    number = "5.0" if version == "ctcae5" else "4.03"
    finding = Named("any_item", Or(tuple(present(c) for c in _CONCEPTS)), says="any of the items, of any degree",
                    cites=f"{version}:nervous system disorders", mark="M")
    return Scale(
        id=f"{version}-neurotoxicity", version=number, title=f"Neurotoxicity by items, CTCAE v{number}", syndrome="neurotoxicity",
        cites=(f"{version}:nervous system and psychiatric disorders",), counts=("icans", "crs", "local_crs", "hlh", "unknown"),
        settings=settings, setting_docs=docs,
        criteria=(
            *(c for concept in _ITEMS for c in _degrees(concept, version)),
            *_seizures(version, bool(settings.get("seizure_is_new_onset", False))),
            Criterion("CLEAR0", 0, ~finding, f"{version}:nervous system disorders", Mark.MEMORY, "None of the items.", short="none of the items"),
            Criterion("ELSEWHERE0", 0, Elsewhere(_CONCEPTS, "the findings are put down to another cause"), f"{version}:nervous system disorders",
                      Mark.MEMORY, "CTCAE grades an event whatever its cause; here only those of the cell therapy are asked for.",
                      short="findings put down to another cause"),
        ),
        flags=(Flag("counted_elsewhere", Elsewhere(_CONCEPTS, "findings put down to another cause"),
                    "Findings put down to another cause (attribution) are not counted.", f"{version}:nervous system disorders"),),
        notes=("Death (grade 5) is not graded here: the record would have to say by which item.",
               "An item that is charted as present without its degree is at least grade 1 and may be the highest grade of that item."),
    )


def ctcae5_neurotoxicity(**given: object) -> Scale:
    """CTCAE v5.0 neurotoxicity with the given settings; SettingError for a setting that does not exist."""
    return _build("ctcae5", **given)


def ctcae403_neurotoxicity(**given: object) -> Scale:
    """CTCAE v4.03 neurotoxicity; it has no settings."""
    return _build("ctcae403", **given)


BUILDERS = {"ctcae5-neurotoxicity": ctcae5_neurotoxicity, "ctcae403-neurotoxicity": ctcae403_neurotoxicity}
