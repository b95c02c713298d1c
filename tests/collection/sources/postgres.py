"""A PostgreSQL server of the tests' own: in a folder of its own, on a socket of its own, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "s3cret'wörd@/"


def program(name: str) -> str:
    """Where a program of PostgreSQL is; Debian keeps them out of the PATH."""
    found = shutil.which(name) or next(
        iter(sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True)), None
    )
    if not found:
        pytest.fail(f"PostgreSQL's {name} is not installed: apt-get install postgresql")
    return found


@contextmanager
def server() -> Iterator[Path]:
    """Start a server; its folder, in which the socket is. It does not run as root, so another user does."""
    folder = Path(tempfile.mkdtemp(prefix="crm-postgres-"))
    who = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid} if os.getuid() == 0 else {}
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if who:
        for path in (folder, secret):
            shutil.chown(path, who["user"], who["group"])
    running = None
    try:
        data = folder / "data"
        begin = [program("initdb"), "-D", data, "-U", "crm", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
        subprocess.run([*begin, "--no-sync", "--locale=C"], check=True, capture_output=True, cwd=folder, **who)
        with (folder / "log").open("w") as log:
            running = subprocess.Popen(
                [program("postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
                stdout=log,
                stderr=log,
                cwd=folder,
                **who,
            )
        deadline = time.monotonic() + 30
        while not (folder / ".s.PGSQL.5432").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield folder
    finally:
        if running:
            running.terminate()
            running.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
