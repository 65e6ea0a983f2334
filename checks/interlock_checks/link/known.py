"""
What well-known functions return: builtins, folding helpers of the standard library, reflection.

A table from dotted name to a small function. Whatever is not in it returns something unknown,
or an instance where the catalogue says of which class.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import posixpath
import shlex
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from interlock_checks import catalogue
from interlock_checks.catalogue import processes, reflection
from interlock_checks.catalogue.engines import MOCK
from interlock_checks.facts import model as m
from interlock_checks.link import dotenv, fold
from interlock_checks.link.calling import results_of
from interlock_checks.link.members import any_attribute_of, attribute_of, item_of
from interlock_checks.link.splitting import split
from interlock_checks.link.values import (
    HOLE,
    UNKNOWN,
    Bound,
    Cls,
    Code,
    Ext,
    Fun,
    Given,
    Lit,
    Made,
    Many,
    Method,
    Mod,
    Obj,
    Program,
    Space,
    Table,
    Text,
    Value,
    Values,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.frames import Frame
    from interlock_checks.link.world import World

Known = Callable[["World", Sequence[Given], str], Values]


def argument(given: Sequence[Given], index: int, name: str | None = None) -> Values | None:
    """The values of one argument by position or keyword; None where it is not given."""
    positional = [g for g in given if g.name is None]
    for number, one in enumerate(positional):
        if one.star:
            return UNKNOWN
        if number == index:
            return one.values
    for one in given:
        if name is not None and one.name == name:
            return one.values
    return UNKNOWN if any(g.star == 2 for g in given) and name is not None else None


@lru_cache(maxsize=256)
def sink_names(holder: str) -> frozenset[str]:
    """The names directly below a holder that are sinks or lead to them."""
    names: set[str] = set()
    for library in catalogue.LIBRARIES:
        spelled = [name for group in library.sinks.values() for name in group]
        for name in (*spelled, *library.aliases):
            if name.startswith(f"{holder}."):
                names.add(name[len(holder) + 1 :].partition(".")[0])
    return frozenset(names)


def call_external(world: World, function: Ext, given: Sequence[Given], path: str) -> Values:
    """The result of calling an object from outside the repository."""
    known = _KNOWN.get(function.name)
    if known is not None:
        return known(world, given, path)
    importer = reflection.IMPORTERS.get(
        reflection.IMPORTER_ALIASES.get(function.name, function.name)
    )
    if importer is not None:
        return imported(world, importer, given, path)
    if function.name == fold.TEMPLATE and given:
        return (Bound(function, tuple(given[:1])),)
    if function.name in _FOLDED:
        operands = [g.values for g in given if g.name is None and not g.star]
        if len(operands) == len(given):
            return fold.compute(_FOLDED[function.name], *operands)
        return UNKNOWN
    returned = catalogue.returned(function.name)
    if returned is not None:
        if returned.startswith("type["):
            return (Ext(returned[5:-1]),)
        return (Made(returned),)
    name = processes.ALIASES.get(function.name, function.name)
    holder = processes.PROGRAMS.get(name)
    if holder is not None and holder.by == "first" and given:
        return (Program((given[0].values,)),)
    if name in processes.RETURNS:
        return (Made(processes.RETURNS[name]),)
    if function.name.rpartition(".")[2][:1].isupper():
        return (Made(function.name),)
    return UNKNOWN


def call_bound(
    world: World,
    func: Value,
    args: Sequence[Given],
    given: Sequence[Given],
    path: str,
    frame: Frame | None,
) -> Values:
    """Call a `Bound`: a partial, or one of operator's getters."""
    match func:
        case Ext(name="operator.attrgetter"):
            owner = given[0].values if given else UNKNOWN
            found = [attribute_path(world, owner, g.values) for g in args]
            if len(found) == 1:
                return found[0]
            return (Many(tuple(found)),)
        case Ext(name="operator.methodcaller"):
            owner = given[0].values if given else UNKNOWN
            name = args[0].values if args else UNKNOWN
            methods = attribute_path(world, owner, name)
            return results_of(world, methods, tuple(args[1:]), path, frame)
        case Ext(name="operator.itemgetter"):
            owner = given[0].values if given else UNKNOWN
            keys = args[0].values if args else UNKNOWN
            return merge(item_of(world, value, keys) for value in owner)
        case _:
            return results_of(world, (func,), (*args, *given), path, frame)


