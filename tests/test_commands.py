"""Verdicts on command lines, as a table; Alembic's own parser has the last word."""

from __future__ import annotations

import contextlib
import io
import shlex
import subprocess
import sys

import pytest
from alembic.config import CommandLine
from hypothesis import given
from hypothesis import strategies as st

from interlock_checks.commands import (
    REST,
    UNKNOWN,
    Argument,
    Verdict,
    const,
    judge_argv,
    judge_shell,
    word,
)
from interlock_checks.commands.prefixes import INERT, PREFIXES, Group, Prefix, marks
from interlock_checks.commands.tools import ALEMBIC_READS, ALEMBIC_WRITES

# In the tables `?` is a word that is not known, `...` any number of them, `{}` an unknown part.
MIGRATIONS = r"""
alembic upgrade head
alembic downgrade -1
alembic downgrade base
alembic stamp --purge head
alembic stamp a b
alembic ensure_version
alembic -c alembic.ini upgrade head
alembic --config=alembic.ini upgrade head
alembic --config alembic.ini -n tenant -x a=b -x c=d upgrade head
alembic --conf x --nam y upgrade head
alembic -cx.ini -qx tenant=all upgrade head
alembic --raiseerr --quiet upgrade head
alembic -x --sql upgrade head
alembic -c --help upgrade head
alembic upgrade head --tag --sql
alembic upgrade head --tag x
alembic upgrade -- head --sql
alembic upgrade +2
alembic upgrade ae10+2
alembic upgrade ?
alembic ? head
alembic ?
alembic ...
alembic -c ? upgrade head
alembic -c ? ?
alembic -c ? ...
alembic up{} head
alembic {}grade head
alembic upgrade head {}
{}/bin/alembic upgrade head
{}alembic upgrade head
/usr/local/bin/alembic upgrade head
.venv\Scripts\alembic.exe upgrade head
alemb{} upgrade head
? upgrade head
? downgrade base
? downgrade -1
? stamp heads
? stamp head@base
? upgrade ae1027a6acf
? -c alembic.ini upgrade head
? -c ? upgrade ?
... upgrade head
? -m alembic upgrade head
? -m alembic.config -c x upgrade head
? db upgrade
? alembic upgrade head
? run web alembic upgrade head
... alembic -c x upgrade head
? bash -c 'alembic upgrade head'
? python -m alembic upgrade head
? run flask db upgrade
unknown-wrapper alembic upgrade head
./with-env.sh -- alembic upgrade head
./with-env.sh python -m alembic upgrade head
python tools/wait_for_db.py -- alembic upgrade head
python -m alembic upgrade head
python -m alembic.config upgrade head
python -m alembic.__main__ upgrade head
python -malembic upgrade head
python3.11 -m alembic upgrade head
python3.13t -Im alembic upgrade head
pypy3 -m alembic upgrade head
py -3.11 -m alembic upgrade head
/usr/bin/env python3 -u -W ignore -X dev -m alembic -x a=b upgrade head
python /usr/bin/alembic upgrade head
python {}/bin/alembic upgrade head
python -O site-packages/alembic/__main__.py upgrade head
python site-packages/alembic/config.py upgrade head
python -m ?
python -m ? upgrade head
python -m ? ...
python -m ? -c x upgrade ?
python -m alembic ?
python ... -m alembic upgrade head
python ? upgrade head
flask db upgrade
flask db downgrade
flask db stamp head
flask --app wsgi db upgrade --directory migrations
flask -A wsgi --debug db -x tenant=a upgrade
flask --app=? db upgrade
flask db ?
flask db ...
flask ? upgrade
flask db migrate upgrade head
flask db reset
flask db upgrade -d --sql
flask db -d --sql upgrade
flask database upgrade
python -m flask db upgrade
python -m flask --app x db stamp head
quart db upgrade
python -m quart --app x db upgrade
litestar database upgrade
litestar --app app:app db downgrade
litestar --app-dir src database drop-all --no-prompt
litestar database stamp head
litestar database ensure-version
alchemy --config app.db.config upgrade
alchemy --config app.db.config upgrade head --no-prompt
python -m advanced_alchemy --config x downgrade
python manage.py db upgrade
python manage.py -c config.py db upgrade
./manage.py db downgrade
python {}/manage.py db upgrade
env alembic upgrade head
env -i PATH=/bin X=? alembic upgrade head
env -u HOME --chdir /srv -- alembic upgrade head
env -S 'X=1 alembic upgrade' head
env --split-string='alembic upgrade head'
/usr/bin/env -vS alembic upgrade head
sudo alembic upgrade head
sudo -u postgres -E alembic upgrade head
sudo -Hu app X=1 alembic upgrade head
sudo --user=app --preserve-env=X -- alembic upgrade head
doas -u app alembic upgrade head
su app -c 'alembic upgrade head'
su - app -s /bin/sh -c 'alembic upgrade head'
su -c 'alembic upgrade head' app
runuser -u app -- alembic upgrade head
runuser -l app -c 'alembic upgrade head'
gosu app:app alembic upgrade head
su-exec app alembic upgrade head
s6-setuidgid app alembic upgrade head
setpriv --reuid app --init-groups alembic upgrade head
chpst -u app alembic upgrade head
with-contenv alembic upgrade head
tini -- alembic upgrade head
tini -g -p SIGTERM -- alembic upgrade head
/usr/bin/dumb-init alembic upgrade head
chroot /srv alembic upgrade head
chroot --userspec=app /srv alembic upgrade head
nohup alembic upgrade head
nice -n 10 alembic upgrade head
ionice -c 3 alembic upgrade head
timeout 60 alembic upgrade head
timeout -k 5 -s TERM 60s alembic upgrade head
time -p alembic upgrade head
stdbuf -oL -eL alembic upgrade head
setsid -w alembic upgrade head
flock /tmp/lock alembic upgrade head
flock -n /tmp/lock -c 'alembic upgrade head'
flock -w 10 /tmp/lock alembic upgrade head
xvfb-run -a -s '-screen 0' alembic upgrade head
watch -n 5 alembic upgrade head
strace -f -e trace=network -o log alembic upgrade head
gdb -q --args python -m alembic upgrade head
script -q -c 'alembic upgrade head' log
unbuffer alembic upgrade head
systemd-run --user --wait -p X=1 alembic upgrade head
nsenter -t 1 -m alembic upgrade head
poetry run alembic upgrade head
poetry -C server run alembic upgrade head
pipenv run alembic upgrade head
pdm run -p server alembic upgrade head
rye run alembic upgrade head
hatch run alembic upgrade head
hatch -e dev run alembic upgrade head
hatch run dev:alembic upgrade head
uv run alembic upgrade head
uv run --with psycopg --env-file .env alembic upgrade head
uv run -m alembic upgrade head
uv run --module alembic upgrade head
uv run python -m alembic upgrade head
uv --directory server run --frozen --no-dev alembic upgrade head
uv run --some-new-option value alembic upgrade head
uv run ... alembic upgrade head
uv tool run alembic upgrade head
uvx alembic upgrade head
uvx alembic@1.13.2 upgrade head
uvx --from 'alembic[tz]' --with psycopg alembic upgrade head
pipx run alembic upgrade head
pipx run --spec alembic==1.13 alembic upgrade head
conda run -n app --no-capture-output alembic upgrade head
micromamba run -n app alembic upgrade head
pixi run -e dev alembic upgrade head
pyenv exec alembic upgrade head
mise exec python@3.12 -- alembic upgrade head
direnv exec . alembic upgrade head
dotenv run alembic upgrade head
dotenv -f .env run -- alembic upgrade head
python -m dotenv run alembic upgrade head
npx dotenv-cli -e .env -- alembic upgrade head
cross-env X=1 alembic upgrade head
honcho run alembic upgrade head
aws-vault exec prod -- alembic upgrade head
op run --env-file=.env -- alembic upgrade head
doppler run -- alembic upgrade head
doppler run --command 'alembic upgrade head'
chamber exec prod -- alembic upgrade head
sops exec-env secrets.yaml 'alembic upgrade head'
infisical run --env=prod -- alembic upgrade head
coverage run -m alembic upgrade head
coverage run --branch --source app -m alembic upgrade head
python -m coverage run -m alembic upgrade head
python -m coverage run --rcfile=x /usr/bin/alembic upgrade head
python -m pdb -m alembic upgrade head
python -m pdb -c continue -m alembic upgrade head
python -m cProfile -o out -m alembic upgrade head
python -m trace -t --module alembic upgrade head
kernprof -l -m alembic upgrade head
ddtrace-run alembic upgrade head
opentelemetry-instrument alembic upgrade head
newrelic-admin run-program alembic upgrade head
docker run image alembic upgrade head
docker run --rm -it -e X=1 -v $PWD:/srv --network host image:1 alembic upgrade head
docker run --rm --entrypoint alembic image upgrade head
docker run --entrypoint '' image alembic upgrade head
docker run --entrypoint=sh image -c 'alembic upgrade head'
docker run ... image alembic upgrade head
docker --context prod container run image alembic upgrade head
docker exec -it web alembic upgrade head
docker exec -u app -w /srv {}_web alembic upgrade head
docker exec ? sh -c 'cd /srv && alembic upgrade head'
docker compose run --rm web alembic upgrade head
docker compose -f a.yml -f b.yml --profile x run --rm -T -e X=1 web alembic upgrade head
docker compose exec -T web alembic upgrade head
docker compose run --entrypoint 'alembic upgrade head' web
docker-compose run --rm web flask db upgrade
alembic-3 -c alembic.ini upgrade head
python3 /usr/bin/alembic-3.13 upgrade head
flask3 db upgrade
tox -qe dev --run-command 'alembic upgrade head'
tox exec -e dev -- alembic upgrade head
tox -e dev -- alembic upgrade head
docker-compose -p x exec web bash -c 'alembic upgrade head'
podman run --rm image alembic upgrade head
kubectl exec pod -- alembic upgrade head
kubectl -n prod exec -it deploy/web -c app -- alembic upgrade head
kubectl exec -it deploy/web -n ? -- sh -c 'alembic upgrade head'
kubectl run migrate --image=x --restart=Never -- alembic upgrade head
kubectl run migrate --image x --command -- alembic upgrade head
kubectl create job x --image=y -- alembic upgrade head
oc rsh dc/web alembic upgrade head
heroku run alembic upgrade head
heroku run -a app -- alembic upgrade head
heroku run 'alembic upgrade head' --app x
heroku run:detached alembic upgrade head -a x
fly ssh console -C 'alembic upgrade head'
fly ssh console -a app --command 'alembic upgrade head'
flyctl ssh console --pty -C "sh -c 'alembic upgrade head'"
railway run alembic upgrade head
dokku run app alembic upgrade head
ssh host alembic upgrade head
ssh -i key -p 22 -o X=y user@host 'cd /srv && alembic upgrade head'
ssh -t host "bash -lc 'alembic upgrade head'"
ssh ? 'alembic upgrade head'
sshpass -p x ssh host alembic upgrade head
vagrant ssh -c 'alembic upgrade head'
gcloud compute ssh vm --zone z --command 'alembic upgrade head'
aws ecs execute-command --cluster c --task t --interactive --command 'alembic upgrade head'
bash -c 'alembic upgrade head'
sh -ec 'cd /srv; alembic upgrade head'
/bin/bash -lc 'alembic upgrade head'
bash -euo pipefail -c 'alembic upgrade head'
bash -o errexit -c 'alembic upgrade head'
bash -c 'alembic {} head'
bash -c 'alembic "$@"' _ upgrade head
bash -c '{} upgrade head'
bash -c 'X=1 poetry run alembic upgrade head && exec gunicorn'
busybox sh -c 'alembic upgrade head'
cmd /c alembic upgrade head
cmd.exe /c 'alembic upgrade head'
powershell -NoProfile -Command 'alembic upgrade head'
xargs alembic upgrade
xargs -n 1 alembic
xargs -I{} alembic upgrade {}
xargs -0 -P 4 sh -c 'alembic upgrade head'
parallel alembic -x tenant={} upgrade head ::: a b
parallel ::: 'alembic upgrade head' true
find . -name x -exec alembic upgrade head ;
find . -execdir sh -c 'alembic upgrade head' {} +
concurrently vite 'alembic upgrade head'
git bisect run alembic upgrade head
eval alembic upgrade head
wait-for-it.sh db:5432 -t 60 -- alembic upgrade head
./wait-for-it.sh db:5432 --strict -- alembic upgrade head
dockerize -wait tcp://db:5432 -timeout 60s alembic upgrade head
sudo -u app env X=1 timeout 60 nice poetry run python -m alembic upgrade head
""".strip().splitlines()

