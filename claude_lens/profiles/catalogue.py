"""The profiles themselves. Big Claude models go to a big model, small ones to a small one."""

from __future__ import annotations

from claude_lens.profiles.render import Model, Profile, Variable

BIG = (
    "claude-sonnet-4-5",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-sonnet-4-5-20250929",
    "opus",
    "sonnet",
    "claude-*",
)
SMALL = ("claude-haiku-4-5", "claude-haiku-5-5", "haiku", "claude-*haiku*")


def _pair(big: str, small: str) -> tuple[Model, ...]:
    return (
        Model(small, SMALL, "Every small Claude model."),
        Model(big, BIG, "Every other Claude model, whatever its name."),
    )


def _provider(
    name: str, title: str, prefix: str, models: tuple[Model, ...], key: str, sentence: str
) -> Profile:
    variables = (
        Variable(key, sentence),
        Variable(f"{prefix}_BASE_URL", "Another address that speaks the same API.", required=False),
    )
    return Profile(name, title, variables, models, (("api_base", f"os.environ/{prefix}_BASE_URL"),))


ANTHROPIC = Profile(
    "anthropic",
    "Claude itself, byte for byte.",
    (
        Variable("ANTHROPIC_API_KEY", "Key of the Anthropic API; not needed with a claude.ai login.", False),
        Variable("ANTHROPIC_FORWARD_URL", "Another address that speaks Anthropic's API.", False),
    ),
)

OPENAI = _provider(
    "openai",
    "every Claude name is answered by OpenAI; Anthropic is never called.",
    "OPENAI",
    (
        Model("openai/gpt-5-codex", ("claude-smart", "claude-code"), "Short names."),
        Model("openai/gpt-5-mini", ("claude-fast",)),
        *_pair("openai/gpt-5-codex", "openai/gpt-5-mini"),
        Model("openai/gpt-5.6", ("gpt-5.6",), "Today's models under their own names."),
        Model("openai/gpt-5.4-mini", ("gpt-5.4-mini",)),
    ),
    "OPENAI_API_KEY",
    "Key of OpenAI.",
)

