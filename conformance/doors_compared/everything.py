"""Everything that the page tells, computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from doors_compared.hours import FEVER_SCALE, Span, Stage, compared, icu_windows, spans_of, stages, steps_of, total
from doors_compared.reading import KEY, NEURO, RATES, Door, meds_rows, omop_rows, read
from doors_compared.reasons import REASONS_OTHER, UNEXPLAINED, Pairs, clif_only, meds_only, omop_differs, pair, reasoned
from tocsin.grading.grade import program_of
from tocsin.grading.program import CONCEPT_NAMES
from tocsin.scales import scale as find_scale
from tocsin.vocabulary import CONCEPTS, Kind


@dataclass(frozen=True)
class Comparison:
    """Two doors: the values (``pairs``), and those that differ with their reasons (``left``, ``right``, ``other``)."""

    pairs: Pairs
    left: pl.DataFrame
    right: pl.DataFrame
    other: pl.DataFrame

    @property
    def unexplained(self) -> int:
        """How many differences have no reason."""
        return sum(int((frame["reason"] == UNEXPLAINED).sum()) for frame in (self.left, self.right, self.other))

    def labels(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """What ``stages`` takes."""
        return self.left, self.right, self.other


@dataclass(frozen=True)
class Results:
    """All that the page tells."""

    doors: Mapping[str, Door]
    values: Comparison                        # CLIF and MEDS: vital signs, laboratory and the rest that both have
    omop: Comparison                          # MEDS and OMOP, the same
    infusions: Mapping[str, dict[tuple[str, str], list[Span]]]
    rates: Comparison
    fhir_rates: tuple[int, int]               # how many, and how many are as written in CLIF
    fever: Mapping[str, tuple[int, int, float]]
    fever_stages: Mapping[str, list[Stage]]
    grades: list[Stage]
    windows: Mapping[str, list[Span]]
    clif_omop: Pairs                          # CLIF and OMOP, values only
    silent_devices: tuple[int, int]           # device rows of MEDS without words, and those of them at a minute at which CLIF has a device
    units: Mapping[str, str]                  # care unit at hour 0 by MEDS of those whose hour 0 is another in CLIF


def compare(data: Path) -> Results:
    """Reads and compares everything."""
    doors = read(data)
    everything, measured = meds_rows(data / "mimic4demo_meds" / "meds"), omop_rows(data / "mimic4demo_omop")
    events = {name: door.events for name, door in doors.items()}

    def of(name: str, concepts: Iterable[str]) -> pl.DataFrame:
        return events[name].filter(pl.col("concept").is_in(list(concepts)))

    def clif_meds(concepts: Iterable[str]) -> Comparison:
        names = list(concepts)
        pairs = pair(of("clif", names), of("meds", names))
        return Comparison(pairs, clif_only(pairs.left, doors, everything), meds_only(pairs.right, doors, pairs.same, pairs.other),
                          reasoned(pairs.other, REASONS_OTHER))

    def meds_omop(concepts: Iterable[str]) -> Comparison:
        names = list(concepts)
        pairs = pair(of("meds", names), of("omop", names))
        return Comparison(pairs, *omop_differs(pairs, doors, measured), reasoned(pairs.other, REASONS_OTHER))

    reads = _reads("astct-crs-2019")
    windows = icu_windows(doors)
    fever_stages = {"clif, meds": stages(doors, clif_meds(("temperature", "fever")).labels(), FEVER_SCALE, ("clif", "meds")),
                    "meds, omop": stages(doors, meds_omop(("temperature", "fever")).labels(), FEVER_SCALE, ("meds", "omop"))}
    return Results(
        doors, clif_meds(measurements(events["clif"], events["meds"])), meds_omop(set(measurements(events["meds"], events["omop"])) - {"oxygen_device"}),
        {name: spans_of(of(name, RATES)) for name in ("clif", "meds", "fhir")}, clif_meds(RATES), _fhir_rates(of("clif", RATES), of("fhir", RATES)),
        {name: _fever(doors[name], windows) for name in ("clif", "meds", "omop")}, fever_stages,
        stages(doors, clif_meds(reads).labels(), "astct-crs-2019", ("clif", "meds")), windows,
        pair(*(of(name, set(measurements(events["clif"], events["omop"])) - {"oxygen_device"}) for name in ("clif", "omop"))),
        _silent_devices(events["clif"], everything),
        _units(doors, everything))


def _silent_devices(ours: pl.DataFrame, rows: pl.DataFrame) -> tuple[int, int]:
    silent = rows.filter((pl.col("item") == "LAB//226732") & ~pl.col("worded"))
    worn = ours.filter(pl.col("concept") == "oxygen_device").select("patient", "t").unique()
    return len(silent), len(silent.join(worn, on=["patient", "t"], how="semi"))


def _units(doors: Mapping[str, Door], rows: pl.DataFrame) -> dict[str, str]:
    other = doors["clif"].zero.join(doors["meds"].zero, on="patient", suffix="_b").filter(pl.col("zero") != pl.col("zero_b"))
    admitted = rows.filter(pl.col("item").str.starts_with("ICU_ADMISSION"))
    both = other.join(admitted, left_on=["patient", pl.col("zero_b").dt.round("1s")], right_on=["patient", "t"])
    return dict(both.select("patient", pl.col("item").str.split("//").list.last()).iter_rows())


def measurements(a: pl.DataFrame, b: pl.DataFrame) -> list[str]:
    """What is measured, scored or charted of oxygen in both."""
    both = set(a["concept"].unique()) & set(b["concept"].unique())
    return sorted(name for name in both if CONCEPTS[name].kind is Kind.MEASUREMENT or name in (*NEURO, "oxygen_device"))


def _reads(scale: str) -> list[str]:
    reads = program_of(find_scale(scale)).reads
    return [name for code, name in enumerate(CONCEPT_NAMES) if reads[code]]


def _fhir_rates(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[int, int]:
    """How many rates FHIR has, and how many of them are those of CLIF: as written, for FHIR tells no weight here, or in the unit of the drug."""
    written = pl.col("text").str.extract(r"^([\d.eE+-]+)").cast(pl.Float64, strict=False)
    both = theirs.select(*KEY, "id", "until", written.alias("said"), pl.col("value").alias("given")).join(
        ours.select(*KEY, "until", "written", "value"), on=[*KEY, "until"], how="inner")
    like = pl.coalesce(pl.col("given") / pl.col("value"), pl.col("said") / pl.col("written"))
    return len(theirs), both.filter((like - 1).abs() < 1e-4)["id"].n_unique()


def _fever(door: Door, windows: Mapping[str, list[Span]]) -> tuple[int, int, float]:
    """Patients, periods and hours of fever surely there in intensive care."""
    steps = steps_of(door.record, FEVER_SCALE, door)
    periods: list[tuple[str, Span]] = []
    for who, pieces in compared(steps, steps, windows).items():
        for span, (low, _), _ in pieces:
            if low < 1:
                continue
            if periods and periods[-1][0] == who and periods[-1][1][1] == span[0]:
                periods[-1] = (who, (periods[-1][1][0], span[1]))
            else:
                periods.append((who, span))
    return len({who for who, _ in periods}), len(periods), total(span for _, span in periods)
