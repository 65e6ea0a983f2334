"""
Which files that are not Python have something executed, and in which format: by name, by the
first bytes, by words in the text.

A format is called like the module in `formats/` that reads it. To add one is to add lines to the
tables here and a module there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

HEAD = 512
"""Bytes that are enough for `format_by_head`."""

_NAMES: dict[str, str] = {
    "makefile": "makefile",
    "gnumakefile": "makefile",
    "bsdmakefile": "makefile",
    "justfile": "justfile",
    ".justfile": "justfile",
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "procfile": "procfile",
    "crontab": "crontab",
    "jenkinsfile": "jenkinsfile",
    **dict.fromkeys("vagrantfile rakefile capfile tiltfile build.bazel".split(), "embedded"),
    "earthfile": "dockerfile",
    ".envrc": "shell",
    "pkgbuild": "shell",
    "apkbuild": "shell",
    # Without its dot where it is copied into an image or a home.
    **{
        dot + name: "shell"
        for name in (
            "profile bashrc bash_profile bash_login bash_logout bash_aliases zshrc zshenv"
            " zprofile zlogin kshrc".split()
        )
        for dot in (".", "")
    },
    **dict.fromkeys(
        ".gitlab-ci.yml .gitlab-ci.yaml".split(),
        "gitlab",
    ),
    **dict.fromkeys(("action.yml", "action.yaml"), "github"),
    **dict.fromkeys((".pre-commit-config.yaml", ".pre-commit-config.yml"), "pre_commit"),
    **dict.fromkeys(
        "lefthook.yml lefthook.yaml lefthook-local.yml .lefthook.yml .lefthook.yaml".split(),
        "lefthook",
    ),
    **dict.fromkeys(
        "ecosystem.config.js ecosystem.config.cjs gulpfile.js gulpfile.mjs gruntfile.js".split(),
        "javascript",
    ),
    "package.json": "package_json",
    **dict.fromkeys(("pyproject.toml", "pixi.toml", "pipfile"), "pyproject"),
    **dict.fromkeys((".gitconfig", "gitconfig"), "gitconfig"),
    "tox.ini": "tox",
    "pytest.ini": "tox",
    ".pytest.ini": "tox",
    "tox.toml": "tox_toml",
    **dict.fromkeys(("setup.cfg", ".bumpversion.cfg"), "setup_cfg"),
    "entry_points.txt": "setup_cfg",
    **dict.fromkeys(
        "fly.toml render.yaml render.yml app.json netlify.toml vercel.json railway.json"
        " railway.toml nixpacks.toml nixpacks.json heroku.yml skaffold.yaml skaffold.yml dvc.yaml"
        " devcontainer.json .devcontainer.json cloudbuild.yaml cloudbuild.yml cloudbuild.json"
        " bitbucket-pipelines.yml .drone.yml .drone.yaml .woodpecker.yml .woodpecker.yaml"
        " .travis.yml appveyor.yml .appveyor.yml serverless.yml serverless.yaml buildspec.yml"
        " buildspec.yaml .platform.app.yaml app.yaml apprunner.yaml .cirrus.yml"
        " project.json procfile.yml mise.toml .mise.toml supervisord.conf circus.ini porter.yaml"
        " zerops.yml zerops.yaml pulumi.yaml captain-definition renovate.json renovate.json5"
        " .renovaterc .renovaterc.json process-compose.yaml process-compose.yml deno.json"
        " deno.jsonc composer.json devbox.json".split(),
        "platform",
    ),
}
"""Format by the name of the file in lower case."""

_SUFFIXES: dict[str, str] = {
    **dict.fromkeys("sh bash zsh ksh dash ash command fish bats zsh-theme ebuild".split(), "shell"),
    **dict.fromkeys("mk mak make".split(), "makefile"),
    "just": "justfile",
    **dict.fromkeys("tf tofu hcl nomad sls".split(), "platform"),
    **dict.fromkeys("rake pp bzl tiltfile nix".split(), "embedded"),
    **dict.fromkeys("dockerfile containerfile".split(), "dockerfile"),
    "procfile": "procfile",
    **dict.fromkeys("cron crontab".split(), "crontab"),
    **dict.fromkeys("service container socket".split(), "systemd"),
    **dict.fromkeys("jenkinsfile jenkins groovy".split(), "jenkinsfile"),
    **dict.fromkeys("ps1 psm1".split(), "powershell"),
    **dict.fromkeys("bat cmd".split(), "batch"),
}
"""Format by the suffix in lower case."""

_PLACES: tuple[tuple[str, str], ...] = (
    ("dockerfile", r"(?:.*/)?(?:dockerfile|containerfile)[.\-_][^/]*"),
    ("makefile", r"(?:.*/)?(?:gnu)?makefile[.\-_][^/]*"),
    ("procfile", r"(?:.*/)?procfile[.\-_][^/]*"),
    ("jenkinsfile", r"(?:.*/)?jenkinsfile[.\-_][^/]*"),
    ("crontab", r"(?:.*/)?(?:cron\.d|crontabs)/[^/]+|(?:.*/)?crontab[.\-_][^/]*"),
    ("systemd", r"(?:.*/)?[^/]+\.service\.d/[^/]+\.conf"),
    ("shell", r"(?:.*/)?(?:\.husky|\.githooks|\.git-hooks|git-hooks)/(?:_/)?[^/.]+"),
    ("shell", r"(?:.*/)?s6-rc\.d/[^/]+/(?:up|down|run|finish)"),
    ("shell", r"(?:.*/)?\.(?:buildkite|kamal)/hooks/[^/.]+"),
    (
        "embedded",
        r"(?:.*/)?(?:cookbooks|site-cookbooks|recipes|lib/capistrano|config/deploy)/(?:.*/)?[^/]+\.rb"
        r"|(?:.*/)?config/deploy\.rb",
    ),
    (
        "javascript",
        r"(?:.*/)?(?:infra\w*|cdk[\w.-]*|deploy\w*|stacks?|pulumi)/(?!.*node_modules/)(?:.*/)?"
        r"[^/]+\.(?:ts|js|mjs|cjs)",
    ),
    ("platform", r"(?:.*/)?\.ebextensions/[^/]+\.config"),
    ("idea", r"(?:.*/)?\.idea/(?:.*/)?runconfigurations/[^/]+\.xml|(?:.*/)?[^/]+\.run\.xml"),
    ("shell", r"(?:.*/)?cron\.(?:hourly|daily|weekly|monthly)/[^/.]+"),
)
"""Formats by the path in lower case, where name and suffix say nothing; the first that fits."""

_DATA = frozenset({"yml", "yaml", "json", "toml"})
_DATA_PLACES: tuple[tuple[str, str], ...] = (
    ("github", r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml"),
    ("gitlab", r"(?:.*/)?(?:\.gitlab/.*|[^/]*gitlab-ci[^/]*)\.ya?ml"),
    ("circleci", r"(?:.*/)?\.circleci/[^/]+\.ya?ml"),
    ("azure", r"(?:.*/)?(?:[^/]*azure-?pipelines?[^/]*|\.azure[^/]*/.*|\.pipelines/.*)\.ya?ml"),
    ("buildkite", r"(?:.*/)?\.buildkite/[^/]+\.ya?ml"),
    ("taskfile", r"(?:.*/)?taskfile[^/]*\.ya?ml"),
    ("compose", r"(?:.*/)?(?:docker-|podman-)?compose[^/]*\.ya?ml"),
    ("platform", r"(?:.*/)?\.(?:semaphore|woodpecker|devcontainer)/.*\.(?:ya?ml|json)"),
    ("platform", r"(?:.*/)?\.vscode/(?:tasks|launch)\.json"),
    ("platform", r"(?:.*/)?[^/]*(?:task|container)[-_]?def[^/]*\.json"),
    ("platform", r"(?:.*/)?(?:task\.json|pulumi\.[^/]+\.ya?ml)"),
    ("platform", r"(?:.*/)?\.claude/settings[^/]*\.json"),
    ("platform", r"(?:.*/)?[^/]+\.(?:tf|tofu)\.json"),
)
"""The same for files whose suffix says that they hold data."""

_Searched = tuple[tuple[bytes, ...], re.Pattern[bytes], str]
"""Words of which one must be there, what is then searched, and the format that it shows."""

_YAML: tuple[_Searched, ...] = (
    ((b"kustomize.config.k8s.io/",), re.compile(rb"\bkustomize\.config\.k8s\.io/"), "kubernetes"),
    # It begins with a word and not with its edge: only then the search leaps from word to word.
    ((b"op",), re.compile(rb"op(?<!\wop)[\"']?[ \t]*:"), "kubernetes"),
    (
        (b"ontainers",),
        re.compile(rb"\b(?:initContainers|containers)[\"']?[ \t]*:"),
        "kubernetes",
    ),
    (
        (b"argoproj.io", b"tekton.dev"),
        re.compile(rb"\b(?:argoproj\.io|tekton\.dev)/"),
        "kubernetes",
    ),
    (
        (b"platform", b"plan"),
        re.compile(rb"(?m)^platform[ \t]*:[^\0]*?^run[ \t]*:|^[ \t-]+plan[ \t]*:"),
        "concourse",
    ),
    ((b"services",), re.compile(rb"(?m)^[\"']?services[\"']?[ \t]*:"), "compose"),
    ((b"runs-on",), re.compile(rb"\bruns-on[\"']?[ \t]*:"), "github"),
    (
        (b"script",),
        re.compile(rb"(?m)^[ \t]+[\"']?(?:script|before_script|after_script)[\"']?[ \t]*:"),
        "gitlab",
    ),
    (
        (b"script", b"bash", b"pwsh", b"powershell"),
        re.compile(rb"(?m)^[ \t]*-[ \t]+[\"']?(?:script|bash|pwsh|powershell)[\"']?[ \t]*:"),
        "azure",
    ),
    (
        (b"shell", b"command", b"runcmd", b"copy", b"write_files"),
        re.compile(
            rb"(?m)^[ \t-]*[\"']?(?:[\w.]+\.)?"
            rb"(?:shell|command|runcmd|copy|write_files)[\"']?[ \t]*:",
        ),
        "platform",
    ),
    (
        (b"AWSTemplateFormatVersion", b"AWS::"),
        re.compile(rb"(?m)^AWSTemplateFormatVersion\b|\bAWS::\w+::"),
        "platform",
    ),
    (
        (b"noqa", b"interlock"),
        re.compile(rb"#.*(?:\bnoqa\b.*\bIL\d|\binterlock\s*:)", re.I),
        "platform",
    ),
    (
        # In braces nothing tells one system from another.
        (b"script", b"bash", b"pwsh", b"powershell", b"shell", b"command", b"runcmd"),
        re.compile(
            rb"[{,]\s*[\"']?(?:[\w.]+\.)?"
            rb"(?:(?:before_|after_)?script|bash|pwsh|powershell|shell|command|runcmd)[\"']?\s*:"
        ),
        "platform",
    ),
    ((b"#!",), re.compile(rb":[ \t]*[|>][-+\d]*[ \t]*\r?\n[ \t]*#!"), "kubernetes"),
)
_JSON: tuple[_Searched, ...] = (
    ((b"AWS::",), re.compile(rb"\bAWS::\w+::"), "platform"),
    (
        (b"ontainerDefinitions", b"ontainerOverrides"),
        re.compile(rb"\"container(?:Definitions|Overrides)\"\s*:"),
        "platform",
    ),
    ((b"ontainers",), re.compile(rb"\"(?:initContainers|containers)\"\s*:"), "kubernetes"),
)
_INI: tuple[_Searched, ...] = (
    ((b"uwsgi",), re.compile(rb"(?m)^\[uwsgi\]"), "platform"),
    (
        (b"program:", b"eventlistener:", b"watcher:"),
        re.compile(rb"(?m)^\[(?:program|fcgi-program|eventlistener|watcher):"),
        "platform",
    ),
)
_SQL: tuple[_Searched, ...] = (
    (
        # Dumps are large, and clients start a program on a line of its own.
        (b"\\!", b":!!", b"PROGRAM", b"program", b"system", b".shell", b"SYSTEM"),
        re.compile(
            rb"(?i)\n[ \t]*(?:\\!|:!!|\.shell\b|\.system\b|\\?system\b)"
            rb"|\A[ \t]*(?:\\!|:!!|\.shell\b|\.system\b|\\?system\b)|\bPROGRAM\s+E?'"
        ),
        "embedded",
    ),
)
_TEXT: dict[str, tuple[_Searched, ...]] = {
    "sql": _SQL,
    **dict.fromkeys(("yml", "yaml"), _YAML),
    "json": _JSON,
    **dict.fromkeys(("conf", "ini"), _INI),
}
"""
Formats by words in the text, for suffixes that many harmless files have as well; the first that
fits. A pattern must be sound: what it does not find cannot be of that format.
"""

_DEPLOYED = re.compile(
    r"(?:\b|_)(?:aws|cdk|cfn|cloud\w*|clusters?|deploy\w*|ecs|eks|fargate|gke|infra\w*|jobs?|k8s"
    r"|kube\w*|manifests?|migrat\w*|ops|overrides?|overlays?|pods?|release|stacks?|tasks?|templates?"
    r"|terraform)(?:\b|_)"
)
"""
Words of a path that lead to JSON which something may run: most files of that suffix are data, and
too many to be opened.
"""
_TEMPLATES = frozenset(
    {"j2", "jinja", "jinja2", "tmpl", "tpl", "template", "in", "dist", "sample", "example", "erb"}
)
_PROSE = frozenset("md rst txt html adoc py ipynb json yaml yml toml lock png svg".split())

_SHELLS = re.compile(
    rb"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+|\w+=\S*[ \t]+)*)?(?:\S*/)?"
    rb"(?:busybox[ \t]+)?(?:ba|da|z|k|mk|pdk|a|fi|ya|)sh(?:32|93)?(?:[ \t\r\n]|\Z)"
    rb"|#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+)*)?(?:\S*/)?"
    rb"(?:with-contenv|sh-entrypoint|command/with-contenv|bats|bashio)\b"
)
_MAKE = re.compile(rb"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+)*)?(?:\S*/)?g?make\b")
_JUST = re.compile(rb"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+)*)?(?:\S*/)?just\b")


def is_template(path: str) -> bool:
    """Whether the name says that another program makes the file out of this one."""
    return path.rpartition(".")[2].lower() in _TEMPLATES or is_of_a_skeleton(path)


def is_of_a_skeleton(path: str) -> bool:
    """Whether the path itself is filled in (cookiecutter, Copier): nothing runs a file there."""
    return "{{" in path or "{%" in path


@cache
def format_by_name(path: str) -> str | None:
    """The format that the path alone decides; None if it does not."""
    lower = path.lower()
    name = lower.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    if stem and suffix in _TEMPLATES:
        return format_by_name(path.rpartition(".")[0])
    found = _NAMES.get(name)
    if found is None and stem:
        found = _SUFFIXES.get(suffix)
    if found is None and (suffix not in _PROSE or suffix in _DATA):
        names, pattern = _places(suffix in _DATA)
        place = pattern.fullmatch(lower)
        if place is not None and place.lastindex is not None:
            return names[place.lastindex - 1]
    return found


@cache
def _places(data: bool) -> tuple[Sequence[str], re.Pattern[str]]:
    """Formats, and a pattern whose groups, which have none within, are their places."""
    names, patterns = zip(*(_DATA_PLACES if data else _PLACES), strict=True)
    return names, re.compile("|".join(f"({pattern})" for pattern in patterns))


def is_searched(path: str) -> bool:
    """Whether the text has to be searched, because the name does not decide."""
    suffix = path.rpartition(".")[2].lower()
    return suffix in _TEXT and (suffix != "json" or bool(_DEPLOYED.search(path.lower())))


def format_by_head(path: str, head: bytes, *, executable: bool) -> str | None:
    """
    The format of a file by its first bytes.

    A file with the run bit, without a shebang and without a suffix is run by the shell that is
    asked to start it.
    """
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"#!"):
        if _SHELLS.match(head):
            return "shell"
        if _MAKE.match(head):
            return "makefile"
        return "justfile" if _JUST.match(head) else None
    name = path.rpartition("/")[2]
    if executable and "." not in name and head.strip() and b"\0" not in head:
        return "shell"
    return None


def format_of(path: str, data: bytes, *, executable: bool = True) -> str | None:
    """
    The format of a whole file; None if it is no document.

    Whoever has a file read has decided that it is one, by its run bit where nothing else tells.
    """
    found = format_by_name(path)
    if found is not None:
        return found
    for words, pattern, format_name in _TEXT.get(path.rpartition(".")[2].lower(), ()):
        for word in words:
            if word in data:
                if pattern.search(data):
                    return format_name
                break
    return format_by_head(path, data[:HEAD], executable=executable)
