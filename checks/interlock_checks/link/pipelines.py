"""
The order of interlock's steps in pipelines, by the scheduling rules of each system.

For every `interlock migrate` the question is: on each way on which it can start, have `verify` and
then `backup` succeeded before? What runs before is what stands before it in its job, what its job
waits for, and what ran before wherever its job, target or script is called from. A job that waits
for another starts only if that one has succeeded; the readers of the formats say where it is not
so (`if: always()`, `when: on_failure`), by leaving the other out of `after`.

A step whose exit status is discarded counts as done here: that is IL306, and no second finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import msgspec

from interlock_checks.documents.conditions import NEVER, is_input, terms
from interlock_checks.documents.model import HOOK, Document, Ran, Stage, Unit
from interlock_checks.link.alongside import as_started
from interlock_checks.link.callees import Callees, Key, Site
from interlock_checks.link.made import as_made
from interlock_checks.link.merged import as_merged
from interlock_checks.link.reach import Reach

__all__ = ["pipeline_reaches"]

STEPS = frozenset({"verify", "backup"})
"""What must have succeeded before a migration, in this order."""

IN_ORDER = frozenset({"make", "just"})
"""Systems in which a target starts those it names, one after another."""
MAX_DEPTH = 60
"""Jobs behind jobs and calls inside calls that are followed; beyond, nothing is known to run."""
MOST_WORK = 200_000
"""Jobs that are looked at for one repository, over all ways to start a migration."""


@dataclass(frozen=True)
class Known:
    """
    What has run at some point.

    Attributes:
        sure: Steps that have succeeded on every way to here; `backup` only after `verify`.
        weak: Steps that a condition may have left out: the step, the file and the row of it.
    """

    sure: frozenset[str] = frozenset()
    weak: tuple[tuple[str, str, int], ...] = ()

    def and_then(self, step: str, place: tuple[str, int] | None) -> Known:
        """After a further step, which depends on the condition at `place` if there is one."""
        new = STEPS if step == "deploy" else frozenset({step} & STEPS)
        if step == "backup" and "verify" not in self.all():
            return self  # a copy of something that nobody has looked at
        new -= self.sure
        if not new:
            return self
        if place is None:
            return Known(self.sure | new, self.weak)
        return Known(self.sure, (*self.weak, *((one, *place) for one in sorted(new))))

    def all(self) -> frozenset[str]:
        """The steps that have succeeded, or would have without their conditions."""
        return self.sure | {step for step, _, _ in self.weak}

    def joined(self, other: Known) -> Known:
        """What has run when both have."""
        weak = tuple(dict.fromkeys((*self.weak, *other.weak)))
        return Known(self.sure | other.sure, weak)

    def either(self, other: Known) -> Known:
        """What has run when one of both has."""
        if self == other:
            return self
        both = self.all() & other.all()
        weak = tuple(one for one in dict.fromkeys((*self.weak, *other.weak)) if one[0] in both)
        return Known(self.sure & other.sure, weak)

    def missing(self) -> frozenset[str]:
        """The steps that are not sure."""
        return STEPS - self.sure


Terms = frozenset[str]
NOTHING = Known()


def pipeline_reaches(
    documents: Mapping[str, Document], files: Iterable[str] = ()
) -> Iterator[Reach]:
    """The findings about order and conditions in all pipelines of a repository of these files."""
    if not any(_concerned(one) for one in documents.values()):
        return
    documents = as_started(as_merged(as_made(documents, files)))
    pipelines = _Pipelines(documents, Callees(documents))
    found: dict[tuple[str, int, str], Reach] = {}
    for reach in [*pipelines.migrations(), *pipelines.checks(), *pipelines.hooks()]:
        found.setdefault((reach.path, reach.row, reach.code), reach)
    yield from found.values()


def _concerned(document: Document) -> bool:
    """Whether a document runs a step, or has a hook that should."""
    return document.system == "pre-commit" or any(
        ran.step for unit in document.units for stage in unit.stages for ran in stage.ran
    )


def _variants(stages: Sequence[Stage], start: int, asked: Terms) -> Sequence[Stage]:
    """The stages from one on that are the same step with other values of a matrix."""
    first = _dimension(stages[start], asked)
    end = start + 1
    while first is not None and end < len(stages) and _dimension(stages[end], asked) == first:
        end += 1
    return stages[start:end]


def _dimension(stage: Stage, asked: Terms) -> tuple[str, int] | None:
    """The dimension of the matrix that decides whether a stage runs, if nothing else does."""
    all_terms = terms(stage.condition)
    names = {one.partition(" ")[0] for one in all_terms if one.startswith("matrix.")}
    rest = {one for one in all_terms if not one.startswith("matrix.")}
    if stage.condition_row or len(names) != 1 or not rest <= asked:
        return None
    return names.pop(), stage.row


@dataclass
class _Pipelines:
    documents: Mapping[str, Document]
    callees: Callees
    work: int = MOST_WORK
    known: dict[tuple[object, ...], Known] = field(default_factory=dict)
    waiting: set[Key] = field(default_factory=set)

    def unit(self, key: Key) -> Unit:
        """The unit of a key."""
        return self.documents[key[0]].units[key[1]]

    # --- findings ---

    def migrations(self) -> Iterator[Reach]:
        """A finding for each migration that can start without the steps before it."""
        for path, document in self.documents.items():
            for number, unit in enumerate(document.units):
                for at, stage in enumerate(unit.stages):
                    for position, ran in enumerate(stage.ran):
                        if ran.step == "migrate" and NEVER not in _terms(unit, stage):
                            yield from self.judged((path, number), at, position, ran)

    def judged(self, key: Key, at: int, position: int, ran: Ran) -> Iterator[Reach]:
        """The findings for one migration."""
        unit = self.unit(key)
        asked = _terms(unit, unit.stages[at])
        own = self.until(key, at, position, self.start(key, NOTHING, asked, 0), asked, 0)
        if not own.missing():
            return
        sites = self.callees.sites(key)
        if not sites and not self.is_template(key):
            yield from self.told(own, key[0], ran.row)
        for site in sites:
            caller = self.unit(site.key)
            terms_there = asked | _terms(
                caller, caller.stages[site.stage] if site.stage >= 0 else None
            )
            known = self.at_site(site, terms_there, 0)
            whole = self.until(
                key, at, position, self.start(key, known, terms_there, 0), terms_there, 0
            )
            row = (
                caller.order_row if site.stage < 0 else caller.stages[site.stage].ran[site.ran].row
            )
            if whole.missing():
                yield from self.told(whole, site.key[0], row)

    def is_template(self, key: Key) -> bool:
        """Whether a unit starts only where another extends it."""
        return self.documents[key[0]].system == "gitlab" and self.unit(key).name.startswith(".")

    def told(self, known: Known, path: str, row: int) -> Iterator[Reach]:
        """What is missing: at the condition that leaves it out, else at the migration."""
        places = [one for one in known.weak if one[0] in known.missing()]
        for step, where, at in places:
            manner = "runs only on a condition, and the migration after it runs without it"
            yield _reach(where, at, "IL301", f"interlock {step}", manner)
        gone = known.missing() - {step for step, _, _ in places}
        if gone:
            steps = " and ".join(
                f"`interlock {one}`" for one in ("verify", "backup") if one in gone
            )
            verb = "have" if len(gone) > 1 else "has"
            manner = f"can start before {steps} {verb} succeeded"
            if _starts_together(self.documents[path]):
                manner += ", because `make -j` and `make -k` do not keep the order of a target"
            yield _reach(path, row, "IL501", "interlock migrate", manner)

    def checks(self) -> Iterator[Reach]:
        """Runs of the check that never happen, or that whoever starts the pipeline leaves out."""
        for path, document in self.documents.items():
            later = [
                _terms(unit, stage)
                for unit in document.units
                for stage in unit.stages
                if any(ran.step in ("migrate", "deploy") for ran in stage.ran)
            ]
            for unit in document.units:
                for stage in unit.stages:
                    if not any(ran.step == "check" for ran in stage.ran):
                        continue
                    for holder in (unit, stage):
                        asked = terms(holder.condition)
                        if NEVER in asked:
                            manner = "stands behind a condition that never holds"
                            row = holder.condition_row
                            yield _reach(path, row, "IL502", "interlock check", manner)
                        elif any(is_input(one) for one in asked) and any(
                            not asked <= one for one in later
                        ):
                            manner = "can be left out by whoever starts the deployment"
                            row = holder.condition_row
                            yield _reach(path, row, "IL301", "interlock check", manner)

    def hooks(self) -> Iterator[Reach]:
        """Hooks that have the name of interlock's and run something else."""
        for path, document in self.documents.items():
            if document.system != "pre-commit":
                continue
            for number, unit in enumerate(document.units):
                if unit.name.startswith(HOOK) and not self.may_run_a_step((path, number)):
                    manner = "is the name of a hook that does not run interlock"
                    name = unit.name.removeprefix(HOOK)
                    yield _reach(path, unit.row, "IL502", name, manner)

    def may_run_a_step(self, key: Key) -> bool:
        """Whether a unit runs a step, or something that is not known here."""
        seen: set[Key] = set()
        waiting = [key]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            unit = self.unit(one)
            waiting.extend(other for name in unit.after for other in self.callees.named(one, name))
            for ran in (ran for stage in unit.stages for ran in stage.ran):
                if ran.step:
                    return True
                for called in ran.calls:
                    found = self.callees.called(one, called)
                    if not found:
                        return True
                    waiting.extend(found)
        return False

    # --- what has run ---

    def start(self, key: Key, entry: Known, asked: Terms, depth: int) -> Known:
        """What has run when a job starts, given what had when its pipeline or caller did."""
        if depth > MAX_DEPTH or self.work < 0:
            return entry
        unit = self.unit(key)
        system = self.documents[key[0]].system
        memo = ("start", key, entry, asked)
        if memo in self.known:
            return self.known[memo]
        if key in self.waiting:
            return entry
        self.waiting.add(key)
        self.work -= 1 + len(unit.after)
        known = entry
        for name in unit.after:
            for other in self.callees.named(key, name):
                begin = known if system in IN_ORDER and not unit.abreast else entry
                ended = self.end(other, begin, asked, depth + 1)
                place = self.left_out(unit, name, other, asked)
                known = known.joined(_conditional(begin, ended, place))
        if unit.staged:
            for other in self.callees.earlier(key):
                self.work -= 1
                before = self.unit(other)
                ended = self.end(other, entry, asked, depth + 1) if self.matters(before) else entry
                left_out = not terms(before.condition) <= asked
                place = (other[0], before.condition_row) if left_out else None
                known = known.joined(_conditional(entry, ended, place))
        self.waiting.discard(key)
        self.known[memo] = known
        return known

    def left_out(self, unit: Unit, name: str, other: Key, asked: Terms) -> tuple[str, int] | None:
        """
        The condition that leaves out a job which a unit waits for.

        One that is left out takes those that wait for it with it, or it does not.
        """
        before = self.unit(other)
        if name not in unit.passed_over or terms(before.condition) <= asked:
            return None
        return other[0], before.condition_row

    def matters(self, unit: Unit) -> bool:
        """Whether a unit runs a step, or something that may."""
        return any(ran.step or ran.calls for stage in unit.stages for ran in stage.ran)

    def end(self, key: Key, entry: Known, asked: Terms, depth: int) -> Known:
        """What has run when a job has succeeded."""
        begin = self.start(key, entry, asked, depth)
        return self.until(key, len(self.unit(key).stages), 0, begin, asked, depth)

    def until(
        self, key: Key, at: int, position: int, known: Known, asked: Terms, depth: int
    ) -> Known:
        """What has run before one command of a job."""
        unit = self.unit(key)
        begin = known
        last = unit.stages[at] if at < len(unit.stages) else None
        index = 0
        while index < at:
            stage = unit.stages[index]
            group = _variants(unit.stages, index, asked)
            index += 1
            if len(group) > 1 and index + len(group) - 1 <= at:
                # A step with values of a matrix: one of its variants runs, whichever.
                index += len(group) - 1
                chosen = [one for one in group if terms(one.condition) <= asked] or group
                known = reduce(
                    Known.either,
                    [self.ran(key, one.ran, known, None, asked, depth) for one in chosen],
                )
                continue
            place = None
            if not terms(stage.condition) <= asked:
                if not stage.condition_row:
                    continue  # it runs at the same time, or instead
                place = (key[0], stage.condition_row)
            known = self.ran(key, stage.ran, known, place, asked, depth)
        if last is not None:
            if last.after_failure:
                known = begin  # what stands before it in this job may have failed
            known = self.ran(key, last.ran[:position], known, None, asked, depth)
        return known

    def ran(
        self,
        key: Key,
        commands: Sequence[Ran],
        known: Known,
        place: tuple[str, int] | None,
        asked: Terms,
        depth: int,
    ) -> Known:
        """What has run after some commands."""
        for one in commands:
            here = place if one.sure or place is not None else (key[0], one.row)
            if one.step:
                known = known.and_then(one.step, here)
            for called in one.calls:
                for group in self.callees.called(key, called):
                    self.work -= 1
                    if depth > MAX_DEPTH or self.work < 0:
                        return known
                    ended = self.end(group, known, asked, depth + 1)
                    unit = self.unit(group)
                    skipped = not terms(unit.condition) <= asked
                    inner = (group[0], unit.condition_row) if skipped else None
                    known = known.joined(_conditional(known, ended, here or inner))
        return known

    def at_site(self, site: Site, asked: Terms, depth: int) -> Known:
        """What has run when a job, target or script is called there, on every way to there."""
        key = site.key
        entry = self.entry(key, asked, depth + 1)
        if site.stage >= 0:
            known = self.until(
                key, site.stage, site.ran, self.start(key, entry, asked, depth), asked, depth
            )
            command = self.unit(key).stages[site.stage].ran[site.ran]
            before = msgspec.structs.replace(command, step="", calls=command.calls[: site.call])
            return self.ran(key, [before], known, None, asked, depth)
        known = entry
        if self.documents[key[0]].system in IN_ORDER and not self.unit(key).abreast:
            for name in self.unit(key).after[: site.ran]:
                for other in self.callees.named(key, name):
                    ended = self.end(other, known, asked, depth + 1)
                    place = self.left_out(self.unit(key), name, other, asked)
                    known = _conditional(known, ended, place)
        return known

    def entry(self, key: Key, asked: Terms, depth: int) -> Known:
        """What has run, wherever a unit is called from."""
        sites = self.callees.sites(key)
        if not sites or depth > MAX_DEPTH or self.work < 0 or key in self.waiting:
            return NOTHING
        self.waiting.add(key)
        self.work -= len(sites)
        ways = []
        for site in sites:
            caller = self.unit(site.key)
            stage = caller.stages[site.stage] if site.stage >= 0 else None
            ways.append(self.at_site(site, asked | _terms(caller, stage), depth))
        self.waiting.discard(key)
        known = ways[0]
        for other in ways[1:]:
            known = known.either(other)
        return known


def _starts_together(document: Document) -> bool:
    return document.system == "make" and any(unit.abreast for unit in document.units)


def _conditional(before: Known, after: Known, place: tuple[str, int] | None) -> Known:
    """What has run, where all that was added hangs on one condition."""
    if place is None:
        return after
    known = Known(before.sure, after.weak)
    for step in ("verify", "backup"):
        if step in after.sure - before.sure:
            known = Known(known.sure, (*known.weak, (step, *place)))
    return known


def _terms(unit: Unit, stage: Stage | None) -> Terms:
    return terms(unit.condition) | (terms(stage.condition) if stage is not None else frozenset())


def _reach(path: str, row: int, code: str, sink: str, manner: str) -> Reach:
    return Reach(path, -1, 0, code, sink, manner, row=row)
