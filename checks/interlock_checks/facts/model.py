"""
What one file says, and nothing about any other: the intermediate representation.

Facts are a pure function of a file's bytes, so they are cached by content and computed in
parallel. Expressions form a flat table (`Facts.nodes`) in which a node names its operands by
index; shared operands are stored once and nothing is nested, however deep the source was.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Constant = None | bool | int | float | str


class Const(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A literal. Integers beyond 64 bits and text with lone surrogates are `Unknown`."""

    value: Constant


class Data(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """A bytes literal."""

    value: bytes


class Unknown(msgspec.Struct, frozen=True, array_like=True, tag="?"):
    """Something whose value no reader can know from this file."""


class Ref(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """
    A name, resolved as far as this file goes.

    `bindings` are the definitions that may reach this place. `free` means that none of them
    need have run: star imports and builtins may answer too.
    """

    name: str
    bindings: tuple[int, ...]
    free: bool


class Attr(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """`base.name`"""

    base: int
    name: str


class Arg(msgspec.Struct, frozen=True, array_like=True):
    """One argument of a call; `star` counts the asterisks before it."""

    value: int
    name: str | None = None
    star: int = 0


class Call(msgspec.Struct, frozen=True, array_like=True, tag="("):
    """`func(args)`"""

    func: int
    args: tuple[Arg, ...]


class Item(msgspec.Struct, frozen=True, array_like=True, tag="i"):
    """`base[key]`"""

    base: int
    key: int


class Cut(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """`base[lower:upper:step]`; -1 where a bound is left out."""

    base: int
    lower: int
    upper: int
    step: int


class Seq(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """A list, tuple or set display."""

    kind: Literal["list", "tuple", "set"]
    items: tuple[int, ...]


class Splat(msgspec.Struct, frozen=True, array_like=True, tag="*"):
    """`*value` inside a display."""

    value: int


class Map(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """A dictionary display; key -1 stands for `**value`."""

    keys: tuple[int, ...]
    values: tuple[int, ...]


CHANGED = "changed"
"""The operator of an operation that changes a list or dictionary in a way not followed."""

STORED = "stored"
"""The operator of an operation that gives an attribute (left) a value (right)."""

IS_A = "is a"
"""The operator of a comparison that asks for the class of something, as class patterns do."""

ASSIGNED, DELETED, UPDATED, REBOUND = "assigned", "deleted", "updated", "bound again"
NAMED, DEFINED = "imported as interlock", "defined as interlock"
TARGET = "put under a key that imports it"
STORES = frozenset({ASSIGNED, DELETED, UPDATED, REBOUND, NAMED, DEFINED})
"""Manners of a use that changes something; see `Use`."""


class Op(msgspec.Struct, frozen=True, array_like=True, tag="+"):
    """A binary operation; `operator` is Python's spelling of it."""

    operator: str
    left: int
    right: int


class Joined(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """An f-string; a part with a format specification is `Unknown`."""

    parts: tuple[int, ...]


class Either(msgspec.Struct, frozen=True, array_like=True, tag="|"):
    """One of several values: conditional expressions, `and`, `or`."""

    options: tuple[int, ...]


class Function(msgspec.Struct, frozen=True, array_like=True, tag="F"):
    """A function or lambda object, made by the scope of that number."""

    scope: int


class Class(msgspec.Struct, frozen=True, array_like=True, tag="C"):
    """A class object, made by the scope of that number."""

    scope: int


class Param(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """
    What a caller gives for a parameter; `default` is -1 where there is none.

    So is `annotation`, which is as it stands, or the name in its quotes.
    """

    scope: int
    name: str
    default: int
    annotation: int = -1


class Own(msgspec.Struct, frozen=True, array_like=True, tag="o"):
    """`self` (or `cls`, if `of_class`) in a method of the class with that scope."""

    scope: int
    of_class: bool


class Each(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """An element of an iterable, at any turn of the loop."""

    source: int


class Entered(msgspec.Struct, frozen=True, array_like=True, tag="w"):
    """What `with source as name` gives to the name."""

    source: int


class Comp(msgspec.Struct, frozen=True, array_like=True, tag="g"):
    """
    A comprehension. With one `for`, one simple target and no `if`, `target` is the binding of
    that target and the elements can be computed one by one; otherwise it is -1. `name` is that
    binding whatever `tests` there are.
    """

    kind: Literal["list", "set", "generator"]
    element: int
    target: int
    source: int
    name: int = -1
    tests: tuple[int, ...] = ()


class Import(msgspec.Struct, frozen=True, array_like=True, tag="m"):
    """
    The object that `import module` binds: the module of that dotted name, after all the
    modules in `loaded` (submodules imported under the same top-level name) have been loaded.
    """

    module: str
    level: int


class From(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    """What `from module import name` binds; `level` counts the leading dots."""

    module: str
    level: int
    name: str


class Starred(msgspec.Struct, frozen=True, array_like=True, tag="S"):
    """A name after `from module import *`: what the module gives, or else what it was before."""

    module: str
    level: int
    name: str
    before: int


class Super(msgspec.Struct, frozen=True, array_like=True, tag="U"):
    """`super()` in a method of the class with that scope."""

    scope: int


class Test(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """`not value`, or one comparison; only kept where the order of things matters."""

    operator: str
    operands: tuple[int, ...]


class Part(msgspec.Struct, frozen=True, array_like=True, tag="x"):
    """What `case kind(...)` takes out of a subject: a name, or the position of a field."""

    subject: int
    kind: int
    name: str


class Caught(msgspec.Struct, frozen=True, array_like=True, tag="k"):
    """What `except ... as name` gives to the name."""


Node = (
    Const
    | Data
    | Unknown
    | Ref
    | Attr
    | Call
    | Item
    | Cut
    | Seq
    | Splat
    | Map
    | Op
    | Joined
    | Either
    | Function
    | Class
    | Param
    | Own
    | Each
    | Entered
    | Comp
    | Import
    | From
    | Starred
    | Super
    | Test
    | Part
    | Caught
)


class Binding(msgspec.Struct, frozen=True, array_like=True):
    """A definition of a name; `use` is the use that this definition is, or -1."""

    name: str
    scope: int
    value: int
    use: int = -1


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Rows count from 1, columns from 1, both ends included as Ruff counts them."""

    row: int
    column: int
    end_row: int
    end_column: int


class Use(msgspec.Struct, frozen=True, array_like=True):
    """
    A place where an object is used: called, or given away in some manner.

    `into` is the callee's node when the object is an argument, else -1; `slot` is the index
    of that argument. A call has the manner "called".

    A manner of `STORES` changes an object instead, and `into` is what it changes it by (-1 for a
    deletion): `node` is the `Attr` or `Item` that is assigned or deleted, or the table that
    `|=` updates. "bound again": the value `into` takes the name that `node`, an import, has too.
    "... as interlock": `node` is given that name.
    """

    node: int
    scope: int
    manner: str
    into: int = -1
    slot: int = -1


class Parameter(msgspec.Struct, frozen=True, array_like=True):
    """A declared parameter; kind is "plain", "positional", "keyword", "*" or "**"."""

    name: str
    kind: str
    node: int


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """
    A module, class, function, lambda or comprehension.

    `names` are the bindings that may be in force when the scope's code has run;
    `attributes` are the values assigned to `self.name` in a class's methods, `grown` what they have
    become by a method of a list or table; the `parameters` of
    a class are its annotated names: what a dataclass or named tuple is made with.
    """

    kind: Literal["module", "class", "function", "lambda", "comprehension"]
    name: str
    parent: int
    names: dict[str, tuple[int, ...]]
    parameters: tuple[Parameter, ...] = ()
    returns: tuple[int, ...] = ()
    yields: tuple[int, ...] = ()
    decorators: tuple[int, ...] = ()
    bases: tuple[int, ...] = ()
    attributes: dict[str, tuple[int, ...]] = {}
    is_async: bool = False
    grown: dict[str, tuple[int, ...]] = {}


OPENING = frozenset({"if", "and", "or", "assert", "for", "gen", "while", "try", "with", "match"})
"""Marks that an "end" closes."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """
    One thing that happens when a scope's code runs; see `interlock_checks.facts.control`.

    An op of `OPENING` has an "end"; between them "else", "except", "finally", "case" and "do" begin
    the next part: the first of a "while" is its test. `node` is what it is about: of "if", "do" and
    "guard" the test, of "case" a test or -1 where it always matches, of "and" and "or" the left
    side, of "for", "gen" and "with" what is iterated or entered, of "match" the subject, of "bind"
    a binding, of "set" an operation `STORED`, of "put" a union with the item that is stored, of
    "end" the whole expression. `place` counts from `Facts.first_place`; -1 where nothing can be
    reported.
    """

    op: str
    node: int = -1
    place: int = -1


class Star(msgspec.Struct, frozen=True, array_like=True):
    """`from module import *`"""

    module: str
    level: int


class Imported(msgspec.Struct, frozen=True, array_like=True):
    """
    One name of an import statement, "" where the module itself is imported.

    `place` is an index of `Facts.spans`.
    """

    module: str
    level: int
    name: str
    place: int


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """Why (a part of) a file could not be read."""

    message: str
    row: int


class Remark(msgspec.Struct, frozen=True, array_like=True):
    """A comment that asks a checker to look away; `text` is the part that says so."""

    text: str
    span: Span


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """
    What has to be known of each file, whatever is asked.

    `whole` is False for a file that was only looked over: it names nothing of the catalogue, or it
    was `put_off` until somebody asks.
    `imported` are all words in its import statements. `near` says that there is a `control`.
    `complete` says that nothing was left out, so that asking for further names changes nothing.
    """

    problems: tuple[Problem, ...] = ()
    whole: bool = True
    imported: tuple[str, ...] = ()
    imports: tuple[Imported, ...] = ()
    remarks: tuple[Remark, ...] = ()
    near: bool = False
    complete: bool = False
    put_off: bool = False


class Facts(Summary, frozen=True, array_like=True):
    """
    All that the analysis keeps of one Python file or notebook.

    The summary comes first, and is decoded alone where the rest is not asked for.
    `spans` are the places of the uses, in their order, then those of the imports, then those of
    the marks. They are costly, so they are only there when they were asked for.
    `control` is the order of what each scope does, for files near a guard.
    """

    nodes: tuple[Node, ...] = ()
    bindings: tuple[Binding, ...] = ()
    scopes: tuple[Scope, ...] = ()
    uses: tuple[Use, ...] = ()
    spans: tuple[Span, ...] = ()
    stars: tuple[Star, ...] = ()
    shell: tuple[tuple[str, tuple[int, ...]], ...] = ()
    control: dict[int, tuple[Mark, ...]] = {}

    def scope_names(self, number: int) -> tuple[str, ...]:
        """The functions and classes that a scope lies in, itself included, outermost first."""
        names: list[str] = []
        while 0 < number < len(self.scopes):
            if self.scopes[number].kind in {"function", "class"}:
                names.append(self.scopes[number].name)
            number = self.scopes[number].parent
        return tuple(reversed(names))

    @property
    def first_place(self) -> int:
        """The index of `spans` at which the places of `control` begin."""
        return len(self.uses) + len(self.imports)


ENCODER = msgspec.msgpack.Encoder()
DECODER = msgspec.msgpack.Decoder(Facts)
SUMMARY = msgspec.msgpack.Decoder(Summary)
