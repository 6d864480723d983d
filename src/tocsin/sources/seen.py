"""What an export charts, item by item: how often, for how many patients, in which units, between which values, with which words.

Made for a person who writes a mapping, and for ``propose``.  Nobody's value can be read off it: what is shown (``shown_range``,
``shown_words``) was charted for two patients or more, and a range leaves out the outermost twentieths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import polars as pl

ROWS: Mapping[str, pl.DataType] = MappingProxyType({
    "item": pl.String(),     # the code or name under which a mapping file names it
    "name": pl.String(),     # what the export calls it, where that is more than the item
    "unit": pl.String(),     # as written; null: the row tells none
    "value": pl.Float64(),
    "text": pl.String(),     # words, where there is no number
    "patient": pl.String(),
})
"""The neutral frame: one row for each thing charted, whatever the format."""

STEPS = 21  # quantiles kept of each item and unit: every twentieth
FEWEST_PATIENTS = 2
_MOST_WORDS = 40
_SHOWN_WORDS = 3
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one item in one unit: how many, and their quantiles from the least to the greatest."""

    rows: int
    patients: int
    quantiles: tuple[float, ...]

    @property
    def usual(self) -> tuple[float, float]:
        """From the 5th to the 95th percentile."""
        return self.quantiles[1], self.quantiles[-2]


@dataclass(frozen=True, slots=True)
class Words:
    """One text of an item, how often it stands there, and for how many patients."""

    text: str
    rows: int
    patients: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One item of an export.  ``units``: unit as written (None: not told) to its rows; ``standard``: standard codes that the export itself gives."""

    item: str
    name: str | None
    rows: int
    patients: int
    units: Mapping[str | None, int] = field(default_factory=dict)
    numbers: Mapping[str | None, Numbers] = field(default_factory=dict)
    words: tuple[Words, ...] = ()
    standard: tuple[str, ...] = ()
    known: str = ""
    concept: str | None = None

    @property
    def shown_range(self) -> str:
        """The usual values in their most frequent unit, "62 to 122 bpm"; empty when fewer than two patients have any."""
        told = [(numbers, unit) for unit, numbers in self.numbers.items() if numbers.patients >= FEWEST_PATIENTS]
        if not told:
            return ""
        numbers, unit = max(told, key=lambda pair: pair[0].rows)
        low, high = numbers.usual
        return f"{low:.6g} to {high:.6g}" + (f" {unit}" if unit else "")

    @property
    def shown_words(self) -> tuple[str, ...]:
        """The most frequent short words charted for two patients or more."""
        told = [one.text for one in self.words if one.patients >= FEWEST_PATIENTS and len(one.text) <= _LONGEST_WORD]
        return tuple(told[:_SHOWN_WORDS])

    def understood(self, concept: str, how: str) -> Seen:
        """The same, known as this concept by ``how``."""
        return replace(self, concept=concept, known=how)


def count(rows: pl.LazyFrame, standard: Mapping[str, Iterable[str]] | None = None) -> list[Seen]:
    """Every item of the frame (columns of ROWS), the most frequent first.

    ``standard``: item to the standard codes ("loinc:8867-4") that the export gives for it.
    """
    item = rows.group_by("item").agg(
        pl.col("name").drop_nulls().first(), pl.len().alias("rows"), pl.col("patient").n_unique().alias("patients"))
    number = pl.col("value").filter(pl.col("value").is_finite())
    steps = [number.quantile(step / (STEPS - 1), "nearest").alias(f"q{step}") for step in range(STEPS)]
    unit = rows.group_by("item", "unit").agg(
        pl.len().alias("rows"), number.len().alias("numbers"), pl.col("patient").filter(pl.col("value").is_finite()).n_unique().alias("patients"), *steps)
    words = rows.filter(pl.col("text").is_not_null()).group_by("item", "text").agg(pl.len().alias("rows"), pl.col("patient").n_unique().alias("patients"))
    items, units, texts = pl.collect_all([
        item, unit.sort("rows", "unit", descending=[True, False]), words.sort("rows", "text", descending=[True, False])])
    by_unit: dict[str, dict[str | None, int]] = {}
    by_number: dict[str, dict[str | None, Numbers]] = {}
    for row in units.iter_rows(named=True):
        by_unit.setdefault(row["item"], {})[row["unit"]] = row["rows"]
        if row["numbers"]:
            by_number.setdefault(row["item"], {})[row["unit"]] = Numbers(row["numbers"], row["patients"], tuple(row[f"q{step}"] for step in range(STEPS)))
    by_word: dict[str, list[Words]] = {}
    for row in texts.group_by("item", maintain_order=True).head(_MOST_WORDS).iter_rows(named=True):
        by_word.setdefault(row["item"], []).append(Words(row["text"], row["rows"], row["patients"]))
    found = [
        Seen(row["item"], row["name"], row["rows"], row["patients"], by_unit.get(row["item"], {}), by_number.get(row["item"], {}),
             tuple(by_word.get(row["item"], ())), tuple((standard or {}).get(row["item"], ())))
        for row in items.iter_rows(named=True)
    ]
    return sorted(found, key=lambda one: (-one.rows, one.item))
