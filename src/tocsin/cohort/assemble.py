"""From a record and a table of patients to a cohort: courses, doses, outcomes, arms, and who is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from tocsin.cohort import courses
from tocsin.cohort.arms import arms, drug_named
from tocsin.cohort.asked import check_columns, check_scales
from tocsin.cohort.checked import checked, not_read
from tocsin.cohort.cohort import COLUMNS, Cohort
from tocsin.cohort.complications import complications
from tocsin.cohort.courses import Course
from tocsin.cohort.kinetics import kinetics, wide
from tocsin.cohort.measured import ANALYTES
from tocsin.cohort.outcomes import outcomes
from tocsin.cohort.rules import rule
from tocsin.cohort.study import Study
from tocsin.cohort.treatments import contradictions, doses, given
from tocsin.errors import CohortError
from tocsin.grading.many import grade_many
from tocsin.scales import SCALES
from tocsin.timeline import PATIENTS, Completeness, Timeline
from tocsin.vocabulary import CORTICOSTEROIDS

_SYNDROMES = {"crs": "CRS", "icans": "ICANS"}
_AFTER = ("mrd", "follow_up_days", "tocilizumab", "corticosteroids", "filgrastim", "infection_site")
_WAYS = ("computed", "reported", "told")


def cohort(timeline: Timeline, study: Study, told: pl.DataFrame | None = None, screening: Sequence[tuple[str, int]] = ()) -> Cohort:
    """The cohort of a record.

    ``told`` is the table of patients with the study's own columns, one row a patient; ``screening`` counts those who never came into the
    record: (reason, n).  CohortError when the arms cannot be made or nobody is left.
    """
    timeline, unheard = _heard(timeline)
    check_scales(study)
    facts = timeline.patients.select("patient", *(c.name for c in timeline.patients if c.null_count() < len(c) and c.name != "patient"))
    differ = _who_differs(timeline, told, both_ways=not unheard)
    told = _told(timeline, told)
    chosen, others = _courses(timeline, told, study)
    given_doses = doses(timeline, study.window_days)
    found = outcomes(timeline, told, study)
    members = facts.join(told.drop([c for c in told.columns if c in COLUMNS and c != "patient"]), on="patient", how="left",
                         maintain_order="left")
    for one in (*(_prefixed(c, s) for s, c in chosen.items()), given(timeline, given_doses, told, study.window_days),
                complications(timeline, told, study.window_days), found.patients, wide(kinetics(timeline, ANALYTES, study.window_days)),
                *(o.patients.select("patient", pl.col("max_grade").alias(name)) for name, o in others.items())):
        fresh = [c for c in one.columns if c == "patient" or c not in members.columns]
        members = members.join(one.select(fresh), on="patient", how="left", maintain_order="left")
    for syndrome in _SYNDROMES:
        name = f"{syndrome}_max_grade"
        members = members.with_columns((told[name].cast(pl.Float64) if name in told.columns else pl.lit(None, pl.Float64))
                                       .alias(f"{syndrome}_told_max_grade"))
    members, excluded, notes = _excluded(members, study)
    if not len(members):
        raise CohortError("nobody is left: every patient is excluded.\n  See the rules under [[exclude]] of the study file.")
    made = arms(timeline, members, given_doses, study)
    members = members.with_columns(made.arm.alias("arm"))
    unassigned = members["arm"].null_count()
    if unassigned:
        excluded = [*excluded, ("arm not known", unassigned)]
        members = members.filter(pl.col("arm").is_not_null())
    check_columns(study, members)
    here = pl.DataFrame({"patient": members["patient"]})
    kept = _of(timeline, members["patient"])
    screened = len(timeline.patient_ids) + sum(n for _, n in screening)
    notes = [f"Arms are made {made.says}.", *differ, *unheard, *_unread(told), *_given_before(timeline, members, made.drug), *found.notes,
             *contradictions(given_doses, told), *notes]
    return Cohort(
        study, kept, _in_order(members), made.names, {s: c.steps.join(here, on="patient", how="semi") for s, c in chosen.items()},
        given_doses.join(here, on="patient", how="semi"), screened, (*screening, *excluded), {s: c.source for s, c in chosen.items()},
        _covariates(told), found.left_out, tuple(notes))


def _heard(timeline: Timeline) -> tuple[Timeline, tuple[str, ...]]:
    """The record with what is declared complete held to those of whom it has a row at all, and a note on the others.

    A table of patients may name somebody of whom no record was exported; that no drug of theirs is on record then tells nothing.
    """
    whole, has = timeline.complete, set(timeline.events["patient"].cast(pl.String).unique().to_list())
    silent = [p for p in timeline.patient_ids if p not in has]
    if not silent or not (whole.everywhere or whole.by_patient):
        return timeline, ()
    names = {**{n: frozenset(has) for n in whole.everywhere}, **{n: who & has for n, who in whole.by_patient.items() if n not in whole.everywhere}}
    note = (f"Of {len(silent)} patients ({', '.join(silent[:5])}{' ...' if len(silent) > 5 else ''}) the record has no row: what is declared complete does not "
            "hold for them, and what was given or found is known of them only where the table of patients tells it.")
    return replace(timeline, complete=Completeness(by_patient=names, basis=whole.basis)), (note,)


def _given_before(timeline: Timeline, members: pl.DataFrame, drug: str | None) -> tuple[str, ...]:
    """A note on those who were given the drug of the arms before the infusion, which makes no arm."""
    if drug is None:
        return ()
    names = list(CORTICOSTEROIDS) if drug == "corticosteroids" else [drug]
    latest = pl.coalesce("hour_latest", "hour")
    before = (pl.col("hour") < 0) & (latest <= 0)
    rows = timeline.events.filter(before & pl.col("concept").cast(pl.String).is_in(names) & ~(pl.col("text") == "absent").fill_null(False))
    who = [p for p in members["patient"].to_list() if p in set(rows["patient"].cast(pl.String).to_list())]
    return (f"Before the infusion {drug} was given to {len(who)} of the patients ({', '.join(who[:5])}{' ...' if len(who) > 5 else ''}); only doses from the "
            "infusion on make the arms.",) if who else ()


def _covariates(told: pl.DataFrame) -> tuple[str, ...]:
    """The columns of the table of patients that tell no course, drug or outcome after the infusion."""
    return tuple(c for c in told.columns if c != "patient" and not is_outcome(c))


def is_outcome(name: str) -> bool:
    """Whether a column of the table of patients tells what came after the infusion: a grade, a drug given for it, a complication, an outcome."""
    return name in COLUMNS or name in _AFTER or name.startswith(("crs_", "icans_")) or name.endswith("_max_grade") or drug_named(name) is not None


def _told(timeline: Timeline, told: pl.DataFrame | None) -> pl.DataFrame:
    """The table of patients for everybody of the record, in its order."""
    everybody = pl.DataFrame({"patient": timeline.patient_ids}, schema={"patient": pl.String})
    if told is None:
        return everybody
    twice = told.filter(told["patient"].is_duplicated())
    if len(twice):
        raise CohortError(f"patient {twice['patient'][0]!r} has more than one row in the table of patients; keep one.")
    told = checked(told.with_columns(pl.col("patient").cast(pl.String)))
    own = [c for c in told.columns if c == "patient" or c not in PATIENTS]
    return everybody.join(told.select(own), on="patient", how="left", maintain_order="left")


def _who_differs(timeline: Timeline, told: pl.DataFrame | None, both_ways: bool) -> list[str]:
    """In words, who is in the record and not in the table of patients; and, ``both_ways``, the reverse."""
    if told is None or not len(timeline.events):
        return []
    table, record = set(told["patient"].cast(pl.String).to_list()), set(timeline.events["patient"].cast(pl.String).unique().to_list())
    out = []
    for some, says in ((record - table, "in the record and not in the table of patients: what it tells is not known of them"),
                       (table - record, "in the table of patients and without a row in the record: nothing is computed of them")):
        if some and (both_ways or some == record - table):
            who = sorted(some)
            out.append(f"{len(who)} {'patient is' if len(who) == 1 else 'patients are'} {says} ({', '.join(who[:5])}{' ...' if len(who) > 5 else ''}).")
    return out


def _unread(told: pl.DataFrame) -> list[str]:
    names = not_read(told.columns)
    return [f"Not used of the table of patients, because nothing reads a column of this name: {', '.join(names)}. The manual of cohort studies lists the names."
            ] if names else []


def _courses(timeline: Timeline, told: pl.DataFrame, study: Study) -> tuple[dict[str, Course], dict[str, Course]]:
    """The course of each syndrome by the way that the study asks for, and those by the other scales and ways, to compare."""
    if study.grades not in ("auto", *_WAYS):
        raise CohortError(f"grades are computed, reported, told or auto, not {study.grades!r}")
    scales = list(dict.fromkeys((*study.scales, *study.also)))
    until = courses.last_hour(study.window_days)
    graded = dict(zip(scales, grade_many(timeline, scales, until=until), strict=True)) if len(timeline.events) else {}
    by_scale = {s: courses.computed(g, study.window_days, study.charted_days) for s, g in graded.items()}
    chosen: dict[str, Course] = {}
    others: dict[str, Course] = {}
    for syndrome, title in _SYNDROMES.items():
        ways: dict[str, Course] = {}
        main = next((s for s in study.scales if SCALES[s].syndrome == title), None)
        if main is not None and main in by_scale:
            ways["computed"] = by_scale[main]
        ways["reported"] = courses.reported(timeline, f"reported_{syndrome}_grade", study.window_days, "as the record reports them")
        ways["told"] = courses.told(told, syndrome, "as the table of patients tells them")
        way = study.grades if study.grades != "auto" else next((w for w in _WAYS if w in ways and ways[w].settles), "told")
        if way not in ways:
            raise CohortError(f"grades = {way!r}: the record cannot give {title} this way")
        chosen[syndrome] = ways[way]
        others |= {f"{syndrome}_{w}_max_grade": c for w, c in ways.items() if w != way and w != "told" and c.settles}
    main_scales = {next((s for s in study.scales if SCALES[s].syndrome == t), None) for t in _SYNDROMES.values()}
    others |= {f"{_key(s)}_max_grade": c for s, c in by_scale.items() if s not in main_scales and c.settles}
    return chosen, others


def _key(scale: str) -> str:
    return scale.replace("-", "_")


def _prefixed(course: Course, syndrome: str) -> pl.DataFrame:
    return course.patients.rename({n: f"{syndrome}_{n}" for n in courses.NAMES})


def _excluded(members: pl.DataFrame, study: Study) -> tuple[pl.DataFrame, list[tuple[str, int]], list[str]]:
    """Those left after each rule in turn, how many each took, and where a rule could not be decided."""
    out: list[tuple[str, int]] = []
    notes = []
    for one in study.exclude:
        met = rule(one.when, members)
        unknown = met.null_count()
        if unknown:
            notes.append(f"Whether {one.when} is not known of {unknown} patients; they stay.")
        out.append((one.reason, int(met.fill_null(False).sum())))
        if not out[-1][1]:
            notes.append(f"The rule {one.when} ({one.reason}) leaves nobody out.")
        members = members.filter(~met.fill_null(False))
    return members, out, notes


def _of(timeline: Timeline, patients: pl.Series) -> Timeline:
    """The record of these patients; itself, with what has been worked out from it, where nobody is left out."""
    if len(patients) == len(timeline.patients):
        return timeline
    who = pl.col("patient").cast(pl.String).is_in(patients.to_list())
    return replace(timeline, events=timeline.events.filter(who), patients=timeline.patients.filter(who))


def _in_order(members: pl.DataFrame) -> pl.DataFrame:
    """The columns of COLUMNS first, in their types; a column that nothing fills is null."""
    first = [(pl.col(n).cast(kind) if n in members.columns else pl.lit(None, kind)).alias(n) for n, (kind, _) in COLUMNS.items()]
    return members.select(*first, *(c for c in members.columns if c not in COLUMNS))
