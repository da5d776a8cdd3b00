"""Tokens: there and back, and every other text refused in one clear line."""

import base64
import binascii

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from finale_sim.token import BadToken, Token, decode, encode, program_key

SUMS = st.integers(0, 2**32 - 1)
TOKENS = st.builds(Token, SUMS, SUMS, st.lists(st.tuples(SUMS, st.integers(0, 2**70))).map(tuple), st.integers(0, 255))
SMALL = encode(Token(program_key("campaign/one prompt"), 0x12345678, ((0xCAFE, 1), (0xBEEF, 300))))


def refusal(text: str) -> str:
    """The message with which ``decode`` refuses the text: one line, not endless."""
    with pytest.raises(BadToken) as caught:
        decode(text)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 400
    return message


@given(TOKENS)
def test_a_token_survives_the_trip(token: Token) -> None:
    """What is printed is read back, also with white space around it."""
    text = encode(token)
    assert decode(text) == token
    assert decode(f"  {text}\n") == token
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


def test_a_shrunk_failure_fits_on_a_line() -> None:
    """Five deviations take fewer than 80 characters."""
    token = Token(2**32 - 1, 2**32 - 1, tuple((2**32 - 1 - n, 9) for n in range(5)))
    assert len(encode(token)) < 80


@given(TOKENS, st.data())
def test_a_changed_character_is_noticed(token: Token, data: st.DataObject) -> None:
    """Another character anywhere gives a refusal, or (one time in 65,536) a token that is none of ours; never a crash."""
    text = encode(token)
    at = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.characters().filter(lambda c: c != text[at] and not c.isspace()))
    changed = text[:at] + character + text[at + 1 :]
    try:
        decode(changed)
    except BadToken as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  # both outcomes are allowed here


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_a_cut_token_is_noticed(length: int) -> None:
    """No beginning of a token is a token."""
    assert refusal(SMALL[:length])


@given(st.text())
@example("fin1-é")
@example("fin1-\ud800")
@example("fin1-=")
@example("fin1-====")
@example("fin1-AAAA=AAA")
@example("fin\uff11-AAAA")
@example("fin-AAAA")
@example("fin1-\n")
@example("\x00")
def test_any_text_is_refused_in_one_line(text: str) -> None:
    """Whatever is pasted: one line, and nothing but ``BadToken``."""
    refusal(text)
    refusal(f"fin1-{text}")


@given(st.binary())
@example(b"")
@example(b"\x80" * 10)
@example(b"\x00" * 12)
@example(b"\x00" * 9 + b"\x00\x00\x00\x07\x80")
@example(b"\x00" * 9 + b"\x00\x00\x00\x07")
def test_a_right_checksum_over_nonsense_is_refused_or_read(body: bytes) -> None:
    """Bytes that somebody signed are either a token or refused; a pair that is cut short is refused."""
    text = "fin1-" + base64.urlsafe_b64encode(body + (binascii.crc_hqx(body, 0) ^ 0xFFFF).to_bytes(2)).decode().rstrip("=")
    try:
        token = decode(text)
    except BadToken as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  # both outcomes are allowed here
    else:
        assert len(body) >= 9
        assert decode(encode(token)) == token


@pytest.mark.parametrize("text", ["", "hello", "fin1", "fin1_AAAA", "xin1-AAAA", "finx-AAAA", "fin-AAAA", "-", "Fin1-AAAA"])
def test_a_foreign_text_is_told_what_a_token_looks_like(text: str) -> None:
    """The message shows the text and the shape of a token."""
    assert refusal(text) == f"{text!r} is no token; a token looks like fin1-…"


@pytest.mark.parametrize("version", ["2", "0", "11"])
def test_another_version_is_named(version: str) -> None:
    """A token of another version says which it is and which is read here."""
    text = SMALL.replace("fin1", f"fin{version}")
    assert refusal(text).endswith(f"is a token of version {version}; this finale-sim reads version 1")


@pytest.mark.parametrize("damaged", [SMALL[:-1] + "A", SMALL[:-1] + "B", SMALL + "A", SMALL[:9] + SMALL[10:], SMALL.upper()])
def test_a_damaged_token_is_told_so(damaged: str) -> None:
    """A token that was changed on the way asks whether that happened, or does not look like one at all."""
    assert "was it cut or changed on the way?" in refusal(damaged) or "is no token" in refusal(damaged)


def test_programs_have_sums_of_their_own() -> None:
    """The sum of a program's name fits into 32 bits and differs between the standard programs."""
    from finale_sim.scenarios import SCENARIOS  # noqa: PLC0415

    assert len({program_key(f"campaign/{name}") for name in SCENARIOS}) == len(SCENARIOS)
