"""What a parameter is by its annotation, where no caller says otherwise."""

from __future__ import annotations

from interlock_checks.facts import model as m
from interlock_checks.link.members import attribute_of
from interlock_checks.link.reach import Site
from interlock_checks.link.values import Cls, Ext, Fun, Lit, Method, Obj, Par, Values
from interlock_checks.link.world import World

_ALTERNATIVES = frozenset({"Optional", "Union", "Annotated"})
_SEQUENCES = frozenset(
    "list set frozenset tuple deque List Set FrozenSet Tuple Deque AbstractSet MutableSet "
    "Collection Iterable Iterator MutableSequence Sequence".split()
)
_DEEPEST = 8


def declared(world: World, site: Site, node: int, name: str) -> Par | None:
    """The parameter whose method is called, if it is annotated with classes that have their own."""
    call = world.files[site.path].nodes[node]
    assert isinstance(call, m.Call)
    found: Par | None = None
    for function in world.values(site.path, call.func):
        match function:
            case Method(owner=Lit()) | Fun():
                continue  # a default None has no such method, and an own one is judged by itself
            case Method(owner=Par() as par) if _has_own(world, par, name, within=False):
                found = par
            case Method():
                return _of_each(world, site.path, call.func, name)
            case _:
                return None
    return found


def _of_each(world: World, path: str, func: int, name: str) -> Par | None:
    """The parameter over which a loop goes, where it calls the method of each item."""
    facts = world.files[path]
    one = facts.nodes[func]
    item = facts.nodes[one.base] if isinstance(one, m.Attr) else None
    if not isinstance(item, m.Ref) or item.free:
        return None
    pars: set[Par] = set()
    for binding in item.bindings:
        loop = facts.nodes[facts.bindings[binding].value]
        sources: Values = world.values(path, loop.source) if isinstance(loop, m.Each) else ()
        pars |= {value for value in sources if isinstance(value, Par)}
        if not sources or len(pars) != 1 or not all(isinstance(one, Par) for one in sources):
            return None
    return next((par for par in pars if _has_own(world, par, name, within=True)), None)


def _has_own(world: World, par: Par, name: str, *, within: bool) -> bool:
    kinds = _annotated(world, par, within=within)
    members = [
        member
        for kind in kinds or ()
        for member in attribute_of(world, Obj(kind.path, kind.scope), name)
    ]
    return bool(members) and all(isinstance(member, Fun) for member in members)


def _annotated(world: World, par: Par, *, within: bool) -> list[Cls] | None:
    """
    The classes of the repository with which a parameter is annotated, or its items `within`.

    None where the annotation allows anything else, but for None.
    """
    facts = world.files[par.path]
    nodes = [facts.nodes[p.node] for p in facts.scopes[par.scope].parameters if p.name == par.name]
    found: list[Cls] = []
    for node in nodes:
        said = node.annotation if isinstance(node, m.Param) else -1
        kinds = _kinds(world, par.path, said, within, 0) if said >= 0 else None
        if kinds is None:
            return None
        found += kinds
    return found


def _kinds(world: World, path: str, node: int, within: bool, depth: int) -> list[Cls] | None:
    one = world.files[path].nodes[node]
    if depth > _DEEPEST:
        return None
    match one:
        case m.Const(value=None):
            return []
        case m.Op(operator="|", left=left, right=right):
            return _all_kinds(world, path, (left, right), within, depth)
        case m.Item(base=base, key=key):
            keys = world.files[path].nodes[key]
            parts = keys.items if isinstance(keys, m.Seq) else (key,)
            name = _last(world, path, base)
            if name in _ALTERNATIVES:
                parts = parts[:1] if name == "Annotated" else parts
                return _all_kinds(world, path, parts, within, depth)
            if within and name in _SEQUENCES:
                parts = parts[:1] if name.lower() == "tuple" and len(parts) == 2 else parts
                return _all_kinds(world, path, parts, False, depth)
            return None
        case _ if within:
            return None
        case _:
            kinds = world.values(path, node)
            classes = [kind for kind in kinds if isinstance(kind, Cls)]
            return classes if len(classes) == len(kinds) else None


def _all_kinds(
    world: World, path: str, nodes: tuple[int, ...], within: bool, depth: int
) -> list[Cls] | None:
    found: list[Cls] = []
    for node in nodes:
        kinds = _kinds(world, path, node, within, depth + 1)
        if kinds is None:
            return None
        found += kinds
    return found


def _last(world: World, path: str, node: int) -> str:
    """The last name of what is subscripted, if it is a type of Python or of `typing`."""
    for value in world.values(path, node):
        if isinstance(value, Ext):
            root, _, name = value.name.rpartition(".")
            if root in {"builtins", "typing", "typing_extensions", "collections.abc"} or (
                root == "collections"
            ):
                return name
    return ""
