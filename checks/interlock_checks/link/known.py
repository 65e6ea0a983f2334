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
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from interlock_checks import catalogue
from interlock_checks.catalogue import processes, reflection
from interlock_checks.catalogue.engines import MOCK
from interlock_checks.link import dotenv, fold
from interlock_checks.link.calling import results_of
from interlock_checks.link.copies import replaced
from interlock_checks.link.iterables import ITERATING, Known
from interlock_checks.link.members import PARTIAL_METHOD, any_attribute_of, item_of
from interlock_checks.link.named import attribute_path, attribute_path_single, imported, specified
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
    Mod,
    Obj,
    Program,
    Space,
    Text,
    Value,
    Values,
    argument,
    merge,
)

if TYPE_CHECKING:
    from interlock_checks.link.frames import Frame
    from interlock_checks.link.world import World


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


# --- builtins and the standard library ---


def _getattr(world: World, given: Sequence[Given], path: str) -> Values:
    owner = argument(given, 0) or UNKNOWN
    names = argument(given, 1) or UNKNOWN
    default = argument(given, 2)
    found = attribute_path_single(world, owner, names)
    return found if default is None else merge([found, default])


def _bound(name: str) -> Known:
    def known(world: World, given: Sequence[Given], path: str) -> Values:
        return (Bound(Ext(name), tuple(given)),)

    return known


def _partial(world: World, given: Sequence[Given], path: str) -> Values:
    if not given:
        return UNKNOWN
    return tuple(Bound(function, tuple(given[1:])) for function in given[0].values)


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


def _open(world: World, given: Sequence[Given], path: str) -> Values:
    return (Bound(Ext(fold.OPEN), tuple(given[:1])),) if given and not given[0].star else UNKNOWN


def _field(world: World, given: Sequence[Given], path: str) -> Values:
    """What a field of a dataclass or model is by default: given, or made by a factory."""
    default = argument(given, 0, "default")
    for name in ("default_factory", "factory"):
        made = argument(given, -1, name)
        if made is not None:
            default = results_of(world, made, (), path)
    return default or UNKNOWN


def _which(world: World, given: Sequence[Given], path: str) -> Values:
    return argument(given, 0, "cmd") or UNKNOWN


def _apply_async(world: World, given: Sequence[Given], path: str) -> Values:
    functions = argument(given, 0) or UNKNOWN
    return results_of(world, functions, tuple(given[1:]), path)


def _stream(world: World, given: Sequence[Given], path: str) -> Values:
    return (Bound(Ext(dotenv.STREAM), tuple(given[:1])),) if given else (Made(dotenv.STREAM),)


def _dotenv(world: World, given: Sequence[Given], path: str) -> Values:
    found = dotenv.variables(given)
    return UNKNOWN if found is None else (found,)


_FIELDS = (
    "attr.attrib",
    "attr.field",
    "attr.ib",
    "attrs.field",
    "dataclasses.field",
    "msgspec.field",
    "pydantic.Field",
    "pydantic.dataclasses.Field",
    "pydantic.fields.Field",
    "sqlmodel.Field",
)

_KNOWN: dict[str, Known] = {
    **ITERATING,
    "builtins.getattr": _getattr,
    "inspect.getattr_static": _getattr,
    "object.__getattribute__": _getattr,
    "builtins.object.__getattribute__": _getattr,
    "builtins.type.__getattribute__": _getattr,
    "builtins.vars": _vars,
    "builtins.globals": _namespace_of_module,
    "builtins.locals": _namespace_of_module,
    "builtins.str": _text,
    "builtins.compile": _compile,
    "builtins.type": _type,
    "builtins.super": _super,
    "types.MappingProxyType": _first,
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
    PARTIAL_METHOD: _bound(PARTIAL_METHOD),
    **dict.fromkeys(reflection.REPLACING, replaced),
    "inspect.getmembers": _members,
    "inspect.getmembers_static": _members,
    "inspect.getmodule": _getmodule,
    "inspect.unwrap": _first,
    "importlib.reload": _first,
    "omegaconf.OmegaConf.create": _first,
    MOCK: _bound(MOCK),
    "importlib.util.module_from_spec": specified,
    **{name: _bound(name) for name in reflection.SPEC_FINDERS},
    "io.StringIO": _stream,
    **dict.fromkeys((fold.OPEN, "io.open", "codecs.open", "tokenize.open"), _open),
    "dotenv.dotenv_values": _dotenv,
    "dotenv.main.dotenv_values": _dotenv,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "os.environ.setdefault": _environment,
    "shlex.split": _shell_words,
    "shutil.which": _which,
    **dict.fromkeys(_FIELDS, _field),
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
