"""Scripts, makefiles, images and units: a command is found in its row, wherever it stands."""

from __future__ import annotations

from textwrap import dedent

import pytest

from interlock_checks.discover import Source
from interlock_checks.documents.kinds import format_by_head, format_by_name
from interlock_checks.documents.model import Document
from interlock_checks.documents.read import read_document


def document(path: str, text: str) -> Document:
    return read_document(Source(path, "document", dedent(text).lstrip("\n").encode(), b""))


def rows(found: Document, code: str = "IL102") -> list[int]:
    nested = [span.row for one in found.nested for span in one.facts.spans]
    return sorted({one.row for one in found.claims if one.code == code} | set(nested))


NAMES = {
    "bin/deploy.sh": "shell",
    "Makefile": "makefile",
    "build/rules.mk": "makefile",
    "Makefile.local": "makefile",
    "docker/Dockerfile.worker": "dockerfile",
    "api.Dockerfile": "dockerfile",
    "justfile": "justfile",
    "Procfile.dev": "procfile",
    "etc/cron.d/shop": "crontab",
    "deploy/shop.service": "systemd",
    "ci/Jenkinsfile": "jenkinsfile",
    "Vagrantfile": "embedded",
    ".envrc": "shell",
    "image/bashrc": "shell",
    ".husky/pre-commit": "shell",
    "scripts/up.ps1": "powershell",
    "entrypoint.sh.j2": "shell",
    "README.md": None,
    "docs/dockerfile.md": None,
    "app/makefile.py": None,
}


@pytest.mark.parametrize(("path", "name"), NAMES.items())
def test_a_document_is_known_by_its_name(path: str, name: str | None) -> None:
    assert format_by_name(path) == name


HEADS = {
    b"#!/bin/sh\n": "shell",
    b"#!/usr/bin/env -S bash -e\n": "shell",
    b"#! /usr/bin/env dash\n": "shell",
    b"#!/usr/bin/make -f\n": "makefile",
    b"#!/usr/bin/env just --justfile\n": "justfile",
    b"#!/usr/bin/env node\n": None,
    b"alembic upgrade head\n": "shell",  # the run bit and no shebang: the caller's shell runs it
    b"\x7fELF\0\0": None,
}


@pytest.mark.parametrize(("head", "name"), HEADS.items())
def test_a_script_is_known_by_its_first_bytes(head: bytes, name: str | None) -> None:
    assert format_by_head("bin/tool", head, executable=True) == name


def test_a_file_without_run_bit_and_shebang_is_no_script() -> None:
    assert format_by_head("LICENSE", b"alembic upgrade head\n", executable=False) is None


