"""Guards, approvals and receipts that are tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from interlock_checks.facts import model as m
from interlock_checks.link import approval, fold, tampering
from interlock_checks.link.external import is_inert
from interlock_checks.link.frames import Frame, passed
from interlock_checks.link.reach import Site, Touching
from interlock_checks.link.tampering import Touch
from interlock_checks.link.values import Ext, Given, Method, Par, Value
from interlock_checks.link.world import NESTED

if TYPE_CHECKING:
    from interlock_checks.link.uses import Uses


def changed(uses: Uses, site: Site, use: m.Use) -> None:
    """An assignment or deletion, or a name that is bound."""
    if use.manner == m.REBOUND:
        touch(uses, site, tampering.rebound(uses.world, site.path, use))
    elif use.manner in {m.NAMED, m.DEFINED}:
        if uses.guarded:
            touch(uses, site, tampering.shadowed(uses.world, site.path, use))
    else:

        def judge(uses: Uses, frame: Frame | None) -> tuple[list[Touch], set[Par]]:
            puts = list(tampering.stored(uses.world, site.path, use, frame))
            _ask(uses, site, puts, use.node, use.into)
            return touches(uses, site, puts), tampering.depends(puts)

        _touch_or_wait(uses, site, judge)


def _ask(uses: Uses, site: Site, puts: Sequence[tampering.Put], *nodes: int) -> None:
    """Variables whose names are not known here may be named in a file that was not read."""
    if any(map(approval.is_open, puts)):
        for node in nodes:
            if node >= 0:
                uses.world.want(site.path, node)


def touches(uses: Uses, site: Site, puts: Sequence[tampering.Put]) -> list[Touch]:
    """Which guards and approvals these changes change."""
    found: list[Touch] = []
    for put in puts:
        found += tampering.touches(uses.world, site.path, put)
        found += approval.environment(put)
    return found


def tampered(
    uses: Uses, site: Site, node: int, function: Ext | Method, given: tuple[Given, ...]
) -> None:
    """A call that may change a guard, write a receipt, or reach into interlock."""
    if isinstance(function, Ext) and tampering.is_private(function.name):
        uses.report(site, "IL303", function.name, "called", function.via)
        return
    call = uses.world.files[site.path].nodes[node]
    inside = isinstance(call, m.Call) and tampering.insides(
        uses.world, site.path, call.func, site.frame
    )
    if inside:
        uses.report(site, "IL303", inside, "reached")
    if any(tampering.is_whole(value) for one in given for value in one.values) and not all(
        is_inert(function, slot) for slot in range(len(given))
    ):
        touch(uses, site, tampering.escaped(function, given))
    touch(uses, site, tampering.listeners(function, given))
    if tampering.full_name(function) in {"pytest.main", "_pytest.config.main"}:
        touch(uses, site, tampering.left_out(given))

    def judge(uses: Uses, frame: Frame | None) -> tuple[list[Touch], set[Par]]:
        callee: Value = function
        arguments = given
        if frame is not None and isinstance(call, m.Call):
            arguments = passed(uses.world, site.path, call.args, frame)
            same = uses.world.values(site.path, call.func, frame)
            callee = next((f for f in same if isinstance(f, Ext | Method)), function)
        puts = list(tampering.called(callee, arguments))
        _ask(uses, site, puts, node)
        found = [*touches(uses, site, puts), *approval.receipts(callee, arguments)]
        path = approval.written(callee, arguments)
        open_ends = tampering.depends(puts) | fold.depends(path[0] if path else ())
        return found, open_ends

    _touch_or_wait(uses, site, judge)


def _touch_or_wait(
    uses: Uses, site: Site, judge: Callable[[Uses, Frame | None], tuple[list[Touch], set[Par]]]
) -> None:
    found, parameters = judge(uses, site.frame)
    touch(uses, site, found)
    if not found and parameters and site.frame is None and NESTED not in site.path:
        functions = {(p.path, p.scope) for p in parameters}
        uses.touching.append(Touching(judge, tuple(sorted(functions))))


def touch(uses: Uses, site: Site, touches: Iterable[Touch]) -> None:
    """Report what was found at a place."""
    for one in touches:
        reach = uses.reach(site, one.code, one.what, one.manner)
        reach = msgspec.structs.replace(reach, needs="interlock" if one.hooked else "")
        (uses.here if one.here else uses.reaches).append(reach)


def private_imports(uses: Uses, path: str) -> None:
    """What a file imports of interlock's insides."""
    for place, name in tampering.private_imports(uses.world, path):
        uses.report(Site(path, place, 0), "IL303", name, "imported")
