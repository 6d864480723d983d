"""The arms of a study: by a drug given or not, by a column, or by a rule."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from tocsin.cohort.outcomes import yes_no
from tocsin.cohort.rules import is_rule, rule
from tocsin.cohort.study import Study
from tocsin.cohort.told import yes_no as yes_or_no
from tocsin.errors import CohortError
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind, find


@dataclass(frozen=True)
class Arms:
    """The ``arm`` of each patient in the order of the members (null: not known), the ``names`` in order, and how they were made."""

    arm: pl.Series
    names: tuple[str, ...]
    says: str
    drug: str | None = None


def arms(timeline: Timeline, members: pl.DataFrame, doses: pl.DataFrame, study: Study) -> Arms:
    """The arms that ``study.arms`` names; CohortError where it names nothing, or where fewer than two arms have a patient."""
    asked = study.arms.strip()
    drug = drug_named(asked)
    if is_rule(asked):
        met = rule(asked, members)
        found = Arms(_named(met, asked, f"not ({asked})"), (asked, f"not ({asked})"), f"by the rule {asked}")
    elif drug is not None:
        given = _given(timeline, members, doses, drug)
        title = CONCEPTS[drug].title.lower() if drug in CONCEPTS else drug
        found = Arms(_named(given, title, f"no {title}"), (title, f"no {title}"),
                     f"by {title} given or not in days 0 to {study.window_days:g}", drug)
    elif asked in members.columns:
        found = _by_column(members, asked)
    else:
        near = get_close_matches(asked, members.columns, 1)
        raise CohortError(f"arms: {asked!r} is neither a drug, nor a column of the patients, nor a rule{f' (did you mean {near[0]!r}?)' if near else ''}.\n"
                          f"  Columns: {', '.join(members.columns)}.\n  A drug: tocilizumab; a rule: \"age_years < 18\".")
    names = _ordered(found, study)
    known = found.arm.drop_nulls()
    if known.n_unique() < 2:
        raise CohortError(_too_few(found, len(members)))
    return Arms(found.arm, names, found.says, found.drug)


def drug_named(name: str) -> str | None:
    """The drug that a name means: a concept that is given as a dose, or "corticosteroids"."""
    if name.lower() in ("corticosteroids", "steroids"):
        return "corticosteroids"
    found = find(name)
    return found.name if found is not None and found.kind is Kind.DOSE else None


def _given(timeline: Timeline, members: pl.DataFrame, doses: pl.DataFrame, drug: str) -> pl.Series:
    """Whether each patient was given the drug: by its rows, else by a complete record of drugs, else not known."""
    if drug == "corticosteroids":
        return members["corticosteroids"]
    if f"{drug}_given" in members.columns:
        return members[f"{drug}_given"]
    who = set(doses.filter(pl.col("drug") == drug)["patient"].to_list())
    told = yes_or_no(members, drug).to_list()
    return pl.Series("given", [True if p in who else t if t is not None else False if timeline.complete.covers(drug, p) else None
                               for p, t in zip(members["patient"].to_list(), told, strict=True)], dtype=pl.Boolean)


def _by_column(members: pl.DataFrame, name: str) -> Arms:
    column = members[name]
    if column.dtype.is_float() and column.drop_nulls().n_unique() > 6:
        middle = members.select(pl.col(name).median()).item()
        raise CohortError(f"arms: {name} is a column of numbers, which makes no arms.\n  Write a rule, such as \"{name} >= {middle:g}\".")
    yes = members.select(yes_no(pl.col(name)).alias("yes")).to_series()
    if yes.null_count() == column.null_count() and column.drop_nulls().n_unique() <= 2:
        return Arms(_named(yes, name, f"no {name}"), (name, f"no {name}"), f"by the column {name}")
    text = members.select(pl.col(name).cast(pl.String).str.replace(r"\.0$", "")).to_series()
    return Arms(text, tuple(sorted(text.drop_nulls().unique().to_list())), f"by the column {name}")


def _named(given: pl.Series, yes: str, no: str) -> pl.Series:
    return pl.select(pl.when(given).then(pl.lit(yes)).when(~given).then(pl.lit(no)).alias("arm")).to_series()


def _ordered(found: Arms, study: Study) -> tuple[str, ...]:
    if not study.order:
        return tuple(n for n in found.names if (found.arm == n).any())
    strange = set(found.arm.drop_nulls().to_list()) - set(study.order)
    if strange:
        raise CohortError(f"order: the arm {min(strange)!r} is missing; the arms are {', '.join(found.names)}.\n  Name each of them, the reference last.")
    nobody = [n for n in study.order if n not in found.names]
    if nobody:
        raise CohortError(f"order: there is no arm {nobody[0]!r}; the arms are {', '.join(found.names)}.")
    return tuple(study.order)


def _too_few(found: Arms, patients: int) -> str:
    unknown = found.arm.null_count()
    if unknown == patients:
        told = (f"of nobody is it known whether {found.names[0]} was given.\n  No row means \"not given\" only where the record of drugs is complete: add "
                "--complete drugs if it is, or a column that tells it." if found.drug else "no patient has a known value.")
        return f"the arms {found.says}: {told}"
    only = found.arm.drop_nulls().unique().to_list()
    more = (f"; of {unknown} it is not known.\n  If the record of drugs is complete, say so: --complete drugs" if unknown and found.drug else
            f"; of {unknown} it is not known" if unknown else "")
    return f"the arms {found.says}: a comparison needs two arms, and everybody known is in {only[0]!r}{more}."
