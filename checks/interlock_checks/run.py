"""What the command line and the hooks call: read the tree, prove or recall, report."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import msgspec

from interlock import __version__
from interlock.contract import load_contract
from interlock_checks.cache import Cache
from interlock_checks.discover import Source, discover
from interlock_checks.keeping import encoded
from interlock_checks.report.model import Base, Report
from interlock_checks.revision import Revision
from interlock_checks.tree import Tree, WorkTree
from interlock_checks.weakening.model import Loosened

Progress = Callable[[int, int], None]

_SETTINGS = (".ini", ".cfg", ".toml")
"""Suffixes of the files that may declare homes: contract, script locations."""


def check_repository(
    root: Path, progress: Progress | None = None, bases: Sequence[Revision] = ()
) -> Report:
    """
    Check all files below `root` against the contract found there.

    Raises:
        interlock.contract.ContractError: the contract is invalid.
    """
    return check_tree(WorkTree(root), Cache.open(root, _version()), progress, bases)


def check_tree(
    tree: Tree,
    cache: Cache,
    progress: Progress | None = None,
    bases: Sequence[Revision] = (),
) -> Report:
    """
    Check all files of a tree against the contract found there.

    Args:
        bases: Revisions that declare what must not be weakened.

    Raises:
        interlock.contract.ContractError: the contract is invalid.
    """

    def read(path: str) -> bytes | None:
        try:
            return tree.read(path)
        except OSError:
            return None

    contract, declared_in = load_contract(read)
    entries = tree.entries()
    sources = {source.path: source for source in discover(tree, entries)}
    links = {
        entry.path: target
        for entry in entries
        if entry.mode == "link" and (target := tree.link_target(entry.path)) is not None
    }
    paths = frozenset(entry.path for entry in entries)
    loosened, compared = _compare(bases, tree)
    weaker = repr((loosened, compared)).encode("utf-8", "surrogatepass")
    key = _inputs(paths, links, sources, read, weaker)
    report = _recall(cache, key)
    if report is None:
        # Loaded here because a run in which nothing has changed needs none of it.
        from interlock_checks.prove import Repository, prove

        repository = Repository(contract, declared_in, read, sources, links, paths, loosened)
        report, facts = prove(repository, progress, cache.load())
        cache.store(facts)
        if (result := encoded(report)) is not None:
            cache.keep_result(key, result)
    digests = {path: source.digest.hex() for path, source in sources.items()}
    return msgspec.structs.replace(report, digests=digests, bases=compared)


def _compare(
    bases: Sequence[Revision], tree: Tree
) -> tuple[tuple[Loosened, ...], tuple[Base, ...]]:
    """What is looser than at any of the bases, and what there was to compare with."""
    if not bases:
        return (), ()
    from interlock_checks.weakening.compare import compare

    loosened: dict[Loosened, None] = {}
    compared: list[Base] = []
    for base in bases:
        with base:
            found, first = compare(base, tree)
        loosened.update(dict.fromkeys(found))
        compared.append(Base(base.commit, first))
    return tuple(loosened), tuple(compared)


def _recall(cache: Cache, key: bytes) -> Report | None:
    kept = cache.result(key)
    if kept is None:
        return None
    try:
        return msgspec.msgpack.decode(kept, type=Report)
    except msgspec.MsgspecError:
        return None


def _inputs(
    paths: frozenset[str],
    links: Mapping[str, str],
    sources: Mapping[str, Source],
    read: Callable[[str], bytes | None],
    compared: bytes,
) -> bytes:
    """A digest of all that the report depends on, but for the version."""
    digest = blake2b(digest_size=32)

    def add(*parts: bytes) -> None:
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)

    for path in sorted(paths):
        name = path.encode("utf-8", "surrogateescape")
        source = sources.get(path)
        if source is not None:
            add(name, source.digest, (source.problem or "").encode())
        elif path.endswith(_SETTINGS):
            add(name, read(path) or b"")
        else:
            add(name)
    for path, target in sorted(links.items()):
        add(path.encode("utf-8", "surrogateescape"), target.encode("utf-8", "surrogateescape"))
    add(compared)
    return digest.digest()


@cache
def _version() -> str:
    """The programs on which facts depend: ours, as installed now, the parser's and Python's."""
    own = blake2b(digest_size=16)
    for package in (Path(__file__).parent, Path(sys.modules["interlock"].__file__ or "").parent):
        for stamp in sorted(_stamps(package)):
            own.update(stamp)
    parser = find_spec("libcst")
    if parser is not None and parser.origin is not None:
        stat = Path(parser.origin).stat()
        own.update(f"{parser.origin} {stat.st_size} {stat.st_mtime_ns}".encode())
    return f"{__version__} {own.hexdigest()} {platform.python_version()}"


def _stamps(folder: str | Path) -> Iterator[bytes]:
    """Name, size and time of each module below a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _stamps(entry.path)
            elif entry.name.endswith(".py"):
                stat = entry.stat()
                yield os.fsencode(f"{entry.path} {stat.st_size} {stat.st_mtime_ns}\n")


def hook_main(argv: Sequence[str], *, families: tuple[str, ...] | None) -> int:
    """
    The body of every hook: check the repository in the working directory.

    Returns:
        0 nothing found, 1 findings, 2 the contract is invalid or the arguments are.
    """
    from interlock.contract import ContractError
    from interlock_checks.base import BaseMissing, bases
    from interlock_checks.report.text import render

    if argv:
        sys.stderr.write(
            f"interlock: unexpected argument {argv[0]!r}: the hook checks the whole repository\n"
        )
        return 2
    root = Path.cwd()
    try:
        report = check_repository(root, bases=bases(root, None, os.environ))
    except (ContractError, BaseMissing) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if families is not None:
        kept = tuple(f for f in report.findings if f.code.startswith(families))
        report = msgspec.structs.replace(report, findings=kept)
        sys.stderr.write(f"interlock: {', '.join(families)} only: this is not the whole proof\n")
    read = WorkTree(root).read
    text = render(report, read, colour=sys.stdout.isatty(), width=100, families=families)
    sys.stdout.write(f"{text}\n")
    return 1 if report.findings else 0
