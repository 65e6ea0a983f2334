"""The shell reader against bash itself: what bash starts is what the reader lists."""

from __future__ import annotations

import shlex
import shutil
import string
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from interlock_checks.commands import const, judge_shell
from interlock_checks.commands.script import read_script, shell_commands

BASH = shutil.which("bash")
STUB = """\
#!/bin/bash
{ printf '%s' "${0##*/}"; printf '\\t%s' "$@"; printf '\\n'; } >> "$STUB_LOG"
"""
MODULE = """\
import os, sys
with open(os.environ["STUB_LOG"], "a") as log:
    log.write("\\t".join(["alembic", *sys.argv[1:]]) + "\\n")
"""

# Each of these is run by bash with stubs for alembic and flask; the verdict must be what happened.
SCRIPTS = r"""
alembic upgrade head
alembic -c alembic.ini upgrade head
alembic upgrade head --sql
alembic upgrade --sql head
alembic stamp head
alembic current
alembic history --verbose
echo alembic upgrade head
echo "alembic upgrade head"
printf '%s\n' alembic upgrade head
: alembic upgrade head
# alembic upgrade head
true # alembic upgrade head
'alembic' "upgrade" head
alem"bic" up''grade head
a\lembic up\grade head
"ale"'mbi'c $'\x75pgrade' head
$'alembic' $'up\147rade' $'\u0068ead'
alembic \$NL upgrade head
X=1 Y=2 alembic upgrade head
>out.txt alembic upgrade head
alembic >out.txt upgrade head
alembic 2>&1 upgrade >out.txt head
alembic upgrade head >out.txt 2>&1 </dev/null
alembic upgrade head &>/dev/null
alembic upgrade head &\$NL wait
cd . && alembic upgrade head
false || alembic upgrade head
true; alembic upgrade head
true\$NLalembic upgrade head
(alembic upgrade head)
{ alembic upgrade head; }
! alembic upgrade head
time alembic upgrade head
time -p alembic upgrade head
if true; then alembic upgrade head; fi
if ! alembic upgrade head; then :; fi
if false; then :; elif true; then alembic upgrade head; fi
if false; then :; else alembic upgrade head; fi
while true; do alembic upgrade head; break; done
until alembic upgrade head; do break; done
for verb in upgrade; do alembic $verb head; done
for tool in alembic; do $tool upgrade head; done
for words in "upgrade head"; do alembic $words; done
for i in 1 2; do alembic current; done
for ((i = 0; i < 1; i++)); do alembic upgrade head; done
case x in x) alembic upgrade head;; esac
case x in (x|y) alembic upgrade head;; esac
case 'alembic upgrade head' in *) true;; esac
alembic upgrade head | cat
true | alembic upgrade head
cat <<< "alembic upgrade head"
cat <<EOF\$NLalembic upgrade head\$NLEOF
cat <<'EOF' | grep upgrade\$NLalembic upgrade head\$NLEOF
bash <<< "alembic upgrade head"
sh <<EOF\$NLalembic upgrade head\$NLEOF
sh <<'EOF'\$NLalembic upgrade head\$NLEOF
sh -s <<-EOF\$NL\talembic upgrade head\$NL\tEOF
V=upgrade; sh <<EOF\$NLalembic $V head\$NLEOF
V=current; sh <<EOF\$NLalembic $V\$NLEOF
cat <<EOF | sh\$NLalembic upgrade head\$NLEOF
true && sh <<EOF\$NLalembic upgrade head\$NLEOF
(sh) <<EOF\$NLalembic upgrade head\$NLEOF
sh <<EOF && true\$NLalembic upgrade head\$NLEOF
cat <<EOF && alembic upgrade head\$NLtext\$NLEOF
sh < <(echo alembic upgrade head)
echo alembic upgrade head | sh
echo "alembic upgrade head" | bash -s
echo "alembic upgrade head" | tee out.txt | bash
printf 'alembic %s %s\n' upgrade head | sh
printf 'alembic upgrade head' | cat | sh
echo -e 'alembic\tupgrade head' | sh
echo 'echo alembic upgrade head' | sh
bash -c "alembic upgrade head"
bash -c 'alembic upgrade head'
sh -c 'alembic "$@"' sh upgrade head
sh -c 'alembic "$@"' sh current
bash -c 'alembic $1 $0' head upgrade
bash -euo pipefail -c 'alembic upgrade head'
bash -ec "cd . && alembic upgrade head"
bash -c "bash -c 'alembic upgrade head'"
bash -c 'echo alembic upgrade head'
V=upgrade; bash -c "alembic $V head"
V=current; bash -c "alembic $V"
export V=upgrade; bash -c 'alembic $V head'
V=upgrade bash -c 'alembic $V head'
V=current bash -c 'alembic $V'
eval alembic upgrade head
eval "alembic upgrade" head
eval 'V=upgrade'; alembic $V head
builtin eval alembic upgrade head
command alembic upgrade head
command -v alembic upgrade head
exec alembic upgrade head
(exec -a other alembic upgrade head)
env alembic upgrade head
env X=1 alembic upgrade head
env -i PATH="$PATH" STUB_LOG="$STUB_LOG" alembic upgrade head
env -u HOME X=1 alembic upgrade head
env -S 'alembic upgrade' head
env -S 'X=1 alembic upgrade' head
env --chdir=. alembic upgrade head
env bash -c 'alembic upgrade head'
nohup alembic upgrade head
nice alembic upgrade head
nice -n 5 alembic upgrade head
nice -5 alembic upgrade head
timeout 5 alembic upgrade head
timeout -k 1 5 alembic upgrade head
timeout --signal=KILL 5 alembic upgrade head
stdbuf -oL alembic upgrade head
setsid -w alembic upgrade head
flock lock alembic upgrade head
flock lock -c 'alembic upgrade head'
flock -w 3 lock alembic upgrade head
nohup nice timeout 5 env X=1 alembic upgrade head
echo upgrade head | xargs alembic
echo head | xargs alembic upgrade
echo head | xargs -n 1 alembic upgrade
echo head | xargs -I{} alembic upgrade {}
echo current | xargs alembic
echo x | xargs -I% sh -c 'alembic upgrade head'
echo x | xargs echo alembic upgrade head
find . -maxdepth 0 -exec alembic upgrade head \;
find . -maxdepth 0 -exec sh -c 'alembic upgrade head' \;
find . -maxdepth 0 -name 'alembic upgrade head' -print
A=alembic; $A upgrade head
A="alembic upgrade"; $A head
A="alembic upgrade head"; $A
A="alembic upgrade head"; "$A"
A='alembic upgrade head'; echo $A
A=alem; B=bic; $A$B upgrade head
A=alem; ${A}bic upgrade head
A=ale; A+=mbic; $A upgrade head
A=alembic; A="$A upgrade"; A="$A head"; $A
A=upgrade; A=current; alembic $A
A=current; A=upgrade; alembic $A head
A=current; if true; then A=upgrade; fi; alembic $A head
A=upgrade; (A=current); alembic $A head
A=current; true && A=upgrade; alembic $A head
N=A; A=upgrade; alembic ${!N} head
A=UPGRADE; alembic ${A,,} head
A=xupgrade; alembic ${A#x} head
A=upgrade.x; alembic ${A%.x} head
A=upXgrade; alembic ${A/X/} head
A=xxupgrade; alembic ${A:2} head
A=upgradexx; alembic ${A:0:7} head
alembic ${UNSET_VERB:-upgrade} head
alembic ${UNSET_VERB-upgrade} head
: "${UNSET_TOOL:=alembic}"; $UNSET_TOOL upgrade head
A=current; alembic ${A:-upgrade}
A=1; alembic ${A:+upgrade} head
unset A; alembic upgrade head
true | true | true\$NLalembic upgrade head\$NL: > out.txt
true | true | cat\$NLalembic upgrade head\$NLcat << E\$NLx\$NLE
true | true | cat # x\$NL# y\$NLX=1\$NLalembic upgrade head # z\$NL\$NLcat << E\$NLx\$NLE
true | true | cat\$NLecho alembic\$NLecho upgrade head\$NLcat << E\$NLx\$NLE
true | true | echo \\\$NLalembic upgrade head\$NL: > out.txt
if true; then true | true | cat\$NLalembic upgrade head\$NL: > out.txt\$NLfi
bash << 'E'\$NL\alembic upgrade head\$NLE
cat << 'E'\$NL\alembic upgrade head\$NLE
bash << E\$NL  \alembic upgrade head\$NLE
read -r A <<< upgrade; alembic $A head
read -r A <<< current; alembic $A
read -r A B <<< "alembic upgrade head"; $A $B
read -r A B <<< "alembic upgrade head"; echo $A; $B head 2>/dev/null
read -r A B <<< "alembic current"; $A $B
IFS=, read -ra A <<< "alembic,upgrade,head"; "${A[@]}"
IFS=: read -r A B <<< "upgrade:head"; alembic "$A" "$B"
read -ra A <<< "alembic history"; "${A[@]}"
read -p upgrade A <<< current; alembic $A
mapfile -t A <<< $'alembic\nupgrade\nhead'; "${A[@]}"
mapfile -t A <<< $'alembic\nheads'; "${A[@]}"
printf -v A '%s %s' alembic 'upgrade head'; $A
printf -v A '%s %s' alembic current; $A
while read -r A; do alembic $A head; done <<< upgrade
declare A=upgrade; alembic $A head
f() { local A=upgrade; alembic $A head; }; f
readonly A=upgrade; alembic "$A" head
a=(alembic upgrade head); "${a[@]}"
a=(alembic upgrade head); ${a[*]}
a=(alembic upgrade); a+=(head); "${a[@]}"
a=(alembic current); "${a[@]}"
a=(alembic upgrade head); echo "${a[@]}"
a=(current upgrade); alembic ${a[1]} head
a=(upgrade current); alembic ${a[1]}
declare -a a=(alembic upgrade head); "${a[@]}"
set -- alembic upgrade head; "$@"
set -- alembic upgrade head; exec "$@"
set -- upgrade head; alembic "$@"
set -- x upgrade head; shift; alembic "$@"
set -- x alembic upgrade head; "${@:2}"
set -- head upgrade; alembic $2 $1
f() { alembic upgrade head; }; f
f() { alembic "$@"; }; f upgrade head
f() { alembic "$@"; }; f current
f() { alembic "$1" head; }; f upgrade
f() { "$@"; }; f alembic upgrade head
f() { shift; "$@"; }; f x alembic upgrade head
f() { echo "$@"; }; f alembic upgrade head
f() { alembic $V head; }; V=upgrade; f
f() { g; }; g() { alembic upgrade head; }; f
function f { alembic upgrade head; }\$NLf
f() (alembic upgrade head); f
alembic() { echo "$@"; }; alembic upgrade head
alembic() { command alembic "$@"; }; alembic upgrade head
shopt -s expand_aliases; alias m='alembic upgrade head'\$NLm
shopt -s expand_aliases; alias m='alembic'\$NLm upgrade head
alias m='alembic upgrade head'; echo m
alembic {upgrade,head}
{alembic,upgrade,head}
alembic upgrade he{ad,}
echo {alembic,upgrade,head}
alembic `echo upgrade` head
alembic $(echo upgrade) head
alembic $(printf upgrade) head
alembic "$(printf '%s' upgrade)" head
alembic $(cat <<< upgrade) head
$(echo alembic upgrade head)
$(which alembic) upgrade head
"$(command -v alembic)" upgrade head
echo $(alembic upgrade head)
echo "`alembic upgrade head`"
echo "text $(alembic upgrade head) text"
x=$(alembic upgrade head)
x="$(alembic current)"
cat <(alembic upgrade head)
: ${X:-$(alembic upgrade head)}
: $(( $(alembic upgrade head; echo 1) + 1 ))
[[ $(alembic upgrade head) == x ]]
[ -z "$(alembic upgrade head)" ]
case $(alembic upgrade head) in *) ;; esac
for x in $(alembic upgrade head); do :; done
a=($(alembic upgrade head))
cat <<EOF\$NL$(alembic upgrade head)\$NLEOF
cat <<'EOF'\$NL$(alembic upgrade head)\$NLEOF
echo '$(alembic upgrade head)'
echo "\$(alembic upgrade head)"
trap 'alembic upgrade head' EXIT
trap 'echo alembic upgrade head' EXIT
coproc alembic upgrade head; wait
source <(echo alembic upgrade head)
. /dev/stdin <<< 'alembic upgrade head'
alembic up[g]rade head; touch upgrade
./stubs/alembic upgrade head
stubs/alembic upgrade head
D=stubs; $D/alembic upgrade head
"$PWD/stubs/alembic" upgrade head
~+/stubs/alembic upgrade head
python -m alembic upgrade head
python -m alembic.config upgrade head
python -m alembic current
python -u -m alembic -c x.ini upgrade head
python -W ignore -malembic upgrade head
python3 -m alembic upgrade head --sql
P=python; $P -m alembic upgrade head
python packages/alembic/__main__.py upgrade head
flask db upgrade
flask --app wsgi db upgrade
flask db current
flask db upgrade --sql
flask db -d migrations stamp head
flask run db upgrade
echo flask db upgrade
alembic upgrade "head"; echo done
test -f x || alembic upgrade head
ls && alembic upgrade head || echo failed
grep -r 'alembic upgrade head' .
git commit -m 'alembic upgrade head'
sed -n 's/alembic upgrade head//p' /dev/null
awk '/alembic upgrade head/' /dev/null
cat alembic upgrade head
""".strip().splitlines()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    stubs = root / "stubs"
    stubs.mkdir()
    (root / "bin").mkdir()
    package = root / "packages" / "alembic"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(MODULE)
    (package / "config.py").write_text(MODULE)
    for name in ("alembic", "flask"):
        (stubs / name).write_text(STUB)
        (stubs / name).chmod(0o755)
    for name in ("python", "python3"):
        (root / "bin" / name).symlink_to(sys.executable)
    return root


