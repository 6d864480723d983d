"""Pairs the values of two doors, and says why one has what the other has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from doors_compared.reading import BODY, GASES, KEY, NEURO, OXYGEN, RATES, VITALS, Door
from tocsin.sources import mapping_file
from tocsin.vocabulary import CONCEPTS, Kind

ROUNDED = {"temperature": 0.0501, "weight": 0.0701}
"""How far two values of one moment may lie apart where one export rounds: degrees Celsius from Fahrenheit, kilograms from pounds."""


@dataclass(frozen=True)
class Pairs:
    """Two doors value by value: ``same`` (ids of both, and both values), and the rows that only one of them has."""

    same: pl.DataFrame
    other: pl.DataFrame   # the same moment, another reading
    left: pl.DataFrame
    right: pl.DataFrame


def pair(a: pl.DataFrame, b: pl.DataFrame) -> Pairs:
    """Values of one concept at one moment, equal to five digits (doses by their moment); then those left at the same moment."""
    doses = [c.name for c in CONCEPTS.values() if c.kind is Kind.DOSE]
    number = pl.col("value").round_sig_figs(5).cast(pl.String)
    said = pl.when(pl.col("concept").is_in(doses)).then(pl.lit("given")).otherwise(pl.coalesce(number, "text", pl.lit("")))
    lasting = pl.col("until").is_not_null() & ~pl.col("concept").is_in([*doses, *RATES])  # a period is not the point at which it begins
    a, b = (frame.with_columns(said.alias("said"), lasting.alias("lasting")) for frame in (a, b))

    def match(x: pl.DataFrame, y: pl.DataFrame, by: list[str]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        x, y = (frame.sort(*KEY, "said", "id").with_columns(pl.int_range(pl.len()).over(by).alias("n")) for frame in (x, y))
        on = [*by, "n"]
        return x.join(y, on=on, how="inner", suffix="_b"), x.join(y, on=on, how="anti"), y.join(x, on=on, how="anti")

    same, x, y = match(a, b, [*KEY, "lasting", "said"])
    other, left, right = match(x, y, [*KEY, "lasting"])
    return Pairs(same, other, left, right)


# ---------------------------------------------------------------- why a value is in one door only

@dataclass(frozen=True)
class Reason:
    """Why values differ: ``holds`` is checked on each of them, against the data; ``why`` is for people."""

    key: str
    holds: pl.Expr
    why: str


UNEXPLAINED = "not explained"
REASONS_CLIF = (
    Reason("in a hospital stay that MEDS lacks", pl.col("later"),
           "The CLIF tables have {stays} more hospital stays, of {patients} of the patients: evidently from another release of MIMIC-IV. "
           "Checked: the row names one of them."),
    Reason("MEDS has the event without its number", pl.col("silent"),
           "Results such as \"<1.3\", or with a laboratory's comment: the MEDS files kept the event and lost number and text. "
           "Checked: the same item at the same minute, empty."),
    Reason("under an item that the mapping leaves out", pl.col("unmapped"),
           "Blood gases that do not say arterial or venous, which CLIF files as arterial; the flow of a second oxygen device; the lower pressure "
           "of BiPAP, which CLIF files as PEEP. The mapping leaves these out on purpose. Checked: the same number at the same minute under such an item."),
    Reason("carried forward by CLIF's makers", pl.col("carried"),
           "A part of the coma scale that was not charted was filled with the value before, up to six hours old. Checked: it equals the "
           "value before in MEDS, and MEDS has no row at that minute."),
)
REASONS_MEDS = (
    Reason("outside hospital stays", pl.col("outside"),
           "CLIF's tables hold what was filed to a hospital stay; MEDS has clinics and the time before admission too. Checked: its time lies in no stay."),
    Reason("from the administration record of the wards", pl.col("item").str.starts_with("MEDICATION"),
           "Tablets and injections scanned at the bedside are in MEDS; this CLIF export has only what was given through the pumps and charts of "
           "intensive care. Checked: the code."),
    Reason("ventilation told as a procedure", pl.col("item").str.starts_with("PROCEDURE"),
           "From start to end, beside the charted devices; CLIF has the charted devices only. Checked: the code."),
    Reason("weight noted with each infusion", pl.col("item") == "SUBJECT_WEIGHT_AT_INFUSION",
           "MEDS repeats the patient's weight with every infusion. Checked: the code."),
    Reason("of an item that CLIF never took", pl.col("never"),
           "Blood temperature of a pulmonary artery catheter, glucose by finger stick, heights in inches beside those in centimetres, oxygen settings told "
           "with a blood gas, copies of laboratory results in the charts. Checked: not one row of the item has its like in CLIF."),
    Reason("a second reading at one moment", pl.col("beside"),
           "Two thermometers were charted in one minute; CLIF has one of them. Checked: CLIF has another value then."),
    Reason("not filed to the stay", pl.col("laboratory"),
           "Blood taken during a stay whose result was not filed to it, so that CLIF's laboratory table, which goes by the stay, has no such row. "
           "Checked: a laboratory value whose time lies inside a stay, and CLIF has none then. That it was not filed cannot be seen in these files."),
)
REASONS_OMOP = (
    Reason("an item that OMOP's concept map calls the same, and ours does not", pl.col("unmapped"),
           "Breaths counted by the ventilator as respiratory rate, the temperature entered at the blood gas machine (mostly its default of 37.0) as body "
           "temperature, the oxygen that a blood gas asked for, the flow of a second device, a serum creatinine of a urine test. The table names them by one "
           "concept; only the source value tells them apart. Checked: the mapping leaves the source item out."),
    Reason("fever told in words", pl.col("concept") == "fever",
           "A finding \"fever\" among OMOP's conditions, which is believed without a number. Checked: the concept."),
    Reason("not in the OMOP table", pl.col("absent"),
           "The measurement table was built from a concept map without them: weights, finger sticks, troponin copied into the charts. "
           "Checked: no row of the table has that source item."),
)
REASONS_OTHER = (
    Reason("rounded", (pl.col("value") - pl.col("value_b")).abs() <= pl.col("concept").replace_strict(ROUNDED, default=0.0),
           "CLIF rounds degrees Celsius (from Fahrenheit) and kilograms (from pounds) to one decimal; of the temperatures {crossing} by it. "
           "Checked: no further apart than that."),
    Reason("the same device, classed by CLIF's makers", (pl.col("concept") == "oxygen_device") & (pl.col("text_b") == "oxygen_unspecified"),
           "\"Aerosol-cool\", \"High flow neb\" and \"Tracheostomy tube\" say neither mask, cannula nor ventilator; CLIF's makers filed them as mask, "
           "high flow and ventilator, and this category is believed. From the words alone oxygen is given, by what is not known. Checked: the text."),
    Reason("a verbal response that could not be tested", (pl.col("text") == "unknown") & (pl.col("concept") == "gcs_verbal") & (pl.col("value_b") == 1),
           "An intubated patient: CLIF marks the response by 0, and it is unknown; MEDS lost the words and kept the 1 that stands for them. "
           "Checked: both values."),
    Reason("the same rate per kilogram, another weight", pl.col("concept").is_in(RATES) & ((pl.col("written") / pl.col("written_b") - 1).abs() < 1e-4),
           "Tocsin keeps these rates in ug/min; the export tells them per kilogram. The weight before hour 0 is another where one door has a weight that "
           "the other has not. Checked: the rates as written are equal."),
    Reason("pounds without their unit", (pl.col("concept") == "weight") & ((pl.col("value") * 2.204623 - pl.col("value_b")).abs() < 0.06),
           "The OMOP row has no unit, and a weight without one is taken as kilograms. Checked: it is the weight in pounds. "
           "A line in a mapping file puts it right: `\"226531\" = { concept = \"weight\", unit = \"lb\" }`."),
)


def reasoned(frame: pl.DataFrame, reasons: Iterable[Reason]) -> pl.DataFrame:
    """The rows with the first reason that holds."""
    choice: pl.Expr = pl.lit(UNEXPLAINED)
    for reason in reversed(tuple(reasons)):
        choice = pl.when(reason.holds.fill_null(False)).then(pl.lit(reason.key)).otherwise(choice)
    return frame.with_columns(choice.alias("reason"))


def later_stays(doors: Mapping[str, Door]) -> pl.DataFrame:
    """The hospital stays that only CLIF has."""
    mine, theirs = (doors[name].stays.filter(pl.col("kind") == "hospital") for name in ("clif", "meds"))
    return mine.join(theirs, on=["patient", "start"], how="anti")


def _unmapped(item: pl.Expr, items: Iterable[str]) -> pl.Expr:
    """Whether an item ("LAB//50820") is one that the mapping does not read."""
    known = mapping_file.codes("mimic-iv")
    out = [name for name in items if known.item(f"mimic:{name.removeprefix('LAB//')}") is None]
    return item.is_in(out)


def clif_only(left: pl.DataFrame, doors: Mapping[str, Door], rows: pl.DataFrame) -> pl.DataFrame:
    """Values that CLIF has and MEDS has not, with their reason; ``rows``: all of MEDS."""
    chart = rows.filter(pl.col("item").str.starts_with("LAB//")).join(left.select("patient", "t").unique(), on=["patient", "t"], how="semi")
    there = left.select("id", "patient", "concept", "t", "value").join(chart.select("patient", "t", "item", "written"), on=["patient", "t"])
    unread = _unmapped(pl.col("item"), chart["item"].unique())
    same = there.filter(pl.col("concept").is_in([*GASES, *OXYGEN]) & unread & ((pl.col("written") - pl.col("value")).abs() < 1e-3))["id"].unique()
    items = doors["meds"].events.select("concept", "item").unique()
    empty = there.filter(pl.col("written").is_null()).join(items, on=["concept", "item"], how="semi")["id"].unique()
    own = doors["meds"].events.filter(pl.col("concept").is_in(NEURO))
    own = own.select("patient", "concept", pl.col("t").alias("then"), pl.col("value").alias("before")).sort("then")
    untested = pl.when(pl.col("text") == "unknown").then(1.0).otherwise("value").alias("value")  # MEDS keeps the 1 that stands for the words
    parts = left.filter(pl.col("concept").is_in(NEURO)).select("id", "patient", "concept", "t", untested).sort("t")
    carried = parts.join_asof(own, left_on="t", right_on="then", by=["patient", "concept"], tolerance="6h", check_sortedness=False).filter(
        pl.col("value") == pl.col("before"))["id"]
    stays = later_stays(doors)
    return reasoned(left.with_columns(
        (pl.col("stay").is_in(stays["stay"].implode()) | (pl.col("concept") == "death") & pl.col("patient").is_in(stays["patient"].implode())).alias("later"),
        pl.col("id").is_in(same.implode()).alias("unmapped"),
        pl.col("id").is_in(empty.implode()).alias("silent"), pl.col("id").is_in(carried.implode()).alias("carried")), REASONS_CLIF)


def meds_only(right: pl.DataFrame, doors: Mapping[str, Door], same: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Values that MEDS has and CLIF has not, with their reason."""
    stays = doors["clif"].stays.filter(pl.col("kind") == "hospital").select("patient", "start", "end")
    inside = right.select("id", "patient", "t").join(stays, on="patient").filter(pl.col("t").is_between("start", "end"))["id"].unique()
    taken = pl.concat([frame.select("concept", pl.col("item_b").alias("item")) for frame in (same, other)]).unique()
    missing = right.select("concept", "item").unique().join(taken, on=["concept", "item"], how="anti").with_columns(pl.lit(True).alias("never"))
    then = doors["clif"].events.select(KEY).unique().with_columns(pl.lit(True).alias("beside"))
    labs = [name for name in CONCEPTS if name not in (*VITALS, *BODY, *NEURO, *OXYGEN) and CONCEPTS[name].kind is Kind.MEASUREMENT]
    right = right.join(missing, on=["concept", "item"], how="left").join(then, on=KEY, how="left")
    return reasoned(right.with_columns(
        (~pl.col("id").is_in(inside.implode())).alias("outside"), (pl.col("concept").is_in(labs) & pl.col("item").str.starts_with("LAB//")).alias("laboratory"),
    ), REASONS_MEDS)


def omop_differs(pairs: Pairs, doors: Mapping[str, Door], rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Values that only MEDS and only OMOP have, with their reason; ``rows``: all of OMOP's measurements."""
    there = rows["item"].unique()
    left = pairs.left.with_columns((~pl.col("item").is_in(there.implode())).alias("absent"), pl.lit(False).alias("unmapped"))
    right = pairs.right.with_columns(pl.lit(False).alias("absent"), _unmapped(pl.col("item"), pairs.right["item"].drop_nulls().unique()).alias("unmapped"))
    return reasoned(left, REASONS_OMOP), reasoned(right, REASONS_OMOP)
