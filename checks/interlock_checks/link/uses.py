"""
What the uses of a file mean: which of them reach a sink, and which cannot be proved.

What depends on a parameter waits until every caller in the repository is known; see
`interlock_checks.link.callers`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import msgspec

from interlock_checks import catalogue
from interlock_checks.catalogue import guards, processes, reflection
from interlock_checks.facts import model as m
from interlock_checks.link import approval, fold, heirs, tampering
from interlock_checks.link.calling import results_of
from interlock_checks.link.changes import changed, private_imports, tampered
from interlock_checks.link.commissioned import commissioned, hands_over
from interlock_checks.link.declared import declared
from interlock_checks.link.external import (
    all_items,
    code_of,
    executing,
    imports_text,
    is_inert,
    is_innocent,
    is_method_of_any,
    is_shipped,
    named_sink,
    reflective,
)
from interlock_checks.link.frames import Frame, passed
from interlock_checks.link.known import sink_names
from interlock_checks.link.lines import command_lines, shell_verdicts, verdicts_of
from interlock_checks.link.loading import execute, import_by_name, instantiate, load
from interlock_checks.link.members import (
    PARTIAL_METHOD,
    attribute_of,
    is_partial_method,
    members_of,
)
from interlock_checks.link.named import attribute_path
from interlock_checks.link.printed import is_printed
from interlock_checks.link.reach import ANY, Assumption, Call, Reach, Site, Touching, Waiting
from interlock_checks.link.sending import sent
from interlock_checks.link.spawning import (
    magic,
    shell_cell,
    spawn,
    spawn_program,
    weigh,
)
from interlock_checks.link.unasked import Unasked
from interlock_checks.link.values import (
    AnyOf,
    Bound,
    Cls,
    Ext,
    Fun,
    Given,
    Hole,
    Lit,
    Made,
    Many,
    Method,
    Mod,
    Obj,
    Par,
    Program,
    Space,
    Table,
    Text,
    Value,
    Values,
)
from interlock_checks.link.world import NESTED, World

_COMPUTED = "called by a computed name"

_MAGIC_METHODS = frozenset({"run_cell_magic", "run_line_magic", "magic"})

_KNOWN_OWNERS = (Lit, Text, Many, Table, Obj, Cls, Fun)
"""Values all of whose methods are known; a method of anything else may be a sink's."""

