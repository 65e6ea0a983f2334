"""
What the uses of a file mean: which of them reach a sink, and which cannot be proved.

What depends on a parameter waits until every caller in the repository is known; see
`interlock_checks.link.callers`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from interlock_checks import catalogue
from interlock_checks.catalogue import guards, processes, reflection
from interlock_checks.catalogue.tampering import ROOT
from interlock_checks.commands import judge_argv, judge_shell
from interlock_checks.commands.judge import Verdict
from interlock_checks.commands.model import Argument, const
from interlock_checks.commands.steps import STEPS
from interlock_checks.facts import model as m
from interlock_checks.link import approval, fold, tampering
from interlock_checks.link.known import argument, sink_names
from interlock_checks.link.lines import command_lines, has_text, shell_verdicts, verdicts_of
from interlock_checks.link.tampering import Touch
from interlock_checks.link.unasked import Unasked
from interlock_checks.link.values import (
    UNKNOWN,
    AnyOf,
    Bound,
    Cls,
    Code,
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Many,
    Method,
    Mod,
    Obj,
    Par,
    Program,
    Space,
    Text,
    Value,
    Values,
)
from interlock_checks.link.world import COMPUTED, NESTED, Frame, World

_DEEPEST = 4

_INERT = frozenset(
    f"builtins.{name}"
    for name in "isinstance issubclass hasattr callable print repr str id hash type dir help len "
    "bool getattr vars delattr".split()
) | {
    "importlib.reload",
    "inspect.signature",
    "inspect.getdoc",
    "inspect.getsource",
    "inspect.getfile",
    "inspect.getmodule",
    "inspect.isfunction",
    "inspect.ismodule",
    "unittest.mock.create_autospec",
    "dataclasses.fields",
    "operator.itemgetter",
}
_INERT_ROOTS = frozenset({"logging", "warnings", "typing", "typing_extensions", "pprint"})

_RUNNING = frozenset(
    "run call execute sudo local shell system popen Popen spawn check_call check_output check_run "
    "exec exec_run exec_in_pod run_command execute_command sh bash cmd command invoke getoutput "
    "run_always run_install run_cmd run_shell run_script exec_command subprocess "
    "run_process start_process ssh remote".split()
)
"""Names of methods that start processes all over the field, for receivers that are unknown.
They count only when a migration command is given to them in constants."""

_FIRST_INERT = frozenset(
    {
        "sqlalchemy.event.listen",
        "sqlalchemy.event.listens_for",
        "sqlalchemy.event.contains",
        "sqlalchemy.event.remove",
        "typing.cast",
    }
)
"""Functions whose first argument is only looked at; the others are kept or called."""

_IMPORTING = frozenset(
    "add_job enqueue enqueue_in enqueue_at enqueue_call send_task schedule cron".split()
)
"""Methods that import what a dotted string names, in schedulers and queues."""

_MAGIC_METHODS = frozenset({"run_cell_magic", "run_line_magic", "magic"})
_SHELL_MAGICS = frozenset({"bash", "sh", "script", "sx", "system", "!", "!!", "cmd"})

_KNOWN_OWNERS = (Lit, Text, Many, Obj, Cls, Fun)
"""Values all of whose methods are known; a method of anything else may be a sink's."""

_SHIPPED = frozenset(sys.stdlib_module_names)


