"""
Commands and variables that switch hooks off, and those that make evidence by hand.

Facts are from the manual pages of Git 2.50, and from pre-commit 4, husky 9, lefthook 1 and
pytest 9. What a switch is worth depends on the repository: `Switch.needs` says what it must have.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock_checks.catalogue.tampering import CI_VARIABLES
from interlock_checks.commands.argv import tail
from interlock_checks.commands.model import UNKNOWN, Argument, Command, Rest, Word, const, starts
from interlock_checks.commands.steps import HOOK_RUNNERS, PROGRAM, STEPS


@dataclass(frozen=True, slots=True)
class Switch:
    """
    A way in which a guard would not run, or would be deceived.

    needs: What the repository must have for it to matter: `interlock` (uses it at all),
        `hook:ID,ID` (one of these hooks runs it), `hooks-path:FOLDER` (it has no such folder of
        hooks), `husky`, `lefthook` (that tool runs it), `hooks` (some hook of pre-commit does),
        `path:FOLDER` (it does not lie below the test paths), `front:NAME` (the package of that
        name uses Flask-Migrate, which adds its commands to those of the application); empty if it
        always does.
    """

    code: str
    what: str
    manner: str
    needs: str = "interlock"


def discard(command: Command, step: str, reason: str) -> Switch | None:
    """A step whose exit status is thrown away; None where the command is no step."""
    manner = f"loses its exit status to {reason}"
    if step.startswith("hooks"):
        ids = step.partition(":")[2]
        return Switch("IL306", "`pre-commit run`", manner, f"hook:{ids}" if ids else "hooks")
    if step == "any":
        return Switch("IL306", "a step of interlock", manner, "")
    if step not in STEPS:
        return None
    folder = _checked(command) if step == "check" else None
    return Switch("IL306", f"`interlock {step}`", manner, f"path:{folder}" if folder else "")


def _checked(command: Command) -> str | None:
    """The folder that `interlock check FOLDER` looks at; None if it is the repository."""
    plain = [const(one) or "" for one in command.words]
    if "check" not in plain:
        return None
    behind = [one for one in plain[plain.index("check") + 1 :] if not one.startswith("-")]
    folder = behind[0].removeprefix("./").rstrip("/") if behind else ""
    return folder if folder not in ("", ".") else None


_HOOKS_OFF = "keeps the hooks from running"
_VALUES = {"commit": "mFCct", "am": "pC", "push": "o"}
"""Letters that take a value, so that the letters behind them are no options."""
_SHORT = frozenset({"commit", "am"})
"""Commands to which `-n` means that no hook is run; elsewhere it means something else."""
_VERIFYING = frozenset({"commit", "push", "merge", "rebase", "am", "pull"})
_RUNS_HOOKS = "hooks-path:"
_HOOKS_PATH = "core.hookspath"
_STATE = re.compile(r"(?:^|[/=])\.interlock(?:/|\Z)")


_VALUED = frozenset("-C -c --attr-source --config-env --git-dir --namespace --work-tree".split())
"""Options before the command of git whose value may be a word of its own."""
_GUARDS_NOTHING = frozenset(
    """
    annotate archive blame cat-file check-attr check-ignore check-mailmap check-ref-format cherry
    column config count-objects describe diff diff-files diff-index diff-tree
    for-each-ref format-patch fsck get-tar-commit-id grep help log ls-files ls-remote ls-tree
    merge-base merge-tree name-rev patch-id range-diff rev-list rev-parse shortlog show
    show-branch show-index show-ref status stripspace symbolic-ref var verify-commit verify-pack
    verify-tag version whatchanged
    """.split()
)
"""
Commands that run no hook which could refuse; githooks(5). Of `config` the setting counts that it
makes. Any other command is taken to run one, and so is an alias.
"""


def of_git(words: Sequence[Argument]) -> Iterator[Switch]:
    """The arguments of git."""
    settings: list[tuple[str, Word]] = []
    index = 0
    while index < len(words) and starts(words[index]).startswith("-"):
        one = words[index]
        option, equals, first = starts(one).partition("=")
        value: Argument = (first, *one[1:]) if equals and not isinstance(one, Rest) else ()
        index += 1
        if option in _VALUED and not equals:
            value = words[index] if index < len(words) else ()
            index += 1
        if option in ("-c", "--config-env") and not isinstance(value, Rest):
            name, _, first = starts(value).partition("=")
            settings.append((name, UNKNOWN if option == "--config-env" else (first, *value[1:])))
    command = const(words[index]) if index < len(words) else None
    rest = words[index + 1 :]
    for name, setting in settings:
        if name.lower() != _HOOKS_PATH or command not in _GUARDS_NOTHING:
            yield from _configured(name, setting)
    if command == "config":
        yield from _config(rest)
    elif command in _VERIFYING and unverified(command or "", rest):
        yield Switch("IL306", f"`git {command}` without verification", _HOOKS_OFF)


def unverified(name: str, words: Sequence[Argument]) -> bool:
    """Whether a command of git is told to run no hooks."""
    valued = _VALUES.get(name, "")
    taken = False
    for one in words:
        text = starts(one)
        if taken:
            taken = False
        elif text == "--":
            return False
        elif text.startswith("--"):
            if len(text) >= len("--no-veri") and "--no-verify".startswith(text):
                return True
            taken = text in ("--message", "--file", "--author", "--date", "--template")
        elif text.startswith("-"):
            for position, letter in enumerate(text[1:], 2):
                if letter == "n" and name in _SHORT:
                    return True
                if letter in valued:
                    taken = position == len(text) and const(one) is not None
                    break
    return False


def _config(words: Sequence[Argument]) -> Iterator[Switch]:
    plain = [one for one in words if not starts(one).startswith("-")]
    options = {const(one) for one in words if starts(one).startswith("-")}
    if plain and const(plain[0]) == "set":
        plain = plain[1:]
    if options & {"--unset", "--unset-all", "--get", "--get-all", "--list", "-l"} or len(plain) < 2:
        return
    value = plain[1]
    if not isinstance(value, Rest):
        yield from _configured(starts(plain[0]), value)


def _configured(name: str, value: Word) -> Iterator[Switch]:
    if name.lower() == _HOOKS_PATH:
        known = const(value)
        needs = f"{_RUNS_HOOKS}{known}" if known else "interlock"
        yield Switch("IL306", "`core.hooksPath`", "takes the place of the hooks", needs)
    elif name.lower().startswith("alias."):
        text = const(value) or ""
        words: list[Argument] = [(one,) for one in text.lstrip("!").split()]
        if words and const(words[0]) == "git":
            words = words[1:]
        if any(True for _ in of_git(words)):
            yield Switch("IL306", "an alias of git without verification", _HOOKS_OFF)


def of_program(name: str, words: Sequence[Argument]) -> Iterator[Switch]:
    """The arguments of other programs."""
    plain = [const(one) or "" for one in words]
    if name in HOOK_RUNNERS and "uninstall" in plain[:3]:
        yield Switch("IL306", f"`{name} uninstall`", "takes the hooks away")
    if name in _INSTALLERS and _INSTALLERS[name] & set(plain[:3]) and PROGRAM in plain:
        yield Switch("IL303", "`interlock`", "is uninstalled, and with it what refuses at run time")
    if name in _REMOVERS and _removes(name, plain):
        yield Switch("IL306", f"`{name}` of a hook", "takes the hooks away", "hooks")
    if name in ("pytest", "py.test") and _without_plugin(plain):
        yield Switch("IL306", "pytest without its interlock plug-in", "proves nothing", "")


_INSTALLERS = dict.fromkeys(
    "pip pip3 pipx conda mamba pipenv poetry pdm rye uv".split(),
    frozenset({"uninstall", "remove"}),
)
_REMOVERS = frozenset({"rm", "unlink", "shred", "chmod"})
_HOOK_FILE = re.compile(
    r"(?:^|/)\.git/hooks(?:/(?:\*|pre-commit|pre-push|commit-msg|pre-merge-commit))?/?\Z"
)
_NOT_RUN = re.compile(r"(?:[augo]*-[rwx]*x[rwx]*|0?[0-7]*[0246][0246][0246])\Z")


def _removes(name: str, plain: Sequence[str]) -> bool:
    """Whether the hooks that git runs are deleted, or are no longer executable."""
    if not any(_HOOK_FILE.search(one) for one in plain):
        return False
    return name != "chmod" or any(_NOT_RUN.match(one) for one in plain)


def _without_plugin(plain: Sequence[str]) -> bool:
    joined = [f"{a}{b}" for a, b in itertools.pairwise(plain) if a == "-p"]
    return any(re.fullmatch(r"-p\s*no:(?:interlock.*|\*)", one) for one in (*joined, *plain))


def of_variable(name: str, value: Word) -> Iterator[Switch]:
    """A variable that is set for somebody."""
    known = const(value)
    if name == "PATH" and (folders := _first_in_path(value)):
        manner = "is replaced by a script of the repository that comes before it in `PATH`"
        yield Switch("IL303", f"`{PROGRAM}`", manner, f"stub:{','.join(folders)}")
    elif name == "SKIP" and known:
        ids = ",".join(re.split(r"[,\s]+", known.strip()))
        yield Switch("IL306", f"`SKIP={known[:60]}`", "keeps a hook from running", f"hook:{ids}")
    elif name == "PRE_COMMIT_ALLOW_NO_CONFIG" and known != "":
        yield Switch("IL306", f"`{name}`", "lets commits pass that no hook has seen")
    elif name in ("HUSKY", "LEFTHOOK") and known in ("0", "false"):
        yield Switch("IL306", f"`{name}={known}`", _HOOKS_OFF, name.lower())
    elif name in ("HUSKY_SKIP_HOOKS", "HUSKY_SKIP_INSTALL") and known not in ("", "0", "false"):
        yield Switch("IL306", f"`{name}`", _HOOKS_OFF, "husky")
    elif name == "PYTEST_ADDOPTS" and known and _without_plugin(known.split()):
        yield Switch("IL306", "pytest without its interlock plug-in", "proves nothing", "")
    elif name.startswith("GIT_CONFIG") and _HOOKS_PATH in (known or "").lower():
        yield Switch("IL306", "`core.hooksPath`", "takes the place of the hooks")


def _first_in_path(value: Word) -> list[str]:
    """The folders of `PATH` of which the end is known: `$PWD/tools` is `tools`."""
    text = "".join("*" if part is None else part for part in value)
    ends = (one.rpartition("*")[2].strip("/") or one for one in text.split(":"))
    return [one for one in ends if one and "*" not in one and "," not in one][:MOST_FOLDERS]


def forges(name: str, value: Word) -> bool:
    """Whether setting this variable tells interlock that it runs in CI."""
    return name in CI_VARIABLES and const(value) != ""


def given(command: Command) -> Iterator[tuple[str, Word]]:
    """Variables set for a command: before it, and by `env`, `docker run -e` and the like."""
    yield from command.environment
    for one in command.words[:-1]:
        if tail(one) == PROGRAM:
            return
        if isinstance(one, Rest):
            continue
        match = re.match(r"(?:-e|-E|--env=|--setenv=)?([A-Z_][A-Z0-9_]*)=", starts(one))
        if match is not None:
            yield match[1], (starts(one)[match.end() :], *one[1:])


_WRITERS = frozenset({"tee", "touch", "truncate", "sponge"})
_COPIERS = frozenset({"cp", "mv", "ln", "install", "rsync", "scp"})


MOST_FOLDERS = 8
"""Folders of a search path that are looked at."""


def replaces_program(words: Sequence[Argument]) -> bool:
    """
    Whether a command puts another program in the place of interlock, by a file or by its name.

    `cp`, `mv`, `ln`; `alias`, `hash -p`.
    """
    name = tail(words[0]) if words else None
    plain = [const(one) or "" for one in words[1:]]
    if name == "alias":
        mark = f"{PROGRAM}="
        return any(one.startswith(mark) and PROGRAM not in one[len(mark) :] for one in plain)
    if name == "hash":
        return len(plain) > 2 and plain[0] == "-p" and PROGRAM in plain[2:] and _other(plain[1])
    if name not in _COPIERS:
        return False
    operands = [one for one in plain if not one.startswith("-")]
    return len(operands) == 2 and not _other(operands[1]) and _other(operands[0])


def _other(path: str) -> bool:
    """Whether a path is not that of a program `interlock` in a folder of programs."""
    return not path.endswith(f"bin/{PROGRAM}")


_KEYS = re.compile(
    r"tool\.interlock|deploy-module|engine-factory|test-paths|dynamic-modules|protected"
)


def rewrites_contract(words: Sequence[Argument]) -> bool:
    """
    Whether a command edits the contract in place, or puts a file of another name there.

    `sed -i`, `perl -pi`, `yq -i`, `rm`; `cp`, `mv`, `ln`.
    """
    plain = ["".join(p or "" for p in one) if not isinstance(one, Rest) else "" for one in words]
    name = tail(words[0]) if words else None
    files = {one.removeprefix("./") for one in plain[1:]}
    if name in _COPIERS:
        operands = [one for one in plain[1:] if one and not one.startswith("-")]
        return len(operands) == 2 and (
            operands[1].rpartition("/")[2] == "interlock.toml"
            and operands[0].rpartition("/")[2] not in ("interlock.toml", "")
        )
    if name not in _EDITORS or not any(_EDITORS[name].match(one) for one in plain[1:]):
        return False
    if "interlock.toml" in files:
        return True
    return "pyproject.toml" in files and any(_KEYS.search(one) for one in plain[1:])


_EDITORS: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(("sed", "gsed"), re.compile(r"-[a-zA-Z]*i|--in-place")),
    **dict.fromkeys(("perl", "ruby"), re.compile(r"-[a-zA-Z0-9]*i")),
    **dict.fromkeys(("yq", "tomlq", "jq", "dasel", "toml"), re.compile(r"-i|--in-?place|put|set")),
    **dict.fromkeys(("rm", "unlink", "truncate", "ed", "ex"), re.compile("")),
}
"""Programs that change a file in place, and an option with which they do."""


def writes_state(words: Sequence[Argument]) -> bool:
    """Whether a command writes a file below `.interlock/`."""
    name = tail(words[0]) if words else None
    if name in ("sudo", "env", "command") and len(words) > 1:
        return writes_state(words[1:])
    rest = [starts(one) if not isinstance(one, Rest) else "" for one in words[1:]]
    ends = ["".join(p or "*" for p in one) for one in words[1:] if not isinstance(one, Rest)]
    into = [one for one in ends if _STATE.search(one)]
    if not into:
        return False
    if name in _WRITERS:
        return True
    if name in _COPIERS:
        target = [one for one in ends if not one.startswith("-")][-1:]
        for option in ("-t", "--target-directory"):
            if option in rest[:-1]:
                target = [ends[rest.index(option) + 1]]
        return bool(target and _STATE.search(target[0])) or any(
            one.startswith("--target-directory=") for one in into
        )
    if name == "dd":
        return any(one.startswith("of=") for one in into)
    if name == "sed":
        return any(one.startswith(("-i", "--in-place")) for one in rest)
    if name == "git":
        return any(one in ("checkout", "restore", "show", "apply") for one in rest[:3])
    valued = _OUTPUT.get(name or "")
    if valued is None:
        return False
    for before, after in itertools.pairwise(ends):
        combined = f"-{before[-1:]}" if re.fullmatch(r"-[A-Za-z]+", before) else before
        if combined in valued and _STATE.search(after):
            return True
    return any(one.startswith(tuple(f"{each}" for each in valued)) for one in into)


_OUTPUT: dict[str, tuple[str, ...]] = {
    "curl": ("-o", "--output", "--output-dir"),
    "wget": ("-O", "--output-document", "-P", "--directory-prefix"),
    "tar": ("-C", "--directory"),
    "bsdtar": ("-C", "--directory"),
    "unzip": ("-d",),
    "openssl": ("-out",),
}


def is_state(path: Word) -> bool:
    """Whether a path lies below `.interlock/`."""
    return bool(_STATE.search("".join("*" if part is None else part for part in path)))
