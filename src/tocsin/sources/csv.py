"""CSV files and Excel workbooks to a timeline, and back.

Long form: one row for each thing said (patient, day | hour | time, concept, value, unit, text ...).
Wide form: one row for each time, one column for each concept.  Each table tells by its header which it is.
Every row is used, explained or quarantined with its reason; ``timeline.reading`` holds the counts and the notes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources import cells as forms
from tocsin.sources import clock, consistency, facts, mapped_table, mapping_file, settle, units
from tocsin.sources.account import Account, Notes
from tocsin.sources.codes import Codes
from tocsin.sources.headers import Header, concept_named, fact_named, nearest, understand
from tocsin.sources.table import Sheet, load
from tocsin.sources.template import template
from tocsin.sources.write import write
from tocsin.timeline import EVENTS, Completeness, Reading, Timeline
from tocsin.vocabulary.spelling import name_key

__all__ = ["read", "template", "write"]

Path_ = str | Path


@dataclass
class _Part:
    """One table on its way to the timeline."""

    index: int
    sheet: Sheet
    header: Header
    account: Account
    rows: pl.DataFrame
    decimal: str = "auto"


def read(
    *paths: Path_,
    patients: Path_ | None = None,
    infusion_time: str | Mapping[str, str] | None = None,
    complete: Iterable[str] = (),
    units: Mapping[str, str] | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    timezone: str | None = None,
    dates: str | None = None,
    ignore: Collection[str] = (),
    weight_kg: float | None = None,
    mapping: Path_ | None = None,
) -> Timeline:
    """The record in these CSV files or Excel workbooks, long or wide, plain or gzipped.

    Args:
        paths: The files; one patient may be spread over several.
        patients: A table of facts about patients, one row each.
        infusion_time: Wall clock of hour 0, for everybody or by patient; needed when rows have wall-clock times.
        complete: Domains or concepts in which no row means absent; see ``Completeness``.
        units: The unit of a concept where the file is silent or wrong, for example ``{"temperature": "degF"}``.
        delimiter: Comma, semicolon, tab or bar; found from the header when not given.
        decimal: "." or ","; found from the numbers when not given.
        timezone: Zone of times that name none, for example ``Europe/Paris``.
        dates: "dmy" or "mdy", for dates such as 04/05/2019 that leave it open.
        ignore: Columns or concepts that are left out on purpose.
        weight_kg: The weight for doses and rates per kilogram of patients whose weight the files do not tell.
        mapping: A mapping file of the hospital's own names, units and spellings; see ``mapping_file``.

    Raises:
        SourceError: A file is missing, empty, binary or no table, or cannot be placed in time.
        SettingError: An option has a value that cannot be used.
    """
    if not paths:
        raise SourceError("No file was named.\n  For example: tocsin check record.csv")
    if decimal not in (None, ".", ","):
        raise SettingError(f"the decimal sign is . or , and not {decimal!r}")
    notes, declared = Notes(), Completeness.of(complete)
    chosen, zone = settings_of_units(units), clock.zone_named(timezone)
    codes = mapping_file.codes(mapping)
    parts = _parts(paths, patients, delimiter, decimal, ignore, codes, notes)
    ignore = (*ignore, *mapped_table.left_out([part.sheet for part in parts], codes))
    order = _date_order(parts, dates, infusion_time)
    told = [one for part in parts for one in facts.told(part.account, forms.fact_cells(part.sheet, part.header, _who(part)))]
    early, infusions = _infusions(parts, told, infusion_time, order, zone, notes)
    read_cells: list[tuple[_Part, pl.DataFrame]] = []
    for part in parts:
        cells, more = _cells(part, infusions, order, zone, ignore, notes)
        told += facts.told(part.account, more)
        if cells is not None and len(cells):
            read_cells.append((part, settle.read_cells(cells, part.decimal, part.account, notes)))
    known = facts.settle_facts([*early, *told], decimal or "auto", order, zone, notes)
    for who, when in infusions.items():
        known.setdefault(who, {}).setdefault("infusion_time", facts.iso(when))
    weights = _weights(known, read_cells, chosen, notes)
    if weight_kg is not None:
        everybody = {str(one) for _, cells in read_cells for one in cells["patient"].unique()}
        weights = dict.fromkeys(sorted(everybody), weight_kg) | weights
    pieces = [
        units_of(cells, chosen, weights, part, notes).with_columns(pl.lit(part.index, pl.UInt16).alias("sheet"))
        for part, cells in read_cells
    ]
    del read_cells
    events = _consistent(pieces, parts, notes)
    counts = events["sheet"].value_counts() if len(events) else None
    many = dict(counts.iter_rows()) if counts is not None else {}
    ids = sorted(set(known) | set(events["patient"].unique().to_list()))
    reading = Reading(
        tuple(part.account.count(many.get(part.index, 0)) for part in parts), tuple(notes.notes),
        _settings(parts, chosen, infusions, order) | notes.assumed,
    )
    return Timeline(events.select(list(EVENTS)), facts.patients_table(known, ids), declared, reading)


def settings_of_units(given: Mapping[str, str] | None) -> dict[str, str]:
    """The user's units by concept name."""
    return units.settings(given)


