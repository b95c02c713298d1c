"""The secret of a company's home: the key without which a pseudonym leads to nobody. It is never printed.

It lies in the file `secret` of the home, readable by its owner only, or comes from the environment as CRM_SECRET.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from crm_analytics.warehouse.release import WarehouseError

LEAST_CHARACTERS = 16
BLOCK_BYTES = 64
PSEUDONYM_CHARACTERS = 32
"""Half of the hash, the shortest that RFC 2104 (section 5) calls safe."""


class SecretError(WarehouseError):
    """The secret is lost, too short, not the one it was, or open to others; the message says which, and what to do."""


class Secret:
    """A key, and what is done with it."""

    def __init__(self, key: bytes):
        self._key = key

    def __repr__(self) -> str:
        return "Secret(…)"

    @classmethod
    def of(cls, home: Path) -> Secret:
        """The secret of a home. Raises SecretError when there is none, or others may read it."""
        given = os.environ.get("CRM_SECRET")
        path = home / "secret"
        if given is None and not path.exists():
            raise SecretError(
                f"The secret of this company is not in {home}, and without it no pseudonym can be made; put the file "
                "«secret» back from where it is kept, or set CRM_SECRET."
            )
        if given is None:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecretError(f"Others may read {path}; take that from them first: chmod 600 {path}")
            given = path.read_text("utf-8").strip()
        if len(given) < LEAST_CHARACTERS:
            raise SecretError(
                f"The secret has fewer than {LEAST_CHARACTERS} characters, so it could be guessed; take a longer one."
            )
        return cls(given.encode())

    @classmethod
    def made(cls, home: Path) -> Secret:
        """The secret of a home; a new one where there is none yet."""
        path = home / "secret"
        if "CRM_SECRET" not in os.environ and not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_hex(32) + "\n")
        return cls.of(home)

    def pseudonym(self, customer_id: str) -> str:
        """HMAC-SHA-256 (RFC 2104) of an id as the source says it, in hexadecimal, cut to half."""
        return self._hash(customer_id)[:PSEUDONYM_CHARACTERS]

    def mark(self, purpose: str, text: str = "") -> str:
        """A keyed hash that serves one purpose and cannot be compared with that of another."""
        return self._hash(f"{purpose}\0{text}")[:PSEUDONYM_CHARACTERS]

    def _hash(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def pads(self) -> tuple[bytes, bytes]:
        """The key as the inner and the outer hash of an HMAC begin with it."""
        key = hashlib.sha256(self._key).digest() if len(self._key) > BLOCK_BYTES else self._key
        block = key.ljust(BLOCK_BYTES, b"\0")
        return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)