INNOCENT = r"""
alembic
alembic --help
alembic -h
alembic --version
alembic --version upgrade head
alembic upgrade --help
alembic upgrade head --sql
alembic upgrade --sql head
alembic -c x.ini upgrade ?:head --sql
alembic upgrade --tag x --sql head
alembic downgrade ? --sql
alembic stamp head --sql
alembic ensure_version --sql
alembic current
alembic current --verbose
alembic history -r base:head
alembic heads
alembic branches
alembic show head
alembic check
alembic revision --autogenerate -m 'upgrade head'
alembic revision -m ?
alembic merge -m upgrade heads
alembic list_templates
alembic init upgrade
alembic edit head
alembic -c ? current
alembic ... history
alembic ? current
alembic -n upgrade current
alembic -x upgrade heads
alembic rev{} x
alembic nonsense upgrade head
{}/bin/alembic current
interlock alembic upgrade head
interlock deploy production
interlock migrate
interlock check
$X interlock alembic upgrade head
poetry run interlock alembic upgrade head
pip install --upgrade alembic
pip install -U alembic upgrade head
python -m pip install --upgrade pip alembic sqlalchemy
apt-get upgrade --yes
sudo apt-get update
sudo apt-get upgrade
uv add alembic
uv pip install --upgrade alembic
uv sync --upgrade
uv tool install alembic
uv tool upgrade alembic
poetry add alembic
poetry update alembic
pipx upgrade alembic
npm run upgrade head
make upgrade head
make ?
just alembic upgrade head
echo alembic upgrade head
printf '%s' 'alembic upgrade head'
grep -r 'alembic upgrade head' .
cat alembic upgrade head
git commit -m 'alembic upgrade head'
git grep alembic upgrade head
which alembic
command -v alembic
sudo -l alembic upgrade head
env -u X echo alembic upgrade head
timeout 5 echo alembic upgrade head
bash -c 'echo alembic upgrade head'
bash -c 'echo "alembic upgrade head" > notes.txt'
bash --version -c 'alembic upgrade head'
python -c 'print("alembic upgrade head")'
python -m pytest -k 'alembic upgrade head'
python -m shop.deploy production
python -m shop.{} upgrade head
python -m ? install --upgrade alembic
python tools/migrate.py upgrade head
python manage.py migrate
python manage.py db current
python manage.py db upgrade --sql
python manage.py runserver
flask run
flask ...
flask --help
flask db
flask db --help
flask db current
flask db history
flask db migrate -m 'upgrade head'
flask db revision
flask db upgrade --sql
flask db check
flask shell
flask routes db upgrade
quart run
litestar run
litestar database make-migrations
litestar database show-current-revision
alchemy --config upgrade heads
airflow db migrate
superset db upgrade
shop db upgrade
helm upgrade release chart
npm upgrade
conda upgrade alembic
docker pull alembic
docker build -t alembic upgrade
docker run alembic upgrade head
docker run --rm image echo alembic upgrade head
docker run --name alembic image current
docker compose up --build alembic
docker compose run web
docker compose run alembic
kubectl exec pod -- alembic current
kubectl apply -f alembic
kubectl rollout status deployment/alembic
ssh host uptime
ssh alembic upgrade
su app -c 'alembic current'
poetry run alembic current
poetry run pytest
pipx install alembic
uv run alembic check
uvx ruff check
coverage run -m pytest
coverage run manage.py upgrade head
coverage report
timeout 60 alembic history
find . -name alembic -print
find . -exec grep alembic {} ;
xargs echo alembic upgrade head
xargs alembic current
xargs rm
tar -xf alembic upgrade.tar
$X install --upgrade alembic
? install --upgrade alembic
? install alembic
? upgrade
? upgrade --install release chart
? upgrade release chart
? upgrade -y package
? stamp
? echo alembic upgrade head
? -c x current
? current
? -m pip install --upgrade alembic
? run web alembic current
pg_dump shop
psql -c 'alembic upgrade head'
gunicorn app:app
celery -A app worker
pytest tests
ruff check .
tox -e upgrade
nox -s upgrade
cmd /c echo alembic upgrade head
git clone alembic upgrade head
wait-for-it.sh db:5432 -- uvicorn app:app
""".strip().splitlines()

