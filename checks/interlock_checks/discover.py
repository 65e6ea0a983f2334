"""Which files of a tree hold something that somebody can run: by suffix, by name and by shebang.

Not read, because Python does not execute them: stubs (`.pyi`), Markdown and other prose, Mako
templates. Not read although they can run: zip applications, Cython, extension modules, and compiled
files in `__pycache__` (Python rebuilds those from their source).
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from interlock_checks.documents import kinds
from interlock_checks.tree import Entry, Tree

__all__ = ["Kind", "Source", "discover", "runs_python"]

Kind = Literal["python", "notebook", "pth", "document"]

_SUFFIXES: dict[str, Kind] = {
    "py": "python",
    "pyw": "python",
    "ipy": "python",
    "wsgi": "python",
    "tac": "python",
    "ipynb": "notebook",
    "pth": "pth",
}
_NAMES = frozenset({"SConstruct", "SConscript", "wscript", "wscript_build", ".pythonrc"})
_TEMPLATES = frozenset({"j2", "jinja", "jinja2", "tmpl", "tpl", "template", "in", "dist", "sample"})
_TEMPLATE_SUFFIXES = frozenset({"py-tpl", "py_tmpl", "py_t", "pyt", "py_"})

# Not opened unless the run bit is set: a shebang there would be of no use.
_DATA_SUFFIXES = """
    md markdown rst txt adoc textile tex bib log csv tsv json jsonl ndjson json5 yaml yml toml
    lock ini cfg conf properties xml xsd xsl xslt rng html htm xhtml css scss sass less js mjs
    cjs jsx ts tsx vue svelte map wasm png jpg jpeg gif ico svg webp bmp tif tiff avif psd ai
    eps pdf ps doc docx xls xlsx ppt pptx odt ods odp vsd dia graffle drawio ttf otf woff woff2
    eot mp3 mp4 m4a wav ogg webm avi mov zip gz tgz bz2 xz zst tar 7z rar jar whl egg deb rpm so
    dylib dll exe o a lib obj pyc pyo pyd pyi pyx pxd pxi c h cc cpp cxx hh hpp hxx m mm rs go
    java kt kts scala cs fs swift r jl lua sql sqlite sqlite3 db proto thrift avsc graphql gql
    po pot mo mako parquet arrow feather npy npz pkl pickle joblib h5 hdf5 nc pt onnx
    safetensors pb bin dat pem crt cer key pub csr asc sig patch diff orig rej snap inc tf
    tfvars hcl bzl bazel cmake gitignore gitattributes gitmodules gitkeep gitreview mailmap
    editorconfig dockerignore placeholder
"""
_DATA = frozenset(_DATA_SUFFIXES.split())

# Sockets, links that lead away, and files that vanished meanwhile have no shebang.
_NO_SCRIPT = frozenset(
    {errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.ENXIO}
)
_HEAD = 512  # bytes: Linux reads 256 of a shebang, the tricks with a shell need a line or two more
_PYTHON = re.compile(r"(?:i?python|pypy|jython|micropython|graalpy)[\d.]*[tdmw]?(?:\.exe)?", re.I)
_RUNNERS = frozenset(
    {"uv", "uvx", "pipx", "poetry", "pdm", "hatch", "rye", "pixi", "conda", "mamba"}
)
# A shell that hands the same file over to Python: to Python the line is a string.
_HANDED_OVER = re.compile(
    rb"^[ \t]*(?:[\"']{2}|[\"']:[\"'])(?s:.){0,200}?\bexec\b.*py(?:thon|py)", re.M
)
_NIX = re.compile(rb"^#!.*\bnix-shell\b.*-i\s*(?:i?python|pypy)", re.M)
_MODE_LINE = re.compile(
    rb"^#.*-\*-.*\bpython\b.*-\*-|^#.*\bvim?:.*\b(?:ft|filetype)=python\b", re.M
)


@dataclass(frozen=True, slots=True)
class Source:
    """
    A file to be read as code.

    Attributes:
        path: From the root, with `/`.
        data: The bytes as they are; empty where there is a problem.
        digest: 20 bytes of BLAKE2b over data, kind and template: what facts depend on.
        template: The name says that another program makes Python out of it (`settings.py.j2`).
        problem: Why it could not be read, as the end of a sentence; None if it was.
    """

    path: str
    kind: Kind
    data: bytes
    digest: bytes
    template: bool = False
    problem: str | None = None


def discover(tree: Tree, entries: list[Entry] | None = None) -> list[Source]:
    """Read every file that can hold code, once, in the order of paths."""
    entries = tree.entries() if entries is None else entries
    paths = {entry.path for entry in entries}
    found: dict[str, Source] = {}
    # Links last: one that leads to a source that is read anyway is another name, no other code.
    for entry in sorted(entries, key=lambda entry: entry.mode == "link"):
        if entry.mode == "link" and _is_other_name(tree, entry, found):
            continue
        source = _source(tree, entry, paths)
        if source is not None:
            found[entry.path] = source
    return [found[path] for path in sorted(found)]


def runs_python(head: bytes) -> bool:
    """Say whether the first bytes of a file hand it to a Python interpreter."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if not head.startswith(b"#"):
        return False
    first, _, rest = head.partition(b"\n")
    if b"\n" not in head and b"\r" in head:
        first = head.partition(b"\r")[0]
    if not first.startswith(b"#!"):
        return bool(_MODE_LINE.match(first))
    words = first[2:].decode("latin-1").split()
    return (
        _is_python_command(_without_env(words))
        or bool(_HANDED_OVER.search(rest))
        or bool(_NIX.search(rest))
        or bool(_MODE_LINE.match(rest.partition(b"\n")[0]))
    )


