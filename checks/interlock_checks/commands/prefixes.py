"""
Programs that run another program, as data.

`PREFIXES` says how to find the inner command: which options take a value, how many words come
before it, and whether it is a list of words or text for a shell. To add a program is to add a
line. Facts are from the manual pages and `--help` of coreutils 9, util-linux 2.40, sudo 1.9,
Docker 27, kubectl 1.31, uv 0.5 and later, and the projects' own documentation; an option that is
not listed is not an error, it only makes the reading uncertain (`walk.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

Inner = Literal["command", "shell", "texts", "python"]


@dataclass(frozen=True, slots=True)
class Prefix:
    """
    How one program names the command that it runs.

    options: every known option, with a mark at its end: `:` takes a value, `$` takes a value that
        is shell text, `>` takes a value that is the program, `@` takes a Python module,
        `#` takes data that holds commands, `,` takes the words behind the program in one list,
        `!` means that nothing is run; no mark, a flag.
    skip: words that are not options and come before the command (`timeout 5`, `docker exec web`).
    assignments: `NAME=value` may come before the command.
    dashes: options may stand anywhere before `--`, and the command begins after it.
    inner: what the remaining words are: a command, words that a shell joins and reads, texts for
        a shell one by one, or the arguments of a Python interpreter.
    package: the program may carry a version (`alembic@1.13`, `alembic==1.13`).
    label: the program may carry a label before a colon (`hatch run dev:alembic`).
    """

    options: str = ""
    skip: int = 0
    assignments: bool = False
    dashes: bool = False
    inner: Inner = "command"
    package: bool = False
    label: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A program whose next word chooses the command: `docker run`, `poetry run`."""

    options: str
    commands: Mapping[str, Prefix | Group]


@cache
def marks(options: str) -> Mapping[str, str]:
    """Option to mark, of the notation of `Prefix.options`; a flag maps to the empty text."""
    found: dict[str, str] = {}
    for option in options.split():
        mark = option[-1] if option[-1] in ":$>@!#," else ""
        found[option.removesuffix(mark)] = mark
    return found


