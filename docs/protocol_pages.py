"""The pages of the protocols: each chapter as a table, the source's words beside the rules that say them."""

from __future__ import annotations

from typing import Any

from wording import anchor, cell, cited, one_line, page_of, sentence, settings_table

WIDE = ["---", "hide: [toc]", "---", ""]
NOT_ADVICE = "These pages describe published guidelines for research; they are not advice for the care of a patient."


def protocol_pages() -> dict[str, str]:
    """The index of protocols, and a page for each."""
    from tocsin.protocols import PROTOCOLS

    pages = {f"reference/protocols/{name}.md": protocol_page(one) for name, one in PROTOCOLS.items()}
    return {"reference/protocols.md": index_page(), **pages}


def index_page() -> str:
    """Every protocol with its chapters, how many rules it has and what its grades mean."""
    from tocsin.protocols import PROTOCOLS

    out = ["# Protocols", "", f"What a guideline asks for, as cited rules over the state and the history of a patient. {NOT_ADVICE}", "",
           "| protocol | title | chapters | rules | its grades of CRS |", "|---|---|---|--:|---|"]
    for name, one in PROTOCOLS.items():
        chapters = "; ".join(c.title for c in one.chapters)
        out.append(f"| [`{name}`](protocols/{name}.md) | {cell(one.title)} | {cell(chapters)} | {len(one.rules)} | {_scale(one.scale, '')} |")
    return page_of(out)


def protocol_page(one: Any) -> str:
    """One protocol: the printed table beside the rules, then each chapter, the errors of the source and the settings."""
    out = [*WIDE, f"# {one_line(one.title)}", "", f"`{one.id}`. {NOT_ADVICE}", "", *[f"- {one_line(note)}" for note in one.notes], ""]
    if one.printed:
        out += ["## The printed table and the rules", "",
                "What the source prints, cell by cell, and the rules that say it here. Where there is none, why.", "",
                "| grade | manifestation | the source prints | rules |", "|---|---|---|---|"]
        for row in one.printed:
            rules = ", ".join(f"[`{code}`](#{anchor(one.id, code)})" for code in row.rules)
            said = "; ".join(x for x in (rules, f"*{cell(row.note)}*" if row.note else "") if x)
            out.append(f"| {row.grade} | {cell(row.manifestation)} | {cell(row.text)} | {said} |")
        out.append("")
    for chapter in one.chapters:
        out += [f"## {one_line(chapter.title)}", "",
                f"Grades by {_scale(chapter.scale, '../')}. Findings put down to {' or '.join(chapter.counts)} count.", "",
                "| rule | the source says | due when | asks for |", "|---|---|---|---|"]
        out += [_row(one, rule) for rule in chapter.rules]
        out.append("")
        out += _blocks(chapter)
        readings = [f"- `{rule.code}`: {one_line(rule.reading)}" for rule in chapter.rules if rule.reading]
        out += ["**How the source is read**", "", *dict.fromkeys(readings), ""] if readings else []
    if one.corrections:
        out += ["## Errors of the source, and how they are read", "", *[f"* {one_line(c)}" for c in one.corrections], ""]
    return page_of([*out, *settings_table(one, "../")])


def _row(one: Any, rule: Any) -> str:
    dose = rule.dose.for_weight(None)[1].partition("; ")[0] if rule.dose is not None else ""
    kinds = [word for word, holds in (("experimental", rule.experimental), ("allowed, not asked for", rule.optional),
                                      (f"instead of {rule.instead_of}", rule.instead_of)) if holds]
    asks = [f"**{cell(rule.action)}**" + (f" ({', '.join(kinds)})" if kinds else "")]
    asks += [cell(", ".join(x for x in (dose, rule.route or "") if x))] if dose or rule.route else []
    asks += [f"*Not while* {', '.join(f'`{b.code}`' for b in rule.blocked_by)}"] if rule.blocked_by else []
    asks += [f"*Says also:* {cell(words)}" for _, words in rule.remarks]
    source = f"{cell(rule.source_text)} ({cited(rule.cites, '../')}, {rule.mark.value})"
    return f"| `{rule.code}`{{ #{anchor(one.id, rule.code)} }} | {source} | {cell(sentence(rule.english()))} | {'<br>'.join(asks)} |"


def _blocks(chapter: Any) -> list[str]:
    """What forbids the treatments of a chapter, each once."""
    if not chapter.blocks:
        return []
    rows = [f"| `{b.code}` | {cell(sentence(b.says))} | {cited(b.cites, '../')} | {b.mark.value} |" for b in chapter.blocks]
    return ["**What forbids a treatment**", "", "| block | it holds while | source | mark |", "|---|---|---|---|", *dict.fromkeys(rows), ""]


def _scale(scale: Any, up: str) -> str:
    return f"[{cell(scale.title)}]({up}scales.md#{anchor(scale.id)})"