def attribute_path(world: World, owner: Values, names: Values) -> Values:
    """`owner.a.b` for each of the names "a.b"; the worst, where a name is not known."""
    groups: list[Values] = []
    for name in names:
        if isinstance(name, Lit) and isinstance(name.value, str):
            current = owner
            for part in name.value.split("."):
                current = merge(attribute_of(world, value, part) for value in current)
            groups.append(current)
        else:
            groups.extend(any_attribute_of(world, value, name) for value in owner)
    return merge(groups)


def imported(
    world: World, importer: reflection.Importer, given: Sequence[Given], path: str
) -> Values:
    """What a function that imports by name gives, as far as the name is known."""
    names = argument(given, importer.first, importer.keyword) or UNKNOWN
    package = ""
    if importer.package is not None:
        for value in argument(given, *importer.package) or ():
            if isinstance(value, Lit) and isinstance(value.value, str):
                package = value.value
    groups: list[Values] = []
    for name in names:
        if not isinstance(name, Lit) or not isinstance(name.value, str):
            groups.append(UNKNOWN)
            continue
        groups.append(_named(world, importer, name.value, given, path, package))
    return merge(groups)


def _named(
    world: World,
    importer: reflection.Importer,
    text: str,
    given: Sequence[Given],
    path: str,
    package: str,
) -> Values:
    match importer.form:
        case "module":
            fromlist = argument(given, 3, "fromlist")
            if importer.top and not _given_truth(fromlist):
                text = text.partition(".")[0]
            return world.imported(Lit(text), path, package)
        case "module:attr" | "entry-point":
            if importer.form == "entry-point":
                text = text.partition("=")[2].strip() or text
            name, colon, attribute = text.partition(":")
            if not colon:
                return _dotted(world, text, path)
            owner = world.imported(Lit(name), path, package)
            return attribute_path(world, owner, (Lit(attribute),))
        case "module.attr":
            return _dotted(world, text.replace(":", "."), path)
        case _:
            return UNKNOWN


def _given_truth(values: Values | None) -> bool:
    if values is None:
        return False
    return not all(
        (isinstance(v, Many) and not v.items and not v.rest) or v == Lit(None) for v in values
    )


def _dotted(world: World, text: str, path: str) -> Values:
    """The object of a dotted name of which some leading part is a module."""
    head, *rest = text.split(".")
    current = world.module(path, head, 0)
    name = head
    for part in rest:
        name = f"{name}.{part}"
        inner = merge(attribute_of(world, value, part) for value in current)
        if inner in ((), UNKNOWN) or all(isinstance(v, Method) for v in inner):
            inner = world.module(path, name, 0)
        current = inner
    return current


# --- builtins and the standard library ---


def _getattr(world: World, given: Sequence[Given], path: str) -> Values:
    owner = argument(given, 0) or UNKNOWN
    names = argument(given, 1) or UNKNOWN
    default = argument(given, 2)
    found = attribute_path_single(world, owner, names)
    return found if default is None else merge([found, default])


def attribute_path_single(world: World, owner: Values, names: Values) -> Values:
    """As `attribute_path`, but a dot in a name is part of it, as getattr has it."""
    groups: list[Values] = []
    for name in names:
        for value in owner:
            if isinstance(name, Lit) and isinstance(name.value, str):
                groups.append(attribute_of(world, value, name.value))
            else:
                groups.append(any_attribute_of(world, value, name))
    return merge(groups)


def _bound(name: str) -> Known:
    def known(world: World, given: Sequence[Given], path: str) -> Values:
        return (Bound(Ext(name), tuple(given)),)

    return known


def _partial(world: World, given: Sequence[Given], path: str) -> Values:
    if not given:
        return UNKNOWN
    return tuple(Bound(function, tuple(given[1:])) for function in given[0].values)


