"""What YAML, TOML, JSON and INI files have executed is seen, each at its own row."""

from __future__ import annotations

from textwrap import dedent
from time import process_time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock_checks.discover import Source
from interlock_checks.documents import kinds, yaml_nodes
from interlock_checks.documents.json_nodes import read_json
from interlock_checks.documents.model import Document
from interlock_checks.documents.nodes import Map, Node, Seq, Text, child, walk
from interlock_checks.documents.read import read_document
from interlock_checks.documents.toml_nodes import read_toml
from interlock_checks.documents.yaml_nodes import read_yaml


def document(path: str, text: str) -> Document:
    data = text.encode()
    assert kinds.format_of(path, data) is not None
    return read_document(Source(path, "document", data, b""))


def rows(path: str, text: str) -> list[int]:
    found = document(path, text)
    assert found.problems == ()
    return sorted({claim.row for claim in found.claims if claim.code == "IL102"})


# In each text, exactly the lines that spell `alembic` run a migration.
RUN: dict[str, tuple[str, str]] = {
    "arguments of an image of Cloud Build": (
        "cloudbuild.yaml",
        """
        steps:
          - name: registry.example.com/shop
            args: [alembic, upgrade, head]
          - name: gcr.io/cloud-builders/docker
            args: [build, -t, web, .]
        """,
    ),
    "a state of Salt": (
        "salt/shop.sls",
        """
        up:
          cmd.run:
            - cwd: /srv/shop
            - name: venv/bin/alembic upgrade head
        """,
    ),
    "a task of Nomad": (
        "shop.nomad.hcl",
        """
        task "up" {
          config {
            command = "alembic"
            args    = ["upgrade", "head"]
          }
        }
        """,
    ),
    "an entry point with its command": (
        "infra/task.json",
        """
        {"containerDefinitions": [{
          "entryPoint": ["sh", "-c"],
          "command": ["alembic upgrade head"]
        }]}
        """,
    ),
    "a command of Pulumi": (
        "Pulumi.yaml",
        """
        resources:
          up:
            type: command:local:Command
            properties:
              create: alembic upgrade head
        """,
    ),
    "PowerShell of AppVeyor": ("appveyor.yml", "deploy_script:\n  - ps: alembic upgrade head\n"),
    "one branch of a chart": (
        "chart/templates/web.yaml",
        """
        kind: Deployment
        spec:
          template:
            spec:
              containers:
                - name: web
                  {{- if .Values.migrate }}
                  command: [alembic, upgrade, head]
                  {{- else }}
                  command: [uvicorn, "shop:app"]
                  {{- end }}
        """,
    ),
    "a hook of Terragrunt": (
        "terragrunt.hcl",
        """
        terraform {
          after_hook "up" {
            commands = ["apply"]
            execute  = ["alembic", "upgrade", "head"]
          }
        }
        """,
    ),
    "scripts of Pipenv": ("Pipfile", '[scripts]\nup = "alembic upgrade head"\n'),
    "arguments with a default": (
        "pyproject.toml",
        '[tool.hatch.envs.db.scripts]\nup = "alembic {args:upgrade head}"\n',
    ),
    "a step of a workflow": (
        ".github/workflows/deploy.yml",
        """
        on: push
        jobs:
          deploy:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: alembic upgrade head
              - name: two lines
                run: |
                  set -x

                  alembic upgrade head
        """,
    ),
    "a folded line of a workflow": (
        ".github/workflows/deploy.yaml",
        """
        jobs:
          deploy:
            steps:
              - run: >
                  pip install . &&
                  alembic upgrade head
              - run: echo a &&
                  alembic upgrade head
        """,
    ),
    "a matrix of commands": (
        ".github/workflows/matrix.yml",
        """
        jobs:
          deploy:
            strategy:
              matrix:
                verb: [history, upgrade]
            steps:
              - run: alembic ${{ matrix.verb }} head
        """,
    ),
    "a variable of a workflow": (
        ".github/workflows/variables.yml",
        """
        env:
          VERB: upgrade
        jobs:
          deploy:
            steps:
              - run: alembic $VERB head
              - run: alembic ${{ env.VERB }} head
        """,
    ),
    "a composite action": (
        "tools/migrate/action.yml",
        """
        runs:
          using: composite
          steps:
            - shell: bash
              run: alembic upgrade head
        """,
    ),
    "the input of an action": (
        ".github/workflows/ssh.yml",
        """
        jobs:
          deploy:
            steps:
              - uses: appleboy/ssh-action@v1
                with:
                  host: example.org
                  script: |
                    cd /srv/app
                    alembic upgrade head
        """,
    ),
    "the input of a reusable workflow": (
        ".github/workflows/tasks.yml",
        """
        jobs:
          head:
            uses: shop/workflows/.github/workflows/task.yml@main
            with:
              Timeout: 60
              title: upgrade head
              migrateCommand: alembic -c conf/alembic.ini upgrade head
            secrets: inherit
        """,
    ),
    "a file of a ConfigMap": (
        "deploy/map.yaml",
        """
        kind: ConfigMap
        data:
          motd: upgrade head
          init.sh: |-
            #!/bin/sh
            echo "Upgrading"
            alembic upgrade head
          show.py: |
            #!/usr/bin/env python3
            print("upgrade head")
        """,
    ),
    "a Python step": (
        ".github/workflows/python.yml",
        """
        jobs:
          deploy:
            steps:
              - shell: python
                run: |
                  import os
                  os.getcwd()
        """,
    ),
    "GitLab with extends, references and anchors": (
        ".gitlab-ci.yml",
        """
        .migrate:
          script:
            - pip install .
            - alembic upgrade head
        .tools:
          more:
            - alembic stamp head
        .never:
          script: echo nothing
        x: &lines
          - alembic downgrade -1
        deploy:
          extends: .migrate
        second:
          script:
            - !reference [.tools, more]
            - *lines
        default:
          after_script:
            - alembic upgrade head
        """,
    ),
    "CircleCI with a command of its own": (
        ".circleci/config.yml",
        """
        version: 2.1
        commands:
          migrate:
            parameters:
              verb: {type: string, default: upgrade}
            steps:
              - run:
                  name: Migrate
                  command: alembic << parameters.verb >> head
        jobs:
          deploy:
            docker: [{image: cimg/python:3.12}]
            steps:
              - checkout
              - migrate
              - run: alembic upgrade head
        workflows:
          main:
            jobs: [deploy]
        """,
    ),
    "Azure": (
        "azure-pipelines.yml",
        """
        stages:
          - stage: Deploy
            jobs:
              - deployment: Web
                strategy:
                  runOnce:
                    deploy:
                      steps:
                        - bash: alembic upgrade head
                        - task: Bash@3
                          inputs:
                            script: alembic upgrade head
                        - ${{ if eq(variables.x, 'y') }}:
                            - script: alembic upgrade head
        """,
    ),
    "Buildkite": (
        ".buildkite/pipeline.yml",
        """
        steps:
          - command: alembic upgrade head
          - wait
          - group: more
            steps:
              - commands:
                  - echo ok
                  - alembic upgrade head
        """,
    ),
    "Taskfile": (
        "Taskfile.yml",
        """
        version: "3"
        vars:
          VERB: upgrade
        tasks:
          up:
            cmds:
              - alembic {{.VERB}} head
              - cmd: alembic upgrade head
          short: alembic upgrade head
        """,
    ),
    "Compose": (
        "compose.prod.yaml",
        """
        x-base: &base
          command: [alembic, upgrade, head]
        services:
          one:
            <<: *base
          two:
            entrypoint: ["alembic"]
            command: upgrade head
          three:
            command: >
              sleep 3 &&
              alembic upgrade head
          four:
            healthcheck:
              test: ["CMD-SHELL", "alembic upgrade head"]
        """,
    ),
    "Kubernetes": (
        "deploy/web.yaml",
        """
        kind: Deployment
        spec:
          template:
            spec:
              initContainers:
                - name: migrate
                  image: registry.example.com/web
                  command:
                    - sh
                    - -c
                  args: ["alembic upgrade head"]
              containers:
                - name: web
                  command: [uvicorn, app:app]
        """,
    ),
    "a Helm template": (
        "chart/templates/job.yaml",
        """
        {{- if .Values.migrate }}
        kind: Job
        metadata:
          name: {{ .Release.Name }}-migrate
        spec:
          template:
            spec:
              containers:
                - name: migrate
                  image: "{{ .Values.image }}"
                  command: ["alembic", "upgrade", "{{ .Values.revision }}"]
        {{- end }}
        """,
    ),
    "package.json": (
        "web/package.json",
        """
        {
          "scripts": {
            "db": "alembic upgrade head",
            "lint": "prettier --check ."
          }
        }
        """,
    ),
    "pyproject.toml": (
        "pyproject.toml",
        """
        [tool.poe.tasks]
        a = "alembic upgrade head"
        b = { shell = "cd db && alembic upgrade head" }
        c.sequence = [
          "lint",
          { cmd = "alembic upgrade head" },
        ]
        [tool.pdm.scripts]
        d = {cmd = ["alembic", "upgrade", "head"]}
        [tool.hatch.envs.default.scripts]
        e = [
          "echo",
          "alembic upgrade head",
        ]
        [tool.taskipy.tasks]
        f = "echo ok && alembic upgrade head"
        [tool.pixi.tasks.g]
        cmd = "alembic upgrade head"
        [tool.tox]
        legacy_tox_ini = '''
        [testenv]
        commands =
          alembic upgrade head
        '''
        [tool.tox.env.h]
        commands = [["alembic", "upgrade", "head"]]
        """,
    ),
    "tox.ini": (
        "tox.ini",
        """
        [testenv]
        commands =
            pytest {posargs}
            {envpython} -m alembic upgrade head
        [testenv:db]
        commands_pre = - alembic \\
            upgrade head
        """,
    ),
    "local hooks": (
        ".pre-commit-config.yaml",
        """
        repos:
          - repo: local
            hooks:
              - id: migrate
                entry: alembic upgrade
                args: [head]
        """,
    ),
    "lefthook": (
        "lefthook.yml",
        """
        post-merge:
          commands:
            migrate:
              run: alembic upgrade head
        """,
    ),
    "fly.toml": (
        "fly.toml",
        """
        app = "shop"
        [deploy]
        release_command = "alembic upgrade head"
        [processes]
        web = "uvicorn app:app"
        worker = "sh -c 'alembic upgrade head && work'"
        """,
    ),
    "render.yaml": (
        "render.yaml",
        """
        services:
          - type: web
            preDeployCommand: alembic upgrade head
            startCommand: uvicorn app:app
        """,
    ),
    "app.json": ("app.json", '{"scripts": {\n"postdeploy": "alembic upgrade head"}}'),
    "devcontainer.json": (
        ".devcontainer/devcontainer.json",
        """
        {
          // comments are allowed here
          "postCreateCommand": "alembic upgrade head",
        }
        """,
    ),
    "Travis": (
        ".travis.yml",
        """
        install: pip install .
        before_script:
          - psql -c 'create database x'
          - alembic upgrade head
        """,
    ),
    "Cloud Build": (
        "cloudbuild.yaml",
        """
        steps:
          - name: gcr.io/x/y
            entrypoint: alembic
            args: [upgrade, head]
        """,
    ),
    "Bitbucket": (
        "bitbucket-pipelines.yml",
        """
        pipelines:
          default:
            - step:
                script:
                  - pip install .
                  - alembic upgrade head
        """,
    ),
    "Ansible": (
        "deploy/playbook.yml",
        """
        - hosts: web
          tasks:
            - name: migrate
              ansible.builtin.shell: alembic upgrade head
              args: {chdir: /srv/app}
            - name: read
              command: uptime
        """,
    ),
}