MIGRATES = {
    "recipe": (
        "Makefile",
        """
        db:
        \t@echo migrating
        \talembic upgrade head
        """,
        [3],
    ),
    "variables of make, also conditional": (
        "Makefile",
        """
        TOOL ?= poetry run alembic
        ifeq ($(ENV),prod)
        VERB = upgrade
        else
        VERB = current
        endif
        db: ; $(TOOL) $(VERB) head
        """,
        [7],
    ),
    "a variable that two targets set": (
        "Makefile",
        """
        services: args ?= up -d
        services:
        \tdocker compose $(args)
        db: args ?= upgrade head
        db:
        \ttox -qe dev --run-command 'alembic $(args)'
        """,
        [6],
    ),
    "canned recipe": (
        "Makefile",
        """
        define migrate
        \tpip install .
        \talembic $(1) head
        endef
        db:
        \t$(call migrate,upgrade)
        """,
        [3],
    ),
    "shell function of make": ("Makefile", "X := $(shell alembic upgrade head)\n", [1]),
    "line that goes on": (
        "Makefile",
        """
        db:
        \tfor one in a b; do \\
        \t  alembic -n $$one upgrade head; \\
        \tdone
        """,
        [3],
    ),
    "one shell for the recipe, in Python": (
        "Makefile",
        """
        .ONESHELL:
        SHELL = python3
        db:
        \tfrom alembic import command
        \tcommand.upgrade(None, "head")
        """,
        [4, 5],
    ),
    "just recipe": (
        "justfile",
        """
        tool := "alembic"
        db target="head":
            {{tool}} upgrade {{target}}
        """,
        [3],
    ),
    "just recipe with a shebang": (
        "justfile",
        """
        db:
            #!/usr/bin/env bash
            set -e
            alembic upgrade head
        """,
        [4],
    ),
    "shell form": ("Dockerfile", "FROM a\nCMD alembic upgrade head && gunicorn app\n", [2]),
    "exec form": ("Dockerfile", 'FROM a\nCMD ["alembic", "upgrade", "head"]\n', [2]),
    "entry point and command": (
        "Dockerfile",
        'FROM a\nENTRYPOINT ["tini", "--", "alembic"]\nCMD ["upgrade", "head"]\n',
        [2],
    ),
    "entry point that takes any words": ("Dockerfile", 'FROM a\nENTRYPOINT ["alembic"]\n', [2]),
    "behind a comment and a continuation": (
        "Dockerfile",
        """
        FROM a
        RUN pip install . && \\
            # now the schema
            alembic upgrade head
        """,
        [4],
    ),
    "environment of the image": (
        "Dockerfile",
        'FROM a\nENV TOOL="alembic"\nRUN $TOOL upgrade head\n',
        [3],
    ),
    "here-document": (
        "Dockerfile",
        "FROM a\nRUN <<EOF\npip install .\nalembic upgrade head\nEOF\n",
        [4],
    ),
    "escape directive": (
        "Dockerfile",
        "# escape=`\nFROM a\nRUN pip install . && `\n  alembic upgrade head\n",
        [4],
    ),
    "health check": (
        "Dockerfile",
        "FROM a\nHEALTHCHECK --interval=5s CMD alembic upgrade head\n",
        [2],
    ),
    "image built on this one": ("Dockerfile", "FROM a\nONBUILD RUN alembic upgrade head\n", [2]),
    "entry point taken over from a stage": (
        "Dockerfile",
        'FROM a AS b\nENTRYPOINT ["alembic"]\nCMD ["heads"]\nFROM b\nCMD ["upgrade", "head"]\n',
        [2],
    ),
    "release phase": ("Procfile", "web: gunicorn app\nrelease: flask db upgrade\n", [2]),
    "cron": ("crontab", "MAILTO=x\n0 3 * * * cd /srv && alembic upgrade head\n", [2]),
    "cron of the system": ("etc/cron.d/shop", "@daily app alembic upgrade head\n", [1]),
    "unit": (
        "shop.service",
        "[Service]\nExecStartPre=-/srv/venv/bin/alembic upgrade head\nExecStart=/srv/run\n",
        [2],
    ),
    "pipeline step": (
        "Jenkinsfile",
        """
        pipeline { stages { stage('db') { steps {
            // sh 'alembic downgrade base'
            sh "alembic -x env=${env.TARGET} upgrade head"
            sh(script: '''
                set -e
                alembic upgrade head
            ''', returnStatus: true)
        } } } }
        """,
        [3, 6],
    ),
    "provisioner": (
        "Vagrantfile",
        'c.vm.provision "shell", inline: <<-SHELL\n  apt update\n  alembic upgrade head\nSHELL\n',
        [3],
    ),
    "capistrano": ("config/deploy.rb", "# run 'x'\nexecute :alembic, 'upgrade head'\n", [2]),
    "chef": (
        "cookbooks/shop/recipes/schema.rb",
        "bash 'up' do\n  code <<-EOH\n    alembic stamp head\n  EOH\nend\n",
        [3],
    ),
    "puppet": ("shop.pp", "exec { 'up':\n  command => '/v/bin/alembic upgrade head',\n}\n", [2]),
    "tilt": ("Tiltfile", "local_resource('up', 'alembic upgrade head')\n", [1]),
    "bazel": ("db/BUILD.bazel", 'genrule(\n    cmd = "alembic upgrade head",\n)\n', [2]),
    "nix": (
        "flake.nix",
        "{ shellHook = ''\n    # here\n    ${python}/bin/alembic upgrade head\n  ''; }\n",
        [3],
    ),
    "earth": ("Earthfile", "schema:\n    RUN --push alembic upgrade head\n", [2]),
    "psql": ("seed.sql", "SELECT 1;\n\\! alembic upgrade head\n", [2]),
    "copy from program": ("seed.sql", "COPY t FROM PROGRAM 'alembic upgrade head';\n", [1]),
    "ansible by hand": ("x.sh", "ansible web -b -m shell -a 'alembic upgrade head'\n", [1]),
    "kamal": (".kamal/hooks/pre-deploy", "kamal app exec 'alembic upgrade head'\n", [1]),
    "started process": (
        "up.ps1",
        "Start-Process -Wait -FilePath alembic -ArgumentList 'upgrade', 'head'\n",
        [1],
    ),
    "expression": ("up.ps1", 'Invoke-Expression "alembic upgrade head"\n', [1]),
    "batch": ("up.bat", "@echo off\ncall venv\\Scripts\\alembic.exe upgrade head\n", [2]),
    "powershell": ("up.ps1", "$env:X = 1\n& poetry run alembic upgrade head\n", [2]),
    "template": (
        "entry.sh.j2",
        "{% if db %}\nalembic -n {{ name }} upgrade head\n{% endif %}\n",
        [2],
    ),
    "python in a here-document": (
        "x.sh",
        "python - <<'EOF'\nfrom alembic import command\n\ncommand.upgrade(None, 'head')\nEOF\n",
        [2, 4],
    ),
    "python with an unknown string in it": (
        "x.sh",
        "python -c \"from alembic import command; command.upgrade(None, '$REV')\"\n",
        [1],
    ),
    "interactive shell of the application": (
        "x.sh",
        "flask shell <<EOF\nfrom alembic import command\ncommand.upgrade(None, 'head')\nEOF\n",
        [2, 3],
    ),
}


