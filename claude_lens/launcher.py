#!/usr/bin/env python3
"""``claude-lens``: run claude through the proxy. Every argument is claude's own.

Standard library only and one file, so that a copy of it works. It starts the proxy where none runs, sets
claude's environment, and becomes claude. Nothing secret is sent before the proxy has proved itself.
Exit codes of its own: 127 without a claude, 1 without a proxy or a key, 130 on Ctrl-C before claude.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

HINTS = {
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
    "ENABLE_TOOL_SEARCH": "true",
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
}
ADDRESS = ("CLAUDE_LENS_URL", "CLAUDE_LENS_PORT", "PORT")
CONFIG = "litellm_config.yaml"
CHECKOUT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
KEY_HEADER = "x-litellm-api-key"
OUR_HEADERS = (KEY_HEADER, "x-claude-lens-project", "x-claude-lens-branch", "x-claude-lens-commit")
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
CONNECT_TIMEOUT, ANSWER_TIMEOUT, GIT_TIMEOUT = 2.0, 5.0, 0.3
INSTALL = """there is no claude on PATH: install it (npm install -g @anthropic-ai/claude-code)
or name it in CLAUDE_LENS_CLAUDE."""


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
        seen = ensure_proxy(place)
        if not (key := place.key(seen.key)):
            raise Problem(f"no key for {place.url}: set CLAUDE_LENS_KEY or LITELLM_MASTER_KEY")
        notes = [*remarks(os.environ, place), seen.said, outdated(place, seen), *greeting(place)]
        sys.stderr.writelines(f"claude-lens: {note}\n" for note in notes if note)
        proxy_pays = seen.answer.get("credential") == "proxy" and not login_pays(place)
        changes = claude_environment(os.environ, place, key, proxy_pays)
    except Problem as problem:
        print(f"claude-lens: {problem}", file=sys.stderr)
        sys.exit(problem.code)
    except KeyboardInterrupt:
        sys.exit(130)
    environ = {**os.environ, **changes}
    replace_by(program, sys.argv[1:], {name: value for name, value in environ.items() if value is not None})


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
        runs = self.record.get("url") and alive(self.record.get("pid"))
        if runs and not any(map(self.environ.get, ADDRESS)):
            return str(self.record["url"])
        url, *ports = map(self.look, ADDRESS)
        host = self.look("CLAUDE_LENS_HOST")
        host = f"[{host}]" if host == "::1" else host if is_loopback(host) else "127.0.0.1"
        return (url or f"http://{host}:{ports[0] or ports[1] or 8082}").rstrip("/")

    def local(self) -> bool:
        """Whether the proxy is on this machine's loopback, where it is ours to start."""
        return is_loopback(split(self.url)[1])

    def keys(self) -> list[str]:
        """Every key by which a proxy may prove itself: those named, the kept one, one that is still good."""
        kept, old = (
            read(os.path.join(self.home, name)).decode("ascii", "replace").split()
            for name in ("key", "key.old")
        )
        kept = kept[:1] + old[: len(old) == 2 and old[1].isdigit() and int(old[1]) > time.time()]
        named = [self.look("CLAUDE_LENS_KEY"), self.look("LITELLM_MASTER_KEY")]
        return [key for key in named + (kept if self.local() else []) if key]

    def key(self, proved: str = "") -> str:
        """The key for the proxy, empty where there is none; ``proved`` is the one that it knows."""
        named = self.look("CLAUDE_LENS_KEY") or self.look("LITELLM_MASTER_KEY")
        return named or proved or (self.keys() or [""])[0]


class Seen:
    """What answered at the proxy's address, and whether it may be given a key.

    ``state``: ``ours``, which has proved itself, ``strange``, a proxy that has not, ``foreign`` or ``down``;
    ``said``: why, in words; ``answer``: the JSON of its health; ``key``: the key it proved to know.
    """

    def __init__(self, state: str, said: str = "", answer: Any = None, key: str = "") -> None:
        self.state, self.said, self.answer, self.key = state, said, answer or {}, key


