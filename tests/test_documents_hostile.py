"""No script, makefile or image makes reading it crash, hang, or take more than linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock_checks.discover import Source
from interlock_checks.documents.read import read_document

WORDS = st.sampled_from(
    (
        *"""
    alembic upgrade head interlock check deploy || && | & ; ;; ( ) { } [ ] [[ ]] ! if then elif else
    fi while until do done for in case esac function f() $x "$x" ${x:-y} $(x) `x` "$(f 'a')" <<E E
    <<< > < >> 2>&1 set -e +e exit return trap eval bash -c 'a b' x=1 export \\ ' " $ # % : \t
    FROM RUN CMD ENTRYPOINT [" "] , HEALTHCHECK ONBUILD SHELL define endef ifeq endif .ONESHELL:
    $(shell $(call $(x) $$x a: b= := += != - @ {{ }} {% %} '''x''' sh( stage( ExecStart=- * /5
    """.split(),
        *("\n", "\n\t", "\\\n", "é", "\ue000", "\0"),
    )
)
PATHS = (
    "x.sh",
    "Makefile",
    "Dockerfile",
    "justfile",
    "Procfile",
    "crontab",
    "x.service",
    "Jenkinsfile",
    "Vagrantfile",
    "x.bat",
    "x.sh.j2",
)


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_any_words_are_read(path: str, words: list[str]) -> None:
    text = " ".join(words)

    found = read_document(Source(path, "document", text.encode(), b""))

    rows = text.count("\n") + text.count("\r") + 1
    assert all(1 <= one.row <= rows for one in found.claims)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    read_document(Source("x.sh", "document", data, b""))


SHAPES = {
    "x.sh commands": ("x.sh", 'poetry run tool --option "$value" | tee log\n'),
    "x.sh checks": ("x.sh", "interlock check\n"),
    "x.sh functions": ("x.sh", 'f() { g "$1"; }\nf a\n'),
    "x.sh nothing closed": ("x.sh", 'if ( "$( { \n'),
    "Makefile rules": ("Makefile", "a: b\n\t@tool $(x) $$y\n"),
    "Makefile variables": ("Makefile", "x += $(y) $(shell z)\n"),
    "Dockerfile": ("Dockerfile", "FROM a AS b\nENV x=$y\nRUN tool && other\n"),
    "Jenkinsfile": ("Jenkinsfile", "stage('a') { sh 'tool' }\n"),
}


@pytest.mark.parametrize(("path", "line"), SHAPES.values(), ids=SHAPES)
def test_time_grows_with_the_size_and_no_faster(path: str, line: str) -> None:
    def seconds(count: int) -> float:
        source = Source(path, "document", (line * count).encode(), b"")
        start = time.process_time()
        read_document(source)
        return time.process_time() - start

    seconds(50)
    small, large = min(seconds(300) for _ in range(3)), seconds(3000)

    # Ten times the size; a quadratic reader would need a hundred times as long.
    assert large < 35 * small + 0.2
