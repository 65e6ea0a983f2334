"""What documents do, once the files are known that they run: claims, entries, nested Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from interlock_checks import catalogue
from interlock_checks.documents.model import Document, Entry
from interlock_checks.facts import model as m
from interlock_checks.homes import Homes
from interlock_checks.link.hooks import filter_reaches
from interlock_checks.link.pipelines import pipeline_reaches
from interlock_checks.link.uses import Reach
from interlock_checks.link.values import Ext, Mod, Value
from interlock_checks.link.world import NESTED, World


def as_files(documents: Mapping[str, Document]) -> dict[str, m.Facts]:
    """Documents among the files: their problems, and the Python in them under paths of its own."""
    files: dict[str, m.Facts] = {}
    for path, document in documents.items():
        files[path] = m.Facts(problems=document.problems)
        for number, nested in enumerate(document.nested):
            files[f"{path}{NESTED}{number}"] = nested.facts
    return files


def order_reaches(
    documents: Mapping[str, Document], paths: Iterable[str], homes: Homes
) -> Iterator[Reach]:
    """
    The places in documents where steps stand in the wrong order, or a hook never runs.

    `paths` are all modules of the repository. What lies below the test paths deploys nothing.
    """
    meant = {path: one for path, one in documents.items() if not homes.is_test(path)}
    yield from pipeline_reaches(meant)
    judged = [path for path in sorted(paths) if not homes.allows("IL103", path, ())]
    yield from filter_reaches(meant, judged)


def document_reaches(documents: Mapping[str, Document], world: World) -> Iterator[Reach]:
    """The places in documents where a sink is reached."""
    for path, document in documents.items():
        for claim in document.claims:
            yield Reach(path, -1, 0, claim.code, claim.sink, claim.manner, row=claim.row)
        for entry in document.entries:
            for value in _entered(path, entry, world):
                found = catalogue.sink(value.name) if isinstance(value, Ext) else None
                if found is not None:
                    manner = "is run by an entry point"
                    yield Reach(path, -1, 0, found.code, found.name, manner, row=entry.row)


def _entered(path: str, entry: Entry, world: World) -> Iterator[Value]:
    """The object that `package.module:name` means."""
    module, colon, name = entry.name.partition(":")
    if not colon:
        return
    for value in world.module(path, module, 0):
        match value:
            case Mod(path=file):
                yield from world.exported(file, name.partition(".")[0])
            case Ext(name=whole):
                yield Ext(catalogue.canonical(f"{whole}.{name}"))
            case _:
                pass
