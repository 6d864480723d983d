"""Measures what the project holds itself to, each task in a process of its own, and writes docs/benchmarks.md.

make bench            everything (the first run also generates 10,000 patients)
python benchmarks/run.py --patients 1000 --no-write      a smaller trial
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "bench-out"
PAGE = HERE.parent / "docs" / "benchmarks.md"
CLOSED = ["drugs", "devices", "neurology"]
SCALES = ("astct-crs-2019", "astct-icans-2019")
SAMPLE = 20


def plain_read(events: Path, _: Path) -> dict[str, float]:
    import polars as pl

    begin = time.perf_counter()
    rows = len(pl.read_parquet(events))
    return {"seconds": time.perf_counter() - begin, "rows": rows}


def _warm(events: Path, patients: Path) -> None:
    """Load the compiled kernels from their cache on a few patients, as any second run finds them."""
    import polars as pl

    from tocsin.grading import grade
    from tocsin.timeline import Completeness, Timeline

    few = Timeline(pl.scan_parquet(events).head(5000).collect(), complete=Completeness.of(CLOSED))
    for scale in SCALES:
        grade(few, scale)


def grade_file(events: Path, patients: Path) -> dict[str, float]:
    _warm(events, patients)
    from tocsin.grading import grade
    from tocsin.grading.encode import encode
    from tocsin.timeline import blocks

    begin = time.perf_counter()
    steps = reasons = 0
    for timeline in blocks(events, patients, CLOSED):
        coded = encode(timeline)
        for scale in SCALES:
            grades = grade(timeline, scale, events=coded)
            frame = grades.frame
            steps += len(frame)
            reasons += int(frame["because"].list.len().sum()) + len(grades.evidence_rows)
    return {"seconds": time.perf_counter() - begin, "steps": steps, "reasons": reasons}


def all_scales(events: Path, patients: Path) -> dict[str, float]:
    """Every scale, score, formula and count of days that there is, with reasons."""
    from tocsin.scales import SCALES as EVERY

    _warm(events, patients)
    from tocsin.grading import grade_many
    from tocsin.timeline import blocks

    begin = time.perf_counter()
    steps = 0
    for timeline in blocks(events, patients, CLOSED):
        for grades in grade_many(timeline, list(EVERY)):
            steps += len(grades)
    return {"seconds": time.perf_counter() - begin, "steps": steps, "scales": len(EVERY)}


def one_patient(events: Path, patients: Path) -> dict[str, float]:
    import polars as pl

    from tocsin.grading import grade
    from tocsin.timeline import Completeness, Timeline

    first = pl.scan_parquet(events).head(2500).collect()
    timeline = Timeline(first.filter(pl.col("patient") == first["patient"][0]), complete=Completeness.of(CLOSED))
    times = []
    for _ in range(60):
        begin = time.perf_counter()
        grade(timeline, "astct-crs-2019")
        times.append(time.perf_counter() - begin)
    return {"seconds": statistics.median(times[10:]), "rows": len(timeline.events)}


def advice(events: Path, patients: Path) -> dict[str, float]:
    """Every rule of a protocol asked of every patient at one hour: status and dose of each; for paper 004, and for ASCO 2021."""
    import polars as pl
    from generate import STATE_HOUR

    from tocsin.protocols import PROTOCOLS
    from tocsin.protocols.advise import advise_table
    from tocsin.timeline import Timeline

    timeline = Timeline.read_parquet(events, patients, CLOSED)
    few = Timeline(timeline.events.head(500).with_columns(pl.col("patient").cast(pl.String)), complete=timeline.complete)
    out = {"patients": len(timeline.patients), "events": len(timeline.events)}
    for name in ("paper004", "asco2021"):
        protocol = PROTOCOLS[name]
        advise_table(few, protocol, STATE_HOUR)
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            table = advise_table(timeline, protocol, STATE_HOUR)
            asked = int((table.status == 1).sum())
            doses = int((table.dose == table.dose).sum())
            times.append(time.perf_counter() - begin)
        out |= {f"{name}_seconds": statistics.median(times), f"{name}_rules": len(protocol.rules), f"{name}_due": asked, f"{name}_doses": doses}
    return out


def naive_rules(events: Path, patients: Path) -> dict[str, float]:
    """What one writes first: for each patient a few rules in Python over the last values; two-valued, without doses or reasons."""
    import polars as pl

    table = pl.read_parquet(events).with_columns(pl.col("patient", "concept", "text").cast(pl.String))
    keep = table["patient"].unique(maintain_order=True).head(1000)
    rows = table.filter(pl.col("patient").is_in(keep.to_list())).to_pandas()

    def rules(chart: Any) -> list[str]:
        last = chart.drop_duplicates("concept", keep="last").set_index("concept")["value"]
        fever, low = last.get("temperature", 0) >= 38.0, last.get("systolic_bp", 999) < 90
        boluses, toci = (chart.concept == "fluid_bolus").sum(), chart[chart.concept == "tocilizumab"]
        out = ["C1.1"] if fever else []
        if low:
            out.append("C2.1" if boluses == 0 else "C2.2" if boluses == 1 else "C2.3")
        if low and boluses > 1 and len(toci) and 150 - toci.hour.max() >= 6 and len(toci) < 4:
            out.append("C2.5")
        if last.get("ast", 0) > 200 or last.get("creatinine", 0) > 3.6:
            out.append("C3.4")
        return out

    begin = time.perf_counter()
    rows.groupby("patient", sort=False)[["hour", "concept", "value"]].apply(rules)
    return {"seconds": time.perf_counter() - begin, "patients": len(keep)}


def naive_pandas(events: Path, _: Path) -> dict[str, float]:
    """What one writes first: for each patient and hour the last temperature, pressors and device, and a grade of them."""
    import pandas as pd
    import polars as pl

    table = pl.scan_parquet(events).head(2200 * SAMPLE).collect()
    table = table.with_columns(pl.col("patient", "concept", "text").cast(pl.String))
    frame = pd.DataFrame({c: table[c].to_list() for c in ("patient", "hour", "end_hour", "concept", "value", "text")})
    keep = frame["patient"].unique()[:SAMPLE]
    frame = frame[frame["patient"].isin(keep)]

    def grades(chart: pd.DataFrame) -> pd.Series:
        out = []
        temperature = chart[chart.concept == "temperature"]
        device = chart[chart.concept == "oxygen_device"]
        pressor = chart[chart.concept.isin(["norepinephrine", "epinephrine"])]
        for hour in range(720):
            warm = temperature[(temperature.hour <= hour) & (temperature.hour > hour - 6)]
            fever = len(warm) > 0 and warm.value.iloc[-1] >= 38.0
            on = device[(device.hour <= hour) & (device.hour > hour - 12)]
            support = on.text.iloc[-1] if len(on) else ""
            running = pressor[(pressor.hour <= hour) & (pressor.end_hour > hour)].concept.nunique()
            level = {"": 0, "room_air": 0, "nasal_cannula": 2, "high_flow_nasal_cannula": 3, "invasive_ventilation": 4}[support]
            out.append(max(1, level, 4 if running > 1 else 3 if running else 0) if fever else 0)
        return pd.Series(out)

    begin = time.perf_counter()
    frame.groupby("patient", sort=False)[["hour", "end_hour", "concept", "value", "text"]].apply(grades)
    return {"seconds": time.perf_counter() - begin, "patients": len(keep)}


TASKS: dict[str, Callable[[Path, Path], dict[str, float]]] = {
    f.__name__: f for f in (plain_read, grade_file, all_scales, one_patient, advice, naive_rules, naive_pandas)}


def measured(task: str, events: Path, patients: Path) -> dict[str, float]:
    """Run one task in a process of its own; its figures, with peak memory in MB."""
    done = subprocess.run([sys.executable, __file__, "--task", task, "--files", str(events), str(patients)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def help_seconds() -> float:
    command = [str(Path(sys.executable).parent / "tocsin"), "--help"]
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--no-write", action="store_true", help="print only")
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--files", nargs=2, type=Path)
    chosen = parser.parse_args()
    if chosen.task:
        result = TASKS[chosen.task](*chosen.files)
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    sys.path.insert(0, str(HERE))
    import large
    import simulate
    from generate import states, write

    import cohort

    events, patients = write(OUT, chosen.patients)
    at_once = states(OUT, 10 * chosen.patients)
    measured("grade_file", *write(OUT, 100))  # compiles the kernels once
    reading, grading = measured("plain_read", events, patients), measured("grade_file", events, patients)
    every = measured("all_scales", events, patients)
    asked, plain = measured("advice", *at_once), measured("naive_rules", *at_once)
    naive = plain["seconds"] / plain["patients"] * asked["patients"]
    one, pandas_ = measured("one_patient", events, patients), measured("naive_pandas", events, patients)
    full = pandas_["seconds"] / pandas_["patients"] * chosen.patients
    n = f"{chosen.patients:,}"
    rows = [
        ("`tocsin --help`", f"{help_seconds():.2f} s", "", "< 0.4 s", ""),
        (f"one patient re-graded in process ({one['rows']:.0f} events, 30 days), ASTCT CRS", f"{one['seconds'] * 1e3:.2f} ms", "", "< 2 ms", ""),
        (f"{n} patients from Parquet ({reading['rows'] / 1e6:.1f} million events), ASTCT CRS and ICANS, reasons included", f"{grading['seconds']:.1f} s",
         f"{grading['peak_mb'] / 1000:.2f} GB", "< 5 s, < 1.5 GB", "1"),
        (f"the same, by all {every['scales']:.0f} scales, scores, formulas and counts of days, reasons included", f"{every['seconds']:.1f} s",
         f"{every['peak_mb'] / 1000:.2f} GB", "< 20 s", f"{every['seconds'] / grading['seconds']:.1f}"),
        (f"advice for {asked['patients']:,.0f} patient states at once ({asked['events'] / 1e6:.1f} million events): paper 004, all "
         f"{asked['paper004_rules']:.0f} rules", f"{asked['paper004_seconds']:.1f} s", f"{asked['peak_mb'] / 1000:.2f} GB", "< 5 s", ""),
        (f"the same by ASCO 2021, {asked['asco2021_rules']:.0f} rules", f"{asked['asco2021_seconds']:.1f} s", "", "< 5 s", ""),
        (f"six naive rules in pandas, two-valued, no doses or reasons ({plain['patients']:.0f} patients: {plain['seconds']:.1f} s; scaled)",
         f"{naive:.0f} s", "", "", f"{naive / asked['paper004_seconds']:.0f} x paper 004"),
        ("the same Parquet, plainly read by Polars", f"{reading['seconds']:.1f} s", f"{reading['peak_mb'] / 1000:.2f} GB", "",
         f"{reading['seconds'] / grading['seconds']:.2f}"),
        (f"naive pandas group-by, two-valued, one scale, no reasons ({pandas_['patients']:.0f} patients: {pandas_['seconds']:.1f} s; scaled to {n})",
         f"{full:.0f} s", f"{pandas_['peak_mb'] / 1000:.2f} GB", "", f"{full / grading['seconds']:.0f}"),
    ]
    table = ["| task | time | peak memory | target | time relative to grading |", "|---|---|---|---|---|"]
    table += ["| " + " | ".join(r) + " |" for r in rows]
    head = ["", "| reading hospital data | time | peak memory | target | time relative to grading |", "|---|---|---|---|---|"]
    table += head + ["| " + " | ".join(r) + " |" for r in large.rows(10 * chosen.patients)]
    head = ["", "| analysing a cohort | time | peak memory | target | time relative to Tocsin |", "|---|---|---|---|---|"]
    table += head + ["| " + " | ".join(r) + " |" for r in cohort.rows(chosen.patients // 2)]
    head = ["", "| simulating patients | time | peak memory | target | time relative to Tocsin |", "|---|---|---|---|---|"]
    table += head + ["| " + " | ".join(r) + " |" for r in simulate.rows()]
    text = "\n".join(table)
    print(text)
    if not chosen.no_write:
        PAGE.write_text(PAGE_HEAD.format(cores=os.cpu_count(), python=platform.python_version(), date=time.strftime("%Y-%m-%d")) + text + PAGE_TAIL.format(
            steps=f"{grading['steps']:,.0f}", reasons=f"{grading['reasons']:,.0f}"))


PAGE_HEAD = """# Benchmarks

