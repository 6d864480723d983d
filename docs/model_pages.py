"""The page of the equations, and the picture of the model: written from the text of the model, its table and its reasons."""

from __future__ import annotations

from collections import Counter
from typing import Any

from wording import anchor, cell, one_line, page_of, sentence

WIDE = ["---", "hide: [toc]", "---", ""]
PICTURE = "images/model.svg"
LINE = 92
"""An equation longer than this is broken between its terms."""


def equations_page() -> str:
    """Every equation by block, with its reason, its unit, its source and its numbers."""
    from tocsin.model.load import assumed, loaded, products
    from tocsin.show.model_text import STATUS_WORDS

    model = loaded()
    system = model.system
    counts = Counter(p.status for p in system.parameters)
    out = [*WIDE, "# The equations", "",
           f"The model of cytokine release syndrome, equation by equation: {len(system.states)} states, {len(system.assigned)} quantities that follow "
           f"from them, {len(system.parameters)} parameters. Time is in days. The page is written from the model itself each time the manual is built. "
           "What the model is and what it does not say: [The mechanistic model](../mechanistic-model.md).", "",
           "!!! warning", f"    Not for clinical use. Of the parameters, {len(assumed(system))} are assumed: no source gives them.", "",
           "![The model drawn: boxes for cells, cytokines, receptors, organs and drugs; arrows for what raises and what lowers]"
           f"(../{PICTURE}){{ width=800 }}", "",
           "The same picture as a file: `tocsin model --diagram -o model.svg` (or `.png`, `.pdf`). [What it leaves out](#left-out-of-the-picture).", "",
           "| status | a number was | parameters |", "|---|---|--:|",
           *(f"| {s} | {cell(words)} | {counts[s]} |" for s, words in STATUS_WORDS.items() if counts[s]), ""]
    blocks = [b for b in model.text.blocks if b.statements]
    out += ["Contents: " + " · ".join(f"[{one_line(b.title)}](#{_at(b)})" for b in blocks)
            + " · [Doses](#doses) · [Products](#products) · [Left out of the picture](#left-out-of-the-picture) · [References](#references)", ""]
    out += _functions(model)
    told: set[str] = set()
    for block in blocks:
        out += _block(model, block, told)
    out += _doses(model, told)
    out += ["## Products", "", "What a product changes in these numbers.", "",
            "| product | parameter | value | unit | status | source |", "|---|---|--:|---|---|---|"]
    for product in products().values():
        out += [f"| {cell(product.title)} | `{p.name}` | {p.value:g} | {_unit(p.unit)} | {p.status} | {_cited(p.source)} |" for p in product.parameters]
    out += ["", *_left_out(), *_references(model)]
    return page_of(out)


def model_picture() -> str:
    """The diagram as SVG, its letters as outlines: it looks the same whatever fonts a reader has."""
    import io

    from tocsin.show.model_diagram import write_model

    file = io.BytesIO()
    write_model(file, "svg", outlines=True)
    return file.getvalue().decode("utf-8")


def _at(block: Any) -> str:
    return f"block-{anchor(block.title).lower()}"


def _functions(model: Any) -> list[str]:
    out = ["## How it is written", "", "A rate `d x / dt` is the change of a state in a day. Three functions give curves their shape:", "", "```text"]
    out += [f"{f.name}({', '.join(f.arguments)}) = {' '.join(_terms(f.body))}" for f in model.text.functions.values()]
    return [*out, "```", ""]


def _block(model: Any, block: Any, told: set[str]) -> list[str]:
    """One block: what it does, each equation, and the parameters that stand here for the first time."""
    from tocsin.model.expression import names
    from tocsin.model.reasons import reasons

    text = model.text
    quantities = {q.name: q for q in (*model.system.states, *model.system.assigned)}
    parameters = {p.name: p for p in model.system.parameters}
    out = [f"## {one_line(block.title)} {{ #{_at(block)} }}", "", one_line(" ".join(block.says)), ""]
    used: list[str] = []
    for kind, name in block.statements:
        line = {"start": text.starts, "assigned": text.assigned, "rate": text.rates}[kind][name]
        used += [n for n in names(line.tree) if n in parameters]
        if kind == "start":
            continue
        one = quantities[name]
        head = f"d {name} / dt" if kind == "rate" else name
        unit = "" if one.unit == "1" else f", in {one_line(one.unit)}"
        out += [f"`{name}`{{ #{anchor(name)} }}: {sentence(f'{one_line(one.meaning)}{unit}')}{_from(one.source)}", "", "```text",
                *_equation(head, line.tree)]
        out += [f"at the start: {' '.join(_terms(text.starts[name].tree))}"] if kind == "rate" else []
        out += ["```", ""]
        if name in reasons():
            reason = reasons()[name]
            out += [f"*Why:* {sentence(reason.why)}{_from(reason.source)}", ""]
    fresh = [n for n in dict.fromkeys(used) if n not in told]
    told.update(fresh)
    return [*out, *_parameters([parameters[n] for n in fresh])]


