from collections.abc import Callable

from tests.store.migrations.versions.conftest import Older


def test_an_empty_database_gets_its_tables(older: Callable[[str], Older]) -> None:
    rows = older("0001").rows()

    assert {name for name, found in rows.items() if not found} == {
        "contents",
        "exchanges",
        "payloads",
        "sessions",
    }
    assert rows["nodes"] == [{"id": 0, "parent_id": 0, "content_id": None}]
    assert [row["key"] for row in rows["meta"]] == ["generation"]
    assert len(rows["meta"][0]["value"]) == 16


def test_two_databases_are_told_apart(older: Callable[[str], Older]) -> None:
    one = older("0001")
    first = one.rows()["meta"]
    one.file.unlink()

    assert older("0001").rows()["meta"] != first
