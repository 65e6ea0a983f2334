"""Who may do what: the contract's names, resolved to the files and functions they mean."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from interlock.contract import Contract
from interlock_checks.locations import is_env, is_migration_script
from interlock_checks.modules import ModuleIndex

_OUTSIDE_TESTS = ("IL1", "IL2", "IL002", "IL003", "IL303", "IL304")


@dataclass(frozen=True, slots=True)
class Homes:
    """
    The homes of a repository.

    `factories` are pairs of a file and a qualified name, empty for a whole module.
    """

    deploy: frozenset[str]
    factories: frozenset[tuple[str, str]]
    dynamic: frozenset[str]
    tests: tuple[str, ...]
    locations: frozenset[str]

    def is_test(self, path: str) -> bool:
        """Whether a file lies below a declared test path."""
        return any(path == place or path.startswith(f"{place}/") for place in self.tests)

    def is_deploy(self, path: str) -> bool:
        """Whether a file is an approved deploy module."""
        return path in self.deploy

    def is_env(self, path: str) -> bool:
        """Whether a file is the env.py of a script location."""
        return is_env(path, self.locations)

    def allows(self, code: str, path: str, scope: tuple[str, ...]) -> bool:
        """Whether what `code` reports is at home in that file, inside those nested scopes."""
        if self.is_test(path) and code.startswith(_OUTSIDE_TESTS):
            return True
        match code:
            case "IL101" | "IL102":
                return path in self.deploy
            case "IL103" | "IL104":
                return (
                    path in self.deploy
                    or is_env(path, self.locations)
                    or is_migration_script(path, self.locations)
                )
            case "IL201" | "IL202":
                return self._is_factory(path, scope)
            case "IL003":
                return path in self.dynamic
            case _:
                return False

    def _is_factory(self, path: str, scope: tuple[str, ...]) -> bool:
        if (path, "") in self.factories:
            return True
        inside = ("", *(".".join(scope[:length]) for length in range(1, len(scope) + 1)))
        return any((path, name) in self.factories for name in inside if name)


def resolve(contract: Contract, modules: ModuleIndex, locations: Collection[str]) -> Homes:
    """The homes that a contract declares, as far as the repository holds them."""
    factories: set[tuple[str, str]] = set()
    for entry in contract.engine_factory:
        module, _, qualified = entry.partition(":")
        path = modules.home(module)
        if path is not None:
            factories.add((path, qualified))
    return Homes(
        deploy=_files(contract.deploy_module, modules),
        factories=frozenset(factories),
        dynamic=_files(contract.dynamic_modules, modules),
        tests=contract.test_paths,
        locations=frozenset(locations),
    )


def _files(names: Collection[str], modules: ModuleIndex) -> frozenset[str]:
    found = (modules.home(name) for name in names)
    return frozenset(path for path in found if path is not None)