def _source(tree: Tree, entry: Entry, paths: set[str]) -> Source | None:
    path = entry.path
    name = path.rpartition("/")[2]
    kind, template = _kind_by_name(name)
    if kind is None:
        if kinds.format_by_name(path) is not None:
            return _document(tree, path)
        suffix = name.rpartition(".")[2].lower() if "." in name else ""
        if suffix == "pyc" and _lacks_source(path, paths):
            return _unread(path, "python", "it is compiled, and its source is not there")
        if kinds.is_searched(path) and (found := _searched(tree, path)) is not None:
            return found
        if suffix in _DATA and not entry.executable:
            return None
        if _is_template_of_data(name) and not entry.executable:
            return None
    elif name.startswith(".#") and entry.mode == "link":
        return None  # an editor's lock: a link that dangles on purpose
    try:
        if kind is None:
            head = tree.head(path, _HEAD)
            if not runs_python(head):
                document = kinds.format_by_head(path, head, executable=entry.executable)
                return None if document is None else _document(tree, path)
            kind = "python"
        data = tree.read(path)
    except OSError as error:
        if kind is not None:
            return _unread(path, kind, _reason(error), template=template)
        return None if error.errno in _NO_SCRIPT else _unread(path, "python", _reason(error))
    return Source(path, kind, data, _digest(data, kind, template), template)


def _document(tree: Tree, path: str) -> Source:
    try:
        data = tree.read(path)
    except OSError as error:
        return _unread(path, "document", _reason(error))
    return _as_document(path, data)


def _as_document(path: str, data: bytes) -> Source:
    return Source(path, "document", data, _digest(data, "document", False))


def _searched(tree: Tree, path: str) -> Source | None:
    """A file of a common suffix, if its text is that of a document."""
    try:
        data = tree.read(path)
    except OSError as error:
        return _unread(path, "document", _reason(error))
    return _as_document(path, data) if kinds.format_of(path, data) else None


def _kind_by_name(name: str) -> tuple[Kind | None, bool]:
    if name in _NAMES:
        return "python", False
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        return None, False
    suffix = suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix], False
    if suffix in _TEMPLATE_SUFFIXES:
        return "python", True
    if suffix in _TEMPLATES and "." in stem:
        inner = _SUFFIXES.get(stem.rpartition(".")[2].lower())
        return inner, inner is not None
    return None, False


def _is_template_of_data(name: str) -> bool:
    """Say whether it is a template by suffix, and what comes out has no place for a shebang."""
    parts = name.lower().split(".")
    return len(parts) > 2 and parts[-1] in _TEMPLATES and parts[-2] in _DATA


def _lacks_source(path: str, paths: set[str]) -> bool:
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[2] != "__pycache__" and path[:-1] not in paths and bool(name)


def _is_other_name(tree: Tree, link: Entry, found: dict[str, Source]) -> bool:
    target = tree.link_target(link.path)
    source = None if target is None else found.get(target)
    if source is None:
        return False
    kind, _ = _kind_by_name(link.path.rpartition("/")[2])
    return kind is None or kind == source.kind


def _without_env(words: list[str]) -> list[str]:
    """Drop `/usr/bin/env`, its options and its assignments from the words of a shebang."""
    if not words or _program(words[0]) != "env":
        return words
    rest = iter(words[1:])
    for word in rest:
        if word.startswith("-") and "S" in word and word.partition("S")[2]:
            return [word.partition("S")[2], *rest]
        if not word.startswith("-") and "=" not in word:
            return [word, *rest]
    return []


def _is_python_command(words: list[str]) -> bool:
    if not words:
        return False
    program = _program(words[0])
    if _PYTHON.fullmatch(program):
        return True
    if program not in _RUNNERS:
        return False
    asked = any(word in ("--script", "-s") or _PYTHON.fullmatch(_program(word)) for word in words)
    return asked or program == "pipx"


def _program(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2]


def _unread(path: str, kind: Kind, problem: str, *, template: bool = False) -> Source:
    return Source(path, kind, b"", _digest(problem.encode(), kind, template), template, problem)


def _digest(data: bytes, kind: Kind, template: bool) -> bytes:
    purpose = f"{kind}-t" if template else kind
    return blake2b(data, digest_size=20, person=purpose.encode()).digest()


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a link that leads out of the repository or nowhere"
    if error.errno in (errno.EINVAL, errno.ENXIO, errno.EISDIR):
        return "it is not a regular file"
    return f"the system says: {error.strerror or type(error).__name__}"
