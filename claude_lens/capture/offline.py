"""Nothing is fetched from outside to count tokens, unless the user allows it."""

from __future__ import annotations

import os

ALLOWED = "HF_HUB_OFFLINE"


def stay() -> None:
    """Keep LiteLLM from fetching a model's tokenizer while everybody waits; it counts with one that it has.

    ``HF_HUB_OFFLINE=0`` in the environment lets it. Before LiteLLM is imported, it is told by its
    environment; afterwards here.
    """
    if os.environ.setdefault(ALLOWED, "1").strip().lower() in ("0", "false", "no", "off", ""):
        return
    os.environ.setdefault("DISABLE_HF_TOKENIZER_DOWNLOAD", "True")
    import litellm

    litellm.disable_hf_tokenizer_download = True
