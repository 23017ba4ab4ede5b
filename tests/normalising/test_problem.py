import pytest

from claude_lens.normalising.problem import problem_in


@pytest.mark.parametrize(
    ("event", "status", "message"),
    [
        ({"error": {"message": "Slow down", "code": 429}}, 429, "Slow down"),
        ({"error": {"message": "no", "code": "503"}}, 503, "no"),
        ({"error": {"message": "no", "code": "rate_limit_exceeded"}}, 429, "no"),
        ({"error": {"message": "no", "type": "invalid_request_error", "code": None}}, 400, "no"),
        ({"error": {"message": "no", "status": "RESOURCE_EXHAUSTED"}}, 429, "no"),
        ({"error": {"message": "long", "code": "context_length_exceeded"}}, 400, "long"),
        ({"type": "error", "code": "server_error", "message": "words"}, 500, "words"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, 529, "busy"),
        ({"error": "model runner has stopped"}, 500, "model runner has stopped"),
        ({"error": '{"error": {"code": 404, "message": "inside"}}'}, 404, "inside"),
        ({"error": {"code": True}}, 500, "the provider failed"),
    ],
)
def test_an_error_has_its_status_and_words(event: dict[str, object], status: int, message: str) -> None:
    problem = problem_in(event)
    assert problem is not None
    assert (problem.status, problem.message) == (status, message)


@pytest.mark.parametrize("event", [{}, {"error": None}, {"error": {}}, {"choices": []}, {"error": 7}])
def test_what_is_no_error(event: dict[str, object]) -> None:
    assert problem_in(event) is None
