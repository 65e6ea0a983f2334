"""
Shell text to commands.

A small abstract interpreter over the syntax tree of tree-sitter: it walks the text in the order
in which it is written, keeps the possible values of each variable, calls functions in place, and
lists every command with the words that it may have. Branches are all taken, loops are walked
twice, functions that nobody calls are walked at the end with unknown arguments. The walk has its
own stack, so that no nesting of the text can exhaust Python's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from interlock_checks.commands.argv import (
    Argv,
    PythonSource,
    ShellText,
    holed,
    is_python,
    split,
    tail,
    unholed,
)
from interlock_checks.commands.assignments import assign, declaration, unset
from interlock_checks.commands.constructs import (
    BRANCHES,
    LOOPS,
    branch,
    case,
    chain,
    function,
    in_pipe,
    loop,
    pipeline,
    subshell,
)
from interlock_checks.commands.expand import fields, text
from interlock_checks.commands.flow import Flow, shell_options
from interlock_checks.commands.frames import Context, Frame, Options
from interlock_checks.commands.grammar import (
    LOST,
    SUBSTITUTIONS,
    WORD_TYPES,
    WORDS_ONLY,
    grouped,
    left_out,
    parse,
)
from interlock_checks.commands.model import REST, Argument, Command, Word, const, identity, normal
from interlock_checks.commands.pieces import Scope, Value, Variables, combined, decoded
from interlock_checks.commands.prefixes import PREFIXES, SHELLS
from interlock_checks.commands.printed import printed
from interlock_checks.commands.redirects import heredoc, redirects
from interlock_checks.commands.shell_builtins import BUILTINS
from interlock_checks.commands.tools import SINKS
from interlock_checks.commands.walk import launches
from interlock_checks.commands.written import Written, content, given_as_files

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

MAX_NESTING = 6
"""Texts inside texts (`eval`, `sh -c`, here-documents) that are followed."""
MAX_OUTPUTS = 4
"""Substitutions inside substitutions whose constant output is worked out."""
MAX_CALLS = 12
"""Functions inside functions that are followed."""


_DEFINES = re.compile(rb"\(\s*\)|\bfunction\b")
_KEYWORDS = frozenset("if then elif else while until do ! { time".split())
"""Reserved words that stand before a command; after a syntax error they look like its name."""


class Walk:
    """The state of one walk over a text and the texts inside it."""

    def __init__(self, source: str, arguments: Value, stdin: Word | None = None) -> None:
        self.variables = Variables()
        self.functions: dict[str, tuple[list[tuple[Node, Frame]], bool]] = {}
        self.called: set[int] = set()
        # The first argument of each call of a function.
        self.first_words: dict[str, set[str]] = {}
        self.skipped: set[str] = set()
        self.seen: set[tuple[object, ...]] = set()
        self.aliases: dict[str, list[Word]] = {}
        self.found: dict[tuple[object, ...], Command] = {}
        self.current: tuple[Node, Frame] | None = None
        self.origins: dict[tuple[object, ...], list[tuple[Node, Frame, Options]]] = {}
        # Who calls the body of a function, and who starts the shell that reads a text; by node.
        self.callers: dict[int, list[tuple[Node, Frame]]] = {}
        self.launchers: dict[int, tuple[Node, Frame, bool, tuple[bool, bool]]] = {}
        self.traps: list[str] = []
        self.exported: set[str] = set()
        self.settings: dict[tuple[str, Word, int], bool] = {}
        self.writes: dict[tuple[Word, int], None] = {}
        self.inputs: dict[tuple[Word, int], None] = {}
        self.written: dict[Written, None] = {}
        self.flow = Flow(lambda name: [(n, f.source) for n, f in self.bodies(name)])
        self.stack: list[tuple[Node, Context]] = []
        # Node ids are addresses: the trees must stay alive as long as the ids are used.
        self.trees: list[Tree] = []
        self.given: dict[int, tuple[Word, int]] = {}
        self.braced: dict[int, Node] = {}
        self.substituted: PythonSource | None = None
        self.incomplete = False
        # Whether whoever sources the text goes on after failures.
        self.loosens = False
        self.text_budget = 8 * len(source) + 200_000
        self.steps = 0
        self.max_steps = 10_000
        self.output_depth = 0
        self.top = Frame(b"", (arguments,))
        self.start = source
        self.stdin = None if stdin is None else (stdin, 0)

    def run(self) -> None:
        """Walks the text, then the functions that nobody has called."""
        self.enter(self.start, self.top, Context(self.top, stdin=self.stdin))
        self.max_steps += len(self.top.source) // 32
        self._drain()
        self.loosens = self.top.shell.loosened
        # Nobody knows when these run, hence not with which values either.
        self.variables.now = dict(self.variables.ever)
        for name in list(self.functions):
            for node, frame in self.functions[name][0]:
                if node.id not in self.called or name in self.skipped:
                    self.called.add(node.id)
                    inner = replace(frame, positional=((REST,),), chain=(name,))
                    self.stack.append((node, Context(inner, weak=True)))
                    self._drain()

    def bodies(self, name: str) -> list[tuple[Node, Frame]]:
        """The bodies that a function of that name may have."""
        found = self.functions.get(name)
        return found[0] if found is not None else []

    def enter(self, source: str, frame: Frame, context: Context, *, own: bool = True) -> None:
        """Puts another text on the stack. `own`: this shell reads it, and not another process."""
        self.text_budget -= len(source)
        if self.text_budget < 0 or frame.depth > MAX_NESTING:
            self.incomplete = True
            self.emit(Command((REST,), frame.row, expanded=True))
            return
        frame.source, tree = parse(source)
        frame.lines = None
        self.trees.append(tree)
        root = tree.root_node
        self.incomplete |= root.has_error
        if self.current is not None:
            node, around = self.current
            options = (around.shell.errexit, around.shell.pipefail)
            self.launchers[root.id] = (node, around, own, options)
        self._register(root, frame)
        self.stack.append((root, replace(context, frame=frame)))

    def _register(self, root: Node, frame: Frame) -> None:
        """Functions are known before they are defined: another function may call them later."""
        if not _DEFINES.search(frame.source):
            return
        todo = [root]
        while todo:
            node = todo.pop()
            if node.type == "function_definition":
                name, inner = node.child_by_field_name("name"), node.child_by_field_name("body")
                if name is not None and inner is not None:
                    key = self.text_of(name, frame)
                    bodies, sure = self.functions.get(key, ([], False))
                    self.functions[key] = ([*bodies, (inner, frame)], sure)
            if node.child_count:
                todo.extend(node.children)

    def _drain(self) -> None:
        while self.stack:
            node, context = self.stack.pop()
            self.steps += 1
            if node.id in self.given:
                context = replace(context, stdin=self.given[node.id])
            handler = _HANDLERS.get(node.type)
            if handler is not None:
                handler(self, node, context)
            elif node.child_count and node.type not in WORDS_ONLY:
                self.push(node.children, context)

    def text_of(self, node: Node, frame: Frame) -> str:
        return decoded(frame.source, node.start_byte, node.end_byte)

    def row_of(self, node: Node, frame: Frame) -> int:
        return min(frame.row + node.start_point[0], frame.last_row)

    def push(self, nodes: Sequence[Node], context: Context) -> None:
        """Statements in a row; the first is walked first."""
        items: list[tuple[Node, Context]] = []
        count = len(nodes)
        for index, node in enumerate(nodes):
            if not node.is_named:
                if node.type == "{" and index + 1 < count:
                    then = nodes[index + 1]
                    if then.start_byte == node.end_byte and then.type == "command":
                        # `{a,b} c` at the start of a command: the grammar expects a group.
                        self.braced[then.id] = node
                continue
            follower = nodes[index + 1].type if index + 1 < count else ""
            inner = replace(context, weak=True) if follower == "&" else context
            items.append((node, inner))
        self.stack.extend(reversed(items))

    def _error(self, node: Node, context: Context) -> None:
        self.push(node.children, context)
        self._stray(node.children, context)
        self._lines(node, context)

    def _lines(self, node: Node, context: Context) -> None:
        """
        The lines where the grammar gave up, read word by word.

        Only lines that begin with a program that can lead to a migration: the lost text may be
        prose of a here-document.
        """
        frame = context.frame
        rows = sorted({one.start_point[0] for one in node.children if one.type in LOST})
        if len(rows) > 200:
            self.incomplete = True
            rows = rows[:200]
        if not rows:
            return
        if frame.lines is None:
            frame.lines = frame.source.decode("utf-8", "replace").split("\n")
        for row in rows:
            for part in re.split(r"[;&|]+", frame.lines[row][:2000]):
                words = split((part,))
                if words == (REST,):
                    words = tuple(unholed(one) for one in re.sub("[\"'`]", " ", part).split())
                name = tail(words[0]) if words else None
                if name and (name in SINKS or name in PREFIXES or is_python(name)):
                    self.emit(Command(words, min(frame.row + row, frame.last_row)))

    def _stray(self, nodes: Sequence[Node], context: Context) -> None:
        """Words that a syntax error left outside every command, one command a line."""
        lines: dict[int, list[Node]] = {}
        starts = {one.start_byte for one in nodes}
        for node in nodes:
            if node.type in WORD_TYPES or (node.type == "{" and node.end_byte in starts):
                lines.setdefault(node.start_point[0], []).append(node)
        for line in lines.values():
            self.simple(line, [], [], context, context.stdin)

    def scope(self, context: Context) -> Scope:
        def defer(node: Node) -> None:
            inner = replace(context, weak=True, stdin=None)
            self.push(node.children if node.type in SUBSTITUTIONS else [node], inner)

        def output(node: Node) -> Word | None:
            inner = [one for one in node.children if one.is_named]
            if len(inner) != 1:
                return None
            given = self.output(inner[0], context, None)
            if given is None:
                return None
            last = given[-1]
            return given if last is None else normal((*given[:-1], last.rstrip("\n")))

        return Scope(
            context.frame.source,
            self.variables,
            context.frame.positional,
            context.frame.local,
            defer,
            output,
        )

    def put(self, name: str, values: Iterable[Value], context: Context, weak: bool) -> None:
        local = context.frame.local.get(name)
        if local is not None:
            kept = {key: one for key, one in context.frame.local.items() if key != name}
            context.frame.local = kept
            self.variables.put(name, local, weak=True)
            weak = True
        self.variables.put(name, values, weak=weak)

    def emit(self, command: Command) -> None:
        key = identity(command)
        self.found.setdefault(key, command)
        if self.current is not None:
            node, frame = self.current
            known = self.origins.setdefault(key, [])
            if len(known) < MAX_CALLS:
                known.append((node, frame, replace(frame.shell)))

    def _redirected(self, node: Node, context: Context) -> None:
        inner = node.child_by_field_name("body")
        found = redirects(self, node, context)
        stdin = found.stdin
        if inner is not None and found.files:
            text = content(self, inner, context, stdin or context.stdin)
            for path in found.files:
                self.written[Written(holed(path), text, self.row_of(node, context.frame))] = None
        last = inner
        while last is not None and last.type in ("list", "pipeline"):
            last = last.children[-1]
        if last is not None and last is not inner and stdin is not None:
            # `a && sh <<E`: the grammar hangs the redirection on the whole list.
            self.given[last.id] = stdin
            stdin = None
        inside = replace(context, stdin=stdin or context.stdin)
        for one in reversed(found.after):
            if one.type == "pipeline":
                stages = [part for part in one.children if part.is_named]
                row = self.row_of(node, context.frame)
                in_pipe(self, stages, context, (content(self, node, context, None), row))
            else:
                self.stack.append((one, replace(context, weak=True)))
        if inner is None:
            return
        if inner.type == "command":
            self.command(inner, inside, extra=found.words)
        else:
            self.stack.append((inner, inside))

    def _command_node(self, node: Node, context: Context) -> None:
        self.command(node, context, extra=[])

    def command(self, node: Node, context: Context, extra: list[Node]) -> None:
        words: list[Node] = []
        assignments: list[Node] = []
        for one in node.children:
            if one.type == "variable_assignment":
                assignments.append(one)
            elif one.type.endswith("_redirect") or one.type in ("<<<", "<<"):
                continue
            else:
                words.append(one)
        if node.id in self.braced:
            words.append(self.braced[node.id])
        source = context.frame.source
        words.extend(left_out(node.children, node.start_byte, node.end_byte, source))
        words.sort(key=lambda one: one.start_byte)
        self.current = (node, context.frame)
        found = redirects(self, node, context)
        for one in found.after:
            self.stack.append((one, replace(context, weak=True)))
        self.simple(
            words,
            assignments,
            [*found.words, *extra],
            context,
            found.stdin or context.stdin,
        )

    def simple(
        self,
        nodes: Sequence[Node],
        assignments: Sequence[Node],
        extra: Sequence[Node],
        context: Context,
        stdin: tuple[Word, int] | None,
    ) -> None:
        frame = context.frame
        scope = self.scope(context)
        environment: list[tuple[str, Word]] = []
        local: dict[str, tuple[Value, ...]] = {}
        for one in assignments:
            name_node, value = one.child_by_field_name("name"), one.child_by_field_name("value")
            if name_node is not None:
                given = text([value], scope) if value is not None else [("",)]
                name = self.text_of(name_node, frame)
                environment.extend((name, reading) for reading in given)
                local[name] = tuple((reading,) for reading in given)
        groups = grouped([*nodes, *extra], frame.source)
        if not groups:
            return
        rows = [self.row_of(group[0], frame) for group in groups]
        last = min(frame.row + groups[-1][-1].end_point[0], frame.last_row)
        readings, whole = combined([fields(group, scope) for group in groups])
        self.incomplete |= not whole
        self.substituted = self._substituted(groups, context) if len(groups) > 1 else None
        for numbers, words in readings:
            while len(words) > 1 and const(words[0]) in _KEYWORDS:
                numbers, words = numbers[1:], words[1:]
            if not words:
                continue
            self._run(
                Command(
                    words,
                    rows[numbers[0]],
                    tuple(rows[number] for number in numbers),
                    tuple(environment),
                    stdin[0] if stdin else None,
                    stdin[1] if stdin else 0,
                    applied=context.applied,
                ),
                context,
                last,
                {**frame.local, **local},
            )

    def _substituted(self, groups: list[list[Node]], context: Context) -> PythonSource | None:
        """The constant text of `<(...)` that is the first argument: `bash <(echo ...)`."""
        for group in groups[1:3]:
            node = group[0]
            inner = [one for one in node.children if one.is_named]
            if node.type == "process_substitution" and len(group) == len(inner) == 1:
                output = self.output(inner[0], context, None)
                if output is not None:
                    return PythonSource(output, self.row_of(node, context.frame))
        return None

    def _run(
        self,
        command: Command,
        context: Context,
        last: int,
        local: Mapping[str, tuple[Value, ...]],
    ) -> None:
        """Lists the command, and follows what the shell itself does for it."""
        name = const(command.words[0])
        if name is not None:
            builtin = BUILTINS.get(name)
            if builtin is not None:
                builtin(self, command, context)
            if name in self.functions and self._call(name, command, context, local):
                return
            if name in self.aliases and f"alias {name}" not in context.frame.chain:
                frame = replace(
                    context.frame,
                    positional=(command.words[1:],),
                    row=command.row,
                    last_row=command.row,
                    depth=context.frame.depth + 1,
                    chain=(*context.frame.chain, f"alias {name}"),
                )
                for one in self.aliases[name]:
                    self.enter(holed(one) + ' "$@"', replace(frame), context)
        stdin = None
        if command.stdin_text is not None:
            stdin = PythonSource(command.stdin_text, command.stdin_row)
            for path in given_as_files(command.words):
                self.written[Written(path, command.stdin_text, command.stdin_row)] = None
        elif self.substituted:
            stdin = self.substituted
        texts = [
            one
            for one in launches(Argv(command.words, command.rows), stdin)
            if isinstance(one, ShellText)
        ]
        if stdin is not None and not texts and reads_file(command.words):
            texts = [ShellText(stdin.text, stdin.row)]
        for launch in texts:
            own = name in ("eval", "trap") or plain_name(command.words) in ("eval", "trap")
            frame = replace(
                context.frame,
                positional=context.frame.positional if own else (launch.positional,),
                row=launch.row,
                last_row=max(last, launch.row)
                if launch.row < command.stdin_row or not stdin or stdin is self.substituted
                else launch.row + holed(launch.text).count("\n"),
                depth=context.frame.depth + 1,
                local=local,
            )
            if not own:
                frame.shell = Options(*shell_options(command.words))
            # Options are those of its own shell, or of this one.
            inner = replace(context, weak=True, maybe=own and context.maybe, stdin=None)
            self.enter(holed(launch.text), frame, inner, own=own)
        self.emit(replace(command, expanded=bool(texts)) if texts else command)

    def _call(
        self,
        name: str,
        command: Command,
        context: Context,
        local: Mapping[str, tuple[Value, ...]],
    ) -> bool:
        """Walks the function; says whether the name certainly means the function."""
        bodies, sure = self.functions[name]
        if len(command.words) > 1 and (first := const(command.words[1])):
            self.first_words.setdefault(name, set()).add(first)
        chain = context.frame.chain
        if chain.count(name) > 1 or len(chain) >= MAX_CALLS or self.steps > self.max_steps:
            # Walked at the end, with arguments that may be anything.
            self.skipped.add(name)
            return sure
        key = (name, command.words, command.stdin_text, self.variables.changes, len(chain))
        if key in self.seen:
            return sure
        self.seen.add(key)
        for node, frame in bodies:
            self.called.add(node.id)
            if self.current is not None:
                self.callers.setdefault(node.id, []).append(self.current)
            inner = replace(
                frame,
                shell=context.frame.shell,
                positional=(command.words[1:],),
                chain=(*chain, name),
                depth=context.frame.depth,
                local=local,
            )
            weak = context.weak or len(bodies) > 1 or not sure
            stdin = context.stdin
            if command.stdin_text is not None:
                stdin = (command.stdin_text, command.stdin_row)
            self.stack.append(
                (
                    node,
                    replace(context, frame=inner, weak=weak, stdin=stdin),
                )
            )
        return sure

    def output(self, node: Node, context: Context, stdin: tuple[Word, int] | None) -> Word | None:
        if node.type == "redirected_statement":
            inner = node.child_by_field_name("body")
            for one in node.children:
                if one.type == "heredoc_redirect":
                    stdin = heredoc(self, one, context)
                elif one.type == "file_redirect" and one.children[-1].type != "number":
                    return None
            if inner is None:
                return None
            node = inner
        if node.type != "command":
            return None
        stdin = redirects(self, node, context).stdin or stdin
        words = [
            one
            for one in node.children
            if not one.type.endswith("_redirect") and one.type != "variable_assignment"
        ]
        if self.output_depth > MAX_OUTPUTS:
            return None
        # The commands in these words are walked where the substitution itself is.
        scope = replace(self.scope(context), defer=lambda _: None)
        self.output_depth += 1
        readings, _ = combined(
            [fields(group, scope) for group in grouped(words, context.frame.source)]
        )
        self.output_depth -= 1
        if len(readings) != 1:
            return None
        name = const(readings[0][1][0]) if readings[0][1] else None
        bodies = self.bodies(name) if name is not None else []
        if len(bodies) == 1:
            return self._printed_by(*bodies[0], readings[0][1][1:], context)
        return printed(readings[0][1], stdin[0] if stdin else None)

    def _printed_by(
        self, body: Node, frame: Frame, arguments: tuple[Argument, ...], context: Context
    ) -> Word | None:
        """What a function prints of which the body is one command."""
        inner = [one for one in body.children if one.is_named and one.type != "comment"]
        if len(inner) != 1 or self.output_depth > MAX_OUTPUTS:
            return None
        self.output_depth += 1
        called = replace(context, frame=replace(frame, positional=(arguments,)))
        found = self.output(inner[0], called, None)
        self.output_depth -= 1
        return found


def plain_name(words: tuple[Argument, ...]) -> str | None:
    """The built-in behind `command`, `builtin` and `exec`."""
    for one in words:
        name = const(one)
        if name not in ("command", "builtin", "exec"):
            return name
    return None


def reads_file(words: tuple[Argument, ...]) -> bool:
    """Whether a shell reads a file that is its standard input or a substituted process."""
    name = const(words[0])
    return (
        (name in ("source", ".") or name in SHELLS)
        and len(words) > 1
        and const(words[1]) in (None, "-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
    )


_HANDLERS: dict[str, Callable[[Walk, Node, Context], None]] = {
    "command": Walk._command_node,
    "redirected_statement": Walk._redirected,
    "pipeline": pipeline,
    "list": chain,
    "subshell": subshell,
    "function_definition": function,
    "variable_assignment": assign,
    "declaration_command": declaration,
    "unset_command": unset,
    "ERROR": Walk._error,
    "case_statement": case,
    **dict.fromkeys(BRANCHES, branch),
    **dict.fromkeys(LOOPS, loop),
}
