"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The machines that run this are shared and slow at times: a deadline would measure them, not us.
settings.register_profile(
    "llmops", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("llmops")

SHARED_DATA = Path(__file__).parents[1] / "../shared/data"


WHOLE_PROGRAM = ("ui", "cli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs the whole program: seconds each, so left out of the suite run all the time."""
    root = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(root) and item.path.relative_to(root).parts[0] in WHOLE_PROGRAM:
            item.add_marker(pytest.mark.program)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes don't name a test: archives hold the time they were made at, so names would differ."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The collection of real and hostile inputs beside the checkout; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared collection of inputs is absent ({SHARED_DATA})")
    return SHARED_DATA.resolve()
