"""Grading a record of any size, shard by shard, into a folder: with progress, and to be taken up again where it was stopped.

A shard is finished when its small JSON file stands in the folder, which is written last and at once; what a killed run left of an
unfinished shard is written anew.  So no patient is lost and none is there twice.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from math import inf, isfinite
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import SettingError, SourceError, TimelineError
from tocsin.grading import Grades
from tocsin.grading.many import grade_many
from tocsin.scales import Scale
from tocsin.sources import doors, shards
from tocsin.sources.anchor import ANCHORS, HOW
from tocsin.timeline import FileCount, Timeline, what_is_complete

if sys.platform != "win32":
    import fcntl

RUN, LOCK = "run.json", ".lock"
OPTIONS_OF_FILES = ("dictionary", "mapping", "patients", "tables")
"""The options of reading that name files beside the record."""
STEPS: dict[str, Any] = {
    "patient": pl.String, "scale": pl.String, "start_hour": pl.Float64, "end_hour": pl.Float64, "at_least": pl.Float64, "at_most": pl.Float64,
    "because": pl.List(pl.String), "undecided": pl.List(pl.String), "flags": pl.List(pl.String),
}
"""The columns of ``grades-*.parquet``: one row for each step of each patient by each scale; see ``grading.Grades.frame``."""


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    shards: int
    done: int = 0
    resumed: int = 0
    patients: int = 0
    events: int = 0
    steps: int = 0


@dataclass(slots=True)
class Outcome:
    """What a run did: progress, the reconciliation of every file, problems by what they are, and the worst grades of each scale.

    ``settings``: how the record was read.  ``complete``: what the grades rest on, in sentences.
    ``worst``: scale -> (at least, at most), in four digits -> how many patients.
    """

    folder: Path
    progress: Progress
    files: tuple[FileCount, ...] = ()
    problems: Counter[str] = field(default_factory=Counter)
    complete: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    worst: dict[str, Counter[tuple[float, float]]] = field(default_factory=dict)


def grade_to(
    path: str | Path, out: str | Path, scales: Sequence[Scale], *, told: Callable[[Progress], None] | None = None, restart: bool = False,
    chosen: Callable[[Timeline], Timeline] | None = None, choices: Mapping[str, str] | None = None, options: dict[str, Any] | None = None, **grading: Any,
) -> Outcome:
    """Grade the record at ``path`` by these scales into the folder ``out``.

    Args:
        path: A MEDS data set, Tocsin's own Parquet, or any other coded export.
        out: The folder; it gets ``grades-*.parquet`` (STEPS), ``patients-*.parquet``, a JSON file a shard, and ``run.json``.
        scales: The scales.
        told: Called after each shard.
        restart: Throw away what an earlier, different run left in the folder.
        chosen: What is done to each shard's record before it is graded.
        choices: What ``chosen`` goes by: a run with others is another run.
        options: How the record is read; see ``shards.plan``.
        grading: Options of ``grading.grade``.

    Raises:
        SettingError: The folder holds another run.
        TimelineError: A patient stands in two shards.
        SourceError: Nobody has an hour 0, so there is nothing to grade.
    """
    folder = Path(out)
    shards.form_of(path, (options or {}).get("form"))
    run = _run(path, scales, {**(options or {}), **(choices or {})}, grading)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _opened(folder, run, restart)
        return _all(path, folder, scales, told, chosen, options or {}, grading)


def _all(
    path: str | Path, folder: Path, scales: Sequence[Scale], told: Callable[[Progress], None] | None,
    chosen: Callable[[Timeline], Timeline] | None, options: dict[str, Any], grading: dict[str, Any],
) -> Outcome:
    """The shards that are not finished, one after the other."""
    plan = shards.plan(path, folder, **options)
    table = options.get("patients") if plan.form != "tocsin" else None
    told_facts = doors.facts_about(table)

    def prepared(record: Timeline) -> Timeline:
        whole = doors.with_facts(record, told_facts)
        return chosen(whole) if chosen is not None else whole

    progress = Progress(len(plan.shards))
    seen: set[str] = set()
    todo: list[int] = []
    for number in range(len(plan.shards)):
        if _marker(folder, number).is_file():
            _again(folder, number, progress, seen)
        else:
            todo.append(number)
    if told is not None:
        told(progress)
    for number, records in _ahead(plan, todo):
        _graded(folder, number, plan.shards[number].name, records, scales, seen, progress, prepared, grading)
        if told is not None:
            told(progress)
    if plan.temporary is not None:
        shutil.rmtree(plan.temporary, ignore_errors=True)
    outcome = _outcome(folder, progress, plan)
    if not progress.patients:
        _emptied(folder)
        if not sum(one.used for one in outcome.files) and outcome.problems:
            raise SourceError(f"{doors.named(path)}: nothing could be read: {outcome.problems.most_common(1)[0][0]}.\n  `tocsin check` says more.")
        anchored = options.get("anchor") or "car_t_infusion"
        raise SourceError(f"{doors.named(path)}: nobody has any {ANCHORS[anchored]}, so nothing is graded.\n  {HOW}")
    return outcome


def _run(path: str | Path, scales: Sequence[Scale], options: dict[str, Any], grading: dict[str, Any]) -> dict[str, Any]:
    """What makes two runs the same: versions, input files, scales with their settings, and options with the files that they name.

    The version of Polars is among them because its hash, which lays patients into buckets, may change from one to the next.
    """
    root = Path(path)
    files = sorted(f for f in root.rglob("*") if f.is_file()) if root.is_dir() else [root] if root.is_file() else []
    seen = [[str(f.relative_to(root)) if f != root else f.name, *_stamp(f)] for f in files]
    named = {key: [(str(place), *_stamp(place)) for place in _files(options.get(key))] for key in OPTIONS_OF_FILES}
    asked = [[s.id, {k: str(v) for k, v in s.settings.items()}] for s in scales]
    return json.loads(json.dumps({  # type: ignore[no-any-return]
        "tocsin": version("tocsin"), "polars": pl.__version__, "input": seen or doors.named(path), "scales": asked,
        "options": {k: str(v) for k, v in sorted(options.items())}, "files": {k: v for k, v in named.items() if v},
        "grading": {k: str(v) for k, v in sorted(grading.items())},
    }))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else grades into the folder meanwhile; SettingError when somebody does.  The lock goes with the process, however that ends."""
    if sys.platform == "win32":  # no such lock there
        yield
        return
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingError(f"another run is grading into {folder} at this moment.\n  Wait until it is done, or name another folder.") from None
        yield


