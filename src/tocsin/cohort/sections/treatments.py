"""What was given for the toxicities: tocilizumab, corticosteroids, G-CSF and other drugs, by arm and by the highest grade of CRS."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from tocsin.cohort import equivalents
from tocsin.cohort import treatments as given
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.parts import Boxes, FigurePart, Section
from tocsin.cohort.result import TestResult
from tocsin.cohort.sections.arms_table import ArmsTable
from tocsin.cohort.sections.cells import joined, median_range, plural, share
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.tables import Lines
from tocsin.vocabulary import CONCEPTS

NEVER_TOLD = "nothing on record tells for anybody whether any was given"


def section(cohort: Cohort) -> Section:
    """The section "treatments" of the report."""
    draft = Draft("treatments", "Treatment")
    people = members_with_treatments(cohort)
    doses = cohort.doses.filter(pl.col("patient").is_in(people["patient"].to_list()))
    rows = ArmsTable(draft, people["arm"].to_list(), cohort.arms, "Treatment")
    tests = _main(draft, cohort, people, doses, rows)
    part = rows.table("table-treatments", f"Treatment from the infusion to day {cohort.study.window_days:g}, by arm", _notes(doses))
    if part is not None:
        draft.parts.append(part)
        _words(draft, people)
    else:
        draft.leave_out("Treatment by arm", "no drug is on record and no table tells of one")
    _by_grade(draft, cohort, people)
    panels = [box for box in (
        rows.box("Corticosteroids", "Methylprednisolone equivalent, mg", _treated(people, "methylprednisolone_mg", "corticosteroids"), tests.get("steroid")),
        rows.box("Tocilizumab", "All doses, mg", _treated(people, "tocilizumab_mg", "tocilizumab_given"), tests.get("toci")),
    ) if box is not None]
    if panels:
        drawn = tuple(replace(box, from_zero=True, groups=tuple(g for g in box.groups if g[1])) for box in panels)
        draft.parts.append(FigurePart("figure-doses", "Cumulative doses by arm", "Cumulative doses of those who were given any, with an amount known, in the "
                                      "arms that have such patients; boxes: median and quartiles; points: patients.", Boxes(drawn)))
    draft.methods.append(equivalents.says())
    draft.methods.append("A dose known by its day or a window only is taken at the middle of it; a dose of which the amount is not known counts as a dose.")
    draft.rest_on(equivalents.CITES)
    return draft.section()


def members_with_treatments(cohort: Cohort) -> pl.DataFrame:
    """The members with every column of what was given, null where a column is absent; and gcsf_given."""
    kinds = {"tocilizumab_given": pl.Boolean(), "tocilizumab_doses": pl.Int64(), "tocilizumab_mg": pl.Float64(), "tocilizumab_first_day": pl.Float64(),
             "corticosteroids": pl.Boolean(), "corticosteroid_first_day": pl.Float64(), "methylprednisolone_mg": pl.Float64(), "filgrastim_ug": pl.Float64(),
             "crs_max_grade": pl.Int64()}
    people = cohort.members.with_columns(
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in cohort.members.columns))
    if "weight_kg" not in people.columns:
        people = people.join(cohort.timeline.patients.select(pl.col("patient").cast(pl.String), "weight_kg"), on="patient", how="left", maintain_order="left")
    dosed = cohort.doses.filter(pl.col("group") == given.G_CSF)["patient"].unique().to_list()
    some = (pl.col("tocilizumab_doses") > 0) | pl.when(pl.col("tocilizumab_first_day").is_not_null() | (pl.col("tocilizumab_mg") > 0)).then(True)
    return people.with_columns(tocilizumab_given=pl.coalesce("tocilizumab_given", some),
                               gcsf_given=pl.when(pl.col("patient").is_in(dosed)).then(True).otherwise(pl.col("filgrastim_ug") > 0))


def _treated(people: pl.DataFrame, column: str, flag: str) -> pl.Series:
    """A column of those who were given any; null for the others."""
    return people.select(pl.when(pl.col(flag)).then(pl.col(column)).alias(column))[column]


def _main(draft: Draft, cohort: Cohort, people: pl.DataFrame, doses: pl.DataFrame, rows: ArmsTable) -> dict[str, TestResult | None]:
    tests: dict[str, TestResult | None] = {}
    defines = "defines the arms" if cohort.study.arms in ("tocilizumab", "tocilizumab_given") else ""
    if people["tocilizumab_given"].null_count() < len(people):
        rows.heading("Tocilizumab")
        rows.counts("given, n (%)", people["tocilizumab_given"], key="tocilizumab_given", untested=defines)
        each = _each_dose(people, doses)
        for label, column, key in (
            ("doses of those given it, median (range)", _treated(people, "tocilizumab_doses", "tocilizumab_given"), "tocilizumab_doses"),
            ("all doses, mg, median (range)", _treated(people, "tocilizumab_mg", "tocilizumab_given"), "tocilizumab_mg"),
            ("a dose, mg, median of the patient's doses (range)", each["mg"], "tocilizumab_mg_dose"),
            ("a dose, mg/kg, median of the patient's doses (range)", each["mg_kg"], "tocilizumab_mg_kg_dose"),
            ("first dose, day, median (range)", people["tocilizumab_first_day"], "tocilizumab_first_day"),
        ):
            if column.null_count() < len(column):
                tests["toci" if key == "tocilizumab_mg" else key] = rows.values(label, column, key=key, ends="range", untested=defines)
            else:
                draft.leave_out(f"Tocilizumab: {label}", "not known for anybody")
    else:
        draft.leave_out("Tocilizumab", NEVER_TOLD)
    if people["corticosteroids"].null_count() < len(people):
        rows.heading("Systemic corticosteroids")
        rows.counts("given, n (%)", people["corticosteroids"], key="corticosteroids",
                    untested="defines the arms" if cohort.study.arms in ("corticosteroid", "corticosteroids") else "")
        amounts = _treated(people, "methylprednisolone_mg", "corticosteroids")
        if amounts.count():
            rows.values("methylprednisolone equivalent, mg, 0 without any, median (range)", people["methylprednisolone_mg"],
                        key="methylprednisolone_mg", ends="range")
            tests["steroid"] = rows.values("of those given any, mg, median (range)", amounts, key="methylprednisolone_mg_given", ends="range")
        elif people["corticosteroids"].any():
            draft.leave_out("Methylprednisolone equivalents", "no amount is known for anybody")
        if people["corticosteroid_first_day"].null_count() < len(people):
            rows.values("first dose, day, median (range)", people["corticosteroid_first_day"], key="corticosteroid_first_day", ends="range")
    else:
        draft.leave_out("Corticosteroids", NEVER_TOLD)
    if people["gcsf_given"].null_count() < len(people):
        rows.heading("G-CSF")
        rows.counts("given, n (%)", people["gcsf_given"], key="gcsf_given")
        amounts = _treated(people, "filgrastim_ug", "gcsf_given")
        if amounts.count():
            rows.values("all doses of those given it, µg, median (range)", amounts, key="filgrastim_ug", ends="range")
        elif people["gcsf_given"].any():
            draft.leave_out("Amount of G-CSF", "not known for anybody")
    else:
        draft.leave_out("G-CSF", NEVER_TOLD)
    _others(cohort, people, doses, rows)
    return tests


def _each_dose(people: pl.DataFrame, doses: pl.DataFrame) -> pl.DataFrame:
    """For each member the median of the known amounts of tocilizumab, in mg and mg/kg."""
    each = doses.filter((pl.col("group") == given.TOCILIZUMAB) & pl.col("amount").is_not_null()).group_by("patient").agg(mg=pl.col("amount").median())
    return people.select("patient", pl.col("weight_kg").cast(pl.Float64)).join(each, on="patient", how="left", maintain_order="left").with_columns(
        mg_kg=pl.col("mg") / pl.col("weight_kg"))


def _others(cohort: Cohort, people: pl.DataFrame, doses: pl.DataFrame, rows: ArmsTable) -> None:
    """Every other drug of which somebody has a dose; not given is known only where the record is complete for it."""
    seen = doses.filter(~pl.col("group").is_in([given.TOCILIZUMAB, given.CORTICOSTEROID, given.G_CSF])).select("group", "drug").unique().sort("group", "drug")
    ids = people["patient"].cast(pl.String)

    def flag(drug: str) -> pl.Series:
        has = ids.is_in(doses.filter(pl.col("drug") == drug)["patient"].unique().to_list())
        closed = given.without(cohort.timeline, [drug], ids)
        return pl.DataFrame({"has": has, "closed": closed}).select(drug=pl.when(pl.col("has")).then(True).when(pl.col("closed")).then(False))["drug"]

    named = (given.OTHER_ANTICYTOKINE, given.INTRATHECAL)
    for heading, groups in (("Other drugs against cytokines", named[:1]), ("Intrathecal corticosteroids", named[1:]), ("Other drugs", ())):
        mine = seen.filter(pl.col("group").is_in(groups)) if groups else seen.filter(~pl.col("group").is_in(named))
        if len(mine):
            rows.heading(heading)
        for drug in mine["drug"].to_list():
            title = CONCEPTS[drug].title if drug in CONCEPTS else drug
            rows.counts(f"{title}, n (%)", flag(drug), key=drug, untested="" if groups else "described only")


def _notes(doses: pl.DataFrame) -> list[str]:
    """What the table's readers must know of the doses behind it."""
    notes = ["n/N (%): N are those of whom it is known. Tests of numbers compare ranks, tests of counts are exact. Tests of those given any are of a group "
             "that treatment itself selected."]
    for group, name in ((given.TOCILIZUMAB, "tocilizumab"), (given.CORTICOSTEROID, "systemic corticosteroids"), (given.G_CSF, "G-CSF")):
        mine = doses.filter(pl.col("group") == group)
        unknown = mine["methylprednisolone_mg" if group == given.CORTICOSTEROID else "amount"].null_count()
        if unknown:
            notes.append(f"Of {plural(len(mine), 'dose')} of {name} the amount of {unknown} is not known; these patients have no total.")
    rough = int((doses["window_days"] > 0).sum()) if "window_days" in doses.columns else 0
    if rough:
        notes.append(f"{rough} of {plural(len(doses), 'dose')} are known by the day or a window only and stand at its middle; a day of which the record says "
                     "no more than that the drug was given counts as one dose.")
    return notes


