"""Body surface by the formula of Mosteller (mosteller1987): the square root of weight [kg] x height [cm] / 3600, in m2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def body_surface_m2(weight_kg: Floats, height_cm: Floats) -> Floats:
    """The body surface of each patient; nan where the weight or the height is not known."""
    return np.sqrt(weight_kg * height_cm / 3600.0)