RUN |= {
    "a runner of the house": (
        "tools/tasks.yml",
        """
        tasks:
          - name: Bring the schema up to date
            command: alembic upgrade head
          - name: Ask for it
            command: uptime
        """,
    ),
    "the values of a chart": (
        "deploy/values.yaml",
        """
        image: shop:1
        migration:
          enabled: true
          command: alembic upgrade head
        """,
    ),
    "a playbook that says what it does": (
        "deploy/roles/db/main.yml",
        """
        - name: Bring the schema up to date.
          shell: alembic upgrade head
          args: {chdir: /srv/app}
        """,
    ),
    "a task on a condition that reads like a sentence": (
        "deploy/roles/db/main.yml",
        """
        - shell: alembic upgrade head
          when: DEPLOY is defined
        """,
    ),
    "a task that a runner describes": (
        "tools/jobs.yml",
        """
        schema:
          description: Bring the schema up to date.
          command: alembic upgrade head
        """,
    ),
    "a service in a file of another name": (
        "stack/shop.yml",
        """
        services:
          web:
            image: shop:1
            command: alembic upgrade head
        """,
    ),
}


@pytest.mark.parametrize(("path", "text"), RUN.values(), ids=RUN)
def test_a_migration_is_seen_where_it_stands(path: str, text: str) -> None:
    text = dedent(text).lstrip("\n")
    marked = [number for number, line in enumerate(text.split("\n"), 1) if "alembic" in line]

    found = rows(path, text)

    # An argument vector over several lines is reported where its program stands.
    assert found == marked or (len(found) == len(marked) == 1 and path.startswith("deploy/"))