def units_of(cells: pl.DataFrame, chosen: Mapping[str, str], weights: Mapping[str, float], part: _Part, notes: Notes) -> pl.DataFrame:
    """The cells of one table in canonical units."""
    return units.settle(cells, chosen, weights, part.account, notes)


# ---------------------------------------------------------------- tables

def _parts(
    paths: Sequence[Path_], patients: Path_ | None, delimiter: str | None, decimal: str | None, ignore: Collection[str], codes: Codes, notes: Notes
) -> list[_Part]:
    given = [Path(p) for p in (*paths, *([patients] if patients is not None else []))]
    names = [p.name for p in given]
    parts: list[_Part] = []
    for path, name in zip(given, names, strict=True):
        shown = name if names.count(name) == 1 else str(path)
        sheets = [mapped_table.mapped(sheet, codes) for sheet in load(path, shown, delimiter)]
        ignored = (*ignore, *mapped_table.left_out(sheets, codes))
        useful = 0
        for sheet in sheets:
            header = understand(sheet.header, sheet.file, of_patients=patients is not None and path == given[-1])
            account = Account(sheet.file, sheet.sha256, sheet.frame["row"], sheet.others)
            part = _Part(len(parts), sheet, header, account, pl.DataFrame())
            if header.form == "none" or not len(sheet.frame):
                _ignored(part, len(sheets), notes)
            else:
                useful += 1
                _prepare(part, decimal, ignored, notes)
            parts.append(part)
        if not useful and len(sheets) > 1:
            raise SourceError(f"{shown}: no sheet has a header that can be read.\n  `tocsin template` shows the columns.")
    return parts


def _ignored(part: _Part, sheets: int, notes: Notes) -> None:
    """A table that is no record: an error when it is the whole file, else a sheet that is left out and said to be."""
    sheet = part.sheet
    if not len(sheet.frame):
        if sheets == 1 and not sheet.comments:
            raise SourceError(f"{sheet.file} has a header and no rows.\n  Write at least one row below it.")
        notes.tell(sheet.file, "a header and no rows" if part.header.form != "none" else "comments and no rows: nothing to read")
        return
    if sheets == 1:
        raise _no_time(sheet, part.header)
    part.account.explained(sheet.frame["row"])
    notes.tell(sheet.file, f"no header that can be read ({', '.join(sheet.header[:6])}): the sheet was left out")


def _no_time(sheet: Sheet, header: Header) -> SourceError:
    seen = ", ".join(repr(h) for h in sheet.header[:8])
    if header.has_time:
        unknown = [c.header for c in header.columns if c.role == "unknown"]
        hint = f" ({unknown[0]!r}: {nearest(unknown[0])})" if unknown else ""
        return SourceError(f"{sheet.file}: no column is a concept{hint}; the header is {seen}.\n"
                           "  Long form needs the columns concept and value, wide form one column for each concept.")
    return SourceError(f"{sheet.file}: no column tells when; the header is {seen}.\n"
                       "  Name one column day, hour (both since the infusion) or time (wall clock).")


