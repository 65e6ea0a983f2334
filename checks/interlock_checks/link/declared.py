"""What a parameter is by its annotation, where no caller says otherwise."""

from __future__ import annotations

from interlock_checks.facts import model as m
from interlock_checks.link.members import attribute_of
from interlock_checks.link.reach import Site
from interlock_checks.link.values import Cls, Fun, Lit, Method, Obj, Par
from interlock_checks.link.world import World


def declared(world: World, site: Site, node: int, name: str) -> Par | None:
    """The parameter whose method is called, if it is annotated with a class that has its own."""
    call = world.files[site.path].nodes[node]
    assert isinstance(call, m.Call)
    found: Par | None = None
    for function in world.values(site.path, call.func):
        match function:
            case Method(owner=Lit()):
                continue  # of a default None, which has no such method
            case Method(owner=Par() as par) if _has_own(world, par, name):
                found = par
            case _:
                return None
    return found


def _has_own(world: World, par: Par, name: str) -> bool:
    members = [
        member
        for kind in _annotated(world, par)
        for member in attribute_of(world, Obj(kind.path, kind.scope), name)
    ]
    return bool(members) and all(isinstance(member, Fun) for member in members)


def _annotated(world: World, par: Par) -> list[Cls]:
    """The classes of the repository with which a parameter is annotated."""
    facts = world.files[par.path]
    nodes = [facts.nodes[p.node] for p in facts.scopes[par.scope].parameters if p.name == par.name]
    return [
        value
        for node in nodes
        if isinstance(node, m.Param) and node.annotation >= 0
        for value in world.values(par.path, node.annotation)
        if isinstance(value, Cls)
    ]
