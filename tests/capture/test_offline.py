import litellm
import pytest

from claude_lens.capture import offline


def test_nothing_is_fetched_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "disable_hf_tokenizer_download", None)
    monkeypatch.setenv("DISABLE_HF_TOKENIZER_DOWNLOAD", "")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    offline.stay()
    assert litellm.disable_hf_tokenizer_download is None
    monkeypatch.delenv("HF_HUB_OFFLINE")
    offline.stay()
    assert litellm.disable_hf_tokenizer_download is True
