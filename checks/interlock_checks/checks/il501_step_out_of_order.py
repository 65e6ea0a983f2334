"""IL501: a pipeline in which a migration can start without the steps before it."""

from __future__ import annotations

from interlock_checks.check import Check


class StepOutOfOrder(Check):
    """
    A migration may start only after the target was verified and then backed up. A pipeline
    says that in the rules of its own system: jobs that only stand one below the other run side
    by side, a step with `if: always()` runs after a failure, a stage runs where `stages` puts it.

    So every `interlock migrate` is followed back on each way on which it can start: through the
    steps of its job, the jobs that it needs, and the targets, scripts, actions and workflows of
    this repository that run it.
    """

    code = "IL501"
    name = "step-out-of-order"
    clause = "C5"
    path = ".github/workflows/deploy.yml"
    summary = "migration in a pipeline that can start before verification and backup have succeeded"
    remedy = (
        "run `interlock deploy`, which does all three, or put `interlock verify` and "
        "`interlock backup` in front, as steps of the same job or in jobs that it needs"
    )

    bad = {
        "the last step alone": """
            on: push
            jobs:
              deploy:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock migrate  # IL501
        """,
        "jobs that do not wait": """
            on: push
            jobs:
              verify:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock verify production
                  - run: interlock backup
              migrate:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock migrate  # IL501
        """,
        "backup afterwards": """
            on: push
            jobs:
              deploy:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock verify production
                  - run: |
                      interlock migrate  # IL501
                      interlock backup
        """,
        "after a failure too": """
            on: push
            jobs:
              deploy:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock verify production
                  - run: interlock backup
                  - if: always()
                    run: interlock migrate  # IL501
        """,
    }
    good = {
        "one job": """
            on: push
            jobs:
              deploy:
                if: github.ref == 'refs/heads/main'
                runs-on: ubuntu-latest
                steps:
                  - run: interlock verify production
                  - run: interlock backup
                  - run: interlock migrate
        """,
        "jobs that wait for each other": """
            on: push
            jobs:
              verify:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock verify production
              backup:
                needs: verify
                runs-on: ubuntu-latest
                steps:
                  - run: interlock backup
              migrate:
                needs: [backup]
                runs-on: ubuntu-latest
                steps:
                  - run: interlock migrate
        """,
        "all steps in one": """
            on: push
            jobs:
              deploy:
                runs-on: ubuntu-latest
                steps:
                  - run: interlock deploy production
        """,
    }
