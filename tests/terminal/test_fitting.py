from __future__ import annotations

import pytest
from rich.console import Console

from claude_lens.terminal.fitting import FittingTable

SPARE = ("errors", "cost")


def table() -> FittingTable:
    made = FittingTable(("id", "title"), ("cost", "errors"), texts=["title"], spare=SPARE)
    made.add_row("0123456789", "a title that is longer than twelve", "$12.3456", "7")
    made.add_row("1123456789", "short", "?", "0")
    return made


def lines(width: int, shown: FittingTable | None = None) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(shown or table())
    return [line.rstrip() for line in capture.get().splitlines()]


def test_all_where_there_is_room() -> None:
    assert lines(200) == [
        "id          title                                   cost  errors",
        "0123456789  a title that is longer than twelve  $12.3456       7",
        "1123456789  short                                      ?       0",
    ]


@pytest.mark.parametrize(
    ("width", "first"),
    [
        (50, "0123456789  a title that is lon…  $12.3456       7"),
        (42, "0123456789  a title tha…  $12.3456       7"),
        (41, "0123456789  a title that is lo…  $12.3456"),
        (34, "0123456789  a title tha…  $12.3456"),
        (33, "0123456789  a title that is long…"),
        (24, "0123456789  a title tha…"),
    ],
)
def test_texts_shrink_then_columns_go_but_no_figure_is_cut(width: int, first: str) -> None:
    shown = lines(width)
    assert shown[1] == first
    assert max(map(len, shown)) <= width


def test_one_table_for_terminals_of_any_width() -> None:
    one = table()
    assert lines(24, one)[0] == "id          title"
    assert lines(200, one) == lines(200)
    one.show_header = False
    assert lines(200, one)[0] == "0123456789  a title that is longer than twelve  $12.3456  7"


def test_an_empty_one() -> None:
    assert lines(30, FittingTable(("id", "title"), ("cost",), spare=SPARE)) == ["id  title  cost"]


def test_what_follows_a_column_that_went_is_whole() -> None:
    made = FittingTable(
        ("a", "tools"), ("n", "cost", "all", "time"), texts=("a", "tools"), spare=("tools", "all")
    )
    made.add_row("main", "Bash 1, Read 2, Agent 3", "30", "$0.0159 + ?", "$0.01", "3.5 s")
    assert lines(30, made)[1] == "main  30  $0.0159 + ?  3.5 s"
    assert lines(28, made)[1] == "main  30  $0.0159 + ?  3.5 s"


def test_ids_are_cut_first() -> None:
    made = FittingTable(("id", "title"), ("cost",), texts=["title"], spare=["cost"], ids=["id"])
    made.add_row("0123456789abcdef", "a title that is longer", "$1.0000")
    assert lines(80, made)[1] == "0123456789abcdef  a title that is longer  $1.0000"
    assert lines(44, made)[1] == "01234567  a title that is longer  $1.0000"
    assert lines(34, made)[1] == "01234567  a title that i…  $1.0000"
