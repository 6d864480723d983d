"""Organ toxicity by CTCAE v4.03 for the analytes that the CARTOX scale grades here: AST, ALT, bilirubin, creatinine."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.rules import Either, Measure, Named, PatientLimit, Predicate, Setting

ULN_SETTINGS = (
    Setting("uln_ast", 40.0, "U/L", "upper limit of normal of AST; use your laboratory's", "tocsin:uln", Mark.DECISION, minimum=1, maximum=200),
    Setting("uln_alt", 40.0, "U/L", "upper limit of normal of ALT; use your laboratory's", "tocsin:uln", Mark.DECISION, minimum=1, maximum=200),
    Setting("uln_bilirubin", 1.2, "mg/dL", "upper limit of normal of total bilirubin; use your laboratory's", "tocsin:uln", Mark.DECISION,
            minimum=0.1, maximum=5),
    Setting("uln_creatinine", 1.2, "mg/dL", "upper limit of normal of creatinine; use your laboratory's (children: lower)", "tocsin:uln",
            Mark.DECISION, minimum=0.1, maximum=5),
)
"""Upper limits of normal belong to the laboratory; these defaults are common adult limits."""

TRANSAMINASE = (1.0, 3.0, 5.0, 20.0)
"""AST and ALT, CTCAE v4.03: grades 1 to 4 above this multiple of the upper limit of normal."""
BILIRUBIN = (1.0, 1.5, 3.0, 10.0)
CREATININE_ULN = (1.0, 1.5, 3.0, 6.0)
CREATININE_BASELINE = (1.0, 1.5, 3.0)
"""Creatinine against the patient's baseline: grades 1 to 3; grade 4 is defined against the upper limit of normal alone."""


def _times(multiple: float, upper_limit: float | bool) -> float:
    """The multiple of an upper limit of normal without binary dust, so that 3.6 is exactly 3 x 1.2."""
    return round(multiple * float(upper_limit), 9)


def transaminitis(grade: int, uln: Mapping[str, float | bool]) -> Predicate:
    """AST or ALT of at least this CTCAE v4.03 grade."""
    times = TRANSAMINASE[grade - 1]
    return Named(
        f"transaminitis_{grade}",
        Measure("ast", "U/L").above(_times(times, uln["uln_ast"])) | Measure("alt", "U/L").above(_times(times, uln["uln_alt"])),
        says=f"AST or ALT above {times:g} x the upper limit of normal", cites="ctcae403:AST, ALT", mark="V",
        reading="A normal AST does not tell the ALT: where one of them was not measured it is unknown.",
    )


def bilirubin(grade: int, uln: Mapping[str, float | bool]) -> Predicate:
    """Total bilirubin of at least this CTCAE v4.03 grade."""
    times = BILIRUBIN[grade - 1]
    return Named(
        f"bilirubin_{grade}", Measure("bilirubin_total", "mg/dL").above(_times(times, uln["uln_bilirubin"])),
        says=f"total bilirubin above {times:g} x the upper limit of normal", cites="ctcae403:bilirubin", mark="V",
    )


def creatinine(grade: int, uln: Mapping[str, float | bool]) -> Predicate:
    """Creatinine of at least this CTCAE v4.03 grade, against the upper limit of normal or the patient's baseline."""
    value = Measure("creatinine", "mg/dL")
    times = CREATININE_ULN[grade - 1]
    by_uln = value.above(_times(times, uln["uln_creatinine"]))
    if grade == 4:
        out: Predicate = by_uln
        says = f"creatinine above {times:g} x the upper limit of normal"
    else:
        base = CREATININE_BASELINE[grade - 1]
        out = Either(by_uln, value.above(PatientLimit("baseline_creatinine", f"{base:g} x baseline", factor=base)))
        says = f"creatinine above {times:g} x the upper limit of normal or {base:g} x baseline"
    return Named(f"creatinine_{grade}", out, says=says, cites="ctcae403:creatinine", mark="V")
