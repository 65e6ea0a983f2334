"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

# The same examples in every run: what lands is decided by the change, not by chance. Explore
# with `pytest --hypothesis-profile default`.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

_LONG = ("test_suite.py", "test_pre_commit.py", "test_readme.py", "test_benchmark.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no core waits for another at the end."""
    items.sort(key=lambda item: item.path.name not in _LONG)