def _reduce(world: World, given: Sequence[Given], path: str) -> Values:
    functions = argument(given, 0) or UNKNOWN
    source = argument(given, 1) or UNKNOWN
    start = argument(given, 2, "initial")
    if len(source) != 1:
        return UNKNOWN
    items = fold.items_of(source[0])
    if items is None:
        if Ext("builtins.getattr") in [_bare(f) for f in functions]:
            return merge(any_attribute_of(world, value) for value in start or UNKNOWN)
        return UNKNOWN
    remaining = list(items)
    current = start if start is not None else (remaining.pop(0) if remaining else UNKNOWN)
    for one in remaining[:64]:
        current = results_of(world, functions, (Given(current), Given(one)), path)
    return current


def _walked(world: World, given: Sequence[Given], path: str) -> Values:
    """`pkgutil.iter_modules(path, prefix)`: rows of finder, name and whether a package."""
    prefix = argument(given, 1, "prefix") or (Lit(""),)
    names = fold.concatenated((prefix, UNKNOWN))
    row: Values = (Many((UNKNOWN, names, UNKNOWN)),)
    # There may be none; all that there are have names like this one.
    return (Many(()), Many((row,)))


def _bare(value: Value) -> Value:
    return Ext(value.name) if isinstance(value, Ext) else value


def _map(world: World, given: Sequence[Given], path: str) -> Values:
    functions = argument(given, 0) or UNKNOWN
    source = argument(given, 1) or UNKNOWN
    if len(source) == 1:
        items = fold.items_of(source[0])
        if items is not None and len(items) <= 256:
            results = tuple(results_of(world, functions, (Given(one),), path) for one in items)
            return (Many(results),)
    one = merge(fold.each(value) for value in source)
    return (Many((results_of(world, functions, (Given(one),), path),), rest=True),)


def _listed(world: World, given: Sequence[Given], path: str) -> Values:
    values = argument(given, 0)
    if values is None:
        return (Many(()),)
    found: list[Value] = []
    for value in values:
        items = fold.items_of(value)
        if items is not None:
            found.append(Many(items))
        elif isinstance(value, Many):
            found.append(value)
        else:
            found.append(Many((fold.each(value),), rest=True))
    return tuple(found)


def _some_of(place: int) -> Known:
    """Some, all or none of what is in the argument at this place."""

    def known(world: World, given: Sequence[Given], path: str) -> Values:
        items = merge(fold.each(one) for one in argument(given, place) or ())
        return (Many((items or UNKNOWN,), rest=True),)

    return known


def _chained(world: World, given: Sequence[Given], path: str) -> Values:
    items: list[Values] = []
    rest = False
    for one in given:
        known = fold.items_of(one.values[0]) if len(one.values) == 1 else None
        items.extend(known if known is not None else [merge(fold.each(v) for v in one.values)])
        rest = rest or known is None
    return (Many(tuple(items), rest),)


def _reversed(world: World, given: Sequence[Given], path: str) -> Values:
    return tuple(
        Many(tuple(reversed(v.items)), v.rest) if isinstance(v, Many) else HOLE
        for v in _listed(world, given, path)
    )


def _sorted(world: World, given: Sequence[Given], path: str) -> Values:
    if len(given) == 1:
        return fold.compute(sorted, given[0].values)
    return _listed(world, given, path)


def _next(world: World, given: Sequence[Given], path: str) -> Values:
    found = [fold.each(value) for value in argument(given, 0) or UNKNOWN]
    filled = all(fold.items_of(value) for value in argument(given, 0) or UNKNOWN)
    other = () if filled else argument(given, 1, None) or ()
    return merge([*found, tuple(value for value in other if value != Lit(None))])


def _enumerate(world: World, given: Sequence[Given], path: str) -> Values:
    found: list[Value] = []
    for value in argument(given, 0) or UNKNOWN:
        items = fold.items_of(value)
        if items is None:
            found.append(Many(((Many((UNKNOWN, fold.each(value))),),), rest=True))
        else:
            pairs = tuple((Many(((Lit(n),), item)),) for n, item in enumerate(items))
            found.append(Many(pairs))
    return tuple(found)