# --- what is no offence -----------------------------------------------------------------------

QUIET: dict[str, tuple[str, str]] = {
    "a hook of Terragrunt that only says something": (
        "terragrunt.hcl",
        """
        terraform {
          after_hook "note" {
            execute = ["echo", "alembic upgrade head"]
          }
        }
        """,
    ),
    "an image that is built": (
        "cloudbuild.yaml",
        """
        steps:
          - name: gcr.io/cloud-builders/docker
            args: [build, --label, "help=alembic upgrade head", .]
        """,
    ),
    "questions and answers": (
        "docs/faq.yml",
        """
        - question: How do I change the schema on my machine?
          command: alembic upgrade head
        - question: What happens in production?
          command: interlock deploy production
        """,
    ),
    "the texts of an interface": (
        "app/locales/en.yaml",
        """
        en:
          schema:
            title: "The schema is out of date"
            command: alembic upgrade head
            hint: Ask the release manager.
        """,
    ),
    "texts in another language": (
        "app/locales/de.yaml",
        """
        de:
          schema:
            title: Das Schema ist veraltet
            command: alembic upgrade head
        """,
    ),
    "a glossary": (
        "docs/glossary.yaml",
        """
        - term: migration
          explanation: Brings a schema from one revision to another.
          command: alembic upgrade head
        """,
    ),
    "a GitLab job that is switched off": (
        ".gitlab-ci.yml",
        ".migrate:\n  script: alembic upgrade head\ntest:\n  script: pytest\n",
    ),
    "names, descriptions and conditions": (
        ".github/workflows/test.yml",
        "name: alembic upgrade head\njobs:\n  a:\n    name: run alembic upgrade head\n"
        "    if: contains(github.event.head_commit.message, 'alembic upgrade head')\n"
        "    steps:\n      - name: alembic upgrade head\n        run: pytest\n",
    ),
    "reading": (".gitlab-ci.yml", "a:\n  script: [alembic history, alembic upgrade head --sql]\n"),
    "the message of a hook": (
        ".pre-commit-config.yaml",
        "repos:\n  - repo: local\n    hooks:\n      - id: a\n        language: fail\n"
        "        entry: alembic upgrade head\n",
    ),
    "the pattern of a hook": (
        ".pre-commit-config.yaml",
        "repos:\n  - repo: local\n    hooks:\n      - id: a\n        language: pygrep\n"
        "        entry: alembic upgrade head\n",
    ),
    "a dependency": ("package.json", '{"dependencies": {"alembic": "upgrade head"}}'),
}