_GETTERS = reflection.ATTRIBUTE_READERS.keys() | {"operator.itemgetter"}


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
                changed(self, site, use)
            else:
                self._given_away(site, use)
        for text, rows in facts.shell:
            shell_cell(self, path, text, rows)
        if around is None:
            private_imports(self, path)

    def judge_again(self, site: Site, node: int, frame: Frame) -> None:
        """Judge a call that waited, for what one caller gives."""
        call = self.world.files[site.path].nodes[node]
        assert isinstance(call, m.Call)
        given = passed(self.world, site.path, call.args, frame)
        for function in self.world.values(site.path, call.func, frame):
            if isinstance(function, Ext | Method | AnyOf):
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
        for value in self.world.starred(path):
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
                for inner in self.world.starred(path):
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
                case AnyOf() | Space(of=Ext()) | Bound(func=Fun() | Bound()):
                    return True
                case Fun(around=around) if around:
                    return True
                case Lit() | Text() if approval.is_state((value,)):
                    return True
                case _:
                    pass
        return False

    # --- reporting ---

    def report(
        self,
        site: Site,
        code: str,
        sink: str,
        manner: str,
        via: tuple[str, int] | None = None,
    ) -> None:
        self.reaches.append(self.reach(site, code, sink, manner, via))

    def reach(
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

    def assume(self, site: Site, text: str) -> Assumption:
        place = site.reported or site
        path = place.path.partition(NESTED)[0]
        return Assumption(path, place.number, text, row=place.row)

    # --- calls ---

    def _called(self, site: Site, node: int, frame: Frame | None) -> None:
        facts = self.world.files[site.path]
        call = facts.nodes[node]
        assert isinstance(call, m.Call)
        functions = self.world.values(site.path, call.func, frame)
        given = passed(self.world, site.path, call.args, frame)
        if any(tampering.holds_guard(value) for one in given for value in one.values):
            self.world.want(site.path, call.func)
        before = len(self.reaches)
        for function in functions:
            self._judge(site, node, function, given)
        if len(self.reaches) == before and call.args:
            heirs.overridable(self, site, node, functions)
        for position, one in enumerate(given):
            for value in one.values:
                self._deferred(site, node, functions, value, given, position)

    def _judge(
        self,
        site: Site,
        node: int,
        function: Value,
        given: tuple[Given, ...],
        before: tuple[Given, ...] = (),
    ) -> None:
        """Judge a call; `before` are those of the arguments that stand in a partial."""
        if isinstance(function, Ext | Method):
            tampered(self, site, node, function, given)
        match function:
            case Ext():
                self.external(site, node, function, given)
            case AnyOf(name=name, via=via):
                self.world.want(site.path, node)
                reach = self.reach(site, code_of(name), f"{name}{ANY}", _COMPUTED, via)
                self.wait(site, node, self._naming(site, node), reach)
            case Method(name=name):
                self._unknown_method(site, node, function, given)
            case Fun():
                self._own_call(site, node, function, given, before)
            case Cls():
                self._constructed(site, node, function, given, before)
            case Bound(func=Ext(name="operator.methodcaller"), args=args):
                methods = attribute_path(
                    self.world, given[0].values if given else (), args[0].values if args else ()
                )
                for method in methods:
                    self._judge(site, node, method, tuple(args[1:]))
            case Bound(func=func, args=args):
                self._judge(site, node, func, (*args, *given), (*args, *before))
            case Hole() if node >= 0 and hands_over(given):
                # A function of a file that nothing else made worth reading.
                self.world.want(site.path, node)
            case Program(words=words):
                more = [g.values for g in given if g.name is None]
                spawn_program(self, site, node, function, command_lines([*words, *more]), given)
            case Obj():
                for inner in attribute_of(self.world, function, "__call__"):
                    if isinstance(inner, Fun):
                        self._own_call(site, node, inner, given, before)
            case _:
                pass

    def _naming(self, site: Site, node: int) -> set[Par]:
        """The parameters that a computed name is made of, of functions all of whose calls show."""
        call = self.world.files[site.path].nodes[node]
        if not isinstance(call, m.Call):
            return set()
        found = self.world.parameters(site.path, call.func)
        for par in found:
            first = self.world.files[par.path].scopes[par.scope].parameters[:1]
            if first and isinstance(self.world.files[par.path].nodes[first[0].node], m.Own):
                return set()  # a method may be called on what nobody knows
        return found

    def external(self, site: Site, node: int, function: Ext, given: tuple[Given, ...]) -> None:
        name = function.name
        start = processes.STARTS.get(processes.ALIASES.get(name, name))
        sink = catalogue.sink(name)
        if name in processes.INVOKING:
            for command in given[0].values if given else ():
                whole = f"{command.name}.main" if isinstance(command, Ext | Made) else ""
                if whole in processes.STARTS:
                    spawn(self, site, node, Ext(whole), processes.STARTS[whole], given[1:])
            return
        if sink is not None:
            if is_innocent(sink, given):
                return
            if sink.code == "IL104" and is_printed(self.world, given):
                return
            if start is not None:
                verdicts = verdicts_of(start, given)
                if verdicts and all(v.kind == "innocent" for v in verdicts):
                    return
            self.report(site, sink.code, sink.name, "called", function.via)
            return
        assumed = catalogue.assumed(name)
        if assumed is not None:
            self.assumptions.append(self.assume(site, assumed))
        importer = reflection.IMPORTERS.get(reflection.IMPORTER_ALIASES.get(name, name))
        if name in reflection.COMPUTED:
            instantiate(self, site, node, function, given)
        if importer is not None:
            import_by_name(self, site, node, function, importer, given)
            if importer.calls:
                for value in results_of(self.world, (Ext(name),), given, site.path):
                    if isinstance(value, Ext):
                        self.external(site, node, value, ())
        if name in reflection.REQUIRING:
            self._required(site, function, given)
        if name == "importlib.util.module_from_spec":
            load(self, site, node, given)
        executed = executing(name)
        if executed is not None:
            execute(self, site, node, function, executed, given)
        elif start is not None and (importer is None or start.form in {"module", "script"}):
            spawn(self, site, node, function, start, given)
        elif is_method_of_any(name):
            last = name.rpartition(".")[2]
            self.report(site, catalogue.METHODS[last], f".{last}", "called", function.via)
        elif not is_shipped(name):
            commissioned(self, site, node, function, given)

    def _required(self, site: Site, function: Ext, given: tuple[Given, ...]) -> None:
        """A console script that is looked up by name among those that are installed."""
        told = {v.value for one in given for v in one.values if isinstance(v, Lit)}
        if reflection.CONSOLE in told:
            for script, target in reflection.SCRIPTS.items():
                sink = catalogue.sink(target)
                if script in told and sink is not None:
                    self.report(site, sink.code, sink.name, "looked up as a script", function.via)

    def _unknown_method(
        self, site: Site, node: int, function: Method, given: tuple[Given, ...]
    ) -> None:
        owner, name = function.owner, function.name
        if isinstance(owner, _KNOWN_OWNERS):
            return
        if catalogue.METHODS.get(name) == "IL104" and is_printed(self.world, given):
            return
        if name in catalogue.METHODS and (said := declared(self.world, site, node, name)):
            if site.frame is None:
                reason = f"`{said.name}` is taken for what its annotation says"
                self.wait(site, node, {said}, self.assume(site, reason))
        elif name in catalogue.METHODS:
            self.world.want(site.path, node)
            reach = self.reach(site, catalogue.METHODS[name], f".{name}", "called")
            owner_class = heirs.left_open(function) if site.frame is None else None
            if owner_class is not None and owner_class[0] == site.path:
                heirs.await_heirs(self, site, node, owner_class, reach)
            else:
                self.reaches.append(reach)
        elif name in processes.METHODS:
            spawn(self, site, node, function, processes.METHODS[name], given)
        elif name in processes.SENDING:
            if verdicts := sent(self.world, site, node, function, given):
                weigh(self, site, node, function, verdicts, given)
        elif name in _MAGIC_METHODS:
            magic(self, site, node, function, given)
        elif isinstance(owner, Made) and (executed := executing(f"{owner.name}.{name}")):
            execute(self, site, node, function, executed, given)
        elif name in reflection.EXEC_METHODS:
            if not isinstance(owner, Made):
                execute(self, site, node, function, (0, None), given)
        else:
            commissioned(self, site, node, function, given)

    def _constructed(
        self,
        site: Site,
        node: int,
        function: Cls,
        given: tuple[Given, ...],
        before: tuple[Given, ...],
    ) -> None:
        members = members_of(self.world, function)
        for _, scope, cls in members:
            if scope is None and isinstance(cls, Ext):
                sink = catalogue.sink(cls.name)
                if sink is not None and not is_innocent(sink, given):
                    self.report(site, sink.code, sink.name, "constructed by a subclass")
        made = attribute_of(self.world, Obj(function.path, function.scope), "__init__")
        for inner in made:
            if isinstance(inner, Fun):
                self._own_call(site, node, inner, given, before)
        if not any(isinstance(inner, Fun) for inner in made):
            # What makes a record is as good as a function with its fields for parameters.
            for path, scope, cls in members:
                if scope is not None and scope.parameters and isinstance(cls, Cls):
                    made_as = Obj(function.path, function.scope)
                    self._own_call(site, node, Fun(path, cls.scope, made_as), given, before)

    def _own_call(
        self,
        site: Site,
        node: int,
        function: Fun,
        given: tuple[Given, ...],
        before: tuple[Given, ...],
    ) -> None:
        key = (function.path, function.scope)
        self.calls.setdefault(key, []).append(Call(site, function, node, before))
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
        if isinstance(value, Fun | Bound) and not _is_partial(functions):
            self._escape(value)
            return
        if not isinstance(value, Ext) or any(is_inert(f, position) for f in functions):
            return
        name = value.name
        if not reflective(name) or catalogue.sink(name) is not None:
            return
        later = [g for g in given[position + 1 :] if g.name is None]
        mapped = any(isinstance(f, Ext) and f.name == "builtins.map" for f in functions)
        mapped = mapped or any(isinstance(f, Method) and f.name == "map" for f in functions)
        if mapped:
            later = [Given(all_items(g.values), None, g.star) for g in later]
        for one in given:
            if one.name == "args" and len(one.values) == 1 and isinstance(one.values[0], Many):
                later.extend(Given(item) for item in one.values[0].items)
            elif one.name not in {None, "target", "func", "function", "daemon", "name"}:
                later.append(one)
        self.external(site, node, value, tuple(later))

    # --- guards, approvals and receipts that are tampered with ---

    # --- values that are given away ---

    def _given_away(self, site: Site, use: m.Use) -> None:
        values = self.world.values(site.path, use.node)
        into: Values = ()
        if use.into >= 0:
            into = self.world.values(site.path, use.into)
        inert = bool(into) and all(is_inert(f, use.slot) for f in into)
        manner = use.manner
        for value in values:
            match value:
                case Lit() | Text() if manner == "run by a task":
                    verdicts = shell_verdicts((value,))
                    weigh(self, site, use.node, Method(value, "task.bash"), verdicts, ())
                case Lit(value=str() as text):
                    self._textual(site, use, text, into)
                case Program(words=words) if manner == "run by an operator":
                    spawn_program(self, site, use.node, value, command_lines(words), ())
                case Many(items=items) if manner == "run by a task":
                    for item in items:
                        verdicts = shell_verdicts(item)
                        weigh(self, site, use.node, Method(value, "actions"), verdicts, ())
                case Fun() | Bound():
                    # A partial is what it calls, wherever it goes from here.
                    if manner != "bound to another name" and not _is_partial(into):
                        self._escape(value)
                case Method(owner=owner, name=name) if name in catalogue.METHODS and not inert:
                    if not isinstance(owner, _KNOWN_OWNERS) and manner != "bound to another name":
                        self.world.want(site.path, use.node)
                        self.report(site, catalogue.METHODS[name], f".{name}", manner)
                case Ext() if not inert:
                    self._external_given(site, use, value, into)
                case AnyOf(name=name) if not inert:
                    self.report(
                        site,
                        code_of(name),
                        f"{name}.*",
                        f"{manner} by a computed name",
                        _elsewhere(value.via, site),
                    )
                case Space(of=Ext(name=name)) if not inert and catalogue.is_holder(name):
                    if manner != "bound to another name":
                        self.report(site, code_of(name), f"vars({name})", manner)
                case _:
                    pass

    def _escape(self, value: Value) -> None:
        while isinstance(value, Bound):
            for one in value.args[0].values if is_partial_method(value) else ():
                self._escape(one)
            value = value.func
        if isinstance(value, Fun):
            self.escaped.add((value.path, value.scope))

    def _external_given(self, site: Site, use: m.Use, value: Ext, into: Values) -> None:
        name, manner = value.name, use.manner
        via = _elsewhere(value.via, site)
        if tampering.is_private(name):
            self.report(site, "IL303", name, manner, via)
            return
        if manner == "subclassed" and name in guards.EVIDENCE:
            self.report(site, "IL304", name, manner, via)
        sink = catalogue.sink(name)
        is_class = name.rpartition(".")[2][:1].isupper()
        if sink is not None:
            if sink.only_called or (is_class and manner == "bound to another name"):
                return
            if is_class and any(isinstance(f, Method) and f.name == "register" for f in into):
                return
            self.report(site, sink.code, sink.name, manner, via)
        elif is_method_of_any(name):
            if manner != "bound to another name":
                last = name.rpartition(".")[2]
                self.report(site, catalogue.METHODS[last], f".{last}", manner, via)
        elif catalogue.is_holder(name):
            if manner == "bound to another name":
                if use.scope == 0 and not self._is_needed(site.path, use.node):
                    self.report(site, code_of(name), name, manner, via)
                    self.reaches[-1] = msgspec.structs.replace(self.reaches[-1], weak=True)
            elif manner != "subclassed":
                self.report(site, code_of(name), name, manner, via)
        elif manner not in {"bound to another name", "passed on", "subclassed"}:
            if reflection.IMPORTER_ALIASES.get(name, name) in reflection.IMPORTERS:
                if not is_class:
                    self.report(site, "IL003", name, manner, via)
            elif reflection.EXEC_ALIASES.get(name, name) in reflection.EXEC and not is_class:
                self.report(site, "IL002", name, manner, via)

    def _is_needed(self, path: str, node: int) -> bool:
        """Whether a test imports a module that it needs: the usual way to do so binds its name."""
        call = self.world.files[path].nodes[node]
        if not isinstance(call, m.Call):
            return False
        functions = self.world.values(path, call.func)
        return all(isinstance(f, Ext) and f.name in reflection.NEEDING for f in functions)

    def _textual(self, site: Site, use: m.Use, text: str, into: Values) -> None:
        """A string that names a sink, where something may import what it names."""
        sink = named_sink(text)
        if sink is None or use.manner not in {"passed on", "put into a container", m.TARGET}:
            return
        if ":" in text or use.manner == m.TARGET or any(imports_text(f) for f in into):
            self.report(site, sink.code, sink.name, f"named in a string and {use.manner}")

    # --- callers ---

    def parameters(self, site: Site, node: int, groups: Iterable[Values]) -> set[Par]:
        """The parameters on which values of a call depend; any in the call, where they are cut."""
        found: set[Par] = set()
        for values in groups:
            found |= fold.depends(values)
        # They may be part of a text, or of what stands behind an asterisk.
        return found if found or node < 0 else self.world.parameters(site.path, node)

    def wait(
        self, site: Site, node: int, parameters: set[Par], fallback: Reach | Assumption
    ) -> None:
        """Note an outcome that depends on parameters until each caller of them is known."""
        if site.frame is not None or not parameters:
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
        functions = self._innermost({(p.path, p.scope) for p in parameters})
        own = (site.path, site.scope)
        if own in functions:
            # A call of this method says on which object, and so how that was made.
            functions = {own}
        if len(functions) > 1 or NESTED in site.path:
            self.conclude(fallback)
            return
        if isinstance(fallback, Assumption) and node >= 0:
            # What makes an object may say enough, or only who calls its method.
            made_of = self.world.parameters(site.path, node)
            functions |= {own} & {(p.path, p.scope) for p in made_of}
        for function in sorted(functions):
            waiting = Waiting(site.path, site.number, site.scope, node, function, fallback)
            self.waiting.append(waiting)

    def _innermost(self, functions: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """Functions without those around them: whoever calls a closure has called these too."""
        outer: set[tuple[str, int]] = set()
        for path, scope in functions if len(functions) > 1 else ():
            scopes = self.world.files[path].scopes
            number = scopes[scope].parent
            while number > 0:
                outer.add((path, number))
                number = scopes[number].parent
        return functions - outer

    def conclude(self, fallback: Reach | Assumption) -> None:
        """Note an outcome."""
        if isinstance(fallback, Reach):
            self.reaches.append(fallback)
        else:
            self.assumptions.append(fallback)

    # --- notebooks ---


def _is_partial(into: Values) -> bool:
    partials = {"functools.partial", PARTIAL_METHOD}
    return bool(into) and all(isinstance(one, Ext) and one.name in partials for one in into)


def _elsewhere(via: tuple[str, int] | None, site: Site) -> tuple[str, int] | None:
    return None if via == (site.path, site.number) else via