_PLAIN = Prefix()
_DOCKER_RUN = Prefix(
    "-a: --attach: --add-host: --annotation: --blkio-weight: --cap-add: --cap-drop: --cgroupns:"
    " --cgroup-parent: --cidfile: -c: --cpu-shares: --cpus: --cpuset-cpus: --device: --dns:"
    " --domainname: --entrypoint> -e: --env: --env-file: --expose: --gpus: --group-add:"
    " --health-cmd$ --health-interval: --health-retries: --health-timeout: -h: --hostname: --ip:"
    " --ipc: -l: --label: --label-file: --link: --log-driver: --log-opt: --mac-address: -m:"
    " --memory: --memory-swap: --mount: --name: --net: --network: --network-alias: --pid:"
    " --pids-limit: --platform: -p: --publish: --pull: --restart: --runtime: --secret:"
    " --security-opt: --shm-size: --stop-signal: --stop-timeout: --storage-opt: --sysctl: --tmpfs:"
    " --ulimit: -u: --user: --userns: --uts: -v: --volume: --volumes-from: --volume-driver: -w:"
    " --workdir: --pod: --arch: --authfile: --requires: -d --detach -i --interactive -t --tty -P"
    " --publish-all -q --quiet --rm --init --privileged --read-only --no-healthcheck --replace"
    " --tls-verify --rmi --help!",
    skip=1,
)
_DOCKER_EXEC = Prefix(
    "--detach-keys: -e: --env: --env-file: -u: --user: -w: --workdir: -d --detach -i --interactive"
    " --privileged -t --tty --index: -T --no-TTY --no-tty --help!",
    skip=1,
)
_COMPOSE = Group(
    "--ansi: --env-file: -f: --file: --parallel: --profile: --progress: --project-directory: -p:"
    " --project-name: -H: --host: -c: --context: --all-resources --compatibility --dry-run"
    " --verbose --no-ansi",
    {
        "run": Prefix(
            "--cap-add: --cap-drop: --entrypoint> -e: --env: --env-from-file: -l: --label: --name:"
            " -p: --publish: --pull: -u: --user: -v: --volume: -w: --workdir: --build -d --detach"
            " -i --interactive -T --no-TTY --no-tty --no-deps --quiet --quiet-build --quiet-pull"
            " --remove-orphans --rm --service-ports -P --use-aliases --help!",
            skip=1,
        ),
        "exec": _DOCKER_EXEC,
    },
)
_DOCKER = Group(
    "--config: -c: --context: -H: --host: -l: --log-level: --tlscacert: --tlscert: --tlskey: -D"
    " --debug --tls --tlsverify --remote -r --url: --connection: --root: --runroot:",
    {
        "run": _DOCKER_RUN,
        "create": _DOCKER_RUN,
        "exec": _DOCKER_EXEC,
        "container": Group("", {"run": _DOCKER_RUN, "create": _DOCKER_RUN, "exec": _DOCKER_EXEC}),
        "compose": _COMPOSE,
    },
)
_KUBECTL_GLOBAL = (
    "-n: --namespace: --context: --cluster: --kubeconfig: -s: --server: --user: --token: --as:"
    " --request-timeout: -v:"
)
_KUBECTL_EXEC = Prefix(
    "-c: --container: -f: --filename: --pod-running-timeout: -i --stdin -t --tty -q --quiet "
    + _KUBECTL_GLOBAL,
    skip=1,
    dashes=True,
)
_KUBECTL_RUN = Prefix(
    "--image: --env: -l: --labels: --restart: --overrides# --port: --image-pull-policy:"
    " --annotations: --command -i --stdin -t --tty --rm --attach -q --quiet " + _KUBECTL_GLOBAL,
    skip=1,
    dashes=True,
)
_KUBECTL = Group(
    _KUBECTL_GLOBAL,
    {
        "exec": _KUBECTL_EXEC,
        "rsh": _KUBECTL_EXEC,
        "run": _KUBECTL_RUN,
        "debug": _KUBECTL_RUN,
        "patch": Prefix(
            "-p# --patch# --type: -f: --subresource: --local " + _KUBECTL_GLOBAL, skip=99
        ),
        "create": Group("", {"job": _KUBECTL_RUN, "cronjob": _KUBECTL_RUN}),
    },
)
_UVX = Prefix(
    "--from: --with: -w: --with-editable: --with-requirements: -c: --constraints: --overrides:"
    " -b: --build-constraints: --env-file: -i: --index-url: --extra-index-url: --index:"
    " --default-index: -f: --find-links: --index-strategy: --keyring-provider: -P:"
    " --upgrade-package: --resolution: --prerelease: --exclude-newer: --link-mode: --cache-dir:"
    " -p: --python: --color: --directory: --project: --config-file: -C: --config-setting:"
    " --isolated -U --upgrade --reinstall --no-config --offline --managed-python"
    " --no-managed-python -q --quiet -v --verbose --no-env-file --no-index -n --no-cache"
    " --refresh -h! --help! -V! --version!",
    package=True,
)
_UV_RUN = Prefix(
    "--extra: --no-extra: --group: --no-group: --only-group: --env-file: --with: -w:"
    " --with-editable: --with-requirements: --package: --index: --default-index: -i: --index-url:"
    " --extra-index-url: -f: --find-links: --index-strategy: --keyring-provider: -P:"
    " --upgrade-package: --reinstall-package: --resolution: --prerelease: --exclude-newer:"
    " --link-mode: --refresh-package: -p: --python: --cache-dir: --color: --directory: --project:"
    " --config-file: -C: --config-setting: --no-build-package: --no-binary-package:"
    " --python-platform: -m@ --module@ --all-extras --no-dev --dev --only-dev --no-default-groups"
    " --all-groups --no-editable --inexact --exact --isolated --active --no-sync --locked --frozen"
    " --no-env-file -s --script --gui-script --all-packages --no-project --no-index -U --upgrade"
    " --reinstall --no-sources -n --no-cache --refresh --managed-python --no-managed-python"
    " --no-python-downloads -q --quiet -v --verbose --offline --no-progress --no-config -h! --help!"
)
_MISE_EXEC = Prefix("-c$ --command$ -C: --cd: -j: --jobs: --raw -q -v -y", dashes=True)
_GCLOUD_SSH = Prefix("--command$ --zone: --project: --account: --tunnel-through-iap", skip=99)

_GCLOUD_JOB = Prefix(
    "--command> --args, --image: --region: --project: --env-vars: --set-env-vars: --tasks: --wait"
    " --async --quiet -q",
    skip=99,
)
_GCLOUD_COMMANDS: dict[str, Prefix | Group] = {
    "compute": Group("", {"ssh": _GCLOUD_SSH}),
    "run": Group(
        "",
        {
            "deploy": _GCLOUD_JOB,
            "jobs": Group(
                "", dict.fromkeys(("create", "deploy", "execute", "replace", "update"), _GCLOUD_JOB)
            ),
        },
    ),
}
_GCLOUD = Group(
    "--project: --account: -q --quiet",
    {
        **_GCLOUD_COMMANDS,
        **dict.fromkeys(("alpha", "beta"), Group("", _GCLOUD_COMMANDS)),
    },
)
_AWS = Prefix(
    "--overrides# --container-overrides# --container-definitions# --parameters# --cluster:"
    " --task-definition: --launch-type: --network-configuration: --count: --document-name:"
    " --targets: --instance-ids: --comment: --job-name: --job-queue: --job-definition: --family:"
    " --tags: --region: --profile: --query: --output:",
    skip=99,
)
_AZURE = Prefix(
    "--command> --args, --command-line$ --exec-command$ --scripts$ -n: --name: -g:"
    " --resource-group: --image: --container: --revision: --replica: --command-id: -o: --output:",
    skip=99,
)

