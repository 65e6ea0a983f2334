"""
Approval made by hand: variables that only CI sets, and receipts that no step has written.

A variable counts where interlock could read it: in a process that uses it, or in one that is
started for it. A receipt counts by its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from interlock_checks.catalogue import guards, tampering
from interlock_checks.link.tampering import Put, Touch, full_name
from interlock_checks.link.values import (
    UNKNOWN,
    Ext,
    Given,
    Lit,
    Made,
    Many,
    Method,
    Table,
    Text,
    Value,
    Values,
    argument,
    parts_of,
)

_ENVIRONMENTS = frozenset({"os.environ", "os.environb", "posix.environ", "nt.environ"})
_OFF = frozenset({"", "0", "false", "no", "off"})
_GAP = "\ufffc"
_SEPARATOR = re.compile(r"[/\\]")


def variable(value: Value) -> str | None:
    """The variable of a CI system that a key names."""
    if isinstance(value, Lit):
        name = value.value
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        if isinstance(name, str) and (
            name in tampering.CI_VARIABLES or name.startswith(tampering.CI_PREFIXES)
        ):
            return name
    return None


def _is_set(values: Values | None) -> bool:
    """Whether a variable gets a value that says yes; what is not known may say it."""
    if values is None:
        return False
    return not all(
        isinstance(v, Lit) and (v.value is None or str(v.value).lower() in _OFF) for v in values
    )


def environment(put: Put) -> Iterator[Touch]:
    """The variables of CI that a change sets in the environment of this process."""
    match put.owner:
        case Ext(name=name) if name in _ENVIRONMENTS:
            for key in put.key:
                found = variable(key)
                if found is not None and _is_set(put.value):
                    yield Touch("IL304", found, "set for this process", here=True)
        case Ext(name="os") if any(k == Lit("environ") for k in put.key):
            for found in given_variables(put.value or ()):
                yield Touch("IL304", found, "set for this process", here=True)
        case _:
            pass


def is_open(put: Put) -> bool:
    """Whether a change sets variables of this process, and which of them is not known."""
    named = isinstance(put.owner, Ext) and put.owner.name in _ENVIRONMENTS
    return named and not all(isinstance(key, Lit) for key in put.key or UNKNOWN)


def given_variables(values: Values) -> Iterator[str]:
    """The variables of CI in an environment that is given to a process."""
    for value in values:
        if isinstance(value, Table):
            for keys, held in value.pairs:
                for key in keys:
                    found = variable(key)
                    if found is not None and _is_set(held):
                        yield found


def given_to_child(given: tuple[Given, ...]) -> Iterator[Touch]:
    """The variables of CI that a process gets: in its environment, or in front of its words."""
    names: dict[str, None] = {}
    for one in given:
        if one.name in {None, "env", "args", "command", "cmd"}:
            names.update(dict.fromkeys(given_variables(one.values)))
            for value in one.values:
                names.update(dict.fromkeys(_assigned(value)))
    for name in names:
        yield Touch("IL304", name, "set for a process that interlock runs in")


def _assigned(value: Value) -> Iterator[str]:
    """`CI=true interlock deploy`, as a text or as words."""
    words = [v for item in value.items for v in item] if isinstance(value, Many) else [value]
    for word in words:
        text = "".join(part or "" for part in parts_of(word) or ())
        for found in _ASSIGNMENT.finditer(text):
            name = variable(Lit(found["name"]))
            if name is not None and found["value"].strip("'\"").lower() not in _OFF:
                yield name


_ASSIGNMENT = re.compile(r"(?<![\w$-])(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>[^\s;&|]*)")


# --- receipts ---


def is_state(values: Values) -> bool:
    """Whether a path may lie below interlock's own folder."""
    for value in values:
        if not isinstance(value, Lit | Text):
            continue
        data = value.value if isinstance(value, Lit) else None
        parts = (data.decode("utf-8", "replace"),) if isinstance(data, bytes) else parts_of(value)
        whole = "".join(_GAP if part is None else part for part in parts or ())
        if any(part.strip(_GAP).lower() == tampering.STATE for part in _SEPARATOR.split(whole)):
            return True
    return False


def written(function: Value, given: tuple[Given, ...]) -> tuple[Values, str] | None:
    """The path that a call writes to, with the name of what writes; None if it only reads."""
    name = full_name(function)
    if name in tampering.OPENERS:
        if _only_reads(name, argument(given, 1, "flags" if name == "os.open" else "mode")):
            return None
        return argument(given, 0, "file") or UNKNOWN, name
    if name in tampering.WRITERS:
        return argument(given, *tampering.WRITERS[name]) or (), name
    owner, method = _method(function)
    if owner is None:
        return None
    if method == "open":
        if _only_reads(method, argument(given, 0, "mode")):
            return None
        return (owner,), method
    if method in tampering.PATH_MOVERS and given:
        return argument(given, 0, "target") or (), method
    if method in tampering.PATH_WRITERS:
        return (owner,), method
    if method in tampering.SAVERS:
        return tuple(v for one in given for v in one.values), method
    return None


def _method(function: Value) -> tuple[Value | None, str]:
    match function:
        case Method(owner=owner, name=name):
            return owner, name
        case Ext(name=name) if name.rpartition(".")[2] in tampering.SAVERS:
            return Ext(name.rpartition(".")[0]), name.rpartition(".")[2]
        case _:
            return None, ""


def _only_reads(name: str, mode: Values | None) -> bool:
    if mode is None:
        return name != "os.open"
    if name == "os.open":
        return all(isinstance(v, Ext) and v.name == "os.O_RDONLY" for v in mode)
    return all(
        isinstance(v, Lit) and isinstance(v.value, str) and not set(v.value) & set("wax+")
        for v in mode
    )


def receipts(function: Value, given: tuple[Given, ...]) -> Iterator[Touch]:
    """Receipts that a call writes, builds or changes by hand."""
    found = written(function, given)
    if found is not None and is_state(found[0]):
        name = found[1].removeprefix("builtins.")
        yield Touch("IL304", f"{tampering.STATE}/", f"written to by `{name}`")
    name = full_name(function)
    if name in guards.EVIDENCE:
        yield Touch("IL304", name, "made by hand")
    elif name.rpartition(".")[2] in {"__new__", "replace", "__replace__", "force_setattr"}:
        for one in given[:1]:
            for value in one.values:
                if isinstance(value, Made | Ext) and value.name in guards.EVIDENCE:
                    yield Touch("IL304", value.name, "made by hand")
