"""Scales that mean nothing: every kind of claim and item that published scales use, close together."""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import AtLeast, Doses, EpisodeFor, Fact, Kept, Lasting, Masked, Measure, Observed, PatientLimit, RateSum, Within, present
from tocsin.scales import Criterion, EpisodeRule, Points, Scale, item

_T = Measure("temperature", "degC")
_AST = Measure("ast", "U/L")
_CREATININE = Measure("creatinine", "mg/dL")
_FERRITIN = Measure("ferritin", "ng/mL")
_PLATELETS = Measure("platelets", "10^9/L")
_FEVER = _T.at_least(38.0)
_HIGH_AST = _AST.above(PatientLimit("uln_ast", "3 x the upper limit of normal", factor=3.0, default=40.0))
_HIGH_CREATININE = _CREATININE.above(PatientLimit("baseline_creatinine", "1.5 x baseline", factor=1.5))
_PER_KG = RateSum((("norepinephrine", 1.0), ("epinephrine", 1.0)), PatientLimit("weight_kg", "0.2 ug/kg/min", factor=0.2), "ug/min",
                  "norepinephrine", "norepinephrine and epinephrine")
_CITES = {"cites": "tocsin:toy", "mark": Mark.MEMORY}
_SECOND = Doses(("acetaminophen",), "acetaminophen", "acetaminophen", 2, since_infusion=True)
_ONSET = _FEVER | present("hypotension")


def _criterion(code: str, grade: int, predicate) -> Criterion:
    return Criterion(code, grade, predicate, "tocsin:toy", Mark.MEMORY)


PAST = Scale(
    id="toy-past", version="1", title="A toy of the past", syndrome="none", cites=(), counts=("crs", "unknown"),
    episode=EpisodeRule(onset=_ONSET, active=_ONSET, suppressing=Doses(("acetaminophen",), "acetaminophen", "acetaminophen"),
                        quiet_hours=6.0, quiet_hours_suppressed=12.0, lapse_hours=3.0, new_episode_hours=6.0,
                        shown_by=("hypotension", "norepinephrine")),
    criteria=(
        _criterion("TWO", 1, AtLeast(2, (_FEVER, _HIGH_AST, _HIGH_CREATININE, present("hypotension")))),
        _criterion("SEEN", 1, Observed(_FERRITIN.above(10000.0) & EpisodeFor(_ONSET, 0.0), float("inf"))),
        _criterion("HIDDEN", 1, Masked(_ONSET, Doses(("acetaminophen",), "acetaminophen", "acetaminophen", hours=10.0), says="hidden")),
        _criterion("LONG", 2, EpisodeFor(_ONSET, 8.0)),
        _criterion("LATELY", 2, Observed(_FEVER, 10.0)),
        _criterion("EARLY", 2, Within(_T.at_least(38.5), 0.0, 12.0)),
        _criterion("LATER", 3, Within(AtLeast(1, (_HIGH_AST,)), 6.0, 30.0) & ~Observed(_HIGH_AST, 4.0)),
        _criterion("PRESSOR", 3, Lasting(_PER_KG, 2.0)),
        _criterion("STAYED", 2, Kept(_FEVER, _SECOND) | Kept(present("hypotension"), _SECOND, otherwise=True)),
        _criterion("AGAIN", 1, Kept(_FEVER, Doses(("acetaminophen",), "acetaminophen", "acetaminophen", hours=10.0))),
        _criterion("BOTH", 4, Observed(_PER_KG, 5.0) & Observed(Lasting(_FEVER, 4.0), 12.0)),
    ),
)

POINTS = Scale(
    id="toy-points", version="1", title="A toy of points", syndrome="none", cites=(), counts=("crs", "unknown"), unit="points",
    criteria=(
        *item("TEMP", Points(33, _T.at_least(38.0), "warm"), Points(49, _T.above(39.0), "hot"), none="cool", **_CITES),
        *item("PLT", Points(1, _PLATELETS.at_most(100.0), "low"), Points(2, _PLATELETS.below(50.0), "lower"), none="enough", **_CITES),
        *item("AST", Points(1, _HIGH_AST, "high"), none="normal", **_CITES),
        *item("LIVER", Points(-3, AtLeast(2, (_HIGH_AST, _HIGH_CREATININE)), "failure"), none="well", **_CITES),
        *item("BASE", Points(1, Fact("baseline_ferritin", ">=", 650.0, "baseline ferritin >= 650 ng/mL"), "high"),
              Points(2, Fact("baseline_ferritin", ">", 2000.0, "baseline ferritin > 2000 ng/mL"), "higher"), none="low", **_CITES),
        *item("WAS", Points(1, Fact("baseline_ast", ">", PatientLimit("uln_ast", "the upper limit of normal", default=40.0), "AST was high"), "high"),
              none="normal", **_CITES),
    ),
)

TOYS = {scale.id: scale for scale in (PAST, POINTS)}
