"""The report of a cohort on disk: the page, every table as CSV and LaTeX, every figure as SVG, PNG and PDF, the methods, and all of it for machines.

``report.json`` names every file of the report.  A later report in the same folder replaces those and removes what it no longer has; a file that
no report of ours names is never touched.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.cohort.parts import CohortReport, FigurePart, TablePart
from tocsin.errors import CohortError
from tocsin.show.cohort.latex import latex
from tocsin.show.cohort.page import Files, methods_text, page, references_of
from tocsin.show.cohort.several import save_figures
from tocsin.show.cohort.tables import write_numbers, write_patients, write_printed
from tocsin.show.model import version
from tocsin.show.wording import STANDING

CONTRACT = "tocsin-cohort/1"
PAGE, METHODS, MACHINE = "report.html", "methods.txt", "report.json"
KINDS = ("svg", "png", "pdf")
LARGEST_SVG = 3_000_000
"""A drawing of more bytes than this stands on the page as its PNG, which browsers scroll better; its SVG lies beside the page all the same."""
ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
PATIENTS, COLUMNS = "patients-analysed.csv", "patients-analysed-columns.csv"
OURS = re.compile(r"(?:report\.html|report\.json|methods\.txt|patients-analysed(?:-columns)?\.csv|"
                  r"tables/[A-Za-z0-9._-]+\.(?:csv|tex)|figures/[A-Za-z0-9._-]+\.(?:svg|png|pdf))")


def write_cohort(report: CohortReport, out: Path, command: str = "", generated: str | None = None, patients: pl.DataFrame | None = None,
                 columns: Sequence[tuple[str, str]] = ()) -> list[Path]:
    """Write the report into the folder ``out`` and return its files, the page first.

    ``patients``, one row a patient as analysed, and what its ``columns`` mean, are written only where they are given: they are data of patients.

    ``command`` and ``generated`` (the time now, when not given) stand in what the report rests on.  CohortError when the folder holds something
    else than an earlier report, a file in the way is not of that report, or an id of the report is no name of a file.
    """
    stamp = generated or datetime.now(UTC).isoformat(timespec="seconds")
    _named_once(report)
    planned = [*_planned(report), *([PATIENTS, COLUMNS] if patients is not None else [])]
    earlier = _earlier(out)
    _nothing_in_the_way(out, planned, earlier)
    for folder in (out, out / "tables", out / "figures"):
        folder.mkdir(parents=True, exist_ok=True)
    about = {"contract": CONTRACT, "complete": False, "files": sorted({*planned, *earlier})}
    _write_json(out / MACHINE, about)  # should the writing break off, the next one knows what is ours
    for table in report.tables:
        _write_table(table, out / "tables", report.synthetic)
    if patients is not None:
        write_patients(patients, out / PATIENTS)
        write_patients(pl.DataFrame(columns, schema=["column", "meaning"], orient="row"), out / COLUMNS)
    save_figures(report.figures, report.arms, out / "figures", bool(report.synthetic))
    pictures = {f.id: _picture(f, out / "figures") for f in report.figures}
    manifest = _manifest(report, command, stamp)
    (out / PAGE).write_text(page(report, pictures, _files(report), manifest), encoding="utf-8")
    (out / METHODS).write_text(methods_text(report), encoding="utf-8")
    for name in sorted(set(earlier) - set(planned)):
        (out / name).unlink(missing_ok=True)
    for folder in (out / "tables", out / "figures"):
        if not any(folder.iterdir()):
            folder.rmdir()
    _write_json(out / MACHINE, {**about, "complete": True, "files": planned, **machine(report, manifest)})
    return [out / name for name in planned]


def usable(out: Path) -> None:
    """CohortError where a report could not be written into this folder, so that it is told before the analysis and not after it."""
    _earlier(out)
    there = next(p for p in (out, *out.absolute().parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise CohortError(f"{out}: the folder cannot be made or written in ({there} {'is not writable' if there.is_dir() else 'is a file'}).\n"
                          "  Name another place with --out.")


def machine(report: CohortReport, manifest: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """The report for machines: texts, every table as printed and with every digit, what is left out, and what it rests on.

    A number that is missing or not defined is null, an infinite one the text "inf" or "-inf".
    """
    return {
        "standing": STANDING, "title": report.title, "subtitle": report.subtitle, "synthetic": report.synthetic, "arms": list(report.arms),
        "sections": [{
            "id": s.id, "title": s.title, "text": list(s.text), "warnings": list(s.warnings), "left_out": list(s.left_out), "methods": list(s.methods),
            "cites": list(s.cites), "parts": [_part(p) for p in s.parts],
        } for s in report.sections],
        "warnings": [{"section": s.id, "text": w} for s in report.sections for w in s.warnings],
        "left_out": [{"section": s.id, "text": x} for s in report.sections for x in s.left_out],
        "methods": report.methods,
        "references": [{"key": r.key, "text": r.text, "link": r.link} for r in references_of(report)],
        "basis": [list(pair) for pair in manifest or report.basis],
    }


# ---------------------------------------------------------------------------------------------------- the parts
def _part(one: TablePart | FigurePart) -> dict[str, Any]:
    if isinstance(one, FigurePart):
        return {"kind": "figure", "id": one.id, "title": one.title, "caption": one.caption, "files": [p for _, p in _figure_files(one)]}
    numbers = one.frame if one.numbers is None else one.numbers
    return {"kind": "table", "id": one.id, "title": one.title, "notes": list(one.notes), "printed": _rows(one.frame), "numbers": _rows(numbers),
            "files": [p for _, p in _table_files(one)]}


def _rows(frame: pl.DataFrame) -> dict[str, Any]:
    return {"columns": frame.columns, "rows": [[_value(x) for x in row] for row in frame.iter_rows()]}


def _value(x: object) -> object:
    if isinstance(x, float) and not math.isfinite(x):
        return None if math.isnan(x) else "inf" if x > 0 else "-inf"
    if isinstance(x, list | tuple):
        return [_value(y) for y in x]
    return x if x is None or isinstance(x, str | int | float | bool) else x.isoformat() if isinstance(x, date) else str(x)


def _write_table(table: TablePart, folder: Path, synthetic: str) -> None:
    write_printed(table, folder / f"{table.id}.csv")
    if table.numbers is not None:
        write_numbers(table, folder / f"{table.id}-numbers.csv")
    told = dataclasses.replace(table, notes=(*table.notes, f"Synthetic: {synthetic}")) if synthetic else table
    (folder / f"{table.id}.tex").write_text(latex(told), encoding="ascii")


def _picture(figure: FigurePart, folder: Path) -> str:
    """What the page shows of a figure: its SVG, or its PNG where that is too large."""
    text = (folder / f"{figure.id}.svg").read_text(encoding="utf-8")
    if len(text) <= LARGEST_SVG:
        return text
    data = base64.b64encode((folder / f"{figure.id}.png").read_bytes()).decode("ascii")
    return f'<img class="figure" src="data:image/png;base64,{data}" alt="{escape(figure.caption or figure.title)}">'


def _table_files(table: TablePart) -> list[tuple[str, str]]:
    numbers = [("CSV with all digits", f"tables/{table.id}-numbers.csv")] if table.numbers is not None else []
    return [("CSV", f"tables/{table.id}.csv"), *numbers, ("LaTeX", f"tables/{table.id}.tex")]


def _figure_files(figure: FigurePart) -> list[tuple[str, str]]:
    return [(kind.upper(), f"figures/{figure.id}.{kind}") for kind in KINDS]


def _files(report: CohortReport) -> Files:
    return Files({t.id: tuple(_table_files(t)) for t in report.tables}, {f.id: tuple(_figure_files(f)) for f in report.figures})


def _planned(report: CohortReport) -> list[str]:
    """Every file of the report, the page first."""
    tables = [path for t in report.tables for _, path in _table_files(t)]
    return [PAGE, *tables, *(path for f in report.figures for _, path in _figure_files(f)), METHODS, MACHINE]


def _manifest(report: CohortReport, command: str, stamp: str) -> list[tuple[str, str]]:
    told = {name for name, _ in report.basis}
    ours = [("Command", command), ("Written", stamp), ("Software", f"Tocsin {version()}")]
    return [*report.basis, *((name, value) for name, value in ours if value and name not in told)]


# ---------------------------------------------------------------------------------------------------- the folder
def _named_once(report: CohortReport) -> None:
    for what, names in (
        ("section", [s.id for s in report.sections]), ("figure", [f.id for f in report.figures]),
        ("table", [n for t in report.tables for n in (t.id, *([f"{t.id}-numbers"] if t.numbers is not None else []))]),
    ):
        for name in names:
            if not ID.fullmatch(name):
                raise CohortError(f"the {what} {name!r} cannot name a file.\n  Use letters, digits, hyphens, dots and underscores.")
        twice = {n for n in names if [m.lower() for m in names].count(n.lower()) > 1}
        if twice:
            raise CohortError(f"the report has two {what}s whose files would be called {min(twice)!r}.\n  Give each its own id.")


def _earlier(out: Path) -> list[str]:
    """The files of the report that the folder holds; none where it is new or empty, CohortError where it holds something else."""
    if not out.exists():
        return []
    if not out.is_dir():
        raise CohortError(f"{out} is a file, and a report is a folder.\n  Name a folder that does not exist, is empty, or holds an earlier report.")
    if not any(out.iterdir()):
        return []
    try:
        told = json.loads((out / MACHINE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict) or told.get("contract") != CONTRACT or not isinstance(told.get("files"), list):
        raise CohortError(f"{out} is not empty and holds no report of a cohort.\n  Name a folder that does not exist, is empty, or holds an earlier report.")
    return [name for name in told["files"] if isinstance(name, str) and OURS.fullmatch(name) and _within(out, name)]


def _within(out: Path, name: str) -> bool:
    """Whether a file lies in the folder itself, and not where a link leads."""
    return (out / name).parent.resolve() in (out.resolve(), out.resolve() / "tables", out.resolve() / "figures")


def _nothing_in_the_way(out: Path, planned: Iterable[str], earlier: Iterable[str]) -> None:
    own = set(earlier)
    for name in planned:
        if name not in own and (out / name).exists():
            raise CohortError(f"{out / name} exists and is not part of the report that the folder holds.\n  Move it, or name another folder.")


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