def _prepare(part: _Part, decimal: str | None, ignore: Collection[str], notes: Notes) -> None:
    """Rows that can have no patient or no place in the header leave; the columns get their names; the rest is told."""
    sheet, header, account = part.sheet, part.header, part.account
    if header.form in ("long", "wide") and not header.has_time and header.form == "wide":
        raise _no_time(sheet, header)
    if header.form == "long" and not header.has_time and not any(
        fact_named(w) for w in sheet.frame[header.role("what") or "0"].unique().drop_nulls().to_list()
    ):
        raise _no_time(sheet, header)
    blank = forms.blank_rows(sheet)
    if blank.any():
        account.explained(sheet.frame.filter(blank)["row"])
        sheet.frame = sheet.frame.filter(~blank)
    if sheet.comments:
        notes.tell(sheet.file, f"{sheet.comments} {'line' if sheet.comments == 1 else 'lines'} beginning with # are comments")
    if sheet.too_long:
        account.bad(sheet.too_long)
        notes.error(sheet.file, f"more cells than the header has columns ({len(sheet.header)})",
                    "Quote cells that hold the delimiter (a decimal comma, a list), or write the file with semicolons.", sheet.too_long)
        sheet.frame = sheet.frame.filter(~pl.col("row").is_in(sheet.too_long))
    _tell_columns(part, ignore, notes)
    values = [header.role("value")] if header.form == "long" else [str(c.index) for c in header.all("concept")]
    series = [sheet.frame[name] for name in values if name is not None]
    seen = pl.concat(series) if series else pl.Series([], dtype=pl.String)
    part.decimal, sheet.settings["decimal"] = settle.decimal_of(seen, decimal)
    if part.decimal == "," and decimal is None:
        notes.tell(sheet.file, f"the decimal sign is a {sheet.settings['decimal']}")
    frame = forms.named(sheet, header)
    if "patient" not in frame.columns:
        name = sheet.path.name.removesuffix(".gz")
        frame = frame.with_columns(pl.lit(Path(name).stem).alias("patient"))
        notes.tell(sheet.file, f"no column patient: everything is about one patient, called {Path(name).stem!r} after the file")
    nobody = frame.filter(pl.col("patient").is_null())["row"]
    if len(nobody):
        account.bad(nobody)
        notes.error(sheet.file, "no patient: the cell is empty", "Write the patient in every row.", nobody)
        sheet.frame = sheet.frame.filter(~pl.col("row").is_in(nobody.implode()))
        frame = frame.filter(pl.col("patient").is_not_null())
    part.rows = frame


def _who(part: _Part) -> pl.Series:
    return part.rows["patient"] if part.rows.width else pl.Series([], dtype=pl.String)


def _tell_columns(part: _Part, ignore: Collection[str], notes: Notes) -> None:
    """What becomes of columns that are no part of the record."""
    sheet, header = part.sheet, part.header
    ignored = {name_key(name) for name in ignore}
    kept = []
    for column in header.columns:
        chosen = column.header and name_key(column.header) in ignored
        if chosen:
            notes.tell(sheet.file, f"column {column.header!r} is ignored, as the settings say", column=column.header)
        else:
            kept.append(column)
        lost = column.role in ("unknown", "empty") or (column.role == "concept" and header.form != "wide")
        if chosen or not lost:
            continue
        filled = sheet.frame.filter(pl.col(str(column.index)).is_not_null())["row"]
        if not len(filled):
            continue
        if column.role == "empty":
            name = f"column {column.index + 1}"
            notes.error(sheet.file, f"{name} has values and no name: not read", "Name it.", filled, name)
            part.account.bad(filled)
        elif header.form == "wide" or column.role == "concept":
            hint = nearest(column.header) if column.role == "unknown" else "Give each its own row, or make the table wide."
            notes.error(sheet.file, f"column {column.header!r} is not read: {len(filled)} cells", f"{hint}  To leave it out on purpose: "
                        f"ignore=[{column.header!r}].", filled, column.header)
            part.account.bad(filled)
        else:
            notes.warn(sheet.file, f"column {column.header!r} is not read: {len(filled)} cells", "Rename it if it belongs to the record.",
                       column=column.header)
    part.header = Header(tuple(kept), header.form)