PREFIXES: dict[str, Prefix | Group] = {
    # The shell's own.
    "exec": Prefix("-a: -c -l"),
    "command": Prefix("-p -v! -V!"),
    "builtin": _PLAIN,
    "time": Prefix("-f: --format: -o: --output: -a --append -p --portability -v --verbose -q"),
    "coproc": _PLAIN,
    "nocorrect": _PLAIN,
    "noglob": _PLAIN,
    "!": _PLAIN,
    # Same user, other conditions.
    "env": Prefix(
        "-u: --unset: -C: --chdir: -S> --split-string> -i --ignore-environment - -0 --null -v"
        " --debug --block-signal --default-signal --ignore-signal --list-signal-handling --help!"
        " --version!",
        assignments=True,
    ),
    "nohup": _PLAIN,
    "nice": Prefix("-n: --adjustment:"),
    "ionice": Prefix("-c: --class: -n: --classdata: -p! --pid! -t --ignore"),
    "chrt": Prefix("-T: -P: -D: -p! --pid! -b -f -i -o -r -R --batch --fifo --idle", skip=1),
    "taskset": Prefix("-p! --pid! -a -c --cpu-list", skip=1),
    "numactl": Prefix("-N: --cpunodebind: -m: --membind: -C: --physcpubind: -i: --interleave:"),
    "timeout": Prefix(
        "-k: --kill-after: -s: --signal: --preserve-status --foreground -v --verbose -f -p", skip=1
    ),
    "gtimeout": Prefix("-k: --kill-after: -s: --signal: --preserve-status --foreground", skip=1),
    "stdbuf": Prefix("-i: --input: -o: --output: -e: --error:"),
    "unbuffer": Prefix("-p"),
    "setsid": Prefix("-c --ctty -f --fork -w --wait"),
    "setarch": Prefix("-R -B -v"),
    "linux32": _PLAIN,
    "linux64": _PLAIN,
    "prlimit": Prefix("-p! --pid! --nofile: --cpu:"),
    "softlimit": Prefix("-m: -d: -s: -o: -t:"),
    "cpulimit": Prefix("-l: -p! -e: -z -i", dashes=True),
    "catchsegv": _PLAIN,
    "fakeroot": Prefix("-l: --lib: -s: -i: -u --", dashes=True),
    "faketime": Prefix("-f -m -p:", skip=1),
    "eatmydata": _PLAIN,
    "flock": Prefix(
        "-c$ --command$ -w: --wait: --timeout: -E: --conflict-exit-code: -e -x --exclusive -n"
        " --nb --nonblock -s --shared -o --close -F --no-fork -u --unlock --verbose",
        skip=1,
    ),
    "with-lock-ex": Prefix("-w -q", skip=1),
    "setlock": Prefix("-n -N -x -X", skip=1),
    "chronic": Prefix("-v -e"),
    "ts": _PLAIN,
    "ifne": Prefix("-n"),
    "caffeinate": Prefix("-t: -w: -d -i -m -s -u"),
    "arch": Prefix("-e: -x86_64 -arm64 -arm64e"),
    "script": Prefix("-c$ --command$ -q -e -f -a --return --quiet --flush", skip=1),
    "watch": Prefix("-n: --interval: -d -t -b -e -g -c -x --exec --color", inner="shell"),
    "entr": Prefix("-a -c -d -n -p -r -s -z"),
    "ssh-agent": Prefix("-a: -t: -E: -D -d -k -s"),
    "dbus-run-session": Prefix("--config-file: --dbus-daemon:"),
    "xvfb-run": Prefix(
        "-n: --server-num: -e: --error-file: -f: --auth-file: -s: --server-args: -w: --wait: -p:"
        " --xauth-protocol: -a --auto-servernum -l --listen-tcp"
    ),
    # Another user, another root.
    "sudo": Prefix(
        "-u: --user: -g: --group: -h: --host: -p: --prompt: -C: --close-from: -r: --role: -t:"
        " --type: -T: --command-timeout: -U: --other-user: -D: --chdir: -R: --chroot: -A --askpass"
        " -b --background -B --bell -E --preserve-env -H --set-home -i --login -k -K! -l! --list!"
        " -n --non-interactive -P --preserve-groups -S --stdin -s --shell -v! -V! -e! --edit!",
        assignments=True,
    ),
    "doas": Prefix("-u: -C! -a: -L! -n -s"),
    "su": Prefix(
        "-c$ --command$ --session-command$ -g: --group: -G: --supp-group: -s: --shell: -w:"
        " --whitelist-environment: -l --login - -m -p --preserve-environment -f --fast -P --pty",
        skip=99,
    ),
    "runuser": Prefix(
        "-c$ --command$ --session-command$ -u: --user: -g: --group: -G: --supp-group: -s: --shell:"
        " -w: --whitelist-environment: -l --login - -m -p --preserve-environment -f --fast -P --pty"
    ),
    "gosu": Prefix("", skip=1),
    "su-exec": Prefix("", skip=1),
    "setpriv": Prefix(
        "--reuid: --regid: --groups: --inh-caps: --bounding-set: --ambient-caps: --securebits:"
        " --pdeathsig: --clear-groups --keep-groups --init-groups --no-new-privs --nnp --reset-env"
        " --ruid: --euid: --rgid: --egid: -d"
    ),
    "s6-setuidgid": Prefix("", skip=1),
    "s6-applyuidgid": Prefix("-u: -g: -G: -U -z"),
    "s6-envdir": Prefix("-I -i -f -F -n -L:", skip=1),
    "envdir": Prefix("", skip=1),
    "setuidgid": Prefix("", skip=1),
    "envuidgid": Prefix("", skip=1),
    "chpst": Prefix("-u: -U: -b: -e: -/: -C: -n: -l: -L: -m: -d: -o: -p: -f: -c: -t: -v -V -P"),
    "with-contenv": _PLAIN,
    "tini": Prefix("-p: -e: -s -v -vv -vvv -w -g -l! --version! -h!"),
    "dumb-init": Prefix("-r: --rewrite: -c --single-child -v --verbose -V! --version! -h!"),
    "catatonit": Prefix("-P -g -L"),
    "chroot": Prefix("--userspec: --groups: --skip-chdir", skip=1),
    "unshare": Prefix("-R: --root: -w: --wd: -S: -G: --map-user: -m -u -i -n -p -U -C -T -f -r"),
    "nsenter": Prefix("-t: --target: -S: -G: -m -u -i -n -p -U -C -T -r -w -a -F -Z"),
    "systemd-run": Prefix(
        "-p: --property: -u: --unit: --slice: --description: --uid: --gid: --nice:"
        " --working-directory: -E: --setenv: -H: --host: -M: --machine: --on-calendar:"
        " --on-active: --timer-property: -t --pty -P --pipe -q --quiet -G --collect --user"
        " --system --scope -r --remain-after-exit --wait --no-block -S --shell --same-dir -d"
    ),
    "firejail": Prefix("--quiet --noprofile"),
    "bwrap": Prefix("", dashes=True),
    # Debuggers, tracers, profilers.
    "strace": Prefix(
        "-a: -e: -I: -o: -O: -p! -s: -S: -u: -E: -P: -X: --trace: --output: -f -ff -c -C -d -i -k"
        " -q -r -t -tt -ttt -T -v -x -xx -y -yy -D"
    ),
    "ltrace": Prefix("-a: -A: -e: -l: -n: -o: -p! -s: -u: -x: -f -c -C -i -L -r -S -t -T"),
    "gdb": Prefix("-ex: -x: --ex: -q -quiet -batch --batch --args -args -nx"),
    "lldb": Prefix("-o: -O: -s: -S: -b --batch", dashes=True),
    "valgrind": Prefix("-q -v --quiet"),
    "perf": Group(
        "", {"record": Prefix("-e: -F: -o: -g -a --call-graph:"), "stat": Prefix("-e: -o: -r: -d")}
    ),
    "hyperfine": Prefix("-w: --warmup: -r: --runs: -p$ --prepare$ -N", inner="texts"),
    "py-spy": Group(
        "", {"record": Prefix("-o: --output: -f: --format: -r: --rate: -d: --duration: -s -t -n")}
    ),
    "memray": Group("", {"run": Prefix("-o: --output: -m@ -f -q --live", inner="python")}),
    "git": Group(
        "-C: -c: --git-dir: --work-tree: --no-pager -p -P",
        {
            "bisect": Group("", {"run": _PLAIN}),
            "rebase": Prefix("-x$ --exec$ --onto: -s: -X: -i", skip=99),
            "submodule": Group("", {"foreach": Prefix("--recursive -q --quiet", inner="shell")}),
        },
    ),
    "npx": Prefix("-p: --package: -c$ --call$ -y --yes --no -q --no-install", package=True),
    "bunx": Prefix("--bun -p: --package:", package=True),
    "coverage": Group(
        "",
        {
            "run": Prefix(
                "--rcfile: --source: --include: --omit: --context: --concurrency: --data-file:"
                " --debug: -a --append --branch -L --pylib -p --parallel-mode --timid",
                inner="python",
            )
        },
    ),
    "kernprof": Prefix(
        "-o: --outfile: -s: --setup: -u: --unit: -p: --prof-mod: -l --line-by-line -v --view -b",
        inner="python",
    ),
    "pdb": Prefix("-c: --command:", inner="python"),
    "cProfile": Prefix("-o: --outfile: -s: --sort:", inner="python"),
    "profile": Prefix("-o: --outfile: -s: --sort:", inner="python"),
    "trace": Prefix(
        "-f: --file: -C: --coverdir: --ignore-module: --ignore-dir: -t --trace -c --count -l"
        " --listfuncs -T --trackcalls -g --timing --module -m -s -R -r -n",
        inner="python",
    ),
    "debugpy": Prefix("--listen: --connect: --log-to: --pid! --wait-for-client", inner="python"),
    "viztracer": Prefix("-o: --output_file: --tracer_entries: --max_stack_depth:", inner="python"),
    "scalene": Prefix("--outfile: --cpu-only --html --cli", inner="python"),
    "pyinstrument": Prefix("-o: --outfile: -r: --renderer: -i:", inner="python"),
    "memory_profiler": Prefix("-o:", inner="python"),
    "mprof": Group("", {"run": Prefix("-o: --output: -C -M --python --include-children")}),
    "ddtrace-run": Prefix("-d --debug -p --profiling"),
    "newrelic-admin": Group("", {"run-program": _PLAIN, "run-python": Prefix(inner="python")}),
    "opentelemetry-instrument": Prefix(
        "--traces_exporter: --metrics_exporter: --logs_exporter: --service_name: --id_generator:"
    ),
    # Environments of Python.
    "poetry": Group(
        "-C: --directory: -P: --project: -q --quiet -n --no-interaction --ansi --no-ansi -v -vv"
        " -vvv --no-plugins --no-cache",
        {"run": _PLAIN},
    ),
    "pipenv": Group("--python: --verbose -v --site-packages", {"run": _PLAIN}),
    "pdm": Group(
        "-c: --config: -v --verbose -q --quiet -n --non-interactive",
        {"run": Prefix("-p: --project: --venv: -S: -s --site-packages -l! --list! -j --json!")},
    ),
    "uv": Group(
        "--directory: --project: --config-file: --cache-dir: --color: -p: --python: -q --quiet -v"
        " --verbose --offline --no-progress --no-config -n --no-cache",
        {"run": _UV_RUN, "tool": Group("", {"run": _UVX}), "x": _UVX},
    ),
    "uvx": _UVX,
    "pipx": Group(
        "-q -v --quiet --verbose --global",
        {
            "run": Prefix(
                "--spec: --python: -i: --index-url: --pip-args: --with: --no-cache --pypackages"
                " -v --verbose --system-site-packages",
                package=True,
            )
        },
    ),
    "rye": Group("", {"run": Prefix("--pyproject: -l! --list! -v -q")}),
    # `--run-command` is of the plugin tox-run-command.
    "tox": Group(
        "-e: --env: -c: --conf: -x: --override: --workdir: --root: --runner: -p: --parallel:"
        " --develop-pkg: --run-command$ -q --quiet -v -vv -vvv --verbose -r --recreate"
        " -n --notest -s: --skip-missing-interpreters: --colored:",
        dict.fromkeys(("exec", "e"), Prefix("-e: -c: -x: -q -v -r --no-provision", dashes=True)),
    ),
    "hatch": Group(
        "-e: --env: -p: --project: --data-dir: --cache-dir: --config: -v -q --color --no-color",
        {"run": Prefix("", label=True)},
    ),
    "pixi": Group("", {"run": Prefix("-e: --environment: --manifest-path: --frozen --locked")}),
    "conda": Group(
        "",
        {
            "run": Prefix(
                "-n: --name: -p: --prefix: --cwd: --no-capture-output --live-stream"
                " -v --verbose --dev --debug-wrapper-scripts"
            )
        },
    ),
    "pyenv": Group("", {"exec": _PLAIN}),
    "asdf": Group("", {"exec": _PLAIN}),
    "mise": Group("-C: --cd: -q -v -y", {"exec": _MISE_EXEC, "x": _MISE_EXEC}),
    "rtx": Group("", {"exec": _MISE_EXEC, "x": _MISE_EXEC}),
    "direnv": Group("", {"exec": Prefix("", skip=1)}),
    "dotenv": Group(
        "-f: --file: -q: --quote: -e: --export:",
        {"run": Prefix("--override --no-override")},
    ),
    "dotenvx": Group("", {"run": Prefix("-f: --env-file: -e: --env: --overload", dashes=True)}),
    "env-cmd": Prefix("-f: --file: -e: --environments: -r: --no-override --silent -x"),
    "cross-env": Prefix("", assignments=True),
    "honcho": Group("-d: --app-root: -e: --env: -f: --procfile:", {"run": _PLAIN}),
    "foreman": Group("", {"run": Prefix("-e: --env: -f: --procfile: -d: --root:")}),
    "envconsul": Prefix("-config: -prefix: -secret: -once -upcase", dashes=True),
    "virtualenvwrapper": _PLAIN,
    "nix-shell": Prefix("--run$ --command$ -p: -A: -I: --pure", skip=99),
    "nix": Group("", {"develop": Prefix("-c> --command>", skip=1)}),
    "devbox": Group("", {"run": Prefix("-c: --config: -e: --env: --env-file: -q --quiet")}),
    "pytest-watch": _PLAIN,
    # Secrets.
    "aws-vault": Group(
        "",
        {"exec": Prefix("-d: --duration: -t: --mfa-token: -n --no-session -s", skip=1)},
    ),
    "aws-okta": Group("", {"exec": Prefix("", skip=1)}),
    "op": Group("--account: --vault:", {"run": Prefix("--env-file: --no-masking", dashes=True)}),
    "doppler": Group(
        "-t: --token: --config-dir: --scope:",
        {
            "run": Prefix(
                "-p: --project: -c: --config: -t: --token: --name-transformer: --mount: --command$"
                " --fallback: --preserve-env --forward-signals"
            )
        },
    ),
    "chamber": Group("-b: --backend: -r: --retries:", {"exec": Prefix("", dashes=True)}),
    "sops": Group("", {"exec-env": Prefix("--user: --pristine", skip=1, inner="shell")}),
    "infisical": Group(
        "",
        {
            "run": Prefix(
                "-e: --env: --token: --path: --tags: --projectId: --command$ --watch --domain:"
                " --recursive"
            )
        },
    ),
    "teller": Group("-c: --config:", {"run": Prefix("--reset --shell", dashes=True)}),
    "summon": Prefix("-f: -D: -e: -p: --yaml: -i"),
    "vaultenv": Prefix("--secrets-file: --host: --port: --token:"),
    "berglas": Group("", {"exec": Prefix("--local", dashes=True)}),
    "secretspec": Group("", {"run": Prefix("-p: --provider: -P: --profile:", dashes=True)}),
    # Waiting.
    "wait-for-it.sh": Prefix("-h: -p: -t: --timeout: -q --quiet -s --strict", skip=1, dashes=True),
    "wait-for-it": Prefix("-h: -p: -t: --timeout: -s: --service: -q -p", skip=1, dashes=True),
    "wait-for": Prefix("-t: --timeout: -q --quiet", skip=1, dashes=True),
    "wait-for.sh": Prefix("-t: --timeout: -q --quiet", skip=1, dashes=True),
    "wait": Prefix("", skip=99),
    "dockerize": Prefix(
        "-wait: -timeout: -template: -stdout: -stderr: -wait-http-header: -wait-retry-interval:"
        " -env: -poll -no-overwrite"
    ),
    "start-stop-daemon": Prefix(
        "-p: --pidfile: -x> --exec> -a> --startas> -u: --user: -c: --chuid: -g: --group: -n:"
        " --name: -d: --chdir: -N: -S --start -b --background -m --make-pidfile -q",
        dashes=True,
    ),
    "daemonize": Prefix("-c: -e: -o: -p: -u: -l: -E: -a -v"),
    "retry": Prefix("-t: -m: -d: --times: --delay: -n:", dashes=True),
    # Other machines and platforms.
    "docker": _DOCKER,
    "podman": _DOCKER,
    "nerdctl": _DOCKER,
    "docker-compose": _COMPOSE,
    "podman-compose": _COMPOSE,
    "kubectl": _KUBECTL,
    "oc": _KUBECTL,
    "k3s": Group("", {"kubectl": _KUBECTL}),
    "microk8s": Group("", {"kubectl": _KUBECTL}),
    "minikube": Group("", {"kubectl": _KUBECTL}),
    "crictl": Group("", {"exec": _DOCKER_EXEC}),
    "ssh": Prefix(
        "-B: -b: -c: -D: -E: -e: -F: -I: -i: -J: -L: -l: -m: -O: -o: -P: -p: -R: -S: -W: -w: -4 -6"
        " -A -a -C -f -G -g -K -k -M -N -n -q -s -T -t -tt -V! -v -X -x -Y -y",
        skip=1,
        inner="shell",
    ),
    "ansible": Prefix(
        "-m: --module-name: -i: --inventory: -u: --user: -l: --limit: -e: --extra-vars: -f:"
        " --forks:"
        " -T: --timeout: -P: --poll: -B: --background: -M: --module-path: -c: --connection:"
        " -b -K -k --become -v -vv -vvv -o -a$ --args$",
        skip=99,
    ),
    "kamal": Group(
        "-c: --config-file: -d: --destination: -h: --hosts: -r: --roles:",
        {
            "app": Group(
                "",
                {
                    "exec": Prefix(
                        "-p --primary --reuse -i --interactive --detach -v --verbose -q -h: -r:"
                        " --hosts: --roles: -d: --destination: -e: --env: --version: -c:"
                        " --config-file:",
                        inner="shell",
                    )
                },
            )
        },
    ),
    "autossh": Prefix("-M: -p: -i: -o: -L: -R: -f -N -T", skip=1, inner="shell"),
    "sshpass": Prefix("-f: -d: -p: -P: -e"),
    "pdsh": Prefix("-w: -x: -l: -t: -u: -f: -R:", inner="shell"),
    "mosh": Prefix("--ssh: -p: --port:", skip=1),
    "heroku": Group(
        "-a: --app: -r: --remote:",
        {
            name: Prefix(
                "-a: --app: -r: --remote: -s: --size: -e: --env: --type: -x --exit-code --no-tty"
                " --no-notify -v --verbose",
                inner="shell",
            )
            for name in ("run", "run:detached", "run:inside", "ps:exec")
        },
    ),
    "fly": Group(
        "-a: --app: -c: --config:",
        {
            "ssh": Group("", {"console": Prefix("-C$ --command$ -a: --app: -r: -u: -s --pty")}),
            "console": Prefix("-C$ --command$ -a: --app:"),
            "machine": Group(
                "",
                {
                    "run": Prefix("-a: --app: -r: --region: -e: --env: --rm", skip=1),
                    "exec": Prefix("-a: --app: --timeout:", skip=1, inner="shell"),
                },
            ),
        },
    ),
    "railway": Group("", {"run": Prefix("-s: --service: -e: --environment:"), "ssh": _PLAIN}),
    "render": Group("", {"ssh": Prefix("", skip=1, dashes=True)}),
    "dokku": Group("--app:", {name: Prefix("", skip=1) for name in ("run", "run:detached")}),
    "scalingo": Group("-a: --app: --region:", {"run": Prefix("-d -s: -t: -e:", inner="shell")}),
    "cf": Group(
        "",
        {
            "run-task": Prefix("-c$ --command$ -k: -m: --name: -w", skip=99),
            "ssh": Prefix("-c$ --command$ -i: -L:", skip=99),
        },
    ),
    "eb": Group("", {"ssh": Prefix("-c$ --command$ -e: -n: -i:", skip=99)}),
    "gcloud": _GCLOUD,
    "az": Group(
        "",
        {
            "aks": Group("", {"command": Group("", {"invoke": _AZURE})}),
            "container": Group("", dict.fromkeys(("create", "exec"), _AZURE)),
            "containerapp": Group(
                "",
                {
                    **dict.fromkeys(("create", "exec", "update", "up"), _AZURE),
                    "job": Group("", dict.fromkeys(("create", "start", "update"), _AZURE)),
                },
            ),
            "vm": Group("", {"run-command": Group("", {"invoke": _AZURE})}),
        },
    ),
    "aws": Group(
        "--profile: --region: --output:",
        {
            "batch": Group("", {"submit-job": _AWS}),
            "ecs": Group(
                "",
                {
                    "execute-command": Prefix(
                        "--command$ --cluster: --task: --container:", skip=99
                    ),
                    **dict.fromkeys(("run-task", "start-task", "register-task-definition"), _AWS),
                },
            ),
            "ssm": Group("", {"send-command": _AWS}),
        },
    ),
    "copilot": Group(
        "",
        {
            "svc": Group("", {"exec": Prefix("-c$ --command$ -a: -e: -n:", skip=99)}),
            "task": Group("", {"run": Prefix("--command$ -n: --image:", skip=99)}),
        },
    ),
    "vagrant": Group("", {"ssh": Prefix("-c$ --command$ -p", skip=99)}),
    "multipass": Group("", {"exec": Prefix("-d: -n", skip=1, dashes=True)}),
    "lxc": Group("", {"exec": Prefix("--cwd: --env: --user:", skip=1, dashes=True)}),
    "nomad": Group("", {"alloc": Group("", {"exec": Prefix("-task: -i -t -job", skip=1)})}),
    "ddev": Group("", {"exec": Prefix("-s: --service: -d: --dir:", inner="shell")}),
    "earthly": Group("", {}),
    "devcontainer": Group("", {"exec": Prefix("--workspace-folder: --container-id: --config:")}),
    # Several commands, or text.
    "concurrently": Prefix("-n: --names: -c: --prefix-colors: -k -r", inner="texts"),
    "npm-run-all": Prefix(inner="texts"),
    "nodemon": Prefix("-x$ --exec$ -w: --watch: -e: --ext:", skip=99),
    "watchexec": Prefix("-w: --watch: -e: --exts: -r -c -n", dashes=True),
    "watchmedo": Group(
        "",
        {
            "auto-restart": Prefix("-d: --directory: -p: --pattern: -R", dashes=True),
            "shell-command": Prefix("-c$ --command$ -p: --patterns: -R -W -D", skip=99),
        },
    ),
    "screen": Prefix("-S: -c: -h: -t: -dm -d -m -L -A"),
    "tmux": Group(
        "-L: -S: -f:",
        {
            name: Prefix("-s: -n: -c: -t: -d -P -D -A -h -v", inner="shell")
            for name in ("new-session", "new", "new-window", "neww", "split-window", "respawn-pane")
        },
    ),
    "cmd": Prefix("/c /C /k /K /s /S /q /Q /d /D /v:on", inner="shell"),
    "start": Prefix("/b /B /wait /WAIT /min"),
    "wsl": Prefix("-d: --distribution: -u: --user: --cd: -e --exec", dashes=False),
    "powershell": Prefix(
        "-Command$ -c$ -ExecutionPolicy: -ep: -File: -WindowStyle: -NoProfile -NoLogo"
        " -NonInteractive -NoExit -command$",
        inner="shell",
    ),
    "busybox": _PLAIN,
    "toybox": _PLAIN,
}
for _alias, _name in (
    ("mamba", "conda"),
    ("micromamba", "conda"),
    ("flyctl", "fly"),
    ("pwsh", "powershell"),
    ("direnv-exec", "env"),
    ("genv", "env"),
    ("gtime", "time"),
    ("gnice", "nice"),
    ("gstdbuf", "stdbuf"),
    ("coverage3", "coverage"),
    ("python-dotenv", "dotenv"),
    ("x86_64", "setarch"),
):
    PREFIXES[_alias] = PREFIXES[_name]