def _words(draft: Draft, people: pl.DataFrame) -> None:
    """What the table says, in sentences."""
    for flag, what, number, unit in (("tocilizumab_given", "Tocilizumab", "tocilizumab_mg", "mg in all"),
                                     ("corticosteroids", "Systemic corticosteroids", "methylprednisolone_mg", "mg of methylprednisolone equivalent")):
        known = people[flag].drop_nulls()
        if not len(known):
            continue
        n = int(known.sum())
        was = "was" if flag == "tocilizumab_given" else "were"
        said = f"{what} {was} given to {n} of {plural(len(known), 'patient')} ({100 * n / len(known):.1f}%)"
        amounts = _treated(people, number, flag).drop_nulls()
        if len(amounts):
            middle, _, ends = median_range(amounts.cast(pl.Float64).to_numpy()).partition(" (")
            said += f", a median of {middle} {unit} (range {ends[:-1]}" + (")" if len(amounts) == n else f"; known in {len(amounts)})")
        draft.text.append(said + ".")
        if len(known) < len(people):
            draft.warn(f"{what}: of {plural(len(people) - len(known), 'patient')} it is not known whether any {was} given.")


def _by_grade(draft: Draft, cohort: Cohort, people: pl.DataFrame) -> None:
    """The same drugs by the highest grade of CRS: who was sicker was treated more, and that is why."""
    if people["crs_max_grade"].null_count() == len(people):
        draft.leave_out("Treatment by grade", "no highest grade of CRS is known")
        return
    seen = sorted(people["crs_max_grade"].drop_nulls().unique().to_list())
    groups = [*((f"Grade {g}" if g else "No CRS", people.filter(pl.col("crs_max_grade") == g)) for g in seen),
              ("Grade not settled", people.filter(pl.col("crs_max_grade").is_null()))]
    lines = Lines(["Highest grade of CRS", *cohort.arms, "All"])
    for name, mine in groups:
        if not len(mine):
            continue
        parts = [mine.filter(pl.col("arm") == arm) for arm in cohort.arms] + [mine.filter(pl.col("arm").is_in(list(cohort.arms)))]
        lines.heading(f"{name}")
        lines.add("patients", *(str(len(p)) for p in parts))
        for label, flag in (("tocilizumab, n (%)", "tocilizumab_given"), ("corticosteroids, n (%)", "corticosteroids")):
            lines.add(label, *(share(_count(p[flag]), p[flag].count()) for p in parts))
        lines.add("methylprednisolone equivalent of those given any, mg, median (range)",
                  *(_range(_treated(p, "methylprednisolone_mg", "corticosteroids")) for p in parts))
        for arm, p in zip((*cohort.arms, "All"), parts, strict=True):
            lines.number(grade=name, arm=arm, patients=len(p), tocilizumab=_count(p["tocilizumab_given"]), tocilizumab_known=p["tocilizumab_given"].count(),
                         corticosteroids=_count(p["corticosteroids"]), corticosteroids_known=p["corticosteroids"].count(),
                         methylprednisolone_mg_median=_treated(p, "methylprednisolone_mg", "corticosteroids").median())
    draft.parts.append(lines.table("table-treatments-by-grade", "Tocilizumab and corticosteroids by highest grade of CRS", [
        "The highest grade is partly the reason for the treatment and may be reached before or after it: this table describes, it does not show an effect."]))
    only = [a for a, one in _untreated_steroids(cohort, people)]
    if only:
        draft.warn(f"Every patient with CRS of grade 3 or more in {joined(only)} was given corticosteroids: a comparison of arms at that grade is against "
                   "corticosteroids, not against no treatment.")


def _untreated_steroids(cohort: Cohort, people: pl.DataFrame) -> list[tuple[str, int]]:
    """The reference arm, where all of its severe patients had corticosteroids."""
    severe = people.filter((pl.col("crs_max_grade") >= 3) & (pl.col("arm") == cohort.arms[-1])) if cohort.arms else people.head(0)
    given_all = len(severe) > 0 and severe["corticosteroids"].null_count() == 0 and bool(severe["corticosteroids"].all())
    return [(cohort.arms[-1], len(severe))] if given_all else []


def _count(flags: pl.Series) -> int:
    return int(flags.fill_null(False).sum())


def _range(values: pl.Series) -> str:
    return median_range(values.drop_nulls().cast(pl.Float64).to_numpy())
