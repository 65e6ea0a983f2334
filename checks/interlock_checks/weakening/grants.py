"""What one contract grants and another does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from interlock.contract import Contract, Database, Trust
from interlock.environment import DEVELOPMENT
from interlock_checks.weakening.patterns import is_within, may_meet

__all__ = ["Grant", "configurations", "granted", "homes_of_scripts"]

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """
    Something that the contract of today allows, and that of the base did not.

    Attributes:
        key: Where it stands in today's contract, from the table of interlock: keys and indexes.
        message: What was granted, with both values.
    """

    key: Key
    message: str


def granted(before: Contract, after: Contract) -> list[Grant]:
    """
    All that `after` allows and `before` did not, in the order of the keys.

    What takes other files to judge is left out: see `homes_of_scripts` and `configurations`.
    """
    return [
        *_entries("deploy-module", before.deploy_module, after.deploy_module, str.__eq__),
        *_entries("engine-factory", before.engine_factory, after.engine_factory, _is_in_factory),
        *_entries("test-paths", before.test_paths, after.test_paths, is_below),
        *_entries("dynamic-modules", before.dynamic_modules, after.dynamic_modules, str.__eq__),
        *_variable(before, after),
        *_unprotected(before.databases, after.databases),
        *_no_longer_protected(before.databases, after.databases),
        *_elsewhere(before.databases, after.databases),
        *_keys(before.trust.keys, after.trust.keys),
        *_signing_key(before.trust, after.trust),
    ]


def homes_of_scripts(
    before: Contract,
    after: Contract,
    places: tuple[Collection[str], Collection[str]],
    resolve: Callable[[str], str | None],
) -> list[Grant]:
    """
    Folders of migrations that are new, declared or found in Alembic's own configuration.

    Args:
        places: The folders that the two states mean, from the root of the repository.
        resolve: Gives the folder that an entry of today's `migrations` means.
    """
    known = set(places[0])
    declared = before.migrations or ()
    found: list[Grant] = []
    if after.migrations is None:
        for folder in sorted(places[1]):
            if not any(is_below(folder, one) for one in known if one) and folder not in known:
                text = f"`{folder or '.'}` is a home of migrations"
                found.append(Grant(("migrations",), f"{text}, and {_were(sorted(known))}"))
        return found
    for index, entry in enumerate(after.migrations):
        meant = resolve(entry)
        same = entry in declared or (
            meant is not None and (meant in known or any(is_below(meant, o) for o in known if o))
        )
        if not same and not any(is_below(entry, one) for one in declared):
            text = f"`migrations` grants `{entry}`"
            found.append(
                Grant(("migrations", index), f"{text}, and {_were(declared or sorted(known))}")
            )
    return found


def configurations(
    before: Contract, after: Contract, same: Callable[[str, str], bool]
) -> Iterator[Grant]:
    """
    Protected databases that another configuration of Alembic migrates, and so another env.py.

    Args:
        same: Whether two configurations, of the base and of today, are one that has moved.
    """
    for name, database in after.databases.items():
        if not database.protected:
            continue
        known = [
            one.alembic
            for old, one in before.databases.items()
            if old == name
            or (name not in before.databases and _may_meet_any(database.urls, one.urls))
        ]
        if known and not any(
            database.alembic == one or same(one, database.alembic) for one in known
        ):
            text = f"protected database `{name}` is migrated by `{database.alembic}`"
            held = f"at the base by {_list(sorted(set(known)))}"
            yield Grant(("databases", name, "alembic"), f"{text}, and {held}")


def is_below(path: str, folder: str) -> bool:
    """Whether a path is that folder or file, or lies below it."""
    return path == folder or path.startswith(f"{folder}/")


# --- lists ----------------------------------------------------------------------------------


def _entries(
    key: str,
    before: Sequence[str],
    after: Sequence[str],
    is_in: Callable[[str, str], bool],
) -> Iterator[Grant]:
    for index, entry in enumerate(after):
        if not any(is_in(entry, old) for old in before):
            yield Grant((key, index), f"`{key}` grants `{entry}`, and {_were(before)}")


def _were(values: Sequence[str]) -> str:
    if not values:
        return "the base grants none"
    return f"the base grants {', '.join(f'`{value}`' for value in values)}"


def _is_in_factory(factory: str, old: str) -> bool:
    module, _, name = factory.partition(":")
    old_module, _, old_name = old.partition(":")
    return module == old_module and (
        not old_name or name == old_name or name.startswith(f"{old_name}.")
    )


def _keys(before: Collection[str], after: Sequence[str]) -> Iterator[Grant]:
    for index, key in enumerate(after):
        if key not in before:
            text = f"`trust.keys` trusts `{key}`, and the base trusts {len(before)} other keys"
            yield Grant(("trust", "keys", index), text)


def _signing_key(before: Trust, after: Trust) -> Iterator[Grant]:
    """Another place of the private key, where there was one whose receipts counted."""
    if before.keys and before.signing_key != after.signing_key:
        text = (
            f"`trust.signing-key` is `{after.signing_key}`, and `{before.signing_key}` at the base"
        )
        yield Grant(("trust", "signing-key"), text)


def _variable(before: Contract, after: Contract) -> Iterator[Grant]:
    old, new = before.environment_variable, after.environment_variable
    if old != new:
        text = f"`environment-variable` is `{new}`, and `{old}` at the base"
        yield Grant(("environment-variable",), text)


# --- databases ------------------------------------------------------------------------------


def _unprotected(before: dict[str, Database], after: dict[str, Database]) -> Iterator[Grant]:
    for name, database in after.items():
        if database.protected:
            continue
        old = before.get(name)
        if old is None:
            text = f"database `{name}` is new, with `protected = false`"
            yield Grant(("databases", name), f"{text}; the base protects what it does not know")
            continue
        if old.protected:
            text = f"database `{name}` has `protected = false`, and `protected = true` at the base"
            yield Grant(("databases", name, "protected"), text)
        for index, url in enumerate(database.urls):
            if not any(is_within(url, known) for known in old.urls):
                text = f"unprotected database `{name}` takes in `{url}`"
                yield Grant(("databases", name, "urls", index), f"{text}, and {_held(old.urls)}")


def _held(urls: Sequence[str]) -> str:
    return f"at the base {', '.join(f'`{url}`' for url in urls)}"


def _no_longer_protected(
    before: dict[str, Database], after: dict[str, Database]
) -> Iterator[Grant]:
    """Addresses that were protected by name, and are now left to the other databases."""
    kept = [url for one in after.values() if one.protected for url in one.urls]
    loose = [url for one in after.values() if not one.protected for url in one.urls]
    for name, database in before.items():
        if not database.protected:
            continue
        gone = [url for url in database.urls if not any(is_within(url, known) for known in kept)]
        today = after.get(name)
        if gone and today is None:
            text = f"protected database `{name}` is gone; the base has {_list(database.urls)}"
            yield Grant(("databases",), text)
        elif today is not None and today.protected:
            for url in gone:
                if any(may_meet(url, one) for one in loose):
                    text = f"protected database `{name}` no longer holds `{url}`"
                    held = f"now {_list(today.urls)}, and an unprotected database takes it in"
                    yield Grant(("databases", name, "urls"), f"{text}: {held}")


def _elsewhere(before: dict[str, Database], after: dict[str, Database]) -> Iterator[Grant]:
    """
    Environments that may connect to a database, and could not at the base.

    Another name alone is none, although a database belongs to the environment of its name,
    unless that is the environment of every process that says nothing.
    """
    for name, database in after.items():
        says = bool(database.environments) or name == DEVELOPMENT
        known = {
            old: one
            for old, one in before.items()
            if old == name
            or (
                name not in before
                and says
                and database.protected
                and _may_meet_any(database.urls, one.urls)
            )
        }
        could = {place for old, one in known.items() for place in one.environments or (old,)}
        new = [place for place in database.environments or (name,) if place not in could]
        if known and new:
            text = f"database `{name}` may be connected to in {_list(new)}"
            held = f"at the base in {_list(sorted(could))}"
            yield Grant(("databases", name, "environments"), f"{text}, and {held}")


def _may_meet_any(urls: Sequence[str], others: Sequence[str]) -> bool:
    return any(may_meet(one, other) for one in urls for other in others)


def _list(urls: Sequence[str]) -> str:
    return ", ".join(f"`{url}`" for url in urls)
