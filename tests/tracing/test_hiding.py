import pytest

from claude_lens.tracing import names
from claude_lens.tracing.hiding import HIDDEN, NOTHING, environment_hiding

PREFIX = "OPENINFERENCE_HIDE_"


def test_nothing_is_hidden_unless_told() -> None:
    assert environment_hiding() is NOTHING
    assert NOTHING.attribute(names.INPUT_VALUE, "x") == "x"
    assert NOTHING.words("input", "x") == "x"


@pytest.mark.parametrize(
    ("switch", "hidden", "shown"),
    [
        ("INPUTS", ("input",), ("output",)),
        ("OUTPUTS", ("output",), ("input",)),
        ("INPUT_MESSAGES", ("input",), ("output",)),
        ("OUTPUT_MESSAGES", ("output",), ("input",)),
        ("INPUT_TEXT", ("input",), ("output",)),
        ("OUTPUT_TEXT", ("output",), ("input",)),
        ("INPUT_IMAGES", (), ("input", "output")),
    ],
)
def test_each_switch_hides_its_side_wherever_it_is_said(
    monkeypatch: pytest.MonkeyPatch, switch: str, hidden: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    monkeypatch.setenv(PREFIX + switch, "true")
    hiding = environment_hiding()
    for side in hidden:
        assert hiding.attribute(f"{side}.value", "said") == HIDDEN
        assert hiding.words(side, "said") == HIDDEN  # type: ignore[arg-type]
        assert hiding.words(side, "") == ""  # type: ignore[arg-type]
    for side in shown:
        assert hiding.attribute(f"{side}.value", "said") == "said"
        assert hiding.words(side, "said") == "said"  # type: ignore[arg-type]


def test_arguments_of_tools_are_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + "INPUTS", "true")
    assert environment_hiding().attribute(names.TOOL_PARAMETERS, "{}") is None
