"""
Which uses of a module may matter: those with a root from which a sink can be reached.

Sound in the same sense as `interlock_checks.facts.relevant`: what is left out cannot name a
sink, a process or a reflection of the catalogue, nor another module's re-export of one.
"""

from __future__ import annotations

import sys
from collections.abc import Collection

from interlock_checks import catalogue
from interlock_checks.catalogue import processes, reflection, tampering
from interlock_checks.facts import model as m
from interlock_checks.facts.reader import Pending, Reader

_SHIPPED = frozenset(sys.stdlib_module_names) - catalogue.ROOTS
_MINDED = frozenset(
    name.partition(".")[0]
    for table in (
        processes.STARTS,
        processes.ALIASES,
        processes.PROGRAMS,
        reflection.IMPORTERS,
        reflection.IMPORTER_ALIASES,
        reflection.EXEC,
    )
    for name in table
) | {"functools", "operator", "inspect", "sys", "gc"}
_BUILTINS = frozenset(
    "exec eval compile execfile __import__ getattr globals locals vars __builtins__ map".split()
)
_NAMES = (
    catalogue.METHODS.keys()
    | processes.METHODS.keys()
    | processes.GIVING.keys()
    | reflection.EXEC_METHODS
    | reflection.NAMESPACE_ATTRIBUTES
    | {"create", "drop", "__table__", "tables"}
)
_CHANGEABLE = frozenset({"builtins", "importlib", "nt", "os", "posix", "sys", "types", "unittest"})
"""Modules of the standard library that lead to guards, or to what these ask."""

_RUNNING_WORDS = ("alembic", "flask", "interlock", "upgrade", "downgrade", "stamp")


_TABLE_METHODS = tampering.TABLE_METHODS.keys() | tampering.EMPTYING
_PATCHERS = frozenset(
    name.rpartition(".")[2] for name in (*tampering.FUNCTIONS, *tampering.METHODS)
) - set(_TABLE_METHODS)
_WRITERS = (
    tampering.PATH_WRITERS
    | tampering.SAVERS
    | frozenset(name.rpartition(".")[2] for name in tampering.WRITERS)
)


