"""Seals: what comes back is what went out, or nothing."""

from __future__ import annotations

import base64

import pytest

from oidc_gate.sealing import Seal, SignedRows

NEW, OLD, OTHER = "the-newest-secret-01", "the-older-secret-012", "a-secret-of-somebody-else"
NAME = "__Host-oidc_gate.default"
SEAL = Seal([NEW], "session")
TEXT = SEAL.seal(b'["some","session"]', NAME)


@pytest.mark.parametrize("plaintext", [b"", b"1", b"[]", b'["x"]', b'"' + b"x" * 5000 + b'"', '"ü"'.encode()], ids=len)
def test_a_sealed_value_is_opened_as_it_was(plaintext: bytes) -> None:
    text = SEAL.seal(plaintext, NAME)
    opened = SEAL.open(text, NAME)
    assert opened is not None
    assert opened.rstrip(b" ") == plaintext
    assert len(opened) - len(plaintext) in (0, 1, 2)


def test_a_sealed_value_is_hidden_and_fits_a_cookie() -> None:
    assert TEXT.isascii()
    assert not set(TEXT) & set(' ",;\\=')
    assert b"some" not in base64.b64decode(TEXT)


def test_no_two_seals_of_a_value_are_alike() -> None:
    assert len({SEAL.seal(b"[]", NAME) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("seal", "name"),
    [
        pytest.param(Seal([OTHER], "session"), NAME, id="another secret"),
        pytest.param(Seal([NEW], "session https://id.example.com"), NAME, id="another purpose"),
        pytest.param(SEAL, "oidc_gate.default", id="another cookie's name"),
        pytest.param(SEAL, NAME + " ", id="a name that looks alike"),
        pytest.param(SEAL, "", id="no name"),
    ],
)
def test_a_seal_holds_for_one_secret_one_purpose_and_one_name(seal: Seal, name: str) -> None:
    assert seal.open(TEXT, name) is None
    assert SEAL.open(TEXT, NAME) is not None


HOSTILE = {
    "empty": "",
    "one character": "A",
    "no base64": "!" * 64,
    "not ASCII": "ü" * 64,
    "not even text": "\ud800" * 64,
    "NUL": "\x00" * 64,
    "padding alone": "====",
    "a line break": TEXT[:4] + "\n" + TEXT[4:],
    "a line break and three letters": TEXT + "\nAAA",
    "URL-safe base64": TEXT.replace("+", "-").replace("/", "_") if set("+/") & set(TEXT) else "----",
    "cut at the end": TEXT[:-4],
    "cut at the front": TEXT[4:],
    "the head alone": TEXT[:8],
    "head and nonce alone": TEXT[:24],
    "too short for a tag": TEXT[:40],
    "four more": TEXT + "AAAA",
    "padding added": TEXT + "====",
    "padded to a whole": TEXT[:-1] + "=",
    "twice": TEXT * 2,
    "very long": "A" * 65536,
    "very long, with our head": TEXT[:8] + "A" * 65528,
    "another version": base64.b64encode(b"\x01" + base64.b64decode(TEXT)[1:]).decode(),
    "another key": base64.b64encode(b"\x02\x00\x00\x00\x00\x00" + base64.b64decode(TEXT)[6:]).decode(),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_was_not_sealed_here_opens_as_nothing(text: str) -> None:
    assert SEAL.open(text, NAME) is None


def test_every_single_bit_counts() -> None:
    data = bytearray(base64.b64decode(TEXT))
    for position in range(len(data) * 8):
        data[position // 8] ^= 1 << position % 8
        assert SEAL.open(base64.b64encode(data).decode(), NAME) is None
        data[position // 8] ^= 1 << position % 8


def test_there_is_one_text_for_a_sealed_value() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ \n"
    for position in (0, 7, 8, len(TEXT) - 2, len(TEXT) - 1):
        others = [TEXT[:position] + letter + TEXT[position + 1 :] for letter in alphabet if letter != TEXT[position]]
        assert [other for other in others if SEAL.open(other, NAME) is not None] == []


# Rotation


def test_the_first_secret_seals_and_all_open() -> None:
    before, between, after = Seal([OLD], "session"), Seal([NEW, OLD], "session"), Seal([NEW], "session")
    old, new = before.seal(b"[]", NAME), between.seal(b"[]", NAME)
    assert between.open(old, NAME) == before.open(old, NAME)
    assert not old.startswith(between.newest_prefix)
    assert new.startswith(between.newest_prefix)
    assert after.open(new, NAME) is not None
    assert after.open(old, NAME) is None
    assert before.open(new, NAME) is None


# Signatures

ROW = ["identifier", "ünï", 1.5, True, None, {"a": ["b"]}]
SIGNED = SignedRows([NEW], "login attempt")


@pytest.mark.parametrize("row", [[], ROW, [""], [[["deep"]]], ["\ud800"], [1e300, -1, 10**30]], ids=ascii)
def test_a_signed_row_is_read_as_it_was(row: list[object]) -> None:
    assert SIGNED.loads(SIGNED.dumps(row)) == row


def test_a_signed_row_fits_a_cookie() -> None:
    text = SIGNED.dumps(ROW)
    assert text.isascii()
    assert not set(text) & set(' ",;\\=')


@pytest.mark.parametrize(
    "text", ["", ".", "a", "a.b", "..", "ü.ü", "=.=", "W10.AAAA", "." * 1000, "A" * 65536], ids=ascii
)
def test_what_was_not_signed_here_is_nothing(text: str) -> None:
    assert SIGNED.loads(text) is None


def test_every_character_of_a_signed_row_counts() -> None:
    """The last one holds two bits that base64 does not use: with them changed the text would say the same."""
    text = SIGNED.dumps(ROW)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for position, letter in enumerate(text):
        for other in letters.replace(letter, "")[:: 1 if position == len(text) - 1 else 63]:
            assert SIGNED.loads(text[:position] + other + text[position + 1 :]) is None
    for more in ("=", "==", "!", " ", "\n", "A"):
        assert SIGNED.loads(text + more) is None


def test_a_signature_holds_for_one_purpose_and_one_secret() -> None:
    text = SIGNED.dumps(ROW)
    assert SignedRows([NEW], "logout").loads(text) is None
    assert SignedRows([OTHER], "login attempt").loads(text) is None
    assert SignedRows([OTHER, NEW], "login attempt").loads(text) == ROW


def test_a_seal_is_no_signature_and_a_signature_no_seal() -> None:
    assert SignedRows([NEW], "session").loads(TEXT) is None
    assert SEAL.open(SignedRows([NEW], "session").dumps(ROW), NAME) is None


def test_the_first_secret_signs_and_all_are_believed() -> None:
    before, between, after = SignedRows([OLD], "x"), SignedRows([NEW, OLD], "x"), SignedRows([NEW], "x")
    assert between.loads(before.dumps(ROW)) == ROW
    assert after.loads(between.dumps(ROW)) == ROW
    assert after.loads(before.dumps(ROW)) is None
