"""A synthetic cohort of 45 patients, consistent with every published count of paper 003 (zhou2025).  Nobody in it is real.

The paper prints counts; this makes 45 records that have them, from the temperature chart to the last follow-up, so that the whole way from
events to report can be walked.  The grades are nowhere told to the software: they come out when the events are graded.  Counts,
medians and ranges hold whatever the seed; who has what, and every other number, is drawn.  ``ASSUMPTIONS`` names each invention and its ground,
``choices`` also what was chosen where the paper contradicts itself.  Nothing can be learnt about medicine from these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from tocsin.cases.cohort003.assumptions import ASSUMPTIONS, Assumption, assumptions, choices
from tocsin.cases.cohort003.events import events
from tocsin.cases.cohort003.laboratory import LIMITS
from tocsin.cases.cohort003.patients import plans
from tocsin.cases.cohort003.plan import Plan
from tocsin.cohort.paper003 import paper003
from tocsin.errors import CohortError
from tocsin.timeline import Completeness, Timeline
from tocsin.vocabulary import CONCEPTS

__all__ = ["ASSUMPTIONS", "COMPLETE", "Assumption", "Plan", "SyntheticCohort", "assumptions", "choices", "made_of", "synthetic"]

COMPLETE = ("drugs", "devices", "findings", "neurology")
"""Domains that the events tell completely."""
LABEL = ("Synthetic patients, made by a program: nobody here is real. The published counts of zhou2025 hold; single values, survival times and "
         "everything that the paper does not print are invented.")
_TITLE = "Tocilizumab for CRS after CD19 CAR-T cells: synthetic cohort of 45 by the counts of zhou2025"

_VARIABLES = """
[variables.age_years]
kind = "continuous"
label = "Age"
unit = "years"

[variables.sex]
kind = "binary"
label = "Sex"
values = ["female", "male"]
counted = "male"

[variables.high_risk]
kind = "binary"
label = "High-risk phenotype or genotype"
values = ["no", "yes"]
counted = "yes"

[variables.lines]
kind = "ordinal"
label = "Lines of therapy before the infusion"
values = [1, 2, 3]

[variables.prior_transplant]
kind = "binary"
label = "Previous allogeneic transplantation"
values = ["no", "yes"]
counted = "yes"

[variables.tumour_burden]
kind = "continuous"
label = "Marrow blasts before the infusion"
unit = "%"

