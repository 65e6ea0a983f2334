"""What services and tools around a repository start is reported in the lines that say so, only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from time import process_time

import pytest

from interlock_checks.commands.javascript import started
from interlock_checks.documents.hcl_nodes import read_hcl
from interlock_checks.documents.nodes import Map, Text, child, walk
from interlock_checks.run import check_repository

GITHUB = ".github/workflows/deploy.yml"
MARK = re.compile(r"\s*# (IL\d{3})$")

# Lines that end in a comment with a code are those that are reported.
FILES: dict[str, dict[str, str]] = {
    "shells of Windows, which do not stop at a refusal": {
        GITHUB: """
        jobs:
          windows:
            runs-on: [self-hosted, windows]
            steps:
              - run: |
                  interlock check  # IL306
                  pytest
              - run: interlock check
              - run: |
                  interlock check
                  if ($LASTEXITCODE) { exit $LASTEXITCODE }
                  pytest
              - shell: bash
                run: |
                  interlock check
                  pytest
          linux:
            runs-on: ubuntu-latest
            steps:
              - shell: pwsh
                run: |
                  interlock check  # IL306
                  pytest
              - run: |
                  interlock check
                  pytest
        """
    },
    "units and plays for which a refusal is a success": {
        "schema.service": """
        [Service]
        Type=oneshot
        SuccessExitStatus=143 3
        ExecStart=/srv/bin/interlock verify production  # IL306
        ExecStart=/srv/bin/interlock backup  # IL306
        """,
        "other.service": """
        [Service]
        SuccessExitStatus=143 SIGKILL
        ExecStart=interlock deploy production
        """,
        "site.yml": """
        - hosts: app
          ignore_errors: true
          tasks:
            - command: interlock check  # IL306
        - hosts: db
          tasks:
            - command: interlock check
            - ignore_errors: true
              block:
                - command: interlock deploy production  # IL306
        """,
    },
    "texts for a shell in which a quote is never closed": {
        "double.sh": """
        cd /srv
        echo "waiting  # IL001
        until pg_isready; do sleep 1; done
        alembic upgrade head  # IL102
        """,
        "single.sh": """
        alembic current
        echo 'waiting  # IL001
        interlock check
        """,
        "harmless.sh": """
        echo "waiting
        ls
        # alembic upgrade head
        """,
        "closed.sh": """
        echo "waiting
        for alembic upgrade head"
        echo 'that is
        alembic current'
        """,
    },
    "a contract that a script edits": {
        GITHUB: """
        jobs:
          hotfix:
            runs-on: ubuntu-latest
            steps:
              - run: |
                  cat > interlock.toml <<'TOML'  # IL304
                  test-paths = ["src"]
                  TOML
                  interlock check
              - run: echo 'x = 1' > "$RUNNER_TEMP/interlock.toml"
        """,
        "new-service.sh": """
        cd "$1"
        echo 'deploy-module = "app.deploy"' > interlock.toml
        """,
        "hotfix.sh": """
        sed -i 's/protected = true/protected = false/' interlock.toml  # IL304
        perl -pi -e 's/test-paths.*//' pyproject.toml  # IL304
        rm ./interlock.toml  # IL304
        sed -i 's/^version = .*/version = "2"/' pyproject.toml
        sed -n 's/protected//p' interlock.toml
        rm -f build/interlock.toml
        interlock check
        """,
    },
    "a function that takes the tool's place": {
        "release.sh": """
        interlock() {  # IL303
          echo "not now: interlock $*"
        }
        interlock verify production
        interlock backup
        """,
        "runner.sh": """
        interlock() { uv run --frozen interlock "$@"; }
        interlock verify production
        """,
        "door.sh": """
        interlock() { gpio write 4 "$1"; }
        interlock open
        """,
    },
    "commits that release tools make": {
        ".pre-commit-config.yaml": """
        repos:
          - repo: local
            hooks:
              - {id: check, name: check, entry: interlock check, language: system, always_run: true}
        """,
        ".bumpversion.cfg": """
        [bumpversion]
        commit_args = --no-verify  # IL306
        """,
        "pyproject.toml": """
        [tool.bumpversion]
        commit = true
        commit_args = "--no-verify -s"  # IL306
        """,
        "setup.cfg": """
        [bumpversion]
        commit_args = --signoff
        """,
    },
    "SQL that goes straight into the database, and what psql leaves for": {
        "apply.sh": """
        alembic upgrade head --sql | psql "$DATABASE_URL"  # IL102
        alembic upgrade head --sql | tee up.sql | ssh db 'psql shop'  # IL102
        flask db upgrade --sql | docker compose exec -T db mysql shop  # IL102
        alembic upgrade head --sql | tee up.sql
        alembic upgrade head --sql > psql.sql
        psql -c 'select 1' | alembic upgrade head --sql
        psql shop -c '\\! alembic stamp head'  # IL102
        psql shop <<'SQL'
        select 1;
        \\! alembic upgrade head  # IL102
        SQL
        """
    },
    "expressions of a workflow that are constant after all": {
        GITHUB: """
        jobs:
          schema:
            runs-on: ubuntu-latest
            env:
              TOOL: alembic
              VERBS: '{"push": "upgrade head", "other": "current"}'
            steps:
              - run: ${{ format('{0} {1} head', env.TOOL, 'upgrade') }}  # IL102
              - run: ${{ inputs.live && 'alembic stamp head' || 'true' }}  # IL102
              - run: alembic ${{ fromJSON(env.VERBS)[github.event_name] }}  # IL102
              - run: alembic ${{ inputs.sql && 'upgrade head --sql' || 'current' }}
              - run: ${{ join(fromJSON('["alembic", "downgrade", "-1"]'), ' ') }}  # IL102
              - run: ${{ format('echo {0}', 'alembic upgrade head') }}
              - run: ./deploy.sh ${{ github.event_name == 'push' && 'production' || 'staging' }}
        """
    },
    "inputs of GitLab's components": {
        "templates/run.yml": """
        spec:
          inputs:
            command:
              default: alembic upgrade head
            other:
              default: alembic current
        ---
        run:
          script:
            - $[[ inputs.command ]]  # IL102
            - $[[inputs.other]]
        """,
        ".gitlab-ci.yml": """
        include:
          - component: gitlab.com/ops/run/run@1
            inputs:
              command: alembic stamp head  # IL102
              title: alembic upgrade head
        """,
    },
    "images with their command in a variable, and a crontab": {
        "Dockerfile": """
        FROM python:3.12
        ENV PRESTART="alembic upgrade head" WORKERS=4
        COPY <<EOF /etc/cron.d/schema
        30 3 * * * root alembic upgrade head  # IL102
        EOF
        COPY <<EOF /etc/motd
        30 3 * * * root alembic upgrade head
        EOF
        CMD ["sh", "-c", "$PRESTART && gunicorn -w $WORKERS shop"]  # IL102
        """
    },
    "just's recipes in other languages, and backticks in texts": {
        "justfile": """
        title := "what `alembic upgrade head` was"
        state := `alembic stamp head`  # IL102

        [private]
        [script("python3")]
        reset:
            from alembic import command
            command.downgrade(None, "base")  # IL101

        read:
            alembic current
        """
    },
    "commands that Groovy puts together": {
        "Jenkinsfile": """
        node {
          sh(script: ['alembic', 'stamp', 'head'].join(' '))  # IL102
          sh 'alembic ' + 'upgrade head'  # IL102
          sh 'alembic ' + 'current'
          sh(script: ['alembic', 'history'].join(' '))
        }
        """
    },
    "pipelines that are uploaded": {
        "upload.sh": """
        buildkite-agent pipeline upload <<YAML
        steps:
          - command: alembic upgrade head  # IL102
        YAML
        """
    },
    "editors' run and launch configurations": {
        ".idea/runConfigurations/reset.xml": """
        <component name="ProjectRunConfigurationManager">
          <configuration name="module" type="PythonConfigurationType">
            <envs>
              <env name="CI" value="true" />
            </envs>
            <option name="SCRIPT_NAME" value="alembic" />  # IL102
            <option name="PARAMETERS" value="upgrade &quot;head&quot;" />
            <option name="MODULE_MODE" value="true" />
          </configuration>
          <configuration name="shell" type="ShConfigurationType">
            <option name="SCRIPT_TEXT" value="alembic heads &amp;&amp; alembic stamp a"/>  # IL102
          </configuration>
          <configuration name="alembic upgrade head" type="ShConfigurationType">
            <option name="SCRIPT_TEXT" value="interlock alembic upgrade head" />
          </configuration>
          <configuration name="script" type="PythonConfigurationType">
            <option name="SCRIPT_NAME" value="$PROJECT_DIR$/serve.py" />
            <option name="PARAMETERS" value="--port 80" />
          </configuration>
        </component>
        """,
        ".vscode/launch.json": """
        {
          "configurations": [
            {
              "name": "alembic upgrade head",
              "request": "launch",
              "module": "alembic",  # IL102
              "args": ["upgrade", "head"]
            },
            {
              "name": "deploy",
              "request": "launch",
              "module": "interlock",  # IL304
              "args": ["deploy", "production"],
              "env": {"CI": "true"}
            },
            {"request": "launch", "module": "alembic", "args": ["history"]}
          ]
        }
        """,
    },
    "init systems of containers, and Elastic Beanstalk": {
        "rootfs/etc/s6-overlay/s6-rc.d/schema/up": """
        with-contenv
        alembic upgrade head  # IL102
        """,
        ".buildkite/hooks/pre-command": """
        alembic upgrade head  # IL102
        """,
        ".ebextensions/01.config": """
        container_commands:
          01_schema:
            command: "alembic upgrade head"  # IL102
            leader_only: true
          02_read:
            command: "alembic current"
        """,
    },
    "tasks of Nx, wireit, pixi and Compose": {
        "api/project.json": """
        {
          "targets": {
            "schema": {
              "executor": "nx:run-commands",
              "options": {"commands": ["alembic check", "alembic upgrade head"]}  # IL102
            }
          }
        }
        """,
        "package.json": """
        {
          "scripts": {"schema": "wireit"},
          "wireit": {"schema": {"command": "alembic upgrade head"}}  # IL102
        }
        """,
        "pixi.toml": """
        [tasks]
        heads = "alembic heads"
        schema = { cmd = ["alembic", "upgrade", "head"] }  # IL102

        [feature.ops.tasks]
        reset = "alembic downgrade base"  # IL102
        """,
        "compose.yaml": """
        services:
          web:
            develop:
              watch:
                - action: sync+exec
                  exec:
                    command: alembic upgrade head  # IL102
                - action: rebuild
        """,
    },
    "CloudFormation": {
        "stack.yaml": """
        AWSTemplateFormatVersion: "2010-09-09"
        Description: alembic upgrade head is somebody else's business
        Resources:
          Task:
            Type: AWS::ECS::TaskDefinition
            Properties:
              ContainerDefinitions:
                - Name: schema
                  Command: [alembic, upgrade, head]  # IL102
          Host:
            Type: AWS::EC2::Instance
            Properties:
              UserData:
                Fn::Base64:
                  Fn::Sub:
                    - |
                      #!/bin/bash
                      alembic upgrade ${Target}  # IL102
                    - {Target: head}
        """
    },
    "git's aliases": {
        ".gitconfig": """
        [alias]
        \tst = status --short
        \tsync = "!git pull && alembic upgrade head"  # IL102
        [user]
        \tname = !alembic upgrade head
        """,
        "setup.sh": """
        git config --global alias.sync '!git pull && alembic upgrade head'  # IL102
        git -c alias.x='!alembic stamp head' x  # IL102
        git config alias.say '!echo alembic upgrade head'
        git config user.name '!alembic upgrade head'
        """,
    },
    "Azure's task for another host": {
        "azure-pipelines.yml": """
        steps:
          - task: SSH@0
            inputs:
              runOptions: inline
              inline: cd /srv && alembic stamp head  # IL102
        """
    },
    "ansible: vectors, variables and loops": {
        "site.yml": """
        - hosts: app
          vars:
            venv: /srv/venv
            alembic: "{{ venv }}/bin/alembic"
          tasks:
            - command:
                argv:
                  - "{{ alembic }}"  # IL102
                  - upgrade
                  - head
            - shell: "{{ alembic }} {{ item }}"
              loop: [history, current]
            - shell: "{{ alembic }} {{ verb }}"  # IL102
              loop: [heads, stamp head]
              loop_control: {loop_var: verb}
        """
    },
    "ansible: failures that count as none": {
        "site.yml": """
        - hosts: app
          tasks:
            - command: interlock verify production
              register: verdict
              failed_when: verdict.rc != 0 or 'refused' in verdict.stderr
            - command: interlock check  # IL306
              register: verdict
              failed_when: verdict.rc != 0 and verdict.rc != 3
            - block:
                - command: interlock verify production
              rescue:
                - fail: {msg: refused}
            - block:
                - command: interlock check  # IL306
              rescue:
                - debug: {msg: refused}
        """
    },
    "ansible: the tasks of a role run in order": {
        "roles/schema/tasks/main.yml": """
        - command: interlock verify production
        - block:
            - command: interlock backup
            - command: interlock migrate
          rescue:
            - fail: {msg: no}
        """
    },
    "ansible: a task that runs when it is asked for": {
        "site.yml": """
        - hosts: app
          tasks:
            - command: interlock verify production
            - command: interlock backup
              tags: [never, backup]  # IL301
            - command: interlock migrate
        """
    },
    "terraform": {
        "main.tf": """
        variable "image" {
          description = "alembic upgrade head is in it"
        }
        resource "aws_ecs_task_definition" "schema" {
          container_definitions = jsonencode([{
            name    = "schema-${var.image}"
            command = ["alembic", "upgrade", "head"]  # IL102
          }])
        }
        resource "aws_ecs_task_definition" "other" {
          container_definitions = <<JSON
        [{"name": "x", "command": ["alembic", "current"]},
         {"name": "y", "command": ["alembic", "stamp"]}]  # IL102
        JSON
        }
        resource "null_resource" "schema" {
          provisioner "local-exec" {
            command = <<-EOT
              pip install --upgrade alembic
              ${path.module}/bin/alembic upgrade head  # IL102
            EOT
          }
          provisioner "local-exec" {
            interpreter = ["/bin/sh", "-c"]
            command     = "alembic downgrade ${var.rev}"  # IL102
          }
          provisioner "local-exec" {
            command    = "interlock deploy production"  # IL306
            on_failure = continue
          }
          provisioner "remote-exec" {
            inline = ["cd /srv", "alembic heads"]
          }
        }
        """
    },
    "supervisor and mise": {
        "conf/app.conf": """
        [program:web]
        command=gunicorn app.wsgi
        [program:schema]
        command=/bin/sh -c "alembic upgrade head"  # IL102
        """,
        "mise.toml": """
        [tasks.sql]
        description = "alembic upgrade head, as SQL"
        run = "alembic upgrade head --sql"
        [tasks.up]
        run = ["alembic heads", "alembic upgrade head"]  # IL102
        """,
    },
    "tekton and argo: failures that stop nothing": {
        "task.yaml": """
        apiVersion: tekton.dev/v1
        kind: Task
        spec:
          steps:
            - image: app
              onError: continue
              script: interlock deploy production  # IL306
            - image: app
              onError: continue
              script: ruff check
        """,
        "flow.yaml": """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        spec:
          templates:
            - name: main
              steps:
                - - name: warm
                    template: warm
                    continueOn: {failed: true}
                - - name: deploy  # IL306
                    template: deploy
                    continueOn: {failed: true}
            - name: warm
              container: {command: [python, -m, warm]}
            - name: deploy
              container: {command: [interlock, deploy, production]}
        """,
    },
    "kustomize: patches in files and in texts": {
        "kustomization.yaml": """
        kind: Kustomization
        patches:
          - target: {kind: Job}
            patch: |-
              - op: replace
                path: /spec/template/spec/containers/0/image
                value: alembic upgrade head
              - op: replace
                path: /spec/template/spec/containers/0/command
                value: [alembic, upgrade, head]  # IL102
          - patch: |-
              kind: Job
              spec:
                template:
                  spec:
                    containers:
                      - name: a
                        command: [alembic, current]
                      - name: b
                        command: [alembic, stamp, head]  # IL102
        """,
        "patch.yaml": """
        - op: add
          path: /spec/template/spec/containers/0/args
          value: [alembic, upgrade, head]  # IL102
        """,
    },
    "github: what a script starts": {
        GITHUB: """
        jobs:
          preview:
            steps:
              - uses: actions/github-script@v7
                with:
                  script: |
                    // await exec.exec('alembic upgrade head')
                    const note = "exec.exec('alembic upgrade head')";
                    await exec.exec('alembic', ['upgrade', 'head', '--sql']);
                    await exec.exec(`pip`, ["install", "--upgrade", "alembic"]);
                    await exec.exec('alembic', [  # IL102
                      '-c', ini, 'upgrade', 'head',
                    ]);
                    const { execSync } = require('child_process');
                    execSync("alembic -n " + "x" + " heads");
                    execSync(`alembic -c ${ini} upgrade head`);  # IL102
                    core.info('alembic upgrade head');
        """
    },
    "github: a command handed to a workflow, and a constant of the matrix": {
        GITHUB: """
        jobs:
          schema:
            uses: ./.github/workflows/run.yml
            with:
              command: alembic upgrade head  # IL102
              note: alembic upgrade head
          deploy:
            strategy:
              matrix: {target: [eu, us], trial: [false], odd: [false, true]}
            continue-on-error: ${{ matrix.trial }}
            steps:
              - run: interlock deploy ${{ matrix.target }}
              - run: interlock check  # IL306
                continue-on-error: ${{ matrix.odd }}
        """
    },
    "clouds and clusters: commands in lists and in data": {
        "cloud.sh": r"""
        gcloud run jobs deploy x --image app --command alembic --args current
        gcloud run jobs deploy x --image app --command alembic --args upgrade,head  # IL102
        gcloud beta run jobs execute x --args=upgrade,head  # IL102
        az containerapp exec -n app --command "alembic upgrade head"  # IL102
        az containerapp job start -n x --command alembic --args "stamp head"  # IL102
        az group create --name alembic --tags "note=alembic upgrade head"
        aws ecs run-task --overrides '{"containerOverrides": [{"command": ["alembic", "heads"]}]}'
        aws ecs run-task --overrides '{"a": [{"command": ["alembic", "stamp", "x"]}]}'  # IL102
        aws ssm send-command --parameters 'commands=["cd /srv", "alembic upgrade head"]'  # IL102
        aws ecs tag-resource --tags 'key=command,value=alembic upgrade head'
        kubectl patch job x -p '{"spec": {"command": ["alembic", "upgrade", "head"]}}'  # IL102
        kubectl annotate job x note='alembic upgrade head'
        """
    },
    "shell: files written inside of containers": {
        "install.sh": """
        docker exec -i web sh -c 'cat > /etc/motd' <<'TEXT'
        alembic upgrade head
        TEXT
        docker exec -i web sh -c "cat > /etc/cron.d/schema" <<'CRON'
        10 4 * * * app alembic upgrade head  # IL102
        CRON
        kubectl exec -i pod/web -- tee /usr/local/bin/up.sh <<'SH'
        exec alembic upgrade head  # IL102
        SH
        """
    },
    "the guard and its hooks are taken away": {
        ".pre-commit-config.yaml": """
        repos:
          - repo: local
            hooks:
              - {id: interlock-check, name: x, entry: interlock check, language: system}
        """,
        "setup.sh": """
        set -e
        pre-commit install
        ls .git/hooks
        rm -f .git/hooks/pre-commit  # IL306
        chmod -x .git/hooks/pre-push  # IL306
        chmod 755 .git/hooks/pre-push
        rm -rf .git/hooks/README build
        pip uninstall -y setuptools
        """,
        "Dockerfile": """
        FROM app
        RUN pip uninstall -y interlock  # IL303
        RUN pip install interlock
        """,
    },
    "gates: what keeps a check from running": {
        ".husky/pre-commit": """
        [ -n "$FAST_COMMIT" ] && exit 0  # IL301
        interlock check
        """,
        ".husky/pre-push": """
        if git diff --quiet origin/main; then
            exit 0
        fi
        if [ -t 1 ]; then COLOUR=always; fi
        [ "$COLOUR" = always ] && echo checking
        [ -n "$BASE" ] || exit 1
        if [ "$CI" = true ]; then
            interlock check --output-format github
        else
            interlock check
        fi
        """,
        "gate.sh": """
        if command -v interlock >/dev/null; then  # IL301
            interlock check
        fi
        """,
        "option.sh": """
        set -e
        if [ "${1:-}" != "--no-proof" ]; then  # IL301
            interlock check
        fi
        case "$1" in
            check) interlock check ;;
        esac
        """,
        "deploy.sh": """
        set -e
        [ "$DEPLOY" = yes ] || exit 0
        interlock check
        interlock deploy production
        """,
    },
    "github: a choice of the form": {
        GITHUB: """
        on:
          workflow_dispatch:
            inputs:
              step: {type: choice, options: [verify, backup, migrate]}
              verb: {type: choice, options: [current, heads]}
              other: {type: string}
        jobs:
          run:
            steps:
              - run: alembic ${{ inputs.verb }}
              - run: alembic ${{ inputs.other }}  # IL102
              - run: interlock ${{ github.event.inputs.step }}  # IL501
        """
    },
    "make: conditionals in a recipe, loops and unknown functions": {
        "Makefile": """
        .PHONY: a b c d
        a:
        \tinterlock verify production
        ifndef FAST  # IL301
        \tinterlock backup
        endif
        \tinterlock migrate
        b:
        ifdef EU
        \tinterlock verify eu
        \tinterlock backup
        else
        \tinterlock verify us
        \tinterlock backup
        endif
        \tinterlock migrate
        c:
        \t$(foreach one,a b,alembic -n $(one) heads;)
        \t$(foreach one,a b,alembic -n $(one) upgrade head;)  # IL102
        d:
        \t$(call run_in_image,upgrade head)  # IL102
        \t$(call build_image,upgrade)
        """
    },
    "poe and jenkins: small signs": {
        "pyproject.toml": """
        [tool.poe.tasks]
        proof = "interlock check"
        [tool.poe.tasks.release]
        sequence = ["lint", "proof"]  # IL306
        ignore_fail = true
        [tool.poe.tasks.other]
        sequence = ["lint", "format"]
        ignore_fail = true
        """,
        ".pre-commit-config.yaml": """
        repos:
          - repo: local
            hooks:
              - {id: interlock-check, name: x, entry: interlock check, language: system}
        """,
        "Jenkinsfile": """
        pipeline {
            environment {
                HOME = '/tmp'
                SKIP = 'interlock-check'  # IL306
            }
            stages { stage('x') { steps { sh 'pre-commit run --all-files' } } }
        }
        """,
    },
    "buildkite: a condition on the backup": {
        ".buildkite/pipeline.yml": """
        steps:
          - command: interlock verify production
          - wait
          - command: interlock backup
            if: build.message !~ /skip/  # IL301
          - wait
          - command: interlock migrate
        """
    },
    "circleci: steps and words handed to a command": {
        ".circleci/config.yml": """
        version: 2.1
        commands:
          around:
            parameters: {steps: {type: steps}, host: {type: string}}
            steps:
              - run: ssh -fN << parameters.host >>
              - steps: << parameters.steps >>
          alembic:
            parameters: {verb: {type: string, default: current}}
            steps:
              - run: alembic << parameters.verb >>
        jobs:
          release:
            docker: [{image: app}]
            parameters: {verb: {type: string, default: heads}}
            steps:
              - around:
                  host: db
                  steps:
                    - run: alembic << parameters.verb >>
                    - run: alembic upgrade head  # IL102
              - alembic: {verb: << parameters.verb >>}
        workflows: {main: {jobs: [release]}}
        """
    },
    "azure: commands handed to a template": {
        "azure-pipelines.yml": """
        jobs:
          - template: run.yml
            parameters:
              title: alembic upgrade head
              commands:
                - alembic current
                - alembic upgrade head  # IL102
        """
    },
    "compose and kubernetes: words behind an entry point that is not known": {
        "compose.yml": """
        services:
          a:
            build: .
            command: upgrade head  # IL102
          b:
            build: .
            command: upgrade --all
          c:
            image: app
            environment: {VERB: "${VERB:-current}", FIXED: current}
            command: sh -c 'alembic $$FIXED && alembic "$$VERB"'  # IL102
        """,
        "job.yaml": """
        kind: Job
        spec:
          containers:
            - name: a
              args: [upgrade, head]  # IL102
            - name: b
              args: [serve, upgrade, head]
        """,
    },
    "shell: text that is decoded on its way": {
        "start.sh": """
        printf %s cHl0aG9uIC1tIGFwcA== | base64 -d | sh
        printf %s YWxlbWJpYyB1cGdyYWRlIGhlYWQ= | base64 --decode | sh  # IL102
        echo 'daeh edargpu cibmela' | rev | bash  # IL102
        echo 'daeh edargpu cibmela' | bash
        printf %s YWxlbWJpYyB1cGdyYWRlIGhlYWQ= | base64 | sh
        """
    },
    "shell: a step in each branch": {
        "good.sh": """
        set -eu
        case $1 in
            eu) interlock verify eu ;;
            us) interlock verify us ;;
            *) exit 64 ;;
        esac
        if [ -n "$SLOW" ]; then
            interlock backup --wait
        else
            interlock backup
        fi
        interlock migrate
        """,
        "bad.sh": """
        set -eu
        case $1 in
            eu) interlock verify eu ;;  # IL301
            us) echo soon ;;
        esac
        if [ -n "$SLOW" ]; then
            interlock backup --wait  # IL301
        elif [ -n "$FAST" ]; then
            true
        else
            interlock backup  # IL301
        fi
        interlock migrate
        """,
    },
    "shell: the other branch stops, or only talks of it": {
        "stops.sh": """
        set -e
        die() { echo "$*" >&2; exit 1; }
        if [ "$1" = eu ]; then
            interlock verify eu
        elif [ "$1" = us ]; then
            { echo "not yet"; exit 2; } >&2
        else
            die "which one?"
        fi
        interlock backup
        interlock migrate
        """,
        "talks.sh": """
        set -e
        usage() { echo "usage: talks.sh eu"; }
        if [ "$1" = eu ]; then
            interlock verify eu  # IL301
        elif [ "$1" = us ]; then
            usage
        else
            echo "this will not fail, nor exit"
        fi
        interlock backup
        interlock migrate
        """,
        "returns.sh": """
        set -e
        prepare() {
            if [ -n "$LATER" ]; then echo "exit early"; return; fi
            interlock verify eu  # IL301
        }
        prepare
        interlock backup
        interlock migrate
        """,
    },
    "gitlab: a job of an included file that is given another script": {
        ".gitlab-ci.yml": """
        include: [{local: steps.gitlab-ci.yml}]
        stages: [verify, backup, migrate]
        backup:
          script: echo later
        verify:
          script: interlock verify production --verbose
        """,
        "steps.gitlab-ci.yml": """
        verify: {stage: verify, script: interlock verify production}
        backup: {stage: backup, script: interlock backup}
        migrate:
          stage: migrate
          script: interlock migrate  # IL501
        """,
    },
    "shell: attempts that end in a failure, or in none": {
        "good.sh": """
        set -euo pipefail
        interlock verify production
        for attempt in 1 2 3; do
            if interlock backup; then
                break
            fi
            [ "$attempt" -lt 3 ] || exit 3
            sleep 10
        done
        interlock migrate
        """,
        "bad.sh": """
        set -euo pipefail
        interlock verify production
        for attempt in 1 2 3; do
            if interlock backup; then  # IL306
                break
            fi
            [ "$attempt" -lt 4 ] || exit 3
        done
        interlock migrate
        """,
        "unknown.sh": """
        set -euo pipefail
        interlock verify production
        for target in $TARGETS; do
            interlock backup  # IL301
        done
        interlock migrate
        """,
    },
    "terraform: resources wait for those that they refer to": {
        "good.tf": """
        resource "null_resource" "verify" {
          provisioner "local-exec" { command = "interlock verify production" }
        }
        resource "null_resource" "backup" {
          triggers = { after = null_resource.verify.id }
          provisioner "local-exec" { command = "interlock backup" }
        }
        resource "null_resource" "migrate" {
          depends_on = [null_resource.backup]
          provisioner "local-exec" { command = "interlock migrate" }
        }
        """,
        "bad/bad.tf": """
        resource "null_resource" "verify" {
          provisioner "local-exec" { command = "interlock verify production" }
        }
        resource "null_resource" "backup" {
          depends_on = [null_resource.verify]
          provisioner "local-exec" { command = "interlock backup" }
        }
        resource "null_resource" "migrate" {
          depends_on = [null_resource.verify]
          provisioner "local-exec" { command = "interlock migrate" }  # IL501
        }
        """,
    },
    "ansible: a task that nobody waits for": {
        "site.yml": """
        - hosts: app
          tasks:
            - command: interlock verify production  # IL306
              async: 600
              poll: 0
            - command: interlock check
              async: 600
              poll: 5
        """
    },
    "code of other languages on the command line": {
        "run.sh": """
        node -e "require('child_process').execSync('alembic heads')"
        node -e "require('child_process').execSync('alembic upgrade head')"  # IL102
        node --eval "spawn('alembic', ['-c', ini, 'upgrade', 'head'])"  # IL102
        node -e "console.log('alembic upgrade head')"
        ruby -e 'system("alembic upgrade head")'  # IL102
        perl -e 'system "alembic stamp head"'  # IL102
        perl -pe 's/alembic upgrade head/x/' notes
        node tools/wrap.js alembic upgrade head  # IL102
        """
    },
    "task: a loop over constants": {
        "Taskfile.yml": """
        version: "3"
        vars: {ALEMBIC: uv run alembic, STATES: "current heads"}
        tasks:
          status:
            - for: [current, heads]
              cmd: "{{.ALEMBIC}} {{.ITEM}}"
            - for: {var: STATES, as: STATE}
              cmd: "{{.ALEMBIC}} {{.STATE}}"
          rebuild:
            - for: [downgrade base, upgrade head]
              cmd: "{{.ALEMBIC}} {{.ITEM}}"  # IL102
        """
    },
    "npm: words handed on to another script": {
        "package.json": """
        {
          "scripts": {
            "alembic": "cd server && poetry run alembic",
            "heads": "npm run --silent alembic -- heads",
            "up": "npm run --silent alembic -- upgrade head",  # IL102
            "again": "pnpm -s alembic upgrade head"  # IL102
          }
        }
        """
    },
    "SQL that is made offline and then run": {
        "bin/apply": """
        #!/bin/sh
        set -e
        alembic upgrade head --sql > build/plan.sql
        squawk build/plan.sql
        psql "$URL" -f build/report.sql
        psql "$URL" -v ON_ERROR_STOP=1 -f build/plan.sql  # IL102
        """,
        "bin/other": """
        #!/bin/bash
        out=plan.sql
        alembic upgrade "$1" --sql | tee "$out" >/dev/null
        less "$out"
        mysql shop < "$out"  # IL102
        """,
        "Makefile": """
        plan.sql:
        \talembic upgrade head --sql > $@
        show: plan.sql
        \tcat plan.sql
        apply: plan.sql
        \tpsql < plan.sql  # IL102
        """,
    },
    "arguments that a script has looked at": {
        "bin/db": """
        #!/bin/sh
        case "${1-}" in
          current | heads) exec alembic "$@" ;;
          up) shift; alembic upgrade "$@" ;;  # IL102
          *) alembic "$@" ;;  # IL102
        esac
        """,
        "bin/say": """
        #!/bin/sh
        line() { printf '%s\\n' "alembic $1 head"; }
        line heads | sh
        line upgrade | sh  # IL102
        expect -c 'spawn alembic stamp head; interact'  # IL102
        """,
    },
    "stacks and managers in JavaScript": {
        "infra/stack.ts": """
        // command: ['alembic', 'stamp', 'head'],
        task.addContainer('schema', {
          entryPoint: ['python', '-m', 'alembic'],
          command: ['upgrade', 'head'],  # IL102
        });
        task.addContainer('read', { command: ['alembic', 'current'] });
        const hint = "command: ['alembic', 'upgrade', 'head']";
        """,
        "ecosystem.config.js": """
        module.exports = { apps: [
          { name: 'alembic upgrade head', script: 'gunicorn', args: 'shop' },
          { name: 'schema', script: 'alembic', args: 'upgrade head' },  # IL102
        ] };
        """,
        "infra/stack.py": """
        from aws_cdk import aws_ecs as ecs
        task = ecs.FargateTaskDefinition(None, "x")
        task.add_container("a", command=["alembic", "upgrade", "head"])  # IL102
        task.add_container("b", command=["alembic", "check"])
        """,
    },
    "a helper that hands the command on": {
        "ops/__init__.py": "",
        "ops/ecs.py": """
        import boto3


        def run_task(name, command):
            overrides = {"containerOverrides": [{"name": name, "command": command}]}
            boto3.client("ecs").run_task(taskDefinition=name, overrides=overrides)
        """,
        "ops/release.py": """
        from ops.ecs import run_task


        run_task("shop", ["alembic", "upgrade", "head"])  # IL102
        run_task("shop", ["alembic", "current"])
        """,
        "ops/texts.py": """
        def display(command):
            print(command)


        display(["alembic", "upgrade", "head"])
        """,
    },
    "variables that the file gives": {
        "site.yml": """
        - hosts: app
          vars: {reads: [current, heads], writes: [upgrade, stamp]}
          tasks:
            - command: "alembic {{ item }}"
              loop: "{{ reads }}"
            - command: "alembic {{ item }} head"  # IL102
              loop: "{{ writes }}"
        """,
        "pyproject.toml": """
        [tool.poe.tasks]
        schema.cmd = "alembic ${verb} head"  # IL102
        schema.args = ["verb"]
        """,
    },
    "AWS, in JSON and with functions": {
        "infra/stack.json": """
        {"Resources": {
          "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [
            {"EntryPoint": ["sh", "-c"],
             "Command": [{"Fn::Sub": "alembic ${Verb} head"}],  # IL102
             "DockerLabels": {"Command": "alembic upgrade head"}}
          ]}},
          "Host": {"Properties": {"UserData": {"Fn::Base64": {"Fn::Join": ["\\n", [
            "#!/bin/sh",
            "alembic stamp head"  # IL102
          ]]}}}}
         },
         "Metadata": {"Command": "alembic upgrade head"},
         "Parameters": {"Verb": {"Default": "upgrade", "Command": "alembic stamp"}}
        }
        """,
        "ecs/overrides.json": """
        {"containerOverrides": [
          {"command": ["alembic", "upgrade", "head"]},  # IL102
          {"command": ["alembic", "current"]}
        ]}
        """,
        "template.yaml": """
        Resources:
          Build:
            Type: AWS::CodeBuild::Project
            Properties:
              Source:
                BuildSpec: |
                  phases: {build: {commands: [alembic upgrade head]}}  # IL102
          Document:
            Type: AWS::SSM::Document
            Properties:
              Content:
                mainSteps:
                  - inputs:
                      runCommand:
                        - !Join [" ", [alembic, stamp, head]]  # IL102
        Outputs:
          Command: {Value: alembic upgrade head}
        """,
    },
    "Terraform's own lists, and Terraform in JSON": {
        "main.tf": """
        locals {
          verb    = "upgrade"
          command = ["alembic", local.verb, "head"]
          hint    = "alembic upgrade head"
        }
        resource "google_cloud_run_v2_job" "schema" {
          command = local.command  # IL102
          tags    = { command = "alembic upgrade head" }
        }
        """,
        "more.tf.json": """
        {"resource": {"null_resource": {"schema": {
          "provisioner": [{"local-exec": {"command": "alembic stamp head"}}]  # IL102
        }}}}
        """,
    },
    "texts that become files": {
        "site.yml": """
        - hosts: app
          tasks:
            - ansible.builtin.copy:
                dest: /etc/cron.d/schema
                content: "0 3 * * * root alembic upgrade head\\n"  # IL102
            - ansible.builtin.copy: {dest: /etc/motd, content: alembic upgrade head}
        """,
        "compose.yaml": """
        x-tool: &tool {entrypoint: [python, -m, alembic]}
        services:
          now: {<<: *tool, command: [current]}
          schema:
            <<: *tool
            command: [upgrade, head]  # IL102
        configs:
          start.sh:
            content: |
              alembic upgrade head  # IL102
          page: {content: alembic upgrade head}
        """,
        "k8s.yaml": """
        kind: ConfigMap
        data:
          start.sh: |
            alembic upgrade head  # IL102
          hint.txt: |
            alembic upgrade head
        ---
        kind: Pod
        spec:
          containers:
            - command: [alembic]  # IL102
              args: [$(VERB), head]
              env: [{name: VERB, value: upgrade}]
            - command: [alembic]
              args: [$(VERB)]
              env: [{name: VERB, value: heads}]
        """,
    },
    "managers of processes and packages": {
        "uwsgi.ini": """
        [uwsgi]
        module = shop.wsgi
        exec-pre-app = alembic upgrade head  # IL102
        hook-post-app = print:alembic upgrade head
        """,
        "schema.container": """
        [Container]
        Image=shop
        Exec=alembic stamp head  # IL102
        """,
        "composer.json": """
        {"scripts": {"post-install-cmd": [
          "alembic stamp head"  # IL102
        ]}}
        """,
        "deno.json": """
        {"tasks": {
          "now": "alembic current",
          "schema": "alembic upgrade head"  # IL102
        }}
        """,
        ".devcontainer/devcontainer.json": """
        {"postCreateCommand": "alembic current",
         "remoteEnv": {"postCreateCommand": "alembic upgrade head"},
         "customizations": {"vscode": {"settings": {"command": "alembic upgrade head"}}}}
        """,
        "Dockerfile": """
        FROM python
        SHELL ["python", "-c"]
        RUN from alembic.config import main; main(["upgrade", "head"])  # IL101
        """,
    },
    "services and inputs of GitLab": {
        ".gitlab-ci.yml": """
        spec:
          inputs: {verb: {default: current}}
        ---
        now:
          services:
            - entrypoint: [alembic]  # IL102
              command: [upgrade, head]
          script:
            - alembic $[[ inputs.verb ]] head  # IL102
        """,
    },
    "steps of Concourse": {
        "ci/task.yml": """
        platform: linux
        run:
          path: alembic  # IL102
          args: [upgrade, head]
        """,
        "ci/ordered.yml": """
        jobs:
          - name: guard
            plan:
              - task: verify
                config: {run: {path: interlock, args: [verify, production]}}
              - do: [{task: backup, config: {run: {path: interlock, args: [backup]}}}]
              - in_parallel:
                  - {task: lint, config: {run: {path: ruff, args: [check]}}}
          - name: migrate
            plan:
              - {get: code, passed: [guard], trigger: true}
              - task: migrate
                config: {run: {path: interlock, args: [migrate]}}
        """,
        "ci/loose.yml": """
        jobs:
          - name: guard
            plan:
              - task: verify
                config: {run: {path: interlock, args: [verify, production]}}
              - try: {task: backup, config: {run: {path: interlock, args: [backup]}}}  # IL306
          - name: migrate
            plan:
              - {get: code, trigger: true}
              - task: migrate
                config: {run: {path: interlock, args: [migrate]}}  # IL501
        """,
    },
    "a comment in data asks to look away": {
        "values.yaml": """
        image: app  # noqa: IL102  # IL305
        replicas: 2
        """
    },
}


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_what_is_started_is_reported_where_it_is_written(
    files: dict[str, str], tmp_path: Path
) -> None:
    expected = set()
    (tmp_path / "interlock.toml").write_text('deploy-module = "app.deploy"\n')
    for path, text in files.items():
        lines = dedent(text).strip("\n").split("\n")
        for row, line in enumerate(lines, 1):
            if found := MARK.search(line):
                expected.add((path, row, found[1]))
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join(MARK.sub("", line) for line in lines) + "\n")

    result = check_repository(tmp_path)

    assert {(one.path, one.row, one.code) for one in result.findings} == expected


def test_hcl_is_read_as_far_as_it_is_constant() -> None:
    text = """
    a = var.x ? "y" : "z"
    b = [for s in var.l : s.id]
    c = "${path.module}/x ${join(",", ["}"])} $${lit}"
    d = { e = "f", "g" = ["h", "i"], j : "k" }
    dynamic "env" {
      content { name = "l" }
    }
    """
    (root,), problems = read_hcl(text)

    assert problems == []
    assert isinstance(root, Map)
    assert [key.value for key, _ in root.pairs] == ["a", "b", "c", "d", "dynamic"]
    assert [one.value for one in walk(child(root, "d")) if isinstance(one, Text)] == list("fhik")
    assert isinstance(name := child(root, "dynamic", "content", "name"), Text)
    assert (name.value, name.row) == ("l", 7)
    assert isinstance(c := child(root, "c"), Text) and c.value.endswith(" ${lit}")


@pytest.mark.parametrize(
    "text",
    ["a = [", 'a = "${', "a {", '"', "a = (b", "/*", "<<A\n", "a = b(\n", 'a = "${b} c"\n'],
)
def test_no_hcl_takes_more_than_linear_time(text: str) -> None:
    assert _seconds(read_hcl, text * 40_000) < 0.5 + 20 * _seconds(read_hcl, text * 5_000)


@pytest.mark.parametrize("text", ["exec('a', [", "exec('a', ['b', ", "/* ", "`", "'", "exec("])
def test_no_javascript_takes_more_than_linear_time(text: str) -> None:
    def read(whole: str) -> None:
        list(started(whole))

    assert _seconds(read, text * 40_000) < 0.5 + 20 * _seconds(read, text * 5_000)


def _seconds(read: Callable[[str], object], text: str) -> float:
    start = process_time()
    read(text)
    return process_time() - start
