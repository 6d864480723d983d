"""The tables of an OMOP database in which things happen (measurement, drug_exposure ...), row by row, as entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import settle
from tocsin.sources.codes import Codes, shown_code
from tocsin.sources.entries import ENTRIES, Table, entries
from tocsin.sources.omop_store import DATE, DATETIME, ID, NUMBER, TEXT, Store
from tocsin.sources.omop_vocabulary import BILLED, INTRATHECAL, LOCAL_FORMS, LOCAL_ROUTES, OPERATORS, TYPES, Meaning, Vocabulary, by_source
from tocsin.vocabulary import CONCEPTS, Kind

OURS = "tocsin:"
"""How the source value begins of a row that Tocsin wrote; the name of a concept, a fact or a grade follows."""
WRITER = "tocsin"
"""cdm_source.cdm_etl_reference of a database that Tocsin wrote."""
IN_UTC = "times are in UTC"
"""cdm_source.source_description of one whose times are moments; OMOP has no time zones."""
BESIDE: Mapping[str, pl.DataType] = {
    "latest": pl.String(), "end": pl.String(), "text": pl.String(), "censored": pl.Int8(), "attribution": pl.String(), "site": pl.String(),
    "note": pl.String(),
}
"""What a row says that the CDM has no column for: in the text of a note about the row, as JSON."""

NOTHING = pl.DataFrame(schema=dict(ENTRIES))
"""The entries of a table without any."""
_DAY = pl.duration(days=1)
_RATE = r"^rate (\S+) (\S+)$"


@dataclass(frozen=True, slots=True)
class Clinical:
    """A table of things that happened, with the names of its columns (OMOP CDM 5.3 and 5.4, Field_Level)."""

    table: str
    stem: str                              # measurement_concept_id, drug_source_value ...
    start: str                             # the column without _date and _datetime
    end: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The primary key."""
        return f"{self.table}_id"

    @property
    def by(self) -> list[str]:
        """What tells what a row is about: its concept, its source concept, its source value."""
        return [f"{self.stem}_concept_id", f"{self.stem}_source_concept_id", f"{self.stem}_source_value"]

    @property
    def wanted(self) -> dict[str, str]:
        """The columns that are read, and what they hold."""
        concept, source, words = self.by
        out = {"person_id": ID, self.key: ID, concept: ID, source: ID, words: TEXT, "visit_occurrence_id": ID, "visit_detail_id": ID,
               f"{self.stem}_type_concept_id": ID, f"{self.start}_date": DATE, f"{self.start}_datetime": DATETIME}
        if self.end:
            out |= {f"{self.end}_date": DATE, f"{self.end}_datetime": DATETIME}
        return {**out, **self.extra}


_RESULT = {"value_as_number": NUMBER, "value_as_concept_id": ID, "unit_concept_id": ID, "unit_source_value": TEXT, "value_source_value": TEXT}
CLINICAL: tuple[Clinical, ...] = (
    Clinical("measurement", "measurement", "measurement", extra={**_RESULT, "operator_concept_id": ID}),
    Clinical("observation", "observation", "observation", extra={**_RESULT, "value_as_string": TEXT}),
    Clinical("drug_exposure", "drug", "drug_exposure_start", "drug_exposure_end", {
        "quantity": NUMBER, "dose_unit_source_value": TEXT, "sig": TEXT, "route_concept_id": ID, "route_source_value": TEXT}),
    Clinical("device_exposure", "device", "device_exposure_start", "device_exposure_end"),
    Clinical("procedure_occurrence", "procedure", "procedure", "procedure_end"),
    Clinical("condition_occurrence", "condition", "condition_start", "condition_end"),
)

NOT_READ: Mapping[str, str] = {
    **dict.fromkeys(("condition_era", "drug_era", "dose_era", "episode", "episode_event"), "not read: OMOP derives it from the other tables"),
    **dict.fromkeys(("specimen", "note", "note_nlp", "fact_relationship"), "not read: it holds nothing that is graded"),
    **dict.fromkeys(("observation_period", "payer_plan_period", "cost", "cohort", "cohort_attribute"), "not read: it is not about the course of a disease"),
}
"""Tables about people that are counted and not read, and why."""

