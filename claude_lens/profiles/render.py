"""From a profile to the text of its configuration: its own models, everything else as shipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MODELS, REST = "model_list:\n", "litellm_settings:\n"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment; without ``required`` it has a default or another may stand for it."""

    name: str
    sentence: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """Names that one model answers to. ``why`` is a comment above them."""

    target: str
    names: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A set-up. ``params`` go into every deployment; ``extra`` is appended; ``files`` lie beside it.

    Without ``models`` the shipped ones stay.
    """

    name: str
    title: str
    variables: tuple[Variable, ...] = ()
    models: tuple[Model, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    extra: str = ""
    files: dict[str, str] = field(default_factory=dict)


def render(profile: Profile, shipped: str) -> str:
    """The configuration's text; ``shipped`` is that of the one that comes with claude-lens."""
    head, _, rest = shipped.partition(MODELS)
    models, _, tail = rest.partition(REST)
    listed = "".join(_entries(profile)) if profile.models else models
    extra = f"\n{profile.extra}" if profile.extra else ""
    return f"{''.join(_head(profile))}{head}{MODELS}{listed}{REST}{tail}{extra}"


def _head(profile: Profile) -> Iterator[str]:
    yield f"# Profile {profile.name}: {profile.title}\n"
    for variable in profile.variables:
        need = "" if variable.required else " (may be unset)"
        yield f"#   {variable.name}{need}: {variable.sentence}\n"
    yield "#\n"


def _entries(profile: Profile) -> Iterator[str]:
    for model in profile.models:
        if model.why:
            yield f"  # {model.why}\n"
        for name in model.names:
            yield f'  - model_name: "{name}"\n'
            yield "    litellm_params:\n"
            yield f'      model: "{model.target}"\n'
            for key, value in profile.params:
                yield f"      {key}: {value}\n"
        yield "\n"