@pytest.mark.parametrize(("path", "text", "expected"), MIGRATES.values(), ids=MIGRATES)
def test_a_migration_is_found_in_its_row(path: str, text: str, expected: list[int]) -> None:
    assert rows(document(path, text)) == expected


HARMLESS = {
    "overridden command": ("Dockerfile", 'FROM a\nCMD alembic upgrade head\nCMD ["gunicorn"]\n'),
    "command that an entry point replaces": (
        "Dockerfile",
        'FROM a\nCMD ["alembic", "upgrade", "head"]\nENTRYPOINT exec gunicorn app\n',
    ),
    "reading": ("Makefile", "heads:\n\talembic heads && alembic upgrade head --sql > up.sql\n"),
    "wrapper": ("Makefile", "db:\n\tinterlock alembic upgrade head\n"),
    "comment and message": (
        "Makefile",
        "# alembic upgrade head\nhelp:\n\t@echo 'alembic upgrade head'  # alembic stamp head\n",
    ),
    "message of a machine": (
        "Vagrantfile",
        "config.vm.post_up_message = <<-TEXT\n  alembic upgrade head\nTEXT\n",
    ),
    "notice of a catalogue": ("shop.pp", "notify { 'alembic upgrade head': }\n"),
    "comment of a build": (
        "Tiltfile",
        "# local('alembic upgrade head')\nlocal('alembic history')\n",
    ),
    "printing shell hook": ("flake.nix", "{ shellHook = ''echo 'alembic upgrade head'''; }\n"),
    "text in a table": (
        "seed.sql",
        "-- \\! alembic upgrade head\n\\! alembic current\n"
        "INSERT INTO t VALUES ('\\! alembic upgrade head');\n",
    ),
    "help of a script": (
        "up.ps1",
        "<#\nalembic upgrade head\n#>\nWrite-Host alembic upgrade head\nalembic history\n",
    ),
    "title of a window": ("up.bat", "title alembic upgrade head\n"),
    "comment of a pipeline": ("Jenkinsfile", "/* sh 'alembic upgrade head' */\necho 'x'\n"),
    "message of a pipeline": ("Jenkinsfile", "echo 'alembic upgrade head'\n"),
    "remark": ("x.bat", "rem alembic upgrade head\necho alembic upgrade head\n"),
}


