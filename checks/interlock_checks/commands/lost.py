"""
Whether anybody sees that a command has failed: from the command out to the end of the text.

At each construct around it the question is how that ends; what comes behind it is run by `flow`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from interlock_checks.commands.flow import Ends, Flow, Kind, State, TooMuch
from interlock_checks.commands.forgetting import forgotten
from interlock_checks.commands.model import word

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.frames import Frame
    from interlock_checks.commands.shell import Walk

MOST_PATHS = 6
"""Ways of being called that are followed, of a command within functions."""
DEEPEST_CALL = 6
MOST_WORDS = 24
"""Words in front of a text for another shell that are looked at."""
_WAITED = re.compile(rb"\bwait\s+(?:-n|[\"'$%\d{])")
_COUNTED = re.compile(r"\{\d+\.\.(\d+)\}|\$\(seq (?:\d+ )?(\d+)\)")
_UNKNOWN_WORD = re.compile(r"[$`*?\[{]")
_OVERRIDES = re.compile(r"\bexit\s+0\b|\bexit\s*(?:;|\Z)(?<!\$\?)")


@dataclass(frozen=True, slots=True)
class Step:
    """
    A node on the way out, and what ends with it: a construct, or a function, text or process.

    `options` are those of the shell around a process: errexit and pipefail.
    """

    node: Node
    frame: Frame
    outer: Literal["", "function", "eval", "process"] = ""
    options: tuple[bool, bool] = (False, False)


def lost(walk: Walk, node: Node, frame: Frame, errexit: bool, pipefail: bool) -> str | None:
    """What throws the exit status away, in the shell's own words; None where it is seen."""
    try:
        for path in paths(walk, node, frame, 0):
            found = _lost(walk, path, errexit, pipefail)
            if found is not None:
                return found
    except TooMuch:
        return "control flow that is too large to be followed"
    return None


def paths(walk: Walk, node: Node, frame: Frame, depth: int) -> Iterator[list[Step]]:
    """From a command to the end of the script, through every call of the functions around it."""
    inside: list[Step] = []
    at: Node | None = node
    count = 0
    while at is not None:
        inside.append(Step(at, frame))
        parent = at.parent
        if parent is not None and parent.type == "function_definition":
            callers = walk.callers.get(at.id, [])
            if not callers or depth >= DEEPEST_CALL:
                yield [*inside, Step(parent, frame, "function")]
                return
            for caller, around in callers[:MOST_PATHS]:
                for path in paths(walk, caller, around, depth + 1):
                    yield [*inside, Step(parent, frame, "function"), *path]
                    count += 1
                    if count >= MOST_PATHS:
                        return
            return
        at = parent
    launched = walk.launchers.get(inside[-1].node.id)
    if launched is None or depth >= DEEPEST_CALL:
        yield inside
        return
    launcher, around, own, options = launched
    out = Step(inside[-1].node, frame, "eval" if own else "process", options)
    for path in paths(walk, launcher, around, depth + 1):
        yield [*inside, out, *path]


def _last_round(walk: Walk, path: list[Step]) -> Iterator[tuple[str, str]]:
    """The variables of the loops around a command in the round after which there is none."""
    for step in path:
        if step.node.type == "for_statement" and not step.outer:
            name = step.node.child_by_field_name("variable")
            words = round_words(step.node)
            if name is not None and words:
                yield walk.text_of(name, step.frame), words[-1]


def round_words(loop: Node) -> list[str]:
    """The words of a `for` loop, where all of them are constant; else none."""
    found: list[str] = []
    for value in loop.children_by_field_name("value"):
        text = (value.text or b"").decode("utf-8", "replace").strip("\"'")
        counted = _COUNTED.fullmatch(text)
        if counted is not None:
            found.append(counted[1] or counted[2])
        elif _UNKNOWN_WORD.search(text):
            return []
        else:
            found.append(text)
    return found


def _free(path: list[Step], flow: Flow) -> list[bool]:
    """For each step whether `set -e` does not act there, because somebody asks for the status."""
    found = [False] * len(path)
    free = False
    for index in range(len(path) - 1, -1, -1):
        step = path[index]
        if step.outer == "process":
            free = False
        found[index] = free
        parent = step.node.parent
        if parent is not None and not step.outer and _asked(parent, step.node, flow):
            free = True
            found[index] = True
    return found


def _asked(parent: Node, node: Node, flow: Flow) -> bool:
    children = flow.children(parent)
    match parent.type:
        case "list":
            return children[0].id == node.id
        case "negated_command":
            return True
        case "if_statement" | "elif_clause":
            then = next((one.start_byte for one in children if one.type == "then"), node.end_byte)
            return node.start_byte < then
        case "while_statement":
            body = parent.child_by_field_name("body")
            return body is None or node.id != body.id
        case _:
            return False