# ---------------------------------------------------------------- time

def _time_columns(part: _Part) -> list[pl.Series]:
    return [part.rows[name] for name in ("time_", "end_time", "time_latest") if name in part.rows.columns]


def _date_order(parts: Sequence[_Part], given: str | None, infusion_time: str | Mapping[str, str] | None) -> str:
    columns = [column for part in parts if part.rows.width for column in _time_columns(part)]
    for part in parts:
        columns += [part.sheet.frame[str(c.index)] for c in part.header.all("fact") if c.name == "infusion_time"]
    options = [infusion_time] if isinstance(infusion_time, str) else list((infusion_time or {}).values())
    columns.append(pl.Series(options, dtype=pl.String))
    return clock.day_month_order(columns, ", ".join(p.sheet.file for p in parts), given)


def _infusions(
    parts: Sequence[_Part], told: list[facts.Told], given: str | Mapping[str, str] | None, order: str, zone: ZoneInfo | None, notes: Notes
) -> tuple[list[facts.Told], dict[str, clock.Moment]]:
    """When each patient's hour 0 was: told by the settings, as a fact, or by the first row of the infusion itself."""
    early: list[facts.Told] = []
    sources: list[tuple[str, str]] = []
    everybody = {who for part in parts for who in _who(part).unique().to_list()}
    if isinstance(given, str):
        sources += [(who, given) for who in sorted(everybody)]
    elif given:
        sources += list(given.items())
    sources += [(one.patient, one.value) for one in told if one.fact == "infusion_time"]
    events: list[tuple[str, str]] = []
    for part in parts:
        if part.header.form != "long" or not part.rows.width:
            continue
        names = part.rows["what"].unique().drop_nulls().to_list()
        as_fact = [n for n in names if fact_named(n) == "infusion_time"]
        if as_fact and "value" in part.rows.columns:
            rows = part.rows.filter(pl.col("what").is_in(as_fact) & pl.col("value").is_not_null())
            sources += list(rows.select("patient", "value").iter_rows())
        given_rows = [n for n in names if concept_named(n) == "car_t_infusion"]
        if given_rows and "time_" in part.rows.columns:
            rows = part.rows.filter(pl.col("what").is_in(given_rows) & pl.col("time_").is_not_null())
            events += list(rows.select("patient", "time_").iter_rows())
    found: dict[str, clock.Moment] = {}
    for who, text in sources:
        when = clock.moment(text, order, zone)
        if when is None and isinstance(given, str | Mapping) and text in (given if isinstance(given, str) else given.values()):
            raise SettingError(f"the time of infusion {text!r} cannot be read.\n  Write it as 2019-09-25 10:00.")
        if when is not None and who not in found:
            found[who] = when
    from_rows: dict[str, clock.Moment] = {}
    for who, text in events:
        when = clock.moment(text, order, zone)
        if when is not None and who not in found and (who not in from_rows or when.when < from_rows[who].when):
            if who in from_rows:
                notes.tell(parts[0].sheet.file, f"patient {who} has several CAR-T infusions: hour 0 is the first")
            from_rows[who] = when
    found.update(from_rows)
    dated = sorted(who for who, when in found.items() if when.dated)
    if dated and any(_time_columns(part) for part in parts if part.rows.width):
        notes.tell(parts[0].sheet.file, f"the infusion of {len(dated)} {'patient is' if len(dated) == 1 else 'patients are'} known by "
                   "date only: hour 0 is that midnight", "Give the time of day if it is known.")
    return early, found


