"""A timeline to SDTM-like data sets: DM, VS, LB, FA, AE, DS, EX, CM and PR with their supplemental qualifiers.

What SDTM has a variable for stands in it; the rest (attribution, site, words, latest time, concepts without a CDISC test) in SUPP--
under names that begin with TC, so that reading gives the same timeline.  Grades computed by a scale are rows of AE (an episode of
cytokine release syndrome with its onset, end and highest grade) and FA (the grade of each step), marked as computed: reading
explains them and does not take them as reported.
SAS transport version 5 has names of 8 characters, labels of 40 and texts of 200 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tocsin.errors import SettingError
from tocsin.sources import dataset_json, sdtm_codes, sdtm_supp, sdtm_time
from tocsin.sources.optional import needs
from tocsin.sources.sdtm_rows import OBJECTS
from tocsin.sources.wall import Wall, wall_clock
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Domain, Kind

if TYPE_CHECKING:
    from tocsin.grading import Grades

FORMATS = ("xpt", "json", "ndjson", "csv")
_LABELS = {
    "DM": "Demographics", "VS": "Vital Signs", "LB": "Laboratory Test Results", "FA": "Findings About Events or Interventions", "AE": "Adverse Events",
    "DS": "Disposition", "EX": "Exposure", "CM": "Concomitant/Prior Medications", "PR": "Procedures",
}
_REPORTED = {"reported_crs_grade": "Cytokine release syndrome", "reported_icans_grade": "Immune effector cell-associated neurotoxicity syndrome"}
_SEX = {"male": "M", "female": "F", "other": "UNDIFFERENTIATED"}
_OBJECT_OF = {attribution: about for about, attribution in reversed(OBJECTS.items())}
_NOT_SAID = "NOT STATED"
_LABEL, _LONG_NAME = 40, 8
_STORABLE = (1e-70, 1e70)
_VARIABLES = {
    "STUDYID": "Study Identifier", "DOMAIN": "Domain Abbreviation", "USUBJID": "Unique Subject Identifier", "RDOMAIN": "Related Domain Abbreviation",
    "IDVAR": "Identifying Variable", "IDVARVAL": "Identifying Variable Value", "QNAM": "Qualifier Variable Name", "QLABEL": "Qualifier Variable Label",
    "QVAL": "Data Value", "QORIG": "Origin", "QEVAL": "Evaluator", "RFSTDTC": "Subject Reference Start Date/Time", "SEX": "Sex", "AGE": "Age",
    "AGEU": "Age Units", "DTHDTC": "Date/Time of Death", "DTHFL": "Subject Death Flag",
}
_SUFFIXED = {
    "SEQ": "Sequence Number", "TESTCD": "Test Short Name", "TEST": "Test Name", "OBJ": "Object of the Observation", "ORRES": "Result in Original Units",
    "ORRESU": "Original Units", "STRESC": "Character Result in Std Format", "STRESN": "Numeric Result in Standard Units", "STRESU": "Standard Units",
    "SPEC": "Specimen Type", "DTC": "Date/Time of Collection", "STDTC": "Start Date/Time", "ENDTC": "End Date/Time", "TERM": "Reported Term",
    "DECOD": "Standardized Term", "TOXGR": "Standard Toxicity Grade", "TRT": "Name of Treatment", "DOSE": "Dose", "DOSU": "Dose Units",
    "DOSTXT": "Dose Description", "CAT": "Category",
}


def write(timeline: Timeline, path: str | Path, grades: Iterable[Grades] = (), *, file_format: str = "xpt", study: str = "TOCSIN") -> None:
    """Write the record as data sets of SDTM into the folder ``path``.

    Args:
        timeline: The record.
        path: The folder; made where it is absent.
        grades: Grades of the record by one or several scales, written as computed episodes and steps.
        file_format: xpt (SAS transport version 5), json or ndjson (Dataset-JSON 1.1), or csv.
        study: STUDYID.

    Raises:
        SettingError: A format that does not exist.
        TimelineError: Infusion times with and without a time zone in one record.
    """
    if file_format not in FORMATS:
        raise SettingError(f"the format of the data sets is one of {', '.join(FORMATS)}, not {file_format!r}")
    wall = wall_clock(timeline)
    events = wall.events.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).with_columns(
        pl.col("concept").map_elements(_home, return_dtype=pl.String).alias("domain"))
    events = _settled(events)
    sets: dict[str, pl.DataFrame] = {}
    qualifiers: dict[str, pl.DataFrame] = {}
    shapers = {"VS": _measured, "LB": _measured, "FA": _found, "AE": _reported, "DS": _died, "EX": _given, "CM": _given, "PR": _given}
    for domain, shaper in shapers.items():
        rows = events.filter(pl.col("domain") == domain)
        frame = shaper(domain, rows, wall.aware) if len(rows) else None
        extra = _computed(domain, grades, wall) if domain in ("AE", "FA") else None
        pieces = [piece for piece in (frame, extra) if piece is not None and len(piece)]
        if pieces:
            whole = pl.concat(pieces, how="diagonal")
            whole = whole.with_columns(pl.int_range(1, pl.len() + 1).over("USUBJID").cast(pl.Float64).alias(f"{domain}SEQ"))
            qualifiers[domain] = _qualified(domain, whole)
            sets[domain] = whole.drop(*(name for name in whole.columns if name.startswith("TC")))
    sets["DM"], qualifiers["DM"] = _subjects(timeline, wall, events)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for domain, frame in sets.items():
        first = pl.DataFrame({"STUDYID": study, "DOMAIN": domain}).select(pl.all().repeat_by(len(frame)).explode())
        columns = ["USUBJID", *([f"{domain}SEQ"] if domain != "DM" else []), *(c for c in frame.columns if c not in ("USUBJID", f"{domain}SEQ"))]
        _save(dataset_json.DataSet(domain, _LABELS[domain], pl.concat([first, frame.select(columns)], how="horizontal")), folder, file_format)
        if len(qualifiers[domain]):
            name = f"SUPP{domain}"
            first = pl.DataFrame({"STUDYID": study, "RDOMAIN": domain}).select(pl.all().repeat_by(len(qualifiers[domain])).explode())
            rows = pl.concat([first, qualifiers[domain]], how="horizontal")
            _save(dataset_json.DataSet(name, f"Supplemental Qualifiers for {domain}", rows), folder, file_format)


def _home(concept: str) -> str:
    """The domain of a concept."""
    one = CONCEPTS[concept]
    test = sdtm_codes.test_of(concept)
    if test is not None:
        return test[0]
    if one.kind in (Kind.DOSE, Kind.INFUSION):
        return "EX" if concept == "car_t_infusion" else "CM"
    if concept == "oxygen_device":
        return "PR"
    if concept in _REPORTED:
        return "AE"
    if concept == "death":
        return "DS"
    if one.kind is Kind.MEASUREMENT and one.domain in (Domain.VITALS, Domain.DEVICES):
        return "VS"
    return "LB" if one.kind is Kind.MEASUREMENT and one.domain is Domain.LABS else "FA"


def _settled(events: pl.DataFrame) -> pl.DataFrame:
    """What AE and DS cannot say goes to FA: grades that are none from 1 to 5, a death that did not happen."""
    whole = pl.col("value").is_in([1.0, 2.0, 3.0, 4.0, 5.0]) & (pl.col("censored") == 0) & pl.col("text").is_null()
    odd = (pl.col("domain") == "AE") & ~whole.fill_null(False) | (pl.col("domain") == "DS") & (pl.col("text") != "present").fill_null(True)
    empty = pl.col("value").is_null() & pl.col("text").is_null()
    return events.with_columns(pl.when(odd).then(pl.lit("FA")).otherwise("domain").alias("domain"),
                               pl.when(empty).then(pl.lit("unknown")).otherwise("text").alias("text"))


# ---------------------------------------------------------------- rows

def _sign() -> pl.Expr:
    return pl.when(pl.col("censored") < 0).then(pl.lit("<")).when(pl.col("censored") > 0).then(pl.lit(">")).otherwise(pl.lit(""))


def _number() -> pl.Expr:
    return pl.col("value").cast(pl.String).str.strip_suffix(".0")


def _common(domain: str, start: str, aware: bool, *, implied: pl.Expr | None = None) -> list[pl.Expr]:
    """Subject, times and our qualifiers; ``implied`` is the attribution that the row tells by itself."""
    other = pl.col("attribution") != "unknown"
    other = other if implied is None else other & pl.col("attribution").ne_missing(implied)
    return [
        pl.col("patient").alias("USUBJID"), sdtm_time.written(pl.col("start"), aware).alias(f"{domain}{start}"),
        sdtm_time.written(pl.col("end"), aware).alias(f"{domain}ENDTC"), pl.when(other).then("attribution").alias("TCATTR"),
        pl.col("site").alias("TCSITE"), pl.col("note").alias("TCNOTE"), sdtm_time.written(pl.col("latest"), aware).alias("TCLATE"),
    ]


def _storable() -> pl.Expr:
    """Whether SAS transport, whose numbers are those of IBM mainframes, can hold the value."""
    return (pl.col("value") == 0) | pl.col("value").abs().is_between(*_STORABLE)


def _short(text: pl.Expr) -> pl.Expr:
    """A text that fits a character variable; the whole of a longer one stands in a qualifier."""
    return text.map_elements(lambda t: sdtm_supp.pieces(t)[0], return_dtype=pl.String)


def _result(domain: str, rows: pl.DataFrame) -> list[pl.Expr]:
    """The result of a finding, as collected and in standard form, which are the same here."""
    units = {c.name: c.unit for c in CONCEPTS.values() if c.unit not in (None, "1")}
    number = pl.col("value").is_not_null()
    said = pl.when(number).then(pl.concat_str(_sign(), _number())).otherwise(_short(pl.col("text")))
    unit = pl.when(number).then(pl.col("concept").replace_strict(units, default=None, return_dtype=pl.String))
    exact = pl.when(number & (pl.col("censored") == 0) & _storable()).then("value")
    return [said.alias(f"{domain}ORRES"), unit.alias(f"{domain}ORRESU"), said.alias(f"{domain}STRESC"), exact.alias(f"{domain}STRESN"),
            unit.alias(f"{domain}STRESU"), pl.col("text").alias("TCTEXT")]


def _titles() -> dict[str, str]:
    return {c.name: c.title[:_LABEL] for c in CONCEPTS.values()}


def test_codes() -> dict[str, str]:
    """A test code of at most 8 characters for every concept, that of CDISC where it has one; no two are the same."""
    out = {c: test[2] for c in CONCEPTS if (test := sdtm_codes.test_of(c)) is not None}
    taken = set(out.values()) | set(sdtm_codes.VS_TESTS) | set(sdtm_codes.LB_TESTS)
    for name in sorted(CONCEPTS):
        if name in out:
            continue
        parts = [p for p in name.upper().split("_") if p]
        plain = "".join(parts)
        room = max(1, _LONG_NAME // len(parts))
        base = plain if len(plain) <= _LONG_NAME else "".join(p[:room] for p in parts)[:_LONG_NAME]
        base = base if base[0].isalpha() else f"T{base}"[:_LONG_NAME]
        code, n = base, 1
        while code in taken:
            n += 1
            code = f"{base[: _LONG_NAME - len(str(n))]}{n}"
        out[name] = code
        taken.add(code)
    return out


def _measured(domain: str, rows: pl.DataFrame, aware: bool) -> pl.DataFrame:
    tests = {c: test for c in CONCEPTS if (test := sdtm_codes.test_of(c)) is not None}
    specimens = {c: test[1] for c, test in tests.items() if test[1]}
    columns = [
        *_common(domain, "DTC", aware), *_result(domain, rows),
        pl.col("concept").replace_strict(test_codes(), return_dtype=pl.String).alias(f"{domain}TESTCD"),
        pl.col("concept").replace_strict(_titles(), return_dtype=pl.String).alias(f"{domain}TEST"),
        pl.when(~pl.col("concept").is_in(list(tests))).then("concept").alias("TCCON"),
    ]
    if domain == "LB":
        columns.append(pl.col("concept").replace_strict(specimens, default=None, return_dtype=pl.String).alias("LBSPEC"))
    return _beside(rows.select(columns), domain)


def _beside(frame: pl.DataFrame, domain: str) -> pl.DataFrame:
    """The words of a result stand in a qualifier only where the result does not hold them whole."""
    held = pl.col(f"{domain}ORRES").eq_missing(pl.col("TCTEXT"))
    return frame.with_columns(pl.when(~held).then("TCTEXT").alias("TCTEXT"))


def _found(domain: str, rows: pl.DataFrame, aware: bool) -> pl.DataFrame:
    about = pl.col("attribution").replace_strict(_OBJECT_OF, default=_NOT_SAID, return_dtype=pl.String)
    implied = about.replace_strict(OBJECTS, default=None, return_dtype=pl.String)
    frame = rows.select(
        *_common(domain, "DTC", aware, implied=implied), *_result(domain, rows), about.alias("FAOBJ"),
        pl.col("concept").replace_strict(test_codes(), return_dtype=pl.String).alias("FATESTCD"),
        pl.col("concept").replace_strict(_titles(), return_dtype=pl.String).alias("FATEST"), pl.col("concept").alias("TCCON"),
    )
    return _beside(frame, domain)


def _reported(domain: str, rows: pl.DataFrame, aware: bool) -> pl.DataFrame:
    term = pl.col("concept").replace_strict(_REPORTED, return_dtype=pl.String)
    return rows.select(*_common(domain, "STDTC", aware), term.alias("AETERM"), term.alias("AEDECOD"), _number().alias("AETOXGR"))


def _died(domain: str, rows: pl.DataFrame, aware: bool) -> pl.DataFrame:
    return rows.select(*_common(domain, "STDTC", aware), pl.lit("DEATH").alias("DSTERM"), pl.lit("DEATH").alias("DSDECOD"))


def _given(domain: str, rows: pl.DataFrame, aware: bool) -> pl.DataFrame:
    units = {c.name: c.unit for c in CONCEPTS.values() if c.unit}
    names = pl.col("concept").str.replace_all("_", " ").str.to_uppercase()
    if domain == "PR":
        device = pl.col("text").str.replace_all("_", " ").str.to_uppercase()
        return rows.select(*_common(domain, "STDTC", aware), _short(device).alias("PRTRT"), pl.lit("OXYGEN SUPPORT").alias("PRCAT"),
                           pl.col("concept").alias("TCCON"), pl.col("text").alias("TCTEXT"))
    dosed = pl.col("value").is_not_null()
    return rows.select(
        *_common(domain, "STDTC", aware), (pl.lit("CAR-T CELLS") if domain == "EX" else names).alias(f"{domain}TRT"),
        *([names.alias("CMDECOD")] if domain == "CM" else []),
        pl.when(_storable()).then("value").alias(f"{domain}DOSE"), pl.when(~_storable()).then(_number()).alias("TCVAL"),
        pl.when(dosed).then(pl.col("concept").replace_strict(units, default=None, return_dtype=pl.String)).alias(f"{domain}DOSU"),
        pl.when(~dosed).then(_short(pl.col("text"))).alias(f"{domain}DOSTXT"),
        pl.when(pl.col("censored") != 0).then(pl.col("censored").cast(pl.String)).alias("TCCENS"), pl.col("concept").alias("TCCON"),
        pl.col("text").alias("TCTEXT"),
    )


# ---------------------------------------------------------------- computed grades

def _computed(domain: str, grades: Iterable[Grades], wall: Wall) -> pl.DataFrame | None:
    """Episodes (AE) or steps (FA) of each scale, marked as computed."""
    from tocsin.grading import episodes

    pieces = []
    for one in grades:
        system = f"{one.scale.title} ({one.scale.id}, version {one.scale.version})"
        if domain == "AE":
            steps = episodes(one).select("patient", pl.col("onset_hour").alias("from"), pl.col("resolution_hour").alias("to"),
                                         pl.col("max_at_least").alias("low"), pl.col("max_at_most").alias("high"))
        else:
            steps = one.frame.select("patient", pl.col("start_hour").alias("from"), pl.col("end_hour").alias("to"), pl.col("at_least").alias("low"),
                                     pl.col("at_most").alias("high"))
        zero = pl.DataFrame({"patient": list(wall.hour_0), "zero": list(wall.hour_0.values())}, schema={"patient": pl.String, "zero": pl.Datetime("us")})
        steps = steps.join(zero, on="patient", how="left", maintain_order="left")

        def at(column: str) -> pl.Expr:
            return sdtm_time.written(pl.col("zero") + pl.duration(microseconds=(pl.col(column) * 3.6e9).round(0).cast(pl.Int64)), wall.aware)

        low, high = (pl.col(c).cast(pl.String).str.strip_suffix(".0") for c in ("low", "high"))
        ranged = pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(pl.concat_str(low, pl.lit(" to "), high))
        marked = [pl.col("patient").alias("USUBJID"), pl.lit(system).alias("TCCALC"), at("to").alias(f"{domain}ENDTC")]
        if domain == "AE":
            pieces.append(steps.select(*marked, pl.lit(one.scale.title).alias("AETERM"), pl.lit("Cytokine release syndrome").alias("AEDECOD"),
                                       low.alias("AETOXGR"), at("from").alias("AESTDTC")))
        else:
            pieces.append(steps.select(
                *marked, pl.lit("TOXGR").alias("FATESTCD"), pl.lit("Standard Toxicity Grade").alias("FATEST"),
                pl.lit("CYTOKINE RELEASE SYNDROME").alias("FAOBJ"),
                ranged.alias("FAORRES"), ranged.alias("FASTRESC"), at("from").alias("FADTC")))
    return pl.concat(pieces) if pieces else None


# ---------------------------------------------------------------- subjects and qualifiers

def _subjects(timeline: Timeline, wall: Wall, events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """DM, and its qualifiers: hour 0 and the facts about each patient."""
    zero = pl.DataFrame({"patient": list(wall.hour_0), "zero": list(wall.hour_0.values())}, schema={"patient": pl.String, "zero": pl.Datetime("us")})
    died = events.filter(pl.col("domain") == "DS").group_by("patient").agg(pl.col("start").min().alias("died"))
    rows = timeline.patients.join(zero, on="patient", how="left", maintain_order="left").join(died, on="patient", how="left", maintain_order="left")
    frame = rows.select(
        pl.col("patient").alias("USUBJID"), sdtm_time.written(pl.col("zero"), wall.aware).alias("RFSTDTC"),
        pl.col("age_years").floor().alias("AGE"), pl.when(pl.col("age_years").is_not_null()).then(pl.lit("YEARS")).alias("AGEU"),
        pl.col("sex").replace_strict(_SEX, default="U", return_dtype=pl.String).alias("SEX"),
        sdtm_time.written(pl.col("died"), wall.aware).alias("DTHDTC"), pl.when(pl.col("died").is_not_null()).then(pl.lit("Y")).alias("DTHFL"),
    )
    facts = [name for name in timeline.patients.columns if name not in ("patient", "infusion_time")]
    out = []
    for row in rows.iter_rows(named=True):
        told = [f"{name}={_fact(row[name])}" for name in facts if row[name] is not None]
        out += _pieces(row["patient"], None, "TCFACT", "\n".join(told)) if told else []
    times = rows.select("patient", sdtm_time.written(pl.col("zero"), wall.aware))
    out += [piece for who, when in times.iter_rows() for piece in _pieces(who, None, "TCHOUR", when)]
    return frame, _qualifier_table("DM", out)


def _fact(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _pieces(who: str, sequence: float | None, name: str, text: str) -> list[tuple[str, float | None, str, str]]:
    cut = sdtm_supp.pieces(text)
    return [(who, sequence, qualifier, piece) for qualifier, piece in zip(sdtm_supp.names(name, len(cut)), cut, strict=True)]


def _qualified(domain: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The supplemental qualifiers of the rows of a data set."""
    names = [name for name in sdtm_supp.OWN if name in rows.columns]
    out = [
        piece for row in rows.select("USUBJID", f"{domain}SEQ", *names).iter_rows()
        for name, text in zip(names, row[2:], strict=True) if text is not None for piece in _pieces(row[0], row[1], name, text)
    ]
    return _qualifier_table(domain, out)


