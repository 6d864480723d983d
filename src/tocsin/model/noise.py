"""Random numbers by address: the draw of a patient at an hour is the same whatever the number of patients, the horizon or the order of asking.

A counter is mixed by the finaliser of SplitMix64 (Steele GL, Lea D, Flood CH. Fast splittable pseudorandom number generators. OOPSLA 2014),
so that a run that stops and resumes observes what one run would have observed.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mixed(x: U64) -> U64:
    with np.errstate(over="ignore"):
        x = x + _GAMMA
        x = (x ^ (x >> np.uint64(30))) * _MIX[0]
        x = (x ^ (x >> np.uint64(27))) * _MIX[1]
        return x ^ (x >> np.uint64(31))


def uniform(seed: int, what: str, patient: I64, at: I64) -> F64:
    """Uniform in (0, 1), one for each pair of the broadcast ``patient`` and ``at`` (an hour or any other count), apart for each ``what``."""
    key = np.random.SeedSequence([seed, zlib.crc32(what.encode())]).generate_state(1, np.uint64)[0]
    # two rounds on the patient and two on the moment, so that neighbours have nothing in common
    mixed = _mixed(_mixed(np.asarray(patient, np.int64).view(np.uint64) ^ key))
    mixed = _mixed(_mixed(mixed ^ np.asarray(at, np.int64).view(np.uint64)))
    return (np.asarray(mixed >> np.uint64(11), np.float64) + 0.5) * 2.0**-53


def normal(seed: int, what: str, patient: I64, at: I64) -> F64:
    """Standard normal, by the method of Box and Muller (Ann Math Stat 1958;29:610-611)."""
    radius = np.sqrt(-2.0 * np.log(uniform(seed, f"{what}, radius", patient, at)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(seed, f"{what}, angle", patient, at)))
