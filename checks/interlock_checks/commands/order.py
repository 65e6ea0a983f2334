"""
Whether one command of a shell text has run whenever another one does.

Both are followed outwards to the construct that holds them both; on the way out of the first
nothing may stand that could have passed it over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from interlock_checks.commands.flow import State, TooMuch
from interlock_checks.commands.lost import Step, paths, round_words

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.frames import Frame
    from interlock_checks.commands.shell import Walk

Place = tuple["Node", "Frame"]
_BRANCHING = frozenset({"if_statement", "elif_clause", "case_statement"})
_LOOPS = frozenset({"while_statement", "for_statement", "c_style_for_statement"})


def passed_over(walk: Walk, first: Place, second: Place, same: Sequence[Place] = ()) -> bool:
    """
    Whether the second command can run after a path that leads past the first without running it.

    False where the first stands behind the second, or on another branch than it: then it has no
    part in what comes before. `same` are commands that do as well as the first.
    """
    ways = list(paths(walk, *first, 0))
    for path in paths(walk, *second, 0):
        try:
            verdicts = [_passed_over(walk, one, path, same) for one in ways]
        except TooMuch:
            return True
        # None: on this way to the second, that way to the first does not come before it.
        known = [one for one in verdicts if one is not None]
        if known and all(known):
            return True
    return False


def _passed_over(
    walk: Walk, one: list[Step], other: list[Step], same: Sequence[Place]
) -> bool | None:
    inside = {step.node.id: index for index, step in enumerate(other)}
    meeting = next((n for n, step in enumerate(one) if step.node.id in inside), None)
    if meeting is None:
        return None
    below = other[: inside[one[meeting].node.id]]
    if not meeting or not below:
        return None
    top = one[meeting].node
    mine, theirs = one[meeting - 1].node, below[-1].node
    if mine.start_byte > theirs.start_byte:
        return None
    if top.type in _BRANCHING and not _in_condition(top, mine):
        return None  # one branch or the other
    asked = set(_conditions(walk, below))
    for index in range(meeting):
        step = one[index]
        parent = step.node.parent
        if step.outer or parent is None:
            continue
        if parent.id == top.id:
            return False
        if _left_out(walk, parent, step, one[index + 1 :], asked) and not _replaced(
            walk, parent, step, same
        ):
            return True
    return False


def _replaced(walk: Walk, parent: Node, step: Step, same: Sequence[Place]) -> bool:
    """Whether each other branch has a command that does as well, or leads nowhere."""
    around = parent.parent if parent.type in ("elif_clause", "else_clause", "case_item") else parent
    if around is None or around.type not in ("if_statement", "case_statement"):
        return False
    branches = list(_branches(walk, around))
    if not branches or not any(last for _, last in branches):
        return False
    return all(
        any(
            frame.source is step.frame.source
            and nodes[0].start_byte <= node.start_byte
            and node.end_byte <= nodes[-1].end_byte
            for node, frame in same
        )
        or _leads_nowhere(walk, nodes, step.frame)
        for nodes, _ in branches
        if nodes
    ) and all(nodes for nodes, _ in branches)


def _leads_nowhere(walk: Walk, nodes: Sequence[Node], frame: Frame) -> bool:
    """Whether each way through the statements ends the shell."""
    ends = walk.flow.sequence(nodes, 0, State(True), frame.source, False, 1)
    return all(kind == "exit" for kind, _ in ends)


def _branches(walk: Walk, node: Node) -> Iterator[tuple[list[Node], bool]]:
    """The statements of each branch, and whether it takes whatever the others have left."""
    children = walk.flow.children(node)
    if node.type == "case_statement":
        for item in (one for one in children if one.type == "case_item"):
            parts = walk.flow.children(item)
            close = next((n for n, one in enumerate(parts) if one.type == ")"), 0)
            patterns = [one.text for one in parts[:close] if one.is_named]
            yield [one for one in parts[close + 1 :] if one.is_named], patterns == [b"*"]
        return
    then = next((n for n, one in enumerate(children) if one.type == "then"), len(children))
    clauses = [one for one in children if one.type in ("elif_clause", "else_clause")]
    inner = [one for one in children[then + 1 :] if one.is_named and one not in clauses]
    yield inner, False
    for clause in clauses:
        parts = walk.flow.children(clause)
        begin = next((n for n, one in enumerate(parts) if one.type == "then"), 0)
        named = [one for one in parts[begin:] if one.is_named]
        yield named, clause.type == "else_clause"


def _conditions(walk: Walk, path: list[Step]) -> Iterator[str]:
    for step in path:
        parent = step.node.parent
        if parent is not None and parent.type == "if_statement":
            yield _condition(walk, parent, step)


def _condition(walk: Walk, node: Node, step: Step) -> str:
    parts = walk.flow.children(node)
    then = next((n for n, one in enumerate(parts) if one.type == "then"), len(parts))
    return " ".join(walk.text_of(one, step.frame) for one in parts[1:then] if one.is_named)


def _in_condition(node: Node, child: Node) -> bool:
    then = next((one for one in node.children if one.type in ("then", "in")), None)
    return then is not None and child.start_byte < then.start_byte


def _left_out(walk: Walk, parent: Node, step: Step, further: list[Step], asked: set[str]) -> bool:
    """Whether the construct around a node may end well without having run it."""
    kind = parent.type
    if kind in ("if_statement", "elif_clause"):
        if _in_condition(parent, step.node):
            return kind == "elif_clause"
        return _condition(walk, parent, step) not in asked
    if kind in ("case_item", "else_clause"):
        return True
    if kind in _LOOPS:
        body = parent.child_by_field_name("body")
        if body is None or body.id != step.node.id:
            return False
        return kind != "for_statement" or not round_words(parent)
    if kind == "list":
        children = walk.flow.children(parent)
        if children[0].id == step.node.id:
            return False
        return children[1].type == "||" or not _continued(walk, parent, further)
    return _skippable(walk, parent, step)


def _continued(walk: Walk, node: Node, further: list[Step]) -> bool:
    """Whether what comes after a list of `&&` runs only if all of the list has succeeded."""
    for step in further:
        if step.node.id == node.id:
            continue
        parent = node.parent
        if parent is None or parent.type != "list":
            break
        children = walk.flow.children(parent)
        if children[0].id == node.id and children[1].type == "&&":
            return True
        node = parent
    # `verify && backup` on a line of its own: if the first fails, that is lost, and said there.
    return any("interlock" in walk.text_of(one, further[0].frame) for one in node.children[:1])


def _skippable(walk: Walk, parent: Node, step: Step) -> bool:
    """Whether something before a node in its group may leave the group, or the function, well."""
    if parent.type not in ("compound_statement", "do_group", "program"):
        return False
    for one in walk.flow.children(parent):
        if one.id == step.node.id:
            return False
        if not one.is_named or one.type in ("function_definition", "comment"):
            continue
        ends = walk.flow.run(one, State(True), step.frame.source, False, 1)
        if any(kind not in ("normal", "exit") and end.ok for kind, end in ends):
            return True
    return False
