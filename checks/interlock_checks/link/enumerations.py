"""The members of the repository's own enumerations: a finite list that the program spells out."""

from __future__ import annotations

from interlock_checks.facts import model as m
from interlock_checks.link.members import members_of
from interlock_checks.link.values import Cls, Ext, Lit, Values
from interlock_checks.link.world import World

_BASES = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum"})


def members(world: World, values: Values) -> dict[str, Values]:
    """The members by name, in order of definition; none if the value is no enumeration."""
    match values:
        case (Cls() as cls,):
            pass
        case _:
            return {}
    world.steps = 0
    if not any(isinstance(one, Ext) and one.name in _BASES for _, _, one in members_of(world, cls)):
        return {}
    facts = world.files[cls.path]
    found: dict[str, Values] = {}
    for binding in facts.bindings:
        if binding.scope != cls.scope or binding.name.startswith("_"):
            continue
        node = facts.nodes[binding.value]
        if isinstance(node, m.Function | m.Class):
            continue
        # `auto()` gives each member a value of its own, here as `StrEnum` does.
        found[binding.name] = (
            Lit(node.value if isinstance(node, m.Const) else binding.name.lower()),
        )
    return found
