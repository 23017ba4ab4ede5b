#!/usr/bin/env python3
"""``claude-lens``: run claude through the proxy. Every argument is claude's own.

Standard library only and one file, so that a copy of it anywhere works. It makes sure that the proxy is
there, sets claude's environment, and replaces itself by claude. Imports that cost time come where they are
needed. Exit codes of its own: 127 without a claude, 1 without a proxy or a key, 130 on Ctrl-C before claude.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

HINTS = {
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
    "ENABLE_TOOL_SEARCH": "true",
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
}
ADDRESS = ("CLAUDE_LENS_URL", "PORT", "CLAUDE_LENS_PORT")
CONFIG = "litellm_config.yaml"
CHECKOUT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
KEY_HEADER = "x-litellm-api-key"
OUR_HEADERS = (KEY_HEADER, "x-claude-lens-project", "x-claude-lens-branch")
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 2.0, 5.0
INSTALL = """\
there is no claude on PATH. Install Claude Code:
  npm install -g @anthropic-ai/claude-code
or name the program in CLAUDE_LENS_CLAUDE."""


class Problem(Exception):
    """Ends the launcher: the message for stderr and the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def main() -> NoReturn:
    """Run claude; does not return."""
    try:
        place = Place(os.environ)
        program = find_claude(place)
        answer = ensure_proxy(place)
        key = place.key()
        if not key:
            raise Problem(f"no key for {place.url}: set CLAUDE_LENS_KEY or LITELLM_MASTER_KEY")
        sys.stderr.writelines(f"{line}\n" for line in remarks(os.environ, place))
        proxy_pays = answer.get("credential") == "proxy" and not login_pays(place)
        changes = claude_environment(os.environ, place, key, proxy_pays)
    except Problem as problem:
        print(f"claude-lens: {problem}", file=sys.stderr)
        sys.exit(problem.code)
    except KeyboardInterrupt:
        sys.exit(130)
    replace_by(program, sys.argv[1:], applied(os.environ, changes))


class Place:
    """Where the proxy is and what is known of it: the environment, ``.env`` files and ``proxy.json``."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.home = os.path.expanduser(environ.get("CLAUDE_LENS_HOME") or "~/.claude-lens")
        self.read()

    def read(self) -> None:
        """Read the home folder anew, as after a start."""
        self.record = parse_json(read(os.path.join(self.home, "proxy.json")))
        self.files = [read_env(os.path.join(self.home, ".env"))]
        config = self.look("CLAUDE_LENS_CONFIG") or self.record.get("config")
        usual = [folder for folder in (self.home, CHECKOUT) if os.path.isfile(os.path.join(folder, CONFIG))]
        beside = os.path.dirname(os.path.expanduser(config)) if config else (usual or [self.home])[0]
        self.files.insert(0, read_env(os.path.join(beside, ".env")))
        self.url = self.find_url()

    def look(self, name: str) -> str:
        """A setting: environment, ``.env`` beside the configuration, ``.env`` in the home folder."""
        for source in (self.environ, *self.files):
            if source.get(name):
                return source[name].strip()
        return ""

    def find_url(self) -> str:
        """The environment's word, else a proxy that runs, else the ``.env`` files, else the default."""
        told = any(map(self.environ.get, ADDRESS))
        if not told and self.record.get("url") and alive(self.record.get("pid")):
            return str(self.record["url"])
        url, *ports = map(self.look, ADDRESS)
        host = self.look("CLAUDE_LENS_HOST")
        host = f"[{host}]" if host == "::1" else host if is_loopback(host) else "127.0.0.1"
        return (url or f"http://{host}:{ports[0] or ports[1] or 8082}").rstrip("/")

    def local(self) -> bool:
        """Whether the proxy is on this machine's loopback, where it is ours to start."""
        return is_loopback(split(self.url)[1])

    def key(self) -> str:
        """The key for the proxy; the kept one is for this machine's proxy only. Empty where there is none."""
        key = self.look("CLAUDE_LENS_KEY") or self.look("LITELLM_MASTER_KEY")
        if key or not self.local():
            return key
        return read(os.path.join(self.home, "key")).decode("ascii", "replace").strip()


