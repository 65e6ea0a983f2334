"""Where a step runs: the repository, its contract, the database that is meant, and the commit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.contract import INTERLOCK, PYPROJECT, Contract, Database
from interlock.refused import Refused
from interlock.root import application
from interlock.steps.commit import commit_of
from interlock.steps.environment import Unusable
from interlock.steps.keys import NoKey, public_text, read_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Misuse", "Site", "clean_commit", "contract_digest", "now", "refusing", "site_of"]
__all__ += ["signing_key"]


class Misuse(Exception):
    """A step that was asked for what it is not for; the text says what to ask for."""


@dataclass(frozen=True, slots=True)
class Site:
    """A repository with its contract, and one database of it."""

    root: Path
    contract: Contract
    name: str
    database: Database


def site_of(name: str) -> Site:
    """
    Find the contract of this repository and a protected database in it.

    Raises:
        Misuse: There is no such database, or it is not protected.
        Refused: The contract is missing or broken.
    """
    found = application()
    if found.problem is not None:
        raise Refused(
            f"a step towards {name!r}",
            why=found.problem,
            missing="a contract that names the databases of this repository",
            next_step="run interlock from the root of the repository that declares the contract",
        )
    database = found.contract.databases.get(name)
    known = ", ".join(n for n, d in found.contract.databases.items() if d.protected)
    if database is None:
        raise Misuse(f"the contract has no database {name!r}; its protected ones are: {known}")
    if not database.protected:
        raise Misuse(f"{name!r} is not protected: migrate it with `interlock alembic upgrade head`")
    return Site(found.root, found.contract, name, database)


def signing_key(site: Site, what: str) -> Ed25519PrivateKey:
    """
    Read the key that signs receipts.

    Raises:
        Refused: There is none, as on every developer's machine, or the contract does not trust it.
    """
    following = "push the commit: the pipeline of this repository deploys it"
    if not site.contract.trust.keys:
        raise Refused(
            what,
            why="the contract trusts no key, so no receipt could be checked",
            missing="trust.keys in the contract",
            next_step="those who own the pipeline make a key (`interlock keygen` says where each "
            "half belongs) and have its public half reviewed; the pipeline deploys then",
        )
    try:
        key = read_private(site.contract.trust.signing_key)
    except NoKey as error:
        raise Refused(
            what,
            why=f"{error}, and no receipt counts without a signature. The key exists in the "
            f"deploying CI job only{'' if _in_ci() else ', and this is no CI job'}",
            missing="the signature of a key that the contract trusts",
            next_step=following,
        ) from None
    except ModuleNotFoundError as error:
        raise Misuse(
            f"{error.name} is not installed here: pip install 'interlock[deploy]'"
        ) from error
    if public_text(key.public_key()) not in site.contract.trust.keys:
        raise Refused(
            what,
            why="the signing key of this job is not one that the contract trusts",
            missing="the public half of that key among trust.keys of the contract",
            next_step="have the public key reviewed and merged into the contract, "
            "or give the job the key that is trusted",
        )
    return key


def _in_ci() -> bool:
    """For the wording only: anybody can set these."""
    return any(os.environ.get(name) for name in ("CI", "TF_BUILD", "JENKINS_URL"))


def clean_commit(site: Site, what: str) -> str:
    """
    Return the commit that is checked out.

    Raises:
        Refused: There is none, or the work tree holds something else.
    """
    commit = commit_of(site.root)
    if commit is not None and commit.clean:
        return commit.sha
    raise Refused(
        what,
        why="this folder is no git repository with a commit, so nobody could say what was deployed"
        if commit is None
        else "the work tree differs from the commit: what would run is not what was reviewed",
        missing="a commit and a work tree that equals it",
        next_step="commit, have it reviewed and let the pipeline check it out",
    )


def contract_digest(root: Path) -> str:
    """SHA-256 of the files that can declare a contract."""
    digest = hashlib.sha256()
    for name in PYPROJECT, INTERLOCK:
        path = root / name
        data = path.read_bytes() if path.is_file() else b""
        digest.update(b"%d " % len(data) + data)
    return digest.hexdigest()


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def refusing(what: str, missing: str, next_step: str) -> Iterator[None]:
    """Turn what makes a step impossible into a refusal that names the evidence."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except Unusable as error:
        raise Refused(what, why=str(error), missing=missing, next_step=next_step) from error
    except DBAPIError as error:
        said = str(error.orig or error).strip().split("\n")[0][:200]
        raise Refused(
            what,
            why=f"the database does not answer as it should: {said}",
            missing=missing,
            next_step=next_step,
        ) from error
