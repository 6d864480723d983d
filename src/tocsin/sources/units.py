"""Units settled at the border: what was told, what was not and is assumed, Fahrenheit among Celsius, limits of the possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from tocsin.errors import SettingError, VocabularyError
from tocsin.sources.account import MOST_NOTES_OF_ONE_KIND, Account, Notes, number
from tocsin.sources.headers import nearest
from tocsin.sources.values import not_convertible
from tocsin.vocabulary import CONCEPTS, Kind, find
from tocsin.vocabulary.spelling import unit_key

_WITHOUT = frozenset({"points", "1", "grade", "unit", "(no units)", ""})
_FAHRENHEIT = (93.0, 110.0)   # a whole column of these, with nothing in ...
_CELSIUS = (30.0, 45.0)       # ... is in Fahrenheit
_FEVER_IN_F = (100.4, 108.0)  # one among Celsius values that can be nothing else; 95 or 98 might be a saturation
_DRUG_KINDS = (Kind.DOSE, Kind.INFUSION)


def settings(units: Mapping[str, str] | None) -> dict[str, str]:
    """The user's units by concept name; SettingError for an unknown concept or a unit that it does not have."""
    out = {}
    for name, unit in (units or {}).items():
        concept = find(name)
        if concept is None:
            raise SettingError(f"There is no concept called {name!r} to set the unit of.\n  {nearest(name)}")
        try:
            concept.conversion(unit)
        except VocabularyError as error:
            raise SettingError(str(error)) from None
        out[concept.name] = unit
    return out


def settle(
    cells: pl.DataFrame, units: Mapping[str, str], weights: Mapping[str, float], account: Account, notes: Notes
) -> pl.DataFrame:
    """``number`` in ``unit`` to ``value`` in the canonical unit; impossible values and wrong units go to quarantine."""
    cells = _override(cells, units, account, notes)
    cells = _fahrenheit(cells, account, notes)
    cells = _percent(cells, account, notes)
    _tell_assumed(cells, account, notes)
    cells = cells.join(_steps(cells), on=["concept", "unit"], how="left", nulls_equal=True, maintain_order="left")
    cells = _refuse_units(cells, account, notes)
    cells = _convert(cells, weights, account, notes)
    return _limits(cells, account, notes)


def _override(cells: pl.DataFrame, units: Mapping[str, str], account: Account, notes: Notes) -> pl.DataFrame:
    for concept, unit in units.items():
        here = (pl.col("concept") == concept) & pl.col("number").is_not_null()
        other = cells.filter(here & pl.col("unit").is_not_null())
        other = other.filter(pl.col("unit").is_in([u for u in other["unit"].unique().to_list() if unit_key(u) != unit_key(unit)]))
        if len(other):
            notes.warn(account.file, f"{concept} is taken in {unit}, as the settings say, although {len(other)} rows say "
                       f"{other['unit'][0]}", rows=other["row"])
        cells = cells.with_columns(pl.when(here).then(pl.lit(unit)).otherwise("unit").alias("unit"))
    return cells