def started(script: str, world: Path) -> bool:
    """Whether bash, given this script, starts a migration."""
    log = world / "log"
    log.write_text("")
    assert BASH is not None
    subprocess.run(
        [BASH, "-c", script],
        cwd=world,
        env={
            "PATH": f"{world}/stubs:{world}/bin:/usr/bin:/bin",
            "PYTHONPATH": str(world / "packages"),
            "STUB_LOG": str(log),
            "HOME": str(world),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=20,
    )
    time.sleep(0.02 if "&" in script or "coproc" in script else 0)
    for line in log.read_text().splitlines():
        words = line.split("\t")
        if words[0] == "flask" and (len(words) < 3 or "db" not in words or words[1] == "run"):
            continue
        if {"upgrade", "downgrade", "stamp"} & set(words) and "--sql" not in words:
            return True
    return False


def migrates(script: str) -> bool:
    return any(verdict.kind == "migration" for _, verdict in judge_shell(script))


@pytest.mark.skipif(BASH is None, reason="needs bash")
@pytest.mark.parametrize("script", [one.replace("\\$NL", "\n") for one in SCRIPTS])
def test_the_verdict_is_what_bash_does(script: str, world: Path) -> None:
    assert migrates(script) == started(script, world)


@given(st.lists(st.text(string.printable, min_size=1), min_size=1, max_size=6))
def test_quoted_words_come_back(words: list[str]) -> None:
    words = ["run", *(word.replace("\r", "") for word in words)]

    found = [[const(one) for one in one.words] for one in shell_commands(shlex.join(words))]

    assert found == [words]


def quoted(text: str) -> st.SearchStrategy[str]:
    """One shell spelling of a word, letter by letter."""
    return st.tuples(
        *(
            st.sampled_from(
                [
                    one,
                    f"'{one}'",
                    f'"{one}"',
                    f"\\{one}",
                    f"$'{one}'",
                    f"$'\\x{ord(one):02x}'",
                    f"{one}''",
                    f'""{one}',
                    f"{one}\\\n",
                    f'"{one}\\\n"',
                    f"$'\\{ord(one):03o}'",
                    f"${{UNSET_:-{one}}}",
                    f"$(echo {one})",
                    f"`printf {one}`",
                ]
            )
            for one in text
        )
    ).map("".join)


@pytest.mark.skipif(BASH is None, reason="needs bash")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=st.tuples(quoted("alembic"), quoted("upgrade"), quoted("head")).map(" ".join))
def test_a_command_cut_into_pieces_is_found_when_bash_runs_it(script: str, world: Path) -> None:
    if started(script, world):
        assert migrates(script)


