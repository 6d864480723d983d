"""SDTM (CDISC Study Data Tabulation Model 2, Implementation Guide 3.4) to a timeline: XPT, Dataset-JSON 1.1 or CSV.

Read are DM (people, reference start, death), VS, LB, FA and RS (findings), AE, CE and DS (events), EX, CM and PR (interventions),
and the supplemental qualifiers (SUPP--) of each.  A result is taken as it was collected (--ORRES with its unit) where that is a
number in a unit of its concept, else as the sponsor standardised it (--STRESN): a standard result is converted and rounded once
more, so that a bilirubin of 2.0 mg/dL kept as 34.2 umol/L would come back below 2.0.
Hour 0 is the CAR-T infusion of EX.  The reference start of a trial (RFSTDTC, its day 1) is often another day, such as that of
lymphodepletion: it places rows that tell only a study day, and is hour 0 with ``anchor="study_start"``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from tocsin.sources import coded, sdtm_codes, sdtm_supp, sdtm_time
from tocsin.sources.anchor import HOUR_0
from tocsin.sources.codes import Codes, shown_code
from tocsin.sources.entries import PEOPLE, STAYS, Export, Table, Trouble, entries, shaped
from tocsin.sources.sdtm_files import EVENTS, FINDINGS, DataSet, Found, Qualifiers, joined, load, qualifiers
from tocsin.sources.sdtm_rows import limits, of_events, of_findings, of_interventions
from tocsin.sources.sdtm_write import write
from tocsin.timeline import is_patient_fact

if TYPE_CHECKING:
    from tocsin.timeline import Timeline

__all__ = ["export", "read", "write"]

_AGES = {"YEARS": 1.0, "MONTHS": 1 / 12, "WEEKS": 7 / 365.25, "DAYS": 1 / 365.25, "HOURS": 1 / 8766}
_SEX = {"M": "male", "F": "female", "UNDIFFERENTIATED": "other", "INTERSEX": "other"}  # codelist SEX C66731; U is unknown


def read(path: str | Path | Iterable[str | Path], *, mapping: str | Path | None = None, **options: Unpack[coded.Options]) -> Timeline:
    """The record in the data sets of a trial.

    Args:
        path: The folder with dm, vs, lb, ... (.xpt, .json, .ndjson, .csv or .csv.gz), or files of it.
        mapping: A mapping file for test codes, treatments and qualifiers of the trial's own ("sdtm:LB/XYZ").
        options: See ``anchor.Settings``; ``anchor="study_start"`` for a trial without CAR-T cells.

    Raises:
        SourceError: No data set, one that cannot be read, or nobody with an hour 0.
        SettingError: An option that cannot be used.
    """
    return coded.timeline(*parts(path, mapping=mapping, **options))


def parts(
    path: str | Path | Iterable[str | Path], *, mapping: str | Path | None = None, **options: Unpack[coded.Options],
) -> tuple[Export, Codes, coded.Settings]:
    """What the data sets say, what their codes mean, and how a record is made of them; the arguments are those of ``read``."""
    from tocsin.sources import mapping_file

    codes = sdtm_codes.meanings(mapping_file.codes(mapping))
    settings = coded.settings(**options)
    return export(path, codes, clock=settings.clock), codes, settings


def export(path: str | Path | Iterable[str | Path], codes: Codes, clock: str = "offsets") -> Export:
    """The rows of the data sets as entries; ``clock="wall"`` drops the offsets of times that have one."""
    codes = sdtm_codes.meanings(codes)
    found = load(path)
    aware = clock == "offsets" and _has_offsets(found)
    reader = _Reader(found, codes, aware, clock)
    people = _people(reader)
    tables = [table for data in found.sets for table in reader.tables(data)]
    tables += reader.orphans()
    if reader.products:
        products = pl.DataFrame({"patient": list(reader.products), "product": list(reader.products.values())})
        people = people.drop("product").join(products, on="patient", how="full", coalesce=True)
        people = shaped(people, PEOPLE)
    told = list(reader.told)
    if found.others:
        told.append(f"files that hold no domain of SDTM that is read here: {', '.join(found.others)}")
    return Export("SDTM", tables, people, _stays(reader), aware, {"formats": ", ".join(sorted({"".join(s.path.suffixes[-2:]) for s in found.sets}))},
                  tuple(told))


def _has_offsets(found: Found) -> bool:
    """Whether the times of day in these data sets carry an offset from UTC: the first that there is tells."""
    for data in found.sets:
        for name in data.rows.columns:
            if name.endswith("DTC"):
                timed = data.rows.filter(pl.col(name).str.contains(r"T\d{2}"))
                if len(timed):
                    return bool(timed.select(pl.col(name).first().str.contains(sdtm_time.OFFSET)).item())
    return False


class _Reader:
    """What reading one data set needs to know of the others: the reference start of each patient, and whether there are dates at all."""

    def __init__(self, found: Found, codes: Codes, aware: bool, clock: str) -> None:
        self.found, self.codes, self.aware, self.clock = found, codes, aware, clock
        self.told: list[str] = []
        self.products: dict[str, str] = {}
        self.taken: dict[tuple[str, str], set[int]] = {}
        subjects = [data for data in found.sets if data.domain == "DM"]
        self.subjects = pl.concat([data.rows.select("row", "USUBJID", *(e for e in data.text(
            "RFSTDTC", "RFXSTDTC", "RFENDTC", "BRTHDTC", "DTHDTC", "DTHFL", "AGE", "AGEU", "SEX", "STUDYID"))) for data in subjects]) if subjects else \
            pl.DataFrame(schema=dict.fromkeys(
                ("USUBJID", "RFSTDTC", "RFXSTDTC", "RFENDTC", "BRTHDTC", "DTHDTC", "DTHFL", "AGE", "AGEU", "SEX", "STUDYID"), pl.String))
        start = self.date(self.subjects["RFSTDTC"])["start"]
        reference = pl.DataFrame({"USUBJID": self.subjects["USUBJID"], "_reference": start}).drop_nulls().unique("USUBJID", keep="first")
        self.dated = any(data.rows[c].null_count() < len(data.rows) for data in found.sets for c in data.rows.columns
                         if c.endswith("DTC") and c not in ("BRTHDTC", "DMDTC"))
        if not self.dated:
            who = pl.concat([data.rows.select("USUBJID") for data in found.sets]).drop_nulls().unique()
            reference = who.with_columns(pl.lit(sdtm_time.NO_CALENDAR).cast(pl.Datetime("us")).alias("_reference"))
            self.told.append("no row has a date: study days were counted from day 1 = 2000-01-01, and no date of this record means anything")
        self.reference = reference

    def date(self, texts: pl.Series) -> pl.DataFrame:
        """Dates as moments: start, latest and trouble."""
        if self.clock == "wall":
            texts = texts.str.replace(r"(T\d{2}.*?)(Z|[+-]\d{2}:?\d{2})$", "$1")
        return sdtm_time.dates(texts, self.aware)

    def timed(self, data: DataSet, start: str, end: str, start_day: str, end_day: str) -> pl.DataFrame:
        """``row``, ``start``, ``latest``, ``end`` and ``trouble`` of each row, from its dates or else its study days."""
        rows = data.rows.select("row", "USUBJID", *(e.alias(name) for name, e in zip(
            ("_s", "_e", "_sd", "_ed"), data.text(start, end, start_day, end_day), strict=True)))
        begins, ends = self.date(rows["_s"]), self.date(rows["_e"])
        rows = rows.join(self.reference, on="USUBJID", how="left", maintain_order="left").with_columns(
            begins["start"], begins["latest"], pl.coalesce(ends["latest"], ends["start"]).alias("end"),
            begins["trouble"].fill_null(ends["trouble"]).alias("trouble"),
            sdtm_time.day_numbers(pl.col("_sd")), sdtm_time.day_numbers(pl.col("_ed")),
        )
        day, last = sdtm_time.study_days(pl.col("_sd"), pl.col("_reference")), sdtm_time.study_days(pl.col("_ed"), pl.col("_reference"))
        by_day = pl.col("_s").is_null() & pl.col("_sd").is_not_null()
        rows = rows.with_columns(
            pl.when(by_day).then(day).otherwise("start").alias("start"),
            pl.when(by_day).then(day.dt.offset_by("1d")).otherwise("latest").alias("latest"),
            pl.when(pl.col("_e").is_null()).then(last.dt.offset_by("1d")).otherwise("end").alias("end"),
            pl.when(by_day & (pl.col("_sd") == 0)).then(pl.lit("study day 0, which does not exist: day 1 follows day -1"))
            .when(by_day & pl.col("_reference").is_null()).then(pl.lit("only a study day, and its patient has no reference start (RFSTDTC in DM)"))
            .otherwise("trouble").alias("trouble"),
        )
        return rows.select("row", "start", pl.min_horizontal("latest", pl.when(pl.col("latest").is_not_null()).then("end")).alias("latest"), "end", "trouble")

    def tables(self, data: DataSet) -> Iterable[Table]:
        """One data set and its supplemental qualifiers, as tables."""
        supplements = list(self._qualified(data))
        own = [sdtm_supp.own(rows) for _, rows in supplements]
        empty = pl.DataFrame(schema={"row": pl.UInt32, **dict.fromkeys(sdtm_supp.OWN, pl.String)})
        mine = pl.concat([empty, *own]).unique("row", keep="first", maintain_order=True)
        rows = data.rows.join(mine, on="row", how="left", maintain_order="left")
        whole = DataSet(data.path, data.domain, rows, data.sha256)
        prefix = data.domain
        if prefix == "DM":
            yield self._deaths(whole)
            times = data.rows.select("row").with_columns(pl.lit(None, pl.Datetime("us")).alias(c) for c in ("start", "latest", "end"))
        else:
            point = prefix in FINDINGS
            begin = prefix if point else f"{prefix}ST"
            times = self.timed(whole, f"{begin}DTC", f"{prefix}ENDTC", f"{begin}DY", f"{prefix}ENDY")
            late = self.date(rows["TCLATE"])["start"]
            times = times.with_columns(pl.coalesce(late, "latest").alias("latest"))
            yield self._table(whole, times)
        for some, qualified in supplements:
            yield self._supplement(data, some, qualified, times)

    def _qualified(self, data: DataSet) -> Iterable[tuple[Qualifiers, pl.DataFrame]]:
        """The qualifiers of this data set; of a domain split over several files, those that no file had go with the last."""
        last = [one for one in self.found.sets if one.domain == data.domain][-1] is data
        for some in qualifiers(self.found, data.domain):
            key = (str(some.source.path), data.domain)
            left = some.rows.filter(~pl.col("row").is_in(list(self.taken.get(key, ()))))
            rows = joined(data, Qualifiers(some.source, left))
            rows = rows if last else rows.filter(pl.col("parent").is_not_null())
            self.taken.setdefault(key, set()).update(rows["row"])
            if len(rows):
                yield Qualifiers(some.source, left.filter(pl.col("row").is_in(rows["row"].to_list()))), rows

    def orphans(self) -> Iterable[Table]:
        """Qualifiers of domains that are not there, or not read."""
        for one in self.found.supplements:
            taken = set().union(*(rows for (path, _), rows in self.taken.items() if path == str(one.path)))
            left = one.rows.filter(~pl.col("row").is_in(list(taken))).with_columns(
                pl.concat_str(pl.lit("sdtm:SUPP"), pl.col("RDOMAIN").fill_null("--").str.to_uppercase()).alias("code"))
            if len(left):
                nothing = pl.DataFrame(schema={"row": pl.UInt32})
                yield Table(one.file, len(left), entries(nothing), dict(left["code"].value_counts(sort=True).iter_rows()), sha256=one.sha256)

    def _table(self, data: DataSet, times: pl.DataFrame) -> Table:
        """One data set of findings, events or interventions."""
        reader = of_findings if data.domain in FINDINGS else of_events if data.domain in EVENTS else of_interventions
        said = reader(data, self.codes).join(times, on="row", how="left", maintain_order="left")
        ignored = said.filter(pl.col("code").is_null())
        meant = said.filter(pl.col("code").is_not_null())
        explained = meant.filter(pl.col("why").is_not_null())
        meant = meant.filter(pl.col("why").is_null())
        wrong = meant.filter(pl.col("trouble").is_not_null())
        meant = meant.filter(pl.col("trouble").is_null())
        troubles = _troubles(wrong, "Correct the date in the data set.")
        if data.domain == "EX":
            self._infusions(data, meant)
        facts = limits(data, meant, self.codes, self.told) if data.domain == "LB" else meant.head(0)
        return Table(data.file, len(data.rows), entries(pl.concat([meant, facts.select(meant.columns)]) if len(facts) else meant),
                     _counted(ignored), dict(explained["why"].value_counts(sort=True).iter_rows()), troubles, sha256=data.sha256)

    def _infusions(self, data: DataSet, meant: pl.DataFrame) -> None:
        """The product of each patient who got one, and what a date without a time leaves open."""
        mine = [(row, who, latest) for row, who, code, name, latest in meant.select("row", "patient", "code", "name", "latest").iter_rows()
                if (item := self.codes.item(code, name)) is not None and item.concept == "car_t_infusion"]
        names = dict(data.rows.select("row", *data.text("EXTRT")).iter_rows())
        for row, who, _ in mine:
            product = sdtm_codes.car_t(names[row])
            if who is not None and product:
                self.products.setdefault(who, product)
        dated = sum(latest is not None for _, _, latest in mine)
        if dated:
            self.told.append(f"{dated} infusions of CAR-T cells have a date without a time of day: hour 0 is the beginning of that day")

    def _deaths(self, data: DataSet) -> Table:
        """DM: who is in the trial; a death that DS does not tell."""
        rows = data.rows.select("row", pl.col("USUBJID").alias("patient"), *data.text("DTHDTC", "DTHFL"))
        when = self.date(rows["DTHDTC"])
        rows = rows.with_columns(when["start"], when["latest"], when["trouble"])
        told = [d.rows.filter(d.text("DSDECOD")[0].str.to_uppercase() == "DEATH").select("USUBJID") for d in self.found.sets if d.domain == "DS"]
        elsewhere = pl.concat(told)["USUBJID"].to_list() if told else []
        dead = ((pl.col("DTHFL").str.to_uppercase() == "Y") | pl.col("DTHDTC").is_not_null()).fill_null(False)
        died = rows.filter(dead & ~pl.col("patient").is_in(elsewhere).fill_null(False))
        wrong = died.filter(pl.col("trouble").is_not_null())
        died = died.filter(pl.col("trouble").is_null()).with_columns(pl.lit("concept:death").alias("code"), pl.lit("DTHDTC").alias("name"),
                                                                     pl.lit("present").alias("text"))
        troubles = _troubles(wrong, "Correct DTHDTC.")
        others = len(rows) - len(died) - len(wrong)
        return Table(data.file, len(rows), entries(died), {}, {"people: sex, age, reference start": others} if others else {}, troubles, sha256=data.sha256)

    def _supplement(self, data: DataSet, some: Qualifiers, qualified: pl.DataFrame, times: pl.DataFrame) -> Table:
        """The qualifiers of one domain: those with a meaning of their own as entries at the time of the row that they qualify."""
        prefix = f"sdtm:SUPP{data.domain}"
        rows = qualified.with_columns(
            pl.col("USUBJID").alias("patient"), pl.concat_str(pl.lit(f"{prefix}/"), "QNAM").alias("code"), pl.col("QLABEL").alias("name"),
            pl.col("QVAL").alias("text"),
        ).join(times.rename({"row": "parent"}), on="parent", how="left", maintain_order="left").drop("trouble", strict=False)
        is_own = sdtm_supp.is_own(pl.col("QNAM")).fill_null(False)
        facts = _facts(qualified, rows)
        zero = rows.filter(is_own & (pl.col("QNAM") == "TCHOUR"))
        zero = zero.with_columns(self.date(zero["QVAL"])["start"], pl.lit(HOUR_0).alias("code"), pl.lit(None, pl.String).alias("text"))
        joins = rows.filter(is_own & ~pl.col("QNAM").is_in(["TCFACT", "TCHOUR"]))
        known, ignored = self.codes.split(rows.filter(~is_own))
        lost = known.filter(pl.col("parent").is_null())
        known = known.filter(pl.col("parent").is_not_null())
        orphans = lost.with_columns(pl.lit(f"no row of {data.domain} is the one that it qualifies").alias("trouble"))
        troubles = _troubles(orphans, "Correct IDVAR and IDVARVAL.")
        frame = pl.concat([facts.select(rows.columns), zero.select(rows.columns), known.select(rows.columns)])
        explained = {f"qualifiers of rows of {data.domain}, read with them": len(joins)} if len(joins) else {}
        return Table(some.source.file, len(some.rows), entries(frame), ignored, explained, troubles, sha256=some.source.sha256)


def _facts(qualified: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The facts about patients that our own writer left, one entry each: a line of the qualifier TCFACT is ``name=value``."""
    first = rows.filter(pl.col("QNAM") == "TCFACT")
    told = first.join(sdtm_supp.own(qualified).select(pl.col("row").alias("parent"), "TCFACT"), on="parent", how="inner", maintain_order="left")
    lines = told.with_columns(pl.col("TCFACT").str.split("\n").alias("text")).explode("text").with_columns(
        pl.col("text").str.extract(r"^([a-z0-9_]+)=").alias("_fact"), pl.col("text").str.replace(r"^[a-z0-9_]+=", ""))
    known = [name for name in lines["_fact"].unique().drop_nulls() if is_patient_fact(name)]
    return lines.with_columns(pl.when(pl.col("_fact").is_in(known)).then(pl.concat_str(pl.lit("fact:"), "_fact")).otherwise("code").alias("code"),
                              pl.lit(None, pl.String).alias("name"), pl.lit(None, pl.Datetime("us")).alias("start"))