def _zip(world: World, given: Sequence[Given], path: str) -> Values:
    columns = []
    for one in given:
        if one.name is not None:
            continue  # `strict=True` says what happens to rows, and is none
        items = fold.items_of(one.values[0]) if len(one.values) == 1 else None
        if items is None:
            return (Many((), rest=True),)
        columns.append(items)
    rows = tuple((Many(tuple(row)),) for row in zip(*columns, strict=False))
    return (Many(rows),)


def _dict(world: World, given: Sequence[Given], path: str) -> Values:
    pairs: list[tuple[Values, Values]] = []
    rest = False
    for one in given:
        if one.name is not None:
            pairs.append(((Lit(one.name),), one.values))
        elif len(one.values) == 1 and isinstance(one.values[0], Table):
            pairs.extend(one.values[0].pairs)
            rest = rest or one.values[0].rest
        elif len(one.values) == 1 and isinstance(one.values[0], Many):
            rest = rest or one.values[0].rest
            for item in one.values[0].items:
                for pair in item:
                    if isinstance(pair, Many) and len(pair.items) == 2 and not pair.rest:
                        pairs.append((pair.items[0], pair.items[1]))
                    else:
                        rest = True
        else:
            rest = True
    return (Table(tuple(pairs), rest),)


def _fromkeys(world: World, given: Sequence[Given], path: str) -> Values:
    keys = _listed(world, given[:1], path)
    value = argument(given, 1, "value") or (Lit(None),)
    pairs = [(item, value) for one in keys if isinstance(one, Many) for item in one.items]
    return (Table(tuple(pairs), any(not isinstance(v, Many) or v.rest for v in keys)),)


def _text(world: World, given: Sequence[Given], path: str) -> Values:
    values = argument(given, 0)
    if values is None:
        return (Lit(""),)
    if len(given) > 1:
        operands = [g.values for g in given]
        return fold.compute(lambda data, *rest: str(data, *rest), *operands)
    return fold.concatenated([values])


def _namespace_of_module(world: World, given: Sequence[Given], path: str) -> Values:
    return (Space(Mod(path)),)


def _vars(world: World, given: Sequence[Given], path: str) -> Values:
    if not given:
        return (Space(Mod(path)),)
    found: list[Value] = []
    for value in given[0].values:
        found.append(Space(value) if isinstance(value, Ext | Mod | Cls | Obj) else HOLE)
    return tuple(found)


def _members(world: World, given: Sequence[Given], path: str) -> Values:
    owner = argument(given, 0) or UNKNOWN
    every = merge(any_attribute_of(world, value) for value in owner)
    return (Many(((Many((UNKNOWN, every)),),), rest=True),)


def _environment(world: World, given: Sequence[Given], path: str) -> Values:
    default = argument(given, 1, "default")
    return UNKNOWN if default is None else merge([default, UNKNOWN])


def _first(world: World, given: Sequence[Given], path: str) -> Values:
    return argument(given, 0) or UNKNOWN


def _path(world: World, given: Sequence[Given], path: str) -> Values:
    if not given or any(g.star or g.name for g in given):
        return UNKNOWN
    parts: list[Values] = []
    for number, one in enumerate(given):
        if number:
            parts.append((Lit("/"),))
        parts.append(one.values)
    return fold.concatenated(parts)


def _compile(world: World, given: Sequence[Given], path: str) -> Values:
    return (Code(),)


def _type(world: World, given: Sequence[Given], path: str) -> Values:
    found: list[Value] = []
    for value in argument(given, 0) or UNKNOWN:
        match value:
            case Obj(path=file, scope=scope):
                found.append(Cls(file, scope))
            case Made(name=name):
                found.append(Ext(name))
            case _:
                found.append(HOLE)
    return tuple(found)


def _super(world: World, given: Sequence[Given], path: str) -> Values:
    return UNKNOWN


def _getmodule(world: World, given: Sequence[Given], path: str) -> Values:
    found: list[Value] = []
    for value in argument(given, 0) or UNKNOWN:
        match value:
            case Ext(name=name):
                found.append(Ext(name.rpartition(".")[0] or name))
            case Fun(path=file) | Cls(path=file):
                found.append(Mod(file))
            case _:
                found.append(HOLE)
    return tuple(found)


