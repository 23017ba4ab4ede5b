"""Token counts of an answer, in the one form the rest of the program uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.exchange import Usage


def usage_of(answer: Mapping[str, Any] | None) -> Usage | None:
    """Usage of an Anthropic message, an OpenAI completion or response, or Gemini's; None where it tells none.

    Cache writes without a split by lifetime count as 5-minute writes. OpenAI's prompt tokens include what
    was read from the cache; here they do not. A token count (``{"input_tokens": n}``) is no usage: it is
    not billed. Zeros alone tell none either: LiteLLM puts them where a provider has not counted. Tools of
    the server (``server_tool_use``) are billed beside them.
    """
    usage = answer.get("usage") or answer.get("usageMetadata") if answer else None
    if not isinstance(usage, Mapping):
        return None
    found, tools = _of(usage), usage.get("server_tool_use")
    billed = isinstance(tools, Mapping) and any(tools.values())
    return found if billed or found != Usage() else None


def _of(usage: Mapping[str, Any]) -> Usage | None:
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        return _openai(usage, "prompt_tokens", "completion_tokens", "prompt_tokens_details")
    if "promptTokenCount" in usage or "candidatesTokenCount" in usage:
        return _gemini(usage)
    if "input_tokens_details" in usage:
        return _openai(usage, "input_tokens", "output_tokens", "input_tokens_details")
    if "input_tokens" in usage or "output_tokens" in usage:
        return _anthropic(usage)
    return None


def _anthropic(usage: Mapping[str, Any]) -> Usage:
    split = usage.get("cache_creation")
    split = split if isinstance(split, Mapping) else {}
    five_minutes = _count(split.get("ephemeral_5m_input_tokens"))
    one_hour = _count(split.get("ephemeral_1h_input_tokens"))
    written = max(_count(usage.get("cache_creation_input_tokens")), five_minutes + one_hour)
    return Usage(
        input_tokens=_count(usage.get("input_tokens")),
        output_tokens=_count(usage.get("output_tokens")),
        cache_read_input_tokens=_count(usage.get("cache_read_input_tokens")),
        cache_creation_input_tokens=written,
        cache_creation_5m_input_tokens=written - one_hour,
        cache_creation_1h_input_tokens=one_hour,
    )


def _openai(usage: Mapping[str, Any], prompt: str, completion: str, prompt_details: str) -> Usage:
    details = usage.get(prompt_details)
    details = details if isinstance(details, Mapping) else {}
    total = _count(usage.get(prompt))
    # LiteLLM puts Anthropic's counts beside OpenAI's; DeepSeek has a name of its own for cache hits.
    read = (
        _count(details.get("cached_tokens"))
        or _count(usage.get("cache_read_input_tokens"))
        or _count(usage.get("prompt_cache_hit_tokens"))
    )
    written = _count(details.get("cache_write_tokens")) or _count(usage.get("cache_creation_input_tokens"))
    read = min(read, total)
    written = min(written, total - read)
    return Usage(
        input_tokens=total - read - written,
        output_tokens=_count(usage.get(completion)),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation_5m_input_tokens=written,
    )


def _gemini(usage: Mapping[str, Any]) -> Usage:
    prompt = _count(usage.get("promptTokenCount")) + _count(usage.get("toolUsePromptTokenCount"))
    read = min(_count(usage.get("cachedContentTokenCount")), prompt)
    answered = _count(usage.get("candidatesTokenCount")) + _count(usage.get("thoughtsTokenCount"))
    return Usage(input_tokens=prompt - read, output_tokens=answered, cache_read_input_tokens=read)


def _count(value: object) -> int:
    """A count that can be trusted to be one: anything else is 0."""
    return int(value) if isinstance(value, int | float) and value == value and 0 < value < 2**53 else 0