@pytest.mark.parametrize(("path", "text"), HARMLESS.values(), ids=HARMLESS)
def test_what_runs_nothing_is_innocent(path: str, text: str) -> None:
    assert rows(document(path, text)) == []


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("call interlock verify production || exit /b 0", True),
        ("interlock deploy production & exit /b 0", True),
        ("interlock deploy production || (exit 0)", True),
        ("interlock deploy production || exit /b 1", False),
        ("interlock deploy production && exit /b 0", False),
    ],
)
def test_a_batch_file_that_makes_a_success_of_a_refusal_loses_it(line: str, lost: bool) -> None:
    found = document("release.bat", f"@echo off\n{line}\n")

    assert rows(found, "IL306") == ([2] if lost else [])


LOST = {
    "flags of make": ("Makefile", "MAKEFLAGS += -i\nproof:\n\tinterlock check\n", [3]),
    "letters of make": ("Makefile", "MAKEFLAGS = ri\nproof:\n\tinterlock check\n", [3]),
    "folder of make": ("Makefile", "MAKEFLAGS += -Iinclude\nproof:\n\tinterlock check\n", []),
    "PowerShell of Azure": (
        "azure-pipelines.yml",
        "steps:\n- task: PowerShell@2\n  inputs:\n    ignoreLASTEXITCODE: true\n"
        "    script: interlock check\n",
        [5],
    ),
    "step of Cloud Build": (
        "cloudbuild.yaml",
        "steps:\n- name: shop\n  args: [interlock, check]\n  allowFailure: true\n",
        [3],
    ),
}


@pytest.mark.parametrize(("path", "text", "expected"), LOST.values(), ids=LOST)
def test_a_verdict_that_its_surroundings_throw_away_is_lost(
    path: str, text: str, expected: list[int]
) -> None:
    assert rows(document(path, text), "IL306") == expected


EXCHANGED = {
    "copied": ("x.sh", "cp ops/open.toml interlock.toml\n", [1]),
    "put into an image": ("Dockerfile", "FROM a\nCOPY ops/open.toml /app/interlock.toml\n", [2]),
    "the same file in an image": ("Dockerfile", "FROM a\nCOPY interlock.toml /app/\n", []),
    "of a service": ("Dockerfile", "FROM a\nCOPY shop/interlock.toml /app/interlock.toml\n", []),
    "saved": ("x.sh", "cp interlock.toml /var/backups/interlock.old\n", []),
}


@pytest.mark.parametrize(("path", "text", "expected"), EXCHANGED.values(), ids=EXCHANGED)
def test_another_file_in_the_place_of_the_contract_is_reported(
    path: str, text: str, expected: list[int]
) -> None:
    assert rows(document(path, text), "IL304") == expected


@pytest.mark.parametrize(
    "text",
    [
        "[{hosts: web, tasks: [{name: a, ansible.builtin.command: alembic upgrade head}]}]\n",
        "{services: {web: {image: a, command: alembic upgrade head}}}\n",
        "{job: {image: a, script: [alembic upgrade head]}}\n",
        '{"steps": [{"script": "alembic upgrade head"}]}\n',
    ],
)
def test_yaml_in_braces_is_known_by_its_text_as_well(text: str) -> None:
    assert rows(document("ops/any.yml", text)) == [1]


