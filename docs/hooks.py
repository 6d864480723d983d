"""Reference pages of the manual, written from Tocsin's own tables each time the manual is built.

MkDocs calls ``on_files``; ``pages`` can be called without MkDocs.  A table that cannot be imported stops the build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_pages import PICTURE, equations_page, model_picture
from protocol_pages import protocol_pages
from wording import anchor, as_markdown, cell, cited, codes, limits_text, one_line, page_of, sentence, setting_rows, settings_table

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages to those found in the folder."""
    from mkdocs.structure.files import File

    for path, text in (*pages().items(), *pictures().items()):
        files.append(File.generated(config, path, content=text))
    return files


def pictures() -> dict[str, str]:
    """Every generated picture: its path in the manual, and its SVG."""
    return {PICTURE: model_picture()}


def pages() -> dict[str, str]:
    """Every generated page: its path in the manual, and its Markdown."""
    return {
        "reference/concepts.md": concepts_page(),
        "reference/scales.md": scales_page(),
        **protocol_pages(),
        "reference/equations.md": equations_page(),
        "reference/monitoring.md": monitoring_page(),
        "reference/complications.md": complications_page(),
        "reference/cli.md": cli_page(),
        "reference/vectors.md": vectors_page(),
        "reference/references.md": references_page(),
    }


# ---------------------------------------------------------------- the pages


def concepts_page() -> str:
    """What a record can say: one section for each domain, one heading for each concept."""
    from tocsin.vocabulary import CONCEPTS

    out = [
        "# Concepts",
        "",
        f"What a record can say, in {len(CONCEPTS)} concepts. A name or an alias is accepted in any case. "
        "*Possible* limits what can be true: a value outside it is quarantined. "
        "*Plausible* limits what is usual: a value outside it is used, with a warning. "
        "*Carried forward* is how long one value counts before it is unknown again.",
        "",
    ]
    for domain in dict.fromkeys(str(concept.domain) for concept in CONCEPTS.values()):
        out += [f"## {domain.capitalize()}", ""]
        for concept in CONCEPTS.values():
            if str(concept.domain) == domain:
                out += [*_concept(concept), ""]
    return page_of(out)


def scales_page() -> str:
    """Every scale with its criteria and settings, and the readings where a source leaves room."""
    from tocsin.scales import SCALES

    out = [
        "# Scales",
        "",
        'A criterion means "at least this grade": the highest one met is the grade. Its code never changes meaning. '
        "A reading says what was chosen where the source leaves room, and why.",
        "",
    ]
    for scale_id, scale in SCALES.items():
        out += [f"## {one_line(scale.title)} {{ #{anchor(scale_id)} }}", ""]
        out += [f"`{scale_id}`, version {scale.version}. Source: {cited(scale.cites)}.", ""]
        out += _notes(scale)
        for criterion in scale.criteria:
            title = f"`{criterion.code}` · grade {criterion.grade}"
            out += [f"### {title} {{ #{anchor(scale_id, criterion.code)} }}", "", sentence(criterion.english()), ""]
            out += [*_reading(criterion), *_source(criterion), ""]
        for flag in getattr(scale, "flags", ()):
            out += [f"### `{flag.code}` · flag {{ #{anchor(scale_id, flag.code)} }}", ""]
            out += [f"{sentence(flag.says)} Set when: {sentence(flag.english())}", "", *_source(flag), ""]
        out += settings_table(scale)
    return page_of(out)


def complications_page() -> str:
    """Every sign that speaks for or against a complication, with its source."""
    from tocsin.protocols.complication_signs import SETTINGS, complication_signs
    from tocsin.protocols.complications import NO_VERDICT
    from tocsin.rules import settled

    out = ["# Complications and their signs", "", f"What `tocsin complications` looks for. {NO_VERDICT}", ""]
    for one in complication_signs(settled(SETTINGS, {})):
        out += [f"## {one_line(one.title)} {{ #{anchor(one.code)} }}", "", f"`{one.code.lower()}`. Source: {cited(one.cites)}.", ""]
        out += [f"*With CRS:* {one_line(one.association)}", ""] if one.association else []
        out += [f"*Traits:* {one_line(one.traits)}", "", *(f"- {one_line(r)}" for r in one.remarks), ""]
        for side, signs in (("for", one.speaks_for), ("against", one.speaks_against)):
            out += [f"| speaks {side} it | when | source | mark | reading |", "|---|---|---|---|---|"]
            out += [f"| {cell(s.says)} | {cell(s.predicate.english())} | {cited(s.cites)} | {s.mark} | {cell(s.reading)} |" for s in signs]
            out += [""]
    return page_of([*out, "## Settings", "", *setting_rows(SETTINGS)])


def monitoring_page() -> str:
    """Every item of the monitoring schedule: what, how often, when, and the words of the source."""
    from tocsin.protocols.schedule import schedule

    found = schedule()
    out = ["# Monitoring schedule", "", "What is watched after CAR-T cells, as cited items. How they are read: [Monitoring](../monitoring.md).", ""]
    out += _notes(found)
    for item in found.items:
        out += [f"## `{item.code}` · {one_line(item.what)} {{ #{anchor('monitoring', item.code)} }}", ""]
        often = "once" if item.every == float("inf") else f"every {item.every:g} h"
        done_by = "; ".join(" or ".join(f"`{c}`" for c in group) for group in item.done_by)
        out += [f"*When:* {sentence(f'{often}, {item.english()}')}", "", f"*Done by:* {done_by}.", ""]
        out += [f"> {one_line(item.source_text)}", "", *_reading(item), *_source(item), ""]
    return page_of([*out, *settings_table(found)])


