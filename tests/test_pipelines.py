"""A migration waits for verification and backup, by the rules of the system that runs it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from interlock_checks.discover import Source
from interlock_checks.documents import kinds
from interlock_checks.documents.read import read_document
from interlock_checks.link.pipelines import pipeline_reaches

GITHUB = ".github/workflows/deploy.yml"
GITLAB = ".gitlab-ci.yml"
CIRCLE = ".circleci/config.yml"
AZURE = "azure-pipelines.yml"
BUILDKITE = ".buildkite/pipeline.yml"
FILES = ("dump/README",)
"""What else lies in each repository."""


def judged(files: dict[str, str]) -> set[tuple[str, int, str]]:
    """The findings about order: path, row and code."""
    documents = {}
    for path, text in files.items():
        data = text.encode()
        assert kinds.format_of(path, data) is not None, path
        documents[path] = read_document(Source(path, "document", data, b""))
        assert documents[path].problems == ()
    return {(one.path, one.row, one.code) for one in pipeline_reaches(documents, [*files, *FILES])}


def marked(files: dict[str, str]) -> set[tuple[str, int, str]]:
    """Lines that end in a comment with a code."""
    return {
        (path, number, line.rpartition("# ")[2])
        for path, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line.rpartition("# ")[2] in ("IL301", "IL501", "IL502")
    }


CASES: dict[str, dict[str, str]] = {
    "github: an expression that chooses the target, or the step": {
        GITHUB: """
        on: {workflow_dispatch: {inputs: {target: {type: choice, options: [a, b]}}}}
        jobs:
          verify:
            steps:
              - run: interlock verify ${{ inputs.target || 'staging' }}
          migrate:
            needs: verify
            steps:
              - run: interlock backup
              - run: interlock migrate
          other:
            steps:
              - run: interlock ${{ inputs.fast && 'status' || 'verify production' }}
              - run: interlock backup
              - run: interlock migrate  # IL501
        """
    },
    "gitlab: the including file gives a guard rules of its own": {
        GITLAB: """
        include: [{local: ci/release.yml}]
        backup:
          rules:
            - if: $FULL == "yes"  # IL301
        """,
        "ci/release.yml": """
        stages: [verify, backup, migrate]
        verify:
          stage: verify
          script: interlock verify production
        backup:
          stage: backup
          script: interlock backup
        migrate:
          stage: migrate
          script: interlock migrate
        """,
    },
    "gitlab: the including file gives a guard another image": {
        GITLAB: """
        include: [{local: ci/release.yml}]
        backup: {image: postgres}
        """,
        "ci/release.yml": """
        stages: [verify, backup, migrate]
        verify:
          stage: verify
          script: interlock verify production
        backup:
          stage: backup
          script: interlock backup
        migrate:
          stage: migrate
          script: interlock migrate
        """,
    },
    "gitlab: another pipeline that nobody waits for": {
        GITLAB: """
        stages: [guard, migrate]
        guard: {stage: guard, trigger: {include: ci/guard.yml}}
        migrate:
          stage: migrate
          script: interlock migrate  # IL501
        """,
        "ci/guard.yml": """
        guard:
          script: [interlock verify production, interlock backup]
        """,
    },
    "gitlab: another pipeline that is waited for": {
        GITLAB: """
        stages: [guard, migrate]
        guard: {stage: guard, trigger: {include: ci/guard.yml, strategy: depend}}
        migrate:
          stage: migrate
          script: interlock migrate
        """,
        "ci/guard.yml": """
        guard:
          script: [interlock verify production, interlock backup]
        """,
    },
    "drone: a step for both outcomes": {
        ".drone.yml": """
        steps:
          - {name: guard, commands: [interlock verify production, interlock backup]}
          - name: migrate
            commands: [interlock migrate]  # IL501
            when: {status: [success, failure]}
        """
    },
    "drone: a message for both outcomes": {
        ".drone.yml": """
        steps:
          - {name: guard, commands: [interlock verify production, interlock backup]}
          - {name: migrate, commands: [interlock migrate]}
          - {name: tell, commands: [./tell.sh], when: {status: [success, failure]}}
        """
    },
    "task: a guard that may be up to date": {
        "Taskfile.yml": """
        tasks:
          release:
            cmds: [{task: verify}, {task: backup}, interlock migrate]
          verify: {cmds: [interlock verify production]}
          backup:
            status: [test -f dump]  # IL301
            cmds: [interlock backup]
        """
    },
    "task: a release that may be up to date": {
        "Taskfile.yml": """
        tasks:
          release:
            status: [./is-released.sh]
            cmds: [interlock verify production, interlock backup, interlock migrate]
          client: {status: [test -f client.py], cmds: [./generate.sh]}
        """
    },
    "tox: errors are ignored until the end": {
        "tox.ini": """
        [testenv:release]
        ignore_errors = true
        commands =
          interlock verify production
          interlock backup
          interlock migrate  # IL501
        """
    },
    "make: the other prerequisites are made all the same": {
        "Makefile": """
        MAKEFLAGS += --no-print-directory -k
        .PHONY: release verify backup migrate
        release: verify backup migrate  # IL501
        verify:; interlock verify production
        backup:; interlock backup
        migrate:
        \tinterlock migrate
        """
    },
    "make: nothing is left that could be made all the same": {
        "Makefile": """
        MAKEFLAGS += -j4 --keep-going
        .PHONY: verify backup migrate
        verify:; interlock verify production
        backup: verify; interlock backup
        migrate: backup
        \tinterlock migrate
        """
    },
    "make: one at a time": {
        "Makefile": """
        MAKEFLAGS += -j1 --no-print-directory --jobserver-style=fifo
        .PHONY: release verify backup migrate
        release: verify backup migrate
        verify:; interlock verify production
        backup:; interlock backup
        migrate:; interlock migrate
        """
    },
    "just: dependencies side by side": {
        "justfile": """
        [parallel]
        release: verify backup migrate  # IL501
        verify:
          interlock verify production
        backup:
          interlock backup
        migrate:
          interlock migrate
        """
    },
    # --- Woodpecker, Tekton, Argo ---
    "woodpecker: steps that name what they wait for": {
        ".woodpecker.yml": """
        steps:
          verify: {commands: [interlock verify production]}
          backup: {commands: interlock backup, depends_on: verify}
          migrate: {commands: interlock migrate, depends_on: [backup]}
        """
    },
    "woodpecker: a step that waits for too little": {
        ".woodpecker.yml": """
        steps:
          verify: {commands: [interlock verify production]}
          backup: {commands: interlock backup, depends_on: verify}
          migrate:
            depends_on: [verify]
            commands:
              - interlock migrate  # IL501
        """
    },
    "tekton: tasks wait for those they run after": {
        "tekton.yaml": """
        apiVersion: tekton.dev/v1
        kind: Pipeline
        spec:
          tasks:
            - name: verify
              taskSpec:
                steps: [{image: app, script: interlock verify production}]
            - name: backup
              runAfter: [verify]
              taskSpec:
                steps: [{image: app, script: interlock backup}]
            - name: migrate
              runAfter: [backup]
              taskSpec:
                steps: [{image: app, script: interlock migrate}]
            - name: early  # IL501
              runAfter: [verify]
              taskSpec:
                steps: [{image: app, script: interlock migrate}]
        """
    },
    "argo: what a task depends on": {
        "argo.yaml": """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        spec:
          templates:
            - name: main
              dag:
                tasks:
                  - {name: verify, template: verify}
                  - {name: backup, depends: verify.Succeeded, template: backup}
                  - {name: good, depends: "verify && backup", template: migrate}
            - name: verify
              container: {command: [interlock, verify, production]}
            - name: backup
              container: {command: [interlock, backup]}
            - name: migrate
              container: {command: [interlock, migrate]}
        """,
        "hasty.yaml": """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        spec:
          templates:
            - name: main
              dag:
                tasks:
                  - {name: verify, template: verify}
                  - {name: backup, depends: verify, template: backup}
                  - name: migrate  # IL501
                    depends: "backup.Succeeded || backup.Failed"
                    template: migrate
            - name: verify
              container: {command: [interlock, verify, production]}
            - name: backup
              container: {command: [interlock, backup]}
            - name: migrate
              container: {command: [interlock, migrate]}
        """,
    },
    # --- GitHub ---
    "github: a chain of needs": {
        GITHUB: """
        jobs:
          verify:
            steps: [{run: interlock verify production}]
          backup:
            needs: verify
            if: github.ref == 'refs/heads/main'
            steps: [{run: interlock backup}]
          build:
            needs: backup
            steps: [{run: make image}]
          migrate:
            needs: [build]
            steps: [{run: interlock migrate}]
        """
    },
    "github: a chain that always() cuts": {
        GITHUB: """
        jobs:
          verify:
            steps: [{run: interlock verify production && interlock backup}]
          build:
            needs: verify
            if: always()
            steps: [{run: make image}]
          migrate:
            needs: build
            steps:
              - run: interlock migrate # IL501
        """
    },
    "github: always() with the results asked for": {
        GITHUB: """
        jobs:
          verify:
            steps: [{run: interlock verify production && interlock backup}]
          migrate:
            needs: verify
            if: ${{ always() && needs.verify.result == 'success' }}
            steps: [{run: interlock migrate}]
        """
    },
    "github: a job that may be skipped and is passed over": {
        GITHUB: """
        jobs:
          verify:
            if: ${{ !inputs.hotfix }} # IL301
            steps: [{run: interlock verify production && interlock backup}]
          migrate:
            needs: verify
            if: ${{ !failure() && !cancelled() }}
            steps: [{run: interlock migrate}]
        """
    },
    "github: a step on a condition": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - if: inputs.verify # IL301
                run: interlock verify production
              - run: interlock backup
              - run: interlock migrate
        """
    },
    "github: the same condition on all steps": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - if: github.ref == 'refs/heads/main'
                run: interlock verify production && interlock backup
              - if: ${{ github.ref == 'refs/heads/main' && github.actor != 'bot' }}
                run: interlock migrate
        """
    },
    "github: a composite action with the guards": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - uses: ./.github/actions/guard
              - run: interlock migrate
        """,
        ".github/actions/guard/action.yml": """
        runs:
          using: composite
          steps:
            - {shell: bash, run: interlock verify production}
            - {shell: bash, run: interlock backup}
        """,
    },
    "github: a composite action that migrates, used without the guards": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - run: interlock verify production
              - uses: ./.github/actions/migrate # IL501
        """,
        ".github/actions/migrate/action.yml": """
        runs:
          using: composite
          steps:
            - {shell: bash, run: interlock migrate}
        """,
    },
    "github: reusable workflows in order": {
        GITHUB: """
        jobs:
          guard:
            uses: ./.github/workflows/guard.yml
          migrate:
            needs: guard
            uses: ./.github/workflows/migrate.yml
        """,
        ".github/workflows/guard.yml": """
        on: workflow_call
        jobs:
          verify:
            steps: [{run: interlock verify production}]
          backup:
            needs: verify
            steps: [{run: interlock backup}]
        """,
        ".github/workflows/migrate.yml": """
        on: workflow_call
        jobs:
          go:
            steps: [{run: interlock migrate}]
        """,
    },
    "github: a script that migrates, called after the guards": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - run: |
                  interlock verify production
                  interlock backup
                  ./scripts/migrate.sh
        """,
        "scripts/migrate.sh": """
        #!/bin/sh
        set -e
        interlock migrate
        """,
    },
    "github: a matrix of steps runs side by side": {
        GITHUB: """
        jobs:
          deploy:
            strategy:
              matrix:
                step: [verify, backup, migrate]
            steps:
              - run: interlock ${{ matrix.step }} # IL501
        """
    },
    "github: a check that never runs": {
        GITHUB: """
        jobs:
          lint:
            if: false # IL502
            steps: [{run: interlock check}]
        """
    },
    "github: a workflow that never starts": {
        GITHUB: """
        on:
          pull_request:
            paths-ignore: ["**"] # IL502
        jobs:
          lint:
            steps: [{run: interlock check}]
        """
    },
    "github: a check that an input leaves out": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - if: ${{ !inputs.quick }} # IL301
                run: interlock check
              - run: interlock deploy production
        """
    },
    "github: a check for pull requests beside a deployment": {
        GITHUB: """
        jobs:
          lint:
            if: github.event_name == 'pull_request'
            steps: [{run: interlock check}]
          deploy:
            if: github.ref == 'refs/heads/main'
            steps: [{run: interlock deploy production}]
        """
    },
    # --- GitLab ---
    "gitlab: stages in order": {
        GITLAB: """
        stages: [verify, backup, migrate]
        .rules: &main
          rules: [{if: $CI_COMMIT_BRANCH == "main"}]
        migrate:
          <<: *main
          stage: migrate
          script: [interlock migrate]
        verify:
          <<: *main
          stage: verify
          script: interlock verify production
        backup:
          <<: *main
          stage: backup
          script: interlock backup
        """
    },
    "github: a matrix of targets": {
        GITHUB: """
        on: push
        jobs:
          deploy:
            runs-on: self-hosted
            strategy:
              max-parallel: 1
              matrix:
                target: [staging, production]
            steps:
              - run: interlock verify ${{ matrix.target }}
              - run: interlock backup
              - run: interlock migrate
        """
    },
    "github: a matrix of targets behind one condition": {
        GITHUB: """
        on: push
        jobs:
          deploy:
            runs-on: self-hosted
            strategy: {matrix: {target: [staging, production]}}
            steps:
              - if: steps.changed.outputs.migrations == 'yes'
                run: interlock verify ${{ matrix.target }}
              - if: steps.changed.outputs.migrations == 'yes'
                run: interlock backup
              - if: steps.changed.outputs.migrations == 'yes'
                run: interlock migrate
        """
    },
    "github: a matrix of steps": {
        GITHUB: """
        on: push
        jobs:
          deploy:
            runs-on: self-hosted
            strategy: {matrix: {step: [verify, backup]}}
            steps:
              - run: interlock ${{ matrix.step }} production
              - run: interlock migrate # IL501
        """
    },
    "jenkins: one stage after the other": {
        "Jenkinsfile": """
        pipeline {
          stages {
            stage('verify') { when { branch 'main' } steps { sh 'interlock verify production' } }
            stage('backup') { when { branch 'main' } steps { sh 'interlock backup' } }
            stage('migrate') { when { branch 'main' } steps { sh 'interlock migrate' } }
          }
          post { always { sh 'interlock status || true' } success { sh './tell.sh' } }
        }
        """
    },
    "jenkins: a stage that a parameter leaves out": {
        "Jenkinsfile": """
        pipeline {
          stages {
            stage('verify') { steps { sh 'interlock verify production' } }
            stage('backup') {
              when { expression { !params.QUICK } } # IL301
              steps { sh 'interlock backup' }
            }
            stage('migrate') { steps { sh 'interlock migrate' } }
          }
        }
        """
    },
    "jenkins: a condition around a step": {
        "Jenkinsfile": """
        node {
          sh 'interlock verify production'
          if (!params.QUICK) { # IL301
            sh 'interlock backup'
          }
          if (params.DEPLOY) { sh 'interlock migrate' }
        }
        """
    },
    "jenkins: whatever has happened": {
        "Jenkinsfile": """
        pipeline {
          stages {
            stage('prepare') { steps { sh 'interlock verify x && interlock backup' } }
          }
          post {
            always {
              sh 'interlock migrate' # IL501
            }
          }
        }
        """
    },
    "gitlab: rules leave the guard out": {
        GITLAB: """
        stages: [verify, migrate]
        verify:
          stage: verify
          rules:
            - if: $SKIP_VERIFY == "true" # IL301
              when: never
            - when: on_success
          script: interlock verify production && interlock backup
        migrate:
          stage: migrate
          script: [interlock migrate]
        """
    },
    "gitlab: empty needs start at once": {
        GITLAB: """
        stages: [verify, migrate]
        verify:
          stage: verify
          script: interlock verify production && interlock backup
        migrate:
          stage: migrate
          needs: []
          script:
            - interlock migrate # IL501
        """
    },
    "gitlab: needs reach back through stages": {
        GITLAB: """
        stages: [one]
        verify:
          stage: one
          script: interlock verify production
        backup:
          stage: one
          needs: [verify]
          script: interlock backup
        migrate:
          stage: one
          needs: [{job: backup, artifacts: true}]
          script: interlock migrate
        """
    },
    "gitlab: when always": {
        GITLAB: """
        stages: [verify, migrate]
        verify:
          stage: verify
          script: interlock verify production && interlock backup
        migrate:
          stage: migrate
          when: always
          script:
            - interlock migrate # IL501
        """
    },
    "gitlab: a manual migration after the guards": {
        GITLAB: """
        stages: [verify, migrate]
        verify:
          stage: verify
          script: interlock verify production && interlock backup
        migrate:
          stage: migrate
          when: manual
          script: interlock migrate
        """
    },
    "gitlab: a manual guard that nobody has to start": {
        GITLAB: """
        stages: [verify, backup, migrate]
        verify: {stage: verify, script: interlock verify production}
        backup:
          stage: backup
          when: manual # IL301
          script: interlock backup
        migrate: {stage: migrate, script: interlock migrate}
        """
    },
    "gitlab: a manual guard that the next one needs": {
        GITLAB: """
        stages: [verify, backup, migrate]
        verify: {stage: verify, script: interlock verify production}
        backup: {stage: backup, when: manual, script: interlock backup}
        migrate: {stage: migrate, needs: [verify, backup], script: interlock migrate}
        """
    },
    "gitlab: a manual guard that holds the pipeline up": {
        GITLAB: """
        stages: [verify, backup, migrate]
        verify: {stage: verify, script: interlock verify production}
        backup: {stage: backup, when: manual, allow_failure: false, script: interlock backup}
        migrate: {stage: migrate, script: interlock migrate}
        """
    },
    "gitlab: steps side by side in a matrix": {
        GITLAB: """
        schema:
          parallel:
            matrix:
              - STEP: [verify production, backup, migrate]
          script:
            - interlock $STEP # IL501
        """
    },
    "gitlab: a database for each of a matrix": {
        GITLAB: """
        schema:
          parallel:
            matrix:
              - TARGET: [orders, billing]
          script:
            - interlock verify $TARGET
            - interlock backup
            - interlock migrate
        """
    },
    "gitlab: stages in another file": {
        GITLAB: """
        include:
          - local: /ci/jobs.yml
        stages: [migrate, verify]
        """,
        "ci/jobs.yml": """
        verify:
          stage: verify
          script: interlock verify production && interlock backup
        migrate:
          stage: migrate
          script:
            - interlock migrate # IL501
        """,
    },
    # --- others ---
    "circleci: requires": {
        CIRCLE: """
        jobs:
          guard:
            steps: [{run: interlock verify production}, {run: interlock backup}]
          migrate:
            steps: [{run: interlock migrate}]
        workflows:
          deploy:
            jobs:
              - guard
              - hold: {type: approval, requires: [guard]}
              - migrate: {requires: [hold]}
        """
    },
    "circleci: no requires": {
        CIRCLE: """
        jobs:
          guard:
            steps: [{run: interlock verify production}, {run: interlock backup}]
          migrate:
            steps:
              - run: interlock migrate # IL501
        workflows:
          deploy:
            jobs: [guard, migrate]
        """
    },
    "circleci: a step that runs always": {
        CIRCLE: """
        jobs:
          deploy:
            steps:
              - run: interlock verify production
              - run: interlock backup
              - run:
                  when: always
                  command: interlock migrate # IL501
        workflows:
          deploy: {jobs: [deploy]}
        """
    },
    "azure: stages follow each other": {
        AZURE: """
        stages:
          - stage: Guard
            jobs:
              - job: a
                steps: [{script: interlock verify production && interlock backup}]
          - stage: Migrate
            jobs:
              - job: b
                steps: [{script: interlock migrate}]
        """
    },
    "azure: a stage that waits for nothing": {
        AZURE: """
        stages:
          - stage: Guard
            jobs:
              - job: a
                steps: [{script: interlock verify production && interlock backup}]
          - stage: Migrate
            dependsOn: []
            jobs:
              - job: b
                steps:
                  - script: interlock migrate # IL501
        """
    },
    "azure: a condition of one's own forgets success": {
        AZURE: """
        steps:
          - script: interlock verify production && interlock backup
          - script: interlock migrate # IL501
            condition: eq(variables['Build.SourceBranch'], 'refs/heads/main')
        """
    },
    "azure: a condition that asks for success": {
        AZURE: """
        steps:
          - script: interlock verify production && interlock backup
          - script: interlock migrate
            condition: and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))
        """
    },
    "buildkite: wait": {
        BUILDKITE: """
        steps:
          - command: interlock verify production && interlock backup
          - wait
          - command: interlock migrate
        """
    },
    "buildkite: no wait": {
        BUILDKITE: """
        steps:
          - command: interlock verify production && interlock backup
          - command: interlock migrate # IL501
        """
    },
    "task: dependencies run side by side": {
        "Taskfile.yml": """
        tasks:
          verify: interlock verify production
          backup: interlock backup
          deploy:
            deps: [verify, backup]
            cmds:
              - interlock migrate # IL501
        """
    },
    "task: commands run one after another": {
        "Taskfile.yml": """
        tasks:
          verify: interlock verify production
          backup: interlock backup
          deploy:
            cmds:
              - task: verify
              - task: backup
              - interlock migrate
        """
    },
    "make: prerequisites in order": {
        "Makefile": """
        deploy: verify backup migrate
        verify:
        \tinterlock verify production
        backup:
        \tinterlock backup
        migrate:
        \tinterlock migrate
        """
    },
    "make: a folder of the name of a target": {
        "Makefile": """
        migrate: dump
        \tinterlock migrate
        dump: verify.stamp # IL301
        \tinterlock backup
        verify.stamp: # IL301
        \tinterlock verify production && touch $@
        """
    },
    "make: a folder of the name of a phony target": {
        "Makefile": """
        .PHONY: dump
        migrate: dump
        \tinterlock migrate
        dump: verify
        \tinterlock backup
        verify:
        \tinterlock verify production
        """
    },
    "make: a folder of the name of a target that depends on a phony one": {
        "Makefile": """
        .PHONY: verify
        release: migrate
        migrate: | dump
        \tinterlock migrate
        dump: verify
        \tinterlock backup
        verify:
        \tinterlock verify production
        """
    },
    "make: a step behind a stamp": {
        "Makefile": """
        .PHONY: verify migrate release
        release: verify .state/backup migrate
        verify:
        \tinterlock verify production
        .state/backup: # IL301
        \tinterlock backup
        \tmkdir -p .state && touch .state/backup
        migrate: verify .state/backup
        \tinterlock migrate
        """
    },
    "make: targets in the order of the command line": {
        GITHUB: """
        jobs:
          right:
            steps: [{run: make verify backup migrate}]
          wrong:
            steps:
              - run: make migrate verify backup # IL501
        """,
        "Makefile": """
        verify:
        \tinterlock verify production
        backup:
        \tinterlock backup
        migrate:
        \tinterlock migrate
        """,
    },
    "npm: one script calls the others": {
        "package.json": """
        {"scripts": {
          "verify": "interlock verify production",
          "premigrate": "npm run verify && interlock backup",
          "migrate": "interlock migrate",
          "release": "npm run premigrate && npm run migrate"
        }}
        """
    },
    "compose: a service that completes": {
        "compose.yml": """
        services:
          guard:
            command: sh -ec "interlock verify production && interlock backup"
          migrate:
            command: [interlock, migrate]
            depends_on: {guard: {condition: service_completed_successfully}}
        """
    },
    "compose: a service that only starts": {
        "compose.yml": """
        services:
          guard:
            command: sh -ec "interlock verify production && interlock backup"
          migrate:
            command: [interlock, migrate] # IL501
            depends_on: [guard]
        """
    },
    "kubernetes: init containers in order": {
        "k8s/web.yaml": """
        kind: Deployment
        spec:
          initContainers:
            - {name: a, command: [interlock, verify, production]}
            - {name: b, command: [interlock, backup]}
            - {name: c, command: [interlock, migrate]}
          containers:
            - {name: web, command: [uvicorn, app:app]}
        """
    },
    "helm: hooks in the order of their weights": {
        "chart/templates/a.yaml": """
        kind: Job
        metadata: {annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-weight: "2"}}
        spec: {template: {spec: {containers: [{name: m, command: [interlock, migrate]}]}}}
        """,
        "chart/templates/b.yaml": """
        kind: Job
        metadata: {annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-weight: "-1"}}
        spec:
          template:
            spec:
              containers:
                - name: m
                  command: [sh, -ec]
                  args: ["interlock verify production; interlock backup"]
        """,
    },
    "helm: hooks of one weight": {
        "chart/templates/all.yaml": """
        kind: Job
        metadata: {annotations: {helm.sh/hook: pre-upgrade}}
        spec: {template: {spec: {containers: [{name: m, command: [interlock, verify, x]}]}}}
        ---
        kind: Job
        metadata: {annotations: {helm.sh/hook: pre-upgrade}}
        spec:
          containers:
            - command: [interlock, migrate] # IL501
        """
    },
    "kubernetes: three steps in one container": {
        "k8s/job.yaml": """
        kind: Job
        spec:
          containers:
            - name: deploy
              command: ["/bin/sh", "-ec"]
              args:
                - |
                  interlock verify production
                  interlock backup
                  interlock migrate
        """
    },
    "kubernetes: two steps in one container": {
        "k8s/job.yaml": """
        kind: Job
        spec:
          containers:
            - name: deploy
              command: ["/bin/sh", "-ec"]
              args:
                - |
                  interlock verify production
                  interlock migrate # IL501
        """
    },
    "gitlab: a template of another file": {
        GITLAB: """
        include: {local: ci/templates.yml}
        stages: [verify, migrate]
        verify:
          stage: verify
          script: interlock verify production && interlock backup
        migrate:
          stage: migrate
          extends: .migrate
        """,
        "ci/templates.yml": """
        .migrate:
          script:
            - interlock migrate
        """,
    },
    "gitlab: a template of another file, without the guards": {
        GITLAB: """
        include: {local: ci/templates.yml}
        migrate:
          extends: .migrate # IL501
        """,
        "ci/templates.yml": """
        .migrate:
          script:
            - interlock migrate
        """,
    },
    "github: a step that asks for the success of another": {
        GITHUB: """
        jobs:
          deploy:
            steps:
              - run: interlock verify production
              - id: backup
                run: interlock backup
              - if: always() && steps.backup.outcome == 'success'
                run: interlock migrate
        """
    },
    "make: targets that start together": {
        "Makefile": """
        .PHONY: ship verify backup migrate chain
        ship: verify backup migrate # IL501
        verify:
        \tinterlock verify production
        backup:
        \tinterlock backup
        migrate:
        \tinterlock migrate
        """,
        "ship.sh": "make -j4 ship\n",
    },
    "make: a target of another file that goes on": {
        "Makefile": """
        .PHONY: ship verify backup migrate
        .NOTPARALLEL:
        ship: verify backup migrate # IL501
        verify:
        \tinterlock verify production
        backup:
        \tinterlock backup
        migrate:
        \tinterlock migrate
        """,
        "ship.sh": "make -k\n",
    },
    "make: targets that wait": {
        "Makefile": """
        .PHONY: ship verify backup migrate lint
        .NOTPARALLEL:
        ship: verify backup migrate
        verify:
        \tinterlock verify production
        backup:
        \tinterlock backup
        migrate:
        \tinterlock migrate
        lint:
        \truff check
        """,
        "ship.sh": "make -j4 ship\nmake -k lint\n",
    },
    "make: targets that need each other": {
        "Makefile": """
        .PHONY: verify backup migrate
        verify:
        \tinterlock verify production
        backup: verify
        \tinterlock backup
        migrate: backup
        \tinterlock migrate
        """,
        "ship.sh": "make -kj migrate\n",
    },
    "fly: a release command alone": {
        "fly.toml": """
        [deploy]
        release_command = "interlock migrate" # IL501
        """
    },
    "anything: all three in one": {
        "fly.toml": """
        [deploy]
        release_command = "interlock deploy production"
        """
    },
}


@pytest.mark.parametrize("files", CASES.values(), ids=CASES)
def test_a_migration_waits_for_the_steps_before_it(files: dict[str, str]) -> None:
    files = {path: dedent(text).lstrip("\n") for path, text in files.items()}

    assert judged(files) == marked(files)


def test_a_pipeline_in_circles_ends() -> None:
    text = "jobs:\n" + "".join(
        f"  j{n}:\n    needs: [j{(n + 1) % 50}, j{(n + 7) % 50}]\n"
        f"    steps: [{{run: interlock migrate}}, {{uses: ./{GITHUB}}}]\n"
        for n in range(50)
    )

    assert len({row for _, row, _ in judged({GITHUB: text})}) == 50
