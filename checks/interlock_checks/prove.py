"""
From sources to a report: facts, link, checks, and again as long as linking asks for more.

Linking may need what no file was read for: the constant that a command is made of, the callers
of a function that starts what it is given, the takers of a sink that a module re-exports.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from interlock.contract import Contract
from interlock_checks.catalogue import tampering
from interlock_checks.check import all_checks
from interlock_checks.discover import Source
from interlock_checks.finding import Finding
from interlock_checks.homes import resolve
from interlock_checks.link.documents import (
    Surroundings,
    document_reaches,
    front_commands,
    order_reaches,
    run_from_outside,
)
from interlock_checks.link.judgements import Judgements
from interlock_checks.link.judging import Judge
from interlock_checks.link.order import Order
from interlock_checks.locations import script_locations
from interlock_checks.modules import ModuleIndex
from interlock_checks.near import followed, for_order, near
from interlock_checks.project import Project
from interlock_checks.reading import Progress, Reading
from interlock_checks.report.model import Assumed, Report
from interlock_checks.standins import stand_ins
from interlock_checks.wanted import borrowed, borrowers, setting, spelling, wanted_by
from interlock_checks.weakening.model import Loosened
from interlock_checks.worker import DEPTH, Worker, Workers, read_code

_ROUNDS = 13
"""Times that linking may ask for further files; a chain of re-exports needs one for each link."""


@dataclass(frozen=True, slots=True)
class Repository:
    """
    All input of a check. `paths` are all files, `sources` those of code; `loosened` is what the
    declarations no longer hold, against a base.
    """

    contract: Contract
    declared_in: str | None
    read: Callable[[str], bytes | None]
    sources: Mapping[str, Source]
    links: Mapping[str, str]
    paths: frozenset[str]
    loosened: Sequence[Loosened] = ()


def prove(
    repository: Repository, progress: Progress | None, kept: Mapping[bytes, bytes]
) -> tuple[Report, dict[bytes, bytes]]:
    """
    Check a repository.

    Args:
        repository: The files and the contract.
        progress: Told how many files are read, of how many.
        kept: Encoded facts of earlier runs, as this function returned them.

    Returns:
        The report, and the encoded facts to keep for the next run.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEPTH))
    # What is made here lives on: a collection would look at all of it again and again.
    enabled = gc.isenabled()
    gc.disable()
    try:
        modules = ModuleIndex(
            [path for path, source in repository.sources.items() if source.kind == "python"],
            repository.links,
        )
        with Workers(Worker(repository.sources, modules, kept)) as workers:
            return _proved(repository, modules, progress, kept, workers)
    finally:
        if enabled:
            gc.enable()


def _proved(
    repository: Repository,
    modules: ModuleIndex,
    progress: Progress | None,
    kept: Mapping[bytes, bytes],
    workers: Workers,
) -> tuple[Report, dict[bytes, bytes]]:
    sources = repository.sources
    reading = Reading(sources, progress, kept, workers)
    nothing: frozenset[str] = frozenset()
    locations = script_locations(repository.contract, repository.read, repository.paths)
    homes = resolve(repository.contract, modules, locations)
    reading.read({**dict.fromkeys(sources), **near(reading, homes.deploy)})
    tree = _tree(repository)
    judge = Judge(reading.facts, reading.facts.digests, modules, read_code)
    judgements = Judgements(
        judge, reading.judged, homes.is_test, partial(spelling, reading), tree, kept
    )
    # Each round is recalled by itself: a run with a cache takes the steps of one without.
    for number in range(_ROUNDS):
        guarded = reading.imports(tampering.ROOT)
        judgements.judge(number, reading.to_judge(), guarded=guarded)
        wanted = reading.put_off() | wanted_by(reading, judgements, modules, tree)
        if guarded or judgements.starting():
            for path in setting(reading):
                wanted[path] = (wanted.get(path) or nothing) | tampering.ENVIRONMENT
        if reading.read(wanted) and number < _ROUNDS - 1:
            continue
        # What guards are changed, and what tests lend, is asked when nothing else is open.
        judgements.settle_changes(number)
        reaches = judgements.reaches(reading.summaries)
        world = judgements.world()
        reaches += document_reaches(reading.documents, world, homes)
        lent = {reach.path for reach in reaches if homes.is_test(reach.path)}
        order = Order(world, homes, reaches, followed(reading, homes))
        order.run()
        lending = dict.fromkeys(borrowers(reading, lent, homes), nothing)
        if not reading.read({**lending, **for_order(reading, order, modules)}):
            break
    order.finish()
    found = stand_ins(modules, sources, repository.paths, repository.links, repository.read)
    reaches = [reach for reach in reaches if reach.path not in found.genuine]
    declared = repository.declared_in is not None
    used = declared or bool(guarded or judgements.starting())
    migrating = [
        name
        for path in reading.importers("flask_migrate")
        if not homes.is_deploy(path) and not homes.is_test(path)
        for name in modules.names(path)
    ]
    surroundings = Surroundings(
        reading.documents, homes, used, front_commands(reading.documents, migrating)
    )
    reaches = [reach for reach in reaches if surroundings.count(reach)]
    reaches += [
        *borrowed(reading, reaches, modules, homes),
        *run_from_outside(reading.documents, modules, homes, reaches),
    ]
    code = [path for path in reading.summaries if path not in reading.documents]
    reaches += order_reaches(reading.documents, code, homes, repository.paths)
    reaches += [
        reach
        for reach in order.reaches
        # Nobody who neither declares a contract nor knows interlock has asked for its approval.
        if reach.path not in found.genuine and (declared or guarded or reach.code != "IL403")
    ]
    assumptions = list(judgements.assumptions())
    project = Project(
        reading.facts,
        reading.summaries,
        homes,
        reaches,
        repository.loosened,
        stand_ins=frozenset(path for path in found.files if not homes.is_test(path)),
    )
    project.places = reading.places(
        [(reach.path, reach.number) for reach in project.away() if reach.number >= 0]
        + [(one.path, one.number) for one in assumptions if not one.row]
    )
    findings: list[Finding] = []
    for check in all_checks():
        findings.extend(check().run(project))
    report = Report(
        findings=tuple(sorted(findings)),
        files=len(sources),
        read=sum(one.whole for one in reading.summaries.values()),
        at_home=project.at_home(),
        assumptions=tuple(
            sorted(
                {
                    Assumed(a.path, a.row or project.places[a.path][a.number].row, a.text)
                    for a in assumptions
                }
                | {
                    Assumed(path, row, text)
                    for path, document in reading.documents.items()
                    for row, text in document.assumptions
                },
                key=lambda a: (a.path, a.row),
            )
        ),
        contract=repository.declared_in,
        digests={},
    )
    return report, {**reading.to_keep(), **judgements.used}


def _tree(repository: Repository) -> bytes:
    """A digest of the names of files and links, by which imports are resolved."""
    names = sorted((path, one.kind) for path, one in repository.sources.items())
    text = repr((names, sorted(repository.links.items())))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest()
