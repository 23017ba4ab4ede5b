"""``lensctl``: wires the commands together, one module of :mod:`claude_lens.commands` each.

Exit codes: 0 done; 1 something on this machine failed; 2 the user's mistake; 130 Ctrl-C.
"""

from __future__ import annotations

import difflib
import importlib
import keyword
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

import claude_lens
from claude_lens import commands
from claude_lens.commands.completion import COMPLETION
from claude_lens.errors import LensError

HELP = re.compile(r'^def command\(.*?\)[^\n]*:\n    """(.*?)"""', re.M | re.S)
"""A command's function and its docstring."""


class Commands(click.Group):
    """A module of ``commands`` is a command: its attribute ``command``; imported only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the modules."""
        return sorted(
            module.name.rstrip("_").replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of each, which is read from its file: none is imported."""
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names))
        rows = [(name, click.Command(name, help=_help(name)).get_short_help_str(room)) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{_module(cmd_name)}")
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a name that is none is answered with the commands that are written like it."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            close = difflib.get_close_matches(name, self.list_commands(ctx), 3)
            hint = f" Did you mean {' or '.join(close)}?" if close else " lensctl --help lists them."
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def _module(name: str) -> str:
    name = name.replace("-", "_")
    # Python keeps some words for itself.
    return name + "_" if keyword.iskeyword(name) else name


def _help(name: str) -> str:
    """What the function ``command`` of a command's module says of it, the module unimported."""
    source = Path(commands.__path__[0], f"{_module(name)}.py").read_text(encoding="utf-8")
    found = HELP.search(source)
    assert found, f"{name} has no function `command` with a sentence of its own"
    return found[1]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(claude_lens.__version__, prog_name="lensctl")
def lensctl() -> None:
    """Run and look into the proxy that records what Claude Code says and hears.

    `claude-lens` starts it by itself; these commands are for everything else.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    try:
        result = lensctl.main(
            args=arguments, prog_name="lensctl", complete_var=COMPLETION, standalone_mode=False
        )
        sys.stdout.flush()
    except LensError as error:
        print(f"lensctl: {error}", file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:
        return _failed(error)
    except SystemExit:
        # Click and rich end the program themselves where the reader of a pipe has gone; click also where it
        # has completed words for a shell.
        if COMPLETION in os.environ:
            raise
        return _failed(BrokenPipeError())
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    """Entry point of the program."""
    _open_streams()
    sys.exit(run())


def _failed(error: OSError) -> int:
    """What the machine refused, in one line; a reader that has gone, as in ``| head``, is no failure."""
    stream = sys.__stdout__ or sys.stdout
    try:
        stream.flush()
    except OSError:
        # What is still buffered has nowhere to go, and Python would try it again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    where = f"{error.filename}: " if error.filename else ""
    print(f"lensctl: {where}{error.strerror or error}", file=sys.stderr)
    return 1


def _open_streams() -> None:
    """Open on nothing what the caller has closed, as Python then has no stream at all."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good


if __name__ == "__main__":
    main()
