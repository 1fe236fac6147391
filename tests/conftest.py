"""What tests of several modules ask for by name."""

from tests.object_store import store  # noqa: F401  A fixture.
