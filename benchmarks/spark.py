"""What Spark costs on one machine: the same events graded by the same function in this process and by a local Spark session on two cores.

python benchmarks/spark.py [--patients 2000]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SCALES = ("astct-crs-2019", "astct-icans-2019")
CLOSED = ["drugs", "devices", "neurology"]


def in_process(events: Path, _: Path | None = None) -> dict[str, float]:
    """Batches from the Parquet file to graded steps in another one, on all cores."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    from tocsin.sources.arrow import grade_batches, output_schema

    grade = grade_batches(SCALES, complete=CLOSED, workers=None)
    list(grade(iter(ds.dataset(events).head(5000).to_batches())))  # the compiled kernels from their cache
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        steps = 0
        with pq.ParquetWriter(Path(folder) / "grades.parquet", output_schema()) as writer:
            for batch in grade(ds.dataset(events).to_batches()):
                writer.write_batch(batch)
                steps += len(batch)
        return {"seconds": time.perf_counter() - begin, "steps": steps}


def on_spark(events: Path, _: Path | None = None) -> dict[str, float]:
    """The same by Spark, brought together by patient first: seconds to start it, to grade, and to do all but grade."""
    from pyspark.sql import SparkSession

    from tocsin.sources.arrow import COUNTS, OUTPUT, grade_batches

    os.environ["PYSPARK_PYTHON"] = sys.executable
    begin = time.perf_counter()
    spark = SparkSession.builder.master("local[2]").appName("tocsin benchmark").config("spark.ui.enabled", "false").config(
        "spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.memory", "2g").config(
        "spark.sql.shuffle.partitions", "8").config("spark.sql.execution.arrow.maxRecordsPerBatch", "100000").config(
        "spark.log.level", "OFF").getOrCreate()
    started = time.perf_counter() - begin
    table = spark.read.parquet(str(events))
    whole = table.repartition("patient").sortWithinPartitions("patient", "hour")
    folder = Path(tempfile.mkdtemp())

    def timed(function: Callable[[Iterator[Any]], Iterator[Any]], columns: str, source: Any = whole) -> float:
        begin = time.perf_counter()
        source.mapInArrow(function, columns).write.mode("overwrite").parquet(str(folder / "out"))
        return time.perf_counter() - begin

    grade = grade_batches(SCALES, complete=CLOSED)
    timed(grade, OUTPUT, table.limit(5000).repartition(2, "patient").sortWithinPartitions("patient", "hour"))  # workers started, kernels loaded
    carried = timed(_counted, COUNTS)
    graded = timed(grade, OUTPUT)
    steps = spark.read.parquet(str(folder / "out")).count()
    spark.stop()
    shutil.rmtree(folder)
    return {"seconds": graded, "start": started, "carry": carried, "steps": steps}


def _counted(batches: Iterator[Any]) -> Iterator[Any]:
    """Looks at no row: what is left is Spark's own reading, shuffling, sorting and handing over."""
    import pyarrow as pa

    rows = sum(len(batch) for batch in batches)
    yield pa.RecordBatch.from_pydict({"what": ["rows"], "number": [rows]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=2000)
    chosen = parser.parse_args()
    from generate import write

    events, _ = write(Path(__file__).resolve().parent.parent / "bench-out", chosen.patients)
    here, there = in_process(events), on_spark(events)
    assert here["steps"] == there["steps"]
    print(f"{chosen.patients:,} patients, {here['steps']:,.0f} steps: in process {here['seconds']:.1f} s; Spark local[2] {there['seconds']:.1f} s, of which "
          f"{there['carry']:.1f} s without grading, after {there['start']:.1f} s to start")


if __name__ == "__main__":
    main()