def cli_page() -> str:
    """Every command of ``tocsin``, as its own --help says it."""
    import typer

    from tocsin.cli import app

    command = typer.main.get_command(app)
    out = ["# Commands", "", *as_markdown(command.help), ""]
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        out += _command(f"tocsin {name}", sub)
    return page_of([*out, *as_markdown(getattr(command, "epilog", None))])


def references_page() -> str:
    """The sources, and what the marks beside a number mean."""
    from tocsin.cite import REFERENCES, Mark

    out = [
        "# References",
        "",
        "Each threshold, dose and code in Tocsin names one of these sources, and carries a mark that says how its "
        "number was obtained.",
        "",
        "| mark | the number was |",
        "|---|---|",
        *(f"| {mark.value} | {cell(mark.sentence)} |" for mark in Mark),
        "",
    ]
    for key, reference in REFERENCES.items():
        where = f" <{reference.link}>" if reference.link else ""
        out += [f"`{key}`{{ #{anchor(key)} }}", f":   {one_line(reference.text)}{where}", ""]
    return page_of(out)


def vectors_page() -> str:
    """How many conformance vectors each scale has, and how many of each mark."""
    import json
    from pathlib import Path

    from tocsin.cite import Mark
    from tocsin.scales import SCALES

    folder = Path(__file__).resolve().parents[1] / "conformance" / "vectors"
    counts = {path.stem: json.loads(path.read_text(encoding="utf-8"))["vectors"] for path in sorted(folder.glob("*.json"))}
    total = sum(map(len, counts.values()))
    out = [
        "# Conformance vectors",
        "",
        f"{total} vectors for {len(counts)} scales. What they are and how to test a program with them: [Conformance](../conformance.md). "
        "The last columns count the vectors by the [mark](references.md) of their expected answer.",
        "",
        f"| scale | kind | criteria | vectors | {' | '.join(Mark)} |",
        f"|---|---|--:|--:|{'--:|' * len(Mark)}",
    ]
    for scale_id, scale in SCALES.items():
        vectors = counts.get(scale_id, [])
        marks = " | ".join(str(sum(vector["mark"] == mark for vector in vectors) or "") for mark in Mark)
        link = f"[`{scale_id}`](scales.md#{anchor(scale_id)})"
        out.append(f"| {link} | {scale.kind} | {len(scale.criteria)} | {len(vectors)} | {marks} |")
    return page_of(out)


# ---------------------------------------------------------------- parts of them


def _concept(concept: Any) -> list[str]:
    facts = {
        "kind": str(concept.kind),
        "unit": codes([concept.unit] if concept.unit else []),
        "also accepted": codes(unit for unit in concept.units if unit != concept.unit),
        "values": codes(concept.values),
        "plausible": limits_text(concept.plausible, concept.unit),
        "possible": limits_text(concept.possible, concept.unit),
        "carried forward": "" if concept.carry_forward_hours is None else f"{concept.carry_forward_hours:g} h",
        "also called": ", ".join(concept.aliases),
        "codes": _codes(concept),
        "note": one_line(concept.note),
    }
    rows = [f"| {name} | {cell(value)} |" for name, value in facts.items() if value]
    title = one_line(concept.title)
    return [f"### `{concept.name}` {{ #{anchor(concept.name)} }}", "", f"{title}.", "", "| | |", "|---|---|", *rows]


def _codes(concept: Any) -> str:
    systems = {
        "LOINC": concept.loinc,
        "RxNorm": concept.rxnorm,
        "SNOMED CT": concept.snomed,
        "OMOP": concept.omop,
        "CLIF": concept.clif,
    }
    parts = [f"{system} {', '.join(str(code) for code in codes)}" for system, codes in systems.items() if codes]
    mark = f" (mark {concept.code_mark})" if parts and concept.code_mark else ""
    return "; ".join(parts) + mark


def _command(path: str, command: Any) -> list[str]:
    """One command with its arguments and options; the commands under it follow."""
    if getattr(command, "hidden", False):
        return []
    out = [f"## {path} {{ #{anchor(path)} }}", "", *as_markdown(command.help), ""]
    shown = [param for param in command.params if not getattr(param, "hidden", False) and param.name != "help"]
    if shown:
        out += ["| | | default |", "|---|---|---|", *(_param(param) for param in shown), ""]
    out += [*as_markdown(getattr(command, "epilog", None)), ""]
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        out += _command(f"{path} {name}", sub)
    return out


def _param(param: Any) -> str:
    is_option = param.opts[0].startswith("-")
    names = [*param.opts, *param.secondary_opts] if is_option else [(param.metavar or param.name).upper()]
    default = param.default() if callable(param.default) else param.default
    if param.required:
        shown = "required"
    elif default in (None, False, "", [], ()):
        shown = ""
    else:
        shown = f"`{getattr(default, 'value', default)}`"
    return f"| {codes(names)} | {cell(param.help or '')} | {cell(shown)} |"


def _notes(owner: Any) -> list[str]:
    """The notes of a scale or protocol as a list."""
    notes = getattr(owner, "notes", ())
    return [*(f"- {one_line(note)}" for note in notes), ""] if notes else []


def _reading(rule: Any) -> list[str]:
    reading = one_line(getattr(rule, "reading", "") or "")
    return [f"*Reading:* {reading}", ""] if reading else []


def _source(rule: Any) -> list[str]:
    mark = getattr(rule, "mark", "")
    marked = f" Mark {getattr(mark, 'value', mark)}." if mark else ""
    return [f"*Source:* {cited(rule.cites)}.{marked}"] if rule.cites else [marked.strip()]