GROQ = _provider(
    "groq",
    "open models on Groq, for ANTHROPIC_MODEL=openai/groq-gpt-oss-20b and every Claude name.",
    "GROQ",
    (
        Model(
            "groq/openai/gpt-oss-20b",
            ("openai/groq-gpt-oss-20b", "groq-gpt-oss-20b", "groq/openai/gpt-oss-20b"),
            "Names that people have in their environment.",
        ),
        Model(
            "groq/openai/gpt-oss-120b",
            ("openai/groq-gpt-oss-120b", "groq-gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ),
        Model("groq/llama-3.3-70b-versatile", ("groq-llama-3-70b", "openai/groq-llama-3-70b")),
        *_pair("groq/openai/gpt-oss-120b", "groq/openai/gpt-oss-20b"),
    ),
    "GROQ_API_KEY",
    "Key of Groq.",
)

PLANO_CONFIG = """\
# What the router itself needs: plano up plano_config.yaml
version: v0.4.0

listeners:
  - type: model
    name: claude_lens
    address: 127.0.0.1
    port: 8080

model_providers:
  - model: gemini/gemini-2.0-flash-exp
    access_key: $GEMINI_API_KEY
    default: true
  - model: gemini/gemini-2.5-pro
    access_key: $GEMINI_API_KEY
  - model: deepseek/deepseek-chat
    access_key: $DEEPSEEK_API_KEY
  - model: qwen/qwen3-coder-plus
    access_key: $DASHSCOPE_API_KEY
  - model: openai/gpt-4o
    access_key: $OPENAI_API_KEY
"""

PLANO = Profile(
    "plano",
    "an OpenAI-format router of your own; plano_config.yaml beside this file is for it.",
    (
        Variable("PLANO_BASE_URL", "Address of the router, http://localhost:8080 by default.", False),
        Variable("PLANO_API_KEY", "Its key, if it wants one.", False),
    ),
    (
        *_pair("openai/gemini/gemini-2.5-pro", "openai/gemini/gemini-2.0-flash-exp"),
        Model("openai/gemini/gemini-2.0-flash-exp", ("plano-gemini",), "Its other models, by short names."),
        Model("openai/deepseek/deepseek-chat", ("plano-deepseek",)),
        Model("openai/qwen/qwen3-coder-plus", ("plano-qwen",)),
        Model("openai/openai/gpt-4o", ("plano-openai",)),
    ),
    # Both are derived from the variables above when the proxy starts.
    (("api_base", "os.environ/PLANO_API_BASE"), ("api_key", "os.environ/PLANO_ROUTER_KEY")),
    files={"plano_config.yaml": PLANO_CONFIG},
)

OLLAMA = Profile(
    "ollama",
    "models on this machine.",
    (Variable("OLLAMA_API_BASE", "Address of Ollama, http://localhost:11434 by default.", False),),
    _pair("ollama_chat/qwen3-coder", "ollama_chat/qwen3:8b"),
    (("api_base", "os.environ/OLLAMA_API_BASE"),),
)

BEDROCK = Profile(
    "bedrock",
    "Claude on Amazon Bedrock.",
    (
        Variable("AWS_REGION_NAME", "Region, such as us-east-1."),
        Variable("AWS_ACCESS_KEY_ID", "Key; a profile or a role does as well.", False),
        Variable("AWS_SECRET_ACCESS_KEY", "Its secret.", False),
    ),
    (
        Model("bedrock/us.anthropic.claude-haiku-5-5", SMALL, "Every small Claude model."),
        Model("bedrock/us.anthropic.claude-sonnet-5-5", BIG, "Every other Claude model."),
    ),
    (("aws_region_name", "os.environ/AWS_REGION_NAME"),),
)


VERTEX = Profile(
    "vertex",
    "Claude on Google Vertex AI.",
    (
        Variable("VERTEXAI_PROJECT", "Project."),
        Variable("VERTEXAI_LOCATION", "Region, such as us-east5."),
        Variable("GOOGLE_APPLICATION_CREDENTIALS", "File of a service account.", False),
        Variable("VERTEXAI_API_BASE", "Another address that speaks the same API.", False),
    ),
    (
        Model("vertex_ai/claude-haiku-5-5", SMALL, "Every small Claude model."),
        Model("vertex_ai/claude-sonnet-5-5", BIG, "Every other Claude model."),
    ),
    (
        ("vertex_project", "os.environ/VERTEXAI_PROJECT"),
        ("vertex_location", "os.environ/VERTEXAI_LOCATION"),
        ("api_base", "os.environ/VERTEXAI_API_BASE"),
    ),
)

MIXED_ROUTES = """\
# Who is answered by another model: by the agent's name, then by rules, the first that matches.
# Conditions: agent (a glob, or main), type, class, model (a glob), min_tokens. `lensctl routes` shows them.
subagent_routing:
  agents:
    code-reviewer: openai:gpt-5-mini
  rules:
    - type: Explore
      to: openai:gpt-5-mini
    - agent: general-purpose
      to: openai:gpt-5-mini
"""

MIXED = Profile(
    "mixed",
    "the main agent on Anthropic, byte for byte; subagents by rule.",
    (
        *ANTHROPIC.variables,
        Variable("OPENAI_API_KEY", "Key of OpenAI, for the rules below."),
        Variable("OPENAI_BASE_URL", "Another address that speaks OpenAI's API.", False),
    ),
    extra=MIXED_ROUTES,
)

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        ANTHROPIC,
        OPENAI,
        GROQ,
        PLANO,
        _provider(
            "gemini",
            "every Claude name is answered by Google's Gemini.",
            "GEMINI",
            _pair("gemini/gemini-2.5-pro", "gemini/gemini-2.5-flash"),
            "GEMINI_API_KEY",
            "Key of Google AI Studio.",
        ),
        _provider(
            "deepseek",
            "every Claude name is answered by DeepSeek.",
            "DEEPSEEK",
            _pair("deepseek/deepseek-chat", "deepseek/deepseek-chat"),
            "DEEPSEEK_API_KEY",
            "Key of DeepSeek.",
        ),
        _provider(
            "qwen",
            "every Claude name is answered by Qwen.",
            "DASHSCOPE",
            _pair("dashscope/qwen3-coder-plus", "dashscope/qwen3-coder-flash"),
            "DASHSCOPE_API_KEY",
            "Key of Alibaba Cloud's Model Studio.",
        ),
        _provider(
            "openrouter",
            "every Claude name is answered through OpenRouter.",
            "OPENROUTER",
            _pair("openrouter/qwen/qwen3-coder", "openrouter/openai/gpt-5-mini"),
            "OPENROUTER_API_KEY",
            "Key of OpenRouter.",
        ),
        OLLAMA,
        BEDROCK,
        VERTEX,
        MIXED,
    )
}
