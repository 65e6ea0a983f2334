"""package.json: scripts, with those that npm runs before and after one of the same name."""

from __future__ import annotations

from interlock_checks.documents.aliases import run_by_package_managers
from interlock_checks.documents.json_nodes import read_json
from interlock_checks.documents.model import Job, Layout, Part, Script
from interlock_checks.documents.nodes import Map, Text, child, items
from interlock_checks.documents.sheet import Sheet

__all__ = ["read"]

SYSTEM = "npm"


def read(text: str, path: str) -> Layout:
    """What the scripts, and the hooks that are set up here, run."""
    documents, problems = read_json(text)
    sheet = Sheet(problems=problems)
    how = Script("shell")
    for document in documents:
        scripts = child(document, "scripts")
        if isinstance(scripts, Map):
            for name, body in scripts.effective():
                sheet.jobs.append(_script(name, body, scripts, sheet, how))
        for path_of_hooks in (("husky", "hooks"), ("simple-git-hooks",), ("gitHooks",)):
            hooks = child(document, *path_of_hooks)
            if isinstance(hooks, Map):
                for _, body in hooks.effective():
                    sheet.shell(body, how)
        for table in (child(document, "wireit"), child(document, "nx", "targets")):
            for _, target in table.effective() if isinstance(table, Map) else ():
                for place in (target, child(target, "options")):
                    for key in ("command", "commands"):
                        for one in items(child(place, key)):
                            sheet.shell(one if isinstance(one, Text) else child(one, key), how)
        staged = child(document, "lint-staged")
        if isinstance(staged, Map):
            for _, body in staged.effective():
                for one in items(body):
                    sheet.argv([one], how)
    return sheet.layout(SYSTEM)


def _script(name: Text, body: object, scripts: Map, sheet: Sheet, how: Script) -> Job:
    parts: list[Part] = []
    if (before := f"pre{name.value}") in scripts.table:
        parts.append(Part(name.row, calls=(f"npm:{before}",)))
    if isinstance(body, Text):
        whole = run_by_package_managers(body, scripts)
        parts.append(Part(name.row, tuple(sheet.shell(whole, how))))
    if (after := f"post{name.value}") in scripts.table:
        parts.append(Part(name.row, calls=(f"npm:{after}",)))
    return Job(name.value, name.row, tuple(parts))