UNKNOWNS = r"""
?
...
? x
? run
sudo ?
bash -c ?
timeout 5 ?
poetry run ...
docker run image ?
ssh host ?
bash -c 'cd x; {} x'
python ?
eval ?
""".strip().splitlines()


def argv(line: str) -> list[Argument]:
    """The words of a row in the notation of the tables."""

    def one(text: str) -> Argument:
        if text == "...":
            return REST
        if text == "?" or text == "$X":
            return UNKNOWN
        parts: list[str | None] = []
        for index, piece in enumerate(text.split("{}")):
            parts.extend([None] if index else [])
            parts.append(piece)
        if text == "{}":
            return ("{}",)
        return tuple(part for part in parts if part != "")

    if line.startswith("find") or line.startswith("xargs") or line.startswith("parallel"):
        return [(text,) for text in shlex.split(line)]
    return [one(text) for text in shlex.split(line.replace("\\", "\\\\"))]


@pytest.mark.parametrize("line", MIGRATIONS)
def test_a_command_that_migrates_is_found(line: str) -> None:
    verdict = judge_argv(argv(line))

    assert verdict.kind == "migration"
    assert verdict.what


@pytest.mark.parametrize("line", INNOCENT)
def test_a_command_that_does_not_migrate_is_no_finding(line: str) -> None:
    assert judge_argv(argv(line)).kind != "migration"


