"""A real local Spark session gives the grades that one process gives, row for row; what the manual shows runs."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conftest import SharedData
from tocsin.grading import grade
from tocsin.sources import arrow, meds
from tocsin.sources.batch import STEPS, steps_of
from tocsin.timeline import Completeness, Timeline

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")
SCALES = ("astct-crs-2019", "astct-icans-2019")
KEY = ["scale", "patient", "start_hour"]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Two cores, batches so small that they cut most patients; skips where Java or PySpark is absent."""
    pytest.importorskip("pyspark", reason="Spark is not here: pip install 'tocsin[cluster]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, which is not here: apt install openjdk-17-jre-headless")
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
        settings = {
            "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.memory": "1g",
            "spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false", "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
            "spark.log.level": "OFF", "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # a short run starts sooner
        }
        builder = SparkSession.builder.master("local[2]").appName("tocsin tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            session = builder.getOrCreate()
        except (PySparkException, OSError, RuntimeError) as error:
            pytest.fail(f"Java is here but Spark does not start: {error}")
        yield session
        session.stop()


def generated(patients: int, hours: int = 96) -> pl.DataFrame:
    """Events of generated patients: vital signs every two hours, and from severity 2 on oxygen and vasopressors that end."""
    rng = np.random.default_rng(11)
    parts = []
    for n in range(patients):
        severity, onset = n % 5, rng.uniform(6, 40)
        at = np.arange(0, hours, 2) + rng.uniform(0, 1, hours // 2)
        ill = (at > onset) & (severity > 0)
        told = [("temperature", h, None, round(36.8 + 2.0 * i + rng.normal(0, 0.3), 1), None) for h, i in zip(at, ill, strict=True)]
        told += [("systolic_bp", h, None, round(120 - 9.0 * severity * i + rng.normal(0, 5)), None) for h, i in zip(at, ill, strict=True)]
        if severity > 1:
            told += [("oxygen_device", onset + 3, None, None, "nasal_cannula"), ("oxygen_flow", onset + 3, None, 2.0 * severity, None)]
        if severity > 2:
            told += [("norepinephrine", onset + 5, onset + 20, 8.0, None), ("epinephrine", onset + 9, onset + 14, 2.0, None)][: severity - 2]
        parts.append(pl.DataFrame(told, orient="row", schema={
            "concept": pl.String, "hour": pl.Float64, "end_hour": pl.Float64, "value": pl.Float64, "text": pl.String}).with_columns(
            pl.lit(f"P{n:04d}").alias("patient"), pl.lit(float(3 + n % 70)).alias("age_years")))
    return pl.concat(parts)


def in_memory(timeline: Timeline) -> pl.DataFrame:
    return pl.concat([steps_of(grade(timeline, scale)) for scale in SCALES]).sort(KEY)


def of_spark(frame: Any) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(frame.toArrow()), schema=STEPS).sort(KEY)


def test_the_script_of_the_manual_gives_the_grades_in_memory(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    events = generated(200)
    events.sample(fraction=1, shuffle=True, seed=3).write_parquet(tmp_path / "events.parquet", row_group_size=2000)
    [script] = re.findall(r"`grade_on_spark.py`:\n\n```python\n(.*?)```", PAGE, flags=re.DOTALL)
    monkeypatch.setattr(sys, "argv", ["grade_on_spark.py", str(tmp_path / "events.parquet"), str(tmp_path / "grades")])
    exec(compile(script, "grade_on_spark.py", "exec"), {})
    got = pl.read_parquet(tmp_path / "grades" / "*.parquet").select(list(STEPS)).cast(STEPS).sort(KEY)
    facts = events.select("patient", "age_years").unique()
    wanted = in_memory(Timeline(events.drop("age_years"), facts, Completeness.of(["drugs", "devices"])))
    assert_frame_equal(got, wanted)
    assert got.filter(scale="astct-crs-2019")["at_least"].max() == 4


def test_meds_on_spark_gives_the_grades_in_memory(spark: Any, shared_data: SharedData):
    data = shared_data("mimic4demo_meds") / "meds"
    [example] = re.findall(r"### MEDS\n\n```python\n(.*?)```", PAGE, flags=re.DOTALL)
    known: dict[str, Any] = {"spark": spark}
    exec(compile(example.replace("/data/meds", str(data)).replace('["astct-crs-2019"]', str(list(SCALES))), "cluster.md", "exec"), known)
    whole = meds.read(data, mapping="mimic-iv", anchor="icu_admission")
    wanted = in_memory(whole)
    assert wanted["patient"].n_unique() == 100
    assert_frame_equal(of_spark(known["grades"]), wanted)
    counts = dict(known["counts"].collect())
    assert whole.reading is not None
    files = whole.reading.files
    assert (counts["patients"], counts["records"], counts["events"]) == (100, 100, len(whole.events))
    assert counts["rows"] == sum(file.rows for file in files) == counts["rows used"] + counts["rows explained"] + counts["rows in quarantine"]
    assert counts["rows used"] == sum(file.used for file in files)


def test_an_error_of_the_function_is_the_message_of_the_job(spark: Any):
    from pyspark.errors import PySparkException

    rows = [(who, hour, "temperature") for who, hour in (("a", 1.0), ("b", 1.0), ("a", 2.0))]
    back = spark.createDataFrame(rows, "patient string, hour double, concept string")
    with pytest.raises(PySparkException, match="TimelineError: the rows of patient 'a' stand in more than one place"):
        back.coalesce(1).mapInArrow(arrow.grade_batches(), arrow.OUTPUT).collect()


def test_a_patient_in_two_partitions_shows_in_the_count_of_patients(spark: Any):
    events = spark.createDataFrame([("a", float(h), "temperature", 37.0) for h in range(8)], "patient string, hour double, concept string, value double")
    apart = events.repartitionByRange(2, "hour").mapInArrow(arrow.count_batches(), arrow.COUNTS).groupBy("what").sum("number")
    together = events.repartition("patient").mapInArrow(arrow.count_batches(), arrow.COUNTS).groupBy("what").sum("number")
    assert (dict(apart.collect())["patients"], dict(together.collect())["patients"]) == (2, 1)
