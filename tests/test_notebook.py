"""Notebooks: which cells are code, in which rows, and what IPython's own syntax becomes."""

from __future__ import annotations

import ast
import json
import random
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock_checks.jsonrows import Json, Text, parse_json
from interlock_checks.magics import split_cell
from interlock_checks.notebook import Cell, cells, python_text
from interlock_checks.source import Unreadable


def notebook(*sources: Any, **metadata: Any) -> bytes:
    listed = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources
    ]
    return json.dumps({"cells": listed, "metadata": metadata, "nbformat": 4}, indent=1).encode()


def row_of(data: bytes, text: str) -> int:
    return data.decode().split(text)[0].count("\n") + 1


def test_rows_are_those_of_the_file_and_numbers_count_prose() -> None:
    data = json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "source": ["!prose\n"]},
                {"cell_type": "raw", "source": ["!raw\n"]},
                {"cell_type": "code", "source": ["first = 1\n", "!sec", "ond -x\n", "third = 3"]},
                {"cell_type": "code", "source": "fourth = 4\nfifth = 5\n"},
            ]
        },
        indent=2,
    ).encode()

    found = cells(data)

    first, second = row_of(data, "first"), row_of(data, "!sec")
    third, fourth = row_of(data, "third"), row_of(data, "fourth")
    assert found == [
        Cell(3, "python", "first = 1\npass\nthird = 3\n", (first, second, third)),
        Cell(3, "shell", "second -x\n", (second,)),
        Cell(4, "python", "fourth = 4\nfifth = 5\n", (fourth, fourth)),
    ]
    assert python_text(found) == (
        "first = 1\npass\nthird = 3\nfourth = 4\nfifth = 5\n",
        (first, second, third, fourth, fourth),
    )


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0\r%!?"), max_size=8))))
def test_any_source_keeps_its_text_and_rows(sources: list[list[str]]) -> None:
    sources = [[piece.replace("'", "").replace('"', "") for piece in each] for each in sources]
    data = notebook(*sources)
    try:
        found = cells(data)
    except Unreadable:
        return

    assert len(found) == len(sources)
    for cell, source in zip(found, sources, strict=True):
        rows = data.decode().split("\n")
        assert len(cell.rows) == cell.text.count("\n")
        for row in cell.rows:
            literal = rows[row - 1].strip().rstrip(",")
            assert literal == '"source": []' or json.loads(literal) in source


SPLIT = {
    "!ls": ("pass", ["ls"]),
    "!!ls": ("pass", ["ls"]),
    "!{line}": ('get_ipython().system(f"{line}")', []),
    "out = !$tool current '{x}'": ("out = None", ["$tool current '{x}'"]),
    '!$tool current "a"': ('get_ipython().system(f"{tool} current \\"a\\"")', []),
    "!$PWD/x {line}": ("pass", ["$PWD/x {line}"]),
    "if x:\n    !ls {a} $b": ("if x:\n    pass", ["ls {a} $b"]),
    "x = !ls": ("x = None", ["ls"]),
    "x['='] = (1, 2)[0] = !ls": ("x['='] = (1, 2)[0] = None", ["ls"]),
    "!a \\\n  b\nx": ("pass\n\nx", ["a \\\n  b"]),
    "%%bash\nls\n\nls -l": ("\n\n\n", ["ls\n\nls -l"]),
    "\n%%sh -e\nls": ("\n\n", ["ls"]),
    "%%script bash --bg\nls": ("\n", ["ls"]),
    "%%script python3\nx = 1": ("\nx = 1", []),
    "%%script perl\nprint $x": ("\n", []),
    "%%system\nls": ("\n", ["ls"]),
    "%%!\nls": ("\n", ["ls"]),
    "%sx ls": ("pass", ["ls"]),
    "y = %system ls": ("y = None", ["ls"]),
    "%alias go alembic upgrade head": ("pass", ["alembic upgrade head"]),
    "%run -i job.py --now": ("pass", ["python job.py --now"]),
    "%run -m alembic upgrade head": ("pass", ["python -m alembic upgrade head"]),
    "%pip install x": ("pass", ["pip install x"]),
    "pip install x": ("pass", ["pip install x"]),
    "run job.py": ("pass", ["python job.py"]),
    "pip = 3\nrun(x)\nls - 1": ("pip = 3\nrun(x)\nls - 1", []),
    "ls -f()\nls \\\n.f()\nls # x": ("ls -f()\nls \\\n.f()\nls # x", []),
    "%%time\nf()": ("\nf()", []),
    "%%capture out\n%%time\nf()": ("\n\nf()", []),
    "%%timeit -n1 -r 2 a = 1\nf(a)": ("a = 1\nf(a)", []),
    "%%python3\nf()": ("\nf()", []),
    "%%sql\nselect 1": ("\n", []),
    "#@title Keep awake\n\n%%html\n<audio controls>": ("\n\n\n", []),
    "# a comment\n%%bash\nls": ("\n\n", ["ls"]),
    "# a comment\n%%time\nf()": ("\n\nf()", []),
    "%%writefile x.py\ncommand.upgrade()": ("\n", []),
    "%%unheard_of\nf()": ("\nf()", []),
    "%%unheard_of\nselect 1": ("\n", []),
    "%time f(x)": ("f(x)", []),
    "%timeit -n 10 -r3 f(x)": ("f(x)", []),
    "%time !ls": ("pass", ["ls"]),
    "z = %time f(x)": ("z = f(x)", []),
    "%matplotlib inline": ("pass", []),
    "f?\nf??\n?f\n??f\nx.y?": ("pass\npass\npass\npass\npass", []),
    "/f a b": ("f(a, b)", []),
    ",f a b": ("f('a', 'b')", []),
    ";f a b": ("f('a b')", []),
    "x = '''\n!no\n%no\n?no\n'''": ("x = '''\n!no\n%no\n?no\n'''", []),
    "x = (a\n% b\n)": ("x = (a\n% b\n)", []),
    "x = a \\\n% b": ("x = a \\\n% b", []),
    "x = a % b\nx %= c\nx != d\n# !no?": ("x = a % b\nx %= c\nx != d\n# !no?", []),
    "f'{x!r}{y!s:%d}'": ("f'{x!r}{y!s:%d}'", []),
    "    x = 1\n    !ls": ("x = 1\npass", ["ls"]),
    ">>> f(x)\n... g()\n>>> !ls": ("f(x)\ng()\npass", ["ls"]),
    "In [1]: f(x)": ("f(x)", []),
    "x = 1 # c\N{LINE SEPARATOR}!ls": ("x = 1 # c\N{LINE SEPARATOR}!ls", ["ls"]),
}