@pytest.mark.parametrize("line", UNKNOWNS)
def test_a_command_decided_at_run_time_is_an_assumption(line: str) -> None:
    assert judge_argv(argv(line)).kind == "unknown"


ALEMBIC_WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            "-c --config --config=x --conf -n --name -x -q --raiseerr --quiet -cx -qc -h --help"
            " --version -- --sql --sq --tag --tag=x --ta --purge head base -1 +1 x -m -v -r -i"
            " --verbose --autogenerate upgrade downgrade stamp".split()
        ),
        st.sampled_from(sorted(ALEMBIC_WRITES | ALEMBIC_READS)),
    ),
    max_size=8,
)


@given(ALEMBIC_WORDS)
def test_no_arguments_that_alembic_would_migrate_with_are_missed(words: list[str]) -> None:
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            options = CommandLine().parser.parse_args(words)
        except SystemExit:
            return  # refused, or help: nothing runs
    if not hasattr(options, "cmd"):
        return
    writes = options.cmd[0].__name__ in ALEMBIC_WRITES

    verdict = judge_argv([word("alembic"), *map(word, words)])

    if writes and not options.sql:
        assert verdict.kind == "migration"
    if not writes:
        assert verdict == Verdict("innocent")
    if writes and options.sql and "--sql" in words and "--" not in words and "--ta" not in words:
        assert verdict == Verdict("innocent")