def find_claude(place: Place) -> str:
    """Path of claude: ``CLAUDE_LENS_CLAUDE``, the first on PATH that is not this program, the checkout's."""
    named = place.look("CLAUDE_LENS_CLAUDE")
    name = os.path.expanduser(named or "claude")
    if os.path.dirname(name):
        found = [name] if runnable(name) else []
    else:
        name += ".exe" if os.name == "nt" else ""
        folders = place.environ.get("PATH", os.defpath).split(os.pathsep)
        # What `make setup` installs; the last resort, as a claude of the user's own goes before it.
        folders += [] if named else [os.path.join(CHECKOUT, "node_modules", ".bin")]
        found = [path for path in (os.path.join(folder, name) for folder in folders) if runnable(path)]
    for path in found:
        if os.path.realpath(path) != os.path.realpath(__file__):
            return path
    raise Problem(f"CLAUDE_LENS_CLAUDE={named} is not a program that can be run" if named else INSTALL, 127)


def ensure_proxy(place: Place) -> Seen:
    """The proxy, which has proved itself, after starting it where that is ours to do."""
    seen = find(place)
    if seen.state == "ours":
        return seen
    if not place.local():
        raise Problem(f"{place.url} does not answer ({seen.said}); check CLAUDE_LENS_URL or start it there")
    if place.look("CLAUDE_LENS_AUTOSTART").lower() in ("0", "false", "no", "off"):
        raise Problem(f"no proxy at {place.url} and CLAUDE_LENS_AUTOSTART is off; run: lensctl up")
    start(place)
    place.read()
    seen = find(place)
    if seen.state != "ours":
        raise Problem(f"started, but {place.url} says: {seen.said}; see: lensctl logs")
    return seen


def find(place: Place) -> Seen:
    """Ours, or none; raises :class:`Problem` where the address is somebody else's."""
    seen = ask(place.url, place.keys(), place.look("CLAUDE_LENS_TRUSTED_URL"))
    if seen.state == "strange" and not place.local() and place.look("CLAUDE_LENS_KEY"):
        # A key of LiteLLM's own is not the one that a proxy proves to know.
        return Seen("ours", f"nothing proves whose proxy {place.url} is: https would", seen.answer)
    if seen.state == "strange" or (seen.state == "foreign" and place.local()):
        raise Problem(refusal(place.url, seen, place.home, bool(place.look("CLAUDE_LENS_PORT"))))
    if seen.state == "foreign":
        raise Problem(f"{place.url} is not a claude-lens proxy: {seen.said}")
    return seen


def start(place: Place) -> None:
    """``lensctl up``, which shows progress and failures itself; standard input stays claude's."""
    import subprocess

    if not (command := find_lensctl(place)):
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


def ask(url: str, keys: Sequence[str] = (), trusted: str = "") -> Seen:
    """What answers ``GET /health`` at ``url``, and whether it proves to know one of ``keys``."""
    import socket

    scheme, host, port, path = split(url)
    nonce = os.urandom(16).hex()
    try:
        connection = socket.create_connection((host, port), CONNECT_TIMEOUT)
    except OSError as error:
        return Seen("down", error.strerror or str(error))
    try:
        peer = written(connection.getpeername())
        with secured(connection, host) if scheme == "https" else connection as stream:
            stream.settimeout(ANSWER_TIMEOUT)
            name = f"[{host}]" if ":" in host else host
            line = f"GET {path}/health?nonce={nonce}&address={peer} HTTP/1.0"
            stream.sendall(f"{line}\r\nHost: {name}:{port}\r\n\r\n".encode())
            data = b"".join(iter(lambda: stream.recv(65536), b""))
    except socket.timeout:  # noqa: UP041 - an alias of TimeoutError only since Python 3.10
        return Seen("foreign", f"no answer within {ANSWER_TIMEOUT:g} s")
    except OSError as error:
        return Seen("foreign", f"it does not speak {scheme} ({error.strerror or error})")
    head, _, body = data.partition(b"\r\n\r\n")
    answer, lines = parse_json(body), head.decode("latin-1").split("\r\n")
    if answer.get("service") != "claude-lens":
        server = [line[7:].strip() for line in lines if line.lower().startswith("server:")]
        said = f"{lines[0][:60] or 'no HTTP'} from {(server or ['an unnamed server'])[0]}"
        return Seen("foreign", printable(said))
    key = proved(answer, keys, nonce, peer)
    if key or same_place(url, trusted) or vouched(url, answer, peer):
        healthy = answer.get("status") == "healthy"
        return Seen("ours", "", answer, key) if healthy else Seen("down", "it is starting", answer, key)
    return Seen("strange", unproved(answer, keys, nonce, peer), answer)


