"""Small records for the tests of what is shown."""

from __future__ import annotations

import random

STAMP = "2025-01-01T00:00:00+00:00"


def by_day(day: float, concept: str, **more: object) -> dict[str, object]:
    """A row that is known only by its day."""
    return {"hour": day * 24.0, "hour_latest": day * 24.0 + 24.0, "concept": concept, **more}


def hourly(days: int = 10) -> list[dict[str, object]]:
    """Vital signs every hour with a fever and a low pressure in the middle."""
    rng = random.Random(7)
    rows: list[dict[str, object]] = []
    for hour in range(days * 24):
        ill = 60 <= hour < 110
        rows += [
            {"hour": float(hour), "concept": "temperature", "value": round((39.1 if ill else 36.8) + rng.gauss(0, 0.1), 1)},
            {"hour": float(hour), "concept": "systolic_bp", "value": round((84 if ill else 121) + rng.gauss(0, 2))},
            {"hour": float(hour), "concept": "spo2", "value": 96.0},
        ]
    rows += [
        {"hour": 66.0, "end_hour": 90.0, "concept": "norepinephrine", "value": 6.0},
        {"hour": 64.0, "concept": "oxygen_device", "text": "nasal_cannula"},
        {"hour": 70.0, "concept": "tocilizumab", "value": 560.0},
        {"hour": 72.0, "concept": "il6", "value": 5000.0, "censored": 1},
        {"hour": 0.0, "concept": "car_t_infusion", "value": 2e6},
    ]
    return rows
