from __future__ import annotations

import json
from pathlib import Path

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.client_costs import Compared, compared, summary
from tests.store.conftest import Make, body_of, message_of


def transcript(folder: Path, session: str, usd: float, *more: dict[str, object], after: bool = False) -> None:
    state = {"type": "cost-state", "sessionId": session, "totalCostUSD": usd}
    lines = [*more, {"type": "cost-state", "totalCostUSD": 0.1}, state, *([{"type": "assistant"}] * after)]
    file = folder / "project" / f"{session}.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def test_totals_side_by_side(tmp_path: Path, sink: StoreSink, reader: Reader, make: Make) -> None:
    # Each costs a quarter of a dollar.
    for number, session in enumerate(["one", "one", "fork", "fork", "other", "running", "none"]):
        sink.ended(make(body_of(f"p{number}"), message_of(number), session=session))
    sink.flush()
    transcript(tmp_path, "one", 0.5)
    transcript(tmp_path, "fork", 1.0, {"type": "assistant", "requestSessionId": "one"})
    transcript(tmp_path, "other", 1.097)
    transcript(tmp_path, "running", 5.0, after=True)
    transcript(tmp_path, "stranger", 5.0)
    (tmp_path / "project" / "none.jsonl").write_text('{"type":"cost-state"}\n')
    found = {one.session: one for one in compared(reader, tmp_path)}
    assert found == {
        "one": Compared("one", 0.5, 0.5),
        "fork": Compared("fork", 1.0, 1.0),
        "other": Compared("other", 1.097, 0.25),
    }
    assert [found[name].agree for name in ("one", "fork", "other")] == [True, True, False]
    assert str(found["other"]) == "client says $1.097, recorded $0.250"
    assert str(Compared("x", 0.004368, 0.0)) == "client says $0.004368, recorded $0.000"
    assert len(list(compared(reader, tmp_path, 1))) <= 1
    assert list(summary(list(found.values()))) == [
        "costs of 3 sessions: client says $2.597, recorded $1.750",
        "session other: client says $1.097, recorded $0.250",
    ]
    assert list(summary([])) == []