WRAPPERS = [
    "{}",
    "({})",
    "{{ {}; }}",
    "if true; then {}; fi",
    "for _ in 1; do {}; done",
    "! {}",
    "true && {}",
    "false || {}",
    "{} || true",
    "{} | cat",
    "true | {}",
    "x=$({})",
    'echo "$({})"',
    "f() {{ {}; }}; f",
    "while :; do {}; break; done",
    "case a in a) {};; esac",
    "cat <({})",
    "sh <<'E_{n}'\n{}\nE_{n}\n",
    "time {}",
    "V=1; {}",
    "cd . && {}",
    "{} >/dev/null",
    "[[ -n x ]] && {}",
    "{}\ntrue",
    "set -eu\n{}",
]


@pytest.mark.skipif(BASH is None, reason="needs bash")
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wrappers=st.lists(st.sampled_from(WRAPPERS), max_size=4))
def test_a_command_is_found_however_deep_it_stands(wrappers: list[str], world: Path) -> None:
    script = "alembic upgrade head"
    for number, wrapper in enumerate(wrappers):
        script = wrapper.replace("{n}", str(number)).format(script)
    # Known limit: tree-sitter-bash ends a substitution at the `)` of a case pattern behind `time`.
    assume(not ("case" in script and "(" in script and "time" in script))
    if started(script, world):
        assert migrates(script)


FRAGMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            "alembic upgrade head $ ${ } $( ) ( ` ' \" \\ \n ; ;; & && | || < << <<E E <<<  > { }"
            " if then fi for in do done case esac function f() [[ ]] = += ! # eval exec sh -c"
            " \ue000 \ue001 \0 $@ $1 ${x:-y} <( )".split(" ")
        ),
        st.text(max_size=4),
    ),
    max_size=30,
).map(" ".join)


@settings(deadline=None)
@given(FRAGMENTS)
@example("a() { a; a; }; a")
@example('x=\'eval "$x"\'; eval "$x"')
@example("alias a=a; a; alias b='b c'; b")
@example("x=$x$x; x+=$x; ${!x} ${x[@]} ${@:1:2} ${#x} ${x/a}")
def test_any_text_is_read(script: str) -> None:
    for command, verdict in judge_shell(script):
        assert 0 <= command.row <= script.count("\n")
        assert verdict.kind in ("innocent", "unknown", "migration")


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    read_script(data.decode("utf-8", "surrogateescape"))


HOSTILE = {
    "parentheses": "( " * 3000 + "alembic upgrade head" + ")" * 3000,
    "substitutions": "echo $(" * 1000 + "alembic upgrade head" + ")" * 1000,
    "quoted substitutions": 'echo "$(' * 1000 + "alembic upgrade head" + ')"' * 1000,
    "defaults": "echo ${x:-" * 1000 + "$(alembic upgrade head)" + "}" * 1000,
    "conditions": "if a; then " * 1000 + "alembic upgrade head; " + "fi; " * 1000,
    "loops": "while a; do " * 300 + "alembic upgrade head; " + "done; " * 300,
    "lists": "a && " * 5000 + "alembic upgrade head",
    "pipes": "a | " * 3000 + "alembic upgrade head",
    "doubling value": "x=aaaaaaaa\n" + "x=$x$x\n" * 60 + "$x; alembic upgrade head",
    "many values": "".join(f"$c && x={n}\n" for n in range(500)) + "$x $x $x; alembic upgrade head",
    "calls": "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(40))
    + "f40() { alembic upgrade head; }\nf0\n",
    "braces": "echo " + "{a,b}" * 500 + "; alembic upgrade head",
    "open braces": "echo " + "{" * 5000 + "; alembic upgrade head",
    "nested evaluation": 'x=\'eval "$x"; eval "$x"\'; eval "$x"; alembic upgrade head',
    "one long word": "echo " + "a" * 1_000_000 + "; alembic upgrade head",
    "many words": "echo " + "a " * 50_000 + "; alembic upgrade head",
    "here-documents": "".join(f"cat <<E{n}\n$x $(y)\nE{n}\n" for n in range(1000))
    + "alembic upgrade head",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_script_is_read_in_time_and_the_command_found(name: str) -> None:
    began = time.process_time()

    found = migrates(HOSTILE[name])

    assert found
    assert time.process_time() - began < 8


def long_script(lines: int) -> str:
    body = (
        'log "step $STEP of ${TOTAL:-10}"\n'
        'if [ -n "$HOST" ] && pg_isready -h "$HOST"; then\n'
        "    run_step --name 'x y' $(date +%s) | tee -a log\n"
        "fi\n"
        "COUNT=$((COUNT + 1)); export NAME=value$COUNT\n"
    )
    return 'run_step() { echo "$@"; }\n' + body * (lines // 5) + "alembic upgrade head\n"


def test_time_grows_with_the_length_of_the_script() -> None:
    def seconds(lines: int) -> float:
        script = long_script(lines)
        best = 1e9
        for _ in range(2):
            began = time.process_time()
            assert migrates(script)
            best = min(best, time.process_time() - began)
        return best

    seconds(500)
    short, long = seconds(1_000), seconds(10_000)

    assert long < 25 * short + 0.5


def test_a_script_may_be_given_any_arguments() -> None:
    assert migrates('exec alembic "$@"')
    assert migrates('alembic "${1:-current}"')
    assert not migrates('alembic current "$@"')
    assert [verdict.kind for _, verdict in judge_shell('exec "$@"')] == ["unknown"]


LOGINS = {
    "ssh host <<X\nalembic upgrade head\nX\n": True,
    "ssh -T deploy@host bash -s <<'X'\nalembic upgrade head\nX\n": True,
    "ssh host 'sudo -u app bash' <<X\nalembic upgrade head\nX\n": True,
    "ssh host 'docker exec -i web sh' <<X\nalembic upgrade head\nX\n": True,
    "su - app <<X\nalembic upgrade head\nX\n": True,
    "sudo -iu app <<X\nalembic upgrade head\nX\n": True,
    "echo 'alembic upgrade head' | ssh host": True,
    "cat <<X | ssh host bash\nalembic upgrade head\nX\n": True,
    "ssh host cat <<X\nalembic upgrade head\nX\n": False,
    "ssh host 'cat > notes' <<X\nalembic upgrade head\nX\n": False,
    "ssh host alembic current <<X\nalembic upgrade head\nX\n": False,
    "su app -c 'psql shop' <<X\nalembic upgrade head\nX\n": False,
}


@pytest.mark.parametrize(("script", "migrates"), LOGINS.items())
def test_a_login_reads_its_standard_input_as_a_shell_does(script: str, migrates: bool) -> None:
    kinds = {verdict.kind for _, verdict in judge_shell(script)}
    assert ("migration" in kinds) is migrates
