"""Reference pages of the manual, written from Tocsin's own tables each time the manual is built.

MkDocs calls ``on_files``; ``pages`` can be called without MkDocs.  A table that cannot be imported stops the build.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages to those found in the folder."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> dict[str, str]:
    """Every generated page: its path in the manual, and its Markdown."""
    return {
        "reference/concepts.md": concepts_page(),
        "reference/scales.md": scales_page(),
        "reference/protocols.md": protocols_page(),
        "reference/monitoring.md": monitoring_page(),
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
    return _text(out)


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
        out += [f"## {_line(scale.title)} {{ #{_anchor(scale_id)} }}", ""]
        out += [f"`{scale_id}`, version {scale.version}. Source: {_cites(scale.cites)}.", ""]
        out += _notes(scale)
        for criterion in scale.criteria:
            title = f"`{criterion.code}` · grade {criterion.grade}"
            out += [f"### {title} {{ #{_anchor(scale_id, criterion.code)} }}", "", _sentence(criterion.english()), ""]
            out += [*_reading(criterion), *_source(criterion), ""]
        for flag in getattr(scale, "flags", ()):
            out += [f"### `{flag.code}` · flag {{ #{_anchor(scale_id, flag.code)} }}", ""]
            out += [f"{_sentence(flag.says)} Set when: {_sentence(flag.english())}", "", *_source(flag), ""]
        out += _settings(scale)
    return _text(out)


def protocols_page() -> str:
    """Every protocol with its rules: when, what, and the words of the source."""
    from tocsin.protocols import PROTOCOLS

    out = [
        "# Protocols",
        "",
        "What a guideline asks for, as cited rules over the state and the history of a patient. "
        "These pages describe published guidelines for research; they are not advice for the care of a patient.",
        "",
    ]
    for protocol_id, protocol in PROTOCOLS.items():
        out += [f"## {_line(protocol.title)} {{ #{_anchor(protocol_id)} }}", "", f"`{protocol_id}`", ""]
        out += _notes(protocol)
        for rule in protocol.rules:
            out += [f"### `{rule.code}` · {_line(str(rule.action))} {{ #{_anchor(protocol_id, rule.code)} }}", ""]
            out += [f"*When:* {_sentence(rule.when.english())}", ""]
            if rule.dose is not None:
                out += [f"*Dose:* {_sentence(rule.dose.for_weight(None)[1])}" + (f" {_line(rule.route)}." if rule.route else ""), ""]
            for block in rule.blocked_by:
                out += [f"*Not while* {_sentence(block.says)} (`{block.code}`, {_line(block.cites)}, {block.mark.sentence})", ""]
            if source_text := _line(getattr(rule, "source_text", "") or ""):
                out += [f"> {source_text}", ""]
            out += [*_reading(rule), *_source(rule), ""]
        if protocol.corrections:
            out += ["### Errors of the paper, and how they are read", "", *[f"* {_line(c)}" for c in protocol.corrections], ""]
        out += _settings(protocol)
    return _text(out)


def monitoring_page() -> str:
    """Every item of the monitoring schedule: what, how often, when, and the words of the source."""
    from tocsin.protocols.schedule import schedule

    found = schedule()
    out = ["# Monitoring schedule", "", "What is watched after CAR-T cells, as cited items. How they are read: [Monitoring](../monitoring.md).", ""]
    out += _notes(found)
    for item in found.items:
        out += [f"## `{item.code}` · {_line(item.what)} {{ #{_anchor('monitoring', item.code)} }}", ""]
        often = "once" if item.every == float("inf") else f"every {item.every:g} h"
        done_by = "; ".join(" or ".join(_code([c]) for c in group) for group in item.done_by)
        out += [f"*When:* {_sentence(f'{often}, {item.english()}')}", "", f"*Done by:* {done_by}.", ""]
        out += [f"> {_line(item.source_text)}", "", *_reading(item), *_source(item), ""]
    return _text([*out, *_settings(found)])


def cli_page() -> str:
    """Every command of ``tocsin``, as its own --help says it."""
    import typer

    from tocsin.cli import app

    command = typer.main.get_command(app)
    out = ["# Commands", "", *_prose(command.help), ""]
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        out += _command(f"tocsin {name}", sub)
    return _text([*out, *_prose(getattr(command, "epilog", None))])


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
        *(f"| {mark.value} | {_cell(mark.sentence)} |" for mark in Mark),
        "",
    ]
    for key, reference in REFERENCES.items():
        where = f" <{reference.link}>" if reference.link else ""
        out += [f"`{key}`{{ #{_anchor(key)} }}", f":   {_line(reference.text)}{where}", ""]
    return _text(out)


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
        link = f"[`{scale_id}`](scales.md#{_anchor(scale_id)})"
        out.append(f"| {link} | {scale.kind} | {len(scale.criteria)} | {len(vectors)} | {marks} |")
    return _text(out)


# ---------------------------------------------------------------- parts of them


def _concept(concept: Any) -> list[str]:
    facts = {
        "kind": str(concept.kind),
        "unit": _code([concept.unit] if concept.unit else []),
        "also accepted": _code(unit for unit in concept.units if unit != concept.unit),
        "values": _code(concept.values),
        "plausible": _range(concept.plausible, concept.unit),
        "possible": _range(concept.possible, concept.unit),
        "carried forward": "" if concept.carry_forward_hours is None else f"{concept.carry_forward_hours:g} h",
        "also called": ", ".join(concept.aliases),
        "codes": _codes(concept),
        "note": _line(concept.note),
    }
    rows = [f"| {name} | {_cell(value)} |" for name, value in facts.items() if value]
    title = _line(concept.title)
    return [f"### `{concept.name}` {{ #{_anchor(concept.name)} }}", "", f"{title}.", "", "| | |", "|---|---|", *rows]


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
    out = [f"## {path} {{ #{_anchor(path)} }}", "", *_prose(command.help), ""]
    shown = [param for param in command.params if not getattr(param, "hidden", False) and param.name != "help"]
    if shown:
        out += ["| | | default |", "|---|---|---|", *(_param(param) for param in shown), ""]
    out += [*_prose(getattr(command, "epilog", None)), ""]
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
    return f"| {_code(names)} | {_cell(param.help or '')} | {_cell(shown)} |"


def _notes(owner: Any) -> list[str]:
    """The notes of a scale or protocol as a list."""
    notes = getattr(owner, "notes", ())
    return [*(f"- {_line(note)}" for note in notes), ""] if notes else []


def _settings(owner: Any) -> list[str]:
    """A table of the settings of a scale or protocol: what each one is, its default and its source."""
    settings = getattr(owner, "setting_docs", ())
    if not settings:
        return []
    out = ["**Settings**", "", "| name | default | meaning | source | mark |", "|---|---|---|---|---|"]
    for setting in settings:
        default = f"{_shown(setting.default)} {setting.unit}".strip()
        cells = (f"`{setting.name}`", _cell(default), _cell(setting.what), _cites(setting.cites), str(setting.mark))
        out.append(f"| {' | '.join(cells)} |")
    return [*out, ""]


def _shown(value: float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}"


def _reading(rule: Any) -> list[str]:
    reading = _line(getattr(rule, "reading", "") or "")
    return [f"*Reading:* {reading}", ""] if reading else []


def _source(rule: Any) -> list[str]:
    mark = getattr(rule, "mark", "")
    marked = f" Mark {getattr(mark, 'value', mark)}." if mark else ""
    return [f"*Source:* {_cites(rule.cites)}.{marked}"] if rule.cites else [marked.strip()]


# ---------------------------------------------------------------- wording


def _cites(cites: str | Iterable[str]) -> str:
    """Citations ``key:place`` as links to the page of references."""
    listed = [cites] if isinstance(cites, str) else list(cites)
    out = []
    for cite in listed:
        key, _, place = cite.partition(":")
        out.append(f"[{key}](references.md#{_anchor(key)})" + (f", {place.replace(':', ', ')}" if place else ""))
    return "; ".join(out)


def _anchor(*parts: str) -> str:
    """A heading's address; capitals stay, because ``C1.1`` and ``c1.1`` may both be codes."""
    return "-".join("".join(c if c.isalnum() else "-" for c in part) for part in parts)


def _line(text: str) -> str:
    return " ".join(str(text).split()).replace("<", "&lt;")


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names if name)


def _range(limits: tuple[float, float] | None, unit: str | None) -> str:
    return "" if limits is None else f"{limits[0]:g} to {limits[1]:g} {unit or ''}".rstrip()


def _sentence(text: str) -> str:
    text = _line(text)
    return text if text.endswith((".", ":")) else f"{text}."


def _prose(text: str | None) -> list[str]:
    """Help text as Markdown: paragraphs stay; indented blocks, and those after a backspace sign, become code."""
    out: list[str] = []
    for block in (text or "").split("\n\n"):
        lines = block.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            lines = lines[1:]
        prose = [line for line in lines if not line.startswith("  ")]
        code = [line.strip() for line in lines if line.startswith("  ")]
        if prose:
            out += [*(_line(line) for line in prose), ""]
        if code:
            out += ["```console", *code, "```", ""]
    return out


def _text(lines: Iterable[str]) -> str:
    """Lines as one text, with never more than one blank line in a row."""
    out: list[str] = []
    for line in lines:
        if line or (out and out[-1]):
            out.append(line)
    return "\n".join(out).rstrip() + "\n"
