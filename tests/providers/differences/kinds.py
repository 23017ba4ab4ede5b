"""Every kind of difference from LiteLLM alone, with its reason, and whether it is for the better.

A difference that none covers fails the sample in the test suite and `make differences`.
"""

from __future__ import annotations

from tests.providers.differences.kind import OTHERS, TRANSLATED, Kind

UPSTREAM = (
    Kind(
        "What Claude Code sends goes on to Claude byte for byte, fields and headers that LiteLLM does "
        "not know and "
        "adaptive thinking among them; LiteLLM makes up a budget, an `Accept` and a `User-Agent` of its own.",
        "better",
        "provider",
        (
            "added a_field_of_tomorrow.x",
            "added an_unknown_field.*",
            "added output_config.effort",
            "added thinking.*",
            "added x_order",
            "added z_é",
            "changed messages[].content[].*id",
            "changed messages[].content[].text",
            "changed messages[].content[].type",
            "changed thinking.type",
            "lost thinking.budget_tokens",
            "header accept* lost",
            "header anthropic-beta *",
            "header user-agent *",
            "header x-app added",
            "header x-claude-code-session-id added",
            "header x-stainless-* added",
        ),
        ("anthropic",),
    ),
    Kind(
        "A thought that another provider made does not go to Claude, which refuses its signature.",
        "better",
        "provider",
        ("changed messages[].content[].signature", "changed messages[].content[].thinking"),
        ("anthropic",),
    ),
    Kind(
        "`openai/…` is asked in chat completions, which whatever stands behind an address of one's own "
        "speaks; "
        "LiteLLM alone asks Responses.",
        "better",
        "provider",
        ("path: /v1/responses is /v1/chat/completions",),
        ("openai",),
    ),
    Kind(
        "A web search that the provider cannot make is answered as unavailable; the model would invent "
        "results.",
        "better",
        "provider",
        ("asked: 1 is 0",),
        ("chat", "ollama", "deepseek"),
    ),
    Kind(
        "The billing block that the client writes for Anthropic's books is no system prompt of anybody else.",
        "better",
        "provider",
        ("changed system_instruction.parts[].text", "lost system_instruction.parts[].text"),
        ("gemini",),
    ),
    Kind(
        "Text: without the billing block, without blocks that are empty, with messages of role `system` "
        "as reminders "
        "in their place, tool references and errors of tools in words; of PDF files, where the target "
        "takes none, "
        "the name. In chat completions a text is sent as a list of one part, as OpenAI's schema has it.",
        "better",
        "provider",
        (
            "* messages[].content",
            "* messages[].content[].text",
            "* messages[].content[].type",
            "changed messages[].content[].image_url.url",
            "changed messages[].images*",
            "changed messages[].role",
            "changed contents[].parts[].text",
            "changed contents[].parts[].function_response.response.content",
        ),
        ("chat", "gemini", "ollama"),
    ),
    Kind(
        "In Responses the same, and the system prompt as a message of role `system` where LiteLLM alone "
        "fills "
        "`instructions`.",
        "better",
        "provider",
        ("changed input", "lost instructions"),
        ("responses",),
    ),
    Kind(
        "A thought goes back to the model that made it and to nobody else: others are sent as if they "
        "were this "
        "model's own by LiteLLM alone.",
        "better",
        "provider",
        (
            "lost contents[].parts[].thought",
            "lost messages[].reasoning_content",
            "lost messages[].thinking",
            "lost messages[].content[].data",
            "lost messages[].content[].signature",
            "lost messages[].content[].thinking",
            "changed messages[].content[].type",
        ),
        ("chat", "gemini", "ollama", "deepseek"),
    ),
    Kind(
        "A model that is known not to see gets words in the place of an image, instead of refusing this "
        "turn and "
        "all that follow.",
        "better",
        "provider",
        (
            "* messages[].content[].text",
            "* messages[].content[].source.*",
            "* messages[].content[].content[].*",
        ),
        ("deepseek",),
    ),
    Kind(
        "An image of a tool's result comes after it in the same turn; in a result Gemini takes none "
        "before version 3.",
        "better",
        "provider",
        ("* contents[].parts[].inline_data.*", "* contents[].parts[].function_response.parts[].*"),
        ("gemini",),
    ),
    Kind(
        "Fields that only Anthropic knows, or nobody, are left out; LiteLLM alone sends them to whoever "
        "answers, "
        "and a strict provider refuses.",
        "better",
        "provider",
        (
            "lost a_field_of_tomorrow.x",
            "lost an_unknown_field.*",
            "lost options.*",
            "lost x_order",
            "lost z_é",
        ),
        ("chat", "ollama"),
    ),
    Kind(
        "A search of Anthropic's own beside other tools is left out. Claude Code searches in a request of "
        "its own, which is mapped to the provider's search.",
        "equal",
        "provider",
        ("lost web_search_options", "changed tools[].type"),
        ("chat", "responses"),
    ),
    Kind(
        "Tools that are deferred and that nobody has found yet are left out, as with Claude; names of "
        "more than "
        "64 characters are shortened; a server tool of Anthropic's own is no function; `$schema` goes.",
        "better",
        "provider",
        (
            "* tools[].function.name",
            "* tools[].function.parameters",
            "* tools[].type",
            "* tools[].function_declarations[].*",
            "* tools[].name",
            "* tools[].parameters",
            "changed tools[].description",
            "lost tools[].strict",
            "lost tools[].function.strict",
        ),
        ("chat", "gemini", "ollama", "responses"),
    ),
    Kind(
        "Ids of calls that are too long for OpenAI's formats (40 characters) are shortened, alike in "
        "call and "
        "result; LiteLLM alone is refused.",
        "better",
        "provider",
        ("changed messages[].tool_call_id", "changed messages[].tool_calls[].id"),
        ("chat", "ollama"),
    ),
    Kind(
        "`max_tokens` is lowered to what the model can answer with, as it is for Claude's largest; 0 (the "
        "client warms a cache that is Anthropic's) becomes 4,096, since nobody else takes it.",
        "better",
        "provider",
        (
            "changed generationConfig.max_output_tokens",
            "changed max_tokens",
            "changed options.num_predict",
            "added max_output_tokens",
        ),
        ("chat", "gemini", "ollama", "responses"),
    ),
    Kind(
        "An effort without thinking reaches the model.",
        "better",
        "provider",
        ("added generationConfig.thinkingConfig.*", "added reasoning.effort"),
        ("gemini", "responses"),
    ),
    Kind(
        "The user's device, account and session are not told to other providers: what belongs together "
        "in their "
        "prompt cache is named by a digest of the session.",
        "better",
        "provider",
        ("lost user", "changed prompt_cache_key"),
        ("chat", "responses"),
    ),
    Kind(
        "A model of which LiteLLM's list does not say that it reasons is not asked to: Claude Code asks "
        "for thinking "
        "in every request, and a server whose model has none refuses each of them.",
        "equal",
        "provider",
        ("lost reasoning_effort", "lost think"),
        ("chat", "ollama"),
    ),
    Kind(
        "The same request by way of LiteLLM's chat form: 4,096 tokens of thought are a medium effort "
        "(LiteLLM alone: "
        "high), a form for the answer is strict, what is not set is `null`.",
        "equal",
        "provider",
        (
            "changed reasoning.effort",
            "changed text.format.strict",
            "changed tools[].strict",
            "added tools[].description",
        ),
        ("responses",),
    ),
    Kind(
        "LiteLLM asks models that have only Responses for their encrypted thoughts, and gives them back "
        "after a call. "
        "With claude-lens these models, which LiteLLM reaches by its chat form, think anew.",
        "worse",
        "provider",
        ("lost include[]",),
        ("responses",),
    ),
    Kind(
        "The same for a search of the provider's own, which OpenAI makes in Responses only.",
        "equal",
        "provider",
        ("lost include[]", "changed tools[].type"),
        ("openai",),
    ),
)
DOWNSTREAM = (
    Kind(
        "Calls come apart, each with its own arguments, whether they came in one piece, interleaved, at "
        "the end, or "
        "with their names repeated.",
        "better",
        "client",
        (
            "content: nothing is tool_use, tool_use",
            "content: other words",
            "content: text, tool_use is text, tool_use, tool_use",
            "content: thinking, text, tool_use is thinking, text, tool_use, tool_use",
            "content: tool_use is tool_use, tool_use*",
            "content: tool_use, tool_use is tool_use",
        ),
        ("chat", "gemini", "ollama", "responses"),
    ),
    Kind(
        "Thinking is a thinking block, in `<think>` or from chat completions.",
        "better",
        "client",
        ("content: text is thinking, text", "content: text, tool_use is thinking, text, tool_use"),
        ("chat", "ollama", "openai"),
    ),
    Kind(
        "An answer in one piece, an array instead of a stream, the words of a refusal: the client gets them.",
        "better",
        "client",
        (
            "content: nothing is text",
            "error: * is none",
            "message: added",
            "status: * is 200",
            "stop_reason: None is *",
            "stop_reason: end_turn is refusal",
            "lost stop_details.*",
        ),
    ),
    Kind(
        "An answer that broke off is a connection that broke off, which the client tries again; LiteLLM "
        "alone ends it "
        "as if it were whole.",
        "better",
        "client",
        ("cut: shown", "stop_reason: end_turn is None", "content: text is nothing"),
        TRANSLATED,
    ),
    Kind(
        "What the provider did not count is not told as counted; what it counted, is.",
        "better",
        "client",
        ("changed usage.*_tokens",),
        TRANSLATED,
    ),
    Kind(
        "A refusal before the first word keeps its status, its `retry-after` and the provider's words, "
        "by which the "
        "client waits, compacts or stops; LiteLLM alone says 200 and wraps the words. In mid-stream its "
        "type is one of "
        "Anthropic's.",
        "better",
        "client",
        (
            "error: *",
            "message: lost",
            "status: 200 is *",
            "header retry-after added",
            "header content-type changed",
            "header cache-control lost",
            "header x-accel-buffering lost",
            "header x-request-id added",
        ),
        OTHERS,
    ),
    Kind(
        "A web search that the provider cannot make is answered by the proxy, as unavailable, at no cost.",
        "better",
        "client",
        (
            "content: thinking, text, tool_use is server_tool_use, web_search_tool_result, text",
            "stop_reason: tool_use is end_turn",
            "changed usage.*",
            "lost usage.*",
            "header llm_provider-* lost",
            "header request-id lost",
        ),
        ("chat", "ollama", "deepseek"),
    ),
    Kind(
        "Claude's answer has Claude's headers, its limits among them, and none of LiteLLM's or of an app "
        "for browsers.",
        "better",
        "client",
        (
            "header anthropic-* added",
            "header content-security-policy lost",
            "header llm_provider-* lost",
            "header request-id added",
            "header vary lost",
            "header x-accel-buffering lost",
            "header x-*-options lost",
            "header x-litellm-* lost",
            "lost litellm_count_source",
        ),
        ("anthropic",),
    ),
    Kind(
        "An answer that is not streamed is no longer said to be compressed where it is not, so that a "
        "client can "
        "read it.",
        "better",
        "client",
        ("header content-encoding lost",),
        ("anthropic", "deepseek"),
    ),
    Kind(
        "A stream in the place of LiteLLM's refusal of the request has a stream's headers.",
        "equal",
        "client",
        ("header cache-control added", "header x-accel-buffering added"),
        ("chat", "openai", "responses"),
    ),
    Kind(
        "A count comes from us, without an app's headers for browsers.",
        "equal",
        "client",
        ("header content-security-policy lost", "header vary lost", "header x-*-options lost"),
        ("gemini",),
    ),
    Kind(
        "Every answer of a provider has an id of its own.",
        "equal",
        "client",
        ("header request-id changed",),
        ("anthropic", "deepseek"),
    ),
)
KINDS = (*UPSTREAM, *DOWNSTREAM)


def kind_of(form: str, label: str) -> Kind | None:
    """The first kind that covers a difference."""
    return next((kind for kind in KINDS if kind.covers(form, label)), None)