def find_claude(place: Place) -> str:
    """Path of claude: ``CLAUDE_LENS_CLAUDE`` or the first on PATH that is not this program."""
    named = place.look("CLAUDE_LENS_CLAUDE")
    own = os.path.realpath(__file__)
    name = os.path.expanduser(named or "claude")
    if os.path.dirname(name):
        found = [name] if runnable(name) else []
    else:
        name += ".exe" if os.name == "nt" else ""
        folders = place.environ.get("PATH", os.defpath).split(os.pathsep)
        found = [path for path in (os.path.join(folder, name) for folder in folders) if runnable(path)]
    for path in found:
        if os.path.realpath(path) != own:
            return path
    raise Problem(f"CLAUDE_LENS_CLAUDE={named} is not a program that can be run" if named else INSTALL, 127)


def ensure_proxy(place: Place) -> dict[str, Any]:
    """The proxy's answer about its health, after starting it where that is ours to do."""
    state, said, answer = ask(place.url)
    if state == "ours":
        return answer
    if state == "foreign":
        raise Problem(f"{place.url} is not a claude-lens proxy: {said}")
    if not place.local():
        raise Problem(f"{place.url} does not answer ({said}); check CLAUDE_LENS_URL or start it there")
    if place.look("CLAUDE_LENS_AUTOSTART").lower() in ("0", "false", "no", "off"):
        raise Problem(f"no proxy at {place.url} and CLAUDE_LENS_AUTOSTART is off; run: lensctl up")
    start(place)
    place.read()
    state, said, answer = ask(place.url)
    if state != "ours":
        raise Problem(f"started, but {place.url} says: {said}; see: lensctl logs")
    return answer


