"""
Languages that are not parsed, but hand texts to a shell: Ruby, Puppet, Starlark, Nix and SQL.

Of such a file the literals are read that stand where the language, or the tool that reads it,
starts a process. What is computed is a hole, and comments of whole lines do not count.

Names are from the documentation of Vagrant 2.4, Chef 18, Rake, Capistrano 3, Puppet 8, Tilt,
Bazel 7 and nixpkgs, and the manuals of psql, mysql, sqlite3 and sqlcmd.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from interlock_checks.commands.argv import HOLE, unholed
from interlock_checks.documents.model import Job, Layout, Part, Script

_QUOTED = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_SEVERAL = r"\"\"\"(?s:.{0,20000}?)\"\"\"|'''(?s:.{0,20000}?)'''"
_INDENTED = r"''(?:[^']|'(?!')|'''|''[$\\])*+''(?!')"
_LIST = rf"[\[(]\s*+(?:(?:{_QUOTED})\s*+,?\s*+)++[\])]"
_RUBY = rf"(?:{_QUOTED}|:\w+)(?:\s*,\s*(?:{_QUOTED}|:\w+))*"
_LITERAL = re.compile(rf"{_QUOTED}|:\w+")
_HEREDOC = re.compile(r"<<[-~]?([\"']?)([A-Za-z_]\w*)\1")
_TELLING = re.compile(r"\b(?:message|post_up_message|puts|print|warn|log|content|desc\w*)\b")
_STRIPPED = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class _Language:
    """
    How a language starts a process.

    `starts` has a group `text` for what is handed over. `holes` are its marks for what is filled
    in. A line that begins with `comment` is none of its own.
    """

    starts: re.Pattern[str]
    holes: re.Pattern[str]
    comment: str = "#"
    heredocs: bool = False


_LANGUAGES: Final[Mapping[str, _Language]] = {
    "ruby": _Language(
        re.compile(
            r"(?<![\w.:@])(?:inline|command|code|sh|system|execute|exec|run|cmd|spawn)\b"
            rf"\s*(?::|=>|=(?!=)|\()?\s*(?P<text>{_RUBY})"
            r"|%x(?P<open>[({\[])(?P<inside>[^)}\]\n]*)[)}\]]|`(?P<ticks>[^`\n]*)`"
        ),
        re.compile(r"#\{[^}\n]*\}"),
        heredocs=True,
    ),
    "puppet": _Language(
        re.compile(
            r"\b(?:command|onlyif|unless|refresh)\s*=>\s*"
            rf"(?P<text>{_LIST}|{_QUOTED})|\bexec\s*\{{\s*(?P<title>{_QUOTED})\s*:"
        ),
        re.compile(r"\$\{[^}\n]*\}|\$\w+"),
    ),
    "starlark": _Language(
        re.compile(
            rf"\b(?:local\(\s*|run\(\s*|local_resource\(\s*(?:name\s*=\s*)?(?:{_QUOTED})\s*,\s*"
            r"|(?:cmd|cmd_bash|serve_cmd|test_cmd|command|entrypoint)\s*=\s*)"
            rf"(?P<text>{_SEVERAL}|{_LIST}|{_QUOTED})"
        ),
        re.compile(r"\{\w*\}|\$\(\w+ [^)\n]*\)"),
    ),
    "nix": _Language(
        re.compile(
            r"(?:\b(?:shellHook|enterShell|script|exec|\w+Phase|(?:pre|post)\w+|Exec\w+|command)\s*=\s*"
            r"|\bwriteShell(?:ScriptBin|Script)\s+\"[^\"\n]*\"\s*"
            r"|\bwriteShellApplication\s*\{[^{}]{0,400}?\btext\s*=\s*)"
            rf"(?P<text>{_INDENTED}|\"(?:[^\"\\]|\\.)*+\")"
        ),
        re.compile(r"\$\{[^}\n]*\}"),
    ),
    "sql": _Language(
        re.compile(
            r"(?mi)^[ \t]*(?:\\!|:!!|\.shell\b|\.system\b|\\?system\b)[ \t]*(?P<line>[^\n;]*);?"
            r"|\b(?:FROM|TO)\s+PROGRAM\s+E?(?P<text>'(?:[^']|'')*')"
        ),
        re.compile(r":'\w+'|:\"\w+\"|(?<!:):\w+"),
        comment="--",
    ),
}
_NAMES: Final = {
    "vagrantfile": "ruby",
    "rakefile": "ruby",
    "capfile": "ruby",
    "tiltfile": "starlark",
    "build.bazel": "starlark",
}
_SUFFIXES: Final = {
    "rb": "ruby",
    "rake": "ruby",
    "pp": "puppet",
    "bzl": "starlark",
    "nix": "nix",
    "sql": "sql",
}
_BLOCK = re.compile(r"/\*(?:[^*]|\*(?!/))*+\*/")


def read(text: str, path: str) -> Layout:
    """One job, in the order of the file."""
    name = path.rpartition("/")[2].lower()
    suffix = name.rpartition(".")[2]
    kind = _NAMES.get(name) or _SUFFIXES.get(suffix, "starlark" if "tiltfile" in name else "ruby")
    language = _LANGUAGES[kind]
    comments: list[tuple[int, str]] = []
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line.lstrip().startswith(language.comment):
            comments.append((index + 1, line.strip()))
            lines[index] = ""
    plain = "\n".join(lines)
    if kind in ("sql", "nix"):
        plain = _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), plain)
    scripts: list[Script] = []
    for row, body in sorted(_texts(plain, language)):
        holed = unholed(language.holes.sub(HOLE, body))
        rows = tuple(range(row, row + 1 + body.count("\n")))
        scripts.append(Script("shell", holed, rows=rows))
    parts = tuple(Part(script.rows[0], (number,)) for number, script in enumerate(scripts))
    jobs = (Job("", 1, parts),) if parts else ()
    return Layout(tuple(scripts), kind, jobs, comments=tuple(comments))


def _texts(text: str, language: _Language) -> Iterator[tuple[int, str]]:
    """What is handed to a shell, with the row in which it begins."""
    row, at = 1, 0
    spans = []
    if language.heredocs:
        text = yield from _heredocs(text)
    for found in language.starts.finditer(text):
        group = next(
            name
            for name, value in found.groupdict().items()
            if value is not None and name != "open"
        )
        spans.append((found.start(group), group, found[group]))
    for start, group, literal in spans:
        row += text.count("\n", at, start)
        at = start
        yield row, literal if group in ("inside", "ticks", "line") else _content(literal, language)


def _heredocs(text: str) -> Generator[tuple[int, str], None, str]:
    """Here-documents that are not there to be read; returns the text without any."""
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        opened = _HEREDOC.search(lines[index])
        index += 1
        if opened is None:
            continue
        told = _TELLING.search(lines[index - 1][: opened.start()])
        first = index
        while index < len(lines) and lines[index].strip() != opened[2]:
            index += 1
        if told is None:
            yield first + 1, "\n".join(lines[first:index])
        lines[first:index] = [""] * (index - first)
    return "\n".join(lines)


def _content(literal: str, language: _Language) -> str:
    """The text of a literal, or of several that are the words of one command."""
    if literal.startswith("''") and literal.endswith("''") and len(literal) > 3:
        if literal.startswith("'''") and not language.holes.pattern.startswith(r"\$\{"):
            return literal[3:-3]
        inner = literal[2:-2]
        return inner.replace("''${", "$\ue002{").replace("'''", "''").replace("\ue002", "")
    if literal.startswith('"""'):
        return literal[3:-3]
    words = [_plain(one[0]) for one in _LITERAL.finditer(literal)]
    if literal[:1] in "[(" and len(words) > 2 and words[1] in ("-c", "-ec", "-lc"):
        return words[2]
    return " ".join(words)


def _plain(literal: str) -> str:
    if literal.startswith(":"):
        return literal[1:]
    return _STRIPPED.sub(r"\1", literal[1:-1])