@pytest.mark.parametrize("source", SPLIT)
def test_ipythons_syntax_becomes_python_and_shell(source: str) -> None:
    python, shell = SPLIT[source]
    lines = source.split("\n")

    parts = split_cell(lines)

    assert "\n".join(parts.python) == python
    assert ["\n".join(text for _, text in command) for command in parts.shell] == shell
    for command in parts.shell:
        for index, text in command:
            assert lines[index].endswith(text) or "%" in lines[0] or "run" in lines[0]


FRAGMENTS = [
    *("!ls a", "!!ls b", "x = 1", "if x:", "    !ls c", "    y = !ls d", "z = !ls \\", "  e f"),
    *("'''", '"""', "(", ")", "# !no", "s = '!no'", "%sx ls g", "ls -l", "", "   ", "%time f()"),
    *("foo?", "?foo", "    pass", "x = \\", "f'''{x!r}'''", "a = [", "  !h", "]", "x %= 2"),
    *("!a \\", "b = x != 3", ">>> !ls p", "... q", "%cd x", "x = %sx ls i", "d['='] = !ls j"),
    *(";f a", ",f b", "/f c", "y = (1,", " 2) ", "def g():", "    return 1", "In [1]: !ls n"),
    *("x = '''a", '!echo "it\'s"', "\t!ls t", "\N{LATIN SMALL LETTER E WITH ACUTE} = !ls u"),
]


def commands_of_ipython(cell: str) -> list[str] | None:
    """Ask IPython which commands a cell runs; None if the cell is no program to it either."""
    transformer = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    try:
        tree = ast.parse(transformer.transform_cell(cell))
    except SyntaxError:
        return None
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            values = [value.value for value in node.args if isinstance(value, ast.Constant)]
            if node.func.attr in ("system", "getoutput"):
                found.append(str(values[0]))
            elif node.func.attr == "run_line_magic" and values[0] == "sx":
                found.append(str(values[1]))
    return sorted(plain(command) for command in found)


def plain(command: str) -> str:
    return " ".join(command.replace("\\", " ").split())


def test_no_command_that_ipython_runs_is_missed() -> None:
    chance = random.Random(2)
    compared = 0
    for _ in range(3000):
        lines = chance.choices(FRAGMENTS, k=chance.randint(1, 5))
        with warnings.catch_warnings(action="ignore"):
            expected = commands_of_ipython("\n".join(lines))
            parts = split_cell(lines)
            try:
                ast.parse("\n".join(parts.python))
            except SyntaxError:
                continue  # reported as a file that does not parse
        if expected is None or parts.is_open:
            continue
        compared += 1
        found = [plain("\n".join(text for _, text in command)) for command in parts.shell]

        assert not set(expected) - set(found), lines
    assert compared > 500


