import ipaddress
import json
import os
import socket
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from claude_lens.proxy import key as keys
from claude_lens.proxy.health import get, health
from tests.harness.lens import Lens

UP = (sys.executable, "-P", "-m", "claude_lens", "up")


def test_two_at_once_start_one(lens: Lens) -> None:
    both = [lens.start(*UP, "--json") for _ in range(2)]
    told = [json.loads(child.communicate(timeout=120)[0]) for child in both]
    assert sorted(one["started"] for one in told) == [False, True]
    assert told[0]["pid"] == told[1]["pid"] == health(lens.url).pid
    assert (told[0]["url"], told[1]["url"]) == (lens.url, lens.url)


def test_runs_already(served: Lens) -> None:
    done = served.lensctl("up")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"the proxy runs already at {served.url} (process ")
    done = served.lensctl("up", "--port", "9")
    assert "to serve http://127.0.0.1:9 instead: lensctl down" in done.stderr
    done = served.lensctl("up", "--foreground")
    assert (done.returncode, done.stdout) == (2, "")
    assert "runs already" in done.stderr


def test_mistakes_are_one_line_before_anything_starts(lens: Lens) -> None:
    config = lens.folder / "mine.yaml"
    config.write_text("litellm_settings:\n  callbacks: [nobody.knows.this]\n")
    for words, said in (
        (["--config", str(config)], f"lensctl: {config}:2: unknown callback 'nobody.knows.this'"),
        (["--config", "missing.yaml"], f"lensctl: {lens.cwd}/missing.yaml: no such file"),
        (["--host", "0.0.0.0"], "lensctl: listening on 0.0.0.0 lets others in: set LITELLM_MASTER_KEY"),
        (["--tls-cert", str(config)], "lensctl: --tls-cert and --tls-key belong together"),
    ):
        done = lens.lensctl("up", *words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(said)
    done = lens.lensctl("up", READ_TIMEOUT="soon")
    assert done.returncode == 2
    assert done.stderr == (
        "lensctl: READ_TIMEOUT='soon' is not valid: expected a duration above zero, such as 120, 90s or 10m\n"
    )
    assert not (lens.home / "proxy.json").exists()


def test_port_is_taken(lens: Lens) -> None:
    with socket.create_server(("127.0.0.1", lens.port)) as other:
        other.listen()
        done = lens.lensctl("up")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{lens.url} is not a claude-lens proxy: accepts connections but did not answer" in done.stderr
    assert f"it is run by you (process {os.getpid()})" in done.stderr
    assert "PORT=" in done.stderr


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for loopback."""
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
    signed = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    cert.write_bytes(signed.public_bytes(pem))
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return cert, private


def test_foreground_with_tls_on_every_address(lens: Lens, certificate: tuple[Path, Path]) -> None:
    cert, private = certificate
    words = ["--foreground", "--host", "0.0.0.0", "--tls-cert", str(cert), "--tls-key", str(private)]
    child = lens.start(*UP, *words, LITELLM_MASTER_KEY="sk-of-my-own")
    url = lens.url.replace("http:", "https:")
    try:
        while not health(url).healthy:
            assert child.poll() is None, child.communicate()
        assert health(url).pid == child.pid
        assert ssl.get_server_certificate(("127.0.0.1", lens.port)).strip() == cert.read_text().strip()
        # The list waits for LiteLLM.
        assert get(url, "/v1/models", {"x-api-key": "sk-of-my-own"}, timeout=60)[0] == 200
        assert get(url, "/v1/models", {"x-api-key": "sk-wrong"})[0] == 401
        assert lens.lensctl("status", LITELLM_MASTER_KEY="sk-of-my-own").returncode == 0
        done = lens.launch(CLAUDE_LENS_URL=url, LITELLM_MASTER_KEY="sk-of-my-own")
        assert (done.returncode, done.stderr) == (7, "")
        assert lens.told["env"]["NODE_EXTRA_CA_CERTS"] == str(cert)
        psutil.Process(child.pid).terminate()
        out, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 0
    assert keys.existing(lens.settings) is None
    assert "sk-of-my-own" not in out