def name_people(frame: pl.DataFrame, who: pl.DataFrame | None) -> pl.DataFrame:
    """The frame with ``patient``: the person_id, or the name that ``who`` gives it."""
    if who is None:
        return frame.with_columns(pl.col("person_id").alias("patient"))
    return frame.join(who, on="person_id", how="left", maintain_order="left")


@dataclass
class Reader:
    """The tables of things that happened, piece by piece, as entries."""

    store: Store
    codes: Codes
    vocabulary: Vocabulary
    who: pl.DataFrame | None
    icu_stays: frozenset[str]
    ours: bool
    groups: Mapping[tuple[str, str], pl.DataFrame]

    def tables(self, clinical: Clinical, part: str) -> Iterator[Table]:
        """One table or file of it: first what is irrelevant, then the rows that mean something."""
        table = clinical.table
        groups = self.groups[table, part]
        concept, source, words = clinical.by
        if not {"person_id", concept} <= self.store.columns(table, part):
            raise SourceError(f"{part} has no column person_id or no column {concept}.\n  OMOP CDM 5.3 and 5.4 ask for both in the table {table}.")
        meanings: list[tuple[Any, ...]] = []
        where: dict[str, set[str]] = {concept: set(), source: set(), words: set()}
        ignored: dict[str, int] = {}
        grades = 0
        for *keys, many in groups.select(concept, source, words, "len").iter_rows():
            if self.ours and (keys[2] or "").startswith(f"{OURS}grade:"):
                grades += many
                continue
            column, name, found = self._means(*keys)
            if found:
                where[clinical.by[column]].add(keys[column])
                meanings += [(*keys, name, m.code, m.text, m.value, m.ingredient, *self._kind(m, name)) for m in found]
            else:
                shown = shown_code(f"omop:{keys[0]}", name)
                ignored[shown] = ignored.get(shown, 0) + many
        lookup = pl.DataFrame(meanings, orient="row", schema={
            concept: pl.String, source: pl.String, words: pl.String, "name": pl.String, "code": pl.String, "said": pl.String, "says": pl.Float64,
            "ingredient": pl.String, "concept": pl.String, "kind": pl.String})
        explained = {"grades that Tocsin worked out: they are worked out anew": grades} if grades else {}
        relevant = int(groups["len"].sum()) - sum(ignored.values()) - grades
        yield Table(part, sum(ignored.values()) + grades, NOTHING, ignored, explained, sha256=self.store.sha256(table, part))
        if relevant:
            if table == "drug_exposure":
                _ = self.strengths  # asked for before the rows: a database answers one question at a time
            if self.ours:
                _ = self.beside
            exact = {edge: self.ours or self.store.timed(table, part, f"{edge}_datetime") for edge in (clinical.start, clinical.end) if edge}
            met = 0
            for piece in self.store.rows(table, part, clinical.wanted, {name: values for name, values in where.items() if values}):
                rows = self._timed(piece.join(lookup, on=clinical.by, how="inner", nulls_equal=True, maintain_order="left"), clinical, exact)
                met += rows["row"].n_unique()
                yield self._piece(rows, clinical, part)
            if met != relevant:
                raise SourceError(f"{part}: {relevant} rows were counted that mean something, and {met} were found when they were read.\n"
                                  "  It changed in between: read it again when nobody writes to it.")

    def _means(self, concept: str | None, source: str | None, words: str | None) -> tuple[int, str | None, tuple[Meaning, ...]]:
        """Which of the three columns tells what a row is about (0, 1, 2), its name, and what it means; nothing when nobody knows."""
        named = [self.vocabulary.names.get(concept or ""), self.vocabulary.names.get(source or "")]
        name = next((n for n in named if n and not n.startswith("No matching")), words)
        if words is not None and words.startswith(OURS):
            rest = words.removeprefix(OURS)
            code = words if rest == "hour_0" else rest if rest.startswith("fact:") else f"concept:{rest}"
            if code != f"concept:{rest}" or self.codes.item(code) is not None:
                return 2, None, (Meaning(code),)
        keys = [(0, f"omop:{concept}"), (1, f"omop:{source}"), (2, words), (0, named[0]), (1, named[1])]
        if any(self.codes.left_out(key) for _, key in keys):
            return 0, name, ()
        for column, key in keys:
            if self.codes.mapped(key) is not None:
                return column, key, (Meaning(f"omop:{concept if column != 1 else source}"),)
        for column, one in ((0, concept), (1, source)):
            found = self.vocabulary.of(one)
            if found:
                return column, name, found
        return 2, name, by_source(words)

    def _kind(self, meaning: Meaning, name: str | None) -> tuple[str | None, str | None]:
        item = self.codes.item(meaning.code, name)
        return (item.concept, str(CONCEPTS[item.concept].kind)) if item is not None and item.concept in CONCEPTS else (None, None)

    def _timed(self, rows: pl.DataFrame, clinical: Clinical, exact: Mapping[str, bool]) -> pl.DataFrame:
        """The rows with start, latest, end, stay and patient; what knows only its day may be at any time of it."""
        moment, day = f"{clinical.start}_datetime", f"{clinical.start}_date"
        if not exact[clinical.start]:
            rows = rows.with_columns(pl.coalesce(day, pl.col(moment).dt.truncate("1d")).alias(day), pl.lit(None, pl.Datetime("us")).alias(moment))
        rows = rows.with_columns(
            pl.coalesce(moment, day).alias("start"), pl.when(pl.col(moment).is_null()).then(pl.col(day) + _DAY).alias("latest"),
            pl.when(pl.col("visit_detail_id").is_in(list(self.icu_stays))).then("visit_detail_id").otherwise("visit_occurrence_id").alias("stay"),
            pl.col(f"{clinical.stem}_type_concept_id").alias("type"),
        ).pipe(name_people, self.who)
        if clinical.end is None:
            return rows.with_columns(pl.lit(None, pl.Datetime("us")).alias("end"))
        moment, day = f"{clinical.end}_datetime", f"{clinical.end}_date"
        if self.ours:
            return rows.with_columns(pl.col(moment).alias("end"))
        ended = pl.coalesce(moment if exact[clinical.end] else pl.lit(None, pl.Datetime("us")), pl.col(day) + _DAY, pl.col(moment).dt.truncate("1d") + _DAY)
        rows = rows.with_columns(ended.alias("end"))
        same_day = pl.col("latest").is_not_null() & (pl.col("end") == pl.col("latest"))
        moment_only = (pl.col("kind") != str(Kind.INFUSION)) & ((pl.col("end") == pl.col("start")) | same_day)
        return rows.with_columns(pl.when(~moment_only.fill_null(False)).then("end").alias("end"))

    def _piece(self, rows: pl.DataFrame, clinical: Clinical, part: str) -> Table:
        frame = {"measurement": self._result, "observation": self._result, "drug_exposure": self._drug, "device_exposure": self._device,
                 "procedure_occurrence": self._done, "condition_occurrence": self._condition}[clinical.table](rows)
        explained: dict[str, int] = {}
        if "local" in frame.columns:
            for (why,), some in frame.filter(pl.col("local").is_not_null()).group_by(["local"]):
                explained[f"a drug that acts where it is put ({why})"] = some["row"].n_unique()
            frame = frame.filter(pl.col("local").is_null())
        if self.ours:
            frame = self._with_beside(frame, clinical)
        return Table(part, frame["row"].n_unique() + sum(explained.values()), entries(frame), explained=explained)

    # ---------------------------------------------------------------- each table

    def _result(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Measurements and observations: number, operator, unit; an answer in words where there is no number."""
        verbatim = pl.col("value_source_value")
        sign = pl.when(verbatim.str.contains(r"^\s*<")).then(-1).when(verbatim.str.contains(r"^\s*>")).then(1)
        operator = (pl.col("operator_concept_id").replace_strict(dict(OPERATORS), default=None, return_dtype=pl.Int8) if "operator_concept_id" in rows.columns
                    else pl.lit(None, pl.Int8))
        answer = pl.col("value_as_concept_id").replace_strict(dict(self.vocabulary.answers), default=None, return_dtype=pl.String)
        spoken = [pl.col("value_as_string")] if "value_as_string" in rows.columns else []
        words = pl.coalesce(*spoken, answer, verbatim)
        asserted = pl.when(pl.lit("value_as_string" in rows.columns) & (pl.col("kind") == str(Kind.FINDING))).then(pl.lit("present"))
        number = pl.col("value_as_number")
        rows = rows.with_columns(
            pl.coalesce(number, "says").alias("value"), pl.when(number.is_not_null()).then(pl.coalesce(operator, sign)).cast(pl.Int8).alias("censored"),
            pl.when(number.is_null()).then(pl.coalesce("said", words, asserted)).alias("text"),
        )
        return self._unit(rows)

    def _unit(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The unit by its concept; the source's own spelling where there is none, or where only that is a unit of the concept."""
        keys = ["concept", "unit_concept_id", "unit_source_value"]
        chosen = []
        for concept, unit, spelled in rows.select(keys).unique().iter_rows():
            known = self.vocabulary.units.get(unit or "")
            if known is None or (spelled is not None and concept is not None and settle.accepted(concept, spelled) and not settle.accepted(concept, known)):
                known = spelled
            chosen.append((concept, unit, spelled, known))
        table = pl.DataFrame(chosen, orient="row", schema={**dict.fromkeys(keys, pl.String()), "unit": pl.String})
        return rows.join(table, on=keys, how="left", nulls_equal=True, maintain_order="left")

    def _drug(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Drugs: given, with the amount where the row tells that of one dose; never a rate, unless Tocsin wrote it into the sig."""
        route = pl.col("route_concept_id")
        form = pl.when(pl.lit(not self.ours)).then(pl.col("name").str.to_lowercase().str.extract(LOCAL_FORMS, 1))
        spinal = {c.removeprefix("intrathecal_"): f"concept:{c}" for c in CONCEPTS if c.startswith("intrathecal_")}
        short = pl.lit(self.ours) | (pl.col("end").is_null() | (pl.col("end") - pl.col("start") <= _DAY)).fill_null(True)
        rows = self._amounts(rows).with_columns(
            pl.coalesce(route.replace_strict(dict(LOCAL_ROUTES), default=None, return_dtype=pl.String), form).alias("local"),
            pl.when(route == INTRATHECAL).then(pl.coalesce(pl.col("concept").replace_strict(spinal, default=None, return_dtype=pl.String), "code"))
            .otherwise("code").alias("code"),
        )
        told = pl.col("amount").is_not_null() & pl.col("amount_unit").is_not_null() & short & (pl.col("kind") == str(Kind.DOSE))
        quantity = pl.col("quantity").cast(pl.String).str.strip_suffix(".0")
        kind = pl.col("type").replace_strict({**TYPES}, default=None, return_dtype=pl.String)
        said = (pl.concat_str(pl.lit("quantity "), quantity), "dose_unit_source_value", kind, "route_source_value", "sig")
        note = pl.concat_str(*said, separator=", ", ignore_nulls=True)
        rate = pl.when(pl.col("kind") == str(Kind.INFUSION)).then(pl.col("sig").str.extract(_RATE, 1).cast(pl.Float64, strict=False))
        return rows.with_columns(
            pl.when(told).then("amount").otherwise(rate).alias("value"),
            pl.when(told).then("amount_unit").when(rate.is_not_null()).then(pl.col("sig").str.extract(_RATE, 2)).alias("unit"),
            pl.lit(None if self.ours else "given").alias("action"), pl.when(note != "").then(note).alias("note"),
        )

    def _amounts(self, rows: pl.DataFrame) -> pl.DataFrame:
        """``amount`` and ``amount_unit`` of the ingredient: the quantity in a unit of mass, or by the strength of the product.

        OMOP CDM 5.4, drug_exposure.quantity: of fixed forms (tablets) their number; of divisible forms (injections) the amount of
        ingredient in the unit of drug_strength.
        """
        spelled = pl.col("dose_unit_source_value")
        units = rows["dose_unit_source_value"].unique().drop_nulls().to_list()
        pairs = [(c, u) for c in rows["concept"].unique().drop_nulls().to_list() for u in units if settle.accepted(c, u)]
        fits = pl.DataFrame(pairs, orient="row", schema={"concept": pl.String, "dose_unit_source_value": pl.String}).with_columns(pl.lit(True).alias("fits"))
        rows = rows.join(fits, on=["concept", "dose_unit_source_value"], how="left", maintain_order="left")
        rows = rows.join(self.strengths, left_on=["drug_concept_id", "ingredient"], right_on=["drug_concept_id", "ingredient_concept_id"], how="left",
                         maintain_order="left")
        liquid = spelled.str.to_lowercase().is_in(["ml", "milliliter", "cc"]).fill_null(False) & (pl.col("per_unit") == "mL").fill_null(False)
        amount = (pl.when("fits").then("quantity").when(pl.col("each").is_not_null()).then(pl.col("quantity") * pl.col("each"))
                  .when(liquid).then(pl.col("quantity") * pl.col("top") / pl.col("bottom").fill_null(1.0))
                  .when(spelled.is_null() & pl.col("top").is_not_null()).then("quantity"))
        unit = pl.when("fits").then(spelled).when(pl.col("each").is_not_null()).then("each_unit").when(pl.col("top").is_not_null()).then("top_unit")
        return rows.with_columns(amount.alias("amount"), unit.alias("amount_unit"))

    @cached_property
    def strengths(self) -> pl.DataFrame:
        """Of each drug product in use its ingredients: amount in ``each`` piece, or ``top`` in ``bottom`` of the liquid."""
        columns = {"drug_concept_id": ID, "ingredient_concept_id": ID, "amount_value": NUMBER, "amount_unit_concept_id": ID, "numerator_value": NUMBER,
                   "numerator_unit_concept_id": ID, "denominator_value": NUMBER, "denominator_unit_concept_id": ID}
        drugs = {drug for (table, _), groups in self.groups.items() if table == "drug_exposure" for drug in groups["drug_concept_id"].drop_nulls().to_list()}
        pieces = [pl.DataFrame(schema={n: pl.Float64 if k == NUMBER else pl.String for n, k in columns.items()})]
        for part in self.store.parts("drug_strength"):
            pieces += [piece.drop("row") for piece in self.store.rows("drug_strength", part, columns, {"drug_concept_id": drugs})]

        def unit(name: str) -> pl.Expr:
            return pl.col(f"{name}_unit_concept_id").replace_strict(dict(self.vocabulary.units), default=None, return_dtype=pl.String)

        return pl.concat(pieces).unique(["drug_concept_id", "ingredient_concept_id"], keep="first").select(
            "drug_concept_id", "ingredient_concept_id", pl.col("amount_value").alias("each"), unit("amount").alias("each_unit"),
            pl.col("numerator_value").alias("top"), unit("numerator").alias("top_unit"), pl.col("denominator_value").alias("bottom"),
            unit("denominator").alias("per_unit"),
        )

    def _device(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Devices: an oxygen device that is not told further is oxygen of some kind."""
        oxygen = pl.when(pl.lit(not self.ours) & (pl.col("concept") == "oxygen_device") & (pl.col("device") == "")).then(pl.lit("oxygen"))
        texts = {code: item.text for code in rows["code"].unique().to_list() if (item := self.codes.item(code)) is not None and item.text}
        rows = rows.with_columns(pl.col("code").replace_strict(texts, default="", return_dtype=pl.String).alias("device"))
        asserted = pl.when(pl.col("kind") == str(Kind.FINDING)).then(pl.lit("present"))
        return rows.with_columns(pl.coalesce("said", oxygen, asserted).alias("text"))

    def _done(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Procedures: a finding or a state that begins with it, or something given."""
        given = pl.col("kind").is_in([str(Kind.DOSE), str(Kind.INFUSION)])
        present = pl.coalesce("said", pl.lit("present"))
        return rows.with_columns(pl.when(~given).then(present).alias("text"), pl.when(given).then(pl.lit("given")).alias("action"))

    def _condition(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Conditions are present from start to end; one that stands on a bill was present at some time between them."""
        billed = pl.col("type").is_in(list(BILLED)).fill_null(False)
        return rows.with_columns(
            pl.col("says").alias("value"), pl.when(pl.col("says").is_null()).then(pl.coalesce("said", pl.lit("present"))).alias("text"),
            pl.when(billed).then(pl.coalesce("end", "latest")).otherwise("latest").alias("latest"), pl.when(~billed).then("end").alias("end"),
            pl.when(billed).then(pl.lit("on a bill: at some time of the stay")).alias("note"),
        )

    # ---------------------------------------------------------------- what Tocsin wrote beside its rows

    def _with_beside(self, rows: pl.DataFrame, clinical: Clinical) -> pl.DataFrame:
        """The rows with what stands about them in notes, in place of what was made of the columns."""
        rows = rows.with_columns(pl.lit(None, kind).alias(name) if name not in rows.columns or name in ("note", "latest") else pl.col(name)
                                 for name, kind in {**BESIDE, "latest": pl.Datetime("us"), "end": pl.Datetime("us")}.items())
        notes = self.beside.filter(pl.col("table") == clinical.table).drop("table")
        rows = rows.join(notes, left_on=clinical.key, right_on="key", how="left", maintain_order="left", suffix="_beside")

        def moment(name: str) -> pl.Expr:
            return pl.col(f"{name}_beside").str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", strict=False, time_unit="us")

        return rows.with_columns(
            *(pl.coalesce(moment(name) if name in ("latest", "end") else pl.col(f"{name}_beside"), name).alias(name) for name in BESIDE))

    @cached_property
    def beside(self) -> pl.DataFrame:
        """Notes that Tocsin wrote: the table and key of the row that each is about, and the columns of BESIDE."""
        wanted = {"note_title": TEXT, "note_text": TEXT}
        pieces = [pl.DataFrame(schema=dict.fromkeys(wanted, pl.String()))]
        for part in self.store.parts("note"):
            pieces += [piece.select(list(wanted)) for piece in self.store.rows("note", part, wanted, {"note_source_value": [OURS]})]
        told = pl.concat(pieces)
        where = pl.col("note_title").str.split_exact(" ", 1).struct.rename_fields(["table", "key"])
        return told.select(where.alias("where"), pl.col("note_text").str.json_decode(pl.Struct(dict(BESIDE))).alias("told")).unnest("where", "told")

    # ---------------------------------------------------------------- the rest

    def deaths(self) -> Iterator[Table]:
        """The table death: one row for each who died.  A time of exactly midnight is a date, written where the CDM asks for no time at all."""
        wanted = {"person_id": ID, "death_date": DATE, "death_datetime": DATETIME}
        for part in self.store.parts("death"):
            exact = self.ours or self.store.timed("death", part, "death_datetime")
            for piece in self.store.rows("death", part, wanted):
                dated = pl.lit(not self.ours) & (pl.col("death_datetime") == pl.col("death_datetime").dt.truncate("1d"))
                moment = pl.when(pl.lit(exact) & ~dated).then("death_datetime")
                day = pl.coalesce("death_date", pl.col("death_datetime").dt.truncate("1d"))
                rows = piece.with_columns(
                    pl.coalesce(moment, day).alias("start"), pl.when(moment.is_null()).then(day + _DAY).alias("latest"),
                    pl.lit("concept:death").alias("code"), pl.lit("present").alias("text"),
                ).pipe(name_people, self.who)
                yield Table(part, len(piece), entries(rows), sha256=self.store.sha256("death", part))

    def uncounted(self) -> Iterator[Table]:
        """The tables about people that are not read: counted, so that nobody wonders."""
        for table, why in NOT_READ.items():
            for part in self.store.parts(table):
                rows = int(self.store.counts(table, part, [])["len"].sum())
                if self.ours and table == "note":
                    why = "what the CDM has no column for: read together with its row"
                yield Table(part, rows, NOTHING, explained={why: rows} if rows else {}, sha256=self.store.sha256(table, part))
