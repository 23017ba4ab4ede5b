"""Every attribute name and fixed value that a span of ours may carry.

Sources: OpenInference's semantic conventions, OpenTelemetry's GenAI ones. Names that older releases of those
packages lack are spelled out, so that one version's spans look like another's.
"""

from __future__ import annotations

from typing import Final

from openinference.semconv.trace import (
    MessageAttributes,
    MessageContentAttributes,
    OpenInferenceSpanKindValues,
    SpanAttributes,
    ToolAttributes,
    ToolCallAttributes,
)

KIND: Final = SpanAttributes.OPENINFERENCE_SPAN_KIND
AGENT: Final = OpenInferenceSpanKindValues.AGENT.value
LLM: Final = OpenInferenceSpanKindValues.LLM.value
TOOL: Final = OpenInferenceSpanKindValues.TOOL.value

INPUT_VALUE: Final = SpanAttributes.INPUT_VALUE
INPUT_MIME: Final = SpanAttributes.INPUT_MIME_TYPE
OUTPUT_VALUE: Final = SpanAttributes.OUTPUT_VALUE
OUTPUT_MIME: Final = SpanAttributes.OUTPUT_MIME_TYPE
JSON: Final = "application/json"
TEXT: Final = "text/plain"

SESSION_ID: Final = SpanAttributes.SESSION_ID
USER_ID: Final = SpanAttributes.USER_ID
AGENT_NAME: Final = "agent.name"
METADATA: Final = SpanAttributes.METADATA
TAGS: Final = SpanAttributes.TAG_TAGS
NODE_ID: Final = "graph.node.id"
NODE_PARENT: Final = "graph.node.parent_id"

MODEL_NAME: Final = SpanAttributes.LLM_MODEL_NAME
PROVIDER: Final = "llm.provider"
SYSTEM: Final = "llm.system"
PARAMETERS: Final = SpanAttributes.LLM_INVOCATION_PARAMETERS
FINISH_REASON: Final = "llm.finish_reason"
INPUT_MESSAGES: Final = SpanAttributes.LLM_INPUT_MESSAGES
OUTPUT_MESSAGES: Final = SpanAttributes.LLM_OUTPUT_MESSAGES
LLM_TOOLS: Final = "llm.tools"
TOOL_SCHEMA: Final = "tool.json_schema"

TOKENS_PROMPT: Final = SpanAttributes.LLM_TOKEN_COUNT_PROMPT
TOKENS_COMPLETION: Final = SpanAttributes.LLM_TOKEN_COUNT_COMPLETION
TOKENS_TOTAL: Final = SpanAttributes.LLM_TOKEN_COUNT_TOTAL
TOKENS_CACHE_READ: Final = "llm.token_count.prompt_details.cache_read"
TOKENS_CACHE_WRITE: Final = "llm.token_count.prompt_details.cache_write"

COST_TOTAL: Final = "llm.cost.total"
GEN_AI_COST: Final = "gen_ai.usage.cost"
LANGFUSE: Final = "langfuse."
"""What begins so is for Langfuse alone."""
LANGFUSE_USAGE: Final = "langfuse.observation.usage_details"
LANGFUSE_COST: Final = "langfuse.observation.cost_details"
COST_PROMPT: Final = "llm.cost.prompt"
COST_COMPLETION: Final = "llm.cost.completion"

ROLE: Final = MessageAttributes.MESSAGE_ROLE
CONTENT: Final = MessageAttributes.MESSAGE_CONTENT
CONTENTS: Final = MessageAttributes.MESSAGE_CONTENTS
TOOL_CALLS: Final = MessageAttributes.MESSAGE_TOOL_CALLS
ANSWERED_CALL: Final = "message.tool_call_id"
PART_TYPE: Final = MessageContentAttributes.MESSAGE_CONTENT_TYPE
PART_TEXT: Final = MessageContentAttributes.MESSAGE_CONTENT_TEXT
CALL_ID: Final = "tool_call.id"
CALL_NAME: Final = ToolCallAttributes.TOOL_CALL_FUNCTION_NAME
CALL_ARGUMENTS: Final = ToolCallAttributes.TOOL_CALL_FUNCTION_ARGUMENTS_JSON

TOOL_NAME: Final = SpanAttributes.TOOL_NAME
TOOL_PARAMETERS: Final = SpanAttributes.TOOL_PARAMETERS

GEN_AI_OPERATION: Final = "gen_ai.operation.name"
GEN_AI_PROVIDER: Final = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
GEN_AI_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
GEN_AI_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
GEN_AI_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_CACHE_WRITE: Final = "gen_ai.usage.cache_creation.input_tokens"
GEN_AI_CONVERSATION: Final = "gen_ai.conversation.id"
GEN_AI_TOOL_NAME: Final = "gen_ai.tool.name"
GEN_AI_TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
GEN_AI_AGENT_ID: Final = "gen_ai.agent.id"
GEN_AI_AGENT_NAME: Final = "gen_ai.agent.name"
CHAT: Final = "chat"
INVOKE_AGENT: Final = "invoke_agent"
EXECUTE_TOOL: Final = "execute_tool"

HTTP_STATUS: Final = "http.response.status_code"
ERROR_TYPE: Final = "error.type"
EXCEPTION: Final = "exception"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"

#: Names of the tools offered, sorted, and a digest of their definitions: enough to see that they changed.
TOOLS_OFFERED: Final = "claude_lens.tools.names"
TOOLS_DIGEST: Final = "claude_lens.tools.digest"
#: How many attributes were left out to keep the span within its bound.
LEFT_OUT: Final = "claude_lens.attributes_left_out"

PROJECT: Final = "openinference.project.name"
MODEL_ID: Final = "model_id"
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"

assert ToolAttributes.TOOL_JSON_SCHEMA == TOOL_SCHEMA
