"""Places of single uses: the same as if the whole file had been read for them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from interlock_checks.cache import Cache
from interlock_checks.discover import Source
from interlock_checks.facts import cut as cutting
from interlock_checks.facts import model as m
from interlock_checks.facts.files import read_source
from interlock_checks.facts.placed import Placed, functions, placed, spans_by_number
from interlock_checks.run import check_tree
from interlock_checks.tree import WorkTree

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.toml"))

MODULE = """\
from alembic import command


class Work:
    @staticmethod
    def first(config):
        # the first
        command.upgrade(config, "head")

    def second(self, config):
        command.stamp(config, "head")


def first(config):
    def inner():
        command.downgrade(config, "base")
    inner()


def last(config, act=command.upgrade):
    command.upgrade(config, "head")
"""


def source(text: str) -> Source:
    data = text.encode()
    return Source("app.py", "python", data, blake2b(data).digest())


def check_each(text: str) -> int:
    """How many uses there are, each of which stands where it stands in all of the file."""
    whole = read_source(source(text), frozenset(), places=True)
    for number in range(len(whole.uses)):
        inside = functions(whole, [number])
        part = read_source(source(text), frozenset(), places=True, inside=inside)
        spans = spans_by_number(whole, placed(part), inside)
        if spans is None:
            spans = spans_by_number(whole, placed(whole), None)
        assert spans is not None
        assert spans[number] == whole.spans[number], (text, number)
    return len(whole.uses)


def python_texts() -> Iterator[str]:
    for case in CASES:
        for name, text in tomllib.loads(case.read_text(encoding="utf-8"))["files"].items():
            if name.endswith(".py"):
                yield text


def test_a_use_stands_where_it_stands_in_all_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_each(MODULE) >= 4
    monkeypatch.setattr(cutting, "SMALL", 0)
    assert sum(check_each(text) for text in python_texts()) > 300


def test_only_the_functions_that_are_asked_for_are_read_again() -> None:
    whole = read_source(source(MODULE), frozenset(), places=True)
    (number,) = (n for n, s in enumerate(whole.spans[: len(whole.uses)]) if s.row == 11)
    inside = functions(whole, [number])
    assert inside == frozenset({"second"})
    part = read_source(source(MODULE), frozenset(), places=True, inside=inside)
    assert len(part.uses) < len(whole.uses)
    spans = spans_by_number(whole, placed(part), inside)
    assert spans is not None
    assert spans[number].row == 11


def test_what_does_not_fit_is_not_taken_for_a_place() -> None:
    whole = read_source(source(MODULE), frozenset(), places=True)
    other = Placed(placed(whole).kinds[:-1], whole.spans)
    assert spans_by_number(whole, other, None) is None
    assert spans_by_number(whole, other, frozenset({"first", "second", "last"})) is None


def test_a_use_that_counts_for_what_another_function_says_has_its_place(tmp_path: Path) -> None:
    text = (
        "from alembic import command\n"
        "def name():\n    return 'alembic', 'and no more than that'\n"
        "def work(tool):\n    tool.mend(1)\n    command.upgrade(tool, 'head')\n"
    )
    whole = read_source(source(text), frozenset(), places=True)
    part = read_source(source(text), frozenset(), places=True, inside=frozenset({"work"}))
    assert spans_by_number(whole, placed(part), frozenset({"work"})) is None
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    (found,) = check_tree(WorkTree(tmp_path), Cache.none()).findings
    assert (found.code, found.row) == ("IL101", 6)


def test_where_an_import_is_meant_or_order_matters_all_is_read() -> None:
    whole = read_source(source(MODULE), frozenset(), places=True)
    assert functions(whole, [len(whole.uses)]) is None
    assert functions(m.Facts(near=True, uses=whole.uses, scopes=whole.scopes), [0]) is None