def _parameters(some: list[Any]) -> list[str]:
    if not some:
        return []
    rows = ["| parameter | meaning | value | unit | between patients | status | source |", "|---|---|--:|---|--:|---|---|"]
    rows += [f"| `{p.name}` | {cell(p.meaning)} | {p.value:g} | {_unit(p.unit)} | {f'{p.cv:.0%}' if p.cv else ''} | {p.status} | {_cited(p.source)} |"
             for p in some]
    return ["**Numbers**", "", *rows, "", *(["Between patients: the coefficient of variation, log-normal.", ""] if any(p.cv for p in some) else [])]


def _doses(model: Any, told: set[str]) -> list[str]:
    from tocsin.model.expression import names, parse

    system = model.system
    parameters = {p.name: p for p in system.parameters}
    out = ["## Doses", "", "A dose of one unit adds so much to a state; over a time, it sets the rate of an infusion.", "",
           "| drug | dose in | adds to | for each unit | infusion |", "|---|---|---|---|---|"]
    for name, how in system.drugs.items():
        out.append(f"| {cell(name.replace('_', ' '))} | {_unit(how.unit)} | [`{how.target}`](#{anchor(how.target)}) | `{how.factor}` | "
                   f"{f'`{how.rate_input}`' if how.rate_input else 'at once'} |")
    fresh = [n for n in dict.fromkeys(n for how in system.drugs.values() for n in names(parse(how.factor)) if n in parameters) if n not in told]
    told.update(fresh)
    return [*out, "", *_parameters([parameters[n] for n in fresh])]


def _left_out() -> list[str]:
    from tocsin.show.model_map import BOXES, DRUGS, LEFT_OUT

    words = {**{b.id: _title(b) for b in BOXES}, **{name: d.name for name, d in DRUGS.items()}}
    out = ["## Left out of the picture", "", "Every other influence in the equations is an arrow of the picture.", "",
           "| what | acts on | why it is not drawn |", "|---|---|---|"]
    for sources, targets, reason in LEFT_OUT:
        out.append(f"| {cell(', '.join(words[s] for s in sources))} | {cell(', '.join(words[t] for t in targets))} | {cell(reason)} |")
    return [*out, ""]


def _title(box: Any) -> str:
    """The words of a box as one phrase, with the place where several boxes have the same words."""
    from tocsin.show.model_map import BOXES, REGIONS

    words = " ".join(box.words).replace("- ", "")
    if sum(b.words == box.words for b in BOXES) == 1:
        return words
    place = next(r for r in reversed(REGIONS) if r.x <= box.x <= r.x + r.width and r.y <= box.y <= r.y + r.height)
    return f"{words} ({place.title.lower()})"


def _references(model: Any) -> list[str]:
    from tocsin.cite import REFERENCES
    from tocsin.model.load import OWN_SOURCES, products
    from tocsin.model.reasons import reasons

    system = model.system
    everything = (*system.parameters, *system.states, *system.assigned, *reasons().values(), *(p for one in products().values() for p in one.parameters))
    keys = sorted({k.strip() for q in everything for k in q.source.split(",")} - set(OWN_SOURCES))
    out = ["## References", ""]
    for key in keys:
        text = model.references.get(key) or REFERENCES[key].text
        link = f" <{REFERENCES[key].link}>" if key in REFERENCES and REFERENCES[key].link else ""
        out += [f"`{key}`{{ #ref-{anchor(key)} }}", f":   {one_line(text)}{link}", ""]
    return out


# ---------------------------------------------------------------- words and signs


def _unit(unit: str) -> str:
    return "" if unit == "1" else cell(unit)


def _cited(source: str) -> str:
    from tocsin.model.load import OWN_SOURCES

    return ", ".join(f"[{k}](#ref-{anchor(k)})" for k in (k.strip() for k in source.split(",")) if k not in OWN_SOURCES)


def _from(source: str) -> str:
    """" After [stein2019]." for a source, and whether it is assumed."""
    keys = _cited(source)
    return f" After {keys}." if keys else " Assumed." if source == "assumed" else ""


def _equation(head: str, tree: Any) -> list[str]:
    """An equation on one line, or with a line for each term."""
    terms = _terms(tree)
    whole = f"{head} = {' '.join(terms)}"
    if len(whole) <= LINE or len(terms) == 1:
        return [whole]
    return [f"{head} =", *(f"    {'  ' if k == 0 and not t.startswith('−') else ''}{t}" for k, t in enumerate(terms))]


def _terms(tree: Any) -> list[str]:
    """The terms of a sum, each after the first with its sign."""
    from tocsin.model.expression import Negative, Operation, write

    match tree:
        case Operation("+" | "-" as sign, left, right):
            after = f"({write(right)})" if isinstance(right, Operation) and right.sign in "+-" else write(right)
            return [*_terms(left), f"{'−' if sign == '-' else '+'} {_signs(after)}"]
        case Negative(of):
            return [f"−{_signs(write(of))}"]
    return [_signs(write(tree))]


def _signs(text: str) -> str:
    return text.replace(" * ", " × ").replace(" - ", " − ").replace("^2", "²")
