"""The charts of the numbers page: from sums by moment and from histograms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from claude_lens.dashboard.charts import REST, Chart, Colours, Column, Form, distribution, over_time
from claude_lens.store.numbers.distributions import EVERYTHING
from claude_lens.store.numbers.moments import Sums
from claude_lens.store.numbers.percentiles import Histograms
from claude_lens.store.numbers.spans import FORMS, Unit

STACKED: Final = 6
"""So many groups have a colour of their own."""
MOST: Final = 120
"""Moments of a chart: the newest so many."""
_LEAST: Final = 14
"""Fewer would be as wide as walls."""
_TOKENS: Final = {
    "input_tokens": "fresh input",
    "cache_read_input_tokens": "from cache",
    "cache_creation_5m_input_tokens": "to cache, 5 min",
    "cache_creation_1h_input_tokens": "to cache, 1 h",
    "output_tokens": "output",
}

Links = Callable[[str, str | None], str]
"""The address of the exchanges of a moment (empty: of the whole range) and a group (None: of all)."""
Groups = Mapping[str, Sums]


@dataclass(frozen=True, slots=True)
class Figures:
    """Charts over the same moments, which :func:`filled` makes."""

    moments: Sequence[tuple[str, Groups]]
    unit: Unit
    links: Links
    colours: Colours
    cut: bool = False

    @classmethod
    def of(cls, found: Mapping[str, Groups], unit: Unit, links: Links, colours: Colours) -> Figures:
        """From sums by moment and group."""
        shown = filled(found, unit)
        return cls(shown, unit, links, colours, bool(shown) and min(found) < shown[0][0])

    def costs(self, series: Sequence[str]) -> Chart:
        """Cost of these groups, and of all others."""
        rest = REST if series else "cost"
        columns = self._grouped("cost_usd", series, rest)
        return self._chart("cost", "Cost", "money", columns, [*series, rest])

    def tokens(self) -> Chart:
        """Tokens by what was paid for them."""
        columns = [
            self._column(at, {words: (_all(groups, name), "") for name, words in _TOKENS.items()})
            for at, groups in self.moments
        ]
        return self._chart("tokens", "Tokens", "count", columns, list(_TOKENS.values()))

    def requests(self) -> Chart:
        """Requests that were answered, and errors."""
        columns = []
        for at, groups in self.moments:
            wrong = _all(groups, "errors")
            failed = self.links(at, None) + "&status=error"
            parts = {"answered": (_all(groups, "requests") - wrong, ""), "errors": (wrong, failed)}
            columns.append(self._column(at, parts))
        return self._chart("requests", "Requests", "count", columns, ["answered", "errors"])

    def errors(self, series: Sequence[str]) -> Chart:
        """Errors of these groups, and of all others: among the answers they would hardly be seen."""
        rest = REST if series else "errors"
        columns = self._grouped("errors", series, rest, "&status=error")
        return self._chart("errors", "Errors", "count", columns, [*series, rest])

    def tools(self, key: str, title: str, what: str, series: Sequence[str]) -> Chart:
        """``calls`` or ``errors`` of these tools, and of all others."""
        columns = self._grouped(what, series, REST)
        return self._chart(key, title, "count", columns, [*series, REST])

    def _grouped(self, what: str, series: Sequence[str], rest: str, more: str = "") -> list[Column]:
        columns = []
        for at, groups in self.moments:
            parts = {
                name: (groups[name][what], self.links(at, name) + more)
                for name in series
                if name in groups and groups[name][what]
            }
            left = _all(groups, what) - sum(value for value, _ in parts.values())
            if left > 1e-9:
                parts[rest] = (left, self.links(at, None) + more if more else "")
            columns.append(self._column(at, parts))
        return columns

    def _column(self, at: str, parts: Mapping[str, tuple[float, str]]) -> Column:
        moment = datetime.fromisoformat(at)
        link = self.links(at, None) if any(value for value, _ in parts.values()) else ""
        if self.unit == "hour":
            return Column(f"{moment:%H:%M}", parts, link, moment.isoformat())
        return Column(f"{moment.day} {moment:%b}", parts, link)

    def _chart(
        self, key: str, title: str, form: Form, columns: Sequence[Column], names: Sequence[str]
    ) -> Chart:
        note = f"a{'n' if self.unit == 'hour' else ''} {self.unit}"
        note += f", the newest {MOST}" if self.cut else ""
        head = self.unit.capitalize()
        return over_time(key, title, form, columns, names, self.colours, note=note, head=head)


def filled(found: Mapping[str, Groups], unit: Unit) -> list[tuple[str, Groups]]:
    """The moments with empty ones in between, the newest so many."""
    if not found:
        return []
    step = timedelta(hours=1) if unit == "hour" else timedelta(days=1)
    at, last = datetime.fromisoformat(min(found)), datetime.fromisoformat(max(found))
    at = max(min(at, last - step * (_LEAST - 1)), last - step * (MOST - 1))
    shown: list[tuple[str, Groups]] = []
    while at <= last:
        key = at.strftime(FORMS[unit])
        shown.append((key, found.get(key, {})))
        at += step
    return shown


def speeds(times: Histograms, links: Links, colours: Colours) -> list[Chart]:
    """How times to the first token and speeds are spread, by model, those with most answers first."""

    def of(what: str) -> dict[str, dict[int, int]]:
        found = {str(name): bins[what] for name, bins in times.items() if what in bins}
        return dict(sorted(found.items(), key=lambda one: -sum(one[1].values()))[:STACKED])

    shared: dict[str, Any] = {
        "links": lambda name: links("", name if name != EVERYTHING else None),
        "note": "half and 95 % of answers",
    }
    first = distribution("ttft", "First token", "duration", of("ttft"), colours, head="After", **shared)
    rate = distribution("speed", "Output speed", "speed", of("speed"), colours, head="Tokens/s", **shared)
    return [first, rate]


def tool_times(times: Mapping[str, Mapping[int, int]], links: Links, colours: Colours) -> Chart:
    """How durations of tools are spread."""
    return distribution(
        "tool-times",
        "How long they took",
        "duration",
        times,
        colours,
        links=lambda name: links("", name),
        note="half and 95 % of calls",
        head="Within",
    )


def _all(groups: Groups, name: str) -> float:
    return sum(one[name] for one in groups.values())
