"""The page of a cohort's report: one file that stands alone, with every table and figure and what they rest on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.cite import Reference, bibliography, is_local
from tocsin.cohort.parts import CohortReport, FigurePart, Section, TablePart
from tocsin.show.cohort.tables import is_heading, is_indented, numeric, rows
from tocsin.show.html_report import _environment
from tocsin.show.inline import element, own_ids
from tocsin.show.wording import STANDING

MOST_ROWS = 200
"""A table shows so many rows on the page; its files hold all of them, and the page says how many more there are."""
WIDE = 7
"""Columns from which a table is set closer in print."""
SIZE = re.compile(r"\(n = (\d+)\)")
NUMBERED = re.compile(r"(Table|Figure) \w+")
VIEW_BOX = re.compile(r'viewBox="[\d.\-]+ [\d.\-]+ ([\d.]+) [\d.]+"')


@dataclass(frozen=True)
class Files:
    """Where the files of a part lie, as the page links them: (what it is, path beside the page)."""

    of_tables: Mapping[str, tuple[tuple[str, str], ...]]
    of_figures: Mapping[str, tuple[tuple[str, str], ...]]


def page(report: CohortReport, pictures: Mapping[str, str], files: Files, manifest: Iterable[tuple[str, str]] = ()) -> str:
    """The page.  ``pictures`` holds for each figure its id and the text of its SVG file, or an <img> where the drawing is too large to be one."""
    references = references_of(report)
    number = {r.key: i for i, r in enumerate(references, start=1)}
    tables = {t.id: i for i, t in enumerate(report.tables, start=1)}
    figures = {f.id: i for i, f in enumerate(report.figures, start=1)}

    def part(one: TablePart | FigurePart) -> dict[str, Any]:
        if isinstance(one, TablePart):
            return _table(one, tables[one.id], files.of_tables.get(one.id, ()))
        return _figure(one, figures[one.id], pictures.get(one.id, ""), files.of_figures.get(one.id, ()))

    sections = [{
        "id": s.id, "title": s.title, "text": s.text, "warnings": s.warnings, "left_out": s.left_out, "parts": [part(p) for p in s.parts],
        "references": sorted({number[k] for k in _keys(s.cites)}),
    } for s in report.sections]
    return _environment().get_template("cohort.html.j2").render(
        title=report.title, subtitle=report.subtitle, standing=STANDING, synthetic=report.synthetic, sections=sections,
        warned=[s for s in report.sections if s.warnings],
        left_out=[s for s in report.sections if s.left_out], methods=methods_of(report), references=references, manifest=list(manifest),
    )


def references_of(report: CohortReport) -> list[Reference]:
    """Every source that the report cites, in the order in which it is met; so they are numbered from 1."""
    return bibliography(c for s in report.sections for c in s.cites)


def methods_of(report: CohortReport) -> list[tuple[str, list[int]]]:
    """The sentences of each section for the methods, each once, with the numbers of the references behind them."""
    number = {r.key: i for i, r in enumerate(references_of(report), start=1)}
    said: set[str] = set()
    out = []
    for s in report.sections:
        fresh = [m for m in dict.fromkeys(s.methods) if m not in said]
        said.update(fresh)
        if fresh:
            out.append((" ".join(fresh), sorted({number[k] for k in _keys(s.cites)})))
    return out


def methods_text(report: CohortReport) -> str:
    """The methods as a paragraph of plain text, and the references that it numbers."""
    sentences = [f"{text} [{_ranges(numbers)}]" if numbers else text for text, numbers in methods_of(report)]
    listed = [f"{i}. {r.text}{f' {r.link}' if r.link else ''}" for i, r in enumerate(references_of(report), start=1)]
    head = [report.title, *([f"SYNTHETIC: {report.synthetic}"] if report.synthetic else []), STANDING]
    return "\n".join([*head, "", "Methods", "", " ".join(sentences) or "No analysis was done.", *(["", "References", "", *listed] if listed else []), ""])


def _keys(cites: Iterable[str]) -> list[str]:
    parts = [part.strip() for one in cites for part in one.split(";") if part.strip()]
    return [p if is_local(p) else p.split(":", 1)[0] for p in parts]


def _ranges(numbers: list[int]) -> str:
    """Numbers of references as journals print them: 1, 3-6."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}, {r[1]}" if len(r) == 2 else f"{r[0]}-{r[-1]}" for r in runs)


def _named(kind: str, number: int, title: str) -> str:
    """The title with its number, unless it brings one."""
    return "" if NUMBERED.match(title) else f"{kind} {number}."


def _table(one: TablePart, number: int, files: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    lines, right = rows(one.frame), numeric(one.frame)
    shown = [{"heading": is_heading(r), "indented": is_indented(r), "cells": r} for r in lines[:MOST_ROWS]]
    return {
        "kind": "table", "id": one.id, "number": _named("Table", number, one.title), "title": one.title,
        "columns": [SIZE.sub("(n\u00a0=\u00a0\\1)", c) for c in one.frame.columns],
        "right": right, "narrow": len(right) <= 3 and all(right[1:]), "wide": len(right) >= WIDE,
        "rows": shown, "more": len(lines) - len(shown), "notes": one.notes,
        "files": files,
    }


def _figure(one: FigurePart, number: int, picture: str, files: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    wide = VIEW_BOX.search(picture)
    drawn = picture
    if "<svg" in picture:
        drawn = element(own_ids(picture, f"{one.id}-"), one.title, one.caption or one.title, prefix=f"figure-{one.id}", role="img")
    return {
        "kind": "figure", "id": one.id, "number": _named("Figure", number, one.title), "title": one.title, "caption": one.caption,
        "picture": drawn, "width": float(wide.group(1)) if wide else 510.0, "files": files,
    }


__all__ = ["Files", "Section", "methods_of", "methods_text", "page", "references_of"]