def _stamp(file: Path) -> tuple[int, int]:
    """Size and time of a file."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _files(value: Any) -> list[Path]:
    """The files that an option names."""
    values = value.values() if isinstance(value, Mapping) else [value]
    return [Path(one) for one in values if isinstance(one, (str, Path)) and str(one) and Path(one).is_file()]


def _opened(folder: Path, run: dict[str, Any], restart: bool) -> None:
    """The folder of this run, new or to be taken up again."""
    told = folder / RUN
    if told.is_file() and not restart:
        before = json.loads(told.read_text(encoding="utf-8"))
        if before != run and any(folder.glob("shard-*.json")):
            what = ", ".join(key for key in run if before.get(key) != run[key])
            raise SettingError(f"{folder} holds the output of another run (other: {what}).\n  Name another folder, or give --restart to throw that away.")
    elif any(folder.glob("grades-*.parquet")) or told.is_file():
        if not restart:
            raise SettingError(f"{folder} holds grades and no {RUN}: not from this command.\n  Name another folder, or give --restart to throw them away.")
        _emptied(folder)
    _write(told, lambda place: place.write_text(json.dumps(run, indent=1), encoding="utf-8"))


def _emptied(folder: Path) -> None:
    """Without what a run wrote."""
    for old in (*folder.glob("grades-*.parquet"), *folder.glob("patients-*.parquet"), *folder.glob("shard-*.json"), folder / RUN):
        old.unlink(missing_ok=True)


def _marker(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.json"


def _write(place: Path, write: Callable[[Path], Any]) -> None:
    """A file that is there whole or not at all."""
    half = place.with_name(f".{place.name}.half")
    write(half)
    os.replace(half, place)


def _again(folder: Path, number: int, progress: Progress, seen: set[str]) -> None:
    """A shard that an earlier run finished."""
    told = json.loads(_marker(folder, number).read_text(encoding="utf-8"))
    progress.done += 1
    progress.resumed += 1
    for name in ("patients", "events", "steps"):
        setattr(progress, name, getattr(progress, name) + told[name])
    seen.update(pl.read_parquet(folder / f"patients-{number:05d}.parquet", columns=["patient"])["patient"].cast(pl.String))


def _ahead(plan: shards.Plan, todo: Sequence[int]) -> Iterator[tuple[int, list[Timeline]]]:
    """The shards that are still to do, the next one being read while one is graded."""
    def read(number: int) -> list[Timeline]:
        return list(plan.shards[number].read())

    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(read, todo[0])] if todo else []
        for at, number in enumerate(todo):
            records = coming.pop().result()
            if at + 1 < len(todo):
                coming.append(reader.submit(read, todo[at + 1]))
            yield number, records


def _graded(
    folder: Path, number: int, name: str, records: list[Timeline], scales: Sequence[Scale], seen: set[str], progress: Progress,
    prepared: Callable[[Timeline], Timeline], grading: dict[str, Any],
) -> None:
    frames: list[pl.DataFrame] = []
    worst: dict[str, Counter[tuple[float, float]]] = {s.id: Counter() for s in scales}
    files: list[FileCount] = []
    problems: Counter[str] = Counter()
    everywhere: set[str] = set()
    complete_for: Counter[str] = Counter()
    settings: dict[str, str] = {}
    patients, events = [], 0
    for record in records:
        timeline = prepared(record)
        ids = timeline.patients["patient"].cast(pl.String).to_list()
        twice = seen.intersection(ids)
        if twice:
            raise TimelineError(f"{name}: the patient {min(twice)!r} stands in another shard too.\n  A patient's rows must be in one shard.")
        seen.update(ids)
        results = grade_many(timeline, scales, **grading) if len(timeline.patients) else []
        for grades in results:
            frames.append(steps_of(grades))
            worst[grades.scale.id].update(_worst(grades))
        patients.append(timeline.patients.with_columns(pl.col("patient").cast(pl.String)))
        events += len(timeline.events)
        if timeline.reading is not None:
            files += timeline.reading.files
            settings |= {name: said for name, said in timeline.reading.settings.items() if name != "records"}
            for note in timeline.reading.errors:
                problems[note.group or note.what] += note.many
        everywhere.update(timeline.complete.everywhere)
        complete_for.update({name: len(who) for name, who in timeline.complete.by_patient.items()})
    steps = pl.concat(frames) if frames else pl.DataFrame(schema=STEPS)
    who = pl.concat(patients, how="diagonal") if patients else pl.DataFrame(schema={"patient": pl.String})
    _write(folder / f"grades-{number:05d}.parquet", steps.write_parquet)
    _write(folder / f"patients-{number:05d}.parquet", who.write_parquet)
    told = {"shard": name, "patients": len(who), "events": events, "steps": len(steps), "files": [asdict(one) for one in files],
            "problems": dict(problems.most_common(200)), "settings": settings, "complete": sorted(everywhere),
            "complete_for": dict(complete_for),
            "worst": {name: [[low, high if isfinite(high) else None, many] for (low, high), many in counts.items()] for name, counts in worst.items()}}
    _write(_marker(folder, number), lambda place: place.write_text(json.dumps(told), encoding="utf-8"))
    progress.done += 1
    progress.patients += len(who)
    progress.events += events
    progress.steps += len(steps)


def steps_of(grades: Grades) -> pl.DataFrame:
    """The steps of one scale with the columns of STEPS."""
    frame = grades.frame.with_columns(pl.lit(grades.scale.id).alias("scale"))
    return frame.select(pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name) for name, kind in STEPS.items())


def _worst(grades: Grades) -> Counter[tuple[float, float]]:
    """How many patients have which worst grade or value, (at least, at most), of which four digits are kept."""
    most = grades.frame.group_by("patient").agg(pl.col("at_least").max(), pl.col("at_most").max())
    return Counter(most.select(pl.col("at_least", "at_most").round_sig_figs(4)).iter_rows())


def _outcome(folder: Path, progress: Progress, plan: shards.Plan) -> Outcome:
    """All shards' counts together."""
    out = Outcome(folder, progress)
    totals: dict[str, FileCount] = {}
    everywhere: set[str] = set()
    complete_for: Counter[str] = Counter()
    counts = list(plan.before)
    for note in plan.notes:
        if note.level == "error":
            out.problems[note.group or note.what] += note.many
    for number in range(progress.shards):
        told = json.loads(_marker(folder, number).read_text(encoding="utf-8"))
        counts += [FileCount(**one) for one in told["files"]]
        out.problems.update(told["problems"])
        everywhere.update(told["complete"])
        complete_for.update(told["complete_for"])
        out.settings |= told["settings"]
        for scale, counted in told["worst"].items():
            mine = out.worst.setdefault(scale, Counter())
            for low, high, many in counted:
                mine[low, inf if high is None else high] += many
    for one in counts:
        first = totals.get(one.file)
        totals[one.file] = one if first is None else _sum(first, one)
    out.files, out.complete = tuple(totals.values()), tuple(what_is_complete(everywhere, complete_for))
    return out


def _sum(a: FileCount, b: FileCount) -> FileCount:
    ignored = dict(a.ignored)
    for code, many in b.ignored.items():
        ignored[code] = ignored.get(code, 0) + many
    return FileCount(a.file, a.sha256, a.rows + b.rows, a.used + b.used, a.explained + b.explained, a.quarantined + b.quarantined,
                     a.events + b.events, ignored)