def proof(key: str, nonce: str, address: str) -> str:
    """What only who knows ``key`` can say of ``nonce``: HMAC-SHA256 over it and the address that was asked.

    That is the listening socket's: who takes the port and passes the question on gets one for another.
    """
    import hashlib
    import hmac

    digest = hashlib.sha256(b"claude-lens health\0" + key.encode()).digest()
    return hmac.new(digest, f"{nonce}\n{address}".encode(), "sha256").hexdigest()


def build_of(folder: str) -> str:
    """Which build of the proxy's code lies in ``folder``, the package: a digest; empty where it is none."""
    import hashlib

    digest = hashlib.sha256()
    for root, folders, names in os.walk(folder):
        # The others are rooms that no proxy runs.
        folders[:] = sorted(set(folders) - {"commands", "dashboard", "demo", "terminal"})
        for name in sorted(name for name in names if name.endswith(".py")):
            digest.update(name.encode() + read(os.path.join(root, name)))
    return digest.hexdigest()[:12] if os.path.isdir(os.path.join(folder, "capture")) else ""


def proved(answer: Mapping[str, Any], keys: Sequence[str], nonce: str, address: str) -> str:
    """The key of ``keys`` that an answer about health proves to know; empty where there is none."""
    import hmac

    given = str(answer.get("proof")).encode()
    known = (key for key in keys if hmac.compare_digest(proof(key, nonce, address).encode(), given))
    return next(known, "")


def vouched(url: str, answer: Mapping[str, Any], peer: str) -> bool:
    """Whether TLS says whose proxy it is or, on this machine, the system (of one that proves nothing)."""
    scheme, host, _, _ = split(url)
    if not is_loopback(host):
        return scheme == "https"
    return "proof" not in answer and hasattr(os, "getuid") and listener(peer)[0] == os.getuid()


def unproved(answer: Mapping[str, Any], keys: Sequence[str], nonce: str, address: str) -> str:
    """Why a proxy of claude-lens is not taken for ours, in words."""
    other = answer.get("address")
    if isinstance(other, str) and other != address and proved(answer, keys, nonce, other):
        return f"passes questions on to your proxy at {printable(other)}"
    if "proof" not in answer:
        return "proves nothing, as old versions do"
    return "does not know your key" if keys else "is not yours: you have no key yet"


def refusal(url: str, seen: Seen, home: str, own_name: bool = False) -> str:
    """What to tell the user where something else than their own proxy answers at ``url``."""
    import socket

    _, host, port, _ = split(url)
    strange = seen.state == "strange"
    what = "a claude-lens proxy that " if strange else ""
    text = f"{url} is not {'your' if strange else 'a claude-lens'} proxy: {what}{seen.said}"
    if not is_loopback(host):
        return f"{text}. Check LITELLM_MASTER_KEY, and that the proxy there is of this version"
    ip = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    uid, pid = listener(written((ip, port)))
    # Not the one after it, which is the dashboard's.
    free = next(one for one in range(port + 2, port + 999) if listener(written((ip, one)))[0] is None)
    if uid is not None:
        whose = "you" if uid == os.getuid() else f"user {user_name(uid)}"
        text += f"; it is run by {whose}" + (f" (process {pid})" if pid else "")
    text += ". Nothing was handed over."
    if "passes questions on" in seen.said:
        text += f" If it is a container or tunnel of yours, set CLAUDE_LENS_PUBLISHED={host}:{port} for it."
    elif strange and uid is not None and uid == os.getuid():
        text += " Give it the same LITELLM_MASTER_KEY or CLAUDE_LENS_HOME, or restart it where it started."
    variable = "CLAUDE_LENS_PORT" if own_name else "PORT"
    keep = f"to keep it, put {variable}={free} into {os.path.join(home, '.env')}"
    return f"{text}\nFor a proxy of your own beside it: {variable}={free} claude-lens  ({keep})"