@given(ALEMBIC_WORDS, st.data())
def test_hiding_a_word_never_makes_a_migration_innocent(
    words: list[str], data: st.DataObject
) -> None:
    known: list[Argument] = [word("alembic"), *map(word, words)]
    if judge_argv(known).kind != "migration" or (ALEMBIC_READS | {"--version"}) & set(words):
        return  # `alembic ? current` reads only; `alembic ? --version` ends before it does anything
    hidden = data.draw(st.integers(0, len(known) - 1))
    unknown: list[Argument] = [UNKNOWN, REST]
    known[hidden] = data.draw(st.sampled_from(unknown))

    if hidden:
        assert judge_argv(known).kind == "migration"
    else:
        assert judge_argv(known).kind in ("migration", "unknown")


WORD = st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1, max_size=3).map(tuple)
NAMES = sorted(
    {
        *PREFIXES,
        *INERT,
        "alembic",
        "flask",
        "db",
        "upgrade",
        "head",
        "python",
        "-m",
        "-c",
        "--",
        "sh",
        "find",
        "xargs",
        "-exec",
        "{}",
        ";",
        "run",
        "exec",
        "-I",
        "-S",
    }
)


@given(st.lists(st.one_of(WORD, st.just(REST), st.sampled_from(NAMES).map(word)), max_size=12))
def test_every_list_of_words_has_a_verdict(words: list[Argument]) -> None:
    assert judge_argv(words).kind in ("innocent", "unknown", "migration")