def _lost(walk: Walk, path: list[Step], errexit: bool, pipefail: bool) -> str | None:
    flow = walk.flow
    free = _free(path, flow)
    start = State(
        False, ours=True, errexit=errexit, pipefail=pipefail, saved=tuple(_last_round(walk, path))
    )
    first = path[0]
    ends: Ends = flow.checked({("normal", start)}, free[0])
    if walk.text_of(first.node, first.frame).startswith("exec "):
        ends = frozenset({("exit", start)})
    reason: str | None = None
    for index, step in enumerate(path):
        if step.outer == "function":
            ends = frozenset(
                ("normal" if kind == "return" else kind, replace(end, quiet=False))
                for kind, end in ends
            )
            if index + 1 < len(path):
                ends = flow.checked(ends, free[index + 1])
        elif step.outer == "process":
            launcher = path[index + 1] if index + 1 < len(path) else None
            if launcher is not None:
                words = walk.text_of(launcher.node, launcher.frame).split()[:MOST_WORDS]
                program = forgotten([word(one) for one in words])
                if program is not None:
                    return program
            around = State(True, errexit=step.options[0], pipefail=step.options[1])
            ends = flow.process(ends, around)
            if index + 1 < len(path):
                ends = flow.checked(ends, free[index + 1])
        elif not step.outer:
            parent = step.node.parent
            if parent is None or parent.type == "function_definition":
                continue
            after = _out(walk, step, parent, ends, free[index])
            if after is None:
                return None
            if reason is None and _fails(ends) and not _fails(after):
                reason = _reason(walk, step, parent)
            ends = after
    if not _fails(ends):
        return reason or "the commands after it"
    return _trapped(walk)


def _fails(ends: Ends) -> bool:
    """Whether every way leads to a failure."""
    return all(not end.ok for _, end in ends)


def _trapped(walk: Walk) -> str | None:
    for text in walk.traps:
        bodies = [walk.text_of(node, frame) for node, frame in walk.bodies(text.strip())]
        if any(_OVERRIDES.search(one) for one in (text, *bodies)):
            return f"`trap {text.strip()[:40]!r} EXIT`"
    return None


def _out(walk: Walk, step: Step, parent: Node, ends: Ends, free: bool) -> Ends | None:
    """How the construct around a node ends, when the node has ended so."""
    flow, source = walk.flow, step.frame.source
    children = flow.children(parent)
    position = flow.position(parent, step.node)
    following = children[position + 1].type if position + 1 < len(children) else ""
    if following == "&":
        if _WAITED.search(source, step.node.end_byte):
            return None
        ends = frozenset(("normal", end.ended(True)) for _, end in ends)
    found: set[tuple[Kind, State]] = set()
    kind = parent.type
    if kind == "pipeline":
        named = [one for one in children if one.is_named]
        ends = flow.process(ends, next(iter(ends))[1])
        failed = all(not end.ok for _, end in ends)
        if step.node.id != named[-1].id and not next(iter(ends))[1].pipefail:
            ends = frozenset(("normal", end.ended(True)) for _, end in ends)
        if failed:
            place = next((n for n, one in enumerate(named) if one.id == step.node.id), 0)
            ends = frozenset((how, replace(end, stage=place)) for how, end in ends)
        return flow.checked(ends, free)
    if kind in ("subshell", "command_substitution", "process_substitution"):
        inner = _behind(flow, children, position, ends, source, free)
        ends = flow.process(inner, next(iter(ends))[1])
        if kind == "process_substitution":
            return frozenset(("normal", end.ended(True)) for _, end in ends)
        return flow.checked(ends, free) if kind == "subshell" else ends
    if kind == "negated_command":
        return frozenset(
            (how, end.ended(not end.ok)) if how == "normal" else (how, end) for how, end in ends
        )
    if kind == "list":
        for how, end in ends:
            if how != "normal" or step.node.id != children[0].id:
                found.add((how, end))
            elif end.ok == (children[1].type == "&&"):
                found |= flow.run(children[-1], end, source, free, 1)
            else:
                found.add((how, replace(end, quiet=not end.ok)))
        return frozenset(found)
    if kind in ("if_statement", "elif_clause"):
        then = next((n for n, one in enumerate(children) if one.type == "then"), len(children))
        if position > then:
            if step.node.type in ("elif_clause", "else_clause"):
                return ends
            last = next(
                (n for n in range(then, len(children)) if children[n].type.endswith("_clause")),
                len(children),
            )
            return _behind(flow, children[:last], position, ends, source, free)
        ends = _behind(flow, children[:then], position, ends, source, True)
        rest: list[Node] = children
        if kind == "elif_clause" and parent.parent is not None:
            clauses = flow.children(parent.parent)
            own = next(n for n, one in enumerate(clauses) if one.id == parent.id)
            rest = [*children, *clauses[own + 1 :]]
        for how, end in ends:
            found |= (
                flow.branch(rest, then, end, source, free, 1) if how == "normal" else {(how, end)}
            )
        return frozenset(found)
    if kind == "while_statement":
        return _loop(walk, step, parent, ends, free)
    if kind == "do_group":
        return _behind(flow, children, position, ends, source, free)
    if kind in ("for_statement", "c_style_for_statement"):
        for how, end in ends:
            if how in ("break", "continue"):
                found.add(("normal", end))
            elif how == "normal" and not end.ok:
                # The next time round may succeed, and its status is what remains.
                found.add(("normal", end.ended(True)))
            else:
                found.add((how, end))
        return frozenset(found)
    if kind in ("command", "variable_assignment", "declaration_command", "concatenation", "string"):
        return _substituted(flow, step, parent, ends, free)
    if kind in ("compound_statement", "program", "case_item", "else_clause"):
        return _behind(flow, children, position, ends, source, free)
    return ends


