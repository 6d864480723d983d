"""Rows that come in batches cut anywhere, as blocks of whole patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from tocsin.errors import TimelineError


def whole_patients(frames: Iterable[pl.DataFrame], key: str, rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in the same order, in blocks of about ``rows`` that end where a patient (the column ``key``) ends.

    Held at one time: a block, the patient who goes on into the next one, and the names of the patients so far.
    Raises TimelineError when a row has no patient, or when a patient comes back after another one, wherever the batches are cut.
    """
    kept: list[pl.DataFrame] = []
    held = begins = 0  # the rows kept, and the first row of the last patient among them
    seen: set[str] = set()
    last = None
    for frame in frames:
        if not len(frame):
            continue
        if frame[key].null_count():
            raise TimelineError(f"{frame[key].null_count()} rows have no {key}.\n  Every row needs the person that it is about.")
        runs = frame[key].rle().struct.unnest()
        names = runs["value"].cast(pl.String).to_list()
        coming = names[1:] if names[0] == last else names
        for name in coming:
            if name in seen:
                raise TimelineError(
                    f"the rows of patient {name!r} stand in more than one place of a partition.\n  Bring each patient's rows together first, in Spark by "
                    f'df.repartition("{key}").sortWithinPartitions("{key}", "{"time" if key == "subject_id" else "hour"}").')
            seen.add(name)
        if coming:
            begins = held + len(frame) - int(runs["len"][-1])
        last = names[-1]
        kept.append(frame)
        held += len(frame)
        if held >= rows and begins:
            together = pl.concat(kept)
            yield together.slice(0, begins)
            kept, held, begins = [together.slice(begins)], held - begins, 0
    if kept:
        yield pl.concat(kept)
