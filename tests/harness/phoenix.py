"""A real Arize Phoenix in a process and a virtual environment of its own, and what it has stored."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from tests.harness.processes import ROOT, Child, child_environment, free_port

PROGRAM = ROOT / ".venv-phoenix" / "bin" / "phoenix"
START = 240.0

Drawn = tuple[str, str, list["Drawn"]]


class Phoenix:
    """``phoenix serve`` on free loopback ports with an empty database in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._child: Child | None = None

    @staticmethod
    def expected() -> bool:
        """Whether ``make setup-phoenix`` has installed it, or ``LENS_REQUIRE_PHOENIX`` insists on it."""
        return PROGRAM.is_file() or bool(os.environ.get("LENS_REQUIRE_PHOENIX"))

    def __enter__(self) -> Phoenix:
        environment = child_environment(
            HOME=str(self.folder),
            PHOENIX_WORKING_DIR=str(self.folder),
            PHOENIX_HOST="127.0.0.1",
            PHOENIX_PORT=str(self.port),
            PHOENIX_GRPC_PORT=str(free_port()),
            PHOENIX_TELEMETRY_ENABLED="false",
        )
        log = self.folder / "phoenix.log"
        with log.open("ab") as output:
            self._child = Child([PROGRAM, "serve"], environment, self.folder, output=output)
        until = time.monotonic() + START
        while not self._healthy():
            if self._child.popen.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError(f"Phoenix did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.close()

    def _healthy(self) -> bool:
        try:
            return httpx.get(self.url + "/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def spans(self, project: str) -> list[dict[str, Any]]:
        """Every span of a project, empty where there is none of that name."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query: dict[str, str | int] = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
            answer = httpx.get(f"{self.url}/v1/projects/{project}/spans", params=query, timeout=60)
            if answer.status_code == 404:
                return found
            answer.raise_for_status()
            found += answer.json()["data"]
            cursor = answer.json()["next_cursor"]
            if not cursor:
                return found

    def settled(self, project: str, seconds: float = 30.0) -> list[dict[str, Any]]:
        """The spans once none has come for a while: Phoenix stores them some time after it took them."""
        until, before, same_since = time.monotonic() + seconds, -1, time.monotonic()
        while True:
            spans = self.spans(project)
            if len(spans) != before:
                before, same_since = len(spans), time.monotonic()
            if (spans and time.monotonic() - same_since > 3) or time.monotonic() > until:
                return spans
            time.sleep(0.3)

    def ask(self, query: str, **variables: Any) -> Any:
        """A GraphQL query."""
        answer = httpx.post(
            self.url + "/graphql", json={"query": query, "variables": variables}, timeout=60
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def project_id(self, project: str) -> str:
        """The node id of a project."""
        nodes = [edge["node"] for edge in self.ask("{projects{edges{node{id name}}}}")["projects"]["edges"]]
        return next(str(node["id"]) for node in nodes if node["name"] == project)

    def matching(self, project: str, condition: str) -> set[str]:
        """Ids of the spans that a filter condition finds, as a user would type it."""
        query = (
            "query($id: ID!, $c: String) {node(id: $id) {... on Project"
            "{spans(first: 1000, filterCondition: $c) {edges {node {spanId}}}}}}"
        )
        edges = self.ask(query, id=self.project_id(project), c=condition)["node"]["spans"]["edges"]
        return {str(edge["node"]["spanId"]) for edge in edges}

    def sessions(self, project: str) -> dict[str, tuple[str, str]]:
        """First input and last output that Phoenix shows for each session."""
        query = (
            "query($id: ID!) {node(id: $id) {... on Project {sessions(first: 100) {edges {node"
            "{sessionId firstInput {value} lastOutput {value}}}}}}}"
        )
        nodes = [e["node"] for e in self.ask(query, id=self.project_id(project))["node"]["sessions"]["edges"]]
        return {
            node["sessionId"]: (
                (node["firstInput"] or {}).get("value", ""),
                (node["lastOutput"] or {}).get("value", ""),
            )
            for node in nodes
        }


def drawn(spans: Iterable[dict[str, Any]]) -> list[list[Drawn]]:
    """Every trace as nested ``(name, kind, children)`` in order of time; spans without their parent fail."""
    traces: dict[str, list[dict[str, Any]]] = {}
    for span in sorted(spans, key=lambda span: (span["start_time"], span["end_time"])):
        traces.setdefault(span["context"]["trace_id"], []).append(span)
    for trace in traces.values():
        ids = {span["context"]["span_id"] for span in trace}
        assert len(ids) == len(trace), "a span is there twice"
        orphans = [span["name"] for span in trace if span["parent_id"] and span["parent_id"] not in ids]
        assert not orphans, f"spans without their parent: {orphans}"
    return [_children(None, trace) for trace in traces.values()]


def _children(parent: str | None, trace: list[dict[str, Any]]) -> list[Drawn]:
    return [
        (span["name"], span["span_kind"], _children(span["context"]["span_id"], trace))
        for span in trace
        if (span["parent_id"] or None) == parent
    ]