def _behind(
    flow: Flow, children: list[Node], position: int, ends: Ends, source: bytes, free: bool
) -> Ends:
    """The statements behind a node in its group."""
    found: set[tuple[Kind, State]] = set()
    for how, end in ends:
        if how == "normal":
            found |= flow.sequence(children, position + 1, end, source, free, 1)
        else:
            found.add((how, end))
    return frozenset(found)


def _loop(walk: Walk, step: Step, parent: Node, ends: Ends, free: bool) -> Ends | None:
    flow, source = walk.flow, step.frame.source
    body = parent.child_by_field_name("body")
    children = flow.children(parent)
    if body is not None and body.id == step.node.id:
        return frozenset(
            ("normal", end.ended(True)) if how in ("normal", "break", "continue") else (how, end)
            for how, end in ends
        )
    inverted = children[0].type == "until"
    found: set[tuple[Kind, State]] = set()
    for how, end in ends:
        if how != "normal":
            found.add((how, end))
        elif end.ok != inverted and body is not None:
            # The body runs, and then the command is tried again: it has to succeed in the end,
            # unless the body leaves the loop.
            found |= {
                ("normal", one.ended(True)) if kind == "break" else (kind, one)
                for kind, one in flow.run(body, end, source, free, 1)
                if kind not in ("normal", "continue")
            }
        else:
            found.add(("normal", end.ended(True)))
    return frozenset(found) or None


def _substituted(flow: Flow, step: Step, parent: Node, ends: Ends, free: bool) -> Ends:
    """`x=$(a)` has the status of `a`; `echo $(a)` and `local x=$(a)` have their own."""
    if parent.type in ("concatenation", "string"):
        return ends
    outer = parent.parent
    alone = parent.type == "variable_assignment" and (
        outer is None or outer.type not in ("declaration_command", "command")
    )
    if alone:
        return flow.checked(ends, free)
    if step.node.type in ("command_substitution", "string", "concatenation", "variable_assignment"):
        return frozenset(("normal", end.ended(True)) for _, end in ends)
    return ends


def _reason(walk: Walk, step: Step, parent: Node) -> str:
    """The shell's own words for what loses the status."""
    children = walk.flow.children(parent)
    position = walk.flow.position(parent, step.node)
    following = children[position + 1] if position + 1 < len(children) else None

    def shown(node: Node) -> str:
        return " ".join(walk.text_of(node, step.frame).split())[:40]

    if following is not None and following.type == "&":
        return "`&`"
    match parent.type:
        case "pipeline":
            then = next((one for one in islice(children, position + 1, None) if one.is_named), None)
            return f"`| {shown(then)}`" if then is not None else "the pipeline"
        case "list":
            return f"`{children[1].type} {shown(children[-1])}`"
        case "negated_command":
            return "`!`"
        case "if_statement" | "elif_clause":
            return "an `if` that goes on after a failure"
        case "while_statement" | "for_statement" | "c_style_for_statement":
            return "the loop around it"
        case "command" | "declaration_command" | "string" | "process_substitution":
            return "the command that it is substituted into"
    behind = islice(children, position + 1, None)
    then = next((one for one in behind if one.is_named and one.type != "comment"), None)
    return f"`; {shown(then)}`" if then is not None else "the commands after it"
