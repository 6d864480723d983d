"""MEDS (Medical Event Data Standard 0.3 and 0.4): sharded Parquet of subject_id, time, code, numeric_value, to a timeline and back.

A code of MEDS is text with parts between "//" (or "/"): a vocabulary and a code ("LOINC//8310-5"), an item of the hospital, often
with the unit as its last part ("LAB//50889//mg/L"; UNK is none), a start or end of an infusion ("INFUSION_START//221906").
``numeric_value`` is a 32-bit float by the standard: about seven digits are kept, which is told.
Source: the MEDS schema, github.com/Medical-Event-Data-Standard/meds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import coded
from tocsin.sources.codes import Codes, by_name
from tocsin.sources.entries import PEOPLE, STAYS, Export, Table, entries
from tocsin.vocabulary import CONCEPTS, Kind

if TYPE_CHECKING:
    from tocsin.timeline import Timeline

REQUIRED = ("subject_id", "time", "code", "numeric_value")
_NO_UNIT = frozenset({"UNK", "UNKNOWN", "NONE", ""})
_VOCABULARIES = {"LOINC": "loinc", "RXNORM": "rxnorm", "SNOMED": "snomed", "OMOP": "omop", "TOCSIN": "concept"}
# Words of an administration record behind the drug: MIMIC-IV emar.event_txt.
_NOT_GIVEN = re.compile(r"(?i)\bnot\b|held|hold|stopped|refused|missed|delayed|unavailable")
_GIVEN = re.compile(r"(?i)^(administered|given|started|restarted|applied|confirmed|partial|bolus|infusion|flushed)")
BIRTH, DEATH = "MEDS_BIRTH", "MEDS_DEATH"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one MEDS code means: the code under which the mapping knows it, its unit, and the step of a drug that it is."""

    code: str
    name: str | None = None
    unit: str | None = None
    action: str | None = None


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
    people = [_people(file) for file in files]
    stays = [_stays(file) for file in files]
    told = ("numeric_value is a 32-bit float in MEDS: about seven digits of each number are kept",) if any(
        pl.read_parquet_schema(f).get("numeric_value") == pl.Float32() for f in files) else ()
    return Export("MEDS", _tables(Path(path), files, codes, parents), pl.concat(people), pl.concat(stays), aware=False, told=told)


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
        return Meaning("concept:death")
    action = {"INFUSION_START": "start", "INFUSION_END": "stop"}.get(parts[0])
    if parts[0] == "TOCSIN":
        return Meaning(parts[1] if ":" in parts[1] else f"concept:{parts[1]}", unit=_unit(parts[2]) if len(parts) > 2 else None)
    if parts[0] == "MEDICATION" and len(parts) == 3:
        return _medication(parts[1], parts[2])
    for candidate, unit in _candidates(code, parts, parents):
        item = codes.item(candidate)
        if item is not None:
            return Meaning(candidate, unit=unit, action=action)
    return None


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


_DRUGS = by_name((name for c in CONCEPTS.values() if c.kind is Kind.DOSE for name in (c.name, c.title, *c.aliases)), "drug")
_DRUG_OF = {key.removeprefix("drug:").lower(): item.concept for key, item in _DRUGS.items()}


def _medication(drug: str, event: str) -> Meaning | None:
    """An administration record, "MEDICATION//Acetaminophen//Administered": the drug by its name, given or not."""
    concept = _DRUG_OF.get(drug.strip().lower())
    if concept is None or not (_GIVEN.search(event) or _NOT_GIVEN.search(event)):
        return None
    return Meaning(f"concept:{concept}", drug, action="not_given" if _NOT_GIVEN.search(event) else "given")


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


def _name(root: Path, file: Path) -> str:
    return str(file.relative_to(root)) if root.is_dir() else file.name


def _tables(root: Path, files: Sequence[Path], codes: Codes, parents: dict[str, list[str]]) -> Iterator[Table]:
    for file in files:
        yield _table(_name(root, file), scan(file), codes, parents)


def _table(name: str, frame: pl.LazyFrame, codes: Codes, parents: dict[str, list[str]]) -> Table:
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
    table = pl.DataFrame(
        [(code, m.code, m.name, m.unit, m.action) for code, m in meant.items()], orient="row",
        schema={"code": pl.String, "code_": pl.String, "name": pl.String, "unit": pl.String, "action": pl.String})
    numbered = frame.with_row_index("row", offset=1).filter(pl.col("code").is_in(list(meant)))
    some = numbered.join(table.lazy(), on="code", how="left", maintain_order="left").select(
        "row", pl.col("subject_id").cast(pl.String).alias("patient"), pl.col("time").cast(pl.Datetime("us")).alias("start"),
        pl.col("code_").alias("code"), "name", "unit", "action",
        pl.when(pl.col("action") != "stop").then(_digits("numeric_value")).when(pl.col("action").is_null()).then(_digits("numeric_value")).alias("value"),
        pl.col("text_value").alias("text"),
    )
    infused = frame.filter(pl.col("code").str.starts_with("INFUSION_START//")).select(pl.col("subject_id").cast(pl.String).alias("patient")).unique().collect()
    return Table(name, int(counts["len"].sum()), entries(some), ignored, explained, carries=coded.INFUSIONS, present=infused)


def _digits(column: str) -> pl.Expr:
    """A 32-bit float as the number that was written: its shortest decimal form, not the binary one (0.1, not 0.10000000149)."""
    return pl.col(column).cast(pl.String).cast(pl.Float64)


# ---------------------------------------------------------------- people and stays

_STAY_CODES = {"HOSPITAL_ADMISSION": ("hospital", 1), "HOSPITAL_DISCHARGE": ("hospital", -1), "ICU_ADMISSION": ("icu", 1), "ICU_DISCHARGE": ("icu", -1)}


def _people(file: Path) -> pl.DataFrame:
    """Date of birth and sex of everybody in one shard."""
    rows = scan(file).filter((pl.col("code") == BIRTH) | pl.col("code").str.starts_with("GENDER//")).select(
        pl.col("subject_id").cast(pl.String).alias("patient"), "time", "code").collect()
    birth = rows.filter(pl.col("code") == BIRTH).group_by("patient").agg(pl.col("time").min().cast(pl.Datetime("us")).alias("birth"))
    sex = rows.filter(pl.col("code") != BIRTH).group_by("patient").agg(pl.col("code").first().str.split("//").list.last().alias("sex"))
    both = birth.join(sex, on="patient", how="full", coalesce=True).sort("patient")
    return both.with_columns(pl.lit(None, kind).alias(name) for name, kind in PEOPLE.items() if name not in both.columns).select(list(PEOPLE))


def _stays(file: Path) -> pl.DataFrame:
    """The hospital and ICU stays in one shard: each admission with the first discharge after it and before the next admission."""
    prefix = pl.col("code").str.split("//").list.first()
    rows = scan(file).filter(prefix.is_in(list(_STAY_CODES))).select(
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
