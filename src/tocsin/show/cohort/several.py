"""Many figures saved at once: those of a report on every core, by further processes of this program."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tocsin.cohort.parts import FigurePart

A_PROCESS = 6
"""A further process pays where it has at least this many figures to draw: it takes about a second to start."""


def save_figures(parts: Sequence[FigurePart], arms: Sequence[str], folder: Path, synthetic: bool = False) -> None:
    """Save every figure into ``folder`` as ``save_figure`` does; those that a further process did not save are saved by this one."""
    many = max(1, min(os.cpu_count() or 1, len(parts) // A_PROCESS))
    shares = [parts[i::many] for i in range(many)]
    others = [_started(share, arms, folder, synthetic) for share in shares[1:]]
    _save(shares[0], arms, folder, synthetic)
    for other, share in zip(others, shares[1:], strict=True):
        if other.wait() != 0:
            _save(share, arms, folder, synthetic)


def _save(parts: Sequence[FigurePart], arms: Sequence[str], folder: Path, synthetic: bool) -> None:
    from tocsin.show.cohort.draw import save_figure  # matplotlib is loaded where something is drawn

    for part in parts:
        save_figure(part, arms, folder, synthetic)


def _started(parts: Sequence[FigurePart], arms: Sequence[str], folder: Path, synthetic: bool) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with process.stdin as pipe:  # type: ignore[union-attr]
            pickle.dump((list(parts), tuple(arms), str(folder.resolve()), synthetic), pipe)
    except BrokenPipeError:  # it could not start: its figures are drawn here
        process.wait()
    return process


def _main() -> None:
    parts, arms, folder, synthetic = pickle.load(sys.stdin.buffer)
    _save(parts, arms, Path(folder), synthetic)


if __name__ == "__main__":
    _main()
