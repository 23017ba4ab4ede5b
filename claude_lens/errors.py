"""The exceptions of claude-lens, one drawn tree.

::

    LensError
    ├── UserError            something the user can put right; the message says how
    │   ├── SettingError     a setting has a value that makes no sense
    │   │   └── SettingMissing   a setting that another one makes necessary is not set
    │   ├── ConfigError      litellm_config.yaml is wrong; names file and line
    │   └── NotFound         no session, exchange … by that id
    ├── HostError            the machine or another program failed us
    │   ├── ProxyError       the proxy did not start, stop or answer
    │   └── StoreError       the database cannot be opened, read or written
    │       ├── NotNow       it will be back by itself: what is to be written waits, and nothing is wrong
    │       └── Refused      it took all but some exchanges, which it will never take
    └── Fault                a bug or failure in recording, raised only under CLAUDE_LENS_STRICT
"""

from __future__ import annotations

from pathlib import Path


class LensError(Exception):
    """Base of all. ``exit_code`` is what a command ends with."""

    exit_code = 1


class UserError(LensError):
    """Something the user did, and can put right."""

    exit_code = 2


class SettingError(UserError):
    """A setting's value makes no sense. Names the variable, the value, and what would be right."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name}={value!r} is not valid: expected {expected}")
        self.name, self.value, self.expected = name, value, expected


class SettingMissing(SettingError):
    """A setting is needed and not set. Names it, and says who needs it."""

    def __init__(self, name: str, wanted_by: str) -> None:
        UserError.__init__(self, f"{wanted_by} needs {name}, which is not set (environment or .env)")
        self.name, self.value, self.expected = name, "", f"a value, for {wanted_by}"


class ConfigError(UserError):
    """The configuration file is wrong. ``line`` counts from 1; None where no single line is to blame."""

    def __init__(self, path: Path | str, line: int | None, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")
        self.path, self.line, self.problem = path, line, problem


class NotFound(UserError):
    """Nothing by that id, or the prefix is ambiguous."""


class HostError(LensError):
    """The machine, or another program, failed us."""


class ProxyError(HostError):
    """The proxy did not start, stop or answer."""


class StoreError(HostError):
    """The database cannot be opened, read or written."""


class NotNow(StoreError):
    """The database takes nothing for now (it is being upgraded, say) and will again: no fault is counted."""


class Refused(StoreError):
    """The database took a batch but for some exchanges: ``lost`` ids will never be stored, the rest is."""

    def __init__(self, message: str, lost: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.lost = lost


class Fault(LensError):
    """A failure in recording. Logged and counted; raised only under ``CLAUDE_LENS_STRICT``."""