@given(
    st.lists(
        st.sampled_from(
            sorted(
                set(PREFIXES)
                & {
                    "env",
                    "nohup",
                    "nice",
                    "sudo",
                    "time",
                    "setsid",
                    "poetry run",
                    "chronic",
                    "command",
                    "exec",
                }
            )
        ),
        max_size=20,
    )
)
def test_any_number_of_prefixes_is_stepped_through(names: list[str]) -> None:
    words = [*names, "alembic", "upgrade", "head"]

    assert judge_argv([word(one) for one in words]).kind == "migration"


def _prefixes(table: dict[str, Prefix | Group], path: tuple[str, ...] = ()) -> list[Prefix]:
    found: list[Prefix] = []
    for name, entry in table.items():
        if isinstance(entry, Group):
            found.extend(_prefixes(dict(entry.commands), (*path, name)))
        else:
            found.append(entry)
    return found


def test_the_options_in_the_table_are_options() -> None:
    for entry in _prefixes(PREFIXES):
        for option, mark in marks(entry.options).items():
            assert option[0] in "-/", (option, entry)
            assert mark in ("", ":", "$", ">", "@", "!", "#", ",")


def test_text_for_python_is_handed_on_with_its_row() -> None:
    verdict = judge_argv(argv("poetry run python -W ignore -c 'import alembic' x"))

    assert [(one.text, one.row) for one in verdict.python] == [(("import alembic",), 0)]


def test_scripts_and_modules_that_are_run_are_named() -> None:
    assert judge_argv(argv("sudo python -u tools/x.py a")).files == ("tools/x.py",)
    assert judge_argv(argv("uv run -m shop.deploy production")).modules == ("shop.deploy",)
    assert judge_argv(argv("bash -e scripts/db.sh")).files == ("scripts/db.sh",)


def test_the_message_names_the_command() -> None:
    assert judge_argv(argv("poetry run alembic stamp head")).what == "`alembic stamp`"
    assert judge_argv(argv("flask --app x db upgrade")).what == "`flask db upgrade`"


def test_rows_of_nested_text_count_from_the_outer_text() -> None:
    script = "set -e\n\npython - <<'PY'\nimport x\nPY\nsh -c '\n  true\n  alembic upgrade head\n'\n"

    found = judge_shell(script)

    assert [one.row for _, verdict in found for one in verdict.python] == [3]
    assert [one.row for one, verdict in found if verdict.kind == "migration"] == [7]


def test_the_parser_is_imported_only_for_shell_text() -> None:
    code = (
        "import sys; from interlock_checks.commands import judge_argv;"
        "judge_argv([('docker',), ('run',), ('image',), ('alembic',), ('upgrade',), ('head',)]);"
        "assert not [one for one in sys.modules if one.startswith('tree_sitter')]"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_words_of_a_command_are_kept() -> None:
    [(command, _)] = judge_shell("X=1 alembic -x 'a b' upgrade head || true")[:1]

    assert [const(one) for one in command.words] == ["alembic", "-x", "a b", "upgrade", "head"]
    assert command.environment == (("X", ("1",)),)
