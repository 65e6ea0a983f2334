"""Facts of a whole source file of any kind: decode, divide, read, and keep rows right."""

from __future__ import annotations

import re
import symtable
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from interlock_checks.discover import Source
from interlock_checks.facts import model as m
from interlock_checks.facts.control import is_near
from interlock_checks.facts.cut import Cut, only
from interlock_checks.facts.relevant import Interest, imported_words, matters
from interlock_checks.facts.remainder import SyntaxProblem, remainder, stem
from interlock_checks.facts.remarks import remarks
from interlock_checks.notebook import Cell, cells, python_text
from interlock_checks.source import Unreadable, decode, is_template, without_template_marks

_LIKE_A_TEST = re.compile(r"(?:^|/)tests?(?:/|_|\.py$)")
"""
Files that are read when somebody asks. They are many, and seldom wrap what starts a process, so
that a first round without them asks for most of what is asked of them: they are read once. Only
the order depends on this: the last round judges every file.
"""


@dataclass
class Memory:
    """
    What is remembered of modules by their stems.

    Attributes:
        recall: The facts of a module with that stem, if any are known.
        stem: Of the module that was read with this; empty if its facts depend on more than that.
    """

    recall: Callable[[bytes], m.Facts | None] = lambda stem: None
    stem: bytes = b""


def read_source(
    source: Source,
    extra: frozenset[str] | None,
    *,
    places: bool = False,
    inside: frozenset[str] | None = None,
    memory: Memory | None = None,
) -> m.Facts:
    """
    The facts of a file; what cannot be read is in `problems`, never an exception.

    Args:
        source: The file's bytes and kind.
        extra: Names asked for by other files, beyond those of the catalogue; None as long as
            nobody asks: then a file that names nothing of the catalogue is only looked over, and
            one that looks like a test is put off.
        places: Whether the spans of uses and imports are wanted.
        inside: The functions of which they are wanted, in a module; None for all.
        memory: Asked before a module is parsed, and told its stem.
    """
    facts = _read(source, extra, places, inside, memory or Memory())
    said = remarks(source)
    return msgspec.structs.replace(facts, remarks=said) if said else facts


def _read(
    source: Source,
    extra: frozenset[str] | None,
    places: bool,
    inside: frozenset[str] | None,
    memory: Memory,
) -> m.Facts:
    if source.problem:
        return _problem(source.problem, 1)
    if extra is None:
        if source.kind == "python" and not places:
            if not matters(source.data):
                return look_over(source)
            if _LIKE_A_TEST.search(source.path):
                words = imported_words(source.data)
                return m.Facts(whole=False, put_off=True, imported=words)
        extra = frozenset()
    try:
        match source.kind:
            case "notebook":
                return _notebook(source, extra, places)
            case "pth":
                return _pth(source, extra, places)
            case _:
                facts = _module(source, extra, places, inside, memory)
                return msgspec.structs.replace(facts, imported=imported_words(source.data))
    except Unreadable as error:
        return _problem(error.message, error.row)


def look_over(source: Source) -> m.Facts:
    """
    Whether a file that names nothing of the catalogue can be read at all: no facts but problems.

    CPython's own parser answers, which is many times faster than libcst's; what this version of
    Python refuses may be newer syntax, so libcst has the last word.
    """
    try:
        text = decode(source.data)
    except Unreadable as error:
        return _problem(error.message, error.row)
    found = _syntax_error(text)
    quiet = m.Facts(whole=False, imported=imported_words(source.data))
    if found is None or source.template:
        return quiet
    if not isinstance(found, TabError):
        try:
            _read_text(text)
        except SyntaxProblem:
            pass
        else:
            return quiet
    if is_template(source.path, text):
        return quiet
    return _problem(found.msg, found.lineno or 1)


def _syntax_error(text: str) -> SyntaxError | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            symtable.symtable(text, "<source>", "exec")
        except SyntaxError as error:
            return error
        except (RecursionError, MemoryError, ValueError, OverflowError) as error:
            return SyntaxError(f"the parser gave up ({type(error).__name__})")
    return None


def read_code(text: str, *, places: bool = False, within: bool = False) -> m.Facts | None:
    """The facts of a text that is executed, `within` a module or not; None if it does not parse."""
    try:
        return _read_text(text, places=places, within=within)
    except SyntaxProblem:
        return None


