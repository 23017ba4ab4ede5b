"""Which values may leave, as OpenInference's ``OPENINFERENCE_HIDE_*`` variables say: attributes and words.

OpenInference's own mask knows its own attributes. What it does not know of says the same words elsewhere:
``input.value`` beside the messages, the arguments of a tool, the first line of its failure, an error's text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from claude_lens.tracing import names
from claude_lens.tracing.spans import Value

Side = Literal["input", "output"]
HIDDEN: Final = "__REDACTED__"
_OF_INPUT: Final = (names.TOOL_PARAMETERS,)


class Hiding:
    """Hides nothing unless told. ``inputs``, ``outputs``: whole sides; ``mask``: by attribute."""

    def __init__(
        self,
        mask: Callable[[str, Value], Value | None] = lambda _, value: value,
        *,
        inputs: bool = False,
        outputs: bool = False,
        input_words: bool = False,
        output_words: bool = False,
    ) -> None:
        self._mask = mask
        self._hides = {"input": inputs, "output": outputs}
        self._words = {"input": inputs or input_words, "output": outputs or output_words}

    def attribute(self, name: str, value: Value) -> Value | None:
        """The value as it may leave, None where the attribute may not at all."""
        if self._hides["input"] and name in _OF_INPUT:
            return None
        if name == names.INPUT_VALUE and self._words["input"]:
            return HIDDEN
        if name == names.OUTPUT_VALUE and self._words["output"]:
            return HIDDEN
        return self._mask(name, value)

    def words(self, side: Side, text: str) -> str:
        """A status, an event or a description that repeats what that side says."""
        return HIDDEN if text and self._words[side] else text


NOTHING: Final = Hiding()


def environment_hiding() -> Hiding:
    """What the environment asks for."""
    from openinference.instrumentation import TraceConfig

    config = TraceConfig()
    if not any(value for name, value in vars(config).items() if name.startswith("hide_")):
        return NOTHING
    return Hiding(
        lambda name, value: config.mask(name, value),  # type: ignore[arg-type,return-value]
        inputs=bool(config.hide_inputs),
        outputs=bool(config.hide_outputs),
        input_words=bool(config.hide_input_messages or config.hide_input_text),
        output_words=bool(config.hide_output_messages or config.hide_output_text),
    )
