"""The rows of one SDTM data set as entries: findings (a test and its result), events (a term) and interventions (a treatment)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from tocsin.errors import VocabularyError
from tocsin.sources import sdtm_codes
from tocsin.sources.codes import Codes
from tocsin.sources.sdtm_files import DataSet
from tocsin.timeline import is_patient_fact
from tocsin.vocabulary import CONCEPTS, Kind

_RESULT = r"^(?P<sign><=|>=|<|>)?\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)$"
NOT_DONE = "not done, as the data set says"
NO_RESULT = "no result"
COMPUTED = "grades that Tocsin computed when it wrote the data set: not part of the record"
NOT_OCCURRED = "did not occur, and its concept has no word for that"
# What an observation about findings is about (FAOBJ) to an attribution; the terms are those of MedDRA.
OBJECTS = {
    "CYTOKINE RELEASE SYNDROME": "crs", "CRS": "crs", "LOCAL CYTOKINE RELEASE SYNDROME": "local_crs", "ICANS": "icans",
    "IMMUNE EFFECTOR CELL-ASSOCIATED NEUROTOXICITY SYNDROME": "icans", "HAEMOPHAGOCYTIC LYMPHOHISTIOCYTOSIS": "hlh", "INFECTION": "infection",
}
_YES, _NO = ("Y", "YES"), ("N", "NO")
Choice = tuple[str | None, str | None, str | None]
"""The code of a row (None when nobody knows it), the trial's own code, and the name for people."""


def _chosen(rows: pl.DataFrame, keys: Sequence[str], choose: Callable[..., Choice]) -> pl.DataFrame:
    """The rows with code, own and name, found once for each distinct combination of the keys."""
    distinct = rows.select(keys).unique(maintain_order=True)
    found = [choose(*values) for values in distinct.iter_rows()]
    table = distinct.with_columns(
        pl.Series("code", [c[0] for c in found], dtype=pl.String), pl.Series("own", [c[1] for c in found], dtype=pl.String),
        pl.Series("name", [c[2] for c in found], dtype=pl.String),
    )
    return rows.join(table, on=keys, how="left", nulls_equal=True, maintain_order="left")


def _said(rows: pl.DataFrame, codes: Codes, **columns: pl.Expr) -> pl.DataFrame:
    """The columns of an entry from a data set, and ``why`` a row has nothing to say; null where not given."""
    kinds = {"value": pl.Float64(), "censored": pl.Int8()}
    names = ("value", "censored", "unit", "text", "action", "attribution", "site", "note", "why")
    return rows.select(
        "row", pl.col("USUBJID").alias("patient"), "code", "own", "name",
        *(columns.get(name, pl.lit(None)).cast(kinds.get(name, pl.String())).alias(name) for name in names),
    )


def _own_concept(concept: str | None) -> str | None:
    return f"concept:{concept}" if concept is not None else None


def _upper(*names: str) -> list[pl.Expr]:
    return [pl.col(name).str.to_uppercase().alias(name) for name in names]


def _words(*columns: str | pl.Expr) -> pl.Expr:
    text = pl.concat_str(*columns, separator="; ", ignore_nulls=True)
    return pl.when(text != "").then(text)


# ---------------------------------------------------------------- findings

