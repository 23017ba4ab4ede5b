from typing import Any

import pytest

from claude_lens.tracing import media

DATA = "QUJD" * 200


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
            "[image image/png, 800 bytes of base64]",
        ),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": DATA}},
            "[document application/pdf, 800 bytes of base64]",
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png?signature=s"}},
            "[image https://x.example/a.png]",
        ),
        ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "[image file_1]"),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{DATA}"}},
            "[image_url image/jpeg, 800 bytes of base64]",
        ),
        (
            {"type": "input_image", "input_image": f"data:image/gif;base64,{DATA}"},
            "[input_image image/gif, 800 bytes of base64]",
        ),
        (
            {"type": "input_audio", "input_audio": {"format": "wav", "data": DATA}},
            "[input_audio wav, 800 bytes of base64]",
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{DATA}"},
            },
            "[file a.pdf, 800 bytes of base64]",
        ),
        ({"type": "text", "text": "words"}, None),
        ({"type": "file"}, None),
    ],
)
def test_media_are_named_with_type_and_size(block: dict[str, Any], name: str | None) -> None:
    assert media.label(block) == name
    nested = {"role": "user", "content": [{"type": "tool_result", "content": [block]}]}
    assert DATA not in str(media.named(nested))
    if name is None:
        assert media.named(nested) == nested


def test_data_in_the_middle_of_text_is_named() -> None:
    text = f"before data:image/png;base64,{DATA} after"
    assert media.without_data(text) == "before [image/png, 822 bytes of base64] after"
    short = "data:text/plain;base64,QUJD"
    assert media.without_data(short) == short
    assert media.named(["x", 5, None, text])[3].endswith("after")
