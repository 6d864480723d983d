"""A table under a mapping file: its items, units and spellings in the words of the vocabulary, before it is read as any other."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from tocsin.sources.codes import Codes, Item
from tocsin.sources.headers import concept_named, understand
from tocsin.sources.table import Sheet


def mapped(sheet: Sheet, codes: Codes) -> Sheet:
    """The same table with what the mapping says in place: names of items (long) or headers (wide), units where they are silent, coded values."""
    if codes == Codes():
        return sheet
    header = understand(sheet.header, sheet.file)
    out = _long(sheet, codes) if header.form == "long" else _wide(sheet, codes)
    return replace(out, settings={**sheet.settings, "mapping": codes.origin})


def left_out(sheets: list[Sheet], codes: Codes) -> tuple[str, ...]:
    """The items and headers of these tables that the mapping leaves out."""
    if not codes.ignored:
        return ()
    names: set[str] = set()
    for sheet in sheets:
        what = understand(sheet.header, sheet.file).role("what")
        names.update(sheet.header)
        if what is not None:
            names.update(sheet.frame[what].drop_nulls().unique().to_list())
    return tuple(sorted(name for name in names if codes.left_out(name)))


def _long(sheet: Sheet, codes: Codes) -> Sheet:
    header, frame, names = understand(sheet.header, sheet.file), sheet.frame, list(sheet.header)
    what, value, unit, text = (header.role(role) for role in ("what", "value", "unit", "text"))
    if what is None:
        return sheet
    items = {name: item for name in frame[what].drop_nulls().unique().to_list() if (item := codes.mapped(name)) is not None}
    if unit is None and any(item.unit for item in items.values()):
        unit = str(len(names))
        names.append("unit")
        frame = frame.with_columns(pl.lit(None, pl.String).alias(unit))
    concept = pl.col(what).replace_strict({name: item.concept for name, item in items.items()}, default=pl.col(what), return_dtype=pl.String)
    frame = frame.with_columns(concept.alias("_concept"))
    if unit is not None:
        spelled = {one: codes.unit(one) for one in frame[unit].drop_nulls().unique().to_list()}
        given = pl.col(what).replace_strict({name: item.unit for name, item in items.items()}, default=None, return_dtype=pl.String)
        silent = frame[value].is_not_null() if value is not None else pl.Series([True] * len(frame))
        frame = frame.with_columns(pl.coalesce(pl.col(unit).replace(spelled), pl.when(silent).then(given)).alias(unit))
    meant = {name: item.text for name, item in items.items() if item.text is not None}
    for column in dict.fromkeys(c for c in (value, text) if c is not None):
        frame = frame.with_columns(_values(frame, column, codes).alias(column))
        if meant:
            says = pl.col(what).replace_strict(meant, default=None, return_dtype=pl.String)
            frame = frame.with_columns(pl.coalesce(says, column).alias(column) if column == (value or text) else pl.col(column))
    return replace(sheet, header=names, frame=frame.with_columns(pl.col("_concept").alias(what)).drop("_concept").select(
        "row", *(str(place) for place in range(len(names)))))


def _values(frame: pl.DataFrame, column: str, codes: Codes) -> pl.Expr:
    """The cells of a column with the mapping's spellings of coded values in the vocabulary's; ``_concept`` says of which concept."""
    out = pl.col(column)
    for name in codes.values:
        mine = pl.col("_concept").is_in([one for one in frame["_concept"].drop_nulls().unique().to_list() if concept_named(one) == name])
        cells = frame.filter(mine)[column].drop_nulls().unique().to_list()
        spelled = {cell: said for cell in cells if (said := codes.value(name, cell)) is not None}
        out = pl.when(mine).then(out.replace(spelled)).otherwise(out)
    return out


def _wide(sheet: Sheet, codes: Codes) -> Sheet:
    names, frame = list(sheet.header), sheet.frame
    for place, text in enumerate(sheet.header):
        item = codes.mapped(text) if text else None
        if item is not None:
            names[place] = _titled(item)
            if item.text is not None:
                frame = frame.with_columns(pl.when(pl.col(str(place)).is_not_null()).then(pl.lit(item.text)).alias(str(place)))
        concept = item.concept if item is not None else concept_named(text) if text else None
        if concept in codes.values:
            cells = frame[str(place)].drop_nulls().unique().to_list()
            spelled = {cell: said for cell in cells if (said := codes.value(str(concept), cell)) is not None}
            frame = frame.with_columns(pl.col(str(place)).replace(spelled))
    return replace(sheet, header=names, frame=frame)


def _titled(item: Item) -> str:
    """A header that says the concept and the unit: temperature [degF]."""
    return f"{item.concept} [{item.unit}]" if item.unit else item.concept
