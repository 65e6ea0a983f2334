"""
The page of each check and their index, made from the classes: `python -m interlock_checks.pages`.

`interlock explain` shows the same text on a terminal.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from interlock_checks.check import Check, all_checks

__all__ = ["example", "index", "main", "page", "pages", "terminal"]

_FAMILIES = {
    "IL0": "What cannot be proved",
    "IL1": "Migrations",
    "IL2": "Engines and connections",
    "IL3": "Bypasses",
    "IL4": "Order of the guards",
    "IL5": "Pipelines and hooks",
    "IL6": "The contract",
}
_CLAUSES = "../../CONTRACT.md"
_CODE = (
    " in a repository without a contract; a first line `# pyproject.toml: ...` is what it declares "
    "below `[tool.interlock]`."
)
_DECLARATION = "; a line `# base: ...` is what that file said at the base."
_STANDS = {"py": _CODE, "toml": _DECLARATION}


def pages() -> dict[str, str]:
    """File name below docs/checks -> what it holds."""
    return {"README.md": index()} | {f"{check.code}.md": page(check) for check in all_checks()}


def index() -> str:
    """The table of all checks."""
    parts = [
        "# The checks",
        "Every finding is an error. There are no severities, and no comment, option or setting "
        "leaves a finding out.",
    ]
    for prefix, title in _FAMILIES.items():
        rows = [
            f"| [{check.code}]({check.code}.md) | {check.name} | {check.clause} | {check.summary} |"
            for check in all_checks()
            if check.code.startswith(prefix)
        ]
        if not rows:
            continue
        parts.append(f"## {title}")
        head = ["| code | name | clause | finds |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([*head, *rows]))
    parts.append(
        f"Clauses: [CONTRACT.md]({_CLAUSES}). These pages are written by "
        "`python -m interlock_checks.pages`."
    )
    return "\n\n".join(parts) + "\n"


def page(check: type[Check]) -> str:
    """One check as Markdown."""
    parts = [
        f"# {check.code} {check.name}",
        _sentence(check.summary),
        "## Why",
        *_paragraphs(check.why()),
        "## The right way",
        _sentence(check.remedy),
        "## Reported",
        *_examples(check.bad, check.path),
        "## Not reported",
        *_examples(check.good, check.path),
        "## Contract",
        f"Clause {check.clause} of the [contract]({_CLAUSES}). An example stands for "
        f"`{check.path}`{_STANDS.get(check.path.rpartition('.')[2], '.')}",
    ]
    return "\n\n".join(parts) + "\n"


def terminal(check: type[Check], width: int) -> str:
    """The same for a terminal, without a line break at the end."""

    def wrapped(text: str) -> str:
        return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)

    def examples(given: Mapping[str, str]) -> Iterator[str]:
        for title, code in given.items():
            yield f"  {title}"
            yield textwrap.indent(example(code).rstrip("\n"), " " * 6)

    parts = [
        wrapped(f"{check.code} {check.name} (clause {check.clause})"),
        wrapped(_sentence(check.summary)),
        "Why",
        *(wrapped(text) for text in _paragraphs(check.why())),
        "The right way",
        wrapped(_sentence(check.remedy)),
        "Reported",
        *examples(check.bad),
        "Not reported",
        *examples(check.good),
    ]
    return "\n\n".join(parts)


def _examples(given: Mapping[str, str], path: str) -> Iterator[str]:
    language = {"py": "python", "yml": "yaml"}.get(path.rpartition(".")[2], path.rpartition(".")[2])
    for title, code in given.items():
        yield f"{title[0].upper()}{title[1:]}:"
        yield f"```{language}\n{example(code)}```"


def example(code: str) -> str:
    """An example as the file that it stands for."""
    return textwrap.dedent(code).strip("\n") + "\n"


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _sentence(text: str) -> str:
    first = text if text.startswith("`") else f"{text[0].upper()}{text[1:]}"
    return first if first.endswith((".", ")")) else f"{first}."


def main() -> int:
    """Write docs/checks below the working directory; what is no page of a check is taken away."""
    folder = Path("docs/checks")
    if not folder.parent.is_dir():
        sys.stderr.write("error: no folder docs here: run this at the root of the project\n")
        return 2
    folder.mkdir(exist_ok=True)
    written = pages()
    for old in folder.glob("*.md"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
