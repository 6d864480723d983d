"""MEDS (Medical Event Data Standard 0.3 and 0.4): sharded Parquet of subject_id, time, code, numeric_value, to a timeline and back.

A code of MEDS is text with parts between "//" (or "/"): a vocabulary and a code ("LOINC//8310-5"), an item of the hospital, often
with the unit as its last part ("LAB//50889//mg/L"; UNK is none), a start or end of an infusion ("INFUSION_START//221906").
``numeric_value`` is a 32-bit float by the standard: about seven digits are kept, which is told.
Source: the MEDS schema, github.com/Medical-Event-Data-Standard/meds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Unpack

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import coded
from tocsin.sources.anchor import HOUR_0
from tocsin.sources.codes import Codes, Item, by_name
from tocsin.sources.entries import PEOPLE, STAYS, Export, Table, entries, shaped
from tocsin.sources.wall import Wall, wall_clock
from tocsin.vocabulary import CONCEPTS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.grading import Grades
    from tocsin.timeline import Timeline

REQUIRED = ("subject_id", "time", "code", "numeric_value")
_NO_UNIT = frozenset({"UNK", "UNKNOWN", "NONE", ""})
_VOCABULARIES = {"LOINC": "loinc", "RXNORM": "rxnorm", "SNOMED": "snomed", "OMOP": "omop", "TOCSIN": "concept"}
# Words of an administration record behind the drug: MIMIC-IV emar.event_txt.
_NOT_GIVEN = re.compile(r"(?i)\bnot\b|held|hold|stopped|refused|missed|delayed|unavailable")
_GIVEN = re.compile(r"(?i)^(administered|given|started|restarted|applied|confirmed|partial|bolus|infusion|flushed)")
OWN: Mapping[str, pl.DataType] = MappingProxyType({
    "value": pl.Float64(), "latest": pl.Datetime("us"), "end": pl.Datetime("us"), "censored": pl.Int8(), "attribution": pl.String(),
    "site": pl.String(), "note": pl.String(),
})
"""Columns that our writer adds to those of the standard, which allows more: what MEDS has no place for, and the number in 64 bits."""
_ASSERTED = ("present", "unspecified")
"""What a concept calls a disorder of which nothing more is told."""
BIRTH, DEATH = "MEDS_BIRTH", "MEDS_DEATH"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one MEDS code means: the code under which the mapping knows it, its unit, and the step of a drug that it is."""

    code: str
    name: str | None = None
    unit: str | None = None
    action: str | None = None
    said: str | None = None  # what the code says where the row has neither number nor text: a death, a disorder
    number: bool = True  # whether its number is the value: at the end of an infusion it is not, nor is the rate of a drug given in doses
    ends: bool = False   # it is the end of what another row began


def read(path: str | Path, *, mapping: str | Path | None = None, **options: Unpack[coded.Options]) -> Timeline:
    """The record in a MEDS data set (its folder, or Parquet files of it).

    Args:
        path: The folder with ``data/`` and ``metadata/``, a folder of shards, or one shard.
        mapping: A mapping file, or the name of a shipped one (``mimic-iv``).
        options: See ``anchor.Settings``.

    Raises:
        SourceError: No Parquet file, or not one of MEDS; nobody with an hour 0.
        SettingError: An option that cannot be used.
    """
    from tocsin.sources import mapping_file

    codes = mapping_file.codes(mapping)
    return coded.timeline(export(path, codes), codes, coded.settings(**options))


def shards(path: str | Path) -> list[Path]:
    """The Parquet files of events of a data set, in the order of their names; SourceError when there is none."""
    root = Path(path)
    if root.is_file():
        return [root]
    folder = root / "data" if (root / "data").is_dir() else root
    found = sorted(folder.rglob("*.parquet"))
    if not found:
        raise SourceError(f"{root}: no Parquet file of MEDS events is here.\n  A MEDS data set has them in the folder data/.")
    return found


def is_meds(path: str | Path) -> bool:
    """Whether a folder or file is MEDS: its first shard has the columns of the standard."""
    root = Path(path)
    try:
        first = shards(root)[0]
        return first.suffix == ".parquet" and set(REQUIRED) <= set(pl.read_parquet_schema(first))
    except (SourceError, pl.exceptions.PolarsError, OSError):
        return False


