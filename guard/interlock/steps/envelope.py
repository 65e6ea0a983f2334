"""
Signed documents: canonical JSON in a DSSE envelope, with Ed25519.

The format is DSSE 1.0.2 (https://github.com/secure-systems-lab/dsse). What is signed is the
pre-authentication encoding of type and payload, never the JSON around it, so nobody has to agree
on how an envelope is written down.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from interlock.steps.keys import public_text, read_public

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["MAXIMUM_SIZE", "PAYLOAD_TYPE", "Unproved", "canonical", "open_envelope", "pae", "seal"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"

MAXIMUM_SIZE = 8 << 20
"""Bytes of an envelope that are read; the receipt of a large schema has some hundred kilobytes."""


class Unproved(Exception):
    """A document that proves nothing; the text says what is wrong with it."""


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sig: str
    keyid: str


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: tuple[_Signature, ...]


def canonical(document: object) -> bytes:
    """Sorted keys, no white space, UTF-8; floats are refused because they have many spellings."""
    _refuse_floats(document)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that DSSE signs."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """Sign a payload; the answer is an envelope as JSON with a line feed at its end."""
    signature = key.sign(pae(PAYLOAD_TYPE, payload))
    envelope = {
        "payload": base64.b64encode(payload).decode("ascii"),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": public_text(key.public_key()),
                "sig": base64.b64encode(signature).decode("ascii"),
            }
        ],
    }
    return canonical(envelope) + b"\n"


def open_envelope(data: bytes, trusted: Sequence[str]) -> bytes:
    """
    Return the payload of an envelope that one of the trusted keys has signed.

    Args:
        data: What `seal` made, or what stands in its place.
        trusted: Public keys as `ed25519:...`; the name of a key in the envelope counts for nothing.

    Raises:
        Unproved: Not an envelope, or signed by nobody who is trusted.
    """
    from cryptography.exceptions import InvalidSignature

    if len(data) > MAXIMUM_SIZE:
        raise Unproved(f"it has {len(data)} bytes, and no receipt is as large")
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unproved("it is no signed envelope: damaged, cut off, or something else") from error
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Unproved(f"it holds {envelope.payload_type!r} and no in-toto statement")
    if len(envelope.signatures) != 1:
        raise Unproved(f"it has {len(envelope.signatures)} signatures instead of one")
    payload = _decoded(envelope.payload)
    signature = _decoded(envelope.signatures[0].sig)
    if not trusted:
        raise Unproved("the contract trusts no key, so no signature can be checked")
    for text in trusted:
        key = read_public(text)
        if key is None:
            continue
        try:
            key.verify(signature, pae(PAYLOAD_TYPE, payload))
        except InvalidSignature:
            continue
        return payload
    raise Unproved("no key that the contract trusts has signed it: it was edited, or is foreign")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unproved("it is no signed envelope: its base64 is damaged") from error


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical form")
    for part in value.values() if isinstance(value, dict) else ():
        _refuse_floats(part)
    for part in value if isinstance(value, list | tuple) else ():
        _refuse_floats(part)