`make bench` writes this page. Each task runs in a process of its own, with compiled kernels already cached; the streams are generated and seeded
(`benchmarks/generate.py`): hourly temperature, pressure and saturation for 30 days, devices, vasopressors, drugs and laboratory values.
Times on a shared machine vary by a third; ratios are steadier.

Last run {date}: {cores} cores, Python {python}.

"""
PAGE_TAIL = """

The graded run gave {steps} steps with {reasons} reasons and observations behind them. Memory stays bounded because whole patients are
read, graded and released block by block. The pandas code is what one writes first: it knows neither unknown values nor reasons, attribution,
masked fever or resolution.

A patient state is what a chart at the bedside shows at hour 150: every treatment so far, vital signs every six hours and laboratory values of
the last day. Advice is the status and the dose of every rule for every patient; its words, reasons and citations are made for the patients
of whom they are asked.

The second table is `benchmarks/large.py`: whole MEDS shards are read, understood (codes, units, hour 0, duplicates), graded and written to Parquet, the
next shard being read while one is graded. The plain scan only decodes the same four columns.

The third table is `benchmarks/cohort.py`: synthetic patients with four weeks of charting, drugs, laboratory values and outcomes, from the command line to
the files on disk, grading by three scales included.

The fourth table is `benchmarks/simulate.py`: virtual patients with random parameters and doses, the same model and hours for each solver. Each peer is compared
twice: at the same tolerance (1e-6), and each solver at the loosest of four tolerances a decade that suffices for the same accuracy.
Ratios are of processor time on one core, measured one after the other in the same run, on the same patients. The error of a value is relative to the value
plus a thousandth of the peak. `python benchmarks/simulate.py` measures this table alone.
"""

if __name__ == "__main__":
    main()