class Reach(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """
    A place where a sink is reached, or where the proof ends; `code` says which check asks.

    The place is the use of that number in the file, or `row` where it is none.
    `weak`: a module got another name that other files can import. It counts unless the file
    goes on to use what it holds, which is then reported there.
    `needs`: what the repository must have for it to count; see `documents.model.Claim`.
    """

    path: str
    number: int
    scope: int
    code: str
    sink: str
    manner: str
    via: tuple[str, int] | None = None
    weak: bool = False
    row: int = 0
    needs: str = ""


class Assumption(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """What the proof rests on and reading cannot see, at a use (or `row`, as in `Reach`)."""

    path: str
    number: int
    text: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """The use that is being judged, in a scope; `reported` is where it is reported instead."""

    path: str
    number: int
    scope: int
    row: int = 0
    frame: Frame | None = None
    depth: int = 0
    reported: Site | None = None


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """
    A call whose verdict depends on what callers give for parameters.

    It is the use of that number in the file; `call` is its node, `function` (file, scope) is the
    one with the parameters.
    """

    path: str
    number: int
    scope: int
    call: int
    function: tuple[str, int]
    fallback: Reach | Assumption


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of the repository, by the node of the call."""

    site: Site
    function: Fun
    node: int


@dataclass(frozen=True, slots=True)
class Touching:
    """
    A change of which a caller says what is changed.

    `judge` looks at it for one of them, in any world; `functions` (file, scope) are called.
    """

    judge: Callable[[Uses, Frame | None], tuple[list[Touch], set[Par]]]
    functions: tuple[tuple[str, int], ...]


@dataclass
class Uses:
    """
    The outcome of judging the uses of a file.

    Args:
        world: What the names in it mean.
        read_text: The facts of a text that is executed; None if it does not parse.
        paths: All files of the repository.
        guarded: Whether any of them imports interlock.
        nested: How many texts that are executed have a number; see `NESTED`.

    Attributes:
        asked: File -> functions in it of which every caller matters.
        calls: (file, scope) of a function -> where it is called.
        escaped: Functions that are given away as values: their callers are not all known.
        here: Reaches that count where interlock runs in the same process.
        starting: Files that start one of interlock's commands as a process.
        told: Functions that are given what a guard, receipt or approval may be made of.
        passed: Pairs of functions: the first gives a parameter of its own to the second.
    """

    world: World
    read_text: Callable[[str], m.Facts | None]
    paths: Collection[str] = ()
    guarded: bool = False
    nested: int = 0
    reaches: list[Reach] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    asked: dict[str, set[str]] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    calls: dict[tuple[str, int], list[Call]] = field(default_factory=dict)
    escaped: set[tuple[str, int]] = field(default_factory=set)
    touching: list[Touching] = field(default_factory=list)
    here: list[Reach] = field(default_factory=list)
    starting: set[str] = field(default_factory=set)
    told: set[tuple[str, int]] = field(default_factory=set)
    passed: set[tuple[tuple[str, int], tuple[str, int]]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.unasked = Unasked(self.world)

    def judge(self, path: str, around: Site | None = None) -> None:
        """Judge every use of a file; `around` is the place that executes it, if it is a text."""
        facts = self.world.files[path]
        for number, use in enumerate(facts.uses):
            self.world.steps = 0
            site = Site(path, number, use.scope)
            if around is not None:
                site = Site(path, number, around.scope, reported=around)
            elif NESTED in path:
                # Python in a document: it knows its rows, and is reported there.
                document = path.partition(NESTED)[0]
                row = facts.spans[number].row
                site = Site(path, number, use.scope, reported=Site(document, -1, 0, row))
            if use.manner == "called":
                self._called(site, use.node, None)
            elif use.manner in m.STORES:
                self._changed(site, use)
            else:
                self._given_away(site, use)
        for text, rows in facts.shell:
            self._shell_cell(path, text, rows)
        if around is None:
            self._private_imports(path)

    def judge_again(self, site: Site, node: int, frame: Frame) -> None:
        """Judge a call that waited, for what one caller gives."""
        call = self.world.files[site.path].nodes[node]
        assert isinstance(call, m.Call)
        given = self.world.given(site.path, call.args, frame)
        for function in self.world.values(site.path, call.func, frame):
            if isinstance(function, Ext | Method):
                self._judge(site, node, function, given)

    def lent(self, path: str) -> list[str]:
        """
        The names under which a file can give a sink, or what leads to one, to another file.

        "*" stands for any name: the module answers `__getattr__` itself.
        """
        facts = self.world.files[path]
        if not facts.scopes or NESTED in path:
            return []
        names = set(facts.scopes[0].names)
        for star in facts.stars:
            for value in self.world.module(path, star.module, star.level):
                names |= self._star_names(value)
        lent = [name for name in sorted(names) if self._leads_on(path, name)]
        return ["*", *lent] if "__getattr__" in names else lent

    def _star_names(self, value: Value) -> set[str]:
        match value:
            case Ext(name=name):
                return set(sink_names(name))
            case Mod(path=path):
                facts = self.world.files.get(path)
                if facts is None or not facts.scopes:
                    return set()
                names = set(facts.scopes[0].names)
                for star in facts.stars:
                    for inner in self.world.module(path, star.module, star.level):
                        if isinstance(inner, Ext):
                            names |= self._star_names(inner)
                return names
            case _:
                return set()

    def _leads_on(self, path: str, name: str) -> bool:
        for value in self.world.exported(path, name):
            match value:
                case Ext(name=whole):
                    if catalogue.sink(whole) or catalogue.is_holder(whole) or reflective(whole):
                        return True
                    if tampering.holds_guard(value):
                        return True
                case Bound(func=Ext(name=whole)):
                    if catalogue.sink(whole) or reflective(whole) or whole in _GETTERS:
                        return True
                case AnyOf() | Space(of=Ext()):
                    return True
                case Lit() | Text() if approval.is_state((value,)):
                    return True
                case _:
                    pass
        return False

    # --- reporting ---

    def _report(
        self,
        site: Site,
        code: str,
        sink: str,
        manner: str,
        via: tuple[str, int] | None = None,
    ) -> None:
        self.reaches.append(self._reach(site, code, sink, manner, via))

    def _reach(
        self,
        site: Site,
        code: str,
        sink: str,
        manner: str,
        via: tuple[str, int] | None = None,
    ) -> Reach:
        place = site.reported or site
        path = place.path.partition(NESTED)[0]
        return Reach(path, place.number, place.scope, code, sink, manner, via, row=place.row)

    def _assume(self, site: Site, text: str) -> Assumption:
        place = site.reported or site
        path = place.path.partition(NESTED)[0]
        return Assumption(path, place.number, text, row=place.row)

    # --- calls ---

    def _called(self, site: Site, node: int, frame: Frame | None) -> None:
        facts = self.world.files[site.path]
        call = facts.nodes[node]
        assert isinstance(call, m.Call)
        functions = self.world.values(site.path, call.func, frame)
        given = self.world.given(site.path, call.args, frame)
        if any(tampering.holds_guard(value) for one in given for value in one.values):
            self.world.want(site.path, call.func)
        for function in functions:
            self._judge(site, node, function, given)
        for position, one in enumerate(given):
            for value in one.values:
                self._deferred(site, node, functions, value, given, position)

    def _judge(self, site: Site, node: int, function: Value, given: tuple[Given, ...]) -> None:
        if isinstance(function, Ext | Method):
            self._tampered(site, node, function, given)
        match function:
            case Ext():
                self._external(site, node, function, given)
            case AnyOf(name=name, via=via):
                self.world.want(site.path, node)
                self._report(site, code_of(name), f"{name}.*", "called by a computed name", via)
            case Method(name=name):
                self._unknown_method(site, node, function, given)
            case Fun():
                self._own_call(site, node, function, given)
            case Cls():
                self._constructed(site, node, function, given)
            case Bound(func=func, args=args):
                self._judge(site, node, func, (*args, *given))
            case Program(words=words):
                more = [g.values for g in given if g.name is None]
                self._process(site, node, function, command_lines([*words, *more]), given)
            case Obj():
                for inner in self.world.attribute(function, "__call__"):
                    if isinstance(inner, Fun):
                        self._own_call(site, node, inner, given)
            case _:
                pass

    def _external(self, site: Site, node: int, function: Ext, given: tuple[Given, ...]) -> None:
        name = function.name
        start = processes.STARTS.get(processes.ALIASES.get(name, name))
        sink = catalogue.sink(name)
        if name in processes.INVOKING:
            for command in given[0].values if given else ():
                whole = f"{command.name}.main" if isinstance(command, Ext | Made) else ""
                if whole in processes.STARTS:
                    self._start(site, node, Ext(whole), processes.STARTS[whole], given[1:])
            return
        if sink is not None:
            if _innocent_call(sink, given):
                return
            if start is not None:
                verdicts = verdicts_of(start, given)
                if verdicts and all(v.kind == "innocent" for v in verdicts):
                    return
            self._report(site, sink.code, sink.name, "called", function.via)
            return
        assumed = catalogue.assumed(name)
        if assumed is not None:
            self.assumptions.append(self._assume(site, assumed))
        importer = reflection.IMPORTERS.get(reflection.IMPORTER_ALIASES.get(name, name))
        if importer is not None or name in reflection.COMPUTED:
            self._import(site, node, function, importer, given)
            if importer is not None and importer.calls:
                for value in self.world.call((Ext(name),), given, site.path):
                    if isinstance(value, Ext):
                        self._external(site, node, value, ())
        if name == "importlib.util.module_from_spec":
            self._loaded(site, node, given)
        executed = _executing(name)
        if executed is not None:
            self._execute(site, node, function, executed, given)
        elif start is not None and (importer is None or start.form in {"module", "script"}):
            self._start(site, node, function, start, given)
        elif _is_method_of_any(name):
            last = name.rpartition(".")[2]
            self._report(site, catalogue.METHODS[last], f".{last}", "called", function.via)
        elif name.rpartition(".")[2] in _RUNNING and not _shipped(name):
            self._perhaps_running(site, node, function, given)

    def _unknown_method(
        self, site: Site, node: int, function: Method, given: tuple[Given, ...]
    ) -> None:
        owner, name = function.owner, function.name
        if isinstance(owner, _KNOWN_OWNERS):
            return
        if name == COMPUTED:
            self._perhaps_running(site, node, function, given)
        elif name in catalogue.METHODS:
            self.world.want(site.path, node)
            self._report(site, catalogue.METHODS[name], f".{name}", "called")
        elif name in processes.METHODS:
            self._start(site, node, function, processes.METHODS[name], given)
        elif name in _MAGIC_METHODS:
            self._magic(site, node, function, given)
        elif isinstance(owner, Made) and (executed := _executing(f"{owner.name}.{name}")):
            self._execute(site, node, function, executed, given)
        elif name in reflection.EXEC_METHODS:
            if not isinstance(owner, Made):
                self._execute(site, node, function, (0, None), given)
        elif name in _RUNNING:
            self._perhaps_running(site, node, function, given)

    def _magic(self, site: Site, node: int, function: Method, given: tuple[Given, ...]) -> None:
        """IPython's magics called as functions: their last argument is a script or source."""
        names = argument(given, 0, "magic_name") or UNKNOWN
        if all(isinstance(v, Lit) and v.value in _SHELL_MAGICS for v in names):
            verdicts = shell_verdicts(given[-1].values)
            self._verdict(site, node, function, verdicts, given)
        elif function.name == "run_cell_magic":
            self._execute(site, node, function, (len(given) - 1, "cell"), given)

    def _constructed(self, site: Site, node: int, function: Cls, given: tuple[Given, ...]) -> None:
        for _, scope, cls in self.world.members(function):
            if scope is None and isinstance(cls, Ext):
                sink = catalogue.sink(cls.name)
                if sink is not None and not _innocent_call(sink, given):
                    self._report(site, sink.code, sink.name, "constructed by a subclass")
        for inner in self.world.attribute(Obj(function.path, function.scope), "__init__"):
            if isinstance(inner, Fun):
                self._own_call(site, node, inner, given)

    def _own_call(self, site: Site, node: int, function: Fun, given: tuple[Given, ...]) -> None:
        key = (function.path, function.scope)
        self.calls.setdefault(key, []).append(Call(site, function, node))
        if any(tampering.tells(one.values) for one in given):
            self.told.add(key)
        for one in given:
            self.passed |= {((p.path, p.scope), key) for p in fold.depends(one.values)}

    def _deferred(
        self,
        site: Site,
        node: int,
        functions: Values,
        value: Value,
        given: tuple[Given, ...],
        position: int,
    ) -> None:
        """A reflective function handed on together with its arguments: Thread(target=...)."""
        if isinstance(value, Fun):
            self.escaped.add((value.path, value.scope))
            return
        if not isinstance(value, Ext) or any(_is_inert(f, position) for f in functions):
            return
        name = value.name
        if not reflective(name) or catalogue.sink(name) is not None:
            return
        later = [g for g in given[position + 1 :] if g.name is None]
        mapped = any(isinstance(f, Ext) and f.name == "builtins.map" for f in functions)
        mapped = mapped or any(isinstance(f, Method) and f.name == "map" for f in functions)
        if mapped:
            later = [Given(_all_items(g.values), None, g.star) for g in later]
        for one in given:
            if one.name == "args" and len(one.values) == 1 and isinstance(one.values[0], Many):
                later.extend(Given(item) for item in one.values[0].items)
            elif one.name not in {None, "target", "func", "function", "daemon", "name"}:
                later.append(one)
        self._external(site, node, value, tuple(later))

    # --- guards, approvals and receipts that are tampered with ---

    def _changed(self, site: Site, use: m.Use) -> None:
        """An assignment or deletion, or a name that is bound."""
        if use.manner == m.REBOUND:
            self.touch(site, tampering.rebound(self.world, site.path, use))
        elif use.manner in {m.NAMED, m.DEFINED}:
            if self.guarded:
                self.touch(site, tampering.shadowed(self.world, site.path, use))
        else:

            def judge(uses: Uses, frame: Frame | None) -> tuple[list[Touch], set[Par]]:
                puts = list(tampering.stored(uses.world, site.path, use, frame))
                return uses.touches(site, puts), tampering.depends(puts)

            self._touch_or_wait(site, judge)

    def touches(self, site: Site, puts: Sequence[tampering.Put]) -> list[Touch]:
        """Which guards and approvals these changes change."""
        found: list[Touch] = []
        for put in puts:
            found += tampering.touches(self.world, site.path, put)
            found += approval.environment(put)
        return found

    def _tampered(
        self, site: Site, node: int, function: Ext | Method, given: tuple[Given, ...]
    ) -> None:
        """A call that may change a guard, write a receipt, or reach into interlock."""
        if isinstance(function, Ext) and tampering.is_private(function.name):
            self._report(site, "IL303", function.name, "called", function.via)
            return
        call = self.world.files[site.path].nodes[node]
        inside = isinstance(call, m.Call) and tampering.insides(
            self.world, site.path, call.func, site.frame
        )
        if inside:
            self._report(site, "IL303", inside, "reached")
        inert = all(_is_inert(function, slot) for slot in range(len(given)))
        self.touch(site, tampering.escaped(function, given, inert))
        self.touch(site, tampering.listeners(function, given))
        if tampering.full_name(function) in {"pytest.main", "_pytest.config.main"}:
            self.touch(site, tampering.left_out(given))

        def judge(uses: Uses, frame: Frame | None) -> tuple[list[Touch], set[Par]]:
            callee: Value = function
            arguments = given
            if frame is not None and isinstance(call, m.Call):
                arguments = uses.world.given(site.path, call.args, frame)
                same = uses.world.values(site.path, call.func, frame)
                callee = next((f for f in same if isinstance(f, Ext | Method)), function)
            puts = list(tampering.called(callee, arguments))
            touches = [*uses.touches(site, puts), *approval.receipts(callee, arguments)]
            path = approval.written(callee, arguments)
            open_ends = tampering.depends(puts) | fold.depends(path[0] if path else ())
            return touches, open_ends

        self._touch_or_wait(site, judge)

    def _runs_interlock(self, site: Site, verdict: Verdict) -> bool:
        """Whether a process is a step of interlock, or a module of the repository that uses it."""
        if verdict.step:
            return True
        found = [p for name in verdict.modules for p in self._modules(site, name)]
        found += [p for file in verdict.files for p in self._scripts(file)]
        return any(self._imports_interlock(path) for path in found)

    def _modules(self, site: Site, name: str) -> tuple[str, ...]:
        resolve = self.world.modules.resolve
        path = site.path.partition(NESTED)[0]
        return resolve(path, name, 0) + resolve(path, f"{name}.__main__", 0)

    def _scripts(self, file: str) -> list[str]:
        end = file.removeprefix("*").removeprefix("./")
        whole = f"/{end.lstrip('/')}"
        return [path for path in self.paths if f"/{path}".endswith(whole)]

    def _imports_interlock(self, path: str) -> bool:
        facts = self.world.files.get(path)
        return facts is not None and any(
            one.module.partition(".")[0] == ROOT and one.level == 0 for one in facts.imports
        )

    def _touch_or_wait(
        self, site: Site, judge: Callable[[Uses, Frame | None], tuple[list[Touch], set[Par]]]
    ) -> None:
        touches, parameters = judge(self, site.frame)
        self.touch(site, touches)
        if not touches and parameters and site.frame is None and NESTED not in site.path:
            functions = {(p.path, p.scope) for p in parameters}
            self.touching.append(Touching(judge, tuple(sorted(functions))))

    def touch(self, site: Site, touches: Iterable[Touch]) -> None:
        """Report what was found at a place."""
        for touch in touches:
            reach = self._reach(site, touch.code, touch.what, touch.manner)
            reach = msgspec.structs.replace(reach, needs="interlock" if touch.hooked else "")
            (self.here if touch.here else self.reaches).append(reach)

    def _private_imports(self, path: str) -> None:
        for place, name in tampering.private_imports(self.world, path):
            self._report(Site(path, place, 0), "IL303", name, "imported")

    # --- values that are given away ---

    def _given_away(self, site: Site, use: m.Use) -> None:
        values = self.world.values(site.path, use.node)
        into: Values = ()
        if use.into >= 0:
            into = self.world.values(site.path, use.into)
        inert = bool(into) and all(_is_inert(f, use.slot) for f in into)
        manner = use.manner
        for value in values:
            match value:
                case Lit(value=str() as text):
                    self._textual(site, use, text, into)
                case Program(words=words) if manner == "run by an operator":
                    self._process(site, use.node, value, command_lines(words), ())
                case Many(items=items) if manner == "run by a task":
                    for item in items:
                        verdicts = shell_verdicts(item)
                        self._verdict(site, use.node, Method(value, "actions"), verdicts, ())
                case Fun(path=path, scope=scope):
                    if manner != "bound to another name":
                        self.escaped.add((path, scope))
                case Method(owner=owner, name=name) if name in catalogue.METHODS and not inert:
                    if not isinstance(owner, _KNOWN_OWNERS) and manner != "bound to another name":
                        self.world.want(site.path, use.node)
                        self._report(site, catalogue.METHODS[name], f".{name}", manner)
                case Ext() if not inert:
                    self._external_given(site, use, value, into)
                case AnyOf(name=name) if not inert:
                    self._report(
                        site,
                        code_of(name),
                        f"{name}.*",
                        f"{manner} by a computed name",
                        _elsewhere(value.via, site),
                    )
                case Space(of=Ext(name=name)) if not inert and catalogue.is_holder(name):
                    if manner != "bound to another name":
                        self._report(site, code_of(name), f"vars({name})", manner)
                case _:
                    pass

    def _external_given(self, site: Site, use: m.Use, value: Ext, into: Values) -> None:
        name, manner = value.name, use.manner
        via = _elsewhere(value.via, site)
        if tampering.is_private(name):
            self._report(site, "IL303", name, manner, via)
            return
        if manner == "subclassed" and name in guards.EVIDENCE:
            self._report(site, "IL304", name, manner, via)
        sink = catalogue.sink(name)
        is_class = name.rpartition(".")[2][:1].isupper()
        if sink is not None:
            if sink.only_called or (is_class and manner == "bound to another name"):
                return
            if is_class and any(isinstance(f, Method) and f.name == "register" for f in into):
                return
            self._report(site, sink.code, sink.name, manner, via)
        elif _is_method_of_any(name):
            if manner != "bound to another name":
                last = name.rpartition(".")[2]
                self._report(site, catalogue.METHODS[last], f".{last}", manner, via)
        elif catalogue.is_holder(name):
            if manner == "bound to another name":
                if use.scope == 0:
                    self._report(site, code_of(name), name, manner, via)
                    self.reaches[-1] = msgspec.structs.replace(self.reaches[-1], weak=True)
            elif manner != "subclassed":
                self._report(site, code_of(name), name, manner, via)
        elif manner not in {"bound to another name", "passed on", "subclassed"}:
            if reflection.IMPORTER_ALIASES.get(name, name) in reflection.IMPORTERS:
                if not is_class:
                    self._report(site, "IL003", name, manner, via)
            elif reflection.EXEC_ALIASES.get(name, name) in reflection.EXEC and not is_class:
                self._report(site, "IL002", name, manner, via)

    def _textual(self, site: Site, use: m.Use, text: str, into: Values) -> None:
        """A string that names a sink, where something may import what it names."""
        if use.manner == "run by a task":
            return
        sink = named_sink(text)
        if sink is None or use.manner not in {"passed on", "put into a container"}:
            return
        if ":" in text or any(_called_name(f) in _IMPORTING for f in into):
            self._report(site, sink.code, sink.name, f"named in a string and {use.manner}")

    # --- computed imports and code ---

    def _loaded(self, site: Site, node: int, given: tuple[Given, ...]) -> None:
        """The module of a specification is one that is going to be run."""
        for value in argument(given, 0, "spec") or ():
            match value:
                case Bound(func=Ext(name=finder) as function, args=args):
                    if finder in reflection.SPEC_FINDERS:
                        importer = reflection.SPEC_FINDERS[finder]
                        self._import(site, node, function, importer, args)
                case _:
                    pass

    def _import(
        self,
        site: Site,
        node: int,
        function: Ext,
        importer: reflection.Importer | None,
        given: tuple[Given, ...],
    ) -> None:
        if importer is None:
            self._report(site, "IL003", function.name, "of a configured name", function.via)
            return
        names = argument(given, importer.first, importer.keyword)
        if names is None:
            if importer.form == "file":
                return
            names = UNKNOWN
        package = argument(given, *importer.package) if importer.package else None
        if importer.every:
            names = tuple(v for g in given for v in g.values)
        loose = [v for v in names if not self._bounded(v, importer, package)]
        if not loose:
            return
        self.world.want(site.path, node)
        reach = self._reach(site, "IL003", function.name, "of a computed name", function.via)
        parameters = fold.depends(tuple(loose)) | fold.depends(package or ())
        if parameters:
            self._wait(site, node, parameters, reach)
        else:
            self.reaches.append(reach)

    def _bounded(self, name: Value, importer: reflection.Importer, package: Values | None) -> bool:
        if isinstance(name, Lit):
            if isinstance(name.value, str) and name.value.startswith("."):
                return _packaged(package)
            return True
        if isinstance(name, Mod | Fun | Cls):
            return True
        if not isinstance(name, Text):
            return False
        first, last = name.parts[0], name.parts[-1]
        if importer.form == "file":
            base = (last or "").rpartition("/")[2]
            return bool(base) and "/" in (last or "") and self._holds_file(base)
        if first is None:
            return False
        if first.startswith("."):
            return _packaged(package)
        root, dot, _ = first.partition(".")
        roots = catalogue.ROOTS | {"subprocess", "os", "importlib", "builtins", "runpy"}
        return root not in roots if dot else not any(r.startswith(root) for r in roots)

    def _holds_file(self, base: str) -> bool:
        return any(path.rpartition("/")[2] == base for path in self.paths)

    def _execute(
        self,
        site: Site,
        node: int,
        function: Ext | Method,
        place: tuple[int, str | None],
        given: tuple[Given, ...],
    ) -> None:
        label = function.name
        via = function.via if isinstance(function, Ext) else None
        index, keyword = place
        values = UNKNOWN if index < 0 else argument(given, index, keyword)
        if values is None:
            return
        first = argument(given, *reflection.PREPARED[label]) if label in reflection.PREPARED else ()
        begin = "".join(
            f"{v.value}\n" for v in first or () if isinstance(v, Lit) and isinstance(v.value, str)
        )
        unknown: list[Value] = [v for v in first or () if not isinstance(v, Lit | Code | Fun)]
        for value in values:
            match value:
                case Lit(value=str() as text):
                    self._nest(site, begin + _as_statement(text, label))
                case Lit(value=bytes() as data):
                    self._nest(site, data.decode("utf-8", "replace"))
                case Code() | Fun() | Cls() | Lit():
                    pass
                case _:
                    unknown.append(value)
        if not unknown:
            return
        self.world.want(site.path, node)
        reach = self._reach(site, "IL002", label, "of computed text", via)
        parameters = fold.depends(tuple(unknown))
        if parameters:
            self._wait(site, node, parameters, reach)
        else:
            self.reaches.append(reach)

    def _nested_texts(self, site: Site, verdict: Verdict) -> None:
        for code in verdict.python:
            text = const(code.text)
            if text is None:
                self._report(site, "IL002", "python -c", "of computed text")
            else:
                self._nest(site, text)

    def _nest(self, site: Site, text: str) -> None:
        """Code in a constant string is judged as code, at the place that executes it."""
        if site.depth >= _DEEPEST or site.path.count(NESTED) >= _DEEPEST:
            self._report(site, "IL002", "exec", "of text within text within text")
            return
        facts = self.read_text(text)
        if facts is None:
            return
        self.nested += 1
        path = f"{site.path}{NESTED}{self.nested}"
        self.world.files[path] = facts
        if NESTED not in site.path:
            self.world.within[path] = site.scope
        self.judge(path, site.reported or site)

    # --- processes ---

    def _start(
        self,
        site: Site,
        node: int,
        function: Ext | Method,
        start: processes.Start,
        given: tuple[Given, ...],
    ) -> None:
        if start.form == "module":
            names = argument(given, start.first, start.keyword) or UNKNOWN
            if not all(isinstance(v, Lit) for v in names):
                return
        self._verdict(site, node, function, verdicts_of(start, given), given)

    def _perhaps_running(
        self, site: Site, node: int, function: Ext | Method, given: tuple[Given, ...]
    ) -> None:
        """An unknown `x.run(...)` that is given a migration command in constants."""
        positional = [g.values for g in given if g.name in {None, "args", "command", "cmd"}]
        verdicts: list[Verdict] = []
        constant = [v for v in positional if has_text(v)]
        if constant and len(positional) > 1:
            verdicts += [judge_argv(words) for words in command_lines(positional)]
        for values in positional[:3]:
            for value in values:
                match value:
                    case Many(items=items) if any(has_text(item) for item in items):
                        verdicts += [judge_argv(w) for w in command_lines(items, value.rest)]
                    case Lit(value=str() as text) if " " in text:
                        verdicts += [v for _, v in judge_shell(text)]
                    case Text(parts=parts) if any(" " in (part or "") for part in parts):
                        verdicts += [v for _, v in judge_shell(parts)]
                    case _:
                        pass
        found = next((v for v in verdicts if v.kind == "migration"), None)
        if found is not None:
            self.world.want(site.path, node)
            self._report(site, "IL102", found.what, f"given to `{function.name}`")
        for verdict in verdicts:
            self._nested_texts(site, verdict)

    def _process(
        self,
        site: Site,
        node: int,
        function: Program,
        lines: Iterable[tuple[Argument, ...]],
        given: tuple[Given, ...],
    ) -> None:
        verdicts = [judge_argv(words) for words in lines]
        self._verdict(site, node, Method(function, "run"), verdicts, given)

    def _verdict(
        self,
        site: Site,
        node: int,
        function: Ext | Method,
        verdicts: Sequence[Verdict],
        given: tuple[Given, ...],
    ) -> None:
        for verdict in verdicts:
            self._nested_texts(site, verdict)
        self._switched(site, node, verdicts)
        self._unasked(site, node, function, verdicts, given)
        self.touch(site, tampering.left_out(given))
        if any(self._runs_interlock(site, verdict) for verdict in verdicts):
            self.starting.add(site.path.partition(NESTED)[0])
            self.touch(site, approval.given_to_child(given))
        found = next((v for v in verdicts if v.kind == "migration"), None)
        unknown = not verdicts or any(v.kind == "unknown" for v in verdicts)
        if found is None and not unknown:
            return
        self.world.want(site.path, node)
        parameters: set[Par] = set()
        for one in given:
            parameters |= fold.depends(one.values)
        fallback: Reach | Assumption
        if found is not None:
            fallback = self._reach(site, "IL102", found.what, f"started by `{function.name}`")
        else:
            fallback = self._assume(
                site, f"the command line given to `{function.name}` is not known here"
            )
        if parameters:
            self._wait(site, node, parameters, fallback)
        elif isinstance(fallback, Reach):
            self.reaches.append(fallback)
        else:
            self.assumptions.append(fallback)

    def _switched(self, site: Site, node: int, verdicts: Sequence[Verdict]) -> None:
        """Commands that keep a hook from running, or lose a verdict."""
        for switch in dict.fromkeys(one for verdict in verdicts for one in verdict.switches):
            if node >= 0:
                self.world.want(site.path, node)
            reach = self._reach(site, switch.code, switch.what, switch.manner)
            self.reaches.append(msgspec.structs.replace(reach, needs=switch.needs))

    def _unasked(
        self,
        site: Site,
        node: int,
        function: Ext | Method,
        verdicts: Sequence[Verdict],
        given: tuple[Given, ...],
    ) -> None:
        step = next((one.step for one in verdicts if one.step in STEPS), None)
        if step is None or node < 0 or NESTED in site.path:
            return
        name = processes.ALIASES.get(function.name, function.name)
        reason = self.unasked.reason(site.path, node, name, given)
        if reason is not None:
            manner = f"loses its exit status to {reason}"
            self.reaches.append(self._reach(site, "IL306", f"`interlock {step}`", manner))

    # --- callers ---

    def _wait(
        self, site: Site, node: int, parameters: set[Par], fallback: Reach | Assumption
    ) -> None:
        if site.frame is not None:
            # Judged for one caller, whose own parameter it is: the outcome of that round.
            self.conclude(fallback)
            return
        for parameter in sorted(parameters, key=lambda p: (p.path, p.scope)):
            scopes = self.world.files[parameter.path].scopes
            scope = scopes[parameter.scope]
            name = scopes[scope.parent].name if scope.name == "__init__" else scope.name
            if name.isidentifier():
                path = parameter.path.partition(NESTED)[0]
                self.asked.setdefault(path, set()).add(name)
        functions = {(p.path, p.scope) for p in parameters}
        if len(functions) > 1 or NESTED in site.path:
            self.conclude(fallback)
            return
        (function,) = functions
        self.waiting.append(Waiting(site.path, site.number, site.scope, node, function, fallback))

    def conclude(self, fallback: Reach | Assumption) -> None:
        """Note an outcome."""
        if isinstance(fallback, Reach):
            self.reaches.append(fallback)
        else:
            self.assumptions.append(fallback)

    # --- notebooks ---

    def _shell_cell(self, path: str, text: str, rows: tuple[int, ...]) -> None:
        for command, verdict in judge_shell(text):
            row = rows[min(command.row, len(rows) - 1)] if rows else 1
            site = Site(path, -1, 0, row)
            self._nested_texts(site, verdict)
            self._switched(site, -1, [verdict])
            if verdict.kind == "migration":
                self._report(site, "IL102", verdict.what, "run by a cell")


_GETTERS = reflection.ATTRIBUTE_READERS.keys() | {"operator.itemgetter"}

_REFLECTIVE_MODULES = frozenset({"subprocess", "importlib", "runpy", "builtins", "pty", "sh"})


def _executing(name: str) -> tuple[int, str | None] | None:
    """Which argument of a callable is executed, by its name."""
    return reflection.EXEC.get(reflection.EXEC_ALIASES.get(name, name))


def reflective(name: str) -> bool:
    """Whether an external object imports by name, executes text or starts processes."""
    return (
        reflection.IMPORTER_ALIASES.get(name, name) in reflection.IMPORTERS
        or reflection.EXEC_ALIASES.get(name, name) in reflection.EXEC
        or processes.ALIASES.get(name, name) in processes.STARTS
        or name in _REFLECTIVE_MODULES
    )


def code_of(holder: str) -> str:
    """The code of the worst that a module or class holds."""
    direct: set[str] = set()
    below: set[str] = set()
    for library in catalogue.LIBRARIES:
        for code, names in library.sinks.items():
            direct.update(code for name in names if name.rpartition(".")[0] == holder)
            below.update(code for name in names if name.startswith(f"{holder}."))
        direct.update(code for name, code in library.deny_unknown.items() if name == holder)
        if any(alias.startswith(f"{holder}.") for alias in library.aliases):
            below.update(library.sinks)
    return min(direct or below, default="IL101")


def _as_statement(text: str, label: str) -> str:
    """What eval gives is a value that goes on: written as a definition of a name."""
    return f"_ = ({text.strip()})" if label == "builtins.eval" else text


def _innocent_call(sink: catalogue.Sink, given: tuple[Given, ...]) -> bool:
    if sink.sql_position is not None and argument(given, sink.sql_position, "sql") == (Lit(True),):
        return True
    positional = sum(g.name is None for g in given)
    starred = any(g.star for g in given)

    def has(keys: tuple[str, ...]) -> bool:
        return any(
            (key.isdigit() and int(key) < positional) or any(g.name == key for g in given)
            for key in keys
        )

    if sink.with_keyword and not starred and not has(sink.with_keyword):
        return True
    return bool(sink.unless_keyword) and has(sink.unless_keyword)


def _is_inert(function: Value, slot: int) -> bool:
    if slot == 0 and tampering.only_changes(function):
        return True
    if not isinstance(function, Ext):
        return False
    name = function.name
    if name in _FIRST_INERT:
        return slot <= 0
    return name in _INERT or name.partition(".")[0] in _INERT_ROOTS


def named_sink(text: str) -> catalogue.Sink | None:
    """The sink that an object reference in a string means: `pkg.mod:attr`, `name = pkg:attr`."""
    name = text.rpartition("=")[2].strip().replace(":", ".")
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    found = catalogue.sink(name)
    return found if found is not None and not found.name.endswith("*") else None


def _called_name(function: Value) -> str:
    match function:
        case Ext(name=name) | Method(name=name):
            return name.rpartition(".")[2]
        case _:
            return ""


def _is_method_of_any(name: str) -> bool:
    """A method that counts on everything that is not known to be harmless."""
    return (
        name.rpartition(".")[2] in catalogue.METHODS
        and not _shipped(name)
        and not catalogue.is_harmless(name)
    )


def _shipped(name: str) -> bool:
    root = name.partition(".")[0]
    return root in _SHIPPED or root == "builtins" or root == "interlock"


def _elsewhere(via: tuple[str, int] | None, site: Site) -> tuple[str, int] | None:
    return None if via == (site.path, site.number) else via


def _packaged(package: Values | None) -> bool:
    if not package:
        return False
    return all(
        isinstance(p, Lit)
        and isinstance(p.value, str)
        and p.value.partition(".")[0] not in catalogue.ROOTS
        for p in package
    )


def _all_items(values: Values) -> Values:
    found: list[Value] = []
    for value in values:
        found.extend(fold.each(value))
    return tuple(found)