SHELLS = frozenset("sh bash dash ash zsh ksh ksh93 mksh rbash fish posh yash busybox.sh".split())
"""Programs that read shell text from `-c`, a file or the standard input."""

LOGINS = frozenset("ssh autossh su runuser sudo doas chroot unshare nsenter".split())
"""Programs that start a shell, which reads the standard input, where no command is given."""

INERT = frozenset(
    ": [ [[ ack ag apk apropos apt apt-get aptitude awk banner base64 basename black brew bundle"
    " cargo cat cd choco chmod chown cmake cmp codespell comm cowsay cp createdb curl cut date"
    " declare dialog diff dirname dnf dpkg dropdb echo egrep export false fgrep figlet file flake8"
    " gawk gem gh git glab go gmake grep head help hg http hub info install interlock"
    " interlock-check isort jq just kill let link ln local logger look ls mail mailx make man"
    " mariadb mawk md5sum mkdir more mv mypy mysql ninja notify-send npm pacman pg_dump"
    " pg_isready pg_restore pip pip3 pnpm popd port pre-commit print printf psql pushd py.test"
    " pylint pyright pytest rake read readonly redis-cli return rg rm rmdir rsync ruff say scp sed"
    " sendmail set sha256sum shift sleep snap sort sqlite3 stat svn tail task tee test toilet touch"
    " tr true type typeset typos uniq unset wall wc wget whatis whereis which whiptail winget write"
    " xmllint yarn yq yum zypper".split()
)
"""Programs that treat their arguments as data; what stands behind them is not run by them."""

QUOTING = frozenset(
    "add alias apt apt-get cat conda echo egrep fgrep git grep install interlock logger pip pip3"
    " print printf rg say sync uninstall which".split()
)
"""Words after which, behind an unknown program, the name of a tool is only mentioned."""
