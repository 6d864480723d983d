"""The files of a FHIR export, whatever their names: JSON documents and NDJSON, plain, gzipped or in a zip, read in bounded memory."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tocsin.errors import SourceError
from tocsin.sources.optional import needs
from tocsin.timeline import sha256_of

_ENDINGS = (".json", ".ndjson", ".jsonl")
_BLOCK = 1 << 22
_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
MOST_MB, MOST_RATIO = 64.0, 400.0
_FREE = 64 << 20  # decompressed bytes from which on the ratio counts: small files of blanks are nobody's bomb


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may ask of the machine.

    ``most_mb``: megabytes of one line or one JSON document, which is held whole.  ``most_ratio``: decompressed bytes for one
    compressed byte; exports compress 10 to 100 times, a bomb a thousand times.
    """

    most_mb: float = MOST_MB
    most_ratio: float = MOST_RATIO

    @property
    def most_bytes(self) -> int:
        """The same in bytes."""
        return int(self.most_mb * 1e6)


@dataclass(frozen=True, slots=True)
class Text:
    """One file of JSON: its name as people see it, its checksum, and how to open it decompressed."""

    name: str
    sha256: str
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of NDJSON or a whole document: number from 1, its bytes, or why it was not read."""

    number: int
    data: bytes
    trouble: str = ""
    fix: str = ""


@dataclass(slots=True)
class Found:
    """The files of JSON in a path, and the names of the others."""

    texts: list[Text] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def find(path: Path, limits: Limits) -> Found:
    """Every file of JSON in a folder (and its folders), a zip or a single file; SourceError when the path does not exist."""
    if not path.exists():
        raise SourceError(f"{path}: there is no such file or folder.")
    found = Found()
    single = path.is_file()
    for file in [path] if single else sorted(p for p in path.rglob("*") if p.is_file()):
        name = file.name if single else file.relative_to(path).as_posix()
        plain = name.lower().removesuffix(".gz")
        if name.lower().endswith(".zip"):
            _unzip(file, name, limits, found)
        elif single or plain.endswith(_ENDINGS):
            packed = _is_gzip(file)
            found.texts.append(Text(name, sha256_of(file), _opener(file, name, packed, limits)))
        else:
            found.others.append(name)
    return found


def _is_gzip(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def _opener(file: Path, name: str, packed: bool, limits: Limits) -> Callable[[], IO[bytes]]:
    if not packed:
        return lambda: file.open("rb")
    size = file.stat().st_size
    return lambda: _Bounded(gzip.open(file, "rb"), name, size, limits)  # type: ignore[arg-type, return-value]


def _unzip(file: Path, name: str, limits: Limits, found: Found) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"{name}: this zip cannot be opened ({error}).\n  Copy or export it again.") from None
    digest = sha256_of(file)
    for member in members:
        shown = f"{name}/{member.filename}"
        if not member.filename.lower().removesuffix(".gz").endswith(_ENDINGS):
            found.others.append(shown)
            continue

        def opened(member: zipfile.ZipInfo = member, shown: str = shown) -> IO[bytes]:
            try:
                inner: Any = zipfile.ZipFile(file).open(member)  # noqa: SIM115 - closed by the one who reads it
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
                raise SourceError(f"{shown}: this part of the zip cannot be opened ({error}).\n  Unpack it first.") from None
            inner = _Bounded(inner, shown, max(member.compress_size, 1), limits)
            if member.filename.lower().endswith(".gz"):
                unpacked: Any = gzip.GzipFile(fileobj=inner)
                inner = _Bounded(unpacked, shown, max(member.file_size, 1), limits)
            return inner  # type: ignore[no-any-return]

        found.texts.append(Text(shown, digest, opened))


class _Bounded:
    """A decompressed file that stops with SourceError when it becomes a bomb, or when its packing is damaged."""

    def __init__(self, inner: IO[bytes], name: str, size: int, limits: Limits) -> None:
        self._inner, self._name, self._limits = inner, name, limits
        self._most = max(_FREE, int(size * limits.most_ratio))
        self._size, self._done = size, 0

    def read(self, many: int = _BLOCK) -> bytes:
        """The next bytes."""
        try:
            data = self._inner.read(many)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            raise SourceError(f"{self._name}: it cannot be decompressed after {self._done} bytes ({error}).\n"
                              "  The file is damaged or was cut off: copy or export it again.") from None
        self._done += len(data)
        if self._done > self._most:
            raise SourceError(
                f"{self._name}: {self._size} compressed bytes became more than {self._most}: this looks like a decompression bomb, and reading stopped.\n"
                f"  If the file is what it should be, allow more than {self._limits.most_ratio:g} to 1 (most_ratio), or decompress it first.")
        return data

    def close(self) -> None:
        """Close the file."""
        self._inner.close()

    def __enter__(self) -> _Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ---------------------------------------------------------------- lines and documents

def is_ndjson(text: Text, limits: Limits) -> bool:
    """Whether each line is a resource of its own: by the name, else when the first line is a whole JSON object."""
    with text.open() as handle:
        head = handle.read(_BLOCK)
        for mark, name in _OTHER_ENCODINGS.items():
            if head.startswith(mark):
                raise SourceError(f"{text.name}: it is in {name}; FHIR JSON is in UTF-8.\n  Save it as UTF-8.")
        if text.name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl")):
            return True
        while b"\n" not in head.lstrip() and len(head) <= limits.most_bytes:
            more = handle.read(_BLOCK)
            if not more:
                break
            head += more
    first = head.removeprefix(_BOM).lstrip().partition(b"\n")[0]
    orjson = needs("orjson")
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def document(text: Text, limits: Limits) -> Line:
    """The whole file as one document; SourceError when it is larger than the limit."""
    parts: list[bytes] = []
    size = 0
    with text.open() as handle:
        while data := handle.read(_BLOCK):
            size += len(data)
            if size > limits.most_bytes:
                raise SourceError(f"{text.name}: one JSON document of more than {limits.most_mb:g} MB, which would have to be held whole.\n"
                                  "  Export it as NDJSON (one resource a line), or allow more (most_mb).")
            parts.append(data)
    return Line(1, b"".join(parts).removeprefix(_BOM))


def blocks(text: Text, limits: Limits) -> Iterator[tuple[int, bytes, Line | None]]:
    """The file in blocks of whole lines: the number of the first line and the bytes, and a line that was too long to hold, after them."""
    number, rest, skipping = 1, b"", False
    with text.open() as handle:
        first = True
        while data := handle.read(_BLOCK):
            if first:
                data, first = data.removeprefix(_BOM), False
            if skipping:
                end = data.find(b"\n")
                if end < 0:
                    continue
                data, skipping = data[end + 1:], False
                number += 1
            rest += data
            cut = rest.rfind(b"\n") + 1
            if cut:
                lines, rest = rest[:cut], rest[cut:]
                yield number, lines, None
                number += lines.count(b"\n")
            if len(rest) > limits.most_bytes:
                too_long = Line(number, b"", f"a line of more than {limits.most_mb:g} MB, which was not read",
                                "If it is what it should be, allow more (most_mb).")
                yield number, b"", too_long
                rest, skipping = b"", True
    if rest:
        yield number, rest, None
