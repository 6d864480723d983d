"""The device of a row of respiratory support: its CLIF category, made finer by the name that stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tocsin.sources.codes import Codes
from tocsin.sources.values import Meaning, interpret

CODE = "clif:device_category"
_MASKS = frozenset({"simple_mask", "venturi_mask", "partial_rebreather", "non_rebreather", "face_tent", "blow_by"})
# What a name may say within a category (mCIDE, respiratory_support device_category: description and device_name_examples).
WITHIN: Mapping[str, frozenset[str]] = {
    "simple_mask": _MASKS,
    "nasal_cannula": frozenset({"nasal_cannula", "low_flow_nasal_cannula"}),
    "noninvasive_ventilation": frozenset({"noninvasive_ventilation", "bipap", "cpap"}),
    "cpap": frozenset({"cpap"}),
    "high_flow_nasal_cannula": frozenset({"high_flow_nasal_cannula"}),
    "invasive_ventilation": frozenset({"invasive_ventilation"}),
    "room_air": frozenset({"room_air"}),
}
# respiratory_support.mode_category of 3.0 that is none of our modes: breathing through a T-piece.
MODES: Mapping[str, str] = {"t_piece": "other"}


def devices(frame: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """The rows with a device (columns device_category, device_name): code, name, text, and the device's own words as note.

    The name decides where it is understood and lies within the category ("Face tent" is a face mask), or where the category says
    nothing ("other"); otherwise the category does ("Tracheostomy tube" that the site calls imv).
    """
    distinct = frame.select("device_category", "device_name").unique()
    rows = [(category, name, _device(category, name, codes)) for category, name in distinct.iter_rows() if category is not None or name is not None]
    table = pl.DataFrame(rows, orient="row", schema={"device_category": pl.String, "device_name": pl.String, "text": pl.String})
    said = frame.join(table, on=["device_category", "device_name"], how="inner", nulls_equal=True, maintain_order="left")
    return said.with_columns(
        pl.lit(CODE).alias("code"), pl.lit("device_category").alias("name"),
        pl.when(pl.col("device_name").ne_missing(pl.col("text"))).then("device_name").alias("note"),
    )


def _device(category: str | None, name: str | None, codes: Codes) -> str:
    """The text that tells the device: the category's reading, or the name itself."""
    if name is not None and codes.value("oxygen_device", name) is not None:
        return name
    by_category, by_name = _reading(category), _reading(name)
    if by_category is None:
        return name if category is None or by_name is not None else category  # type: ignore[return-value]
    if by_name is None or by_name == "oxygen_unspecified":
        return by_category
    if by_category == "oxygen_unspecified" or by_name in WITHIN.get(by_category, ()):
        return str(name)
    return by_category


def _reading(words: str | None) -> str | None:
    """The class of device that these words are; None when they are none."""
    if words is None:
        return None
    answer = interpret("oxygen_device", None, None, words, ".")
    found = [m.text for m in answer if m.concept == "oxygen_device"] if isinstance(answer, list) and isinstance(answer[0], Meaning) else []
    return found[0] if found and found[0] != "unknown" else None


def mode() -> pl.Expr:
    """The mode of ventilation, in words that the vocabulary knows."""
    category = pl.col("mode_category")
    key = category.str.to_lowercase().str.replace_all("[ -]", "_")
    return key.replace_strict(dict(MODES), default=category, return_dtype=pl.String)


def fio2_unit(value: pl.Expr) -> pl.Expr:
    """CLIF's FiO2 is a fraction; what cannot be one is left without a unit, to be read as the percentage that it is."""
    return pl.when(value <= 1).then(pl.lit("fraction"))
