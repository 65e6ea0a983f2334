"""A method is called by whoever has an object with a method of that name."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock_checks.run import check_repository

LOADER = """
from importlib import import_module
class Loader:
    def fetch(self, name):
        return import_module(name)
Loader().fetch("json")
"""
MAKER = "from loader import Loader\ndef make():\n    return Loader()\n"

FILES = {
    "a parameter": {"use.py": "import sys\ndef use(codec):\n    codec.fetch({})\n"},
    "what a function of another file returns": {
        "maker.py": MAKER,
        "use.py": "import sys\nimport maker\nmaker.make().fetch({})\n",
    },
    "a subclass of another file": {
        "maker.py": "from loader import Loader\nclass Mine(Loader):\n    pass\n",
        "use.py": "import sys\nfrom maker import Mine\nMine().fetch({})\n",
    },
    "a mixin's own object": {
        "use.py": "import sys\nclass Mixin:\n    def go(self):\n        self.fetch({})\n",
    },
    "what a table holds": {"use.py": "import sys\ndef use(table):\n    table['a'].fetch({})\n"},
    "each of a list": {"use.py": "import sys\ndef use(all):\n    [one.fetch({}) for one in all]\n"},
}


def codes(tmp_path: Path, files: dict[str, str], given: str) -> list[str]:
    for path, text in {"loader.py": LOADER, **files}.items():
        (tmp_path / path).write_text(text.replace("{}", given))
    return [one.code for one in check_repository(tmp_path).findings]


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_a_method_may_be_called_on_anything_that_is_not_known(
    files: dict[str, str], tmp_path: Path
) -> None:
    assert codes(tmp_path, files, "sys.argv[1]") == ["IL003"]


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
@pytest.mark.parametrize("given", ['"xml.dom"', "", '"a", "b", "c"', "other=sys.argv[1]"])
def test_a_call_that_gives_nothing_harmful_or_does_not_fit_is_innocent(
    files: dict[str, str], given: str, tmp_path: Path
) -> None:
    assert codes(tmp_path, files, given) == []


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nimport pickle\npickle.fetch(sys.argv[1])\n",
        "import sys\ndef fetch(name):\n    return name\nfetch(sys.argv[1])\n",
        "import sys\n'a'.fetch(sys.argv[1])\n",
    ],
)
def test_a_call_of_something_else_is_none_of_the_method(text: str, tmp_path: Path) -> None:
    assert codes(tmp_path, {"use.py": text}, "") == []