class Filter:
    """
    Decides for one module which uses are kept; answers are remembered by node.

    Args:
        methods: Names of methods of which each call is kept.
        within: The text is executed within a module, whose names it may use.
    """

    def __init__(self, methods: Collection[str] = (), *, within: bool = False) -> None:
        self.methods = methods
        self.within = within
        self.answers: dict[int, bool] = {}
        self.changing: dict[int, bool] = {}
        self.reader: Reader | None = None
        self.commanding = False

    def keep(self, reader: Reader, use: Pending) -> bool:
        """Whether a use may reach something of the catalogue or another module's re-export."""
        if self.reader is None:
            self.reader = reader
            self.commanding = any(
                isinstance(node, m.Const)
                and isinstance(node.value, str)
                and any(word in node.value for word in _RUNNING_WORDS)
                for node in reader.nodes
            )
        if use.manner in m.STORES:
            return use.manner in {m.NAMED, m.DEFINED} or self.changes_more(use.node)
        if self.minded(use.node):
            return True
        if use.manner == m.TARGET or use.manner.startswith("run by"):
            return True
        if use.manner != "called":
            return False
        call = reader.nodes[use.node]
        return isinstance(call, m.Call) and (
            self.is_asked(call)
            or self.tampers(call)
            or any(self.minded(arg.value) for arg in call.args)
            or (self.commanding and isinstance(reader.nodes[call.func], m.Attr))
        )

    def minded(self, number: int) -> bool:
        known = self.answers.get(number)
        if known is None:
            self.answers[number] = False
            known = self.answers[number] = self._minded(number)
        return known

    def is_asked(self, call: m.Call) -> bool:
        """Whether a call is one of a method that is asked for."""
        assert self.reader is not None
        func = self.reader.nodes[call.func]
        return isinstance(func, m.Attr) and func.name in self.methods

    def tampers(self, call: m.Call) -> bool:
        """Whether a call may change a module, a class or a namespace, or write a file."""
        assert self.reader is not None
        nodes = self.reader.nodes
        func = nodes[call.func]
        if not isinstance(func, m.Attr | m.Ref):
            return False
        if isinstance(func, m.Attr) and func.name in _TABLE_METHODS:
            return self.changes(func.base)
        if isinstance(func, m.Attr) and func.name in tampering.INSTALLING:
            owner = nodes[func.base]
            return isinstance(owner, m.Attr | m.Ref) and f"sys.{owner.name}" in tampering.FINDERS
        if func.name == "open":
            place = 0 if isinstance(func, m.Attr) else 1
            modes = [nodes[arg.value] for arg in call.args[place:]]
            return any(
                not isinstance(n, m.Const)
                or (isinstance(n.value, str) and set(n.value) & set("wax+"))
                for n in modes
            )
        if func.name in _PATCHERS and call.args:
            return not self.is_own(call.args[0].value)
        return func.name in _WRITERS

    def changes_more(self, number: int) -> bool:
        """As `changes`, for a target: what an instance of a class of this file keeps is its own."""
        assert self.reader is not None
        node = self.reader.nodes[number]
        if isinstance(node, m.Attr):
            base = self.reader.nodes[node.base]
            if isinstance(base, m.Attr) and self.is_own(base.base):
                return True
        return self.changes(number)

    def is_own(self, number: int) -> bool:
        """Whether a node is `self` in a method."""
        assert self.reader is not None
        node = self.reader.nodes[number]
        if isinstance(node, m.Ref):
            return any(
                isinstance(self.reader.nodes[self.reader.bindings[b].value], m.Own)
                for b in node.bindings
            )
        return isinstance(node, m.Own)

    def changes(self, number: int) -> bool:
        """
        Whether what is changed may be a module, a class, a function or a namespace of one.

        Instances are not: of what a call gives, only what reflection and the file's own functions
        give is.
        """
        known = self.changing.get(number)
        if known is None:
            self.changing[number] = False
            known = self.changing[number] = self._changes(number)
        return known

    def _changes(self, number: int) -> bool:
        assert self.reader is not None
        node = self.reader.nodes[number]
        match node:
            case m.Ref(bindings=bindings, free=free):
                if free and (self.within or self.reader.stars):
                    return True
                return any(self.changes(self.reader.bindings[b].value) for b in bindings)
            case m.Import(module=module) | m.From(module=module, level=0):
                root = module.partition(".")[0]
                return root not in _SHIPPED or root in _CHANGEABLE
            case m.From() | m.Starred() | m.Class() | m.Function() | m.Param():
                return True
            case m.Attr(base=base, name=name):
                return name in reflection.NAMESPACE_ATTRIBUTES or self.changes(base)
            case m.Call(func=func):
                callee = self.reader.nodes[func]
                if isinstance(callee, m.Ref):
                    own = (
                        self.reader.nodes[self.reader.bindings[b].value] for b in callee.bindings
                    )
                    return any(isinstance(n, m.Function | m.From) for n in own) or (
                        callee.name in _BUILTINS
                    )
                return isinstance(callee, m.Attr) and callee.name in {"import_module", "reload"}
            case m.Item(base=source) | m.Each(source=source) | m.Entered(source=source):
                return self.changes(source)
            case m.Part(subject=subject):
                return self.changes(subject)
            case m.Seq(items=items) | m.Either(options=items) | m.Map(values=items):
                return any(self.changes(item) for item in items)
            case _:
                return False

    def _any(self, numbers: Collection[int]) -> bool:
        return any(self.minded(number) for number in numbers if number >= 0)

    def _minded(self, number: int) -> bool:
        assert self.reader is not None
        node = self.reader.nodes[number]
        match node:
            case m.Ref(bindings=bindings, free=free):
                if free and (self.within or self.reader.stars or node.name in _BUILTINS):
                    return True
                return self._any([self.reader.bindings[b].value for b in bindings])
            case m.Import(module=module) | m.From(module=module, level=0):
                return _is_minded(module)
            case m.From() | m.Function() | m.Class() | m.Own():
                return True
            case m.Attr(base=base, name=name):
                return name in _NAMES or self._attribute(base, name)
            case m.Call(func=func, args=args):
                return self.minded(func) or self._any([arg.value for arg in args])
            case m.Item(base=base) | m.Cut(base=base):
                return self.minded(base)
            case m.Each(source=source) | m.Entered(source=source) | m.Splat(value=source):
                return self.minded(source)
            case m.Part(subject=subject, name=name):
                return name in _NAMES or self.minded(subject)
            case m.Comp(element=element):
                return self.minded(element)
            case m.Const(value=str() as text):
                return _names_sink(text)
            case m.Starred(module=module, level=level, before=before):
                return level > 0 or _is_minded(module) or self.minded(before)
            case m.Super():
                return True
            case m.Seq(items=items) | m.Either(options=items) | m.Map(values=items):
                return self._any(items)
            case m.Op(left=left, right=right):
                return self.minded(left) or self.minded(right)
            case _:
                return False

    def _attribute(self, base: int, name: str) -> bool:
        assert self.reader is not None
        qualified = _qualified(self.reader, base)
        if qualified is not None:
            return name in catalogue.QUALIFIED[qualified] or name in catalogue.READERS
        return self.minded(base)


def _names_sink(text: str) -> bool:
    name = text.rpartition("=")[2].strip().replace(":", ".")
    return name.partition(".")[0] in catalogue.ROOTS and catalogue.sink(name) is not None


def _qualified(reader: Reader, base: int) -> str | None:
    """The module in many files (`os`, `sys`) that a reference surely means."""
    node = reader.nodes[base]
    if not isinstance(node, m.Ref) or node.free or not node.bindings:
        return None
    names = {
        value.module if isinstance(value, m.Import) and value.level == 0 else None
        for value in (reader.nodes[reader.bindings[b].value] for b in node.bindings)
    }
    only = names.pop() if len(names) == 1 else None
    return only if only in catalogue.QUALIFIED and only not in {"functools", "inspect"} else None


def _is_minded(module: str) -> bool:
    root = module.partition(".")[0]
    return root not in _SHIPPED or root in _MINDED
