"""A proposal as a mapping file: what is likely stands as it would be used, what is not as a comment, and what is left at the end.

The file can be read as it is (``mapping_file.codes``); a person reads it first.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.sources.mapping_file import quoted
from tocsin.sources.propose import THRESHOLD, Proposal, doubts
from tocsin.sources.seen import Seen, Words
from tocsin.vocabulary import CONCEPTS

_MOST_LEFT = 500
_HEADER = """# Proposed by `tocsin map` from {origin}.  Nothing in this file is used until you give it to a command.
#
# Read every line first.  Before each stand the confidence (0 to 1), how many rows and patients have the item, the usual values
# (of two patients or more), and why.  A line with a confidence below {threshold:g} is a comment: take the # away if it is right.
"""


def text(origin: str, seen: Sequence[Seen], proposals: Sequence[Proposal], threshold: float = THRESHOLD) -> str:
    """The mapping file; ``seen``: every item, ``proposals``: those of the unknown ones."""
    out = [_HEADER.format(origin=comment(origin), threshold=threshold), "[about]", f"source = {quoted(f'proposed by tocsin map from {origin}')}", "", "[items]"]
    for one in proposals:
        out += ["", f"# {one.confidence:.2f}  {told(one.seen)}", f"# {comment('; '.join(one.why))}"]
        out.append(("" if one.confidence >= threshold else "# ") + entry(one))
    out += _values([one for one in proposals if one.confidence >= threshold])
    doubtful = doubts(seen)
    if doubtful:
        out += ["", "# Known already, and doubtful; leave one out with [ignore], or map it to something else above."]
        out += [f"#   {told(one)}: {one.concept} by {comment(one.known)}, but {comment(why)}   {quoted(one.item)}" for one, why in doubtful]
    out += _left([one for one in seen if not one.known and one.item not in {p.seen.item for p in proposals}])
    return "\n".join(out) + "\n"


def entry(one: Proposal) -> str:
    """The line of one item; with a unit where its rows tell none."""
    unit = one.unit if one.unit and None in one.seen.units else None
    return f"{quoted(one.seen.item)} = " + (f"{{ concept = {quoted(one.concept)}, unit = {quoted(unit)} }}" if unit else quoted(one.concept))


def told(one: Seen) -> str:
    """How often, for how many patients, between which values or with which words; nothing that only one patient has."""
    name = f"{comment(one.name)}: " if one.name and one.name != one.item else ""
    rows = f"{one.rows:,} {'row' if one.rows == 1 else 'rows'}"
    if one.patients:
        rows += f", {one.patients:,} {'patient' if one.patients == 1 else 'patients'}"
    units = ", ".join(unit for unit in list(one.units)[:3] if unit)
    values = one.shown_range or units or ", ".join(one.shown_words)
    return comment(f"{name}{rows}" + (f", {values}" if values else ""))


def comment(words: str) -> str:
    """Words on one line, without what a comment of TOML may not hold."""
    return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))


def _values(used: Sequence[Proposal]) -> list[str]:
    """Words of the proposed items that are no value of their concept, to be filled in."""
    lost: dict[str, list[Words]] = {}
    for one in used:
        if one.lost:
            lost.setdefault(one.concept, []).extend(word for word in one.seen.words if word.text in one.lost)
    out = []
    for concept, words in lost.items():
        out += ["", f"[values.{concept}]", f"# one of: {', '.join(CONCEPTS[concept].values)}"]
        out += [f'# {quoted(word.text)} = "?"   # {word.rows:,} rows' for word in sorted(words, key=lambda word: -word.rows)]
    return out


def _left(others: Sequence[Seen]) -> list[str]:
    if not others:
        return []
    out = ["", f"# Not proposed for: {len(others):,} items, the most frequent first."]
    out += [f"#   {told(one)}   {quoted(one.item)}" for one in others[:_MOST_LEFT]]
    rest = others[_MOST_LEFT:]
    return [*out, f"#   and {len(rest):,} more items with {sum(one.rows for one in rest):,} rows"] if rest else out