def export(path: str | Path, codes: Codes) -> Export:
    """Everything in a MEDS data set, shard by shard."""
    files = shards(path)
    parents = parent_codes(path)
    everybody = [people(scan(file)) for file in files]
    spans = [stays(scan(file)) for file in files]
    told = ("numeric_value is a 32-bit float in MEDS: about seven digits of each number are kept",) if any(
        pl.read_parquet_schema(f).get("numeric_value") == pl.Float32() for f in files) else ()
    return Export("MEDS", _tables(Path(path), files, codes, parents), pl.concat(everybody), pl.concat(spans), aware=False, told=told)


def parent_codes(path: str | Path) -> dict[str, list[str]]:
    """The standard codes of each code, from ``metadata/codes.parquet`` where there is one."""
    file = Path(path) / "metadata" / "codes.parquet"
    if not file.is_file() or "parent_codes" not in pl.read_parquet_schema(file):
        return {}
    table = pl.read_parquet(file, columns=["code", "parent_codes"]).drop_nulls()
    return {code: list(parents) for code, parents in table.iter_rows()}


def meaning(code: str, codes: Codes, parents: Sequence[str] = ()) -> Meaning | None:
    """What a MEDS code means here, None when nothing."""
    parts = code.split("//")
    if parts[0] in (BIRTH, "GENDER"):
        return None
    if parts[0] == DEATH:
        return Meaning("concept:death", said="present")
    action = {"INFUSION_START": "start", "INFUSION_END": "stop"}.get(parts[0])
    if parts[0] == "PROCEDURE" and len(parts) > 2 and parts[1] in ("START", "END"):  # ventilation, dialysis: from its start to its end
        found = meaning("//".join((parts[0], *parts[2:])), codes, parents)
        return replace(found, ends=parts[1] == "END") if found is not None else None
    if parts[0] == "TOCSIN":
        ours = parts[1] if ":" in parts[1] else f"concept:{parts[1]}"
        return Meaning(ours, unit=_unit(parts[2]) if len(parts) > 2 else None, action=_given(codes.item(ours)))
    if parts[0] == "MEDICATION" and len(parts) == 3:
        return _medication(parts[1], parts[2], codes)
    if parts[0] == "PROCEDURE" and len(parts) == 3 and parts[1] in ("START", "END"):
        if parts[1] == "END":
            return None
        parts = [parts[0], parts[2]]
    for candidate, unit in _candidates(code, parts, parents):
        if codes.left_out(candidate):
            return None
        item = codes.item(candidate)
        if item is None:
            continue
        if action is not None and item.concept in _DOSES:  # a rate, and not the amount; the end adds nothing
            return Meaning(candidate, action="given", number=False) if action == "start" else None
        said = next((word for word in _ASSERTED if word in CONCEPTS[item.concept].values), None) if candidate.startswith("snomed:") else None
        return Meaning(candidate, unit=unit, action=action or _given(item), said=said, number=action != "stop")
    return None


def _given(item: Item | None) -> str | None:
    """The code of a dose says by itself that it was given, whether or not an amount stands beside it."""
    return "given" if item is not None and CONCEPTS[item.concept].kind is Kind.DOSE else None


