"""The exception tree: who is to blame, what a command ends with, and messages that say what to do."""

from __future__ import annotations

import pytest

from claude_lens import errors


def test_the_tree_is_the_drawn_one() -> None:
    drawn = [line.split("── ")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "── " in line]
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.LensError) and value is not errors.LensError
    }
    assert set(drawn) == found


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UserError, 2),
        (errors.NotFound, 2),
        (errors.HostError, 1),
        (errors.StoreError, 1),
        (errors.Fault, 1),
    ],
)
def test_exit_codes(kind: type[errors.LensError], code: int) -> None:
    assert kind("x").exit_code == code


def test_a_setting_error_names_variable_value_and_what_is_right() -> None:
    error = errors.SettingError("PORT", "many", "a number from 1 to 65535")
    assert str(error) == "PORT='many' is not valid: expected a number from 1 to 65535"
    assert isinstance(error, errors.UserError)


def test_a_config_error_names_file_and_line_where_there_is_one() -> None:
    assert str(errors.ConfigError("a.yaml", 7, "no such callback")) == "a.yaml:7: no such callback"
    assert str(errors.ConfigError("a.yaml", None, "is empty")) == "a.yaml: is empty"