def of_findings(data: DataSet, codes: Codes) -> pl.DataFrame:
    """VS, LB, FA, RS: one test, one result."""
    d = data.domain
    bare = ("TESTCD", "TEST", "ORRES", "ORRESU", "STRESC", "STRESN", "STRESU", "STAT", "LOINC", "SPEC", "CAT", "OBJ", "LOC", "EVAL")
    rows = data.rows.select("row", "USUBJID", *data.text("TCCON", "TCTEXT", "TCATTR", "TCSITE", "TCNOTE", "TCCALC"),
                            *(e.alias(name) for name, e in zip(bare, data.text(*(f"{d}{name}" for name in bare)), strict=True)))
    rows = rows.with_columns(_upper("TESTCD", "SPEC", "CAT", "OBJ", "STAT"))
    rows = _chosen(rows, ("TCCON", "LOINC", "TESTCD", "TEST", "SPEC", "CAT", "OBJ"), lambda *key: _test(d, codes, *key))
    for which, result, unit in (("o", "ORRES", "ORRESU"), ("s", "_standard", "STRESU")):
        rows = rows.with_columns(pl.coalesce("STRESN", "STRESC").alias("_standard"))
        cut = pl.col(result).str.extract_groups(_RESULT)
        sign = pl.when(cut.struct.field("sign").str.starts_with("<")).then(-1).when(cut.struct.field("sign").is_not_null()).then(1).otherwise(0)
        rows = rows.with_columns(cut.struct.field("number").cast(pl.Float64).alias(f"_{which}"), sign.alias(f"_{which}c"))
        rows = _fitting(rows, codes, unit, f"_{which}fits")
    original = pl.col("_ofits") & pl.col("_o").is_not_null()
    standard = ~original & pl.col("_sfits") & pl.col("_s").is_not_null()
    measured = pl.col("_unit").fill_null(False)
    bare_number = measured & ~original & ~standard & pl.col("_o").is_not_null()
    coded = pl.coalesce("TCTEXT", pl.when(measured).then(pl.coalesce("ORRES", "STRESC")).otherwise(pl.coalesce("STRESC", "ORRES")))
    number = original | standard | bare_number
    graded = pl.col("code").is_not_null() & pl.col("_graded") & ~number
    grade = coded.str.extract(r"(?i)^(?:grade\s*)?([0-5])$").cast(pl.Float64)
    empty = pl.col("ORRES").is_null() & pl.col("STRESC").is_null() & pl.col("STRESN").is_null()
    site = pl.coalesce("TCSITE", "LOC") if d == "FA" else pl.col("TCSITE")
    said = _said(
        rows, codes,
        value=pl.when(standard).then("_s").when(original | bare_number).then("_o").when(graded).then(grade),
        censored=pl.when(standard).then("_sc").when(original | bare_number).then("_oc").otherwise(0),
        unit=pl.when(standard).then("STRESU").when(original | bare_number).then("ORRESU"),
        text=pl.when(number | (graded & grade.is_not_null())).then("TCTEXT").otherwise(coded),
        attribution=pl.coalesce("TCATTR", pl.col("OBJ").replace_strict(OBJECTS, default=None, return_dtype=pl.String)),
        site=site, note=pl.coalesce("TCNOTE", "EVAL"),
        why=pl.when(pl.col("TCCALC").is_not_null()).then(pl.lit(COMPUTED)).when(pl.col("STAT") == "NOT DONE").then(pl.lit(NOT_DONE))
        .when(empty & pl.col("TCTEXT").is_null()).then(pl.lit(NO_RESULT)),
    )
    return _occurrence(said, rows.select("row", pl.when(pl.col("TESTCD") == "OCCUR").then(pl.coalesce("STRESC", "ORRES")).alias("occurred")), codes)


def _test(domain: str, codes: Codes, concept: str | None, loinc: str | None, test: str | None, name: str | None, specimen: str | None,
          category: str | None, about: str | None) -> Choice:
    """The code of a finding: our own, LOINC, that of CDISC, or what its name or object means."""
    if domain == "FA" and test in ("OCCUR", "TOXGR", "GRADE"):
        own = f"sdtm:FA/{test}/{about}"
        found = sdtm_codes.known(codes, (_own_concept(concept), own, sdtm_codes.by_word(about, "AE") if test == "OCCUR" else None), about)
        return found, own, about
    where = _specimen(test, specimen, category) if domain == "LB" else ""
    own = f"sdtm:{domain}/{where}/{test}" if where else f"sdtm:{domain}/{test}"
    by_name = None if where or test in sdtm_codes.NEEDS_SPECIMEN else sdtm_codes.by_word(name, domain)
    return sdtm_codes.known(codes, (_own_concept(concept), f"loinc:{loinc}" if loinc else None, own, by_name), name), own, name


def _specimen(test: str | None, specimen: str | None, category: str | None) -> str:
    """The specimen as part of a code: "" for blood and what is made of it, unless the test needs to know it."""
    if specimen is None:
        return "URINE" if category is not None and "URIN" in category else ""
    blood = any(word in specimen for word in ("BLOOD", "SERUM", "PLASMA"))
    if not blood:
        return specimen
    if test in sdtm_codes.NEEDS_SPECIMEN:
        return "BLOOD ARTERIAL" if "ARTERI" in specimen else "BLOOD VENOUS" if "VEN" in specimen else "BLOOD"
    return ""


