"""What the catalogue says about one library. The shape only; the facts are in the siblings."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Library(Struct, frozen=True):
    """
    One distribution. All names are dotted paths as a program would write them.

    A name is *canonical* when no prefix of it is an alias. Keys and values of every field but
    `aliases` are canonical.
    """

    name: str
    """The distribution, as its index spells it."""
    version: str
    """The version that was read. "documented" instead of a number: taken from its manual."""
    sinks: Mapping[str, tuple[str, ...]]
    """Code of the check -> functions, classes and methods. A class stands for its construction."""
    aliases: Mapping[str, str] = {}
    """Other spelling -> canonical one; applied to the longest dotted prefix."""
    returns: Mapping[str, str] = {}
    """Callable -> class of the result; `type[X]` when the result is a class, X or a subclass."""
    attributes: Mapping[str, str] = {}
    """`class.attribute` -> class of the value, of an instance as of the class. `list[X]` holds
    instances of X, and so do the values of `dict[X]`."""
    bases: Mapping[str, str] = {}
    """Class -> its base in the catalogue, from which it has its members."""
    literal_sql: Mapping[str, int] = {}
    """Sinks that are innocent with a literal `sql=True` -> position of `sql`, without `self`."""
    with_keyword: Mapping[str, tuple[str, ...]] = {}
    """Sinks whose *call* counts only with one of these: keywords, or positions ("0"). A `**` or `*`
    that cannot be folded may hold any of them. A reference that escapes always counts."""
    unless_keyword: Mapping[str, tuple[str, ...]] = {}
    """Sinks whose call is innocent with one of these: its value is then judged where it stands."""
    with_address: Mapping[str, tuple[int, str]] = {}
    """Sinks whose call counts only where this argument (position, keyword) may be a text: the
    address of a server, and not a connection or a database within the process."""
    only_called: frozenset[str] = frozenset()
    """Classes that programs also name as types, keys and event targets: only construction (their
    own or a subclass's) is a use, and mentioning them gives nothing away."""
    deny_unknown: Mapping[str, str] = {}
    """Module or class -> code of each member that is neither listed nor `harmless`: what a plugin
    registers there, or what the next release adds."""
    assumed: Mapping[str, str] = {}
    """Callable -> what the proof must take on trust where it is called. No finding."""
    harmless: tuple[str, ...] = ()
    """Innocent names where a reader would wonder."""
    distinctive: tuple[str, ...] = ()
    """Sinks whose last word is nobody else's in this field: met anywhere below a library of the
    catalogue (`sqlalchemy_utils.functions.database.sa.create_engine`) it is taken for the sink."""
    holders: tuple[str, ...] = ()
    """Modules and classes that hold sinks, beyond those that the names of the sinks show."""
    methods: Mapping[str, str] = {}
    """Method -> code, for receivers of which nothing is known."""
    elsewhen: frozenset[str] = frozenset()
    """Names that `version` does not show: of other supported versions, of a C extension that may be
    missing, or given to objects only at run time."""


class Sink(Struct, frozen=True):
    """One sink, with what a call must look like to count."""

    name: str
    code: str
    library: str
    sql_position: int | None = None
    with_keyword: tuple[str, ...] = ()
    unless_keyword: tuple[str, ...] = ()
    with_address: tuple[int, str] | None = None
    only_called: bool = False

    @property
    def literal_sql(self) -> bool:
        """Whether a literal `sql=True` makes the call innocent."""
        return self.sql_position is not None


def under(prefix: str, names: str) -> tuple[str, ...]:
    """`under("a.b", "c d")` is ("a.b.c", "a.b.d")."""
    return tuple(f"{prefix}.{name}" for name in names.split())


def all_to(target: str, *names: str) -> dict[str, str]:
    """The aliases that lead each of `names` to `target`."""
    return dict.fromkeys(names, target)
