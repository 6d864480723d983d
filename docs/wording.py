"""How the generated pages of the manual word things: citations, anchors, cells, settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def cited(cites: str | Iterable[str], up: str = "") -> str:
    """Citations ``key:place`` as links to the page of references, which stands ``up`` from here."""
    listed = [cites] if isinstance(cites, str) else list(cites)
    out = []
    for cite in listed:
        key, _, place = cite.partition(":")
        out.append(f"[{key}]({up}references.md#{anchor(key)})" + (f", {place.replace(':', ', ')}" if place else ""))
    return "; ".join(out)


def anchor(*parts: str) -> str:
    """A heading's address; capitals stay, because ``C1.1`` and ``c1.1`` may both be codes."""
    return "-".join("".join(c if c.isalnum() else "-" for c in part) for part in parts)


def one_line(text: str) -> str:
    """The text on one line, safe in HTML."""
    return " ".join(str(text).split()).replace("<", "&lt;")


def cell(text: str) -> str:
    """``one_line``, safe in a table."""
    return one_line(text).replace("|", "\\|")


def codes(names: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names if name)


def limits_text(limits: tuple[float, float] | None, unit: str | None) -> str:
    """Two limits and their unit; empty where there are none."""
    return "" if limits is None else f"{limits[0]:g} to {limits[1]:g} {unit or ''}".rstrip()


def sentence(text: str) -> str:
    """``one_line`` with a full stop."""
    text = one_line(text)
    return text if text.endswith((".", ":")) else f"{text}."


def as_markdown(text: str | None) -> list[str]:
    """Help text as Markdown: paragraphs stay; indented blocks, and those after a backspace sign, become code."""
    out: list[str] = []
    for block in (text or "").split("\n\n"):
        lines = block.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            lines = lines[1:]
        prose = [line for line in lines if not line.startswith("  ")]
        code = [line.strip() for line in lines if line.startswith("  ")]
        if prose:
            out += [*(one_line(line) for line in prose), ""]
        if code:
            out += ["```console", *code, "```", ""]
    return out


def page_of(lines: Iterable[str]) -> str:
    """Lines as one text, with never more than one blank line in a row."""
    out: list[str] = []
    for line in lines:
        if line or (out and out[-1]):
            out.append(line)
    return "\n".join(out).rstrip() + "\n"


def settings_table(owner: Any, up: str = "") -> list[str]:
    """A table of the settings of a scale or protocol: what each one is, its default and its source."""
    settings = getattr(owner, "setting_docs", ())
    return ["**Settings**", "", *setting_rows(settings, up)] if settings else []


def setting_rows(settings: Iterable[Any], up: str = "") -> list[str]:
    """The rows of such a table, with their head."""
    out = ["| name | default | meaning | source | mark |", "|---|---|---|---|---|"]
    for setting in settings:
        default = f"{value_text(setting.default)} {setting.unit}".strip()
        cells = (f"`{setting.name}`", cell(default), cell(setting.what), cited(setting.cites, up), str(setting.mark))
        out.append(f"| {' | '.join(cells)} |")
    return [*out, ""]


def value_text(value: float | bool) -> str:
    """A setting's value: yes, no or a number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}"