UP = "alembic upgrade head"
WRITES = {
    "script": (f"cat > run.sh <<'E'\n#!/bin/sh\n\n{UP}\nE\n", [4]),
    "script without a suffix": (f'cat > "$BIN/go" <<E\n#!/usr/bin/env bash\n{UP}\nE\n', [3]),
    "script, line by line": (f"echo '#!/bin/sh' > go.sh\necho '{UP}' >> go.sh\n", [2]),
    "script, by a group": (f"{{\n  echo a\n  echo '{UP}'\n}} > go.sh\n", [3]),
    "image": ('tee Dockerfile <<E\nFROM a\nCMD ["sh", "-c", "x && flask db upgrade"]\nE\n', [3]),
    "image from standard input": (f"docker build -t a - <<E\nFROM a\nRUN {UP}\nE\n", [3]),
    "image in a context": (f"docker buildx build -f- . <<E\nFROM a\nRUN {UP}\nE\n", [3]),
    "unit": (
        f"cat <<EOF | sudo tee /run/systemd/system/a.service\n[Service]\nExecStart={UP}\nEOF\n",
        [3],
    ),
    "manifest": (
        "kubectl apply -f - <<E\nspec:\n  containers:\n    - command: [alembic, stamp, head]\nE\n",
        [4],
    ),
    "composition": (f"docker compose -f - up <<E\nservices:\n  a:\n    command: {UP}\nE\n", [4]),
    "system's timetable": (f"echo '0 3 * * * root {UP}' > /etc/cron.d/a\n", [1]),
    "user's timetable": (f"crontab - <<E\n0 3 * * * {UP}\nE\n", [2]),
    "longer timetable": (f"(crontab -l; echo '0 3 * * * {UP}') | crontab -\n", [1]),
    "job for later": (f"echo '{UP}' | at now\n", [1]),
    "text of a group": (f"{{ echo '{UP}'; }} | sh\n", [1]),
    "script that writes one": (
        f"cat > a.sh <<'A'\ncat > b.sh <<'B'\n{UP}\nB\nsh b.sh\nA\n",
        [3],
    ),
    "text of which parts may be several": (
        f"A=x\nif b; then A=y; fi\ncat > go.sh <<E\necho $A ${{B:-c}} ${{D/e}}\n{UP}\nE\n",
        [5],
    ),
    "command of which a part may be several": (
        "A=current\nif b; then A='upgrade head'; fi\nsh <<E\nalembic $A\nE\n",
        [4],
    ),
    "notes": (f"cat > NOTES <<E\n{UP}\nE\n", []),
    "page": (f"cat > README.md <<E\n{UP}\nE\n", []),
    "message": (f"cat <<E\n{UP}\nE\n", []),
    "log": (f"echo '{UP}' | tee -a deploy.log\n", []),
    "file of a cluster": (
        "kubectl apply -f job.yaml <<E\ncommand: [alembic, upgrade, head]\nE\n",
        [],
    ),
    "wrapper": ("cat > run.sh <<E\ninterlock alembic upgrade head\nE\n", []),
}


@pytest.mark.parametrize(("text", "expected"), WRITES.values(), ids=WRITES)
def test_a_file_that_a_script_writes_is_read_as_one(text: str, expected: list[int]) -> None:
    assert rows(document("x.sh", text)) == expected


def test_what_is_not_known_of_a_written_file_is_an_assumption() -> None:
    found = document("x.sh", "cat > go.sh <<'E'\nalembic heads\n$1 head\nE\n")
    assert found.assumptions == ((3, "a computed command is run"),)


def test_python_that_a_script_writes_is_read() -> None:
    found = document(
        "x.sh", "cat > up.py <<E\nfrom alembic import command\n\ncommand.stamp(1)\nE\n"
    )
    assert [span.row for nested in found.nested for span in nested.facts.spans] == [4, 2]


def test_a_step_of_a_workflow_may_write_a_file() -> None:
    text = (
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n"
        f"          cat > go.sh <<'E'\n          {UP}\n          E\n          sh go.sh\n"
    )
    assert rows(document(".github/workflows/a.yml", text)) == [8]


def test_files_that_write_files_end_somewhere() -> None:
    text = UP
    for number in range(8):
        text = f"cat > a{number}.sh <<'E{number}'\n{text}\nE{number}\n"
    assert rows(document("x.sh", text)) == []
