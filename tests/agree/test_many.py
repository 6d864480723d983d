"""Many scales at once give what each gives alone, also where hourly values were thinned."""

from __future__ import annotations

import numpy as np
import pytest

from agree.toys import TOYS
from tocsin.grading import grade, grade_many, thin
from tocsin.grading.encode import encode
from tocsin.grading.grade import changes_of, program_of
from tocsin.scales import SCALES, Kind
from tocsin.timeline import Timeline


def stream(seed: int, patients: int = 6) -> Timeline:
    """Hourly values that cross limits now and then, with gaps, two values at one hour, and values beyond a number."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for patient in range(patients):
        for concept, usual, spread, every in (("temperature", 37.6, 0.7, 1), ("systolic_bp", 98, 9, 1), ("spo2", 92, 3, 2), ("ast", 90, 80, 12),
                                              ("creatinine", 1.2, 0.5, 24), ("ferritin", 9000, 4000, 24), ("platelets", 80, 40, 24)):
            for hour in np.arange(-150.0, 200.0, every):
                if rng.random() < 0.85:
                    row = {"patient": str(patient), "concept": concept, "hour": float(hour + rng.choice([0, 0, 0.25])),
                           "value": float(np.round(max(0.1, usual + rng.normal(0, spread)), 1)), "attribution": rng.choice(["unknown"] * 30 + ["infection"])}
                    rows += [row] * (2 if patient == 2 and rng.random() < 0.02 else 1)
                    if patient == 3 and rng.random() < 0.02:
                        rows[-1] = row | {"censored": 1}
        rows += [{"patient": str(patient), "concept": "oxygen_device", "hour": float(h), "text": rng.choice(["room_air", "nasal_cannula", "bipap"])}
                 for h in np.arange(0, 200, 9)]
        rows.append({"patient": str(patient), "concept": "acetaminophen", "hour": 30.0, "value": 650.0})
    facts = [{"patient": str(p), "age_years": float(a), "weight_kg": 60.0} for p, a in enumerate((40, 5, 70, 12, 9, 33))]
    return Timeline.from_rows(rows, facts, ["drugs", "devices"])


@pytest.mark.parametrize("seed", [1, 2])
def test_many_scales_at_once_are_each_as_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thin, "FEWEST", 0)
    timeline = stream(seed)
    scales = [*(s for s in SCALES.values() if not s.id.startswith("ctcae5-") or s.id == "ctcae5-crs"), *TOYS.values()]
    assert len(thin.thinned(timeline, encode(timeline), programs_of(scales), {}).rows) < 0.7 * len(timeline.events)
    for many in grade_many(timeline, scales):
        alone = grade(timeline, many.scale)
        assert many.frame.equals(alone.frame), many.scale.id
        for step in range(0, len(many), 7):
            here, there = many.evidence(step), alone.evidence(step)
            assert {e["concept"] for e in here} == {e["concept"] for e in there}, (many.scale.id, step)
            if many.scale.id in ("astct-crs-2019", "cartox-crs-2018", "lee2014-crs", "penn-crs-2018"):
                assert here == there


def programs_of(scales):
    return [p for s in scales if s.kind is not Kind.DAYS for p in [program_of(s)] if not changes_of(p)]
