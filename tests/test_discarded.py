"""An exit status is thrown away where the shell would throw it away, and nowhere else."""

from __future__ import annotations

import pytest

from interlock_checks.commands.judge import judge
from interlock_checks.commands.script import read_script


def lost(text: str, *, errexit: bool = False, pipefail: bool = False) -> list[str]:
    found = read_script(text, errexit=errexit, pipefail=pipefail)
    reasons = [found.lost(one) for one in found.commands if judge(one).step == "check"]
    assert reasons, "the step itself was not found"
    return [one for one in reasons if one is not None]


DISCARDED = [
    "interlock check | tee log\nexit ${PIPESTATUS[1]}",
    "interlock check | tee log\ntrue\nexit ${PIPESTATUS[0]}",
    "interlock check | tee log\nrc=${PIPESTATUS[0]}\necho $rc",
    "interlock check || true",
    "interlock check || :",
    "interlock check || echo failed",
    "interlock check || exit 0",
    "interlock check; true",
    "interlock check; exit 0",
    "interlock check\npytest",
    "interlock check &\n",
    "interlock check &\nwait",
    "interlock check | tee check.log",
    "set -e\ninterlock check | tee check.log\n",
    "set -e\ninterlock check || true\npytest",
    "set -e\nset +e\ninterlock check\npytest",
    "set -e\ninterlock check && echo fine\npytest",
    "set -e\n! interlock check",
    "if interlock check; then :; fi",
    "set -e\nif interlock check; then pytest; else echo 'not proved'; fi",
    "if ! interlock check; then echo 'not proved'; fi",
    "echo $(interlock check)",
    'set -e\necho "$(interlock check)"',
    "set -e\nlocal out=$(interlock check)",
    "set -e\nexport out=$(interlock check)",
    'out=$(interlock check)\necho "$out"',
    "trap 'exit 0' EXIT\nset -e\ninterlock check",
    "trap finish EXIT\nfinish() { rm -f x; exit 0; }\nset -e\ninterlock check",
    "set -e\nproof() { interlock check; pytest; }\nproof || echo no",
    "set -e\nproof() { interlock check; pytest; }\nif proof; then echo yes; fi",
    "proof() { interlock check; echo done; }\nproof",
    "set -e\nbash -c 'interlock check; pytest'",
    "set -e\nbash -c 'test -z \"$CI\" || set -e; interlock check; pytest'",
    "test -z \"$CI\" || eval 'set -e'\ninterlock check\npytest",
    "sh -c 'interlock check' || true",
    "set -e\neval 'interlock check || true'",
    "for one in a b; do interlock check $one; done",
    "set -e\nwhile interlock check; do sleep 1; done",
    "n=0\nuntil interlock check; do n=$((n+1)); [ $n -gt 3 ] && break; done",
    "interlock check\nrc=$?\necho $rc",
    "interlock check\nrc=$?\n[ $rc -eq 0 ] || echo failed",
    "set -e\n(interlock check || true)\npytest",
    "set -e\n{ interlock check && pytest; } || true",
    "case $1 in check) interlock check;; esac\nexit 0",
    "interlock check || { echo failed; }",
    "interlock check 2>/dev/null || true",
    "timeout 60 interlock check || true",
    "set -e\ncat <(interlock check)",
    '[ -n "$CI" ] && set -e\ninterlock check\npytest',
    "set -e\nfind . -name '*.url' -exec interlock check {} \\;",
    "set -e\nsetsid -f interlock check",
    "set -e\nsystemd-run --collect interlock check",
    "set -e\nsystemd-run bash -ec 'interlock check'",
    "set -e\ndocker run -dit shop interlock check",
    "set -e\nscript -qc 'interlock check' /dev/null",
    "set -e\nheroku run --app shop -- interlock check",
    "set -e\nkubectl run x --image=shop --restart=Never -- interlock check",
    "set -e\nssh host <<X\ninterlock check\ndate\nX\n",
    'failed=\ninterlock check || failed="$failed a"\n[ -n "$failed" ] || exit 1',
    "n=0\ninterlock check || n=$((n + 1))\n((n == 0)) && exit 1\ntrue",
    "interlock check || bad+=(a)\n((${#bad[@]} == 0)) && exit 1\ntrue",
    'interlock check || failed="$other"\n[ -z "$failed" ] || exit 1',
]

