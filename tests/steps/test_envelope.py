"""Envelopes: DSSE as others read it, and nothing accepted that was not signed by a trusted key."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as Oracle
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from interlock.steps.envelope import PAYLOAD_TYPE, Unproved, canonical, open_envelope, pae, seal
from interlock.steps.keys import NoKey, generate, read_private, write_private

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def key_of(private: str, folder: Path) -> Any:
    path = folder / "key"
    write_private(path, private)
    return read_private(f"file:{path}")


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Any, str]:
    private, public = generate()
    return key_of(private, tmp_path), public


def oracle_key(public: str) -> SSlibKey:
    raw = base64.b64decode(public.removeprefix("ed25519:"))
    return SSlibKey(public, "ed25519", "ed25519", {"public": raw.hex()})


def test_what_is_sealed_is_what_is_opened(keys: tuple[Any, str]) -> None:
    key, public = keys

    assert open_envelope(seal(b'{"a":1}', key), [public]) == b'{"a":1}'


# Types of payload are ASCII; older versions of securesystemslib count characters, not bytes.
@given(kind=st.text(st.characters(max_codepoint=127)), payload=st.binary())
def test_securesystemslib_signs_the_same_bytes(kind: str, payload: bytes) -> None:
    assert pae(kind, payload) == Oracle(payload, kind, {}).pae()


def test_securesystemslib_accepts_our_envelopes(keys: tuple[Any, str]) -> None:
    key, public = keys
    envelope = Oracle.from_dict(json.loads(seal(b'{"step":"verify"}', key)))

    accepted = envelope.verify([oracle_key(public)], 1)

    assert list(accepted) == [public]
    assert envelope.payload == b'{"step":"verify"}'


@given(document=JSON)
def test_canonical_json_says_the_same_and_has_one_form(document: object) -> None:
    data = canonical(document) if _encodable(document) else b"null"

    assert canonical(json.loads(data)) == data


def _encodable(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def test_a_float_has_no_canonical_form() -> None:
    with pytest.raises(TypeError):
        canonical({"age": [1.0]})


def _edited(data: bytes, **changes: object) -> bytes:
    return json.dumps({**json.loads(data), **changes}).encode()


def test_a_cut_off_envelope_is_refused_at_every_length(keys: tuple[Any, str]) -> None:
    key, public = keys
    data = seal(b"{}", key)

    for length in range(len(data) - 1):
        with pytest.raises(Unproved):
            open_envelope(data[:length], [public])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"payload": base64.b64encode(b'{"a":2}').decode()}, "edited, or is foreign"),
        ({"payload": "%%%"}, "base64 is damaged"),
        ({"payloadType": "text/plain"}, "no in-toto statement"),
        ({"signatures": []}, "0 signatures"),
        ({"note": "trust me"}, "no signed envelope"),
        ({"signatures": None}, "no signed envelope"),
    ],
)
def test_an_edited_envelope_is_refused(
    keys: tuple[Any, str], change: dict[str, object], reason: str
) -> None:
    key, public = keys

    with pytest.raises(Unproved, match=reason):
        open_envelope(_edited(seal(b'{"a":1}', key), **change), [public])


def test_a_signature_for_another_type_of_payload_is_refused(keys: tuple[Any, str]) -> None:
    key, public = keys
    other = base64.b64encode(key.sign(pae("application/json", b"{}"))).decode()
    envelope = _edited(seal(b"{}", key), signatures=[{"keyid": public, "sig": other}])

    with pytest.raises(Unproved, match="edited, or is foreign"):
        open_envelope(envelope, [public])


def test_the_name_of_a_trusted_key_makes_no_signature(keys: tuple[Any, str]) -> None:
    key, public = keys
    _, trusted = generate()
    envelope = json.loads(seal(b"{}", key))
    envelope["signatures"][0]["keyid"] = trusted

    with pytest.raises(Unproved, match="edited, or is foreign"):
        open_envelope(json.dumps(envelope).encode(), [trusted])
    assert open_envelope(json.dumps(envelope).encode(), [trusted, public]) == b"{}"


@pytest.mark.parametrize("trusted", [[], ["ed25519:AAAA"], ["ed25519:not base64"]])
def test_without_a_trusted_key_nothing_is_accepted(
    keys: tuple[Any, str], trusted: list[str]
) -> None:
    with pytest.raises(Unproved):
        open_envelope(seal(b"{}", keys[0]), trusted)


def test_our_payload_type_is_that_of_in_toto() -> None:
    assert PAYLOAD_TYPE == "application/vnd.in-toto+json"


# --- private keys ---------------------------------------------------------------------------


def test_a_private_key_comes_from_the_variable_that_the_contract_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private, public = generate()
    monkeypatch.setenv("DEPLOY_KEY_A", f"{private}\n")

    assert open_envelope(seal(b"{}", read_private("env:DEPLOY_KEY_A")), [public]) == b"{}"


def test_a_private_key_comes_from_a_descriptor() -> None:
    private, public = generate()
    reading, writing = os.pipe()
    os.write(writing, private.encode())
    os.close(writing)

    key = read_private(f"fd:{reading}")
    os.close(reading)

    assert open_envelope(seal(b"{}", key), [public]) == b"{}"


@pytest.mark.parametrize(
    ("source", "content", "reason"),
    [
        ("env:DEPLOY_KEY_B", None, "the variable DEPLOY_KEY_B is not set"),
        ("env:DEPLOY_KEY_C", "", "the variable DEPLOY_KEY_C is not set"),
        ("env:DEPLOY_KEY_D", "hunter2", "holds something else than a private key"),
        ("env:DEPLOY_KEY_E", "ed25519-private:AAAA", "holds something else than a private key"),
        ("file:/nowhere/key", None, "cannot be read"),
        ("fd:987", None, "cannot be read"),
    ],
)
def test_a_missing_key_is_said_and_never_repeated(
    monkeypatch: pytest.MonkeyPatch, source: str, content: str | None, reason: str
) -> None:
    if content is not None:
        monkeypatch.setenv(source.partition(":")[2], content)

    with pytest.raises(NoKey, match=reason) as caught:
        read_private(source)
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, generate()[0])
    path.chmod(0o644)

    with pytest.raises(NoKey, match="can be read by others"):
        read_private(f"file:{path}")


def test_a_private_key_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("precious", encoding="ascii")

    with pytest.raises(FileExistsError):
        write_private(path, generate()[0])
    assert path.read_text(encoding="ascii") == "precious"