def _read_text(
    text: str,
    interest: Interest | None = None,
    *,
    places: bool = False,
    near: bool = False,
    within: bool = False,
) -> m.Facts:
    interest = interest or Interest()
    cut = remainder(text, interest, near=near)
    return _parsed(cut, interest.methods, places, near, within)


def _parsed(
    cut: Cut, methods: frozenset[str], places: bool, near: bool, within: bool = False
) -> m.Facts:
    # Loaded here because a run in which nothing has to be parsed needs no parser.
    from interlock_checks.facts.interest import Filter
    from interlock_checks.facts.python import read_cut

    return read_cut(cut, Filter(methods, within=within).keep, places=places, near=near)


def _problem(message: str, row: int) -> m.Facts:
    return m.Facts(problems=(m.Problem(message, row),))


def _module(
    source: Source,
    extra: frozenset[str],
    places: bool,
    inside: frozenset[str] | None,
    memory: Memory,
) -> m.Facts:
    text = decode(source.data)
    if "\t" in text and isinstance(error := _syntax_error(text), TabError):
        return _problem(error.msg, error.lineno or 1)
    near = is_near(source.path, text, extra)
    try:
        interest = Interest(extra)
        cut = remainder(text, interest, near=near)
        if places:
            some = cut if inside is None else only(cut, inside)
            return _parsed(some, interest.methods, places, near)
        known = stem(cut, interest.methods, near=near)
        facts = memory.recall(known) or _parsed(cut, interest.methods, places, near)
    except SyntaxProblem as error:
        if source.template or is_template(source.path, text):
            return _template(text, extra, places)
        # CPython says more exactly where; where it accepts the text, libcst has the last word.
        refused = _syntax_error(text)
        if refused is not None:
            return _problem(refused.msg, refused.lineno or 1)
        return _problem(error.message, error.row)
    memory.stem = known
    return facts


def _template(text: str, extra: frozenset[str], places: bool) -> m.Facts:
    """A template that looks like Python: no file that runs, but sinks in its text count."""
    try:
        text = without_template_marks(text)
        return _read_text(text, Interest(extra), places=places)
    except SyntaxProblem:
        return m.Facts()


def _notebook(source: Source, extra: frozenset[str], places: bool) -> m.Facts:
    found = cells(source.data)
    shell = tuple((cell.text, cell.rows) for cell in found if cell.kind == "shell")
    text, rows = python_text(found)
    near = is_near(source.path, text, extra)
    problems: tuple[m.Problem, ...] = ()
    try:
        facts = _read_text(text, Interest(extra), places=places, near=near)
    except SyntaxProblem:
        found, problems = _readable(found)
        text, rows = python_text(found)
        facts = _read_text(text, Interest(extra), places=places, near=near)
    problems += tuple(
        m.Problem(f"cell {cell.number} ends within a string or a bracket", cell.rows[-1])
        for cell in found
        if cell.kind == "broken"
    )
    return msgspec.structs.replace(_moved(facts, rows), shell=shell, problems=problems)


def _readable(found: Sequence[Cell]) -> tuple[list[Cell], tuple[m.Problem, ...]]:
    """The cells that parse alone, and a problem for each of the others."""
    kept: list[Cell] = []
    problems: list[m.Problem] = []
    for cell in found:
        if cell.kind == "python":
            try:
                _read_text(cell.text)
            except SyntaxProblem as error:
                row = cell.rows[min(error.row, len(cell.rows)) - 1] if cell.rows else 1
                problems.append(m.Problem(f"cell {cell.number}: {error.message}", row))
                continue
        kept.append(cell)
    return kept, tuple(problems)


def _moved(facts: m.Facts, rows: tuple[int, ...]) -> m.Facts:
    def row(number: int) -> int:
        return rows[min(number, len(rows)) - 1] if rows else number

    spans = tuple(
        m.Span(row(span.row), span.column, row(span.end_row), span.end_column)
        for span in facts.spans
    )
    return msgspec.structs.replace(facts, spans=spans)


def _pth(source: Source, extra: frozenset[str], places: bool) -> m.Facts:
    """`site` executes each line of a .pth file that begins with `import`; the rest are paths."""
    lines = source.data.decode("utf-8", "surrogateescape").splitlines()
    code = "".join(
        (line if line.startswith(("import ", "import\t")) else "") + "\n" for line in lines
    )
    try:
        return _read_text(code, Interest(extra), places=places)
    except SyntaxProblem as error:
        return _problem(error.message, error.row)
