"""Writes concepts.json: what each concept means that the vectors use, from Tocsin's vocabulary.

    python conformance/concepts.py            write it
    python conformance/concepts.py --check    exit with 1 when it is not current

Needs Tocsin.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tocsin.timeline.completeness import CLOSABLE
from tocsin.vocabulary import CONCEPTS

HERE = Path(__file__).resolve().parent


def used() -> set[str]:
    """The concepts of all vectors: in events, in what is undecided or complete, and those that a patient's limits and baselines are of."""
    out: set[str] = set()
    for path in (HERE / "vectors").glob("*.json"):
        for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"]:
            out |= {event["concept"] for event in vector["events"]}
            out |= set(vector["expected"].get("undecided", ())) | set(vector.get("complete", ()))
            out |= {name.partition("_")[2] for name in vector.get("patient", {})}
    return out & set(CONCEPTS)


def text() -> str:
    """The file: one concept a line, so that a change can be read."""
    lines = []
    for name in sorted(used()):
        concept = CONCEPTS[name]
        facts = {
            "title": concept.title, "kind": str(concept.kind), "domain": str(concept.domain), "unit": concept.unit, "values": list(concept.values),
            "valid_hours": concept.carry_forward_hours,
        }
        lines.append(f"{json.dumps(name)}: {json.dumps(facts, ensure_ascii=False)}")
    note = ("unit: that of every value (1: a bare number; null: coded or given). values: the coded values beside absent, present and unknown. "
            "valid_hours: how long one value counts before it is unknown again (null: no limit, or not a state). "
            f"domain: may be declared complete where it is one of {', '.join(CLOSABLE)}.")
    return "{\n" + ",\n".join([f'"$comment": {json.dumps(note)}', *lines]) + "\n}\n"


def main() -> int:
    """Write or check the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    path = HERE / "concepts.json"
    if not parser.parse_args().check:
        path.write_text(text(), encoding="utf-8")
        return 0
    if path.read_text(encoding="utf-8") == text():
        return 0
    print("conformance/concepts.json is not current; run: python conformance/concepts.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
