"""The cache costs time when it is wrong, never a verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock_checks.cache import Cache
from interlock_checks.tree import CACHE_FILES, CACHE_FOLDER, WorkTree

FACTS = {b"1" * 20: b"facts of one", b"2" * 20: b"", b"3" * 32: bytes(range(256)) * 100}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def load(root: Path, version: str = "1") -> dict[bytes, bytes]:
    return Cache.open(root, version).load()


def test_facts_and_the_result_come_back(root: Path) -> None:
    Cache.open(root, "1").store(FACTS)
    Cache.open(root, "1").keep_result(b"key", b"value")

    assert load(root) == FACTS
    assert Cache.open(root, "1").result(b"key") == b"value"
    assert Cache.open(root, "1").result(b"other") is None
    assert Cache.open(root, "1").result(b"ke") is None


def test_another_version_finds_nothing(root: Path) -> None:
    Cache.open(root, "1").store(FACTS)
    Cache.open(root, "1").keep_result(b"key", b"value")

    assert load(root, "2") == {}
    assert Cache.open(root, "2").result(b"key") is None


def test_what_the_last_run_did_not_use_goes(root: Path) -> None:
    cache = Cache.open(root, "1")
    cache.store(FACTS)
    cache.store({b"1" * 20: b"facts of one"})

    assert load(root) == {b"1" * 20: b"facts of one"}


def test_the_folder_ignores_itself_and_holds_nothing_else(root: Path) -> None:
    subprocess.run(("git", "init", root), check=True, capture_output=True)
    Cache.open(root, "1").store(FACTS)
    Cache.open(root, "1").keep_result(b"key", b"value")

    assert set(os.listdir(root / CACHE_FOLDER)) == CACHE_FILES  # noqa: PTH208
    assert WorkTree(root).entries() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.data())
def test_damage_anywhere_is_noticed(root: Path, data: st.DataObject) -> None:
    Cache.open(root, "1").store(FACTS)
    Cache.open(root, "1").keep_result(b"key", b"value")
    for name in "facts.bin", "result.bin":
        path = root / CACHE_FOLDER / name
        whole = path.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        change = data.draw(st.sampled_from(["flip", "cut", "grow", "drop"]))
        damaged = {
            "flip": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
            "cut": whole[:at],
            "grow": whole + b"\0",
            "drop": whole[:at] + whole[at + 1 :],
        }[change]
        path.write_bytes(damaged)

    assert load(root) == {}
    assert Cache.open(root, "1").result(b"key") is None

    for name in "facts.bin", "result.bin":
        (root / CACHE_FOLDER / name).unlink()


def test_a_cache_that_somebody_else_made_is_not_used(root: Path, state: Path) -> None:
    Cache.open(root, "1").store(FACTS)
    (state / "interlock" / "cache.key").unlink()

    assert load(root) == {}
    assert len((state / "interlock" / "cache.key").read_bytes()) == 32


def test_a_result_is_no_pack_of_facts(root: Path) -> None:
    Cache.open(root, "1").keep_result(b"", b"\0" * 4)
    folder = root / CACHE_FOLDER
    (folder / "result.bin").rename(folder / "facts.bin")
    Cache.open(root, "1").keep_result(b"key", b"value")
    (folder / "facts.bin").write_bytes((folder / "result.bin").read_bytes())

    assert Cache.open(root, "1")._read("facts.bin") is None  # noqa: SLF001


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_not_used(root: Path, state: Path, mode: int) -> None:
    Cache.open(root, "1").store(FACTS)
    (state / "interlock" / "cache.key").chmod(mode)

    assert load(root) == {}


def test_a_key_of_the_wrong_size_or_behind_a_link_is_not_used(root: Path, state: Path) -> None:
    Cache.open(root, "1").store(FACTS)
    key = state / "interlock" / "cache.key"
    key.rename(state / "moved")
    key.symlink_to(state / "moved")
    assert load(root) == {}

    key.unlink()
    key.touch(mode=0o600)
    assert load(root) == {}
    os.truncate(key, 33)
    assert load(root) == {}


def test_a_key_within_the_tree_or_any_repository_is_not_used(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to(root)
    for place in root / "state", other / "state", tmp_path / "link" / "state", Path("relative"):
        monkeypatch.setenv("XDG_STATE_HOME", str(place))
        cache = Cache.open(root, "1")
        cache.store(FACTS)

        assert cache.load() == {}
        assert not place.exists()
    assert not (root / CACHE_FOLDER).exists()


def test_a_folder_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / CACHE_FOLDER).symlink_to(tmp_path / "elsewhere")

    Cache.open(root, "1").store(FACTS)

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert load(root) == {}


def test_a_link_in_place_of_a_file_is_replaced_and_never_followed(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("kept")
    (root / CACHE_FOLDER).mkdir()
    for name in "facts.bin", ".gitignore":
        (root / CACHE_FOLDER / name).symlink_to(tmp_path / "victim")
    assert load(root) == {}

    Cache.open(root, "1").store(FACTS)

    assert (tmp_path / "victim").read_text() == "kept"
    assert load(root) == FACTS


def test_what_stands_in_the_way_costs_only_the_cache(root: Path) -> None:
    (root / CACHE_FOLDER).write_text("a file")
    Cache.open(root, "1").store(FACTS)
    assert load(root) == {}

    (root / CACHE_FOLDER).unlink()
    (root / CACHE_FOLDER).mkdir()
    os.mkfifo(root / CACHE_FOLDER / "facts.bin")
    assert load(root) == {}
    (root / CACHE_FOLDER / "result.bin").mkdir()
    Cache.open(root, "1").keep_result(b"key", b"value")
    assert Cache.open(root, "1").result(b"key") is None


def test_a_checkout_that_is_gone_costs_only_the_cache(root: Path) -> None:
    cache = Cache.open(root / "gone", "1")
    cache.store(FACTS)
    cache.keep_result(b"key", b"value")

    assert cache.load() == {}


def test_concurrent_runs_leave_one_whole_cache(root: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from interlock_checks.cache import Cache\n"
        "for turn in range(30):\n"
        "    cache = Cache.open(Path(sys.argv[1]), '1')\n"
        "    found = cache.load()\n"
        "    assert len(set(found.values())) <= 1 and len(found) in (0, 200), len(found)\n"
        "    value = sys.argv[2].encode() * 1000\n"
        "    cache.store({bytes([turn, n]) * 10: value for n in range(200)})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.Popen((sys.executable, "-c", program, str(root), name), env=environment)
        for name in ("a", "b", "c")
    ]

    assert [run.wait() for run in runs] == [0, 0, 0]
    assert len(load(root)) == 200
    assert set(os.listdir(root / CACHE_FOLDER)) == CACHE_FILES - {"result.bin"}  # noqa: PTH208
