"""Tables for terminals of any width: texts are shortened, columns left out, but no figure is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table

SHORTEST: Final = 12
SHORT_ID: Final = 8
_GAP: Final = 2


class FittingTable(Table):
    """Columns ``left`` and ``right`` by their justification, in this order.

    Where the width does not do for all, those named in ``ids`` are cut to 8 characters, which commands take
    too; then those in ``texts`` may be shortened to 12, and those in ``spare`` are left out, the first first.
    """

    def __init__(
        self,
        left: Sequence[str],
        right: Sequence[str] = (),
        texts: Sequence[str] = (),
        spare: Sequence[str] = (),
        ids: Sequence[str] = (),
    ) -> None:
        super().__init__(box=None, pad_edge=False, header_style="bold")
        self._texts, self._spare, self._ids = frozenset(texts), tuple(spare), frozenset(ids)
        for name in left:
            self.add_column(name, overflow="crop" if name in ids else "ellipsis", no_wrap=True)
        for name in right:
            self.add_column(name, justify="right", no_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table within ``options.max_width``."""
        whole = self.columns
        wide = options.update_width(1 << 20)
        widths = {
            str(column.header): max(
                Measurement.get(console, wide, cell).maximum
                for cell in (column.header if self.show_header else "", *column.cells)
            )
            for column in whole
        }
        if sum(widths.values()) + _GAP * (len(widths) - 1) > options.max_width:
            widths |= {name: min(widths[name], SHORT_ID) for name in self._ids & widths.keys()}
        for name in self._spare:
            if self._least(widths) <= options.max_width:
                break
            widths.pop(name, None)
        rest = options.max_width - self._least(widths)
        for name in self._texts & widths.keys():
            shortest = min(widths[name], SHORTEST)
            more = max(min(widths[name] - shortest, rest), 0)
            widths[name], rest = shortest + more, rest - more
        kept = [column for column in whole if str(column.header) in widths]
        try:
            # Rich knows by its number whether a column is at an edge.
            self.columns = [replace(column, _index=place) for place, column in enumerate(kept)]
            for place, column in enumerate(self.columns):
                if (name := str(column.header)) in self._texts | self._ids:
                    # It adds the gaps on both sides, which the table's edges do not have.
                    column.max_width = widths[name] - (place in (0, len(kept) - 1))
            yield from super().__rich_console__(console, options)
        finally:
            self.columns = whole

    def _least(self, widths: dict[str, int]) -> int:
        texts = sum(min(width, SHORTEST) for name, width in widths.items() if name in self._texts)
        others = sum(width for name, width in widths.items() if name not in self._texts)
        return texts + others + _GAP * (len(widths) - 1)
