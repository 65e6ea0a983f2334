"""An annotation is believed where it names the repository's own classes, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock_checks.run import check_repository

CLASSES = """
from __future__ import annotations
from typing import Annotated, Any, Iterable, Optional, Protocol, Union
from sqlalchemy import MetaData

class Topics:
    def create_all(self, broker): ...

class Queues:
    def create_all(self, broker): ...

class Silent: ...

"""
ONE = "def prepare(things: {}, broker):\n    things.create_all(broker)\n"
EACH = "def prepare(things: {}, broker):\n    for one in things:\n        one.create_all(broker)\n"

BELIEVED = {
    "a class": ONE.format("Topics"),
    "a name in quotes": ONE.format('"Topics"'),
    "a class or None": ONE.format("Topics | None"),
    "Optional": ONE.format("Optional[Topics]"),
    "one of two": ONE.format("Union[Topics, Queues]"),
    "one of two, or None": ONE.format("Topics | Queues | None"),
    "a note beside it": ONE.format("Annotated[Topics, 'main']"),
    "a list": EACH.format("list[Topics]"),
    "a tuple": EACH.format("tuple[Topics, ...]"),
    "a list of alternatives": EACH.format("Iterable[Topics | Queues]"),
    "a list or None": EACH.format("list[Topics] | None"),
    "what an object was given, or its own": """
class Broker:
    def __init__(self, topics: Topics | None = None):
        self.topics = topics or Topics()
    def start(self):
        self.topics.create_all(self)
""",
}

DOUBTED = {
    "anything": ONE.format("Any"),
    "metadata": ONE.format("MetaData"),
    "a class or metadata": ONE.format("Topics | MetaData"),
    "a class or anything": ONE.format("Union[Topics, Any]"),
    "a class without such a method": ONE.format("Topics | Silent"),
    "a text that is no name": ONE.format('"Topics or what comes"'),
    "an own kind of container": EACH.format("Silent[Topics]"),
    "a list of anything": EACH.format("list[Any]"),
    "a list of lists": EACH.format("list[list[Topics]]"),
    "the keys of a table": EACH.format("dict[Topics, str]"),
    "a caller that gives metadata": ONE.format("Topics | None") + "prepare(MetaData(), None)\n",
    "a caller that gives a list of it": EACH.format("list[Topics]") + "prepare([MetaData()], 0)\n",
}


@pytest.mark.parametrize("text", BELIEVED.values(), ids=BELIEVED)
def test_own_classes_are_believed(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CLASSES + text)

    assert check_repository(tmp_path).findings == ()


@pytest.mark.parametrize("text", DOUBTED.values(), ids=DOUBTED)
def test_anything_else_is_not(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CLASSES + text)

    assert [one.code for one in check_repository(tmp_path).findings] == ["IL104"]
