"""FHIR R4: Bundles, single resources and bulk NDJSON to the timeline, and back.

What is read and how stands in ``fhir_resources``; this is the road through the files.  Two passes: the first gathers patients,
stays, drugs and devices, to which everything else refers; the second reads every resource once, in blocks of bounded size.
References are never followed further than that, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import coded, fhir_files, fhir_write
from tocsin.sources.anchor import Options
from tocsin.sources.clock import zone_named
from tocsin.sources.codes import Codes
from tocsin.sources.entries import ENTRIES, Export, Table, Trouble
from tocsin.sources.fhir_context import Answer, Context, IrrelevantError, Said
from tocsin.sources.fhir_elements import Json, Moments, PassedError, RefusedError, child, children, reference, string, wrong
from tocsin.sources.fhir_files import MOST_MB, MOST_RATIO, Limits, Text
from tocsin.sources.fhir_plain import Plain
from tocsin.sources.fhir_register import REFERRED, Register
from tocsin.sources.fhir_resources import read as read_resource
from tocsin.sources.optional import needs

if TYPE_CHECKING:
    from tocsin.grading import Grades
    from tocsin.timeline import Timeline

_PIECE = 200_000  # resources in one table of entries
_REFERRED = re.compile(rb'"resourceType"\s*:\s*"(?:' + "|".join(REFERRED).encode() + rb')"')
_POSITION = re.compile(r": line \d+ column \d+ \(char \d+\)$")
_SAID = pl.DataFrame(schema={name: (pl.Int64() if isinstance(kind, pl.Datetime) else kind) for name, kind in ENTRIES.items()}).schema


def read(
    path: str | Path, *, mapping: str | Path | None = None, identifiers: bool = False, most_mb: float = MOST_MB,
    most_ratio: float = MOST_RATIO, **options: Unpack[Options],
) -> Timeline:
    """The record in a FHIR R4 export: a file, a zip, or a folder of JSON and NDJSON files, gzipped or not.

    ``mapping``: the hospital's own codes (see mapping files).  ``identifiers``: patients and stays are called by their usual
    identifier (a medical record number) and not by the id of the server.  ``most_mb`` and ``most_ratio``: see fhir_files.Limits.
    The other options are those of every coded export (see anchor.Settings).  Raises SourceError when nothing can be read.
    """
    return coded.timeline(*parts(path, mapping=mapping, identifiers=identifiers, most_mb=most_mb, most_ratio=most_ratio, **options))


def parts(
    path: str | Path, *, mapping: str | Path | None = None, identifiers: bool = False, most_mb: float = MOST_MB,
    most_ratio: float = MOST_RATIO, **options: Unpack[Options],
) -> tuple[Export, Codes, coded.Settings]:
    """What the files say, what their codes mean, and how a record is made of them; the arguments are those of ``read``."""
    from tocsin.sources import mapping_file

    codes = mapping_file.codes(mapping)
    found = export(path, codes, clock=options.get("clock"), timezone=options.get("timezone"), identifiers=identifiers, most_mb=most_mb,
                   most_ratio=most_ratio)
    if not found.aware:
        options["clock"] = "wall"
    return found, codes, coded.settings(**options)


def write(timeline: Timeline, path: str | Path, grades: Iterable[Grades] = ()) -> None:
    """Write the record, and grades computed from it: one Bundle where the path ends in .json, otherwise a folder of NDJSON files.

    Reads back to the same timeline.  Grades are Observations (derivedFrom: the observations that are their reasons) and, for CRS
    and ICANS, AdverseEvents; they are never read back as reports.  Raises TimelineError for grades of another timeline.
    """
    fhir_write.write(timeline, Path(path), tuple(grades))


def export(
    path: str | Path, codes: Codes | None = None, *, clock: str | None = None, timezone: str | None = None, identifiers: bool = False,
    most_mb: float = MOST_MB, most_ratio: float = MOST_RATIO,
) -> Export:
    """What the files say, as entries.  ``clock``: "offsets", "wall", or None for what the export itself says (else offsets)."""
    codes, limits = codes or Codes(), Limits(most_mb, most_ratio)
    found = fhir_files.find(Path(path), limits)
    zone = zone_named(timezone) if clock != "wall" else None
    register = Register(codes, Moments(clock == "wall", zone), identifiers)
    documents = {text.name: not fhir_files.is_ndjson(text, limits) for text in found.texts}
    seen = [_register(text, documents[text.name], register, limits) for text in found.texts]
    if clock is None and zone is None and register.wall():
        register.moments = Moments(wall=True)
    if not any(seen):
        why = "no file in it is JSON" if not found.texts else "no file holds a resource with a resourceType"
        raise SourceError(f"{path} is no FHIR export: {why}.\n  Name a Bundle, a resource, or a folder of NDJSON files (FHIR R4, JSON; XML is not read).")
    context = Context(register)
    return Export("FHIR", _tables(found.texts, documents, context, limits), register.people_table(), register.stays_table(_whose(context)),
                  not register.moments.wall, {"clock": "wall" if register.moments.wall else "offsets"}, _told(found, register))


def _whose(context: Context) -> Any:
    def patient(subject: Json) -> str | None:
        try:
            return context.whose(subject, "Encounter.subject")
        except (RefusedError, PassedError):
            return None
    return patient


def _told(found: fhir_files.Found, register: Register) -> tuple[str, ...]:
    told = []
    if found.others:
        some = ", ".join(found.others[:5]) + (" ..." if len(found.others) > 5 else "")
        told.append(f"{len(found.others)} files that are not JSON were left alone: {some}")
    if register.changed:
        told.append(f"{register.changed} Patient resources contradict an earlier one with the same id: the one updated last counts")
    return tuple(told)


# ---------------------------------------------------------------- Bundles

@dataclass(frozen=True, slots=True)
class _Entry:
    """One resource of a Bundle, or why there is none."""

    resource: Json | None
    problem: RefusedError | PassedError | None = None


def _flat(resource: Json) -> tuple[list[_Entry], dict[str, Json]]:
    """The resources of a Bundle and of the Bundles in it, in their order, and those with a fullUrl by it."""
    if resource.get("resourceType") != "Bundle":
        return [_Entry(resource)], {}
    out: list[_Entry] = []
    local: dict[str, Json] = {}
    waiting: list[tuple[_Entry, str]] = [(_Entry(resource), "Bundle")]
    while waiting:
        entry, path = waiting.pop()
        one = entry.resource
        if one is None or one.get("resourceType") != "Bundle":
            out.append(entry)
            continue
        try:
            inside = children(one, "entry", path)
        except RefusedError as refused:
            out.append(_Entry(None, refused))
            continue
        if not inside:
            out.append(_Entry(None, PassedError("a Bundle without entries")))
        for index in reversed(range(len(inside))):
            where = f"{path}.entry[{index}]"
            try:
                held, url = child(inside[index], "resource", where), string(inside[index], "fullUrl", where)
            except RefusedError as refused:
                waiting.append((_Entry(None, refused), where))
                continue
            nothing = None if held is not None else _deletion(inside[index], where)
            waiting.append((_Entry(held, nothing), f"{where}.resource"))
            if held is not None and url is not None:
                local[url] = held
    return _newest(out), local


class _DeletedError(PassedError):
    """The entry of a Bundle that deletes a resource: its older versions, further on in a history, do not count."""

    def __init__(self, target: tuple[str, str]) -> None:
        super().__init__("a deletion: it holds for the same Bundle, and deletes nothing in other files")
        self.target = target


def _deletion(entry: Json, path: str) -> RefusedError | PassedError:
    """What an entry without a resource says (bundle.html, request.method)."""
    try:
        request = child(entry, "request", path) or {}
        target = reference({"reference": string(request, "url", f"{path}.request") or ""}, path)
        if string(request, "method", f"{path}.request") == "DELETE" and target is not None:
            return _DeletedError(target)
    except RefusedError as refused:
        return refused
    return PassedError("an entry of a Bundle without a resource")


def _newest(entries: list[_Entry]) -> list[_Entry]:
    """Of several versions of one resource in a Bundle (as in a history) the last updated, or the first when none says when."""
    best: dict[tuple[str, str], int] = {}
    deleted: set[tuple[str, str]] = set()
    out = list(entries)
    for index, entry in enumerate(entries):
        one = entry.resource
        if isinstance(entry.problem, _DeletedError):
            deleted.add(entry.problem.target)
        if one is None or type(one.get("id")) is not str or not one.get("resourceType"):
            continue
        key = (str(one["resourceType"]), one["id"])
        if key in deleted:
            out[index] = _Entry(None, PassedError("a resource that the same Bundle deletes"))
            continue
        before = best.setdefault(key, index)
        if before == index:
            continue
        other = entries[before].resource
        assert other is not None
        older = before if _updated(one) > _updated(other) else index
        same = one == other
        out[older] = _Entry(None, PassedError("the same resource again" if same else "an older version of a resource in the same Bundle"))
        best[key] = index if older == before else before
    return out


def _updated(resource: Json) -> str:
    meta = resource.get("meta")
    when = meta.get("lastUpdated") if type(meta) is dict else None
    return when if type(when) is str else ""


# ---------------------------------------------------------------- first pass

def _register(text: Text, document: bool, register: Register, limits: Limits) -> bool:
    """Take up the resources that others refer to; whether the file holds any FHIR at all, as far as its beginning tells."""
    loads = needs("orjson").loads
    if document:
        entries, _ = _flat(_loaded(loads, fhir_files.document(text, limits).data) or {})
        for entry in entries:
            if entry.resource is not None:
                register.add(entry.resource)
        return any(entry.resource is not None and entry.resource.get("resourceType") for entry in entries) or any(
            isinstance(entry.problem, PassedError) for entry in entries)
    any_fhir = False
    for _, block, _ in fhir_files.blocks(text, limits):
        any_fhir = any_fhir or b'"resourceType"' in block
        end = -1
        for match in _REFERRED.finditer(block):
            if match.start() < end:
                continue
            begin = block.rfind(b"\n", 0, match.start()) + 1
            end = block.find(b"\n", match.start())
            end = len(block) if end < 0 else end
            for entry in _flat(_loaded(loads, block[begin:end]) or {})[0]:
                if entry.resource is not None:
                    register.add(entry.resource)
    return any_fhir


def _loaded(loads: Any, data: bytes) -> Json | None:
    """The object in these bytes, None when it is none; the reading proper says why."""
    try:
        value = loads(data)
    except ValueError:
        return None
    return value if type(value) is dict else None


# ---------------------------------------------------------------- second pass

@dataclass(slots=True)
class _Piece:
    """What becomes one table: the entries and what became of every other row."""

    name: str
    sha256: str
    plain: Plain
    rows: int = 0
    said: list[tuple[Any, ...]] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    explained: dict[str, int] = field(default_factory=dict)
    troubles: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    infused: set[tuple[str, str | None]] = field(default_factory=set)

    def trouble(self, row: int, what: str, fix: str = "") -> None:
        self.troubles.setdefault((what, fix), []).append(row)

    def explain(self, why: str) -> None:
        self.explained[why] = self.explained.get(why, 0) + 1

    def take(self, row: int, resource: Json, context: Context) -> None:
        """One resource, by the careful road."""
        try:
            answer: Answer = read_resource(resource, context)
        except IrrelevantError as irrelevant:
            self.ignored[irrelevant.shown] = self.ignored.get(irrelevant.shown, 0) + 1
            if irrelevant.infused is not None:
                self.infused.add(irrelevant.infused)
            return
        except PassedError as passed:
            self.explain(passed.why)
            return
        except RefusedError as refused:
            self.trouble(row, refused.what, refused.fix)
            return
        for one in answer.said:
            self.said.append((row, *one))
        for part in answer.refused:
            self.trouble(row, part.what, part.fix)
        if answer.infused is not None:
            self.infused.add(answer.infused)

    def table(self) -> Table:
        """The table of what was taken."""
        columns = ["row", *Said._fields]
        careful = pl.DataFrame(self.said, schema={name: _SAID[name] for name in columns}, orient="row", strict=False)
        careful = careful.select(pl.col(name).cast(kind) for name, kind in ENTRIES.items())
        entries = careful if not self.plain.rows else pl.concat([self.plain.frame(), careful]).sort("row", maintain_order=True)
        ignored = dict(self.ignored)
        for shown, many in self.plain.ignored.items():
            ignored[shown] = ignored.get(shown, 0) + many
        self.plain.ignored = {}
        troubles = tuple(Trouble(tuple(rows), what, fix) for (what, fix), rows in self.troubles.items())
        present = pl.DataFrame(sorted(self.infused, key=str), schema={"patient": pl.String, "stay": pl.String}, orient="row")
        return Table(self.name, self.rows, entries, ignored, self.explained, troubles, coded.INFUSIONS if self.infused else (),
                     present if self.infused else None, self.sha256)


def _tables(texts: Iterable[Text], documents: dict[str, bool], context: Context, limits: Limits) -> Iterator[Table]:
    for text in texts:
        context.forget({})
        plain = Plain(context)
        yield from (_document if documents[text.name] else _lines)(text, plain, context, limits)


def _document(text: Text, plain: Plain, context: Context, limits: Limits) -> Iterator[Table]:
    orjson = needs("orjson")
    piece = _Piece(text.name, text.sha256, plain)
    data = fhir_files.document(text, limits).data
    try:
        value = orjson.loads(data)
    except ValueError as error:
        if data.strip():
            piece.rows = 1
            piece.trouble(1, f"not JSON ({_POSITION.sub('', str(error))})", "The file was cut off or damaged, or is not JSON in UTF-8.")
        yield piece.table()
        return
    _resources(value, 1, piece, plain, context)
    piece.infused.clear()  # one document is no bulk export
    yield piece.table()


def _resources(value: Any, row: int, piece: _Piece, plain: Plain, context: Context) -> int:
    """All resources of a line or document, from this row on; the next row."""
    if type(value) is not dict:
        piece.rows += 1
        refused = wrong("the line or file", value, "a JSON object")
        piece.trouble(row, refused.what, refused.fix)
        return row + 1
    if value.get("resourceType") != "Bundle":
        piece.rows += 1
        if not plain.take(row, value):
            piece.take(row, value, context)
        return row + 1
    entries, local = _flat(value)
    infused = set(piece.infused)
    context.forget(local)
    plain.forget()
    for entry in entries:
        piece.rows += 1
        if entry.resource is not None:
            if not plain.take(row, entry.resource):
                piece.take(row, entry.resource, context)
        elif isinstance(entry.problem, RefusedError):
            piece.trouble(row, entry.problem.what, entry.problem.fix)
        elif entry.problem is not None:
            piece.explain(entry.problem.why)
        row += 1
    piece.infused = infused  # a Bundle is a selection, not an export of all that was given
    context.forget({})
    plain.forget()
    return row


def _lines(text: Text, plain: Plain, context: Context, limits: Limits) -> Iterator[Table]:
    loads, most = needs("orjson").loads, limits.most_bytes
    piece = _Piece(text.name, text.sha256, plain)
    row = 1
    for _, block, too_long in fhir_files.blocks(text, limits):
        if too_long is not None:
            piece.rows += 1
            piece.trouble(row, too_long.trouble, too_long.fix)
            row += 1
            continue
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for line in lines:
            try:
                if len(line) > most:
                    raise RefusedError(f"a line of more than {limits.most_mb:g} MB, which was not read", "If it is what it should be, allow more (most_mb).")
                value = loads(line)
            except RefusedError as refused:
                piece.trouble(row, refused.what, refused.fix)
            except ValueError as error:
                if line.strip():
                    piece.trouble(row, f"not JSON ({_POSITION.sub('', str(error))})", "The line was cut off or damaged, or is not JSON in UTF-8.")
                else:
                    piece.explain("a blank line")
            else:
                if type(value) is dict and value.get("resourceType") != "Bundle":
                    if not plain.take(row, value):
                        piece.take(row, value, context)
                else:
                    row = _resources(value, row, piece, plain, context)
                    continue
            row += 1
            piece.rows += 1
        if piece.rows >= _PIECE:
            yield piece.table()
            piece = _Piece(text.name, text.sha256, plain)
    yield piece.table()
