"""Whether the data hold what a study asks for: one error before any analysis, not an analysis without it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import polars as pl

from tocsin.cohort.arms import drug_named
from tocsin.cohort.study import Study
from tocsin.cohort.table1 import table1
from tocsin.errors import CohortError
from tocsin.scales import SCALES

SYNDROMES = ("CRS", "ICANS")


def check_scales(study: Study) -> None:
    """CohortError for a scale that does not exist, that grades neither CRS nor ICANS, or an exposure that is no drug."""
    for entry in ("scales", "also"):
        for name in getattr(study, entry):
            if name not in SCALES:
                raise CohortError(f"{entry}: there is no scale {name!r}{meant(name, SCALES)}; `tocsin scales` lists them.")
            if SCALES[name].syndrome not in SYNDROMES:
                raise CohortError(f"{entry}: {name} grades {SCALES[name].syndrome}; the scales of a cohort grade CRS or ICANS.\n"
                                  "  `tocsin scales crs` and `tocsin scales icans` list them.")
    if drug_named(study.exposure) is None:
        raise CohortError(f"exposure = {study.exposure!r} is no drug; it is the drug whose timing is analysed.\n  `tocsin concepts` lists drugs, such as "
                          "tocilizumab; or corticosteroids.")


def check_columns(study: Study, members: pl.DataFrame) -> None:
    """CohortError for a variable or covariate without a column, or whose values do not fit what the study says of it; ``members`` have their arm."""
    for entry, names in (("adjust", study.adjust), ("variables", [v.name for v in study.variables])):
        for name in names:
            if name not in members.columns:
                raise CohortError(f"{entry}: there is no column {name!r}{meant(name, members.columns)}.\n  Columns: {', '.join(members.columns)}.")
    if study.variables:
        try:
            table1(members, study.variables, "arm").printed()
        except CohortError as error:
            raise CohortError(f"variables.{error}\n  Correct its entry in the study file, or its column.") from None


def meant(name: str, known: Iterable[str]) -> str:
    """The known name that is likely meant, as the end of a sentence; nothing where none is near."""
    near = get_close_matches(name, list(known), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""