def _fitting(rows: pl.DataFrame, codes: Codes, unit: str, into: str) -> pl.DataFrame:
    """``into``: whether a number in this unit is one of the row's concept; ``_unit`` whether the concept has units, ``_graded`` whether grades."""
    distinct = rows.select("code", "name", unit).unique()
    table = []
    for code, name, said in distinct.iter_rows():
        item = codes.item(code, name) if code is not None else None
        one = CONCEPTS.get(item.concept) if item else None
        table.append((sdtm_codes.accepted(codes, code, name, said), one is not None and one.unit is not None,
                      one is not None and one.name in sdtm_codes.GRADED))
    marks = pl.DataFrame(table, orient="row", schema={into: pl.Boolean, "_unit": pl.Boolean, "_graded": pl.Boolean})
    kept = rows.drop("_unit", "_graded", strict=False)
    return kept.join(pl.concat([distinct, marks], how="horizontal"), on=["code", "name", unit], how="left", nulls_equal=True, maintain_order="left")


def _occurrence(said: pl.DataFrame, occurred: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """A term that did or did not occur, in the words of its concept: absent, none, or grade 0."""
    pairs = said.select("code", "name").drop_nulls("code").unique()
    rows = []
    for code, name in pairs.iter_rows():
        item = codes.item(code, name)
        one = CONCEPTS.get(item.concept) if item else None
        absent = next((word for word in ("absent", "none") if one is not None and word in one.values), None)
        rows.append((code, name, f"concept:{one.name}" if one else code, absent, one is not None and one.unit == "grade",
                     item is not None and item.text is not None))
    table = pl.DataFrame(rows, orient="row", schema={"code": pl.String, "name": pl.String, "_bare": pl.String, "_absent": pl.String,
                                                     "_grade": pl.Boolean, "_coded": pl.Boolean})
    said = said.join(table, on=["code", "name"], how="left", nulls_equal=True, maintain_order="left").join(
        occurred, on="row", how="left", maintain_order="left").with_columns(pl.col("occurred").str.to_uppercase())
    no, yes = pl.col("occurred").is_in(_NO).fill_null(False), pl.col("occurred").is_in(_YES).fill_null(False)
    graded = pl.col("_grade").fill_null(False)
    said = said.with_columns(
        pl.when(no & pl.col("code").is_not_null()).then("_bare").otherwise("code").alias("code"),
        pl.when(no & graded).then(0.0).when(yes & graded & pl.col("value").is_null()).then(None).otherwise("value").alias("value"),
        pl.when(no & graded).then(None).when(no).then("_absent").when(yes & graded & pl.col("value").is_null()).then(pl.lit("unknown"))
        .when(yes & pl.col("_coded").fill_null(False)).then(None).when(yes & ~graded).then(pl.lit("present")).otherwise("text").alias("text"),
        pl.when(pl.col("why").is_null() & no & ~graded & pl.col("_absent").is_null()).then(pl.lit(NOT_OCCURRED)).otherwise("why").alias("why"),
    )
    return said.drop("_bare", "_absent", "_grade", "_coded", "occurred")


# ---------------------------------------------------------------- events

def of_events(data: DataSet, codes: Codes) -> pl.DataFrame:
    """AE, CE, DS: a term, from when to when, its grade where its concept is one."""
    d = data.domain
    bare = ("TERM", "DECOD", "TOXGR", "SEV", "OCCUR", "STAT", "LOC", "REL")
    rows = data.rows.select("row", "USUBJID", *data.text("TCCON", "TCTEXT", "TCATTR", "TCSITE", "TCNOTE", "TCCALC"),
                            *(e.alias(name) for name, e in zip(bare, data.text(*(f"{d}{name}" for name in bare)), strict=True)))
    rows = rows.with_columns(_upper("DECOD", "OCCUR", "STAT", "SEV"))
    rows = _chosen(rows, ("TCCON", "DECOD", "TERM"), lambda *key: _term(d, codes, *key))
    rows = _fitting(rows.with_columns(pl.lit(None, pl.String).alias("_none")), codes, "_none", "_fits")
    graded = pl.col("_graded")
    grade = pl.col("TOXGR").str.extract(r"([0-5])").cast(pl.Float64)
    told = pl.when(~graded & pl.col("TOXGR").is_not_null()).then(pl.concat_str(pl.lit("CTCAE grade "), grade.cast(pl.Int64)))
    verbatim = pl.when(pl.col("TERM").str.to_uppercase() != pl.col("name").str.to_uppercase()).then("TERM")
    said = _said(
        rows, codes, value=pl.when(graded).then(grade), censored=pl.lit(0), text=pl.col("TCTEXT"), attribution=pl.col("TCATTR"),
        site=pl.coalesce("TCSITE", "LOC"), note=pl.coalesce("TCNOTE", _words(verbatim, told, "SEV")),
        why=pl.when(pl.col("TCCALC").is_not_null()).then(pl.lit(COMPUTED)).when(pl.col("STAT") == "NOT DONE").then(pl.lit(NOT_DONE)),
    )
    return _occurrence(said, rows.select("row", pl.col("OCCUR").fill_null("Y").alias("occurred")), codes)


def _term(domain: str, codes: Codes, concept: str | None, coded: str | None, term: str | None) -> Choice:
    names = [word for word in (coded, term.upper() if term else None) if word]
    own = [f"sdtm:{domain}/{word}" for word in names]
    by_name = [sdtm_codes.by_word(word, domain) for word in names]
    found = sdtm_codes.known(codes, (_own_concept(concept), *own, *by_name), coded or term)
    return found, own[0] if own else None, coded or term


# ---------------------------------------------------------------- interventions

def of_interventions(data: DataSet, codes: Codes) -> pl.DataFrame:
    """EX, CM, PR: a treatment, its amount each time, from when to when.

    A frequency is kept as words: it is no amount.  A total for a day (--DOSTOT) alone is kept as words for the same reason.
    """
    d = data.domain
    bare = ("TRT", "DECOD", "DOSE", "DOSU", "DOSTXT", "DOSTOT", "DOSFRQ", "ROUTE", "OCCUR", "STAT", "INDC", "LOC")
    rows = data.rows.select("row", "USUBJID", *data.text("TCCON", "TCTEXT", "TCATTR", "TCSITE", "TCNOTE", "TCCALC", "TCCENS", "TCVAL"),
                            *(e.alias(name) for name, e in zip(bare, data.text(*(f"{d}{name}" for name in bare)), strict=True)))
    rows = rows.with_columns(_upper("DECOD", "OCCUR", "STAT", "ROUTE", "DOSFRQ"))
    rows = _chosen(rows, ("TCCON", "DECOD", "TRT", "ROUTE"), lambda *key: _treatment(d, codes, *key))
    dose = pl.coalesce("TCVAL", "DOSE").cast(pl.Float64, strict=False)
    total = pl.when(dose.is_null()).then(pl.concat_str(pl.lit("total of "), "DOSTOT", pl.lit(" "), pl.col("DOSU").fill_null(""), pl.lit(" per day")))
    often = pl.when(~pl.col("DOSFRQ").is_in(["ONCE", "UNKNOWN"])).then("DOSFRQ")
    text = pl.coalesce("TCTEXT", pl.concat_str(pl.coalesce("DOSTXT", total), often, separator=" ", ignore_nulls=True))
    text = pl.when(text != "").then(text)
    states = sorted(c.name for c in CONCEPTS.values() if c.kind in (Kind.STATE, Kind.FINDING))
    rows = _fitting(rows.with_columns(pl.lit(None, pl.String).alias("_none")), codes, "_none", "_fits")
    is_state = _concept_in(rows, codes, states)
    no = (pl.col("OCCUR") == "N").fill_null(False)
    return _said(
        rows.with_columns(is_state), codes, value=dose,
        censored=pl.col("TCCENS").cast(pl.Int8, strict=False).fill_null(0), unit=pl.when(dose.is_not_null()).then("DOSU"),
        text=pl.when("_state").then(pl.coalesce("TCTEXT", pl.lit("present"))).otherwise(text),
        action=pl.when(no).then(pl.lit("not_given")).when(~pl.col("_state")).then(pl.lit("given")),
        attribution=pl.col("TCATTR"), site=pl.col("TCSITE"),
        note=pl.coalesce("TCNOTE", _words(pl.when(pl.col("TRT").str.to_uppercase() != pl.col("name").str.to_uppercase()).then("TRT"), "INDC", "ROUTE")),
        why=pl.when(pl.col("TCCALC").is_not_null()).then(pl.lit(COMPUTED)).when(pl.col("STAT") == "NOT DONE").then(pl.lit(NOT_DONE))
        .when(no & pl.col("_state")).then(pl.lit(NOT_OCCURRED)),
    )


def _concept_in(rows: pl.DataFrame, codes: Codes, names: Iterable[str]) -> pl.Series:
    wanted = set(names)
    known = {pair: (item := codes.item(*pair)) is not None and item.concept in wanted for pair in rows.select("code", "name").unique().iter_rows()
             if pair[0] is not None}
    return pl.Series("_state", [known.get(pair, False) for pair in rows.select("code", "name").iter_rows()], dtype=pl.Boolean)


def _treatment(domain: str, codes: Codes, concept: str | None, coded: str | None, given: str | None, route: str | None) -> Choice:
    names = [word for word in (coded if coded != "UNCODED" else None, given.upper() if given else None) if word]
    local = route in sdtm_codes.LOCAL_ROUTES
    own = [f"sdtm:{domain}/{word}/{route}" if local else f"sdtm:{domain}/{word}" for word in names]
    name = names[0] if names else None
    if concept is None and local:
        return sdtm_codes.known(codes, own, name), own[0] if own else None, name
    by_name = [sdtm_codes.by_word(word, domain) for word in names]
    if route == "INTRATHECAL":
        spinal = [code.replace("concept:", "concept:intrathecal_") for code in by_name if code]
        by_name = [code for code in spinal if code.removeprefix("concept:") in CONCEPTS]
    if domain == "PR":
        by_name += [_device(word) for word in names]
    if domain == "EX" and sdtm_codes.car_t(given) is not None:
        by_name.append("concept:car_t_infusion")
    return sdtm_codes.known(codes, (_own_concept(concept), *own, *by_name), name), own[0] if own else None, name


def _device(word: str) -> str | None:
    """A procedure that is a way of giving oxygen, under the code of its device."""
    try:
        device = CONCEPTS["oxygen_device"].coded_value(word)
    except VocabularyError:
        return None
    return f"sdtm:PR/{device.upper()}"


# ---------------------------------------------------------------- limits of normal

def limits(data: DataSet, meant: pl.DataFrame, codes: Codes, told: list[str]) -> pl.DataFrame:
    """Upper and lower limits of normal as facts about a patient, where all rows of a test tell the same; entries in the shape of ``meant``."""
    ranges = data.rows.select("row", *data.text("LBORRESU", "LBORNRLO", "LBORNRHI", "LBSTRESU", "LBSTNRLO", "LBSTNRHI"))
    rows = meant.filter(pl.col("unit").is_not_null() | pl.col("value").is_not_null()).join(ranges, on="row", how="left", maintain_order="left")
    distinct = rows.select("code", "name").unique().iter_rows()
    pairs = [(code, name, item.concept) for code, name in distinct if (item := codes.item(code, name)) is not None]
    concepts = pl.DataFrame(pairs, orient="row", schema={"code": pl.String, "name": pl.String, "_concept": pl.String})
    rows = rows.join(concepts, on=["code", "name"], how="inner", nulls_equal=True, maintain_order="left")
    original = pl.col("unit").eq_missing(pl.col("LBORRESU"))
    found, varied = [], 0
    for fact, first, second in (("uln", "LBORNRHI", "LBSTNRHI"), ("lln", "LBORNRLO", "LBSTNRLO")):
        limit = pl.when(original).then(first).otherwise(second).cast(pl.Float64, strict=False)
        mine = rows.with_columns(limit.alias("_limit")).drop_nulls("_limit")
        grouped = mine.with_columns(pl.struct("_limit", "unit").n_unique().over("patient", "_concept").alias("_many")).unique(
            ["patient", "_concept"], keep="first", maintain_order=True)
        varied += int((grouped["_many"] > 1).sum())
        same = grouped.filter(pl.col("_many") == 1).with_columns(pl.concat_str(pl.lit(f"{fact}_"), "_concept").alias("_fact"))
        good = [name for name in same["_fact"].unique().to_list() if is_patient_fact(name)]
        found.append(same.filter(pl.col("_fact").is_in(good)).with_columns(
            pl.concat_str(pl.lit("fact:"), "_fact").alias("code"), pl.lit(None, pl.String).alias("name"), pl.col("_limit").alias("value"),
            pl.lit(0, pl.Int8).alias("censored"), *(pl.lit(None, pl.String).alias(c) for c in ("text", "action", "attribution", "site", "note")),
            *(pl.lit(None, pl.Datetime("us")).alias(c) for c in ("start", "latest", "end"))))
    if varied:
        told.append(f"{varied} limits of normal differ between the rows of one patient and test: not taken as a fact about the patient")
    return pl.concat(found).select(meant.columns)
