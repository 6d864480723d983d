"""The page docs/four-doors.md: totals only, with the reason of every difference."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from doors_compared.everything import Comparison, Results
from doors_compared.hours import AS_READ, COMPLETE, HOUR_0, Stage, total
from doors_compared.reading import BODY, GASES, NEURO, OXYGEN, PRESSORS, RATES, VITALS
from doors_compared.reasons import (
    REASONS_CLIF,
    REASONS_MEDS,
    REASONS_OMOP,
    REASONS_OTHER,
    ROUNDED,
    UNEXPLAINED,
    Pairs,
    Reason,
    later_stays,
)
from tocsin.vocabulary import CONCEPTS

STAGES = {
    AS_READ: "nothing: as read",
    HOUR_0: "another hour 0: both count from CLIF's",
    COMPLETE: "infusions or devices taken as complete for other patients: both as in CLIF",
}


def page(r: Results) -> str:
    """The whole page."""
    return "\n".join([*_head(r), *_short(r), *_fever(r), *_infusions(r), *_grades(r), *_values(r), *_others(r), *_repeat()]) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    names = list(head)
    lines = [list(row) for row in rows]
    words = [any(isinstance(row[i], str) for row in lines) for i in range(len(names))]
    return [f"| {' | '.join(names)} |", f"|{'|'.join('---' if word else '---:' for word in words)}|",
            *(f"| {' | '.join(_cell(c) for c in row)} |" for row in lines), ""]


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" if isinstance(value, float) else str(value)


def _head(r: Results) -> list[str]:
    return [
        "# Four doors",
        "",
        "The same 100 intensive-care patients (MIMIC-IV demo, PhysioNet, ODbL 1.0) exist in four public formats: CLIF 3.0, MEDS, OMOP CDM 5.3 and FHIR R4.",
        "Tocsin reads all four, and the results must agree wherever a format carries the data. This page is written by `conformance/four_doors.py` from",
        "the data: totals only. Every difference is put under a reason that the program checks row by row; what no reason holds for is counted as not",
        "explained. Nobody here had CAR-T cells: hour 0 is the first admission to intensive care, findings are put down to nothing, and the grades say how the",
        "rules run on real charts, not that these patients had CRS.",
        "",
        "Read these agreements with two things in mind. The measurement table of the OMOP form was rebuilt from the MEDS form by a public concept map, and",
        "the words for oxygen devices in the MEDS form were restored from the CLIF form: there, agreement shows that Tocsin reads both alike, not that two",
        "exports were made independently. FHIR here has no charted vital signs and no laboratory, OMOP no infusions.",
        "",
    ]


def _short(r: Results) -> list[str]:
    hours = total(span for spans in r.windows.values() for span in spans)
    same, omop = (len(r.doors["clif"].zero.join(r.doors[name].zero, on=["patient", "zero"])) for name in ("meds", "omop"))
    stepdown = all("stepdown" in unit.lower() for unit in r.units.values())
    spans = [sum(len(s) for s in one.values()) for one in r.infusions.values()]

    def over_time(what: str, doors: str, found: list[Stage]) -> list[object]:
        return [what, doors, hours - found[0].hours, found[0].hours, found[-1].hours]

    return [
        "## In short", "",
        *_table(["compared", "doors", "agree", "differ", "not explained"], [
            ["hour 0, patients", "CLIF, MEDS, FHIR", same, 100 - same, 0 if stepdown else 100 - same],
            ["hour 0, patients", "CLIF, OMOP", omop, 100 - omop, 100 - omop],
            ["vasopressors and inotropes, periods", "CLIF, MEDS, FHIR", min(spans), max(spans) - min(spans), max(spans) - min(spans)],
            ["vital signs, laboratory and others, values", "CLIF, MEDS", _agree(r.values.pairs), _differ(r.values), r.values.unexplained],
            ["vital signs, laboratory and others, values", "MEDS, OMOP", _agree(r.omop.pairs), _differ(r.omop), r.omop.unexplained],
            over_time("fever, hours of intensive care", "CLIF, MEDS", r.fever_stages["clif, meds"]),
            over_time("fever, hours of intensive care", "MEDS, OMOP", r.fever_stages["meds, omop"]),
            over_time("ASTCT grade, hours of intensive care", "CLIF, MEDS", r.grades),
        ]),
        f"Hour 0: {len(r.units)} patient was first in a unit \"{', '.join(sorted(set(r.units.values())))}\", which MIMIC's table of intensive-care stays",
        "(MEDS, FHIR) counts as intensive care, and CLIF and OMOP do not. CLIF's times are UTC by a frozen five hours; the others are wall clock.",
        "",
    ]


def _rounded(pairs: Pairs) -> pl.DataFrame:
    return pairs.other.filter((pl.col("value") - pl.col("value_b")).abs() <= pl.col("concept").replace_strict(ROUNDED, default=0.0))


def _agree(pairs: Pairs) -> int:
    return len(pairs.same) + len(_rounded(pairs))


def _differ(one: Comparison) -> int:
    return len(one.left) + len(one.right) + len(one.other) - len(_rounded(one.pairs))


def _stages(found: list[Stage], left: str) -> list[str]:
    return _table(
        ["differences taken away, one more in each line", "hours that differ", "hours in which the sure grade differs", "patients", left],
        [[STAGES.get(s.taken, s.taken), s.hours, s.lower, s.patients, s.highest] for s in found])


def _fever(r: Results) -> list[str]:
    names = {"clif": "CLIF", "meds": "MEDS", "omop": "OMOP"}
    return [
        "## Fever", "",
        "A temperature of 38.0 degC or more, carried forward for six hours as the grader does, in the hours that CLIF and MEDS both call intensive care.", "",
        *_table(["door", "patients with fever", "periods", "hours"], [[names[name], *r.fever[name]] for name in names]),
        "CLIF and MEDS:", "", *_stages(r.fever_stages["clif, meds"], "patients with another highest"),
        "MEDS and OMOP:", "", *_stages(r.fever_stages["meds, omop"], "patients with another highest"),
    ]


def _infusions(r: Results) -> list[str]:
    rows: list[list[object]] = []
    for drug in RATES:
        mine = [{who: spans for (who, name), spans in one.items() if name == drug} for one in r.infusions.values()]
        if any(mine):
            rows.append([CONCEPTS[drug].title, len(mine[0]), *(sum(len(s) for s in one.values()) for one in mine),
                         total(span for spans in mine[0].values() for span in spans), "yes" if mine[0] == mine[1] == mine[2] else "no"])
    many, same = r.fhir_rates
    weights = int((r.rates.other["reason"] != UNEXPLAINED).sum())
    steps = len(r.rates.pairs.same) + len(r.rates.other)
    return [
        "## Vasopressors and inotropes", "",
        "Periods in which the drug ran, bags that follow each other without a gap as one. The last column: whether all begin and end at one second.", "",
        *_table(["drug", "patients", "periods, CLIF", "MEDS", "FHIR", "hours", "identical"], rows),
        f"Rates: {steps:,} in CLIF and MEDS, {steps - weights:,} equal in Tocsin's units. In {weights:,} the rate per kilogram is equal as written, and",
        "the weight before hour 0 is not: one form has a weight that the other has not.",
        f"Of FHIR's {many:,} rates {same:,} are those of CLIF; FHIR has no weight here, so a rate per kilogram stays in words: the drug runs, its ug/min",
        "are not known.",
        "",
    ]


def _grades(r: Results) -> list[str]:
    hours = total(span for spans in r.windows.values() for span in spans)
    return [
        "## ASTCT grades over time", "",
        f"`astct-crs-2019` on both records, in the {hours:,.0f} hours that both call intensive care. Grades are ranges: they differ where the",
        "lower or the upper bound does. The first line is the two records as read. Each further line also leaves out of both what one of them lacks,",
        "for the reason named (the reasons are below); where both have a reading of the same moment, both get CLIF's. Lines that change nothing are",
        "not shown.", "",
        *_stages(r.grades, "patients with another highest sure grade"),
        "Most hours differ because the wards' administration record, which only MEDS has, tells of paracetamol and steroids: after them fever is no longer",
        "required. The device words come second: what CLIF's makers filed as mask, high flow or ventilator is only \"oxygen\" in the hospital's words.", "",
    ]


def _values(r: Results) -> list[str]:
    groups = [*((CONCEPTS[name].title, [name]) for name in VITALS), ("Weight, height", [*BODY]), ("Coma scale (eye, verbal, motor), RASS", [*NEURO]),
              ("Oxygen device, flow, FiO2, PEEP", [*OXYGEN]), ("Blood gases", [*GASES])]
    named = {name for _, names in groups for name in names}
    v, o = r.values.pairs, r.omop.pairs
    rest = sorted((set(v.same["concept"]) | set(o.same["concept"])) - named)
    groups.append((f"{len(rest)} laboratory values", rest))

    def count(name: str, names: list[str]) -> int:
        return int(r.doors[name].events["concept"].is_in(names).sum())

    def agree(pairs: Pairs, names: list[str]) -> int:
        return int(pairs.same["concept"].is_in(names).sum()) + int(_rounded(pairs)["concept"].is_in(names).sum())

    rows = [[title, *(count(door, names) for door in ("clif", "meds", "omop")), *(agree(pairs, names) for pairs in (v, o, r.clif_omop))]
            for title, names in groups]
    fill = {"stays": len(later_stays(r.doors)), "patients": later_stays(r.doors)["patient"].n_unique(), "crossing": _crossing(v)}
    return [
        "## Values", "",
        "Rows with the same patient, minute and value (to five digits; temperature and weight to CLIF's one decimal).", "",
        *_table(["", "CLIF", "MEDS", "OMOP", "CLIF = MEDS", "MEDS = OMOP", "CLIF = OMOP"], rows),
        f"MEDS has {r.silent_devices[0]} rows of oxygen devices without words, which say nothing; CLIF has a device at {r.silent_devices[1]} of those minutes.",
        "",
        "### CLIF and MEDS", "", *_reasons("only in CLIF", r.values.left, REASONS_CLIF, fill), *_reasons("only in MEDS", r.values.right, REASONS_MEDS, fill),
        *_reasons("in both at one moment, another reading", r.values.other, REASONS_OTHER, fill),
        "### MEDS and OMOP", "", *_reasons("only in MEDS", r.omop.left, REASONS_OMOP, fill), *_reasons("only in OMOP", r.omop.right, REASONS_OMOP, fill),
        *_reasons("in both at one moment, another reading", r.omop.other, REASONS_OTHER, fill),
    ]


def _crossing(pairs: Pairs) -> str:
    hot = _rounded(pairs).filter(pl.col("concept") == "temperature").filter((pl.col("value") >= 38.0) != (pl.col("value_b") >= 38.0))
    return f"{len(hot)} {'passes' if len(hot) == 1 else 'pass'} 38.0"


def _reasons(title: str, frame: pl.DataFrame, reasons: Iterable[Reason], fill: dict[str, object]) -> list[str]:
    counts = dict(frame["reason"].value_counts().iter_rows())
    known = [(r.key, r.why) for r in reasons if r.key in counts] + [(UNEXPLAINED, "")] * (UNEXPLAINED in counts)
    lines = [f"| {title} | rows | why, and how it is checked |", "|---|---:|---|"]
    for key, why in known:
        for name, value in fill.items():
            why = why.replace("{" + name + "}", str(value))
        names = frame.filter(pl.col("reason") == key)["concept"].value_counts(sort=True)["concept"].to_list()
        shown = "; ".join(CONCEPTS[n].title for n in names[:3])
        more = f"; {len(names) - 3} more" if len(names) > 3 else ""
        lines.append(f"| {key} ({shown}{more}) | {counts[key]:,} | {why} |")
    return [*lines, ""] if known else [f"{title}: none.", ""]


def _others(r: Results) -> list[str]:
    events = {name: door.events for name, door in r.doors.items()}
    died = {name: frame.filter(pl.col("concept") == "death") for name, frame in events.items()}
    rows = [[name.upper(), len(died[name]), int(died[name]["hour_latest"].is_null().sum())] for name in ("clif", "meds", "fhir", "omop")]
    extra = set(died["clif"]["patient"]) - set(died["meds"]["patient"])
    later = extra & set(later_stays(r.doors)["patient"])
    key = ["patient", "concept", "t"]
    procedures = {name: frame.filter(pl.col("concept").is_in(["oxygen_device", "dialysis"])) for name, frame in events.items() if name != "clif"}
    runs = procedures["meds"].filter(pl.col("until").is_not_null())
    both = len(runs.join(procedures["fhir"].select(*key, "until").unique(), on=[*key, "until"], how="semi"))
    begun = len(runs.join(procedures["omop"].select(key).unique(), on=key, how="semi"))
    hot = set(events["clif"].filter((pl.col("concept") == "temperature") & (pl.col("value") >= 38.0))["stay"])
    drugs = events["clif"].filter(pl.col("concept").is_in(PRESSORS)).group_by("stay").agg(pl.col("concept").n_unique())
    return [
        "## Deaths, and procedures of intensive care", "",
        *_table(["door", "deaths", "with their hour"], rows),
        f"{len(extra)} deaths are only in CLIF, {len(later)} of them of patients with hospital stays that only CLIF has. OMOP tells deaths in hospital",
        "only. A time of exactly midnight is a date; FHIR has dates only.", "",
        f"Ventilation and dialysis as procedures: {len(runs)} periods in MEDS, {both} of them the same in FHIR from start to end. OMOP tells the",
        f"start of {begun} of them (CDM 5.3 has no end), and {len(procedures['omop']) - begun} intubations besides.", "",
        "## What is known of the CLIF tables", "",
        f"Stays with a temperature of 38.0 degC or more: {len(hot)}. One stay has values of 97.2 to 99.0, degrees Fahrenheit in the Celsius column:",
        "they are in quarantine, and the stay has a true 40.4.",
        f"Stays with a vasopressor: {len(drugs)}, with two or more: {int((drugs['concept'] > 1).sum())}; with fever and a vasopressor: "
        f"{len(hot & set(drugs['stay']))}.", "",
    ]


def _repeat() -> list[str]:
    return [
        "## Do it again", "",
        "```console", "python conformance/four_doors.py --data FOLDER", "python conformance/four_doors.py --data FOLDER --check", "```", "",
        "`FOLDER` holds the four forms of the demo in `mimic4demo_clif/clif30`, `mimic4demo_meds/meds`, `mimic4demo_omop` and `mimic4demo_fhir`. The test",
        "`tests/sources/test_four_doors.py` holds the numbers of this page.",
    ]
