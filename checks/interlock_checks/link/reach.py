"""What judging the uses of a file comes to, and the places that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from interlock_checks.link.frames import Frame
from interlock_checks.link.tampering import Touch
from interlock_checks.link.values import Fun, Given, Par

if TYPE_CHECKING:
    from interlock_checks.link.uses import Uses


ANY = ".*"
"""The end of a sink's name, where it is unknown which one below a module or class it is."""


class Reach(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """
    A place where a sink is reached, or where the proof ends; `code` says which check asks.

    The place is the use of that number in the file, or `row` where it is none.
    `weak`: a module got another name that other files can import. It counts unless the file
    goes on to use what it holds, which is then reported there.
    `needs`: what the repository must have for it to count; see `documents.model.Claim`.
    """

    path: str
    number: int
    scope: int
    code: str
    sink: str
    manner: str
    via: tuple[str, int] | None = None
    weak: bool = False
    row: int = 0
    needs: str = ""


class Assumption(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """What the proof rests on and reading cannot see, at a use (or `row`, as in `Reach`)."""

    path: str
    number: int
    text: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """The use that is being judged, in a scope; `reported` is where it is reported instead."""

    path: str
    number: int
    scope: int
    row: int = 0
    frame: Frame | None = None
    depth: int = 0
    reported: Site | None = None


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """
    A call whose verdict depends on what callers give for parameters.

    It is the use of that number in the file; `call` is its node, `function` (file, scope) is the
    one with the parameters. If it is `inherited`, that is a class, whose subclasses are asked.
    """

    path: str
    number: int
    scope: int
    call: int
    function: tuple[str, int]
    fallback: Reach | Assumption | None
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """
    A call of a function of the repository, by the node of the call.

    `before` is what a partial gives it before the arguments of that call.
    """

    site: Site
    function: Fun
    node: int
    before: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Touching:
    """
    A change of which a caller says what is changed.

    `judge` looks at it for one of them, in any world; `functions` (file, scope) are called.
    """

    judge: Callable[[Uses, Frame | None], tuple[list[Touch], set[Par]]]
    functions: tuple[tuple[str, int], ...]
