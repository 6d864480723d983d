"""From a system to compiled code, kept on disk: a model that was compiled once on a machine starts from its cache.

The generated module holds the programs of the model as text; its name is a hash of all that its machine code depends on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tocsin.errors import ModelError, SettingError
from tocsin.model.emit import Programs, programs
from tocsin.model.system import System
from tocsin.model.tableau import METHODS, RODAS5P

if TYPE_CHECKING:
    from tocsin.model.solver import Compiled

MOST_LANES = 8
COMPILED_FROM = ("lower.py", "schedule.py", "tableau.py", "vector.py")
STEPS = ("attempt", "dense", "observe", "advance", "bend", "within")
"""What the driver calls, in the order of the addresses that it is given."""
PATTERN = '''"""The programs of the model {name!r}, written by tocsin.model.compile; Numba keeps their machine code beside this file."""

import numba

from tocsin.model.lower import POINTER, Kernel, layout, on_arrays, on_workspace

KERNEL = Kernel(
    {{
{texts},
    }},
    {sizes!r},
    {positive!r},
    {timed}, {method!r}, {lanes},
)
LAYOUT = layout(KERNEL)
_step = numba.cfunc(numba.void(POINTER), cache=True)
_single = numba.cfunc(numba.void(*[POINTER] * 6), cache=True)
'''
STEP = '''
_{name} = on_workspace(KERNEL, "{name}")


@_step
def {name}(w):
    _{name}(w)
'''
SINGLE = '''
_{name} = on_arrays(KERNEL, "{name}")


@_single
def {name}(p, q, y, x, t, out):
    _{name}(p, q, y, x, t, out)
'''
DIRECTORY = "TOCSIN_CACHE"
"""The environment variable that names another cache directory."""


def compile_system(system: System, lanes: int = 4, *, outputs: Sequence[str] | None = None, method: str = RODAS5P.name) -> Compiled:
    """A system made ready to solve; the first time on a machine it is compiled, which takes seconds.

    Args:
        system: the model.
        lanes: how many patients share a register: 1, 2, 4 or 8.  4 fits the widest range of processors.
        outputs: the states and assigned quantities that can be asked for; those of the system, or all its states where it has none.
        method: "rodas5p", or "rodas4" for comparison.

    Raises:
        ModelError: an equation that cannot be read.
        SettingError: an impossible number of lanes or method.
        UnknownIdError: an output that the system does not have.
    """
    from tocsin.model.solver import Compiled

    if lanes not in (1, 2, 4, 8):
        raise SettingError(f"A register holds 1, 2, 4 or 8 patients, not {lanes!r}.")
    if method not in METHODS:
        raise SettingError(f"There is no method {method!r}; known: {', '.join(METHODS)}.")
    kept = tuple(outputs) if outputs is not None else system.outputs or system.state_names
    if not kept:
        raise ModelError(f"{system.name}: no output is asked for.")
    made = programs(system, kept)
    return Compiled(system, kept, lanes, made, load_module(source(system, made, lanes, method)))


def source(system: System, made: Programs, lanes: int, method: str) -> str:
    """The text of the generated module."""
    texts = ",\n".join(f'        "{name}": """\\\n{text}\n""".strip()' for name, text in made.texts.items())
    positive = tuple(s.positive for s in system.states)
    head = PATTERN.format(name=system.name, texts=texts, sizes=dict(made.sizes), positive=positive, timed=made.timed, method=method, lanes=lanes)
    steps = [STEP.format(name=name) for name in STEPS]
    return "\n".join([head, *steps, *(SINGLE.format(name=name) for name in ("prepare", "initial", "rates", "jacobian"))])


def load_module(text: str) -> ModuleType:
    """The module of a source text, from the cache directory."""
    import llvmlite
    import numba

    own = b"".join((files("tocsin.model") / name).read_bytes() for name in COMPILED_FROM)
    versions = f"{sys.version_info[:2]} {numba.__version__} {llvmlite.__version__} {platform.machine()}"
    name = "tocsin_model_" + hashlib.sha256(text.encode() + own + versions.encode()).hexdigest()[:24]
    if name in sys.modules:
        return sys.modules[name]
    path = cache_directory() / f"{name}.py"
    if not path.exists():
        _write_whole(path, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: Numba's cache finds its functions by the name of their module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _write_whole(path: Path, text: str) -> None:
    """Writes a file at once, so that another process never reads a part of it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", encoding="utf-8", delete=False) as part:
        part.write(text)
    os.replace(part.name, path)


def cache_directory() -> Path:
    """Where generated modules and their machine code are kept: TOCSIN_CACHE, or the user's cache; a temporary directory where neither can be written."""
    if chosen := os.environ.get(DIRECTORY):
        base = Path(chosen)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "tocsin"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "tocsin"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tocsin"
    directory = base / "models"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except OSError:
        if chosen:
            raise SettingError(f"{DIRECTORY} names {base}, where nothing can be written.\n  Name a directory of your own.") from None
        directory = Path(tempfile.gettempdir()) / f"tocsin-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory
