"""Tokens: a trial on one line, to paste.

``fin1-`` and URL-safe base64 of: CRC-32 of the program's name, 32 bits of the trial's digest, a byte for its conditions, for each
deviation the CRC-32 of its site and its index as a varint, and a CRC-16 over all that. What a token does not say is 0.
"""

import base64
import binascii
from dataclasses import dataclass
from zlib import crc32

__all__ = ["BadToken", "Token", "decode", "encode", "program_key"]

_PREFIX = "fin"
_VERSION = "1"


class BadToken(ValueError):
    """The text is no token of this version; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. ``program`` and ``digest`` are 32-bit sums; ``deviations`` are (site key, index) pairs in order.

    ``conditions`` is a byte that stands for the conditions of the trial; 0 for the standard ones.
    """

    program: int
    digest: int
    deviations: tuple[tuple[int, int], ...]
    conditions: int = 0


def program_key(name: str) -> int:
    """The sum that stands for a program in its tokens."""
    return crc32(name.encode())


def encode(token: Token) -> str:
    """The line to paste."""
    body = token.program.to_bytes(4) + (token.digest & 0xFFFFFFFF).to_bytes(4) + token.conditions.to_bytes(1)
    body += b"".join(key.to_bytes(4) + _varint(index) for key, index in token.deviations)
    return f"{_PREFIX}{_VERSION}-{_printed(body + _checksum(body))}"


def decode(text: str) -> Token:
    """What ``encode`` made the line of.

    Raises:
        BadToken: it did not.
    """
    head, dash, payload = text.strip().partition("-")
    if not dash or not head.startswith(_PREFIX) or not head.removeprefix(_PREFIX).isdecimal():
        raise BadToken(f"{text[:60]!r} is no token; a token looks like {_PREFIX}{_VERSION}-…")
    if head != _PREFIX + _VERSION:
        raise BadToken(
            f"{text[:60]!r} is a token of version {head.removeprefix(_PREFIX)}; this finale-sim reads version {_VERSION}"
        )
    try:
        body = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadToken(f"{text[:60]!r} has characters that no token has; was it cut or changed on the way?") from None
    whole, body, checksum = _printed(body) == payload, body[:-2], body[-2:]
    if not whole or len(body) < 9 or _checksum(body) != checksum:
        raise BadToken(f"{text[:60]!r} is damaged: its checksum does not fit; was it cut or changed on the way?")
    try:
        pairs = tuple(_pairs(body[9:]))
    except IndexError:
        raise BadToken(f"{text[:60]!r} ends in the middle of a deviation, although its checksum fits") from None
    return Token(int.from_bytes(body[:4]), int.from_bytes(body[4:8]), pairs, body[8])


def _printed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _checksum(body: bytes) -> bytes:
    return (binascii.crc_hqx(body, 0) ^ 0xFFFF).to_bytes(2)  # inverted, or a zero at the end would go unnoticed


def _pairs(data: bytes) -> list[tuple[int, int]]:
    pairs = []
    while data:
        key, index, shift, at = int.from_bytes(data[:4]), 0, 0, 4
        while True:
            byte = data[at]
            index |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if byte < 0x80:
                break
        pairs.append((key, index))
        data = data[at:]
    return pairs


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