KERNELS = [
    ({}, "python"),
    ({"kernelspec": {"name": "python3", "language": "python"}}, "python"),
    ({"kernelspec": {"name": "conda-env-shop-py"}}, "python"),
    ({"kernelspec": {"name": "python3"}, "language_info": {"name": "R"}}, "python"),
    ({"kernelspec": {"name": "ir", "language": "R"}, "language_info": {"name": "R"}}, None),
    ({"kernelspec": {"name": "julia-1.10", "language": "julia"}}, None),
    ({"kernelspec": {"name": "bash"}, "language_info": {"name": "bash"}}, "shell"),
    ({"kernelspec": {"name": "something-new"}}, "python"),
    ({"kernelspec": "odd", "language_info": []}, "python"),
]


@pytest.mark.parametrize(("metadata", "kind"), KERNELS)
def test_the_kernel_says_what_the_cells_are(metadata: Any, kind: str | None) -> None:
    found = cells(notebook(["x = 1"], **metadata))

    assert [cell.kind for cell in found] == ([kind] if kind else [])


def test_older_notebooks_are_read() -> None:
    old = {
        "worksheets": [
            {"cells": [{"cell_type": "heading", "source": "x"}]},
            {"cells": [{"cell_type": "code", "language": "python", "input": ["a = 1\n", "b = 2"]}]},
        ]
    }

    found = cells(json.dumps(old).encode())

    assert [(cell.number, cell.text) for cell in found] == [(2, "a = 1\nb = 2\n")]


UNREADABLE = {
    "no JSON": (b"\n{", 2),
    "no notebook": (b"{}", 1),
    "a list": (b"[]", 1),
    "cells of another kind": (b'{"cells": 3}', 1),
    "a cell of another kind": (b'{"cells": [3]}', 1),
    "a source of another kind": (b'{"cells": [{"cell_type": "code", "source": [1]}]}', 1),
    "worksheets of another kind": (b'{"worksheets": 1}', 1),
    "a key twice": (b'{"cells": [],\n"cells": []}', 2),
    "a key twice, once escaped": (b'{"cells": [],\n"\\u0063ells": []}', 2),
    "a bad escape": (b'{"cells": [],\n"x": "\\q"}', 2),
    "a line break in a string": (b'{"cells": ["\n"]}', 1),
    "something behind": (b'{"cells": []}\n1', 1),
    "a comma too many": (b'{"cells": [],}', 1),
    "no UTF-8": (b'{"cells": [],\n"\xff": 1}', 2),
    "UTF-16": ('{"cells": []}'.encode("utf-16"), 1),
    "a million brackets": (b"[" * 1_000_000, 1),
    "a null character": (notebook(["x\0"]), 8),
}


@pytest.mark.parametrize("title", UNREADABLE)
def test_what_is_no_notebook_is_unreadable_with_its_row(title: str) -> None:
    data, row = UNREADABLE[title]

    with pytest.raises(Unreadable) as refusal:
        cells(data)

    assert refusal.value.row == row


OPEN = {
    "in a string": notebook(["x = '''"], ["y = 1"]),
    "in a bracket": notebook(["f("], ["y = 1"]),
    "in a continuation": notebook(["x = \\"], ["y = 1"]),
    "in very many brackets": notebook(["(\n" * 100_000], ["y = 1"]),
}


@pytest.mark.parametrize("title", OPEN)
def test_a_cell_that_ends_open_hides_no_other(title: str) -> None:
    found = cells(OPEN[title])

    assert [cell.kind for cell in found] == ["broken", "python"]
    assert found[0].rows[-1] == 8
    assert found[1].text == "y = 1\n"


@pytest.mark.parametrize("data", [b"", b" \n", b'{"cells": []}', b'\xef\xbb\xbf{"cells": []}'])
def test_an_empty_notebook_holds_no_code(data: bytes) -> None:
    assert cells(data) == []


def simple(value: Json) -> Any:
    if isinstance(value, dict):
        return {key: simple(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [simple(inner) for inner in value]
    return value.value if isinstance(value, Text) else None


JSON = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(JSON, st.sampled_from([None, 0, 2]), st.booleans())
def test_json_is_read_as_by_the_standard_library(value: Any, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert simple(parse_json(text)) == value


@given(st.text('[]{}",: \\n1etrualsf', max_size=20))
def test_what_is_no_json_is_refused(text: str) -> None:
    def once(pairs: list[tuple[str, Any]]) -> Any:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=once)
    except (ValueError, AssertionError):
        with pytest.raises(Unreadable):
            parse_json(text)
    else:
        parse_json(text)
