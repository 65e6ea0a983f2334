"""The keys of files of services that build, deploy and run, and what they mean there."""

from __future__ import annotations

import re

__all__ = [
    "AFTERWARDS",
    "CHANGES",
    "EMBEDDED",
    "IGNORED",
    "KEYS",
    "OF_A_STEP",
    "OF_UWSGI",
    "PLACES",
    "SAYING",
    "STATES",
    "STEPS",
    "TABLES",
    "TABLES_OF",
]

KEYS = frozenset(
    # fly.toml, render.yaml, railway, vercel, netlify, nixpacks, heroku.yml, app.json
    "release_command cmd build_command run_command start_command predeploycommand buildcommand"
    " startcommand dockercommand installcommand devcommand ignorecommand command commands cmds"
    " predeploy postdeploy pr-predestroy test-setup test"
    # Travis, AppVeyor, Bitbucket, Drone, Woodpecker, Semaphore, Cloud Build, dvc, buildspec
    " before_install install before_script script after_script after_success after_failure"
    " before_deploy after_deploy before_cache build_script test_script deploy_script before_build"
    " after_build before_test after_test on_success on_failure on_finish init after-script"
    # skaffold, devcontainer, ansible, serverless and cloud-init
    " postcreatecommand poststartcommand postattachcommand oncreatecommand updatecontentcommand"
    " initializecommand shell ansible.builtin.shell ansible.builtin.command runcmd bootcmd"
    " ansible.legacy.shell ansible.legacy.command run build.command preview hooks inline"
    " user_data userdata program runcommand initialdeployhook init_hook"
    # AppVeyor, Zerops, CapRover
    " ps pwsh sh initcommands buildcommands preparecommands dockerfilelines".split()
)
TABLES = frozenset({"processes", "run"})
"""Tables of which every value is a command."""
STEPS = frozenset({"steps", "jobs", "blocks", "tasks", "commands", "post_tasks", "pre_tasks"})
AFTERWARDS = frozenset(
    {
        "after_script",
        "after-script",
        "after_success",
        "after_failure",
        "on_failure",
        "on_finish",
        "on_success",
        "after_deploy",
    }
)
IGNORED = ("ignore_errors", "allowFailure", "allow_failure", "continue-on-error")
OF_A_STEP = frozenset(
    "name desc description summary help doc usage when if unless condition only except on tags"
    " register become become_user args chdir cwd dir working_directory working-directory"
    " delegate_to run_once notify changed_when failed_when until retries loop with_items env"
    " environment image user deps depends_on needs schedule cron timeout".split()
)
"""What stands beside a command that is run: keys of Ansible's tasks, and of task runners."""
STATES = frozenset({"cmd.run", "cmd.script", "cmd.wait"})
"""States of Salt, whose arguments are a list of tables."""
CHANGES = ("create", "update", "delete")
"""When Pulumi's resource `Command` runs something."""
EMBEDDED = frozenset({"container_definitions", "buildspec"})
"""Texts that are files of the same kind."""
SAYING = frozenset(
    "env environment environments envvars env_vars env_variables remoteenv containerenv tags labels"
    " dockerlabels annotations metadata customizations".split()
)
"""Keys of tables whose keys are names of the user's own."""
TABLES_OF = {
    "composer.json": frozenset({"scripts"}),
    "devbox.json": frozenset({"scripts"}),
    "deno.json": frozenset({"tasks"}),
    "deno.jsonc": frozenset({"tasks"}),
}
"""The same as `TABLES` in files of certain names."""
PLACES = ("dest", "path", "filename", "destination", "target")
"""Beside `content`: the name of the file that it becomes (Ansible, cloud-init, Terraform)."""
OF_UWSGI = re.compile(r"exec-[\w-]+|(?:smart-)?attach-daemon\d?|hook-[\w-]+")