@pytest.mark.parametrize(("path", "text"), QUIET.values(), ids=QUIET)
def test_what_is_not_run_is_not_reported(path: str, text: str) -> None:
    assert rows(path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".gitlab-ci.yml", "a:\n  script: make # interlock: ignore\n", [2]),
        ("pyproject.toml", "# noqa: IL102\n[a]\nb = 1\n", [1]),
        ("app.json", '{"a": "b", // interlock: off\n"c": 1}', [1]),
        (".gitlab-ci.yml", "a:\n  script: echo '# interlock: ignore' # noqa: E501\n", []),
        (".gitlab-ci.yml", "a:\n  script: interlock check # interlock: all of it\n", []),
    ],
)
def test_a_comment_that_asks_to_look_away_is_reported(
    path: str, text: str, expected: list[int]
) -> None:
    assert [one.row for one in document(path, text).claims if one.code == "IL305"] == expected


# --- trees ------------------------------------------------------------------------------------


def test_an_alias_is_the_same_node_and_a_merge_gives_way_to_the_table() -> None:
    (root,), problems = read_yaml("a: &a {x: 1, y: 2}\nb:\n  x: 3\n  <<: *a\n  z: *a\n")

    assert problems == []
    assert child(root, "a") is child(root, "b", "z")
    assert [text.value for text in walk(child(root, "b")) if isinstance(text, Text)][:1] == ["3"]
    assert isinstance(merged := child(root, "b", "y"), Text) and merged.row == 1