def _troubles(rows: pl.DataFrame, fix: str) -> tuple[Trouble, ...]:
    """Rows that could not be read, by what is wrong with them (column trouble)."""
    return tuple(Trouble(tuple(some["row"].to_list()), str(what), fix) for (what,), some in rows.group_by(["trouble"], maintain_order=True))


def _counted(ignored: pl.DataFrame) -> dict[str, int]:
    """How many rows there are of each code that means nothing here."""
    out: dict[str, int] = {}
    for own, name, many in ignored.group_by("own", "name").len().iter_rows():
        shown = shown_code(own, name)
        out[shown] = out.get(shown, 0) + many
    return out


def _people(reader: _Reader) -> pl.DataFrame:
    subjects = reader.subjects
    if not len(subjects):
        return pl.DataFrame(schema=dict(PEOPLE))
    birth = reader.date(subjects["BRTHDTC"])
    years = pl.col("AGE").cast(pl.Float64, strict=False) * pl.col("AGEU").fill_null("YEARS").str.to_uppercase().replace_strict(_AGES, default=None)
    whole = subjects["BRTHDTC"].str.len_chars() >= 10
    frame = subjects.select(
        pl.col("USUBJID").alias("patient"), pl.col("SEX").str.to_uppercase().replace_strict(_SEX, default=None).alias("sex"),
        pl.when(whole).then(birth["start"]).alias("birth"), years.alias("age_years"), reader.date(subjects["RFSTDTC"])["start"].alias("age_at"),
    )
    return shaped(frame.filter(pl.col("patient").is_not_null()), PEOPLE)


def _stays(reader: _Reader) -> pl.DataFrame:
    """The trial itself as a stay of the kind "study": from the first dose (RFXSTDTC) or reference start to the reference end."""
    subjects = reader.subjects
    if not len(subjects):
        return pl.DataFrame(schema=dict(STAYS))
    first, start, end = (reader.date(subjects[name]) for name in ("RFXSTDTC", "RFSTDTC", "RFENDTC"))
    frame = subjects.select(
        pl.col("USUBJID").alias("patient"), pl.col("STUDYID").fill_null("study").alias("stay"), pl.lit("study").alias("kind"),
        first["start"].fill_null(start["start"]).alias("start"), end["latest"].fill_null(end["start"]).alias("end"),
    ).join(reader.reference.rename({"USUBJID": "patient"}), on="patient", how="left", maintain_order="left")
    frame = frame.with_columns(pl.coalesce("start", "_reference").alias("start"))
    return shaped(frame.filter(pl.col("patient").is_not_null() & pl.col("start").is_not_null()), STAYS)
