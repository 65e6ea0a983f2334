"""One spelling for each host: what drivers and resolvers take for the same place."""

from __future__ import annotations

import socket
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

LOCAL = "localhost"
"""This machine, however it was spelled: no host, a loopback address, a standard socket."""

# Where libpq and the servers put their sockets, if nobody says otherwise. A socket elsewhere is
# a place of its own: the proxies of cloud providers listen on such.
_STANDARD_SOCKETS = frozenset(
    ("/tmp", "/var/run/postgresql", "/run/postgresql", "/tmp/mysql.sock")
) | {f"{run}/mysqld/mysqld.sock" for run in ("/var/run", "/run")}

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_LOCAL_NAMES = frozenset({LOCAL, "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


class Kind(Enum):
    """What a host is written as."""

    NAME = "name"
    ADDRESS = "address"
    SOCKET = "socket"


def kind_of_host(host: str) -> Kind:
    """Tell the kind of a canonical host; `LOCAL` is a name."""
    if host.startswith(("/", "@")):
        return Kind.SOCKET
    return Kind.NAME if _number(host) is None else Kind.ADDRESS


def canonical_host(host: str) -> str:
    """
    Return the one spelling of a host.

    Names are lower case, without dots at the end and in ASCII (IDNA). Addresses are in their
    shortest form, and IPv4 wherever an IPv6 form only wraps one; the integer, octal, hexadecimal
    and shortened forms that `inet_aton` takes count as addresses. An asterisk stays what it is,
    so that patterns can be read with the same function.
    """
    if host.startswith(("/", "@")):
        path = host.rstrip("/") or host
        return LOCAL if path in _STANDARD_SOCKETS else path
    name = host.strip("[]").rstrip(".").lower()
    number = _number(name) or _number(name.partition("%")[0])  # fe80::1%eth0
    if number is not None:
        return _canonical_number(number)
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return name
        return canonical_host(name) if name != host else name
    return LOCAL if not name or name in _LOCAL_NAMES else name


def _number(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        pass
    # inet_aton also accepts what follows a space; names of hosts hold none.
    if not name or not name[0].isdigit() or not name.isascii() or " " in name:
        return None
    try:
        return IPv4Address(socket.inet_aton(name))
    except OSError:
        return None


def _canonical_number(number: IPv4Address | IPv6Address) -> str:
    if isinstance(number, IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour
        if inner is None and (number in _NAT64 or 1 < int(number) < 2**32):
            inner = IPv4Address(int(number) % 2**32)
        number = inner or number
    # Linux connects to the unspecified address as to itself.
    return LOCAL if number.is_loopback or number.is_unspecified else str(number)
