# ruff: noqa: E501
"""The text that small contents are compressed against: what messages, headers and usage have in common.

Contents on disk depend on every byte of it. Never change ``SKELETON``; a better one needs a codec of its own.
"""

from __future__ import annotations

from typing import Final

# The most frequent pieces come last: zstd spends fewer bits on near matches.
SKELETON: Final = (
    b'{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"description":'
    b'{"type":"string","description":"The "},"pattern":{"type":"string"},"path":{"type":"string"},"enum":["'
    b'"type":"boolean","default":false},"type":"number","type":"array","items":{"type":"string"}}},'
    b'"required":["file_path"],"additionalProperties":false}'
    b'{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo'
    b'{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0'
    b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011C'
    b'"invalid_request_error""rate_limit_error""authentication_error""not_found_error""api_error"'
    b'["anthropic-ratelimit-unified-status","allowed"],["anthropic-ratelimit-unified-5h-status","allowed"],'
    b'["anthropic-ratelimit-unified-5h-reset","17["anthropic-ratelimit-unified-5h-utilization","0.'
    b'["anthropic-ratelimit-unified-7d-status","allowed"],["anthropic-ratelimit-unified-7d-reset","17'
    b'["anthropic-ratelimit-unified-7d-utilization","0.["anthropic-ratelimit-unified-representative-claim",'
    b'"five_hour"],["anthropic-ratelimit-unified-fallback-percentage","0.5"],'
    b'["anthropic-ratelimit-unified-reset","17["anthropic-ratelimit-unified-overage-status","rejected"],'
    b'["anthropic-ratelimit-requests-limit","4000"],["anthropic-ratelimit-requests-remaining","3999"],'
    b'["anthropic-ratelimit-input-tokens-limit","["anthropic-ratelimit-input-tokens-remaining","'
    b'["anthropic-ratelimit-output-tokens-limit","["anthropic-ratelimit-output-tokens-remaining","'
    b'["anthropic-organization-id","["strict-transport-security","max-age=31536000; includeSubDomains; preload"],'
    b'["x-envoy-upstream-service-time","["via","1.1 google"],["cf-cache-status","DYNAMIC"],'
    b'["x-robots-tag","none"],["server","cloudflare"],["cf-ray","["retry-after","["vary","Accept-Encoding"],'
    b'["date","Mon, Tue, Wed, Thu, Fri, Sat, Sun, 20 Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2026 '
    b':00:00 GMT"],["content-type","text/event-stream; charset=utf-8"],["transfer-encoding","chunked"],'
    b'["cache-control","no-cache"],["content-encoding","gzip"],["request-id","req_011C'
    b'[["accept","application/json"],["authorization","Bearer [redacted:"],["x-api-key","[redacted:'
    b'["content-type","application/json"],["user-agent","claude-cli/2.1. (external, cli)"],'
    b'["x-claude-code-session-id","["x-stainless-arch","x64"],["x-stainless-lang","js"],'
    b'["x-stainless-os","Linux"],["x-stainless-os","MacOS"],["x-stainless-package-version","0.'
    b'["x-stainless-retry-count","0"],["x-stainless-runtime","node"],["x-stainless-runtime-version","v2'
    b'["x-stainless-timeout","600"],["anthropic-beta","claude-code-20250219,oauth-2025-04-20,'
    b"interleaved-thinking-2025-05-14,context-management-2025-06-27,prompt-caching-scope-2026-01-05,"
    b"per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,thinking-token-count-2026-05-13,"
    b'advanced-tool-use-2025-11-20,effort-2025-11-24"],["anthropic-dangerous-direct-browser-access","true"],'
    b'["anthropic-version","2023-06-01"],["x-app","cli"],["x-claude-1p-request-class","main"],'
    b'["x-claude-code-prompt-id","["x-claude-code-agent-id","a["x-claude-code-agent-type","general-purpose"],'
    b'["x-claude-code-parent-agent-id","["x-claude-code-prev-tool-durations","Bash='
    b'["x-claude-code-request-class","subagent"],["x-claude-code-request-class","main"],'
    b'["x-claude-lens-project","%2Fhome%2F["x-claude-lens-branch","main"],["connection","keep-alive"],'
    b'["host","127.0.0.1:8082"],["accept-encoding","gzip, deflate, br, zstd"],["content-length","'
    b'[[2,1],[1],{"type":"ephemeral","ttl":"1h"}],["messages",'
    b'[["system",2,[],{"type":"ephemeral"}],["messages",1,[0],{"type":"ephemeral"}],["messages",'
    b'{"model":"claude-","id":"msg_01","type":"message","role":null,"content":null,"stop_reason":"end_turn",'
    b'"stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"usage":{"input_tokens":2,'
    b'"cache_creation_input_tokens":,"cache_read_input_tokens":,"cache_creation":'
    b'{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":,"service_tier":"standard",'
    b'"inference_geo":"global","server_tool_use":{"web_search_requests":0,"web_fetch_requests":0}},'
    b'"context_management":{"applied_edits":[]}}'
    b'"input":{"pattern":"","output_mode":"content","-n":true}}'
    b'"input":{"file_path":"/home/","old_string":"","new_string":"","replace_all":false}}'
    b'"input":{"todos":[{"content":"","status":"pending","activeForm":"","status":"in_progress","completed"'
    b'"name":"Agent","input":{"description":"","prompt":"","subagent_type":"Explore"'
    b'"name":"Grep","name":"Glob","name":"Edit","name":"Write","content":"","name":"WebFetch","url":"https://'
    b"\\n<system-reminder>\\n</system-reminder>\\n# The file has been updated. All occurrences Error: Exit code 1"
    b'\\nTraceback (most recent call last):\\n  File \\"/usr/lib/python3\\nimport os\\nfrom pathlib import Path'
    b"\\n\\ndef __init__(self, ) -> None:\\n        self.\\n        return \\n    if not \\n    for  in \\nclass "
    b"\\n\\nexport const function (): {\\n  return this.\\n}\\n\\n```bash\\n```python\\n\\n- **\\n\\n## \\n1. "
    b"Let me look at Now I'll I need to check the Let's The user wants me to the tests pass. all file should "
    b'","signature":"EqQBCkYIBRgCKkB{"role":"assistant","content":[{"type":"thinking","thinking":"'
    b'{"role":"assistant","content":[{"type":"text","text":"I\'ll {"type":"tool_use","id":"toolu_01'
    b'","name":"Bash","input":{"command":"","description":""}}]}'
    b'","name":"Read","input":{"file_path":"/"}}],"caller":{"type":"direct"}}'
    b'{"role":"user","content":[{"type":"text","text":"<system-reminder>\\n"}]}'
    b'{"role":"user","content":[{"tool_use_id":"toolu_01","type":"tool_result","content":"'
    b'","is_error":false}]}{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01'
    b'","content":[{"type":"text","text":"'
)
