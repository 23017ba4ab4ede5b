import subprocess
import sys
from pathlib import Path

import pytest

from claude_lens import settings
from claude_lens.errors import SettingError
from claude_lens.settings import load


def test_defaults(tmp_path: Path) -> None:
    found = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    assert found.home == tmp_path
    assert found.url == "http://127.0.0.1:8082"
    assert (found.host, found.port, found.web_port) == ("127.0.0.1", 8082, 8083)
    assert found.database_url == f"sqlite:///{tmp_path}/lens.db"
    assert (found.connect_timeout, found.read_timeout, found.write_timeout, found.idle_timeout) == (
        10,
        600,
        600,
        120,
    )
    assert found.queue_bytes == 256 << 20
    assert found.autostart is True
    assert found.strict is False
    assert (found.keep_days, found.max_size, found.forward_url, found.master_key, found.key) == (None,) * 5
    assert (found.transparent, found.bodies) == ("auto", "on")


def test_our_own_names_come_first_and_a_conflict_is_said(tmp_path: Path) -> None:
    given = {"CLAUDE_LENS_HOME": str(tmp_path), "PORT": "3000", "CLAUDE_LENS_PORT": "9001"}
    given |= {"CLAUDE_LENS_READ_TIMEOUT": "5m", "READ_TIMEOUT": "1m", "WEB_PORT": " 9002"}
    given |= {"CLAUDE_LENS_WEB_PORT": "9002"}
    found = load(given)
    assert (found.port, found.web_port, found.read_timeout) == (9001, 9002, 300)
    assert settings.conflicts(given) == [
        "CLAUDE_LENS_PORT=9001 is used, and PORT=3000 is not",
        "CLAUDE_LENS_READ_TIMEOUT=5m is used, and READ_TIMEOUT=1m is not",
    ]


def test_names_of_other_tools(tmp_path: Path) -> None:
    found = load(
        {
            "CLAUDE_LENS_HOME": str(tmp_path),
            "PORT": "9001",
            "WEB_PORT": "9002",
            "DB_PATH": str(tmp_path / "requests.db"),
            "READ_TIMEOUT": "10m",
            "WRITE_TIMEOUT": "90",
            "IDLE_TIMEOUT": "1h",
            "ANTHROPIC_FORWARD_URL": "https://gateway.example/",
            "ANTHROPIC_VERSION": "2023-06-01",
            "ANTHROPIC_MAX_RETRIES": "3",
            "LITELLM_MASTER_KEY": "sk-one",
        }
    )
    assert (found.port, found.web_port, found.url) == (9001, 9002, "http://127.0.0.1:9001")
    assert found.database_url == f"sqlite:///{tmp_path}/requests.db"
    assert (found.read_timeout, found.write_timeout, found.idle_timeout) == (600, 90, 3600)
    assert found.forward_url == "https://gateway.example"
    assert (found.anthropic_version, found.anthropic_max_retries) == ("2023-06-01", 3)
    assert found.master_key == "sk-one"


def test_every_alias_is_read(tmp_path: Path) -> None:
    for name, entry in settings.TABLE.items():
        for alias in entry.aliases:
            value = "77" if name != "database_url" else "sqlite:///x"
            got = getattr(load({"CLAUDE_LENS_HOME": str(tmp_path), alias: value}), name)
            assert got == 77, alias


def test_port_and_address_agree(tmp_path: Path) -> None:
    home = {"CLAUDE_LENS_HOME": str(tmp_path)}
    assert load({**home, "CLAUDE_LENS_URL": "http://localhost:9100/"}).port == 9100
    assert load({**home, "CLAUDE_LENS_URL": "https://127.0.0.1"}).port == 443
    assert load({**home, "CLAUDE_LENS_URL": "https://lens.example"}).port == 8082
    assert load({**home, "CLAUDE_LENS_HOST": "0.0.0.0", "PORT": "9"}).url == "http://127.0.0.1:9"
    assert load({**home, "CLAUDE_LENS_HOST": "::1"}).url == "http://[::1]:8082"


