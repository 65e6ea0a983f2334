"""
What a condition asks, on one way through the program.

A condition is answered only by what the program itself has decided before on that way: a flag
that it set, a receipt that it got. A module's constant, a parameter, a setting answer nothing
here, whatever they hold today: they are what a switch is made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock_checks.catalogue import control
from interlock_checks.catalogue.guards import ERROR
from interlock_checks.facts import model as m
from interlock_checks.link import fold
from interlock_checks.link.attributes import name_of
from interlock_checks.link.calling import results_of
from interlock_checks.link.enumerations import members
from interlock_checks.link.frames import Frame, passed
from interlock_checks.link.handlers import made_by, origin
from interlock_checks.link.holdings import Holdings
from interlock_checks.link.instances import is_instance, part_of
from interlock_checks.link.members import attribute_of, item_of
from interlock_checks.link.needs import operands
from interlock_checks.link.paths import Key, Name, Path, Site
from interlock_checks.link.receptacles import Receptacles
from interlock_checks.link.rows import Rows
from interlock_checks.link.running import Running
from interlock_checks.link.states import States
from interlock_checks.link.told import told
from interlock_checks.link.values import (
    UNKNOWN,
    Cls,
    Ext,
    Finished,
    Fun,
    Lit,
    Made,
    Many,
    Obj,
    Table,
    Text,
    Told,
    Value,
    Values,
    merge,
)
from interlock_checks.link.world import World

_SPELLING = frozenset({"builtins.str", "builtins.repr"})
_FLIPPED = {"is not": "is", "!=": "==", "not in": "in"}


@dataclass
class Conditions:
    """
    Values and answers on a way; `tests` remembers the node that each site asks.

    `telling`: a process of interlock was run, whose status may be asked for; `exact` are the sites
    that ask for it in a way that could be worked out; `polled` are variables of processes, and
    whether these are polled only.
    """

    world: World
    tests: dict[Site, tuple[int, Frame | None]] = field(default_factory=dict)
    telling: bool = False
    exact: set[Site] = field(default_factory=set)
    polled: dict[tuple[str, tuple[int, ...]], bool] = field(default_factory=dict)
    holdings: Holdings = field(init=False)
    states: States = field(init=False)
    _rows: Rows = field(init=False)
    _written: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.holdings = Holdings(self.world, self.known, Receptacles(self.world))
        self._rows = Rows(self.world, self.value)
        self.states = States(self.world)

    # --- values ---

    def known(self, at: Running, node: int, way: Path) -> Values:
        """What a node is on this way, on which attributes may have been given values."""
        facts = self.world.files[at.path]
        if node >= 0 and isinstance(facts.nodes[node], m.Attr):
            name = name_of(facts, node, at)
            held = None if name is None else way.value(name)
            if held is not None:
                return held
        return self.value(at, node, way)

    def value(self, at: Running, node: int, way: Path) -> Values:
        """What a node is on this way."""
        if node < 0:
            return (Lit(None),)
        held = self.held(at, node, way)
        if held is not None:
            return held
        path, frame = at.path, at.frame
        one = self.world.files[path].nodes[node]
        heard = self.told(at, node, way)
        if heard is not None:
            return heard
        if isinstance(one, m.Test):
            answer = self.answer(at, node, way)
            if answer is not None:
                return (Lit(answer),)
        if isinstance(one, m.Entered):
            return self.value(at, one.source, way)
        if isinstance(one, m.Attr) and isinstance(self.world.files[path].nodes[one.base], m.Ref):
            self.world.steps = 0
            listed = members(self.world, self.world.values(path, one.base, frame))
            if one.name in listed:
                return listed[one.name]
        if isinstance(one, m.Attr):
            objects = self.held(at, one.base, way)
            if objects and all(isinstance(value, Obj) for value in objects):
                self.world.steps = 0
                return merge(attribute_of(self.world, value, one.name) for value in objects)
        if isinstance(one, m.Each | m.Item | m.Call):
            taken = self.holdings.taken(at, node, way)
            if taken is not None:
                return taken
        if isinstance(one, m.Each | m.Item | m.Attr):
            items = self._rows.taken(at, node, way)
            if items is not None:
                return items
        if isinstance(one, m.Part):
            self.world.steps = 0
            kinds = self.world.values(path, one.kind, frame)
            subject = self.value(at, one.subject, way)
            return merge(part_of(self.world, v, kinds, one.name) for v in subject) or UNKNOWN
        if isinstance(one, m.Item):
            item = self._item_of(path, one)
            if item >= 0:
                return self.value(at, item, way)
            rows = self.held(at, one.base, way)
            if rows and all(isinstance(value, Many | Table) for value in rows):
                return merge(item_of(self.world, row, self.value(at, one.key, way)) for row in rows)
        if isinstance(one, m.Call) and len(one.args) == 1:
            self.world.steps = 0
            functions = self.world.values(path, one.func, frame)
            if any(isinstance(f, Ext) and f.name in _SPELLING for f in functions):
                made = self.value(at, one.args[0].value, way)
                if made and all(isinstance(v, Made) and _ours(v.name) for v in made):
                    return (Text((None, " ", None)),)
        if isinstance(one, m.Call):
            future = self._future(path, one, frame)
            if future is not None:
                return future
            if len(one.args) and self._passes_on(path, one, frame):
                return self.value(at, one.args[0].value, way)
        if isinstance(one, m.Seq | m.Joined) and self._is_made_here(at, one, way):
            parts = [self.value(at, number, way) for number in operands(one)]
            return (Many(tuple(parts)),) if isinstance(one, m.Seq) else fold.concatenated(parts)
        self.world.steps = 0
        return self.world.values(path, node, frame)

    def _item_of(self, path: str, one: m.Item) -> int:
        """The constant or attribute that `(state, receipt)[0]` is; -1 for all others."""
        nodes = self.world.files[path].nodes
        row, index = nodes[one.base], nodes[one.key]
        number = index.value if isinstance(index, m.Const) else None
        if not isinstance(row, m.Seq) or not isinstance(number, int):
            return -1
        if not 0 <= number < len(row.items) or any(
            isinstance(nodes[item], m.Splat) for item in row.items
        ):
            return -1
        # What a variable held may have been given away by the same assignment: `a, b = b, a`.
        item = row.items[number]
        return item if isinstance(nodes[item], m.Const | m.Attr) else -1

    def _passes_on(self, path: str, call: m.Call, frame: Frame | None) -> bool:
        """Whether a call gives what the coroutine returns that it is given."""
        functions = self.world.values(path, call.func, frame)
        return any(isinstance(f, Ext) and f.name in control.AWAITING for f in functions)

    def _is_made_here(self, at: Running, one: m.Seq | m.Joined, way: Path) -> bool:
        """Whether a list or a text is made of something that this way knows better."""
        nodes = self.world.files[at.path].nodes
        parts = operands(one)
        if any(isinstance(nodes[number], m.Splat) for number in parts):
            return False
        return any(self.held(at, number, way) is not None for number in parts)

    def changed(self, at: Running, one: m.Op, way: Path) -> Values | None:
        """A counter or a list after it was added to, as far as a condition may ask for it."""
        nodes = self.world.files[at.path].nodes
        held = self.held(at, one.left, way)
        right = nodes[one.right]
        if not held or one.operator not in {"+", "|"}:
            return None
        if isinstance(right, m.Const) and any(isinstance(value, Lit) for value in held):
            counts = [value.value for value in held if isinstance(value, Lit)]
            more = right.value
            if len(counts) < len(held) or not isinstance(more, int) or more <= 0:
                return None
            sums = [min(one + more, 2) for one in counts if isinstance(one, int)]
            return merge((Lit(one),) for one in sums) if len(sums) == len(counts) else None
        added = right.items if isinstance(right, m.Seq) else ()
        fresh = added or (isinstance(right, m.Map) and right.keys)
        return (Many((UNKNOWN,), rest=True),) if fresh else None

    def _future(self, path: str, call: m.Call, frame: Frame | None) -> Values | None:
        """What `pool.submit(function, value).result()` gives; None for any other call."""
        nodes = self.world.files[path].nodes
        function = nodes[call.func]
        if not isinstance(function, m.Attr):
            return None
        if function.name == "result":
            found = [
                self._resulting(path, nodes[number], frame)
                for number in self._makers(path, function.base, frame)
            ]
            if found and None not in found:
                return merge(one for one in found if one is not None)
        if function.name == "run_in_executor":
            return self._applied(path, call.args[1:], frame)
        return None

    def _resulting(self, path: str, call: m.Node, frame: Frame | None) -> Values | None:
        """What the future holds in the end that a call makes; None where it is none."""
        asked = self.world.files[path].nodes[call.func] if isinstance(call, m.Call) else None
        if not isinstance(call, m.Call) or not isinstance(asked, m.Attr):
            return None
        if asked.name in control.TASKS and call.args:
            self.world.steps = 0
            return self.world.values(path, call.args[0].value, frame)
        if asked.name != "submit":
            return None
        return self._applied(path, call.args, frame) or UNKNOWN

    def _makers(self, path: str, node: int, frame: Frame | None) -> list[int]:
        """The calls of which one gave a value: that one, or those that a loop goes over."""
        nodes = self.world.files[path].nodes
        _, number = made_by(self.world, path, node, frame)
        if number >= 0:
            return [number]
        over, keyed = self._gone_over(path, origin(self.world.files[path], node), frame)
        if over < 0:
            return []
        held = nodes[origin(self.world.files[path], over)]
        if isinstance(held, m.Call) and len(held.args) == 1:
            self.world.steps = 0
            functions = self.world.values(path, held.func, frame)
            if any(isinstance(f, Ext) and f.name in control.COMPLETED for f in functions):
                held = nodes[origin(self.world.files[path], held.args[0].value)]
        match held:
            case m.Map(keys=keys, values=values):
                calls = list(values if keyed else keys)
            case m.Seq(items=items):
                calls = list(items)
            case m.Comp(element=element):
                calls = [element]
            case _:
                return []
        return [origin(self.world.files[path], number) for number in calls]

    def _gone_over(self, path: str, node: int, frame: Frame | None) -> tuple[int, bool]:
        """
        Of what a loop gives a name the items, one by one; -1 for any other node.

        And whether these are the values of a table.
        """
        nodes = self.world.files[path].nodes
        one = nodes[node]
        base = nodes[one.base] if isinstance(one, m.Item) else one
        key = nodes[one.key] if isinstance(one, m.Item) else None
        if not isinstance(base, m.Each):
            return -1, False
        number = key.value if isinstance(key, m.Const) else None
        call = nodes[base.source]
        method = nodes[call.func] if isinstance(call, m.Call) else None
        if isinstance(method, m.Attr) and method.name == ("values" if key is None else "items"):
            return (method.base, True) if key is None or number == 1 else (-1, False)
        if key is None:
            return base.source, False
        if not isinstance(call, m.Call) or not isinstance(number, int):
            return -1, False
        self.world.steps = 0
        functions = self.world.values(path, call.func, frame)
        zipped = bool(functions) and all(one == Ext("builtins.zip") for one in functions)
        return call.args[number].value if zipped and 0 <= number < len(call.args) else -1, False

    def _applied(self, path: str, args: tuple[m.Arg, ...], frame: Frame | None) -> Values | None:
        if not args:
            return None
        self.world.steps = 0
        functions = self.world.values(path, args[0].value, frame)
        return results_of(
            self.world, functions, passed(self.world, path, args[1:], frame), path, frame
        )

    def held(self, at: Running, node: int, way: Path) -> Values | None:
        """What this way alone knows of a variable, or of the result of a call."""
        name = self.name(at, node)
        return None if name is None else way.value(name)

    def name(self, at: Running, node: int) -> Name | None:
        """By what name a way remembers a variable, or the result of a call."""
        facts = self.world.files[at.path]
        one = facts.nodes[node]
        if isinstance(one, m.Ref):
            owners = [facts.bindings[binding].scope for binding in one.bindings[:1]]
            return (at.path, owners[0], one.name) if owners else None
        return (at.path, at.scope, f"#{node}")

    def told(self, at: Running, node: int, way: Path) -> Values | None:
        """What a node is, if that follows from how a process ended."""
        return told(self, at, node, way) if self.telling else None

    def heard(self, at: Running, node: int, way: Path) -> bool | None:
        """What a condition is answered by how a process ended; None if not by that alone."""
        found = self.told(at, node, way)
        return None if found is None else _agreed([_truth(value) for value in found])

    # --- answers ---

    def answer(self, at: Running, node: int, way: Path) -> bool | None:
        """Whether a condition holds on this way; None if either may be."""
        one = self.world.files[at.path].nodes[node]
        if isinstance(one, m.Const):
            return bool(one.value)
        heard = self.heard(at, node, way)
        if heard is not None:
            return heard
        key, sense = self.key(at.path, node)
        for known, answer in way.known:
            if known == key:
                return answer is sense
        if isinstance(one, m.Test):
            return self._compared(at, one, way)
        if isinstance(one, m.Call) and len(one.args) == 2:
            self.world.steps = 0
            if self.world.values(at.path, one.func, at.frame) == (Ext("builtins.isinstance"),):
                subject = self._decided(at, one.args[0].value, way)
                return self._is_a(at, subject, one.args[1].value)
        values = self._decided(at, node, way)
        return _agreed([_truth(value) for value in values])

    def _compared(self, at: Running, one: m.Test, way: Path) -> bool | None:
        if one.operator == "not":
            answer = self.answer(at, one.operands[0], way)
            return None if answer is None else not answer
        left = self._decided(at, one.operands[0], way)
        if one.operator == m.IS_A:
            return self._is_a(at, left, one.operands[1])
        operator = _FLIPPED.get(one.operator, one.operator)
        among = self.world.files[at.path].nodes[one.operands[1]]
        if operator == "in" and isinstance(among, m.Seq):
            items = [self._decided(at, number, way) for number in among.items]
            found = _agreed([_is_among(value, items) for value in left])
            return found if found is None or operator == one.operator else not found
        right = self._decided(at, one.operands[1], way)
        if operator not in {"is", "=="} or not left or not right:
            return None
        answers = [_same(a, b) for a in left for b in right]
        agreed = _agreed(answers)
        return agreed if agreed is None or operator == one.operator else not agreed

    def _is_a(self, at: Running, left: Values, classes: int) -> bool | None:
        self.world.steps = 0
        kinds = self.world.values(at.path, classes, at.frame)
        return _agreed([is_instance(self.world, value, kinds) for value in left])

    def _decided(self, at: Running, node: int, way: Path) -> Values:
        """What a node is, as far as the program has decided it on this way."""
        path, frame = at.path, at.frame
        one = self.world.files[path].nodes[node]
        if isinstance(one, m.Const):
            return (Lit(one.value),)
        held = self.held(at, node, way)
        if held is not None and not self.is_constant(path, one):
            return held
        if isinstance(one, m.Attr) and self.states.is_attribute(path, one.name):
            name = name_of(self.world.files[path], node, at)
            state = None if name is None else way.value(name)
            if state is not None:
                return state
        if isinstance(one, m.Attr):
            self.world.steps = 0
            base = self.world.values(path, one.base, frame)
            member = members(self.world, base).get(one.name)
            if member is not None:
                return member
        if isinstance(one, m.Ref) and self._is_private_parameter(path, one, frame):
            return self.world.values(path, node, frame)
        self.world.steps = 0
        values = self.world.values(path, node, frame)
        made = bool(values) and all(isinstance(v, Made) and _ours(v.name) for v in values)
        return values if made else ()

    def is_constant(self, path: str, one: m.Node) -> bool:
        """A name that a module binds once: changing it is changing a setting."""
        if not isinstance(one, m.Ref) or not one.bindings:
            return False
        facts = self.world.files[path]
        first = facts.bindings[one.bindings[0]]
        if first.scope != 0 or not isinstance(facts.nodes[first.value], m.Const):
            return False
        written = self._written.get(path)
        if written is None:
            written = self._written[path] = {}
            for binding in facts.bindings:
                if binding.scope == 0:
                    written[binding.name] = written.get(binding.name, 0) + 1
        return written.get(first.name, 0) == 1

    def _is_private_parameter(self, path: str, one: m.Ref, frame: Frame | None) -> bool:
        """A parameter that nobody outside can set: of a function whose name begins with `_`."""
        facts = self.world.files[path]
        nodes = [facts.nodes[facts.bindings[number].value] for number in one.bindings]
        return bool(nodes) and all(
            isinstance(node, m.Param)
            and frame is not None
            and frame.path == path
            and frame.scope == node.scope
            and facts.scopes[node.scope].name.startswith("_")
            for node in nodes
        )

    def stated(self, at: Running, node: int, way: Path) -> bool | None:
        """What the condition of a loop is answered by a state; None if it asks for none."""
        if not self.states.is_asked(at.path, node):
            return None
        return self.answer(at, node, way)

    # --- both ways ---

    def split(
        self, at: Running, site: Site, node: int, paths: list[Path]
    ) -> tuple[list[Path], list[Path]]:
        """The ways on which a condition holds, and those on which it does not."""
        self.tests[site] = (node, at.frame)
        yes: list[Path] = []
        no: list[Path] = []
        key, sense = self.key(site.path, node)
        for path in paths:
            answer = self.answer(at, node, path)
            heard = path.has_failed and self.told(at, node, path) is not None
            if heard:
                self.exact.add(site)
            if answer is not None:
                (yes if answer else no).append(path.chose(site, answer) if heard else path)
                continue
            for way, into in ((True, yes), (False, no)):
                narrowed = self.narrowed(at, node, path, way)
                into.append(narrowed.chose(site, way).learned(key, way is sense))
        return yes, no

    def narrowed(self, at: Running, node: int, path: Path, way: bool) -> Path:
        """With a variable known better after it was asked for."""
        if self.told(at, node, path) is not None:
            return self._heard(at, node, path, way)
        one = self.world.files[at.path].nodes[node]
        if isinstance(one, m.Test) and one.operator == "not":
            return self.narrowed(at, one.operands[0], path, not way)
        none = False
        if isinstance(one, m.Test) and one.operator in {"is", "is not", "==", "!="}:
            right = self.world.files[at.path].nodes[one.operands[1]]
            if not isinstance(right, m.Const) or right.value is not None:
                return path
            none, way = True, way is (one.operator in {"is", "=="})
            node = one.operands[0]
            one = self.world.files[at.path].nodes[node]
        held = self.held(at, node, path)
        if held is None or len(held) < 2 or not isinstance(one, m.Ref):
            return path
        answers = [_same(value, Lit(None)) if none else _truth(value) for value in held]
        kept = tuple(v for v, answer in zip(held, answers, strict=True) if answer is not (not way))
        owner = self.world.files[at.path].bindings[one.bindings[0]].scope
        return path.bind((at.path, owner, one.name), kept) if kept else path

    def _heard(self, at: Running, node: int, path: Path, way: bool) -> Path:
        """With a status known better after it was asked for."""
        facts = self.world.files[at.path]
        nodes = facts.nodes
        todo, budget = [node], 64
        while todo and budget:
            budget -= 1
            number = todo.pop()
            todo += operands(nodes[number])
            name = self.name(at, number)
            held = self.told(at, number, path)
            if name is None or held is None or len(held) < 2 or number == node:
                continue
            kept = tuple(
                value
                for value in held
                if self.answer(at, node, path.bind(name, (value,))) is not (not way)
            )
            if kept and len(kept) < len(held):
                for given in facts.bindings if isinstance(nodes[number], m.Call) else ():
                    if given.value == number:  # `name := call()`
                        path = path.bind((at.path, given.scope, given.name), kept)
                return path.bind(name, kept)
        return path

    def key(self, path: str, node: int) -> tuple[Key | None, bool]:
        """What two conditions that ask the same have in common, and whether it is negated."""
        sense = True
        one = self.world.files[path].nodes[node]
        while isinstance(one, m.Test) and one.operator == "not":
            sense = not sense
            node = one.operands[0]
            one = self.world.files[path].nodes[node]
        if isinstance(one, m.Test) and one.operator in _FLIPPED:
            one = replace_operator(one, _FLIPPED[one.operator])
            sense = not sense
        budget = [64]
        key = self._spelled(path, one, budget)
        return (None if key is None else (path, key)), sense

    def _spelled(self, path: str, one: m.Node, budget: list[int]) -> Key | None:
        budget[0] -= 1
        if budget[0] < 0:
            return None
        head: Key
        match one:
            case m.Ref(name=name, bindings=bindings):
                return ("name", name, bindings)
            case m.Const(value=value):
                return ("constant", type(value).__name__, value)
            case m.Attr(name=name):
                head = ("attribute", name)
            case m.Item():
                head = ("item",)
            case m.Test(operator=operator):
                head = ("test", operator)
            case m.Call(args=args):
                head = ("call", tuple((arg.name, arg.star) for arg in args))
            case _:
                return None
        nodes = self.world.files[path].nodes
        parts = [self._spelled(path, nodes[number], budget) for number in operands(one)]
        return None if None in parts else (*head, *parts)

    # --- loops ---

    def is_endless(self, path: str, node: int) -> bool:
        """`while True`"""
        one = self.world.files[path].nodes[node]
        return isinstance(one, m.Const) and bool(one.value)

    def is_nonempty(self, path: str, node: int, frame: Frame | None) -> bool:
        """Whether a loop over this surely runs once."""
        self.world.steps = 0
        values = self.world.values(path, node, frame)
        return bool(values) and all(isinstance(v, Many) and v.items and not v.rest for v in values)


def replace_operator(test: m.Test, operator: str) -> m.Test:
    return m.Test(operator, test.operands)


def _ours(name: str) -> bool:
    return name.startswith("interlock.")


def _agreed(answers: list[bool | None]) -> bool | None:
    return answers[0] if answers and all(one is answers[0] for one in answers) else None


def _truth(value: Value) -> bool | None:
    match value:
        case Lit(value=constant) | Told(value=constant):
            return bool(constant)
        case Finished(truth=truth):
            return truth
        case Made(name=name) if _ours(name) or name == ERROR:
            return True
        case Text(parts=parts):
            return True if any(parts) else None
        case Fun() | Cls() | Ext():
            return True
        case Many(items=items, rest=rest):
            return True if items else None if rest else False
        case Table(pairs=pairs, rest=rest):
            return True if pairs else None if rest else False
        case _:
            return None


def _is_among(value: Value, items: list[Values]) -> bool | None:
    """Whether a value is one of these, each of which may be something unknown."""
    answers = [_agreed([_same(value, other) for other in item]) for item in items]
    return True if True in answers else None if None in answers else False


def _same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Lit) and isinstance(right, Lit):
        return left.value == right.value and type(left.value) is type(right.value)
    objects = (Made, Fun, Cls, Obj, Ext)
    if isinstance(left, objects) and isinstance(right, Lit):
        return False if right.value is None or isinstance(left, Made) else None
    if isinstance(right, objects) and isinstance(left, Lit):
        return False if left.value is None else None
    return None