def start(place: Place) -> None:
    """``lensctl up``, which shows progress and failures itself; standard input stays claude's."""
    import subprocess

    command = find_lensctl(place)
    if command is None:
        raise Problem("no proxy, and no lensctl to start it; install with: pip install claude-lens")
    done = subprocess.run([*command, "up"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Problem("the proxy did not start", 130 if done.returncode in (130, -2) else 1)


def find_lensctl(place: Place) -> list[str] | None:
    """How to run lensctl: of this installation, on PATH, or with the Python of the last start."""
    name, bin_name = ("lensctl.exe", "Scripts") if os.name == "nt" else ("lensctl", "bin")
    folders = [os.path.join(CHECKOUT, ".venv", bin_name), os.path.dirname(sys.executable)]
    folders += place.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        if runnable(os.path.join(folder, name)):
            return [os.path.join(folder, name)]
    python = str(place.record.get("python") or "")
    return [python, "-P", "-m", "claude_lens"] if runnable(python) else None


def ask(url: str) -> tuple[str, str, dict[str, Any]]:
    """``("ours" | "foreign" | "down", what happened in words, the JSON answer)`` of ``GET /health``."""
    import socket

    scheme, host, port, path = split(url)
    try:
        connection = socket.create_connection((host, port), CONNECT_TIMEOUT)
    except OSError as error:
        return "down", error.strerror or str(error), {}
    try:
        with secured(connection, host) if scheme == "https" else connection as stream:
            stream.settimeout(ANSWER_TIMEOUT)
            name = f"[{host}]" if ":" in host else host
            stream.sendall(f"GET {path}/health HTTP/1.0\r\nHost: {name}:{port}\r\n\r\n".encode())
            data = b"".join(iter(lambda: stream.recv(65536), b""))
    except socket.timeout:  # noqa: UP041 - an alias of TimeoutError only since Python 3.10
        return "foreign", f"no answer within {ANSWER_TIMEOUT:g} s", {}
    except OSError as error:
        return "foreign", f"it does not speak {scheme} ({error.strerror or error})", {}
    head, _, body = data.partition(b"\r\n\r\n")
    answer, lines = parse_json(body), head.decode("latin-1").split("\r\n")
    if answer.get("service") == "claude-lens":
        return ("ours", "", answer) if answer.get("status") == "healthy" else ("down", "it is starting", {})
    server = [line[7:].strip() for line in lines if line.lower().startswith("server:")]
    return "foreign", f"{lines[0][:80] or 'no HTTP'} from {server[0] if server else 'an unnamed server'}", {}


def secured(connection: Any, host: str) -> Any:
    """TLS over ``connection``; verified, except on loopback, where there is nobody in between."""
    import ssl

    context = ssl.create_default_context()
    if is_loopback(host):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=host)


def remarks(environ: Mapping[str, str], place: Place) -> list[str]:
    """What the user should know before claude takes the terminal."""
    base = (environ.get("ANTHROPIC_BASE_URL") or "").rstrip("/")
    if not base or same_place(base, place.url) or base == place.look("ANTHROPIC_FORWARD_URL").rstrip("/"):
        return []
    chain = f"to send requests on to it, start the proxy with ANTHROPIC_FORWARD_URL={base}"
    return [f"claude-lens: ANTHROPIC_BASE_URL={base} is overridden; {chain}"]


def login_pays(place: Place) -> bool:
    """Whether a claude.ai login must not be replaced by a key that the proxy once got from elsewhere."""
    if not place.local() or place.look("ANTHROPIC_API_KEY") or place.look("ANTHROPIC_AUTH_TOKEN"):
        return False
    folder = os.path.expanduser(place.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude")
    login = parse_json(read(os.path.join(folder, ".credentials.json"))).get("claudeAiOauth")
    return bool(login or place.environ.get("CLAUDE_CODE_OAUTH_TOKEN"))


def claude_environment(
    environ: Mapping[str, str], place: Place, key: str, proxy_pays: bool
) -> dict[str, str | None]:
    """What to change in claude's environment; None removes a variable.

    ``proxy_pays``: the proxy holds a key for the provider, so the client's own credential is replaced by the
    proxy's key. Otherwise the proxy's key travels in a header beside the client's own credential, of whatever
    kind: a claude.ai login, a token, an API key.
    """
    changes: dict[str, str | None] = {"ANTHROPIC_BASE_URL": place.url}
    changes.update({name: value for name, value in HINTS.items() if name not in environ})
    folder = working_folder(environ)
    headers = [line for line in environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines() if line.strip()]
    headers = [line for line in headers if line.partition(":")[0].strip().lower() not in OUR_HEADERS]
    headers.append(f"x-claude-lens-project: {quoted(os.fsencode(folder))}")
    branch = git_branch(folder)
    if branch:
        headers.append(f"x-claude-lens-branch: {quoted(branch)}")
    if proxy_pays:
        changes["ANTHROPIC_AUTH_TOKEN"] = key
        changes["ANTHROPIC_API_KEY"] = None
    else:
        headers.append(f"{KEY_HEADER}: {key}")
        if environ.get("ANTHROPIC_AUTH_TOKEN") == key:
            changes["ANTHROPIC_AUTH_TOKEN"] = None
    changes["ANTHROPIC_CUSTOM_HEADERS"] = "\n".join(headers)
    if place.local():
        changes.update(no_proxy(environ))
    certificate = place.record.get("tls_cert")
    if certificate and place.url.startswith("https:") and "NODE_EXTRA_CA_CERTS" not in environ:
        changes["NODE_EXTRA_CA_CERTS"] = str(certificate)
    return {name: value for name, value in changes.items() if environ.get(name) != value}


def no_proxy(environ: Mapping[str, str]) -> dict[str, str | None]:
    """``NO_PROXY`` with loopback added, where an HTTP proxy is set that would get our requests."""
    if not any(environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")):
        return {}
    hosts = [host.strip() for host in (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")]
    hosts += [host for host in ("127.0.0.1", "localhost", "::1") if host not in hosts]
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(filter(None, hosts)))


def working_folder(environ: Mapping[str, str]) -> str:
    """The working directory; where it has been removed, what the shell says it was."""
    try:
        return os.getcwd()
    except OSError:
        return environ.get("PWD", "/")


def git_branch(folder: str) -> bytes:
    """Branch checked out in ``folder`` or above, from git's own files; empty where there is none."""
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return b""
    entry = os.path.join(folder, ".git")
    if os.path.isfile(entry):  # a worktree: the file says where its folder is
        entry = os.path.join(folder, os.fsdecode(read(entry).strip()).partition("gitdir: ")[2])
    return read(os.path.join(entry, "HEAD")).strip().partition(b"ref: refs/heads/")[2]


def quoted(raw: bytes) -> str:
    """Percent-encoding of everything but unreserved characters and slashes."""
    return "".join(chr(byte) if byte in PLAIN else f"%{byte:02X}" for byte in raw)


def split(url: str) -> tuple[str, str, int, str]:
    """``(scheme, host, port, path)`` of an HTTP address; raises :class:`Problem`."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2]
    if authority.startswith("["):
        host, _, port = authority[1:].partition("]")
        port = port.lstrip(":")
    else:
        host, _, port = authority.partition(":")
    usable = separator and scheme in ("http", "https") and host and (not port or port.isdigit())
    if not usable or int(port or 1) not in range(1, 65536):
        raise Problem(f"CLAUDE_LENS_URL={url} is not an address such as http://127.0.0.1:8082", 2)
    number = int(port or (443 if scheme == "https" else 80))
    return scheme, host, number, slash + path.rstrip("/") if path else ""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine itself."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def same_place(one: str, other: str) -> bool:
    """Whether two addresses mean the same server and path; names of loopback are one."""
    try:
        first, second = split(one), split(other)
    except Problem:
        return False
    same_host = first[1] == second[1] or (is_loopback(first[1]) and is_loopback(second[1]))
    return same_host and first[2:] == second[2:]


def runnable(path: str) -> bool:
    """Whether ``path`` is a file this user may execute."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def alive(pid: object) -> bool:
    """Whether a process of that id exists (good enough here: its address is asked next)."""
    if not isinstance(pid, int) or pid <= 0 or os.name == "nt":
        return isinstance(pid, int) and pid > 0
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def read_env(path: str) -> dict[str, str]:
    """A ``.env`` file, empty where there is none: NAME=value lines, ``export`` and quotes allowed."""
    found: dict[str, str] = {}
    for line in read(path).decode("utf-8", "replace").splitlines():
        name, equals, value = line.strip().partition("=")
        name, value = name[7:] if name.startswith("export ") else name, value.strip()
        if not equals or name.startswith("#"):
            continue
        whole = value[:1] in ("'", '"')
        found[name.strip()] = value[1:].partition(value[0])[0] if whole else value.partition(" #")[0].strip()
    return found


def read(path: str) -> bytes:
    """A file's bytes, none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def parse_json(data: bytes) -> dict[str, Any]:
    """A JSON object, empty where it is something else."""
    import json

    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def applied(environ: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """``environ`` with ``changes``."""
    return {name: value for name, value in {**environ, **changes}.items() if value is not None}


def replace_by(program: str, arguments: list[str], environ: dict[str, str]) -> NoReturn:
    """Become ``program``; on Windows, where that is not possible, run it and end with its exit code."""
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.run([program, *arguments], env=environ, check=False).returncode)
    import signal

    # Python ignores these two; what it ignores, claude would inherit.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execve(program, [os.path.basename(program), *arguments], environ)
    except OSError as error:
        print(f"claude-lens: cannot run {program}: {error.strerror}", file=sys.stderr)
        sys.exit(126)


if __name__ == "__main__":
    main()
