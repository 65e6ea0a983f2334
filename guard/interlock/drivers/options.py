"""Options as a driver gets them: the query of the URL, then `connect_args` over it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from interlock.addresses import Server
from interlock.hosts import canonical_host

_PLAIN = re.compile(r"[/@][!-~ ]*|[A-Za-z0-9._:\[\]-]*")


def texts(value: object) -> list[str]:
    """Return the parts of a value that may be one, a list, or a text with commas."""
    if isinstance(value, (list, tuple)):
        return [part for one in value for part in texts(one)]
    return str(value).split(",")


def chosen(key: str, *layers: Mapping[str, Any]) -> Any:
    """Return the value in the first of the layers that has the key, else None."""
    return next((layer[key] for layer in layers if key in layer), None)


def unknown(options: Iterable[str], known: Collection[str]) -> str | None:
    """Return the doubt that an option raises about which nothing is known here."""
    strange = sorted({str(key) for key in options} - {*known})
    if not strange:
        return None
    return f"the option {strange[0]!r} may lead the driver elsewhere"


def port_of(text: object) -> int | None:
    """Return a port, None where the text is none."""
    try:
        return int(str(text))
    except ValueError:
        return None


def servers_of(hosts: list[str], ports: list[int]) -> tuple[Server, ...]:
    """Pair hosts and ports as they stand, or each with each where their numbers differ."""
    names = [canonical_host(host) for host in hosts]
    if len(names) == len(ports):
        pairs = zip(names, ports, strict=True)
    else:
        pairs = zip(
            [name for name in names for _ in ports],
            [port for _ in names for port in ports],
            strict=True,
        )
    return tuple(dict.fromkeys(Server(name, port) for name, port in pairs))


def strange_host(hosts: Iterable[str]) -> str | None:
    """Return the doubt about a name that each resolver and driver may read in its own way."""
    if all(_PLAIN.fullmatch(host) for host in hosts):
        return None
    return "the host is not written in plain letters"
