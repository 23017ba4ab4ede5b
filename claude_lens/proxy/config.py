"""Checks ``litellm_config.yaml`` before anything starts, so that a mistake is one line with file and number.

LiteLLM reports the same mistakes seconds later and as tracebacks, or not at all. Only what is surely wrong is
refused; keys we do not know are LiteLLM's own business. Nothing here imports LiteLLM: its names of built-in
callbacks are read from its source text.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from claude_lens.errors import ConfigError

SECTIONS = {
    "model_list": yaml.SequenceNode,
    "litellm_settings": yaml.MappingNode,
    "router_settings": yaml.MappingNode,
    "general_settings": yaml.MappingNode,
    "environment_variables": yaml.MappingNode,
}
CALLBACK_LISTS = ("callbacks", "success_callback", "failure_callback")
REMOTE = ("s3://", "gcs://")


def check(path: Path) -> None:
    """Raise :class:`ConfigError` with file and line for the first thing that is surely wrong in ``path``."""
    root = _parse(path)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(path, 1, "expected a mapping with model_list, litellm_settings …")
    sections = dict(_items(root))
    for name, kind in SECTIONS.items():
        node = sections.get(name)
        if node is not None and not isinstance(node, kind) and not _empty(node):
            shape = "a list" if kind is yaml.SequenceNode else "a mapping"
            raise ConfigError(path, _line(node), f"{name} must be {shape}")
    _check_models(path, sections.get("model_list"))
    _check_callbacks(path, sections.get("litellm_settings"))
    _check_key(path, sections.get("general_settings"))


def check_routes(path: Path, environ: Mapping[str, str]) -> None:
    """Raise ConfigError or SettingError for the first mistake in the rules of ``path`` or ``environ``."""
    from claude_lens.agents.routes import load

    load(path, environ)


def _parse(path: Path) -> yaml.Node | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(path, None, "no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, None, f"cannot be read: {error}") from None
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(path, mark.line + 1 if mark else None, f"not valid YAML: {problem}") from None
    return node


def _check_models(path: Path, models: yaml.Node | None) -> None:
    for node in models.value if isinstance(models, yaml.SequenceNode) else ():
        entry = dict(_items(node)) if isinstance(node, yaml.MappingNode) else {}
        name = entry.get("model_name")
        if not isinstance(name, yaml.ScalarNode) or not name.value:
            raise ConfigError(path, _line(node), "an entry of model_list needs a model_name")
        params = entry.get("litellm_params")
        model = dict(_items(params)).get("model") if isinstance(params, yaml.MappingNode) else None
        if not isinstance(model, yaml.ScalarNode) or not model.value:
            where = params if isinstance(params, yaml.MappingNode) else node
            raise ConfigError(path, _line(where), f"model {name.value!r} needs litellm_params with a model")


def _check_callbacks(path: Path, section: yaml.Node | None) -> None:
    settings = dict(_items(section)) if isinstance(section, yaml.MappingNode) else {}
    for key in CALLBACK_LISTS:
        node = settings.get(key)
        if isinstance(node, yaml.SequenceNode):
            names = node.value
        else:
            names = [] if node is None or _empty(node) else [node]
        for item in names:
            if not isinstance(item, yaml.ScalarNode):
                raise ConfigError(path, _line(item), f"{key} holds names, such as callbacks.module.instance")
            problem = callback_problem(item.value, path.parent)
            if problem:
                raise ConfigError(path, _line(item), problem)


def _check_key(path: Path, section: yaml.Node | None) -> None:
    settings = dict(_items(section)) if isinstance(section, yaml.MappingNode) else {}
    key = settings.get("master_key")
    if isinstance(key, yaml.ScalarNode) and key.value and key.value != "os.environ/LITELLM_MASTER_KEY":
        problem = "master_key belongs into LITELLM_MASTER_KEY (environment or .env), not into this file"
        raise ConfigError(path, _line(key), problem)


def callback_problem(name: str, folder: Path) -> str | None:
    """What is wrong with a callback's name, None if nothing. ``folder`` is that of the configuration.

    A dotted name is ``module.instance``, the module a file below ``folder`` or an installed one; a plain name
    is one that LiteLLM has built in.
    """
    if name.startswith(REMOTE):
        return None
    module, dot, attribute = name.rpartition(".")
    if not dot:
        known = builtin_callbacks()
        return None if not known or name in known else f"unknown callback {name!r}"
    if not all(part.isidentifier() for part in name.split(".")):
        return f"unknown callback {name!r}: expected module.instance"
    file = module_file(module, folder)
    if file is None:
        beside = Path(*module.split(".")).with_suffix(".py")
        return f"unknown callback {name!r}: there is no {beside} beside this file and no module {module!r}"
    try:
        defined = set(_defined(ast.parse(file.read_text(encoding="utf-8"))))
    except SyntaxError as error:
        return f"callback {name!r}: {file.name}:{error.lineno}: {error.msg}"
    if attribute not in defined and "*" not in defined:
        return f"unknown callback {name!r}: {file.name} defines no {attribute!r}"
    return None


@cache
def builtin_callbacks() -> frozenset[str]:
    """Names of callbacks that LiteLLM has built in; empty where LiteLLM's source cannot be found."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.origin:
        return frozenset()
    package = Path(spec.origin).parent
    names: set[str] = set()
    listed = re.search(r"_callbacks_literal = Literal\[(.*?)\]", _text(package / "__init__.py"), re.DOTALL)
    if listed:
        names.update(re.findall(r'"([a-z0-9_]+)"', listed[1]))
    for file in ("litellm_core_utils/litellm_logging.py", "proxy/common_utils/callback_utils.py"):
        names.update(re.findall(r'callback == "([a-z0-9_]+)"', _text(package / file)))
    return frozenset(names)


def module_file(module: str, folder: Path) -> Path | None:
    """The source file of a callback's module, as LiteLLM finds it: below ``folder``, else installed."""
    relative = Path(*module.split("."))
    beside = (folder / relative).with_suffix(".py")
    if beside.is_file():
        return beside
    top = relative.parts[0] if relative.parts else ""
    try:
        spec = importlib.util.find_spec(top) if top else None
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return None
    if len(relative.parts) == 1:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    below = Path(*relative.parts[1:])
    for root in map(Path, spec.submodule_search_locations or ()):
        for candidate in ((root / below).with_suffix(".py"), root / below / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _items(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    return ((key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
