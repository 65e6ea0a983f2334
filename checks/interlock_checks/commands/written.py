"""
What a command writes to a file, or gives another program as one, as far as the text is known.

A here-document that becomes a script, an image or a manifest is run as surely as if it lay in the
repository. Which words make a program read its standard input as a file is from the manuals of
kubectl 1.31, Docker 27, Compose 2.29, GNU make 4.4, cron, at and Ansible 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from interlock_checks.commands.argv import tail
from interlock_checks.commands.model import UNKNOWN, Argument, Word, const, normal, starts

if TYPE_CHECKING:
    from tree_sitter import Node

    from interlock_checks.commands.frames import Context
    from interlock_checks.commands.shell import Walk


@dataclass(frozen=True, slots=True)
class Written:
    """
    A text that becomes a file.

    Attributes:
        path: Its name, or one of a file that is read as the same kind.
        text: What is written.
        row: Where that begins, from 0 in the text of the script.
    """

    path: str
    text: Word
    row: int


_INNER = re.compile(
    r"(?:^|[;&|]|\s)(?:cat\s*(?:-\s*)?>{1,2}|tee\s+(?:-a\s+)?)\s*[\"']?([^\s\"';&|<>]{1,300})"
)
"""What a text for another shell writes its standard input to."""
_GROUPS = frozenset({"compound_statement", "subshell"})
_STANDARD_INPUT = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_BUILDERS = frozenset({"docker", "podman", "buildah", "nerdctl", "docker-compose"})
_CLUSTERS = frozenset({"kubectl", "oc", "kubecolor", "microk8s.kubectl", "nomad", "argo"})
_READERS: Final = {
    "make": "Makefile",
    "gmake": "Makefile",
    "just": "justfile",
    "task": "Taskfile.yml",
    "ansible-playbook": "stdin.yml",
    "crontab": "crontab",
}


def given_as_files(words: Sequence[Argument]) -> Iterator[str]:
    """The names of the files that a command makes of its standard input, or takes it for."""
    for index, one in enumerate(words):
        name = tail(one)
        rest = words[index + 1 :]
        if name in ("tee", "sponge"):
            yield from (text for word in rest if (text := const(word)) and text[:1] != "-")
        elif name in ("at", "batch"):
            if not any(starts(word).startswith("-f") for word in rest):
                yield "stdin.sh"
        elif name in _CLUSTERS:
            if not _reads_input(rest):
                continue  # `kubectl exec -i POD -- tee FILE`
            yield "stdin.yaml"
        elif name in _BUILDERS:
            if not _reads_input(rest):
                continue
            known = {const(word) for word in rest} | {name}
            composed = not known.isdisjoint({"compose", "docker-compose", "stack"})
            yield "docker-compose.yml" if composed else "Dockerfile"
        elif name == "buildkite-agent":
            files = [text for one in rest[2:] if (text := const(one)) and text[:1] != "-"]
            if {const(one) for one in rest[:2]} == {"pipeline", "upload"} and not files:
                yield ".buildkite/stdin.yml"
        elif name in _READERS:
            if _reads_input(rest) or (name == "crontab" and not rest):
                yield _READERS[name]
        elif (text := const(one)) and index and (path := _INNER.search(text)):
            yield path[1]  # `sh -c 'cat > FILE'`
        else:
            continue
        return


def _reads_input(words: Sequence[Argument]) -> bool:
    """Whether an option or operand names standard input as the file: `-f -`, `-f-`, `--file=-`."""
    for word in words:
        text = const(word)
        if text is None:
            continue
        if text in _STANDARD_INPUT or (text.startswith("-f") and text[2:] in _STANDARD_INPUT):
            return True
        if text.startswith("--") and text.partition("=")[2] in _STANDARD_INPUT:
            return True
    return False


def content(walk: Walk, node: Node, context: Context, stdin: tuple[Word, int] | None) -> Word:
    """What a statement prints, with unknown parts; a group prints what its statements do."""
    if node.type in _GROUPS:
        parts: list[str | None] = []
        for one in node.children:
            if one.is_named and one.type != "comment":
                parts += content(walk, one, context, stdin)
                if parts[-1:] == [None]:
                    parts.append("\n")
        return normal(parts)
    if node.type == "pipeline":
        for one in node.children:
            if one.is_named:
                stdin = content(walk, one, context, stdin), walk.row_of(one, context.frame)
        return stdin[0] if stdin is not None else UNKNOWN
    found = walk.output(node, context, stdin)
    return UNKNOWN if found is None else found