def _qualifier_table(domain: str, rows: list[tuple[str, float | None, str, str]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, orient="row", schema={"USUBJID": pl.String, "_at": pl.Float64, "QNAM": pl.String, "QVAL": pl.String})
    labels = pl.col("QNAM").str.replace(r"\d+$", "").replace_strict(dict(sdtm_supp.OWN), return_dtype=pl.String)
    return frame.select(
        "USUBJID", pl.when(pl.col("_at").is_not_null()).then(pl.lit(f"{domain}SEQ")).alias("IDVAR"),
        pl.col("_at").cast(pl.Int64).cast(pl.String).alias("IDVARVAL"), "QNAM", labels.alias("QLABEL"), "QVAL",
        pl.lit("DERIVED").alias("QORIG"), pl.lit(None, pl.String).alias("QEVAL"),
    )


# ---------------------------------------------------------------- files

def _save(data: dataset_json.DataSet, folder: Path, file_format: str) -> None:
    labels = {name: _label(name) for name in data.rows.columns}
    file = folder / f"{data.name.lower()}.{file_format}"
    if file_format == "csv":
        data.rows.with_columns(pl.col(pl.Float64).cast(pl.String).str.strip_suffix(".0")).write_csv(file)
    elif file_format == "xpt":
        needs("pyreadstat").write_xport(data.rows.with_columns(pl.col(pl.String).fill_null("")), str(file), file_label=data.label[:_LABEL],
                                        column_labels=labels, table_name=data.name, file_format_version=5)
    else:
        dataset_json.write(data, file, labels)


def _label(name: str) -> str:
    return _VARIABLES.get(name) or _SUFFIXED.get(name[2:], name)