SEEN = [
    "interlock check | tee log\nexit ${PIPESTATUS[0]}",
    "set -e\nset +e\ninterlock check 2>&1 | tee log\nrc=${PIPESTATUS[0]}\nset -e\nexit $rc",
    'interlock check | tee log\ntest "${PIPESTATUS[0]}" -eq 0 || exit 1',
    "interlock check",
    "interlock check\n# nothing more\n",
    "set -e\ninterlock check\npytest",
    "set -euo pipefail\ninterlock check | tee check.log\npytest",
    "interlock check || exit 1",
    "interlock check || exit\npytest",
    "interlock check || exit $?\npytest",
    "interlock check || { echo failed; exit 1; }\npytest",
    "interlock check || return 1",
    "if ! interlock check; then exit 1; fi\npytest",
    "if ! interlock check; then echo no; exit 2; fi\npytest",
    "if interlock check; then pytest; else exit 1; fi",
    "interlock check && pytest",
    "interlock check && pytest || exit 1",
    "interlock check\nrc=$?\npytest\nexit $rc",
    "interlock check\nif [ $? -ne 0 ]; then exit 1; fi\npytest",
    "interlock check\n[ $? -eq 0 ] || exit 1\npytest",
    "rc=0\ninterlock check || rc=$?\npytest\nexit $rc",
    "failed=0\ninterlock check || failed=1\npytest\n[ $failed -eq 0 ] || exit 1",
    "interlock check\nrc=$?\ncase $rc in 0) echo fine;; *) exit $rc;; esac\npytest",
    "interlock check\n(( $? == 0 )) || exit 1\npytest",
    "set -e\nproof() { interlock check; }\nproof\npytest",
    "proof() { interlock check || return 1; echo done; }\nproof || exit 1\npytest",
    "die() { echo \"$1\"; exit 1; }\ninterlock check || die 'not proved'\npytest",
    "until interlock check; do sleep 5; done\npytest",
    "while ! interlock check; do sleep 5; done\npytest",
    "set -e\nbash -ec 'interlock check; pytest'\npytest",
    "set -e\nout=$(interlock check)\npytest",
    "set -e\n(interlock check)\npytest",
    "set -e\nfor one in a b; do interlock check $one; done\npytest",
    "interlock check &\npid=$!\nwait $pid || exit 1",
    "exec interlock check",
    "set -e\ntrap 'rm -f x' EXIT\ninterlock check\npytest",
    "rm -f x || true\ninterlock check",
    'set -e\nmain() { interlock check; pytest; }\nmain "$@"\n',
    "set -o errexit\nset -o pipefail\ninterlock check | cat\npytest",
    'if [ "$1" = check ]; then interlock check; exit; fi\npytest',
    "case $1 in check) exec interlock check;; *) pytest;; esac",
    "set -e\nif true; then interlock check; fi\npytest",
    "set -e\nif ! interlock check; then exit 1; fi || true",
    "set -e; ( set -e; interlock check; pytest )",
    "set -e\nbash -c 'set -e; interlock check; pytest'",
    "set -e\nssh host 'set -eu; interlock check; pytest'",
    "if true; then bash -c 'set -e; interlock check; pytest' || exit 1; fi",
    "set -e\nfind . -name '*.url' -exec interlock check {} +",
    "set -e\nsetsid --wait interlock check",
    "set -e\nkubectl run x --image=shop --rm -i --restart=Never -- interlock check",
    "set -e\nkubectl exec deploy/web -- interlock check",
    "set -e\nssh host <<X\nset -e\ninterlock check\ndate\nX\n",
    "set -e\nsystemd-run --pipe --wait bash -ec 'interlock check'",
    "set -e\ndocker run --rm -it shop interlock check",
    "set -e\nscript -qec 'interlock check' /dev/null",
    'failed=\ninterlock check || failed="$failed a"\n[ -z "$failed" ] || exit 1',
    'interlock check || failed+=" a"\nif [[ $failed ]]; then exit 1; fi',
    'interlock check || bad+=(a)\nif ((${#bad[@]} > 0)); then echo "${bad[*]}"; exit 1; fi',
    'bad=()\ninterlock check || bad+=("$1")\n[ ${#bad[@]} -eq 0 ] || exit 1',
    'n=0\ninterlock check || n=$((n+1))\n[ "$n" -eq 0 ] || exit 1',
    'n=0\ninterlock check || ((n++))\nexit "$n"',
    "n=0\ninterlock check || let n+=1\n((n>0)) && exit 1",
    "n=0\ninterlock check || n=$((n + 1))\nexit $((n > 0))",
]


@pytest.mark.parametrize("text", DISCARDED)
def test_a_refusal_that_the_shell_forgets_is_discarded(text: str) -> None:
    assert lost(text)


@pytest.mark.parametrize("text", SEEN)
def test_a_refusal_that_ends_the_script_is_seen(text: str) -> None:
    assert lost(text) == []


def test_the_caller_may_have_switched_errexit_on() -> None:
    text = "interlock check\npytest"

    assert lost(text, errexit=True) == []
    assert lost(text) == ["`; pytest`"]


WORDS = {
    "interlock check || true": "`|| true`",
    "interlock check | tee log": "`| tee log`",
    "interlock check &": "`&`",
    "! interlock check": "`!`",
    "interlock check; exit 0": "`; exit 0`",
}


@pytest.mark.parametrize(("text", "reason"), WORDS.items())
def test_the_reason_is_in_the_shells_own_words(text: str, reason: str) -> None:
    assert lost(text) == [reason]
