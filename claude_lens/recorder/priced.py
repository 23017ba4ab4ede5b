"""What the recorder tells the proxy's guard: each exchange as it was priced, and at first what was before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from claude_lens.agents.rules import called
from claude_lens.errors import StoreError
from claude_lens.exchange import Exchange
from claude_lens.guard.events import Spent
from claude_lens.guard.readings import readings_of
from claude_lens.guard.rules import Who
from claude_lens.messages.helpers import is_count, is_title
from claude_lens.settings import Settings

AT_ONCE: Final = 2000


def spent_of(exchange: Exchange) -> Spent:
    """What an exchange that has ended spent. An unknown price counts nothing, and is told as unknown."""
    identity, agent = exchange.identity, exchange.identity.agent
    refused = exchange.status == "refused"
    return Spent(
        id=exchange.id,
        at=exchange.started_at,
        usd=exchange.cost.usd or 0.0,
        unpriced=int(exchange.cost.usd is None),
        free=is_count(exchange.endpoint) or is_title(exchange.request.json),
        refused=(exchange.model.rule or "") if refused else None,
        who=Who(
            session=identity.session_id,
            agent=called(agent, identity.request_class),
            agent_id=agent.id,
            parent_id=agent.parent_id,
            project=identity.project,
            model=exchange.model.routed or exchange.model.requested,
            user=identity.key_alias,
            account=identity.user_id,
        ),
        readings=() if refused else readings_of(exchange),
    )


def before(settings: Settings, *, stored: bool) -> Iterator[dict[str, Any]]:
    """What the store has, in pieces; the last one says that it was all, or what went wrong.

    ``stored``: whether exchanges are kept there at all.
    """
    fault = None
    if stored:
        from claude_lens.store.numbers.spending import history
        from claude_lens.store.reading.queries import open_reader

        try:
            with open_reader(settings) as reader, reader.connect() as connection:
                piece: list[dict[str, Any]] = []
                for spent in history(connection):
                    piece.append(spent.to_json())
                    if len(piece) >= AT_ONCE:
                        yield {"spent": piece}
                        piece = []
                yield {"spent": piece}
        except StoreError as error:
            fault = str(error)
    yield {"spent": [], "complete": True, "fault": fault}