def listener(address: str) -> tuple[int | None, int | None]:
    """``(user id, process id)`` of who listens at ``address`` here; of others' processes only the user.

    Source: /proc/net/tcp and tcp6 of Linux (state 0A listens).
    """
    import socket

    host, _, port = address.rpartition(":")
    raw = socket.inet_pton(socket.AF_INET6 if "[" in host else socket.AF_INET, host.strip("[]"))
    exact = "".join(raw[at : at + 4][::-1].hex().upper() for at in range(0, len(raw), 4))
    found = []
    for line in (read("/proc/net/tcp") + read("/proc/net/tcp6")).decode("ascii", "replace").splitlines():
        fields = [*line.split(), "", "", "", ""]
        local, _, number = fields[1].partition(":")
        listens = fields[3] == "0A" and number == f"{int(port):04X}" and len(local) >= len(exact)
        if listens and (local.endswith(exact) or not local.strip("0")):
            # As Linux chooses: this very address before any, IPv4 before an IPv6 that takes both.
            found.append((local == exact, -len(local), int(fields[7]), fields[9]))
    return (max(found)[2], holder(max(found)[3])) if found else (None, None)


def holder(inode: str) -> int | None:
    """The first process that has a socket of this number open, among those that can be seen."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        folder = f"/proc/{pid}/fd"
        try:
            if any(os.readlink(f"{folder}/{name}") == f"socket:[{inode}]" for name in os.listdir(folder)):
                return int(pid)
        except OSError:
            continue
    return None


def user_name(uid: int) -> str:
    """A user's name, or their number where they have none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def written(name: Any) -> str:
    """A socket's address, as ``getpeername`` and ``getsockname`` give it, as text."""
    host = name[0].partition("%")[0]
    host = host[7:] if host.startswith("::ffff:") and "." in host else host
    return f"[{host}]:{name[1]}" if ":" in host else f"{host}:{name[1]}"


def printable(text: str) -> str:
    """What a stranger said, short and without anything that moves a terminal's cursor."""
    return "".join(char if char.isprintable() else "?" for char in text[:100])


def secured(connection: Any, host: str) -> Any:
    """TLS over ``connection``; verified, except on loopback, where there is nobody in between."""
    import ssl

    context = ssl.create_default_context()
    if is_loopback(host):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=host)


def remarks(environ: Mapping[str, str], place: Place) -> list[str]:
    """What the user should know before claude takes the terminal."""
    notes = []
    own, other = place.look("CLAUDE_LENS_PORT"), place.look("PORT")
    if own and other and own != other and not place.look("CLAUDE_LENS_URL"):
        notes.append(f"CLAUDE_LENS_PORT={own} is used, and PORT={other} is not")
    base = (environ.get("ANTHROPIC_BASE_URL") or "").rstrip("/")
    if base and not same_place(base, place.url) and base != place.look("ANTHROPIC_FORWARD_URL").rstrip("/"):
        chain = f"to send requests on to it, start the proxy with ANTHROPIC_FORWARD_URL={base}"
        notes.append(f"ANTHROPIC_BASE_URL={base} is overridden; {chain}")
    return notes


def outdated(place: Place, seen: Seen) -> str:
    """What to do where the proxy of this home still runs other code than is installed here; empty if not."""
    own = build_of(os.path.dirname(os.path.realpath(__file__)))
    if not own or seen.answer.get("build") == own or seen.answer.get("pid") != place.record.get("pid"):
        return ""
    return "the proxy still runs another build than the installed one; run: lensctl restart"


