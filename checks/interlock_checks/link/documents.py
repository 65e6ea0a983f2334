"""What documents do, once the files are known that they run: claims, entries, nested Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from interlock_checks import catalogue
from interlock_checks.commands.steps import PROGRAM, STEPS
from interlock_checks.documents.model import Document, Entry
from interlock_checks.facts import model as m
from interlock_checks.homes import Homes
from interlock_checks.link.callees import Callees
from interlock_checks.link.hooks import filter_reaches
from interlock_checks.link.pipelines import pipeline_reaches
from interlock_checks.link.reach import Reach
from interlock_checks.link.values import Ext, Mod, Value
from interlock_checks.link.world import NESTED, World
from interlock_checks.modules import ModuleIndex


def as_files(documents: Mapping[str, Document]) -> dict[str, m.Facts]:
    """Documents among the files: their problems, and the Python in them under paths of its own."""
    files: dict[str, m.Facts] = {}
    for path, document in documents.items():
        files[path] = m.Facts(problems=document.problems)
        for number, nested in enumerate(document.nested):
            files[f"{path}{NESTED}{number}"] = nested.facts
    return files


def order_reaches(
    documents: Mapping[str, Document], paths: Iterable[str], homes: Homes, files: Iterable[str]
) -> Iterator[Reach]:
    """
    The places in documents where steps stand in the wrong order, or a hook never runs.

    `paths` are all modules of the repository, `files` all files. What lies below the test paths
    deploys nothing.
    """
    meant = {path: one for path, one in documents.items() if not homes.is_test(path)}
    yield from pipeline_reaches(meant, files)
    judged = [path for path in sorted(paths) if not homes.allows("IL103", path, ())]
    yield from filter_reaches(meant, judged)


def document_reaches(
    documents: Mapping[str, Document], world: World, homes: Homes
) -> Iterator[Reach]:
    """The places in documents where a sink is reached, or a guard loses its say."""
    guarded = _guarded(documents, homes, world)
    for path, document in documents.items():
        for claim in document.claims:
            code, sink, manner = claim.code, claim.sink, claim.manner
            yield Reach(path, -1, 0, code, sink, manner, row=claim.row, needs=claim.needs)
        for entry in document.entries:
            for value in _entered(path, entry, world):
                found = catalogue.sink(value.name) if isinstance(value, Ext) else None
                if found is not None:
                    manner = "is run by an entry point"
                    yield Reach(path, -1, 0, found.code, found.name, manner, row=entry.row)
        for unit in document.units:
            for stage in unit.stages:
                for ran in stage.ran:
                    if ran.discarded and not ran.step:
                        for call in ran.calls:
                            if guarded.runs(path, call):
                                manner = (
                                    f"runs interlock, and loses its exit status to {ran.discarded}"
                                )
                                name = call.partition(":")[2] or call
                                # Where a system's units have no names, the row is one.
                                sink = "the task" if name[:1].isdigit() else f"`{name}`"
                                yield Reach(path, -1, 0, "IL306", sink, manner, row=ran.row)


def front_commands(documents: Mapping[str, Document], modules: Iterable[str]) -> frozenset[str]:
    """
    The commands of packages of which a module uses Flask-Migrate, which adds its own to them.

    As identifiers: that of the package's name, and those that its entry points are installed as.
    """
    packages = {name.partition(".")[0] for name in modules}
    installed = (
        _identifier(entry.command)
        for document in documents.values()
        for entry in document.entries
        if entry.command and entry.name.partition(":")[0].partition(".")[0] in packages
    )
    return frozenset((*packages, *installed))


def _identifier(command: str) -> str:
    return command.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What a claim may need of the repository; see `Claim.needs`.

    `used`: it has a contract, or Python in it uses interlock. `fronts`: see `front_commands`.
    """

    documents: Mapping[str, Document]
    homes: Homes
    used: bool
    fronts: frozenset[str] = frozenset()

    def count(self, reach: Reach) -> bool:
        """Whether it counts here. A test may try what a hook or a guard refuses."""
        tried = reach.code == "IL306" and reach.path not in self.documents
        return self.have(reach.needs) and not (tried and self.homes.is_test(reach.path))

    def have(self, needs: str) -> bool:
        """Whether the repository has it."""
        what, _, names = needs.partition(":")
        match what:
            case "":
                return True
            case "interlock":
                return self.used or bool(self._hooks()) or self._runs("")
            case "hooks":
                return bool(self._hooks())
            case "hook":
                ours = self._hooks()
                return any(
                    one in ours or one.startswith("interlock") for one in names.split(",") if one
                )
            case "hooks-path":
                folder = names.removeprefix("./").rstrip("/")
                return self.have("interlock") and not any(
                    path.startswith(f"{folder}/") for path in self.documents if folder
                )
            case "path":
                # A check of a specimen below the test paths is nobody's guard.
                return not self.homes.is_test(names)
            case "front":
                return _identifier(names) in self.fronts
            case "loose":
                return any(self.documents[one].loosens for one in self._named(names))
            case "stub":
                return any(
                    not self._runs_itself(path)
                    for folder in names.split(",")
                    for path in self._named(f"{folder}/{PROGRAM}")
                )
            case "husky":
                return self._runs(".husky/")
            case "lefthook":
                return self._runs("lefthook.") or self._runs(".lefthook.")
            case _:
                return True

    def _named(self, written: str) -> list[str]:
        """The files that a path may mean, as it is written in a script."""
        end = re.sub(r"^(?:\*|\.{0,2}/)+", "", written)
        return [one for one in self.documents if one == end or one.endswith(f"/{end}")]

    def _runs_itself(self, path: str) -> bool:
        """Whether a script that is called as interlock is calls that, too."""
        units = self.documents[path].units
        return any(ran.step for unit in units for stage in unit.stages for ran in stage.ran)

    def _hooks(self) -> frozenset[str]:
        return frozenset(one for document in self.documents.values() for one in document.hooks)

    def _runs(self, prefix: str) -> bool:
        # `pre-commit run` is a step of interlock where one of the hooks is.
        ours = bool(self._hooks())
        return any(
            ran.step and (ours or not ran.step.startswith("hooks"))
            for path, document in self.documents.items()
            if path.startswith(prefix)
            for unit in document.units
            for stage in unit.stages
            for ran in stage.ran
        )


