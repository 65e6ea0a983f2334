"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run: what lands is decided by the change, not by chance. Explore
# with `pytest --hypothesis-profile default`.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