def _fahrenheit(cells: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    bare = (pl.col("concept") == "temperature") & pl.col("unit").is_null() & pl.col("number").is_not_null()
    seen = cells.filter(bare).select("row", "number", "column")
    for column in seen["column"].unique().to_list():
        here = seen.filter(pl.col("column").eq_missing(pl.lit(column, pl.String)))
        hot, cold = here["number"].is_between(*_FAHRENHEIT), here["number"].is_between(*_CELSIUS)
        mine = bare & pl.col("column").eq_missing(pl.lit(column, pl.String))
        if hot.sum() > len(here) / 2 and not cold.any():
            notes.warn(
                account.file, f"temperature looks like Fahrenheit ({hot.sum()} of {len(here)} values lie between 93 and 110, none between "
                "30 and 45): all were converted to degC", "If so, write the unit: temperature [degF]; if not: --unit temperature=degC.",
                here["row"], column or "",
            )
            cells = cells.with_columns(pl.when(mine).then(pl.lit("degF")).otherwise("unit").alias("unit"))
            continue
        lone = here.filter(here["number"].is_between(*_FEVER_IN_F))
        if len(lone):
            notes.warn(
                account.file, f"temperature {', '.join(number(v) for v in lone['number'][:3])} among Celsius values was read as Fahrenheit "
                "and converted to degC", "Write the unit of these rows; if they are something else, correct them.", lone["row"],
                column or "",
            )
            fever = mine & pl.col("number").is_between(*_FEVER_IN_F)
            cells = cells.with_columns(pl.when(fever).then(pl.lit("degF")).otherwise("unit").alias("unit"))
    return cells


def _percent(cells: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    bare = (pl.col("concept") == "fio2") & pl.col("unit").is_null() & (pl.col("number") > 1) & (pl.col("number") <= 100)
    rows = cells.filter(bare)
    if not len(rows):
        return cells
    notes.tell(account.file, "fio2 above 1 without a unit was read as percent", rows=rows["row"])
    return cells.with_columns(pl.when(bare).then(pl.lit("%")).otherwise("unit").alias("unit"))


def _tell_assumed(cells: pl.DataFrame, account: Account, notes: Notes) -> None:
    bare = cells.filter(pl.col("unit").is_null() & pl.col("number").is_not_null() & (pl.col("number") != 0))
    for concept, column, many in bare.group_by("concept", "column").len().sort("concept", "column").iter_rows():
        one = CONCEPTS[concept]
        if one.unit is None or one.unit in _WITHOUT:
            continue
        notes.assumed[f"{account.file}: unit of {concept}, assumed"] = one.unit
        where = f"{many} {'value' if many == 1 else 'values'} of {concept} without a unit: taken as {one.unit}"
        if one.kind in _DRUG_KINDS:
            notes.warn(account.file, where, f"Write the unit beside it; --unit {concept}={one.unit} says that this is right.",
                       bare.filter(pl.col("concept") == concept)["row"].head(1000), column or "")
        else:
            notes.tell(account.file, where, column=column or "")


def _steps(cells: pl.DataFrame) -> pl.DataFrame:
    """One row for each concept and unit: how to convert, whether that is possible, and the concept's limits."""
    pairs = cells.filter(pl.col("number").is_not_null()).select("concept", "unit").unique()
    rows = []
    for concept, unit in pairs.iter_rows():
        one = CONCEPTS[concept]
        try:
            step = one.conversion(one.unit if unit is None else unit) if one.unit is not None else None
        except VocabularyError:
            step = None
        low, high = one.possible or (None, None)
        usual_low, usual_high = one.plausible or (None, None)
        rows.append((
            concept, unit, step is not None, step.factor if step else 1.0, step.before if step else 0.0,
            bool(step and step.per_kg), bool(step and step.over_kg), low, high, usual_low, usual_high,
            one.kind in _DRUG_KINDS and unit is not None and step is None and not_convertible(unit),
        ))
    real, flag = pl.Float64, pl.Boolean
    return pl.DataFrame(rows, orient="row", schema={
        "concept": pl.String, "unit": pl.String, "good": flag, "factor": real, "before": real, "per_kg": flag, "over_kg": flag,
        "low": real, "high": real, "usual_low": real, "usual_high": real, "words": flag,
    })


def _as_written() -> pl.Expr:
    """The amount in the words of the source: "4 mg/kg q12h"."""
    sign = pl.when(pl.col("censored") < 0).then(pl.lit("<")).when(pl.col("censored") > 0).then(pl.lit(">")).otherwise(pl.lit(""))
    amount = pl.concat_str(sign, pl.col("number").cast(pl.String).str.strip_suffix(".0"))
    return pl.concat_str(amount, "unit", "text", separator=" ", ignore_nulls=True)


def _keep_as_text(cells: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    return cells.with_columns(
        pl.when(which).then(_as_written()).otherwise("text").alias("text"), pl.when(which).then(None).otherwise("number").alias("number"),
        pl.when(which).then(pl.lit(0, pl.Int8)).otherwise("censored").alias("censored"),
    )


def _refuse_units(cells: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    if cells["good"].fill_null(True).all():
        return cells
    words = cells.filter(pl.col("words"))
    if len(words):
        for (concept, unit), rows in words.group_by(["concept", "unit"], maintain_order=True):
            notes.warn(account.file, f"{concept} in {unit} cannot be converted to {CONCEPTS[str(concept)].unit}: kept as text",
                       "Give the amount itself if it is known.", rows["row"])
        cells = _keep_as_text(cells, pl.col("words").fill_null(False))
    wrong = cells.filter(~pl.col("good") & ~pl.col("words"))
    if len(wrong):
        account.bad(wrong["row"])
        for (concept, unit, column), rows in wrong.group_by(["concept", "unit", "column"], maintain_order=True):
            allowed = ", ".join(u for u in CONCEPTS[str(concept)].units if u) or "no unit"
            notes.error(account.file, f"{concept} is not measured in {unit!r}; accepted: {allowed}", "Write one of these units.",
                        rows["row"], str(column or ""))
        cells = cells.filter(pl.col("good").fill_null(True) | pl.col("words").fill_null(False))
    return cells


def _convert(cells: pl.DataFrame, weights: Mapping[str, float], account: Account, notes: Notes) -> pl.DataFrame:
    needs = pl.col("per_kg").fill_null(False) | pl.col("over_kg").fill_null(False)
    if cells.select(needs.any()).item():
        table = pl.DataFrame({"patient": list(weights), "kg": list(weights.values())}, schema={"patient": pl.String, "kg": pl.Float64})
        cells = cells.join(table, on="patient", how="left", maintain_order="left")
        lacking = needs & pl.col("kg").is_null() & pl.col("number").is_not_null()
        for (concept, per), rows in cells.filter(lacking).group_by(["concept", "per_kg"], maintain_order=True):
            known = "only per kilogram" if per else "not per kilogram"
            kind = {Kind.DOSE: "dose", Kind.INFUSION: "rate"}.get(CONCEPTS[str(concept)].kind, "value")
            notes.warn(account.file, f"{concept}: {kind} known {known}: kept as text, its amount in {CONCEPTS[str(concept)].unit} unknown",
                       "Give weight_kg (a column, or a file of patients).", rows["row"])
        cells = _keep_as_text(cells, lacking)
    else:
        cells = cells.with_columns(pl.lit(None, pl.Float64).alias("kg"))
    same = (pl.col("factor") == 1) & (pl.col("before") == 0) & ~needs
    by_weight = pl.when("per_kg").then(pl.col("kg")).when("over_kg").then(1 / pl.col("kg")).otherwise(1.0)
    moved = ((pl.col("number") + pl.col("before")) * pl.col("factor") * by_weight).round_sig_figs(12)
    return cells.with_columns(pl.when(same).then("number").otherwise(moved).alias("canonical"))


def _limits(cells: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    impossible = (pl.col("canonical") < pl.col("low")) | (pl.col("canonical") > pl.col("high"))
    unusual = (pl.col("canonical") < pl.col("usual_low")) | (pl.col("canonical") > pl.col("usual_high"))
    wrong = cells.filter(impossible)
    if len(wrong):
        account.bad(wrong["row"])
        _tell_limits(wrong, _impossible, notes.error, account.file)
        cells = cells.filter(~impossible.fill_null(False))
    strange = cells.filter(unusual)
    if len(strange):
        _tell_limits(strange, _unusual, notes.warn, account.file)
    return cells.drop("value", "number", "unit", "factor", "before", "per_kg", "over_kg", "low", "high", "usual_low", "usual_high",
                      "good", "words", "kg").rename({"canonical": "value"})


def _tell_limits(
    wrong: pl.DataFrame, words: Callable[[str, str | None, float, float], tuple[str, str]], tell: Callable[..., None], file: str
) -> None:
    for (concept, unit, column), rows in wrong.group_by(["concept", "unit", "column"], maintain_order=True):
        group = _beyond(str(concept), words is _impossible)
        for row in rows.head(MOST_NOTES_OF_ONE_KIND).iter_rows(named=True):
            what, fix = words(str(concept), None if unit is None else str(unit), row["number"], row["canonical"])
            tell(file, what, fix, [row["row"]], str(column or ""), group)
        rest = rows.slice(MOST_NOTES_OF_ONE_KIND)
        if len(rest):
            _, fix = words(str(concept), None if unit is None else str(unit), rest["number"][0], rest["canonical"][0])
            low, high = number(float(rest["number"].min())), number(float(rest["number"].max()))  # type: ignore[arg-type]
            tell(file, f"{concept}: {len(rest)} more values of the same kind, from {low} to {high}", fix, rest["row"], str(column or ""), group)


def _beyond(concept: str, impossible: bool) -> str:
    """What values of a concept beyond its limits have in common."""
    one = CONCEPTS[concept]
    low, high = (one.possible if impossible else one.plausible) or (0.0, 0.0)
    return f"{concept} outside the {'possible' if impossible else 'usual'} {number(low)}-{number(high)} {one.unit or ''}".rstrip()


def _said(concept: str, unit: str | None, value: float, canonical: float) -> str:
    own = CONCEPTS[concept].unit or ""
    said = f"{concept} is {number(value)} {unit or own}".rstrip()
    return said if value == canonical else f"{said} = {number(canonical)} {own}"


def _impossible(concept: str, unit: str | None, value: float, canonical: float) -> tuple[str, str]:
    one = CONCEPTS[concept]
    low, high = one.possible or (0.0, 0.0)
    fits = []
    for other, step in one.units.items():
        if step.needs_weight or unit_key(other) == unit_key(unit or one.unit or "") or one.plausible is None:
            continue
        if one.plausible[0] <= step.to_canonical(value) <= one.plausible[1] and step.to_canonical(value) != canonical:
            fits.append(other)
    fix = "Correct the value or its unit."
    if fits:
        fix = f"The value would fit {' or '.join(fits[:3])}: if so, write the unit or use --unit {concept}={fits[0]}."
    return f"{_said(concept, unit, value, canonical)}, outside the possible {number(low)}-{number(high)}", fix


def _unusual(concept: str, unit: str | None, value: float, canonical: float) -> tuple[str, str]:
    low, high = CONCEPTS[concept].plausible or (0.0, 0.0)
    return f"{_said(concept, unit, value, canonical)}, outside the usual {number(low)}-{number(high)}: used", "Check it against the record."
