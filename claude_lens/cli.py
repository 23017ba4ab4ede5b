"""``lensctl``: wires the commands together, one module of :mod:`claude_lens.commands` each.

Exit codes: 0 done; 1 something on this machine failed; 2 the user's mistake; 130 Ctrl-C.
"""

from __future__ import annotations

import importlib
import keyword
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

import claude_lens
from claude_lens import commands
from claude_lens.errors import LensError


class Commands(click.Group):
    """A module of ``commands`` is a command: its attribute ``command``; imported only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the modules."""
        return sorted(
            module.name.rstrip("_").replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        # Python keeps some words for itself.
        name += "_" if keyword.iskeyword(name) else ""
        module = importlib.import_module(f"{commands.__name__}.{name}")
        found: click.Command = module.command
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(claude_lens.__version__, prog_name="lensctl")
def lensctl() -> None:
    """Run and look into the proxy that records what Claude Code says and hears.

    `claude-lens` starts it by itself; these commands are for everything else.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    try:
        result = lensctl.main(args=arguments, prog_name="lensctl", standalone_mode=False)
        sys.stdout.flush()
    except LensError as error:
        print(f"lensctl: {error}", file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader has gone, as in `lensctl show last | head`; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    """Entry point of the program."""
    sys.exit(run())


if __name__ == "__main__":
    main()
