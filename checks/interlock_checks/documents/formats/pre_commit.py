"""
.pre-commit-config.yaml: the commands of local hooks, and how interlock's own hooks are set up.

Whether a filter leaves anything to a hook depends on the files of the repository, so filters are
handed on; what can be seen here is claimed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from interlock_checks.documents.model import HOOK, Claim, Filter, Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Node, Text, child, items, string, texts
from interlock_checks.documents.sheet import Sheet, is_true
from interlock_checks.documents.yaml_nodes import read_yaml

__all__ = ["Hook", "configured", "read", "runs_interlock"]

_BLOCKING = frozenset("pre-commit pre-push pre-merge-commit commit-msg prepare-commit-msg".split())
"""Stages in which a hook that fails stops something."""
_OLD_NAMES = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}

_OURS = re.compile(
    r"(?<![\w.-])interlock(?:[-_](?:check|checks|hooks|migrations|engines|opaque))?(?:\.exe)?(?![\w.-])"
    r"(?!\s+alembic\b)"
)
_SHOWS_ONLY = frozenset({"--help", "-h", "--version"})


def runs_interlock(text: str) -> bool:
    """Whether a command line names interlock as something that is run."""
    return bool(_OURS.search(text))


def read(text: str, path: str) -> Layout:
    """What local hooks run, and which of interlock's never run or never fail."""
    documents, problems = read_yaml(text)
    sheet = Sheet(problems=problems)
    found = list(configured(documents))
    filters = tuple(one for hook in found for one in _judged(hook, sheet))
    ours = dict.fromkeys(hook.name for hook in found if hook.ours)
    return replace(sheet.layout("pre-commit"), filters=filters, hooks=tuple(ours))


def configured(documents: Sequence[Node]) -> Iterator[Hook]:
    """Every hook of a configuration, in order."""
    for document in documents:
        if isinstance(document, Map):
            for repository in items(document.get("repos")):
                for node in items(child(repository, "hooks")):
                    if isinstance(node, Map):
                        yield Hook(node, string(child(repository, "repo")) or "", document)


def _judged(hook: Hook, sheet: Sheet) -> Iterator[Filter]:
    scripts = _command(hook, sheet) if hook.repository == "local" or hook.ours else []
    if not hook.ours:
        return
    claim = next(hook.claims(), None)
    if claim is not None:
        row, sentence = claim
        sheet.claims.append(Claim("IL502", row, hook.name, sentence))
        return
    if "entry" in hook.node.table:
        row = hook.node.row_of("entry")
        sheet.jobs.append(Job(HOOK + hook.name, row, (Part(row, tuple(scripts)),)))
    if not hook.always:
        yield hook.filter()


def _command(hook: Hook, sheet: Sheet) -> list[int]:
    """The entry of a hook with its arguments."""
    language = string(hook.node.get("language")) or "system"
    entry = hook.node.get("entry")
    if not isinstance(entry, Text) or language in ("pygrep", "fail"):
        return []
    arguments = texts(hook.node.get("args"))
    line = " ".join([entry.value, *(_quoted(one.value) for one in arguments)])
    text = Text(line, entry.row, entry.rows, entry.folds)
    return sheet.shell(text, Script("shell"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@dataclass(frozen=True)
class Hook:
    """
    A hook as it is configured.

    Attributes:
        repository: Where it comes from: an address, or `local`.
        root: The configuration around it.
    """

    node: Map
    repository: str
    root: Map

    @property
    def name(self) -> str:
        """Its id."""
        return string(self.node.get("id")) or ""

    @property
    def line(self) -> str:
        """The command as one text."""
        words = [self.node.get("entry"), *texts(self.node.get("args"))]
        return " ".join(string(one) or "" for one in words)

    @property
    def ours(self) -> bool:
        """Whether it is interlock's, by its id or by what it runs."""
        return runs_interlock(self.name) or runs_interlock(self.line)

    @property
    def always(self) -> bool:
        """Whether no filter can keep it from running."""
        return is_true(self.node.get("always_run"))

    def claims(self) -> Iterator[tuple[int, str]]:
        """Why it never runs or never fails, as far as this file decides it."""
        node = self.node
        if _SHOWS_ONLY & {*self.line.split(), *(one.value for one in texts(node.get("args")))}:
            row = node.row_of("args" if "args" in node.table else "entry")
            yield row, "only shows its help or version, so it never fails"
        yield from self.stage_claims()
        for one in texts(child(self.root, "ci", "skip")):
            if one.value == self.name:
                yield one.row, "is left out by pre-commit.ci, so it never runs there"

    def stages(self) -> frozenset[str] | None:
        """The stages in which it runs, by their names of today; None for all of them."""
        holder, key = self._stages_at()
        if key not in holder.table:
            return None
        return frozenset(_OLD_NAMES.get(one.value, one.value) for one in texts(holder.get(key)))

    def _stages_at(self) -> tuple[Map, str]:
        # An empty list counts as none: pre_commit.repository of pre-commit 4.
        if texts(self.node.get("stages")):
            return self.node, "stages"
        return self.root, "default_stages"

    def stage_claims(self) -> Iterator[tuple[int, str]]:
        """Why no commit and no push meets it."""
        stages = self.stages()
        if stages is not None and not stages & _BLOCKING:
            holder, key = self._stages_at()
            names = ", ".join(sorted(one.value for one in texts(holder.get(key)))) or "no stage"
            yield holder.row_of(key), f"runs in {names}, so it stops no commit and no push"
            return
        installed = texts(self.root.get("default_install_hook_types"))
        meant = _BLOCKING if stages is None else stages & _BLOCKING
        if installed and not meant & {one.value for one in installed}:
            row = self.root.row_of("default_install_hook_types")
            yield row, "runs in a stage that is not installed, so no commit meets it"

    def filter(self) -> Filter:
        """All that decides for which files it runs."""
        node, root = self.node, self.root
        keys = ("exclude", "files", "types", "types_or", "exclude_types")
        row = next((node.row_of(key) for key in keys if key in node.table), 0)
        row = row or next((root.row_of(key) for key in keys if key in root.table), node.row)
        wanted, refused = (
            [text for holder in (node, root) if (text := string(holder.get(key))) is not None]
            for key in ("files", "exclude")
        )
        return Filter(
            row,
            self.name,
            tuple(wanted),
            tuple(refused),
            tuple(one.value for one in texts(node.get("types"))),
            tuple(one.value for one in texts(node.get("types_or"))),
            tuple(one.value for one in texts(node.get("exclude_types"))),
        )
