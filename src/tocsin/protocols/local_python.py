"""A hospital's protocol in a Python file: run when the user names it, and every mistake in it told with file and line.

A Python file is code: it can do whatever its author can.  It runs only when a person names it.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from tocsin.errors import RuleError, SettingError, TocsinError
from tocsin.protocols.protocol import Protocol
from tocsin.protocols.sweep import program_of

USUAL_MISTAKES = (TocsinError, NameError, ImportError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError, RuntimeError,
                  AssertionError)
"""What a mistake in the user's own file may raise."""
FIXES: Mapping[type[Exception], str] = {
    NameError: "Import the name, or correct its spelling",
    ImportError: "Install the package, or correct the spelling of the module or name",
    AttributeError: "Correct the spelling of the name after the dot",
    TypeError: "See the fields of Rule, Dose, Block and Chapter in tocsin.protocols",
}
SAMPLE = 'End the file with BUILDERS = {"my-id": function}, a function that takes settings and returns the Protocol, or with PROTOCOL = Protocol(...)'


def builders(path: Path, known: Mapping[str, object]) -> Mapping[str, Callable[..., Protocol]]:
    """Run the file and return what it names, by id; ``known``: the ids that are taken.

    Raises SettingError where it cannot be read or names nothing, RuleError where it is built wrongly.
    """
    module = _run(path)
    named, one = getattr(module, "BUILDERS", None), getattr(module, "PROTOCOL", None)
    if named is None and one is None:
        raise SettingError(f"{path} names neither BUILDERS nor PROTOCOL.\n  {SAMPLE}.")
    if named is not None and one is not None:
        raise SettingError(f"{path} names both BUILDERS and PROTOCOL.\n  Keep one of them.")
    if one is not None:
        if not isinstance(one, Protocol):
            raise SettingError(f"{path}: PROTOCOL is {_kind(one)}, not a Protocol.\n  {SAMPLE}.")
        named = {one.id: _fixed(path, one)}
    if not isinstance(named, Mapping) or not named or not all(isinstance(k, str) and callable(v) for k, v in named.items()):
        raise SettingError(f"{path}: BUILDERS must map ids to functions, for example {{\"ward-7\": ward7}}, not {named!r:.80}.")
    taken = [name for name in named if name in known]
    if taken:
        raise SettingError(f"{path}: {taken[0]!r} is the id of an installed protocol.\n  Give yours an id of its own.")
    return {name: _checked(path, name, build) for name, build in named.items()}


def _run(path: Path) -> ModuleType:
    """The file as a module, without a compiled copy beside it."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.\n  Check the name and the folder.") from None
    module = ModuleType(f"tocsin_local_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        text = f"\n    {error.text.strip()}" if error.text else ""
        where = f"{path}, line {error.lineno}" if error.filename == str(path) and error.lineno else str(path)
        raise RuleError(f"{where}: this is not Python: {error.msg}.{text}\n  Look at this line and the one before it.") from None
    except SystemExit:
        raise RuleError(f"{path} stops the program (SystemExit).\n  A protocol only names BUILDERS or PROTOCOL.") from None
    except USUAL_MISTAKES as error:
        raise _located(path, error) from None
    return module


def _checked(path: Path, name: str, build: Callable[..., Protocol]) -> Callable[..., Protocol]:
    """The builder, with its mistakes told by file and line, and what it returns checked."""

    def made(**given: object) -> Protocol:
        try:
            one = build(**given)
        except SettingError as error:
            raise SettingError(f"{path}: {error}") from None
        except USUAL_MISTAKES as error:
            if given and isinstance(error, TypeError) and _line(path, error) is None:
                raise SettingError(f"{path}: {name} has no setting {', '.join(given)}.\n  Its function must take **given to have settings.") from None
            raise _located(path, error) from None
        if not isinstance(one, Protocol):
            raise SettingError(f"{path}: the function of {name!r} returns {_kind(one)}, not a Protocol.\n  {SAMPLE}.")
        if one.id != name:
            raise SettingError(f"{path}: BUILDERS calls it {name!r}, its Protocol {one.id!r}.\n  Write the same id in both places.")
        for chapter in one.chapters:
            try:
                program_of(chapter)
            except USUAL_MISTAKES as error:
                raise RuleError(f"{path}, chapter {chapter.title!r}: {error}") from None
        return one

    return made


def _fixed(path: Path, one: Protocol) -> Callable[..., Protocol]:
    def build(**given: object) -> Protocol:
        if given:
            raise SettingError(f"{one.id} has no setting {', '.join(given)}")
        return one

    return build


def _located(path: Path, error: Exception) -> RuleError:
    """The mistake with its file and line, what it is, and the usual fix."""
    line = _line(path, error)
    where = f"{path}, line {line}" if line else str(path)
    what = f"no entry {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
    fix = next((f"\n  {words}." for kind, words in FIXES.items() if isinstance(error, kind)), "")
    return RuleError(f"{where}: {what.rstrip('.')}.{fix}")


def _line(path: Path, error: Exception) -> int | None:
    """The innermost line of the file that was running."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def _kind(thing: object) -> str:
    return "nothing" if thing is None else f"a {type(thing).__name__}"
