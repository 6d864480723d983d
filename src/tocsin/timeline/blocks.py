"""A large Parquet file of events as timelines of whole patients, block by block, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from tocsin.errors import TimelineError
from tocsin.timeline.completeness import Completeness
from tocsin.timeline.reading import parquet, unreadable
from tocsin.timeline.schema import PATIENTS
from tocsin.timeline.timeline import Timeline

ROWS = 2_000_000
"""Events a block, about; a block always ends with a whole patient."""


def blocks(
    path: str | Path, patients: str | Path | None = None, complete: Iterable[str] | Completeness = (), rows: int = ROWS
) -> Iterator[Timeline]:
    """The timelines of a Parquet file in Tocsin's own columns whose rows stand patient by patient.

    The next block is read while the last one is worked on.
    Raises TimelineError when a patient's rows are scattered over the file, with the way to mend it.
    """
    one_by_one = _blocks(path, patients, complete, rows)
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, one_by_one, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, one_by_one, None)
            yield block


def _blocks(path: str | Path, patients: str | Path | None, complete: Iterable[str] | Completeness, rows: int) -> Iterator[Timeline]:
    source = Path(path)
    declared = complete if isinstance(complete, Completeness) else Completeness.of(complete)
    who = parquet(patients) if patients is not None else pl.DataFrame(schema=dict(PATIENTS))
    scan = pl.scan_parquet(source)
    try:
        total = int(scan.select(pl.len()).collect().item())
        lacking = {"patient", "hour", "concept"} - set(scan.collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from None
    if lacking:
        raise TimelineError(f"{path}: no column {' and no column '.join(sorted(lacking))}.\n  Tocsin's own columns are patient, hour, concept, value, text "
                            "...; another format is named with --format.")
    kept: pl.DataFrame | None = None
    seen: set[str] = set()
    for offset in range(0, max(total, 1), rows):
        part = scan.slice(offset, rows).collect()
        if kept is not None and len(kept):
            part = pl.concat([kept, part])
        if offset + rows < total:
            last = part["patient"][-1]
            whole = part["patient"] != last
            whole_rows = int(whole.arg_true()[-1]) + 1 if whole.any() else 0
            kept, part = part.slice(whole_rows), part.slice(0, whole_rows)
        else:
            kept = None
        if not len(part) and total:
            continue
        ids = part["patient"].unique().cast(pl.String).to_list()
        again = seen.intersection(ids)
        if again:
            raise TimelineError(
                f"{source.name}: the rows of patient {min(again)!r} stand in more than one place.\n  Sort the file by patient "
                "first, for example pl.scan_parquet(FILE).sort('patient', 'hour').sink_parquet(NEW).")
        seen.update(ids)
        yield Timeline(part, who.filter(pl.col("patient").is_in(ids)) if len(who) else who, declared)
