"""What the readers of formats share: putting a `Layout` together, script by script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from interlock_checks.commands.argv import HOLE, split
from interlock_checks.commands.model import UNKNOWN, Argument, Word, const, normal
from interlock_checks.commands.tools import ALEMBIC_WRITES
from interlock_checks.documents.model import Claim, Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Seq, Text, texts
from interlock_checks.documents.templates import PLACEHOLDER
from interlock_checks.facts.model import Problem

__all__ = ["TEMPLATE", "Setting", "Sheet", "is_false", "is_true", "settings", "shell_text"]

TEMPLATE = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.S)
"""A value that Go templates, Jinja and the like put in."""

Setting = tuple[str, Word]

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_END = "__END_OF_THE_FILE__"
_QUOTED = re.compile(r"['#]|<<")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0", "", "null", "~"})


@dataclass
class Sheet:
    """
    The scripts, jobs and claims of one file, as they are found.

    `holes` matches what the system of the file puts in; nothing is known of it here.
    """

    holes: re.Pattern[str] = TEMPLATE
    problems: Sequence[Problem] = ()
    own: frozenset[str] = frozenset()
    """Variables that the system of the file sets itself: to set them again forges nothing."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """
    What a line means that is nothing but a hole, by its text without spaces: there the file says
    what is run unless others say something else. A part of a command may be whatever they say.
    """
    scripts: list[Script] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def word(self, text: str) -> Word:
        """A text with its unknown parts."""
        parts: list[str | None] = []
        if self.filled:
            lines = text.split("\n")
            text = "\n".join(self.filled.get("".join(one.split()), one) for one in lines)
        for index, piece in enumerate(self.holes.split(text)):
            if index:
                parts.append(None)
            for number, inner in enumerate(re.split(f"{PLACEHOLDER}|{HOLE}", piece)):
                if number:
                    parts.append(None)
                parts.append(inner)
        return normal(parts)

    def add(self, script: Script) -> int:
        """The number of a script that is kept."""
        self.scripts.append(script)
        return len(self.scripts) - 1

    def shell(self, nodes: Node | None, how: Script, *, before: Node | None = None) -> list[int]:
        """
        Shell text, the lines of a list one after another in one shell.

        Args:
            nodes: A text, or a list of texts and lists.
            how: The script without its text and rows.
            before: Texts that run in the same shell first.
        """
        parts: list[str] = []
        rows: list[int] = []
        for node in [*texts(before), *texts(nodes)]:
            text, lines = shell_text(node, self.holes)
            parts.append(text)
            rows.extend(lines)
        if not any(part.strip() for part in parts):
            return []
        word = self.word("\n".join(parts))
        return [self.add(replace(how, text=word, rows=tuple(rows)))]

    def words(self, nodes: Sequence[Text], how: Script) -> list[int]:
        """An argument vector."""
        if not nodes:
            return []
        words = tuple(self.word(node.value) for node in nodes)
        rows = tuple(node.row for node in nodes)
        return [self.add(replace(how, form="words", words=words, rows=rows))]

    def split(self, node: Text) -> tuple[list[Argument], list[int]]:
        """The words of a text that is split without a shell, and the row of each."""
        words = split(self.word(node.value))
        rows: list[int] = []
        lines = node.value.split("\n")
        for number, line in enumerate(lines):
            row = node.rows[min(number, len(node.rows) - 1)] if node.rows else node.row
            rows.extend([row] * len(line.split()))
        return list(words), (rows + [node.row] * len(words))[: len(words)]

    def argv(self, nodes: Sequence[Node | None], how: Script) -> list[int]:
        """One argument vector of parts that are lists of words, or texts that are split."""
        words: list[Argument] = []
        rows: list[int] = []
        written: list[Text | None] = []
        for node in nodes:
            if isinstance(node, Text):
                found, lines = self.split(node)
                words.extend(found)
                rows.extend(lines)
                written.extend([None] * len(found))
            elif isinstance(node, Seq):
                words.extend(self.word(one.value) for one in texts(node))
                rows.extend(one.row for one in texts(node))
                written.extend(texts(node))
        if not words:
            return []
        at = shell_text_at(words)
        text = written[at] if at else None
        if text is not None:
            options = "".join(const(one) or "" for one in words[1:at])
            inner = replace(
                how,
                form="shell",
                errexit=bool(re.search(r"-[a-z]*e", options)),
                pipefail="pipefail" in options,
                arguments=tuple(words[at + 2 :]),
            )
            return self.shell(text, inner)
        return [self.add(replace(how, form="words", words=tuple(words), rows=tuple(rows)))]

    def behind_entrypoint(self, node: Node | None, how: Script) -> list[int]:
        """
        What an image runs that is given these words behind its own entry point.

        Nothing is known of that, so only words count that are those of a migration and nothing
        else.
        """
        words: list[Argument] = []
        rows: list[int] = []
        for one in [node] if isinstance(node, Text) else texts(node):
            found, lines = self.split(one) if node is one else ([self.word(one.value)], [one.row])
            words.extend(found)
            rows.extend(lines)
        if not words or (const(words[0]) or "") not in ALEMBIC_WRITES:
            return []
        whole = (UNKNOWN, *words)
        return [self.add(replace(how, form="words", words=whole, rows=(rows[0], *rows)))]

    def command(self, node: Node | None, how: Script) -> list[int]:
        """A text for the shell, or an argument vector as a list."""
        return self.argv([node], how) if isinstance(node, Seq) else self.shell(node, how)

    def file(self, name: str, node: Text, how: Script) -> list[int]:
        """
        A text that becomes a file of that name, and is read as what the name says.

        It is written as a shell would write it.
        """
        body, rows = shell_text(replace(node, folds=()), self.holes)
        if not rows or not body.strip() or "'" in name:
            return []
        whole = f"cat > '{name}' <<'{_END}'\n{body}\n{_END}"
        text = self.word(whole)
        return [self.add(replace(how, form="shell", text=text, rows=(rows[0], *rows, rows[-1])))]

    def object(self, node: Text, how: Script, command: str = "") -> list[int]:
        """The Python object `package.module:name`, and the command under which it is installed."""
        name = node.value.partition("(")[0].partition("[")[0].strip()
        if not name or not self.holes.split(name):
            return []
        words: tuple[Argument, ...] = ((command,),) if command else ()
        return [
            self.add(
                replace(how, form="entry", text=self.word(name), words=words, rows=(node.row,))
            )
        ]

    def job(self, name: str, row: int, scripts: Iterable[int]) -> None:
        """A job with one step."""
        numbers = tuple(scripts)
        if numbers:
            self.jobs.append(Job(name, row, (Part(row, numbers),)))

    def layout(self, system: str) -> Layout:
        """All of it; a script that is in no job can be started alone."""
        placed = {number for job in self.jobs for part in job.parts for number in part.scripts}
        alone = [
            Job("", script.rows[0], (Part(script.rows[0], (number,)),))
            for number, script in enumerate(self.scripts)
            if number not in placed
        ]
        return Layout(
            scripts=tuple(self.scripts),
            system=system,
            jobs=(*self.jobs, *alone),
            claims=tuple(self.claims),
            problems=tuple(self.problems),
        )


def shell_text_at(words: Sequence[Argument]) -> int:
    """Where the text stands that `[sh, -c, TEXT]` gives to a shell; 0 if nowhere."""
    program = (const(words[0]) or "").rpartition("/")[2]
    if program not in _SHELLS:
        return 0
    for at, one in enumerate(words[1:-1], 1):
        option = const(one) or ""
        if not option.startswith(("-", "+")) and const(words[at - 1]) not in ("-o", "-eo", "-euo"):
            return 0
        if re.fullmatch(r"-[a-z]*c", option):
            return at + 1
    return 0


def shell_text(node: Text, holes: re.Pattern[str]) -> tuple[str, list[int]]:
    """
    The text of a scalar, and the row of each of its lines.

    Where the file has a line break and the value a space, the shell may have its own kind of
    joined line, so that the rows stay exact.
    """
    text = node.value
    rows = list(node.rows or (node.row,))
    if node.folds and not _QUOTED.search(text):
        parts: list[str] = []
        at = 0
        inserted: list[tuple[int, int]] = []
        for offset, row in node.folds:
            if offset < at or text[offset - 1 : offset] == "\\":
                continue
            parts.append(text[at:offset] + " \\\n")
            inserted.append((offset, row))
            at = offset + 1
        spread: list[int] = []
        begin = 0
        waiting = iter([*inserted, (len(text) + 1, 0)])
        offset, fold = next(waiting)
        for line, row in zip(text.split("\n"), rows, strict=False):
            spread.append(row)
            while offset <= begin + len(line):
                spread.append(fold)
                offset, fold = next(waiting)
            begin += len(line) + 1
        text, rows = "".join(parts) + text[at:], spread
    return _without_rows(text, rows, holes)


def _without_rows(text: str, rows: list[int], holes: re.Pattern[str]) -> tuple[str, list[int]]:
    """Nothing is left of the line breaks within a hole, so nothing may be left of their rows."""
    gone: set[int] = set()
    line, at = 0, 0
    for hole in holes.finditer(text):
        line += text.count("\n", at, hole.start())
        inside = hole.group().count("\n")
        gone.update(range(line + 1, line + 1 + inside))
        line += inside
        at = hole.end()
    if gone:
        rows = [row for number, row in enumerate(rows) if number not in gone]
    return text, rows


def settings(node: Node | None, sheet: Sheet) -> tuple[Setting, ...]:
    """Environment variables: a table, a list of `NAME=value`, or a list of `name:`, `value:`."""
    return tuple(one for one in _settings(node, sheet) if one[0] not in sheet.own)


def _settings(node: Node | None, sheet: Sheet) -> Iterator[Setting]:
    if isinstance(node, Map) and isinstance(name := node.get("name"), Text):
        yield name.value, _value(node.get("value"), sheet)
    elif isinstance(node, Map):
        for key, value in node.effective():
            inner = value.get("value") if isinstance(value, Map) else value
            yield key.value, _value(inner, sheet)
    elif isinstance(node, Seq):
        for one in node.items:
            if isinstance(one, Text):
                name_text, given, text = one.value.partition("=")
                yield name_text, sheet.word(text) if given else UNKNOWN
            elif isinstance(one, Map):
                yield from _settings(one, sheet)


def _value(node: Node | None, sheet: Sheet) -> Word:
    return sheet.word(node.value) if isinstance(node, Text) else UNKNOWN


def is_true(node: Node | None) -> bool:
    """Whether a switch is on for sure."""
    return isinstance(node, Text) and node.value.strip().lower() in _TRUE


def is_false(node: Node | None) -> bool:
    """Whether a switch is missing, or off for sure."""
    return node is None or (isinstance(node, Text) and node.value.strip().lower() in _FALSE)