def _cells(
    part: _Part, infusions: Mapping[str, clock.Moment], order: str, zone: ZoneInfo | None, ignore: Collection[str], notes: Notes
) -> tuple[pl.DataFrame | None, pl.DataFrame]:
    """The cells of one table, and the facts that stand in its rows."""
    if not part.rows.width:
        return None, forms.NO_FACTS
    if part.header.form == "patients":
        part.account.explained(part.rows["row"])  # used, as soon as one fact is read
        return None, forms.NO_FACTS
    watch = clock.Clock(part.sheet.file, infusions, order, zone)
    frame = forms.timed(part.rows, watch)
    part.rows = part.rows.select("row", "patient")
    if part.header.form == "wide":
        return forms.wide_cells(part.sheet, part.header, frame, part.account, notes), forms.NO_FACTS
    part.sheet.frame = part.sheet.frame.select("row")
    return forms.long_cells(frame, part.account, notes, ignore)


def _weights(
    known: dict[str, dict[str, facts.Fact]], read_cells: Sequence[tuple[_Part, pl.DataFrame]], chosen: Mapping[str, str], notes: Notes
) -> dict[str, float]:
    """Weights for doses per kilogram: the fact, or the last weight measured before the infusion, or the first after it."""
    out = {who: float(mine["weight_kg"]) for who, mine in known.items() if isinstance(mine.get("weight_kg"), float)}
    for part, cells in read_cells:
        rows = cells.filter((pl.col("concept") == "weight") & pl.col("number").is_not_null() & ~pl.col("patient").is_in(list(out)))
        if not len(rows):
            continue
        quiet = Notes()
        scratch = Account(part.sheet.file, "", rows["row"], 0)
        measured = units.settle(rows, chosen, {}, scratch, quiet).sort("hour")
        for (patient,), mine in measured.group_by(["patient"], maintain_order=True):
            before = mine.filter(pl.col("hour") <= 0)
            value = (before["value"][-1] if len(before) else mine["value"][0]) if len(mine) else None
            if value is not None:
                out.setdefault(str(patient), float(value))
        notes.tell(part.sheet.file, "doses per kilogram use the weight measured last before the infusion, or else first after it")
    return out


# ---------------------------------------------------------------- the whole

def _consistent(pieces: list[pl.DataFrame], parts: Sequence[_Part], notes: Notes) -> pl.DataFrame:
    """All events in one order without repetitions, with their origin; what contradicts is told."""
    accounts = [part.account for part in parts]
    if not pieces:
        return pl.DataFrame(schema={**EVENTS, "sheet": pl.UInt16})
    events = consistency.arrange(pl.concat(pieces) if len(pieces) > 1 else pieces[0])
    events = consistency.drop_repeated(events, accounts, notes)
    consistency.contradictions(events, accounts, notes)
    consistency.overlaps(events, accounts, notes)
    for (sheet,), rows in events.select("sheet", "row").group_by("sheet"):
        accounts[int(str(sheet))].used(rows["row"])
    schema = {"sheet": pl.UInt16, "file": pl.String}
    files = pl.DataFrame({"sheet": range(len(parts)), "file": [p.sheet.file for p in parts]}, schema=schema)
    origin = (
        pl.format("{}:{}", pl.lit(parts[0].sheet.file), "row") if len(parts) == 1
        else pl.format("{}:{}", pl.col("sheet").replace_strict(files["sheet"], files["file"], return_dtype=pl.String), "row")
    )
    return events.with_columns(origin.alias("origin"), pl.col("attribution").fill_null("unknown"))


def _settings(
    parts: Sequence[_Part], chosen: Mapping[str, str], infusions: Mapping[str, clock.Moment], order: str
) -> dict[str, str]:
    out = {}
    for part in parts:
        out[f"{part.sheet.file}: form"] = part.header.form
        out.update({f"{part.sheet.file}: {name}": value for name, value in part.sheet.settings.items()})
    out.update({f"unit of {name}": unit for name, unit in chosen.items()})
    if infusions:
        out["infusion times"] = f"known for {len(infusions)} patients"
        out["order of day and month"] = order
    return out