def greeting(place: Place) -> Sequence[str]:
    """What to know, for the first run from a home folder; shown once, and to nobody without a terminal."""
    if not sys.stderr.isatty() or place.look("CLAUDE_LENS_GREETING").lower() in ("0", "false", "no", "off"):
        return ()
    try:
        os.close(os.open(f"{place.home}/greeted", os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return ()
    where = f"in {place.home}, on this machine" if place.local() else f"by {place.url}"
    look = "to look: lensctl open, or lensctl last (said once; never with CLAUDE_LENS_GREETING=off)"
    return f"all that claude sends and gets is recorded {where}; claude itself is unchanged", look


def login_pays(place: Place) -> bool:
    """Whether a claude.ai login must not be replaced by a key that the proxy once got from elsewhere."""
    if not place.local() or place.look("ANTHROPIC_API_KEY") or place.look("ANTHROPIC_AUTH_TOKEN"):
        return False
    folder = os.path.expanduser(place.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude")
    login = parse_json(read(os.path.join(folder, ".credentials.json"))).get("claudeAiOauth")
    return bool(login or place.environ.get("CLAUDE_CODE_OAUTH_TOKEN"))


def claude_environment(given: Mapping[str, str], place: Place, key: str, proxy_pays: bool) -> dict[str, Any]:
    """What to change in claude's environment; None removes a variable.

    ``proxy_pays``: the proxy has a key for the provider, and its own replaces the client's credential; else
    it travels beside that one, in a header.
    """
    changes: dict[str, Any] = {"ANTHROPIC_BASE_URL": place.url}
    traces = given.get("CLAUDE_CODE_ENABLE_TELEMETRY") and given.get("OTEL_TRACES_EXPORTER")
    hints = {**HINTS, "CLAUDE_CODE_PROPAGATE_TRACEPARENT": "1"} if traces not in (None, "", "none") else HINTS
    changes.update({name: value for name, value in hints.items() if name not in given})
    folder = working_folder(given)
    headers = [line for line in given.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines() if line.strip()]
    headers = [line for line in headers if line.partition(":")[0].strip().lower() not in OUR_HEADERS]
    told = {"project": os.fsencode(folder), "branch": git_branch(folder), "commit": git_commit(folder)}
    headers += [f"x-claude-lens-{name}: {quoted(value)}" for name, value in told.items() if value]
    if proxy_pays:
        changes["ANTHROPIC_AUTH_TOKEN"] = key
        changes["ANTHROPIC_API_KEY"] = None
    else:
        headers.append(f"{KEY_HEADER}: {key}")
        if given.get("ANTHROPIC_AUTH_TOKEN") == key:
            changes["ANTHROPIC_AUTH_TOKEN"] = None
    changes["ANTHROPIC_CUSTOM_HEADERS"] = "\n".join(headers)
    if place.local():
        changes.update(no_proxy(given))
    certificate = place.record.get("tls_cert")
    if certificate and place.url.startswith("https:") and "NODE_EXTRA_CA_CERTS" not in given:
        changes["NODE_EXTRA_CA_CERTS"] = str(certificate)
    return {name: value for name, value in changes.items() if given.get(name) != value}


def no_proxy(environ: Mapping[str, str]) -> dict[str, Any]:
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


def git_commit(folder: str) -> bytes:
    """The commit checked out, with ``-dirty`` where files differ; empty where git tells none at once."""
    import subprocess

    words = ["git", "-C", folder, "--no-optional-locks", "status", "--porcelain=v2", "--branch", "-uno"]
    try:
        told = subprocess.check_output(words, stderr=subprocess.DEVNULL, timeout=GIT_TIMEOUT).splitlines()
    except (OSError, subprocess.SubprocessError):
        return b""
    commit = told[0].partition(b"# branch.oid ")[2] if told else b""
    dirty = b"-dirty" if any(not line.startswith(b"#") for line in told) else b""
    return commit + dirty if commit.isalnum() else b""


def quoted(raw: bytes) -> str:
    """Percent-encoding of everything but unreserved characters and slashes."""
    return "".join(chr(byte) if byte in PLAIN else f"%{byte:02X}" for byte in raw)


def split(url: str) -> tuple[str, str, int, str]:
    """``(scheme, host, port, path)`` of an HTTP address; raises :class:`Problem`."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2]
    whole = authority[1:].partition("]") if authority.startswith("[") else authority.partition(":")
    host, port = whole[0], whole[2].lstrip(":")
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