def test_a_key_that_stands_twice_counts_the_last_time() -> None:
    (root,), problems = read_yaml("a: 1\na: 2\n")

    assert problems == []
    assert isinstance(root, Map) and len(root.pairs) == 2
    assert isinstance(found := root.get("a"), Text) and (found.value, found.row) == ("2", 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: |\n  x\n\n  y\n", (2, 3, 4, 5)),
        ("a: >-\n  x\n  y\n\n  z\n", (2, 5)),
        ("a: x\n  y\n\n  z\n", (1, 4)),
        ('a: "x\n  y\\\n  z\n\n  w"\n', (1, 5)),
        ('a: "x\\ny"\n', (1, 1)),
        ("a: |+\n\n  x\n", (2, 3, 4)),
    ],
)
def test_each_line_of_a_text_knows_its_row(text: str, expected: tuple[int, ...]) -> None:
    (root,), problems = read_yaml(text)

    assert problems == []
    assert isinstance(value := child(root, "a"), Text) and value.rows == expected


def test_toml_strings_know_their_rows() -> None:
    text = 'a = """\nx\ny \\\n\n  z\nw"""\nb = [\n  "c",\n  { d = \'e\' },\n]\n'
    (root,), problems = read_toml(text)

    assert problems == []
    assert isinstance(a := child(root, "a"), Text)
    assert (a.value, a.rows) == ("x\ny z\nw", (2, 3, 6))
    assert isinstance(b := child(root, "b"), Seq)
    assert isinstance(d := child(b.items[1], "d"), Text) and (b.items[0].row, d.row) == (8, 9)


def test_the_slow_loader_sees_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in RUN.values():
        if not path.endswith(("yml", "yaml")):
            continue
        fast = rows(path, dedent(text))
        with monkeypatch.context() as patch:
            patch.setattr(yaml_nodes, "_LOADER", yaml.SafeLoader)

            assert rows(path, dedent(text)) == fast


# --- hostile shapes ---------------------------------------------------------------------------

HOSTILE: dict[str, str] = {
    "too deep": "a: " + "[" * 100_000,
    "too deep in blocks": "- " * 50_000 + "a",
    "itself": "a: &a [*a, *a]\njobs: &b {x: *b, steps: *b}\n",
    "nobody": "a: *b\n",
    "laughter": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    + "job:\n  script: *a59\n",
    "merged laughter": "a0: &a0 {"
    + ", ".join(f"k{n}: v" for n in range(1_000))
    + "}\n"
    + "".join(f"a{n}: &a{n}\n  <<: *a0\n" for n in range(1, 200)),
    "marks": "{{" * 100_000,
    "more marks": "{{ x }} " * 50_000 + "\n[",
    "control characters": "a: \x07\n",
    "no text": "\ud800",
    "keys that are no text": "? [a]\n: b\n? {c: d}\n: e\n",
    "extends itself": "a:\n  extends: b\nb:\n  extends: a\n  script: !reference [b, script]\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "path", [".gitlab-ci.yml", ".github/workflows/a.yml", ".circleci/config.yml", "compose.yml"]
)
def test_no_shape_is_too_much(path: str, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    start = process_time()

    read_document(Source(path, "document", data, b""))

    assert process_time() - start < 10


@pytest.mark.parametrize("text", ["a: *b\n", "a: [\n", "a: b: c\n", "\t- x\n", "a: \x07\n"])
def test_what_cannot_be_read_is_said(text: str) -> None:
    assert document(".gitlab-ci.yml", text).problems


@pytest.mark.parametrize("text", ["{", '{"a" 1}', "[1, 2", '{"a": [}', "x y"])
def test_what_is_no_json_is_said(text: str) -> None:
    assert read_json(text)[1]


def test_a_file_of_5_mb_takes_linear_time() -> None:
    def seconds(size: int) -> float:
        line = "  - name: step\n    run: echo {}\n"
        text = "jobs:\n a:\n  steps:\n" + "".join(line.format(n) for n in range(size // 30))
        start = process_time()
        read_yaml(text)
        return process_time() - start

    small, large = seconds(600_000), seconds(5_000_000)

    assert large < small * (5_000_000 / 600_000) * 3


_SCALARS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["script", "run", "<<", "*a", "alembic upgrade head", "{{ x }}", "needs"]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_SCALARS, inner, max_size=4),
    max_leaves=20,
)
_PATHS = st.sampled_from(
    [path for path, _ in RUN.values() if path.endswith(("yml", "yaml"))] + ["k8s/a.yaml"]
)
_KEYS = st.sampled_from(
    "jobs steps run uses needs if script extends rules include stages before_script workflows"
    " commands requires services command entrypoint depends_on tasks cmds deps repos hooks entry"
    " containers initContainers on env strategy matrix default needs when".split()
)
_SHAPES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(_PATHS, st.one_of(_SHAPES, _VALUES))
def test_no_shape_of_a_file_is_a_crash(path: str, shape: object) -> None:
    text = yaml.safe_dump(shape)

    read_document(Source(path, "document", text.encode("utf-8", "surrogatepass"), b""))


@settings(max_examples=150, deadline=None)
@given(_VALUES)
def test_a_tree_holds_what_yaml_says(shape: object) -> None:
    text = yaml.safe_dump(shape)
    if problems := read_yaml(text)[1]:
        pytest.fail(str(problems))

    def plain(node: Node) -> object:
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Seq):
            return [plain(one) for one in node.items]
        return {key.value: plain(value) for key, value in node.pairs}

    # A comparison of texts: what YAML takes for a number, a date or nothing is not our matter.
    assert plain(read_yaml(text)[0][0]) == yaml.load(text, Loader=yaml.BaseLoader)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_a_crash(text: str) -> None:
    for path in (".gitlab-ci.yml", "pyproject.toml", "tox.ini", "package.json", "setup.cfg"):
        read_document(Source(path, "document", text.encode("utf-8", "replace"), b""))