@dataclass(frozen=True, slots=True)
class Guarded:
    """What runs a step of interlock, itself or through others."""

    paths: frozenset[str]
    targets: frozenset[str]
    modules: frozenset[str]

    def runs(self, path: str, call: str) -> bool:
        """Whether what a file in `path` calls is one of them."""
        kind, colon, name = call.partition(":")
        if kind == "module" and colon:
            return name in self.modules
        if colon:
            return call in self.targets
        end = call.removeprefix("*").lstrip("./")
        folder = path.rpartition("/")[0]
        beside = f"{folder}/{end}" if folder else end
        return end in self.paths or beside in self.paths


def _guarded(documents: Mapping[str, Document], homes: Homes, world: World) -> Guarded:
    modules = frozenset(name for path in homes.deploy for name in world.modules.names(path))
    found = Guarded(homes.deploy, frozenset(), modules)
    for _ in range(_LONGEST_CHAIN):
        paths: set[str] = set(found.paths)
        targets: set[str] = set(found.targets)
        for path, document in documents.items():
            for unit in document.units:
                guards = any(
                    ran.step in STEPS or any(found.runs(path, one) for one in ran.calls)
                    for stage in unit.stages
                    for ran in stage.ran
                )
                if guards:
                    paths.add(path)
                    targets.add(f"{document.system}:{unit.name}")
                elif any(f"{document.system}:{one}" in targets for one in unit.after):
                    targets.add(f"{document.system}:{unit.name}")
        following = Guarded(frozenset(paths), frozenset(targets), modules)
        if following == found:
            break
        found = following
    return found


_LONGEST_CHAIN = 8
"""Scripts that call scripts: how far that is followed."""


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


def run_from_outside(
    documents: Mapping[str, Document],
    modules: ModuleIndex,
    homes: Homes,
    reaches: Sequence[Reach],
) -> Iterator[Reach]:
    """Files below the test paths that migrate, and are run by a document outside of them."""
    lent = {
        reach.path: reach
        for reach in reaches
        if reach.code.startswith("IL1") and homes.is_test(reach.path)
    }
    if not lent:
        return
    callees = Callees(documents)
    for path, document in documents.items():
        if homes.is_test(path):
            continue
        named = [(one.row, f"module:{one.name.partition(':')[0]}") for one in document.entries]
        for number, unit in enumerate(document.units):
            for ran in (ran for stage in unit.stages for ran in stage.ran):
                for call in ran.calls:
                    named.append((ran.row, call))
                    for called, _ in callees.called((path, number), call):
                        named.append((ran.row, called))
        for row, call in dict.fromkeys(named):
            module = call.removeprefix("module:") if call.startswith("module:") else None
            meant = modules.resolve(path, module, 0) if module else (_plain(path, call, lent),)
            for test in meant:
                if test in lent:
                    reach = lent[test]
                    manner = f"is run through {test}, below test-paths,"
                    yield Reach(path, -1, 0, reach.code, reach.sink, manner, row=row)


def _plain(path: str, call: str, lent: Mapping[str, Reach]) -> str:
    """The file that a path in a command means, from the root or from beside the caller."""
    bare = call.lstrip("*").removeprefix("./").lstrip("/")
    beside = f"{path.rpartition('/')[0]}/{bare}".lstrip("/")
    return bare if bare in lent else beside
