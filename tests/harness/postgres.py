"""A real PostgreSQL server with a cluster of its own in a temporary folder, a database for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from claude_lens.store import database
from tests.harness.processes import Child, child_environment, free_port

REQUIRED = "LENS_REQUIRE_POSTGRES"
MISSING = "PostgreSQL's server is not installed (make test-setup, as root)"
ACCOUNTS = ("postgres", "nobody")
START = 60.0
TEMPLATE = "migrated"
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_connections": "100",
}


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, of the newest version there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def expected() -> bool:
    """Whether tests should run on it: it is installed, or ``LENS_REQUIRE_POSTGRES`` insists."""
    return programs() is not None or bool(os.environ.get(REQUIRED))


class Postgres:
    """A server on a free loopback port. It orders text as in English, so that nothing relies on bytes."""

    def __init__(self) -> None:
        bin = programs()
        if bin is None:
            raise RuntimeError(MISSING)
        self._bin = bin
        self.folder = Path(tempfile.mkdtemp(prefix="lens-postgres-"))
        self.port = free_port()
        self._child: Child | None = None
        self._numbers = itertools.count(1)
        self._as: list[str | Path] = []
        if os.getuid() == 0:
            # The server refuses to run as root.
            account = next(name for name in ACCOUNTS if _exists(name))
            self._as = ["setpriv", f"--reuid={account}", "--regid=nogroup", "--clear-groups"]
            shutil.chown(self.folder, account, "nogroup")

    def __enter__(self) -> Postgres:
        data = self.folder / "data"
        line: list[str | Path] = [
            "initdb",
            "-D",
            data,
            "-U",
            "lens",
            "-E",
            "UTF8",
            "-A",
            "trust",
            "--no-sync",
            "-N",
        ]
        self._run([*line, "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"])
        with (data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in QUICK.items())
            conf.write(f"unix_socket_directories = '{self.folder}'\n")
        self.start()
        self.make(TEMPLATE)
        database.open_writer(database.parse(self.url(TEMPLATE))).dispose()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str | Path]) -> None:
        line = [*self._as, self._bin / command[0], *command[1:]]
        done = subprocess.run(line, capture_output=True, cwd=self.folder, env=child_environment(), text=True)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError with the end of its log."""
        # A changed account clears the signal that ends a child with its parent.
        user: list[str | Path] = [*self._as, "--pdeathsig=SIGQUIT"] if self._as else []
        line: list[str | Path] = [
            *user,
            self._bin / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
        ]
        log = self.folder / "postgres.log"
        with log.open("ab") as output:
            self._child = Child(line, child_environment(), self.folder, output=output)
        until = time.monotonic() + START
        while not self._answers():
            if self._child.popen.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server and every connection (``SIGINT``: at once, but cleanly; ``SIGQUIT``: a crash)."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.popen.poll() is None:
            child.popen.send_signal(how)
            try:
                child.popen.wait(20)
            except subprocess.TimeoutExpired:
                child.popen.kill()
        child.close()

    def url(self, name: str) -> str:
        """The address of a database, as a user sets it."""
        return f"postgresql://lens:RECOGNISABLE-db-password@127.0.0.1:{self.port}/{name}"

    def make(self, name: str, template: str = "template0") -> str:
        """Create a database; its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            # Copying files is quicker than logging pages, where nothing has to survive a crash.
            command = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'
            connection.execute(command.encode())
        return self.url(name)

    def fresh(self) -> str:
        """The address of a new database with our tables in it."""
        return self.make(f"lens{next(self._numbers)}", TEMPLATE)

    def empty(self) -> str:
        """The address of a new database with nothing in it."""
        return self.make(f"empty{next(self._numbers)}")

    def drop(self, url: str) -> None:
        """Delete a database, whoever is connected to it."""
        name = make_url(url).database
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _exists(account: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True