[variables.infused_cells]
kind = "continuous"
label = "CAR-T cells"
unit = "10^6/kg"
"""


@dataclass(frozen=True)
class SyntheticCohort:
    """Synthetic patients: their events, the table of patients with covariates and told results, who was screened and left out, and the study.

    ``patients`` has the facts that a Timeline knows, covariates (high_risk, lines, tumour_burden in % blasts, prior_transplant, infused_cells in
    10^6/kg), and results as the paper would have typed them (crs_max_grade, crs_duration_days, icans_max_grade, tocilizumab,
    corticosteroids, infection, response).  ``screening`` has patient, reason and note, one row for each patient left out.
    ``study`` is the text of cohort.toml, ``plans`` what was decided about each patient before any event was written.
    """

    timeline: Timeline
    patients: pl.DataFrame
    screening: pl.DataFrame
    study: str
    plans: tuple[Plan, ...]

    @cached_property
    def long(self) -> pl.DataFrame:
        """The events in the long form of an input file, units beside the values."""
        sign = pl.col("censored").replace_strict({-1: "<", 0: "", 1: ">"}, return_dtype=pl.String)
        unit = {name: c.unit for name, c in CONCEPTS.items() if c.unit is not None}
        # an amount that cannot be converted stands as text, as its reader keeps it
        split = pl.col("text").str.split_exact(" ", 1)
        per = pl.col("text").str.contains("^[0-9.]+ mg/m2$").fill_null(value=False)
        number = pl.col("value").cast(pl.String).str.strip_suffix(".0")
        return self.timeline.events.select(
            "patient", "hour", "end_hour", "concept",
            pl.when(per).then(split.struct.field("field_0")).otherwise(sign + number).alias("value"),
            pl.when(per).then(split.struct.field("field_1")).when(pl.col("value").is_not_null()).then(pl.col("concept").replace_strict(unit, default=None))
            .alias("unit"),
            pl.when(~per).then("text").alias("text"),
            pl.when(pl.col("attribution") != "unknown").then("attribution").alias("attribution"), "site", "note",
        )

    def write(self, folder: Path) -> tuple[Path, ...]:
        """The study as a folder: events.csv, patients.csv, screening.csv and cohort.toml; CohortError where the folder cannot be written."""
        files = {"events.csv": self.long, "patients.csv": self.patients, "screening.csv": self.screening}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, frame in files.items():
                frame.write_csv(folder / name)
            (folder / "cohort.toml").write_text(self.study, encoding="utf-8")
        except OSError as error:
            raise CohortError(f"the study cannot be written to {folder}: {error.strerror or error}.\n  Name a folder that can be written.") from None
        return tuple(folder / name for name in (*files, "cohort.toml"))


def synthetic(seed: int = 20250303) -> SyntheticCohort:
    """The synthetic cohort of 45; another seed gives other patients with the same counts."""
    made = plans(seed)
    return made_of(made, seed, _TITLE, _screening(len(made)))


def made_of(made: Sequence[Plan], seed: int, title: str, screening: pl.DataFrame) -> SyntheticCohort:
    """A synthetic cohort from the plans of its patients."""
    patients = _patients(made)
    timeline = Timeline(events(made, seed), patients.select(c for c in patients.columns if c in _FACTS), Completeness.of(COMPLETE, LABEL))
    return SyntheticCohort(timeline, patients, screening, _study(title), tuple(made))


_FACTS = ("patient", "age_years", "sex", "weight_kg", "diagnosis", "product", *LIMITS)


def _patients(made: Sequence[Plan]) -> pl.DataFrame:
    return pl.DataFrame([{
        "patient": p.patient, "age_years": p.age, "sex": p.sex, "weight_kg": p.weight,
        "diagnosis": "relapsed or refractory B-cell acute lymphoblastic leukaemia (synthetic patient)", "product": "CD19 CAR-T cells (synthetic patient)",
        **LIMITS, "high_risk": _yes(p.high_risk), "lines": p.lines, "tumour_burden": p.tumour_burden,
        "prior_transplant": _yes(p.prior_transplant), "infused_cells": p.cells, "crs_max_grade": p.crs, "crs_duration_days": round(p.length / 24.0, 1),
        "icans_max_grade": int(p.icans.what) if p.icans else 0, "tocilizumab": _yes(bool(p.tocilizumab)),
        "corticosteroids": _yes(bool(p.steroids)), "infection": _yes(p.infection is not None), "response": p.outcome.told,
    } for p in made])


def _screening(analysed: int) -> pl.DataFrame:
    """The patients screened and not analysed, with the reasons that the paper gives."""
    reasons = [(fact["what"], int(fact["count"])) for fact in paper003().facts["count"] if fact["id"] in ("progressed", "short_follow_up", "data_lost")]
    why = [reason for reason, many in reasons for _ in range(many)]
    return pl.DataFrame({"patient": [f"Pt {analysed + 1 + i}" for i in range(len(why))], "reason": why, "note": ["synthetic"] * len(why)})


def _study(title: str) -> str:
    complete = ", ".join(f'"{c}"' for c in COMPLETE)
    return (f'title = "{title}"\nsynthetic = "{LABEL}"\narms = "tocilizumab"\nexposure = "tocilizumab"\npatients_label = "synthetic patients"\n'
            f'complete = [{complete}]\nadjust = ["tumour_burden"]\n{_VARIABLES}')


def _yes(it: bool) -> str:
    return "yes" if it else "no"