def test_order_of_sources(tmp_path: Path) -> None:
    home, bundle = tmp_path / "home", tmp_path / "bundle"
    home.mkdir()
    bundle.mkdir()
    config = bundle / "litellm_config.yaml"
    config.write_text("model_list: []\n")
    (home / ".env").write_text("PORT=1\nWEB_PORT=1\nREAD_TIMEOUT=1\nOPENAI_API_KEY=from-home\n")
    (bundle / ".env").write_text("PORT=2\nWEB_PORT=2\nOPENAI_API_KEY='a $b'\nIDLE_TIMEOUT=\n")
    environ = {"CLAUDE_LENS_HOME": str(home), "CLAUDE_LENS_CONFIG": str(config), "PORT": "3", "WEB_PORT": ""}
    found = load(environ)
    assert (found.port, found.web_port, found.read_timeout, found.idle_timeout) == (3, 2, 1, 120)
    merged = settings.environment(environ)
    assert merged["OPENAI_API_KEY"] == "a $b"
    assert merged["CLAUDE_LENS_HOME"] == str(home)


def test_beside_the_configuration_goes_before_home_wherever_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, checkout = tmp_path / "home", tmp_path / "checkout"
    for folder in (home, checkout):
        folder.mkdir()
    (checkout / "litellm_config.yaml").write_text("model_list: []\n")
    (checkout / ".env").write_text("PORT=2\n")
    (home / ".env").write_text("PORT=1\nWEB_PORT=1\n")
    environ = {"CLAUDE_LENS_HOME": str(home)}
    monkeypatch.setattr(settings, "PACKAGE", checkout / "claude_lens")
    found = load(environ)
    assert (found.port, found.web_port, found.config) == (2, 1, checkout / "litellm_config.yaml")
    monkeypatch.setattr(settings, "PACKAGE", tmp_path / "elsewhere" / "claude_lens")
    (home / ".env").write_text(f"PORT=1\nWEB_PORT=1\nCLAUDE_LENS_CONFIG={checkout / 'litellm_config.yaml'}\n")
    found = load(environ)
    assert (found.port, found.web_port, found.config) == (2, 1, checkout / "litellm_config.yaml")


def test_home_may_be_named_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"CLAUDE_LENS_HOME={tmp_path}/other\n")
    found = load({}, config=tmp_path / "litellm_config.yaml")
    assert found.home == tmp_path / "other"
    assert found.config == tmp_path / "litellm_config.yaml"


def test_config_of_home_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "litellm_config.yaml"
    shipped = load({"CLAUDE_LENS_HOME": str(tmp_path)}).config
    assert shipped is None or shipped.parent != tmp_path
    own.write_text("model_list: []\n")
    assert load({"CLAUDE_LENS_HOME": str(tmp_path)}).config == own


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("PORT", "80a", "a whole number from 1 to 65535"),
        ("READ_TIMEOUT", "soon", "a duration above zero, such as 120, 90s or 10m"),
        ("CLAUDE_LENS_URL", "localhost", "an address such as http://127.0.0.1:8082"),
        ("CLAUDE_LENS_BODIES", "some", "on or off"),
        ("CLAUDE_LENS_AUTOSTART", "2", "1 or 0"),
        ("CLAUDE_LENS_MAX_SIZE", "lots", "a size above zero, such as 256MB or 5GB"),
    ],
)
def test_bad_value_names_variable_value_and_what_is_right(name: str, value: str, right: str) -> None:
    with pytest.raises(SettingError) as caught:
        load({name: value})
    assert str(caught.value) == f"{name}={value!r} is not valid: expected {right}"
    assert caught.value.exit_code == 2


def test_secrets_stay_out_of_messages(tmp_path: Path) -> None:
    secret = "sk-very-secret"
    found = load(
        {
            "CLAUDE_LENS_HOME": str(tmp_path),
            "LITELLM_MASTER_KEY": secret,
            "CLAUDE_LENS_KEY": secret,
            "CLAUDE_LENS_DATABASE_URL": f"postgresql://me:{secret}@host/lens",
        }
    )
    assert secret not in repr(found)
    with pytest.raises(SettingError) as caught:
        load({"CLAUDE_LENS_DATABASE_URL": f"mysql://me:{secret}@host/lens"})
    assert secret not in str(caught.value)


def test_loopback() -> None:
    assert all(
        settings.is_loopback(f"http://{host}:1") for host in ("127.0.0.1", "localhost", "[::1]", "127.9.9.9")
    )
    assert not any(
        settings.is_loopback(f"http://{host}:1") for host in ("10.0.0.1", "127.example", "lens.example")
    )


def test_the_program_checks_its_generated_files() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "claude_lens.settings", "--check"], capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
