"""Whether a configuration leaves LiteLLM nothing to decide about plain Anthropic models, from its text alone.

Nothing here imports LiteLLM: the answer is needed while LiteLLM is still being loaded. What is not known to
be harmless is taken for a decision of LiteLLM's, and the whole configuration then waits for it. A test holds
what is said here against the :class:`~claude_lens.capture.decision.Decider` of a loaded LiteLLM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from claude_lens.agents.routes import SECTION, VARIABLE
from claude_lens.capture.upstream import ANTHROPIC, Upstream, bare_base
from claude_lens.guard import file
from claude_lens.proxy.config import module_file
from claude_lens.settings import PACKAGE

NUMBER = (int, float)
SECTIONS = frozenset(
    ("model_list", "litellm_settings", "router_settings", "general_settings", SECTION, file.SECTION)
)
HARMLESS: dict[str, dict[str, tuple[type, ...]]] = {
    "litellm_settings": {
        "callbacks": (list,),
        "drop_params": (bool,),
        "json_logs": (bool,),
        "modify_params": (bool,),
        "num_retries": (int,),
        "request_timeout": NUMBER,
        "set_verbose": (bool,),
        "telemetry": (bool,),
        "use_chat_completions_url_for_anthropic_messages": (bool,),
    },
    "router_settings": {"disable_cooldowns": (bool,), "num_retries": (int,), "timeout": NUMBER},
    "general_settings": {"cancel_on_disconnect": (bool,), "master_key": (str,)},
}
CALLBACKS: dict[str, str | None] = {
    "callbacks.sqlite_logger.sqlite_logger": "store",
    "callbacks.arize_tracer.arize_tracer": "tracing",
    "callbacks.subagent_router.subagent_router": None,
}
"""Our callbacks, and the sink that each enables."""

PLAIN_PARAMS: dict[str, tuple[type, ...]] = {
    "model": (str,),
    "api_key": (str,),
    "api_base": (str,),
    "base_url": (str,),
    "timeout": NUMBER,
    "stream_timeout": NUMBER,
    "max_retries": (int,),
}
OTHER_PARAMS = frozenset(
    ("custom_llm_provider", "api_version", "aws_region_name", "vertex_project", "vertex_location")
)
"""What a deployment of another provider may carry; one of Anthropic's then waits for LiteLLM."""

HARMLESS_VARIABLES = frozenset(
    ("LITELLM_MASTER_KEY", "LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_MODE", "LITELLM_LOG")
)
DECIDING_VARIABLES = re.compile(r"(LITELLM|DATABASE|REDIS|IAM|USE)_|(DIRECT_URL|STORE_MODEL_IN_DB)\Z")
MASTER_KEY = "os.environ/LITELLM_MASTER_KEY"
# LiteLLM refuses to start with a key that its own documentation made known; those are shorter.
SHORTEST_KEY = 12
REFERENCE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)\Z")
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*\Z")
ANY_CLAUDE = "claude-sonnet-4-5"


class NotSimple(Exception):
    """The configuration has to wait for LiteLLM; the message says why."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """An entry of ``model_list``; ``upstream`` is None where it is not plainly Anthropic's."""

    name: str
    model: str
    upstream: Upstream | None = field(repr=False)

    def serves(self, model: str) -> bool:
        """Whether this is a wildcard that covers ``model``, as LiteLLM's router matches: from the start."""
        pattern = re.escape(self.name).replace(r"\*", "(.*)")
        return "*" in self.name and re.match(pattern, model) is not None

    def target(self, model: str) -> str | None:
        """LiteLLM's name for what answers ``model``; None where it takes more than one wildcard to say."""
        if "*" not in self.name:
            return self.model
        prefix = self.name.removesuffix("*")
        if "*" in prefix or self.model.count("*") != 1:
            return None
        return self.model.replace("*", model.removeprefix(prefix))


@dataclass(frozen=True, slots=True)
class Early:
    """What is known of a simple configuration before LiteLLM is there.

    ``sinks`` are those of ours that it enables; ``credential`` is that of ``GET /health``.
    """

    master_key: str = field(repr=False)
    sinks: frozenset[str]
    credential: Literal["proxy", "client"]
    deployments: tuple[Deployment, ...]

    @property
    def alone(self) -> bool:
        """Whether every model is plainly Anthropic's, so that the usual requests never need LiteLLM."""
        return all(deployment.upstream for deployment in self.deployments)

    def upstream(self, model: str | None) -> Upstream | None:
        """Where the transparent lane takes a request for ``model``; None where LiteLLM has to be asked."""
        return _upstream(self.deployments, model)


