"""Tells a command or a webhook that a limit is near, or reached; beside all requests."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from typing import Any, Final

import aiohttp
import orjson

TIMEOUT: Final = 10.0


class NoticeError(Exception):
    """A command or webhook could not be told; the message says why, in one line."""


async def run(command: str, told: dict[str, Any]) -> None:
    """Start a command with the JSON on its standard input; no shell. Raises :class:`NoticeError`."""
    try:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        raise NoticeError(f"notify.command: {error}") from error
    try:
        async with asyncio.timeout(TIMEOUT):
            await process.communicate(orjson.dumps(told) + b"\n")
    except TimeoutError as error:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise NoticeError(f"notify.command took more than {TIMEOUT:g} s") from error
    if process.returncode:
        raise NoticeError(f"notify.command ended with exit code {process.returncode}")


async def post(url: str, told: dict[str, Any]) -> None:
    """Post the JSON. Raises :class:`NoticeError`."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
            session.post(
                url, data=orjson.dumps(told), headers={"content-type": "application/json"}
            ) as answer,
        ):
            if answer.status >= 400:
                raise NoticeError(f"notify.webhook answered {answer.status}")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NoticeError(f"notify.webhook: {error or type(error).__name__}") from error