def _candidates(code: str, parts: Sequence[str], parents: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """The codes under which the mapping may know a MEDS code, the most exact first, each with the unit that is left."""
    last = _unit(parts[-1]) if len(parts) > 1 else None
    yield code, None
    if len(parts) > 1:
        yield "//".join(parts[:-1]), last
    for cut in (parts, code.split("/")):
        system = _VOCABULARIES.get(cut[0].upper())
        if system is not None and len(cut) > 1:
            yield f"{system}:{cut[1]}", _unit(cut[2]) if len(cut) > 2 else None
    if len(parts) > 1 and parts[1].isdecimal():
        yield f"mimic:{parts[1]}", last if len(parts) > 2 else None
    for parent in parents:
        vocabulary, _, rest = parent.partition("/")
        if vocabulary.upper() in _VOCABULARIES:
            yield f"{_VOCABULARIES[vocabulary.upper()]}:{rest}", last if len(parts) > 2 else None


def _unit(text: str) -> str | None:
    return None if text.upper() in _NO_UNIT else text


_DOSES = frozenset(c.name for c in CONCEPTS.values() if c.kind is Kind.DOSE)
_DRUGS = by_name((name for c in CONCEPTS.values() if c.kind is Kind.DOSE for name in (c.name, c.title, *c.aliases)), "drug")
_DRUG_OF = {key.removeprefix("drug:").lower(): item.concept for key, item in _DRUGS.items()}


def _medication(drug: str, event: str, codes: Codes) -> Meaning | None:
    """An administration record, "MEDICATION//Acetaminophen//Administered": the drug by the mapping or by its name, given or not."""
    code = f"MEDICATION//{drug}"
    if codes.left_out(code, drug) or not (_GIVEN.search(event) or _NOT_GIVEN.search(event)):
        return None
    if codes.mapped(code, drug) is None:
        concept = _DRUG_OF.get(drug.strip().lower())
        if concept is None:
            return None
        code = f"concept:{concept}"
    return Meaning(code, drug, action="not_given" if _NOT_GIVEN.search(event) else "given")


# ---------------------------------------------------------------- tables

def scan(file: Path) -> pl.LazyFrame:
    """The rows of one shard with the columns of the standard; SourceError when it is none."""
    try:
        schema = pl.read_parquet_schema(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{file.name}: this is no Parquet file that can be read ({str(error).splitlines()[0]}).") from None
    lacking = [name for name in REQUIRED if name not in schema]
    if lacking:
        raise SourceError(f"{file.name}: no column {lacking[0]}; MEDS events have {', '.join(REQUIRED)}.")
    frame = pl.scan_parquet(file)
    return frame if "text_value" in schema else frame.with_columns(pl.lit(None, pl.String).alias("text_value"))


def name_of(root: Path, file: Path) -> str:
    """The name of a shard within its data set."""
    return str(file.relative_to(root)) if root.is_dir() else file.name


def _tables(root: Path, files: Sequence[Path], codes: Codes, parents: Mapping[str, Sequence[str]]) -> Iterator[Table]:
    for file in files:
        yield table(name_of(root, file), scan(file), codes, parents)


def table(name: str, frame: pl.LazyFrame, codes: Codes, parents: Mapping[str, Sequence[str]]) -> Table:
    """The entries of one shard; codes that mean nothing are counted and never read further."""
    counts = frame.group_by("code").len().collect()
    meant: dict[str, Meaning] = {}
    ignored: dict[str, int] = {}
    explained: dict[str, int] = {}
    for code, many in counts.iter_rows():
        found = meaning(code, codes, parents.get(code, ())) if code is not None else None
        if found is not None:
            meant[code] = found
        elif code is not None and (code == BIRTH or code.startswith("GENDER//")):
            explained["facts about a person: date of birth, sex"] = explained.get("facts about a person: date of birth, sex", 0) + many
        elif code is not None and code.split("//")[0] in _STAY_CODES:
            explained["beginnings and ends of stays"] = explained.get("beginnings and ends of stays", 0) + many
        else:
            ignored[code or "(no code)"] = many
    meanings = pl.DataFrame(
        [(code, m.code, m.name, m.unit, m.action, m.said, m.number, m.ends) for code, m in meant.items()], orient="row",
        schema={"code": pl.String, "code_": pl.String, "name": pl.String, "unit": pl.String, "action": pl.String, "said": pl.String,
                "number": pl.Boolean, "ends": pl.Boolean})
    schema = frame.collect_schema()
    numbered = (frame if "row" in schema else frame.with_row_index("row", offset=1)).filter(pl.col("code").is_in(list(meant)))
    asserted = pl.when(pl.col("numeric_value").is_null()).then("said")
    time = pl.col("time").cast(pl.Datetime("us"))
    some = numbered.join(meanings.lazy(), on="code", how="left", maintain_order="left").select(
        "row", pl.col("subject_id").cast(pl.String).alias("patient"), time.alias("start"),
        pl.col("code_").alias("code"), "name", "unit", "action", "ends",
        pl.coalesce("text_value", asserted).alias("text"), *_columns(schema, time),
    ).collect()
    if some["ends"].any():
        some, ends = some.filter(~pl.col("ends")), some.filter("ends")
        explained["ends of procedures"] = len(ends)
        some = _ended(some, ends)
    infused = frame.filter(pl.col("code").str.starts_with("INFUSION_START//")).select(pl.col("subject_id").cast(pl.String).alias("patient")).unique().collect()
    read = entries(some)
    of = [infused.join(pl.DataFrame({"of": coded.INFUSIONS}), how="cross")]
    if not set(OWN) <= set(schema):
        of.append(_devices(read, codes))
    return Table(name, int(counts["len"].sum()), read, ignored, explained, carries=("devices", *coded.INFUSIONS), present=pl.concat(of))


def _devices(read: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Those whose oxygen devices are told, by words or by a code that says which: what they have no row of they did not wear."""
    distinct = [code for code in read["code"].unique().drop_nulls() if (item := codes.item(code)) is not None and item.concept == "oxygen_device"]
    spoken = [code for code in distinct if (item := codes.item(code)) is not None and item.text is not None]
    rows = read.filter(pl.col("code").is_in(distinct) & (pl.col("text").is_not_null() | pl.col("code").is_in(spoken)))
    return rows.select("patient").unique().with_columns(pl.lit("devices").alias("of"))


def _ended(begun: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """The rows, those that begin a procedure with its ``end``.

    Where somebody has as many ends of a procedure as starts, the first belongs to the first and so on, for one may begin before
    another has ended; otherwise (an end is lost, or ends two at once) it is the first end at or after the start.
    """
    key = ["patient", "code"]
    until = ends.select(*key, pl.col("start").alias("until")).sort("until")
    starts = begun.join(until.select(key).unique(), on=key, how="semi").sort("start").select("row", *key, "start")
    first = starts.join_asof(until, left_on="start", right_on="until", by=key, strategy="forward", check_sortedness=False)
    number = pl.int_range(pl.len()).over(key).alias("number")
    paired = starts.with_columns(number).join(until.with_columns(number), on=[*key, "number"], how="full", coalesce=True)
    fits = (pl.col("start") <= pl.col("until")).fill_null(False).all().over(key)
    own = paired.filter(fits).select("row", pl.col("until").alias("own"))
    found = first.join(own, on="row", how="left").select("row", pl.coalesce("own", "until").alias("until"))
    begun = begun.join(found, on="row", how="left", maintain_order="left")
    end = pl.col("end") if "end" in begun.columns else pl.lit(None, pl.Datetime("us"))
    return begun.with_columns(pl.coalesce(end, "until").alias("end"))


def _digits(kind: pl.DataType) -> pl.Expr:
    """The number that was written: of a 32-bit float its shortest decimal form, not the binary one (0.1, not 0.10000000149)."""
    column = pl.col("numeric_value")
    return column.cast(pl.String).cast(pl.Float64) if kind == pl.Float32() else column.cast(pl.Float64)


def _columns(schema: Mapping[str, pl.DataType], time: pl.Expr) -> list[pl.Expr]:
    """The value, and what our own writer adds to the columns of the standard (OWN) where it is there.

    A death at midnight is one of which only the day is known.
    """
    number = _digits(schema["numeric_value"])
    if not set(OWN) <= set(schema):
        dated = (pl.col("code") == DEATH) & (time == time.dt.truncate("1d"))
        return [pl.when("number").then(number).alias("value"), pl.when(dated).then(time + pl.duration(days=1)).alias("latest")]
    return [pl.coalesce("value", number).alias("value"), *(pl.col(name) for name in OWN if name != "value")]


# ---------------------------------------------------------------- people and stays

_STAY_CODES = {"HOSPITAL_ADMISSION": ("hospital", 1), "HOSPITAL_DISCHARGE": ("hospital", -1), "ICU_ADMISSION": ("icu", 1), "ICU_DISCHARGE": ("icu", -1)}


def people(frame: pl.LazyFrame) -> pl.DataFrame:
    """Date of birth and sex of everybody in one shard."""
    rows = frame.filter((pl.col("code") == BIRTH) | pl.col("code").str.starts_with("GENDER//")).select(
        pl.col("subject_id").cast(pl.String).alias("patient"), "time", "code").collect()
    birth = rows.filter(pl.col("code") == BIRTH).group_by("patient").agg(pl.col("time").min().cast(pl.Datetime("us")).alias("birth"))
    sex = rows.filter(pl.col("code") != BIRTH).group_by("patient").agg(pl.col("code").first().str.split("//").list.last().alias("sex"))
    both = birth.join(sex, on="patient", how="full", coalesce=True).sort("patient")
    return both.with_columns(pl.lit(None, kind).alias(name) for name, kind in PEOPLE.items() if name not in both.columns).select(list(PEOPLE))


def stays(frame: pl.LazyFrame) -> pl.DataFrame:
    """The hospital and ICU stays in one shard: each admission with the first discharge after it and before the next admission."""
    prefix = pl.col("code").str.split("//").list.first()
    rows = frame.filter(prefix.is_in(list(_STAY_CODES))).select(
        pl.col("subject_id").cast(pl.String).alias("patient"), pl.col("time").cast(pl.Datetime("us")), prefix.alias("what")).collect()
    if not len(rows):
        return pl.DataFrame(schema=dict(STAYS))
    rows = rows.with_columns(
        pl.col("what").replace_strict({k: v[0] for k, v in _STAY_CODES.items()}, return_dtype=pl.String).alias("kind"),
        pl.col("what").replace_strict({k: v[1] for k, v in _STAY_CODES.items()}, return_dtype=pl.Int8).alias("step"),
    ).sort("patient", "kind", "time", "step", maintain_order=True)
    key = ["patient", "kind"]
    rows = rows.with_columns(pl.col("time").shift(-1).over(key).alias("after"), pl.col("step").shift(-1).over(key).alias("next"))
    begun = rows.filter(pl.col("step") == 1).with_columns(pl.int_range(1, pl.len() + 1).over(key).alias("number"))
    return begun.select(
        "patient", pl.concat_str("kind", "number", separator="").alias("stay"), "kind", pl.col("time").alias("start"),
        pl.when(pl.col("next") == -1).then("after").alias("end"),
    )


# ---------------------------------------------------------------- writing

def write(timeline: Timeline, path: str | Path, grades: Iterable[Grades] = ()) -> None:
    """The record as a MEDS data set: ``data/train/0.parquet`` and its metadata; grades as events of their own.

    A measurement stands under its LOINC code and canonical unit ("LOINC//8310-5//degC"), anything else under
    "TOCSIN//concept//unit".  A grade is "GRADE//scale//at_least" (and at_most) where it changes.  The columns of OWN are
    added: MEDS keeps numbers in 32 bits and has no end of an event.
    Raises SourceError when a patient's name is no whole number, as MEDS wants it.
    """
    clock = wall_clock(timeline)
    out = Path(path)
    events = pl.concat([_facts_written(timeline, clock), _events_written(clock), *(_grades_written(one, clock) for one in grades)])
    numbers = events["subject_id"].cast(pl.Int64, strict=False)
    if numbers.null_count():
        name = events.filter(numbers.is_null())["subject_id"][0]
        raise SourceError(f"the patient {name!r} is no whole number, and MEDS names subjects by whole numbers.\n  Rename the patients first.")
    events = events.with_columns(numbers).sort("subject_id", "time", nulls_last=False, maintain_order=True)
    (out / "data" / "train").mkdir(parents=True, exist_ok=True)
    (out / "metadata").mkdir(parents=True, exist_ok=True)
    events.write_parquet(out / "data" / "train" / "0.parquet")
    codes = events.select(pl.col("code").unique().sort()).with_columns(
        pl.col("code").str.split("//").list.slice(0, 2).list.join("/").alias("parent"), pl.col("code").str.starts_with("LOINC//").alias("standard"))
    codes.select(
        "code", pl.lit(None, pl.String).alias("description"),
        pl.when("standard").then(pl.concat_list("parent")).otherwise(None).alias("parent_codes"),
    ).write_parquet(out / "metadata" / "codes.parquet")
    subjects = events.select(pl.col("subject_id").unique().sort()).with_columns(pl.lit("train").alias("split"))
    subjects.write_parquet(out / "metadata" / "subject_splits.parquet")
    (out / "metadata" / "dataset.json").write_text(json.dumps({
        "dataset_name": "tocsin", "dataset_version": "1", "etl_name": "tocsin", "etl_version": version("tocsin"), "meds_version": "0.4.0"}), encoding="utf-8")


_WRITTEN = {"subject_id": pl.String(), "time": pl.Datetime("us"), "code": pl.String(), "numeric_value": pl.Float32(), "text_value": pl.String(), **OWN}


def _written(frame: pl.DataFrame) -> pl.DataFrame:
    return shaped(frame, _WRITTEN)


def _facts_written(timeline: Timeline, clock: Wall) -> pl.DataFrame:
    """Hour 0 of each patient, and the facts about them, which have no time."""
    zero = pl.DataFrame({"subject_id": list(clock.hour_0), "time": list(clock.hour_0.values())}, schema={"subject_id": pl.String, "time": pl.Datetime("us")})
    rows: list[dict[str, object]] = []
    for row in timeline.patients.drop("infusion_time").iter_rows(named=True):
        for name, value in row.items():
            if name != "patient" and value is not None:
                number = isinstance(value, float)
                rows.append({"subject_id": row["patient"], "code": f"TOCSIN//fact:{name}", "value": value if number else None,
                             "text_value": None if number else str(value)})
    facts = pl.DataFrame(rows, schema={"subject_id": pl.String, "code": pl.String, "value": pl.Float64, "text_value": pl.String})
    dated = zero.with_columns(pl.lit(f"TOCSIN//{HOUR_0}").alias("code"))
    return pl.concat([_written(dated), _written(facts.with_columns(pl.col("value").alias("numeric_value")))])


def _events_written(clock: Wall) -> pl.DataFrame:
    code = {}
    for one in CONCEPTS.values():
        standard = one.kind is Kind.MEASUREMENT and one.loinc
        code[one.name] = f"LOINC//{one.loinc[0]}" if standard else f"TOCSIN//{one.name}"
    unit = pl.col("concept").replace_strict({c.name: c.unit for c in CONCEPTS.values() if c.unit}, default="UNK", return_dtype=pl.String)
    empty = pl.col("value").is_null() & pl.col("text").is_null()
    return _written(clock.events.with_columns(pl.col("attribution", "text").cast(pl.String)).select(
        pl.col("patient").alias("subject_id"), pl.col("start").alias("time"),
        pl.concat_str(pl.col("concept").replace_strict(code, return_dtype=pl.String), unit, separator="//").alias("code"),
        pl.col("value").alias("numeric_value"), pl.when(empty).then(pl.lit("unknown")).otherwise("text").alias("text_value"),
        *OWN,
    ))


def _grades_written(grades: Grades, clock: Wall) -> pl.DataFrame:
    """The steps of a course: the surest lower and upper grade where one changes."""
    steps = grades.frame.select(pl.col("patient").cast(pl.String), pl.col("start_hour").alias("hour"), "at_least", "at_most")
    zero = pl.DataFrame({"patient": list(clock.hour_0), "zero": list(clock.hour_0.values())}, schema={"patient": pl.String, "zero": pl.Datetime("us")})
    steps = steps.join(zero, on="patient", how="left", maintain_order="left")
    time = pl.col("zero") + pl.duration(microseconds=(pl.col("hour") * 3.6e9).round(0).cast(pl.Int64))
    sides = [steps.select(pl.col("patient").alias("subject_id"), time.alias("time"), pl.lit(f"GRADE//{grades.scale.id}//{side}").alias("code"),
                          pl.col(side).cast(pl.Float64).alias("numeric_value")) for side in ("at_least", "at_most")]
    return pl.concat([_written(side) for side in sides])