def examine(path: Path, environ: Mapping[str, str], forward_url: str | None) -> Early:
    """What is known of the configuration in ``path``. Raises NotSimple."""
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise NotSimple(str(error)) from None
    if not isinstance(config, dict):
        raise NotSimple("it is no mapping")
    key = _check_environment(environ)
    unknown = next((name for name in config if name not in SECTIONS), None)
    if unknown is not None:
        raise NotSimple(f"{unknown} is LiteLLM's business")
    if config.get(SECTION) or environ.get(VARIABLE, "").strip():
        raise NotSimple("requests are routed by rules")
    for section in HARMLESS:
        _check_section(section, config.get(section) or {})
    if (config.get("general_settings") or {}).get("master_key", MASTER_KEY) != MASTER_KEY:
        raise NotSimple("the key is not LITELLM_MASTER_KEY")
    names = (config.get("litellm_settings") or {}).get("callbacks", [])
    made = tuple(_deployments(config.get("model_list"), environ, forward_url))
    if not any(deployment.upstream for deployment in made):
        raise NotSimple("no model goes to Anthropic as it is")
    sinks = frozenset(filter(None, (_sink(name, path.parent) for name in names)))
    return Early(key, sinks, _credential(made, environ), made)


def _check_environment(environ: Mapping[str, str]) -> str:
    for name, value in environ.items():
        if value and name not in HARMLESS_VARIABLES and DECIDING_VARIABLES.match(name):
            raise NotSimple(f"{name} is set")
    if environ.get("LITELLM_LOCAL_MODEL_COST_MAP", "").lower() != "true":
        raise NotSimple("prices are fetched")
    key = environ.get("LITELLM_MASTER_KEY", "")
    if len(key) < SHORTEST_KEY or key != key.strip():
        raise NotSimple("LITELLM_MASTER_KEY is not set, or short")
    return key


def _check_section(section: str, values: object) -> None:
    known = HARMLESS[section]
    for name, value in values.items() if isinstance(values, dict) else [(section, values)]:
        if type(value) not in known.get(name, ()):
            raise NotSimple(f"{section}.{name} is LiteLLM's business")


def _sink(name: object, folder: Path) -> str | None:
    """The sink of one of our callbacks, from the very file that comes with us."""
    if not isinstance(name, str) or name not in CALLBACKS:
        raise NotSimple(f"callback {name} must see every request")
    module = name.rpartition(".")[0]
    found, ours = module_file(module, folder), PACKAGE.parent / Path(*module.split(".")).with_suffix(".py")
    if found is None or not ours.is_file() or found.read_bytes() != ours.read_bytes():
        raise NotSimple(f"callback {name} is not ours")
    return CALLBACKS[name]


def _deployments(
    entries: object, environ: Mapping[str, str], forward_url: str | None
) -> Iterator[Deployment]:
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or set(entry) != {"model_name", "litellm_params"}:
            raise NotSimple("an entry of model_list has more than a name and litellm_params")
        name, params = entry["model_name"], entry["litellm_params"]
        if not isinstance(name, str) or not isinstance(params, dict):
            raise NotSimple("an entry of model_list is malformed")
        for key, value in params.items():
            if value is not None and type(value) not in PLAIN_PARAMS.get(
                key, (str,) if key in OTHER_PARAMS else ()
            ):
                raise NotSimple(f"{key} of {name} is LiteLLM's business")
        given = {key: _resolved(value, environ) for key, value in params.items()}
        model = params.get("model")
        if not isinstance(model, str) or REFERENCE.match(model):
            raise NotSimple(f"{name} has no model of its own")
        plain = model.startswith("anthropic/") and OTHER_PARAMS.isdisjoint(given)
        yield Deployment(name, model, _place(given, forward_url) if plain else None)


def _resolved(value: Any, environ: Mapping[str, str]) -> Any:
    """A value with its reference to the environment resolved, None where that is not set."""
    if not isinstance(value, str) or "os.environ/" not in value:
        return value
    reference = REFERENCE.match(value)
    found = environ.get(reference[1]) if reference else value
    # LiteLLM makes truth values of these, and of what it takes for a secret's address something else.
    if reference is None or (found or "").strip().lower() in ("true", "false"):
        raise NotSimple(f"{value} stands for no plain text")
    return found


def _place(params: Mapping[str, Any], forward_url: str | None) -> Upstream:
    base = params.get("api_base") or params.get("base_url") or forward_url or ANTHROPIC
    return Upstream(bare_base(base), params.get("api_key") or None)


def _upstream(deployments: tuple[Deployment, ...], model: str | None) -> Upstream | None:
    if model is None or not MODEL.match(model):
        return None
    found = [one for one in deployments if one.name == model]
    found = found or [one for one in deployments if one.serves(model)]
    if len(found) != 1 or found[0].target(model) != f"anthropic/{model}":
        return None
    return found[0].upstream


def _credential(
    deployments: tuple[Deployment, ...], environ: Mapping[str, str]
) -> Literal["proxy", "client"]:
    if environ.get("ANTHROPIC_API_KEY") or environ.get("ANTHROPIC_AUTH_TOKEN"):
        return "proxy"
    upstream = _upstream(deployments, ANY_CLAUDE)
    if upstream is None:
        raise NotSimple(f"who pays for {ANY_CLAUDE} is LiteLLM's business")
    return "proxy" if upstream.key else "client"
