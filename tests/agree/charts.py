"""Random charts: few rows on few hours, so that everything that can meet does meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

Row = dict[str, object]

NUMBERS: dict[str, tuple[float, ...]] = {
    "temperature": (36.5, 37.9, 38.0, 39.5),
    "systolic_bp": (55.0, 79.0, 80.0, 85.0, 89.5, 90.0, 120.0),
    "mean_arterial_pressure": (50.0, 64.0, 65.0, 80.0),
    "pressure_fall": (10.0, 40.0),
    "spo2": (85.0, 90.0, 97.0),
    "oxygen_flow": (2.0, 4.5, 5.0, 6.0, 6.5, 40.0),
    "fio2": (0.3, 0.4, 0.6),
    "vasopressor_count": (0.0, 1.0, 2.0, 3.0),
    "ice_score": (0.0, 2.0, 3.0, 6.0, 7.0, 9.0, 10.0),
    "capd_score": (0.0, 1.0, 8.0, 9.0, 20.0),
    "ast": (30.0, 41.0, 121.0, 900.0),
    "alt": (30.0, 200.0, 201.0),
    "bilirubin_total": (1.0, 1.3, 4.0, 13.0),
    "creatinine": (0.8, 1.3, 2.0, 4.0, 8.0),
    "ferritin": (500.0, 650.0, 2000.0, 2001.0, 10000.0, 20000.0),
    "platelets": (20.0, 50.0, 100.0, 101.0),
}
RATES: dict[str, tuple[float, ...]] = {
    "norepinephrine": (0.0, 4.0, 10.0, 20.0, 30.0), "phenylephrine": (50.0, 200.0), "epinephrine": (2.0, 12.0),
    "dopamine": (5.0, 10.0, 30.0), "vasopressin": (0.0, 0.03), "terlipressin": (0.1,), "metaraminol": (3.0,),
    "angiotensin_ii": (5.0,), "propofol": (0.0, 20.0), "midazolam": (2.0,),
}
DOSES = ("acetaminophen", "tocilizumab", "dexamethasone", "corticosteroid", "antipyretic", "fluid_bolus")
CODED = ("fever", "hypotension", "oxygen_device", "vasopressor", "death", "sedation", "consciousness", "seizure", "motor_weakness",
         "cerebral_oedema", "papilloedema", "posturing", "intracranial_haemorrhage")

INPUTS: dict[str, tuple[str, ...]] = {
    "astct-crs-2019": (
        "temperature", "temperature", "temperature", "fever", "systolic_bp", "mean_arterial_pressure", "pressure_fall", "hypotension",
        "oxygen_device", "oxygen_device", "oxygen_flow", "spo2", "norepinephrine", "phenylephrine", "vasopressin", "metaraminol",
        "vasopressor", "vasopressor_count", "acetaminophen", "tocilizumab", "dexamethasone", "fluid_bolus", "death"),
    "cartox-crs-2018": (
        "temperature", "fever", "systolic_bp", "hypotension", "oxygen_device", "oxygen_flow", "fio2", "spo2", "norepinephrine",
        "norepinephrine", "dopamine", "epinephrine", "phenylephrine", "vasopressin", "vasopressor", "vasopressor_count", "acetaminophen",
        "fluid_bolus", "ast", "alt", "bilirubin_total", "creatinine", "death"),
    "astct-icans-2019": (
        "ice_score", "ice_score", "capd_score", "consciousness", "consciousness", "seizure", "motor_weakness", "cerebral_oedema",
        "papilloedema", "posturing", "intracranial_haemorrhage", "sedation", "propofol", "midazolam", "corticosteroid", "dexamethasone",
        "death"),
    "toy-past": (
        "temperature", "temperature", "temperature", "hypotension", "ast", "ast", "creatinine", "creatinine", "ferritin", "ferritin",
        "norepinephrine", "epinephrine", "acetaminophen", "cyclophosphamide"),
    "toy-points": ("temperature", "platelets", "ast", "ast", "creatinine", "creatinine", "ferritin", "ferritin", "fludarabine"),
}

HOURS = tuple(float(h) for h in (-6, -1, 0, 0, 1, 2, 4, 5.9, 6, 8, 10, 12, 12.5, 18, 24, 25, 29.9, 30, 36, 48, 60, 72))
BEFORE = ("ferritin", "creatinine", "cyclophosphamide", "fludarabine")
EARLY = (-1000.0, -240.0, -144.0, -120.0, -119.0, -72.0, -48.0)
CLOSED: tuple[tuple[str, ...], ...] = (
    (), (), ("drugs",), ("drugs", "devices"), ("drugs", "devices", "findings", "neurology"), ("neurology", "findings"), ("fluid_bolus",),
    ("norepinephrine", "vasopressin", "oxygen_device"), ("drugs", "devices", "vasopressor_count", "oxygen_flow", "fio2"))
FACTS: tuple[Row, ...] = (
    {"age_years": 40.0}, {"age_years": None}, {"age_years": 5.0}, {"age_years": 12.0},
    {"age_years": 40.0, "weight_kg": 50.0, "uln_ast": 60.0, "baseline_ferritin": 700.0, "baseline_ast": 60.0},
    {"age_years": 40.0, "baseline_systolic_bp": 130.0, "baseline_creatinine": 1.0, "baseline_ast": 41.0}, {"age_years": 15.0, "developmental_delay": True})


@dataclass(frozen=True)
class Chart:
    rows: tuple[Row, ...]
    facts: Row = field(default_factory=dict)
    complete: tuple[str, ...] = ()

    def timeline(self) -> Timeline:
        return timeline_of([self])


def timeline_of(charts: Sequence[Chart]) -> Timeline:
    """One record of several patients, "1", "2", ...; what is complete is that of the first."""
    rows = [{**r, "patient": str(i)} for i, c in enumerate(charts, 1) for r in c.rows]
    return Timeline.from_rows(rows, [{**c.facts, "patient": str(i)} for i, c in enumerate(charts, 1)], charts[0].complete)


@st.composite
def rows(draw: st.DrawFn, concepts: Sequence[str], exact: bool = False, plain: bool = False) -> Row:
    """One row.  ``exact``: no windows.  ``plain``: no censoring, no unknowns, no other attribution."""
    concept = draw(st.sampled_from(concepts))
    kind = CONCEPTS[concept].kind
    hour = draw(st.sampled_from(HOURS if concept not in BEFORE or draw(st.booleans()) else EARLY))
    row: Row = {"concept": concept, "hour": hour, "attribution": "unknown"}
    if concept == "death":
        row["attribution"] = draw(st.sampled_from(("unknown", "crs", "icans", "infection")))
    elif not plain and draw(st.integers(0, 5)) == 0:
        row["attribution"] = draw(st.sampled_from(("infection", "crs", "icans", "procedure")))
    if concept in NUMBERS or concept in RATES:
        row["value"] = draw(st.sampled_from((NUMBERS | RATES)[concept]))
        if not plain and row["value"] and draw(st.integers(0, 7)) == 0:
            row["censored"] = draw(st.sampled_from((-1, 1)))
        if concept in RATES and not plain and draw(st.integers(0, 4)) == 0:
            row |= {"value": None, "text": draw(st.sampled_from((None, "absent", "present"))), "censored": 0}
    elif kind is Kind.DOSE:
        row["value"] = draw(st.sampled_from((None, 1.0, 100.0)))
        if not plain and draw(st.integers(0, 5)) == 0:
            row |= {"value": None, "text": draw(st.sampled_from(("absent", "8 mg/kg")))}
    else:
        row["text"] = draw(st.sampled_from(CONCEPTS[concept].values or ("absent", "present")))
    if not plain and draw(st.integers(0, 9)) == 0:
        row |= {"value": None, "text": "unknown", "censored": 0}
    if kind is Kind.STATEMENT:
        return row if exact or draw(st.booleans()) else {**row, "hour_latest": hour + draw(st.sampled_from((4.0, 24.0, 40.0)))}
    shape = draw(st.sampled_from(("instant", "instant", "interval", "window", "long", "both")))
    if shape in ("interval", "both") and (kind is not Kind.MEASUREMENT or draw(st.booleans())):
        row["end_hour"] = hour + draw(st.sampled_from((0.0, 0.5, 1.0, 2.0, 4.0, 10.0, 24.0, 40.0)))
    if not exact and shape in ("window", "both"):
        row["hour_latest"] = hour + draw(st.sampled_from((1.0, 4.0, 12.0, 24.0)))
    if not exact and shape == "long":
        row["hour_latest"] = hour + draw(st.sampled_from((25.0, 36.0, 48.0)))
        if draw(st.booleans()):
            row["end_hour"] = hour + draw(st.sampled_from((30.0, 60.0)))
    return row


@st.composite
def charts(draw: st.DrawFn, scale: str, most: int = 9, exact: bool = False, plain: bool = False) -> Chart:
    """A chart for a scale; concepts are drawn from a few of its inputs so that rows of one input meet often."""
    some = draw(st.lists(st.sampled_from(INPUTS[scale]), min_size=1, max_size=5))
    found = draw(st.lists(rows(some, exact, plain), min_size=0, max_size=most))
    return Chart(tuple(found), draw(st.sampled_from(FACTS)), draw(st.sampled_from(CLOSED)))
