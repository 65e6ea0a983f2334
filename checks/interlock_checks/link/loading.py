"""Modules that are imported by computed names, and texts that are executed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interlock_checks import catalogue
from interlock_checks.catalogue import reflection
from interlock_checks.commands.judge import Verdict
from interlock_checks.commands.model import const
from interlock_checks.facts import model as m
from interlock_checks.link.external import as_statement
from interlock_checks.link.frames import owner_in
from interlock_checks.link.named import imported
from interlock_checks.link.needs import operands
from interlock_checks.link.reach import Site
from interlock_checks.link.values import (
    UNKNOWN,
    Bound,
    Cls,
    Code,
    Contents,
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Many,
    Method,
    Mod,
    Obj,
    Table,
    Text,
    Value,
    Values,
    argument,
    parts_of,
)
from interlock_checks.link.world import NESTED

if TYPE_CHECKING:
    from interlock_checks.link.uses import Uses

_DEEPEST = 4
_MOST_NODES = 256
_MOST_TABLES = 256


def load(uses: Uses, site: Site, node: int, given: tuple[Given, ...]) -> None:
    """The module of a specification is one that is going to be run."""
    for value in argument(given, 0, "spec") or ():
        match value:
            case Bound(func=Ext(name=finder) as function, args=args):
                if finder in reflection.SPEC_FINDERS:
                    importer = reflection.SPEC_FINDERS[finder]
                    import_by_name(uses, site, node, function, importer, args)
            case _:
                pass


def instantiate(uses: Uses, site: Site, node: int, function: Ext, given: tuple[Given, ...]) -> None:
    """An import and a call of what the tables of a configuration name."""
    importer = reflection.COMPUTED[function.name]
    targets = configured(argument(given, importer.first, importer.keyword) or UNKNOWN)
    if targets is None:
        uses.report(site, "IL003", function.name, "of a configured name", function.via)
        return
    for target in targets:
        import_by_name(uses, site, node, function, importer, (Given(target),))
        for value in imported(uses.world, importer, (Given(target),), site.path):
            if isinstance(value, Ext):
                uses.external(site, node, value, ())


def configured(configuration: Values) -> list[Values] | None:
    """What stands under the key for a target in tables and those within; None if not all known."""
    todo = list(configuration)
    targets: list[Values] = []
    for _ in range(_MOST_TABLES):
        if not todo:
            return targets
        match todo.pop():
            case Table(pairs=pairs, rest=False):
                for keys, values in pairs:
                    if keys == (Lit(reflection.TARGET),):
                        targets.append(values)
                    else:
                        todo += values
            case Many(items=items, rest=False):
                todo += [value for item in items for value in item]
            case Lit() | Text() | Obj() | Made() | Fun() | Cls():
                pass
            case _:
                return None
    return None


def import_by_name(
    uses: Uses,
    site: Site,
    node: int,
    function: Ext,
    importer: reflection.Importer,
    given: tuple[Given, ...],
) -> None:
    """An import of what a string names."""
    names = argument(given, importer.first, importer.keyword)
    if names is None:
        if importer.form == "file":
            return
        names = UNKNOWN
    package = argument(given, *importer.package) if importer.package else None
    if importer.every:
        names = tuple(v for g in given for v in g.values)
    kept = site.frame is not None and any(isinstance(v, Obj) for v in owner_in(site.frame))
    loose = [
        v
        for v in names
        if not _is_bounded(uses, v, importer, package) or (kept and _is_of_catalogue(v))
    ]
    if not loose:
        return
    uses.world.want(site.path, node)
    reach = uses.reach(site, "IL003", function.name, "of a computed name", function.via)
    parameters = uses.parameters(site, node, [tuple(loose), package or ()])
    uses.wait(site, node, parameters, reach)
    if site.frame is None and parameters:
        # What is made of the module is known where its name is: with each caller.
        for number, use in enumerate(uses.world.files[site.path].uses):
            if use.manner == "called" and _is_called_of(uses, site.path, use.node, node):
                uses.wait(Site(site.path, number, use.scope), use.node, parameters, reach)


def _is_of_catalogue(name: Value) -> bool:
    """A name that an object keeps: where its module goes from there is not followed everywhere."""
    return (
        isinstance(name, Lit)
        and isinstance(name.value, str)
        and name.value.partition(".")[0] in catalogue.ROOTS
    )


def _is_called_of(uses: Uses, path: str, call: int, made: int) -> bool:
    """Whether what a call calls is made of the node `made`."""
    facts = uses.world.files[path]
    node = facts.nodes[call]
    todo = [node.func] if isinstance(node, m.Call) else []
    seen: set[int] = set()
    while todo and len(seen) < _MOST_NODES:
        number = todo.pop()
        if number == made:
            return True
        if number in seen or number < 0:
            continue
        seen.add(number)
        one = facts.nodes[number]
        if isinstance(one, m.Ref):
            todo += [facts.bindings[binding].value for binding in one.bindings]
        todo += operands(one)
    return False


def _is_bounded(
    uses: Uses, name: Value, importer: reflection.Importer, package: Values | None
) -> bool:
    if isinstance(name, Lit):
        if isinstance(name.value, str) and name.value.startswith("."):
            return _packaged(package)
        return True
    if isinstance(name, Mod | Fun | Cls):
        return True
    if not isinstance(name, Text):
        return False
    first, last = name.parts[0], name.parts[-1]
    if importer.form == "file":
        base = (last or "").rpartition("/")[2]
        return bool(base) and "/" in (last or "") and _holds_file(uses, base)
    if first is None:
        return False
    if first.startswith("."):
        return _packaged(package)
    root, dot, _ = first.partition(".")
    roots = catalogue.ROOTS | {"subprocess", "os", "importlib", "builtins", "runpy"}
    return root not in roots if dot else not any(r.startswith(root) for r in roots)


def _is_own_source(uses: Uses, path: Value) -> bool:
    """Whether a path leads to a file of Python that the repository holds."""
    parts = parts_of(path) or (None,)
    _, slash, base = (parts[-1] or "").rpartition("/")
    if (parts[0] or "").startswith("/"):
        return False  # somewhere on the machine
    return bool(slash) and base.endswith(".py") and _holds_file(uses, base)


def _holds_file(uses: Uses, base: str) -> bool:
    return any(path.rpartition("/")[2] == base for path in uses.paths)


def execute(
    uses: Uses,
    site: Site,
    node: int,
    function: Ext | Method,
    place: tuple[int, str | None],
    given: tuple[Given, ...],
) -> None:
    """A call that executes the text in one of its arguments, given by position and keyword."""
    label = function.name
    via = function.via if isinstance(function, Ext) else None
    index, keyword = place
    values = UNKNOWN if index < 0 else argument(given, index, keyword)
    if values is None or (label == "builtins.compile" and _only_parses(given)):
        return
    first = argument(given, *reflection.PREPARED[label]) if label in reflection.PREPARED else ()
    begin = "".join(
        f"{v.value}\n" for v in first or () if isinstance(v, Lit) and isinstance(v.value, str)
    )
    unknown: list[Value] = [v for v in first or () if not isinstance(v, Lit | Code | Fun)]
    for value in values:
        match value:
            case Lit(value=str() as text):
                _nest(uses, site, begin + as_statement(text, label))
            case Lit(value=bytes() as data):
                _nest(uses, site, data.decode("utf-8", "replace"))
            case Code() | Fun() | Cls() | Lit():
                pass
            case Contents(path=source) if _is_own_source(uses, source):
                pass  # which is read as any other file
            case _:
                unknown.append(value)
    if not unknown:
        return
    uses.world.want(site.path, node)
    reach = uses.reach(site, "IL002", label, "of computed text", via)
    uses.wait(site, node, uses.parameters(site, node, [tuple(unknown)]), reach)


def _only_parses(given: tuple[Given, ...]) -> bool:
    """Whether `compile` gives a syntax tree, which nothing executes before it is compiled."""
    flags = argument(given, 3, "flags") or ()
    return bool(flags) and all(
        isinstance(flag, Ext) and flag.name == "ast.PyCF_ONLY_AST" for flag in flags
    )


def nested_texts(
    uses: Uses, site: Site, node: int, verdicts: Sequence[Verdict], given: tuple[Given, ...]
) -> None:
    """The Python that command lines are given, made of the arguments of a call at the node."""
    texts = [const(code.text) for verdict in verdicts for code in verdict.python]
    for text in texts:
        if text is not None:
            _nest(uses, site, text)
    if None in texts:
        reach = uses.reach(site, "IL002", "python -c", "of computed text")
        if node >= 0:
            uses.world.want(site.path, node)
        parameters = uses.parameters(site, node, [one.values for one in given])
        uses.wait(site, node, parameters, reach)


def _nest(uses: Uses, site: Site, text: str) -> None:
    """Code in a constant string is judged as code, at the place that executes it."""
    if site.depth >= _DEEPEST or site.path.count(NESTED) >= _DEEPEST:
        uses.report(site, "IL002", "exec", "of text within text within text")
        return
    facts = uses.read_text(text)
    if facts is None:
        return
    uses.nested += 1
    path = f"{site.path}{NESTED}{uses.nested}"
    uses.world.files[path] = facts
    if NESTED not in site.path:
        uses.world.within[path] = site.scope
    uses.judge(path, site.reported or site)


def _packaged(package: Values | None) -> bool:
    if not package:
        return False
    return all(
        isinstance(p, Lit)
        and isinstance(p.value, str)
        and p.value.partition(".")[0] not in catalogue.ROOTS
        for p in package
    )
