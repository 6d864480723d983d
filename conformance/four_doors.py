"""Reads the same 100 patients from CLIF, MEDS, OMOP and FHIR, compares what each door makes of them, and writes docs/four-doors.md.

    python conformance/four_doors.py --data FOLDER            write the page
    python conformance/four_doors.py --data FOLDER --check    exit with 1 when the page is not current

FOLDER holds mimic4demo_clif, mimic4demo_meds, mimic4demo_omop and mimic4demo_fhir (the MIMIC-IV demo of PhysioNet in four forms).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from doors_compared.everything import compare
from doors_compared.page import page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "four-doors.md"


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    text = page(compare(given.data))
    if not given.check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/four-doors.md is not current; run: python conformance/four_doors.py --data FOLDER", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
