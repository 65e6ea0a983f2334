"""
What a shell does after a command has failed: a small interpreter of statuses over the syntax tree.

Of every other command both outcomes are taken, so the question answered is "can it happen that".
States are few: a status, the options of the shell, and the variables that keep a status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from interlock_checks.commands.argv import tail
from interlock_checks.commands.conditions import (
    FAILED,
    FILLED,
    counted,
    exit_value,
    holds,
    kept,
    matches,
    value,
)
from interlock_checks.commands.model import Argument, const
from interlock_checks.commands.pieces import decoded
from interlock_checks.commands.prefixes import SHELLS

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_STEPS = 100_000
"""Nodes that are looked at for one text; beyond that a status counts as lost."""
MOST_STATES = 24
MOST_VARIABLES = 8
DEEPEST = 60
"""Nodes within each other, functions included; deeper ones may end either way."""

Kind = Literal["normal", "exit", "return", "break", "continue"]


class TooMuch(Exception):
    """The control flow is too large to be followed."""


@dataclass(frozen=True, slots=True)
class State:
    """
    Where a path through the text has come to.

    Attributes:
        ok: Whether the last command succeeded.
        ours: Its failure is the one that is followed.
        quiet: It failed where `set -e` does not act (`a && b`), and so do the groups around it.
        errexit, pipefail: Options of the shell.
        saved: Variables with a value that is known since the failure.
        stage: The number of the command that failed in the pipeline that has just ended; -1: none.
    """

    ok: bool
    ours: bool = False
    quiet: bool = False
    errexit: bool = False
    pipefail: bool = False
    saved: tuple[tuple[str, str], ...] = ()
    stage: int = -1

    @property
    def status(self) -> str:
        """The value of `$?`."""
        return "0" if self.ok else FAILED

    def ended(self, ok: bool) -> State:
        """The state after another command."""
        return replace(self, ok=ok, ours=False, quiet=False, stage=-1)


Ends = frozenset[tuple[Kind, State]]
_ALWAYS = frozenset({"true", ":", "echo", "printf", "/bin/true", "/usr/bin/true", "sleep", "trap"})
_NEVER = frozenset({"false", "/bin/false"})
_FATAL = frozenset({"die", "fail", "abort", "fatal", "error_exit", "bail"})
"""Names under which scripts that are not here define how they stop."""
_GROUPS = frozenset({"compound_statement", "do_group", "else_clause", "program", "elif_clause"})
_ASSIGNED = re.compile(
    r"([A-Za-z_]\w*)(\+?)=(\"[^\"]*\"|'[^']*'|\$\(\([^()]*\)\)|\([^()]*\)|[^\s;]*)"
)
_SUM = re.compile(r"\$\(\([^()]*\)\)")
_PASSING = frozenset({"comment", "function_definition", "heredoc_body", "unset_command"})


class Flow:
    """
    Runs statements from a state.

    Args:
        bodies: The bodies of a function, with the source of each.
    """

    def __init__(self, bodies: Callable[[str], Sequence[tuple[Node, bytes]]]) -> None:
        self.bodies = bodies
        self.steps = 0
        self.kids: dict[int, list[Node]] = {}
        self.memo: dict[tuple[int, int, frozenset[State], bool], Ends] = {}
        self.numbers: dict[int, dict[int, int]] = {}
        self.kept: list[Node] = []

    def children(self, node: Node) -> list[Node]:
        """The children of a node, made once."""
        found = self.kids.get(node.id)
        if found is None:
            found = self.kids[node.id] = node.children
            self.kept.append(node)
        return found

    def position(self, parent: Node, node: Node) -> int:
        """The number of a node among the children of its parent; 0 if it is none of them."""
        found = self.numbers.get(parent.id)
        if found is None:
            children = self.children(parent)
            found = self.numbers[parent.id] = {one.id: n for n, one in enumerate(children)}
        return found.get(node.id, 0)

    def sequence(
        self, nodes: Sequence[Node], at: int, state: State, source: bytes, free: bool, depth: int
    ) -> Ends:
        """Statements from number `at` on. `free`: `set -e` does not act here."""
        trail: list[tuple[tuple[int, int, frozenset[State], bool], int]] = []
        todo: dict[State, None] = {state: None}
        found: set[tuple[Kind, State]] = set()
        while at < len(nodes):
            node = nodes[at]
            if not node.is_named or node.type in _PASSING:
                at += 1
                continue
            key = (nodes[0].id, at, frozenset(todo), free)
            known = self.memo.get(key)
            if known is not None:
                found |= known
                todo = {}
                break
            trail.append((key, len(found)))
            following = nodes[at + 1].type if at + 1 < len(nodes) else ""
            after: dict[State, None] = {}
            for one in todo:
                if following == "&":
                    after[one.ended(True)] = None
                    continue
                for kind, end in self.run(node, one, source, free, depth):
                    if kind == "normal":
                        after[end] = None
                    else:
                        found.add((kind, end))
            todo = dict.fromkeys(list(after)[:MOST_STATES])
            at += 1
            if not todo:
                break
        ends = frozenset(found | {("normal", one) for one in todo})
        # What ended before a point is no part of what comes after it, so only the points are
        # kept before which nothing had ended.
        for key, before in trail:
            if not before:
                self.memo[key] = ends
        return ends

    def run(self, node: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        """The ways in which a statement may end."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooMuch
        if depth > DEEPEST:
            return self.either(state, free)
        kind = node.type
        if kind == "compound_statement" and self.children(node)[0].type == "((":
            name = counted(self.text(node, source).removeprefix("((").removesuffix("))"))
            if name is not None:
                return self.either(_with(state, {name: FAILED}), free)
            return self._decided(holds(self.text(node, source), *_known(state)), state, free)
        if kind in _GROUPS:
            return self.sequence(self.children(node), 0, state, source, free, depth + 1)
        match kind:
            case "command":
                return self._command(node, state, source, free, depth)
            case "test_command":
                return self._decided(holds(self.text(node, source), *_known(state)), state, free)
            case "list":
                return self._list(node, state, source, free, depth)
            case "negated_command":
                ends = self.run(self.children(node)[-1], state, source, True, depth + 1)
                return frozenset(
                    (kind, one.ended(not one.ok)) if kind == "normal" else (kind, one)
                    for kind, one in ends
                )
            case "pipeline":
                last = [one for one in self.children(node) if one.is_named][-1]
                ends = self.process(self.run(last, state, source, True, depth + 1), state)
                if state.pipefail:
                    ends |= self.either(state, True)
                return self.checked(ends, free)
            case "subshell":
                ends = self.sequence(self.children(node), 0, state, source, free, depth + 1)
                return self.checked(self.process(ends, state), free)
            case "redirected_statement":
                body = node.child_by_field_name("body")
                return self.run(body, state, source, free, depth) if body else self.good(state)
            case "if_statement":
                return self._if(self.children(node), 0, state, source, free, depth)
            case "while_statement" | "until_statement":
                return self._while(node, state, source, free, depth)
            case "for_statement" | "c_style_for_statement":
                body = node.child_by_field_name("body")
                skipped = self.good(state)
                return skipped | (
                    self.looped(body, state, source, free, depth) if body else skipped
                )
            case "case_statement":
                return self._case(node, state, source, free, depth)
            case "variable_assignment" | "declaration_command" | "variable_assignments":
                return self._assigned(node, state, source, free)
            case _:
                return self.good(state) if kind in _PASSING else self.either(state, free)

    def text(self, node: Node, source: bytes) -> str:
        """The source of a node."""
        return decoded(source, node.start_byte, node.end_byte)

    def good(self, state: State) -> Ends:
        """It succeeds."""
        return frozenset({("normal", state.ended(True))})

    def either(self, state: State, free: bool) -> Ends:
        """It may succeed or fail."""
        bad = state.ended(False)
        lost: tuple[Kind, State] = ("exit" if state.errexit and not free else "normal", bad)
        return frozenset({("normal", state.ended(True)), lost})

    def _decided(self, ok: bool | None, state: State, free: bool) -> Ends:
        ends = self.either(state, free)
        return ends if ok is None else frozenset(one for one in ends if one[1].ok is ok)

    def process(self, ends: Ends, state: State) -> Ends:
        """How it looks from outside when another process has ended so."""
        return frozenset(
            (
                "normal",
                replace(
                    end,
                    errexit=state.errexit,
                    pipefail=state.pipefail,
                    saved=state.saved,
                    quiet=False,
                ),
            )
            for _, end in ends
        )

    def checked(self, ends: Iterable[tuple[Kind, State]], free: bool) -> Ends:
        """With `set -e`, a failure that is not quiet ends the shell."""
        return frozenset(
            ("exit", end)
            if kind == "normal" and not end.ok and end.errexit and not end.quiet and not free
            else (kind, end)
            for kind, end in ends
        )

    def _command(self, node: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        words = self.text(node, source).split()
        while words and re.fullmatch(r"[A-Za-z_]\w*=\S*", words[0]):
            words = words[1:]
        if words[:1] == ["command"] or words[:1] == ["builtin"]:
            words = words[1:]
        name = words[0] if words else ":"
        if name[:1] in ("$", '"'):
            name = value(name, *_known(state)) or name
        argument = words[1] if len(words) > 1 else None
        bodies = self.bodies(name)
        if bodies:
            found: set[tuple[Kind, State]] = set()
            for body, text in bodies:
                for kind, end in self.run(body, state, text, free, depth + 1):
                    found.add(("normal" if kind == "return" else kind, replace(end, quiet=False)))
            return self.checked(found, free)
        match name:
            case "exit" | "return":
                stop: Kind = "exit" if name == "exit" else "return"
                if argument is None:
                    return frozenset({(stop, state)})
                written = " ".join(words[1:])
                sum_of = (
                    holds(f"(({written[3:-2]}))", *_known(state))
                    if _SUM.fullmatch(written)
                    else None
                )
                given = value(argument, *_known(state))
                if sum_of is not None:
                    given = FAILED if sum_of else "0"
                ok = exit_value(given)
                oks = (True, False) if ok is None else (ok,)
                ours = state.ours or given == FAILED
                return frozenset((stop, replace(state, ok=one, ours=ours)) for one in oks)
            case "break" | "continue":
                return frozenset({(name, state.ended(True))})
            case "set":
                return frozenset({("normal", options(words[1:], state).ended(True))})
            case "let":
                number = counted(" ".join(words[1:]))
                after = state if number is None else _with(state, {number: FAILED})
                return self.either(after, free)
            case "test":
                return self._decided(holds(" ".join(words), *_known(state)), state, free)
            case "exec":
                if argument is None or argument[:1] in "<>&0123456789":
                    return self.good(state)
                return frozenset({("exit", state.ended(True)), ("exit", state.ended(False))})
        if name in _ALWAYS:
            return self.good(state)
        if name in _FATAL:
            return frozenset({("exit", state.ended(False))})
        if name in _NEVER:
            return self._decided(False, state, free)
        return self.either(state, free)

    def _list(self, node: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        children = self.children(node)
        left, operator, right = children[0], children[1].type, children[-1]
        found: set[tuple[Kind, State]] = set()
        for kind, end in self.run(left, state, source, True, depth + 1):
            if kind != "normal":
                found.add((kind, end))
            elif end.ok == (operator == "&&"):
                found |= self.run(right, end, source, free, depth + 1)
            else:
                found.add(("normal", replace(end, quiet=not end.ok)))
        return frozenset(found)

    def _if(
        self, parts: Sequence[Node], start: int, state: State, source: bytes, free: bool, depth: int
    ) -> Ends:
        """`parts` are the children of the statement or of an `elif`, from its keyword on."""
        then = next((n for n in range(start, len(parts)) if parts[n].type == "then"), len(parts))
        ends = self.sequence(parts[start + 1 : then], 0, state, source, True, depth + 1)
        found: set[tuple[Kind, State]] = set()
        for kind, end in ends:
            if kind != "normal":
                found.add((kind, end))
            else:
                found |= self.branch(parts, then, end, source, free, depth)
        return frozenset(found)

    def branch(
        self, parts: Sequence[Node], then: int, end: State, source: bytes, free: bool, depth: int
    ) -> Ends:
        """What runs after the condition of an `if` has ended so."""
        others = [
            n for n in range(then, len(parts)) if parts[n].type in ("elif_clause", "else_clause")
        ]
        if end.ok:
            body = parts[then + 1 : others[0] if others else len(parts)]
            return self.sequence(body, 0, end, source, free, depth + 1)
        if not others:
            return self.good(end)
        rest = parts[others[0]]
        if rest.type == "else_clause":
            return self.sequence(self.children(rest)[1:], 0, end, source, free, depth + 1)
        # `elif` clauses are side by side: the following ones are tried where this one fails.
        inner = [*self.children(rest), *parts[others[0] + 1 :]]
        return self._if(inner, 0, end, source, free, depth + 1)

    def looped(self, body: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        """A loop's body, as the last time round."""
        found: set[tuple[Kind, State]] = set()
        for kind, end in self.run(body, state, source, free, depth + 1):
            found.add(("normal", end) if kind in ("normal", "break", "continue") else (kind, end))
        return frozenset(found)

    def _while(self, node: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        body = node.child_by_field_name("body")
        children = self.children(node)
        condition = [one for one in children[1:] if body is None or one.id != body.id]
        endless = self.text(node, source).split(";")[0].split("\n")[0].split()[1:] in (
            [":"],
            ["true"],
        )
        found: set[tuple[Kind, State]] = set()
        for kind, end in self.sequence(condition, 0, state, source, True, depth + 1):
            if kind != "normal":
                found.add((kind, end))
                continue
            if not endless:
                found |= self.good(end)
            if body is None:
                continue
            for inner, last in self.run(body, end, source, free, depth + 1):
                if inner in ("exit", "return"):
                    found.add((inner, last))
                elif inner == "break" or not endless:
                    found.add(("normal", last.ended(True)))
        return frozenset(found)

    def _case(self, node: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        subject = node.child_by_field_name("value")
        given = value(self.text(subject, source), *_known(state)) if subject else None
        found: set[tuple[Kind, State]] = set()
        for item in self.children(node):
            if item.type != "case_item":
                continue
            fits = self.fits(item, given, source)
            if fits is not False:
                found |= self.item(item, state, source, free, depth)
            if fits is True:
                return frozenset(found)
        return frozenset(found) | self.good(state)

    def fits(self, item: Node, given: str | None, source: bytes) -> bool | None:
        """Whether one of the patterns of an item fits."""
        answers = []
        for part in self.children(item):
            if part.type == ")":
                break
            if part.type not in ("|", "("):
                answers.append(matches(self.text(part, source), given))
        if True in answers:
            return True
        return None if None in answers else False

    def item(self, item: Node, state: State, source: bytes, free: bool, depth: int) -> Ends:
        """The statements of one item of `case`."""
        parts = self.children(item)
        start = next((n for n, one in enumerate(parts) if one.type == ")"), -1)
        ends = self.sequence(parts[start + 1 :], 0, state, source, free, depth + 1)
        return ends or self.good(state)

    def _assigned(self, node: Node, state: State, source: bytes, free: bool) -> Ends:
        text = self.text(node, source)
        after = state
        for name, more, given in _ASSIGNED.findall(text):
            after = _with(after, _values(name, more, given, after))
        if "$(" in text or "`" in text:
            return self.either(after, free or node.type == "declaration_command")
        return self.good(after)


def _values(name: str, more: str, given: str, state: State) -> dict[str, str | None]:
    """The variables after `name=given`, and the length `#name` of an array; None: not known."""
    if given[:1] == "(":
        filled = bool(given.strip("() \t\n"))
        if not filled and more:
            return {}
        return {name: FILLED, f"#{name}": FAILED} if filled else {name: "", f"#{name}": "0"}
    known = kept(given, *_known(state))
    if not more:
        return {name: known, f"#{name}": None}
    before = dict(state.saved).get(name)
    if known:
        return {name: FILLED}
    return {} if known == "" or before in (FILLED, FAILED) else {name: None}


def _with(state: State, values: Mapping[str, str | None]) -> State:
    """The state with other values of variables."""
    saved = dict(state.saved)
    for name, known in values.items():
        if known is None or len(saved) > MOST_VARIABLES:
            saved.pop(name, None)
        else:
            saved[name] = known
    return replace(state, saved=tuple(sorted(saved.items())))


def shell_options(words: Sequence[Argument]) -> tuple[bool, bool]:
    """The errexit and pipefail that a command line switches on: `bash -euo pipefail -c ...`."""
    state = State(True)
    for index, one in enumerate(words):
        if tail(one) in SHELLS:
            plain = [const(each) or "" for each in words[index + 1 :]]
            count = next((n for n, each in enumerate(plain) if each[:1] != "-"), len(plain))
            count += any(each.endswith("o") for each in plain[:count])
            state = options(plain[: count + 1], state)
    return state.errexit, state.pipefail


def _known(state: State) -> tuple[str, Mapping[str, str]]:
    known = dict(state.saved)
    if state.stage >= 0:
        known[f"PIPESTATUS[{state.stage}]"] = FAILED
    return state.status, known


def options(words: Sequence[str], state: State) -> State:
    """`set -e`, `set +o pipefail` and the like."""
    for index, one in enumerate(words):
        if one[:1] not in ("-", "+") or one == "--":
            continue
        on = one[0] == "-"
        if "e" in one[1:]:
            state = replace(state, errexit=on)
        if one.endswith("o") and index + 1 < len(words):
            if words[index + 1] == "pipefail":
                state = replace(state, pipefail=on)
            elif words[index + 1] == "errexit":
                state = replace(state, errexit=on)
    return state