def test_a_template_of_json_is_read_as_far_as_it_goes() -> None:
    text = (
        '{\n"scripts": {\n{% if db %}\n"db": "alembic upgrade head",\n{% endif %}\n"a": {{ x }}\n}}'
    )

    assert rows("template/package.json", text) == [4]


EXPANDED: dict[str, tuple[str, str, list[int]]] = {
    "arguments for another script": (
        "package.json",
        '{"scripts": {\n"db": "alembic",\n"up": "vite build && npm run db -- upgrade head",\n'
        '"log": "npm run db -- history",\n"y": "yarn db stamp head"}}',
        [3, 5],
    ),
    "scripts that name each other": (
        "package.json",
        '{"scripts": {\n"a": "npm run b -- x",\n"b": "npm run a -- y"}}',
        [],
    ),
    "an environment of hatch": (
        "pyproject.toml",
        '[tool.hatch.envs.default.scripts]\ndb = "alembic -c x.ini"\nup = "db upgrade head"\n'
        'all = ["up --tag x"]\nlog = "db history"\nmypy = "mypy {args}"\n',
        [3, 4],
    ),
    "a composite of pdm": (
        "pyproject.toml",
        '[tool.pdm.scripts]\ndb = {cmd = "alembic"}\nup = {composite = [\n"db history",\n'
        '"db upgrade head"]}\n',
        [5],
    ),
    "a script of an Argo template": (
        "schema.yaml",
        "apiVersion: argoproj.io/v1alpha1\nspec:\n  templates:\n    - name: up\n      script:\n"
        "        source: |\n          set -e\n          alembic upgrade head\n",
        [8],
    ),
}


@pytest.mark.parametrize(("path", "text", "expected"), EXPANDED.values(), ids=EXPANDED)
def test_a_script_is_read_with_what_another_gives_it(
    path: str, text: str, expected: list[int]
) -> None:
    assert rows(path, text) == expected


@pytest.mark.parametrize(
    ("path", "text", "problems"),
    [
        ("{{ cookiecutter.name }}/pyproject.toml", "[project]\n{% if a %}\n{name\n", 0),
        ("{{ cookiecutter.name }}/pyproject.toml", "[project]\n{name\n", 1),
        ("skeleton/pyproject.toml", "[project]\n{% if a %}\n{name\n", 1),
        ("{% if ci %}ci{% endif %}/docker-compose.yml", "a: {{ b }}\n- c\n", 0),
    ],
)
def test_what_a_skeleton_becomes_is_read_where_it_becomes_it(
    path: str, text: str, problems: int
) -> None:
    assert len(read_document(Source(path, "document", text.encode(), b"")).problems) == problems


def test_what_is_no_text_stays_unreadable_in_a_skeleton() -> None:
    source = Source("{{ name }}/Makefile", "document", b"{{ x }}", b"", problem="it is a device")
    assert [one.message for one in read_document(source).problems] == ["it is a device"]


def test_what_a_skeleton_runs_counts() -> None:
    text = '[tool.poe.tasks]\nmigrate = "{{ runner }} alembic upgrade head"\n'
    assert rows("{{ name }}/pyproject.toml", text) == [2]
