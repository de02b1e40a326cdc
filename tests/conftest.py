"""Makes the fixtures of tests/support known to every test."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.support")

pytest_plugins = ["tests.support.fixtures"]
