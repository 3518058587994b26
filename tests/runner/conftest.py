"""A real endpoint in its own process, and workspaces that ask it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.endpoints.process import MockEndpoint, mock_endpoint
from tests.workspaces import Bench, make_bench


@pytest.fixture(scope="module")
def shared_endpoint() -> Iterator[MockEndpoint]:
    with mock_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(shared_endpoint: MockEndpoint) -> MockEndpoint:
    """The module's endpoint, behaving well and with its counts at zero."""
    shared_endpoint.configure(
        answer="last-word",
        latency_ms=0,
        faults={},
        wrong=0,
        capacity=0,
        down_after=-1,
        hang_after=-1,
        key="",
        fault_attempts=1,
    )
    shared_endpoint.reset()
    return shared_endpoint


@pytest.fixture
def bench(tmp_path: Path, endpoint: MockEndpoint) -> Iterator[Callable[..., Bench]]:
    """Makes workspaces that ask the endpoint."""
    made: list[Bench] = []

    def make(**options: object) -> Bench:
        path = tmp_path / f"workspace{len(made)}.db"
        made.append(make_bench(path, endpoint.base_url, **options))
        return made[-1]

    yield make
    for one in made:
        one.workspace.db.close()