def _shell_words(world: World, given: Sequence[Given], path: str) -> Values:
    if len(given) != 1 or given[0].star:
        return UNKNOWN
    return merge(
        split(value.parts, shlex.split)
        if isinstance(value, Text)
        else fold.compute(shlex.split, (value,))
        for value in given[0].values
    )


def _which(world: World, given: Sequence[Given], path: str) -> Values:
    return argument(given, 0, "cmd") or UNKNOWN


def _specified(world: World, given: Sequence[Given], path: str) -> Values:
    """The module of a specification, where the name that was looked for is known."""
    found: list[Values] = []
    for value in argument(given, 0, "spec") or UNKNOWN:
        match value:
            case Bound(func=Ext(name=finder), args=args) if finder in reflection.SPEC_FINDERS:
                found.append(imported(world, reflection.SPEC_FINDERS[finder], args, path))
            case _:
                found.append((value,))
    return merge(found)


def _apply_async(world: World, given: Sequence[Given], path: str) -> Values:
    functions = argument(given, 0) or UNKNOWN
    return results_of(world, functions, tuple(given[1:]), path)


def _stream(world: World, given: Sequence[Given], path: str) -> Values:
    return (Bound(Ext(dotenv.STREAM), tuple(given[:1])),) if given else (Made(dotenv.STREAM),)


def replaced(world: World, given: Sequence[Given], path: str) -> Values:
    """A copy of an object of the repository's own, in which the fields that are named are new."""
    new = {one.name: one for one in given[1:] if one.name is not None}
    if not given or len(new) + 1 < len(given):
        return UNKNOWN
    return tuple(
        _copied(world, value, new) if isinstance(value, Obj) and value.given is not None else HOLE
        for value in given[0].values
    )


def _copied(world: World, value: Obj, new: Mapping[str, Given]) -> Value:
    names = [one.name for one in world.files[value.path].scopes[value.scope].parameters]
    keeps = _is_frozen(world, value)
    fields = {} if keeps else {name: Given(UNKNOWN, name) for name in names}
    for number, one in enumerate(value.given or ()):
        name = one.name or (names[number] if number < len(names) else None)
        if one.star or name is None:
            return HOLE
        fields[name] = Given(one.values if keeps else UNKNOWN, name)
    return Obj(value.path, value.scope, tuple({**fields, **new}.values()))


def _is_frozen(world: World, value: Obj) -> bool:
    """Whether what an object was made with is what it still holds."""
    facts = world.files[value.path]
    scope = facts.scopes[value.scope]
    for number in scope.decorators:
        one = facts.nodes[number]
        for arg in one.args if isinstance(one, m.Call) else ():
            given = facts.nodes[arg.value]
            if arg.name == "frozen" and isinstance(given, m.Const) and given.value is True:
                return True
    bases = merge(world.values(value.path, base) for base in scope.bases)
    return any(isinstance(base, Ext) and base.name == "typing.NamedTuple" for base in bases)


def _dotenv(world: World, given: Sequence[Given], path: str) -> Values:
    found = dotenv.variables(given)
    return UNKNOWN if found is None else (found,)


