"""FHIR Observations, generated, read to a timeline: bulk NDJSON of vital signs, about 350 bytes a line; no real patient."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path

import numpy as np

VITALS = (
    ("8310-5", "Body temperature", "Cel", 37.2, 0.8, 1), ("8867-4", "Heart rate", "/min", 92.0, 14.0, 0), ("9279-1", "Respiratory rate", "/min", 18.0, 3.0, 0),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 118.0, 14.0, 0),
    ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%", 96.0, 1.2, 0),
)
"""LOINC code, name, UCUM unit, median, spread and decimals of each."""
HOURS = 720
SEED = 20260101


def generate(path: Path, observations: int = 1_000_000) -> Path:
    """A folder with Observation.ndjson (five vital signs every hour for 30 days, patient after patient) and Procedure.ndjson (hour 0 of each)."""
    path.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    patients = -(-observations // (HOURS * len(VITALS)))
    with (path / "Procedure.ndjson").open("w") as file:
        for who in range(patients):
            file.write(json.dumps({
                "resourceType": "Procedure", "id": f"cells-{who}", "status": "completed", "subject": {"reference": f"Patient/p{who}"},
                "code": {"coding": [{"system": "urn:tocsin:concept", "code": "car_t_infusion"}]}, "performedDateTime": "2024-01-01T00:00:00-05:00"}) + "\n")
    heads = [
        f'","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"{name}"}}]}},"subject":{{"reference":"Patient/p'
        for code, name, *_ in VITALS
    ]
    tails = [f',"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}\n' for _, _, unit, *_ in VITALS]
    stamps = [f"2024-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00-05:00" for hour in range(HOURS)]
    made = 0
    with (path / "Observation.ndjson").open("w") as file:
        for who in range(patients):
            values = [np.round(rng.normal(median, spread, HOURS), places).tolist() for *_, median, spread, places in VITALS]
            lines = []
            for hour, stamp in enumerate(stamps):
                for vital in range(len(VITALS)):
                    if made == observations:
                        break
                    value = min(values[vital][hour], 100.0) if vital == 4 else values[vital][hour]
                    lines.append(f'{{"resourceType":"Observation","id":"o-{made}{heads[vital]}{who}"}},"effectiveDateTime":"{stamp}",'
                                 f'"valueQuantity":{{"value":{value}{tails[vital]}')
                    made += 1
            file.write("".join(lines))
    return path


def read_observations(folder: Path, observations: int = 1_000_000) -> dict[str, float]:
    """Seconds to read the folder (made where it is absent) to a timeline, of processor time, and the most memory held in GB."""
    if not (folder / "Observation.ndjson").exists():
        generate(folder, observations)
    from tocsin.sources import fhir

    clock, processor = time.perf_counter(), time.process_time()
    timeline = fhir.read(folder)
    seconds, busy = time.perf_counter() - clock, time.process_time() - processor
    assert timeline.reading is not None
    rows = sum(one.rows for one in timeline.reading.files)
    return {"observations": rows, "events": len(timeline.events), "seconds": seconds, "processor_seconds": busy,
            "megabytes": (folder / "Observation.ndjson").stat().st_size / 1e6, "most_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


if __name__ == "__main__":
    import tempfile

    place = Path(os.environ.get("TOCSIN_BENCHMARK_DATA") or tempfile.gettempdir()) / "tocsin-fhir-observations"
    for name, number in read_observations(place).items():
        print(f"{name:18} {number:,.2f}")