_KNOWN: dict[str, Known] = {
    "builtins.getattr": _getattr,
    "inspect.getattr_static": _getattr,
    "object.__getattribute__": _getattr,
    "builtins.object.__getattribute__": _getattr,
    "builtins.type.__getattribute__": _getattr,
    "builtins.vars": _vars,
    "builtins.globals": _namespace_of_module,
    "builtins.locals": _namespace_of_module,
    "builtins.map": _map,
    "builtins.filter": _some_of(1),
    "itertools.filterfalse": _some_of(1),
    "itertools.takewhile": _some_of(1),
    "itertools.dropwhile": _some_of(1),
    "itertools.islice": _some_of(0),
    "itertools.compress": _some_of(0),
    "itertools.chain": _chained,
    "random.sample": _some_of(0),
    "pkgutil.iter_modules": _walked,
    "pkgutil.walk_packages": _walked,
    "builtins.list": _listed,
    "builtins.tuple": _listed,
    "builtins.set": _listed,
    "builtins.frozenset": _listed,
    "builtins.iter": _listed,
    "builtins.reversed": _reversed,
    "builtins.sorted": _sorted,
    "builtins.next": _next,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.dict": _dict,
    "builtins.dict.fromkeys": _fromkeys,
    "builtins.str": _text,
    "builtins.compile": _compile,
    "builtins.type": _type,
    "builtins.super": _super,
    "collections.OrderedDict": _dict,
    "types.MappingProxyType": _first,
    "types.SimpleNamespace": _dict,
    "builtins.staticmethod": _first,
    "builtins.classmethod": _first,
    "typing.cast": lambda world, given, path: argument(given, 1) or UNKNOWN,
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "os.fspath": _first,
    "os.path.expanduser": _first,
    "os.path.abspath": _first,
    "os.path.realpath": _first,
    "os.path.normpath": _first,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
    "os.path.join": _path,
    "posixpath.join": _path,
    "operator.attrgetter": _bound("operator.attrgetter"),
    "operator.methodcaller": _bound("operator.methodcaller"),
    "operator.itemgetter": _bound("operator.itemgetter"),
    "operator.getitem": lambda world, given, path: merge(
        item_of(world, v, argument(given, 1) or UNKNOWN) for v in argument(given, 0) or UNKNOWN
    ),
    "operator.add": lambda world, given, path: fold.operation(
        "+", argument(given, 0) or UNKNOWN, argument(given, 1) or UNKNOWN
    ),
    "operator.concat": lambda world, given, path: fold.operation(
        "+", argument(given, 0) or UNKNOWN, argument(given, 1) or UNKNOWN
    ),
    "operator.call": _apply_async,
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    **dict.fromkeys(reflection.REPLACING, replaced),
    "inspect.getmembers": _members,
    "inspect.getmembers_static": _members,
    "inspect.getmodule": _getmodule,
    "inspect.unwrap": _first,
    "importlib.reload": _first,
    "omegaconf.OmegaConf.create": _first,
    MOCK: _bound(MOCK),
    "importlib.util.module_from_spec": _specified,
    **{name: _bound(name) for name in reflection.SPEC_FINDERS},
    "io.StringIO": _stream,
    "dotenv.dotenv_values": _dotenv,
    "dotenv.main.dotenv_values": _dotenv,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "os.environ.setdefault": _environment,
    "shlex.split": _shell_words,
    "shutil.which": _which,
    "asyncio.run": _first,
    "asyncio.create_task": _first,
    "asyncio.ensure_future": _first,
    "asyncio.to_thread": _apply_async,
}


def _b64(data: object) -> object:
    return base64.b64decode(data)  # type: ignore[arg-type]


_FOLDED: dict[str, Callable[..., object]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.bytes": lambda value=b"", *rest: (
        bytes(value, *rest) if not isinstance(value, int) or value <= fold.LARGEST else None
    ),
    "builtins.bytearray": lambda value=b"", *rest: bytes(value, *rest),
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.bytes.decode": bytes.decode,
    "builtins.str.maketrans": str.maketrans,
    "builtins.str.lower": str.lower,
    "builtins.str.join": str.join,
    "builtins.str.format": str.format,
    "builtins.str.replace": str.replace,
    "builtins.str.strip": str.strip,
    "builtins.int": int,
    "builtins.len": len,
    "builtins.bool": bool,
    "builtins.min": min,
    "builtins.max": max,
    "builtins.range": lambda *bounds: list(range(*bounds)[:256]),
    "base64.b64decode": _b64,
    "base64.standard_b64decode": _b64,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.decodebytes": base64.decodebytes,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.a2b_base64": binascii.a2b_base64,
    "codecs.decode": codecs.decode,
    "codecs.encode": codecs.encode,
    "shlex.join": shlex.join,
    "shlex.quote": shlex.quote,
    "json.loads": json.loads,
    "ast.literal_eval": json.loads,
    "os.path.basename": posixpath.basename,
    "posixpath.basename": posixpath.basename,
    "urllib.parse.unquote": urllib.parse.unquote,
    "sys.intern": lambda text: text,
    "builtins.slice": lambda *bounds: None,
    "textwrap.dedent": __import__("textwrap").dedent,
}
