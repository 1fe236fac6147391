"""What tests of several modules ask for by name, and where they run."""

import signal

from tests.object_store import store  # noqa: F401  A fixture.

# A background job's processes are started with this ignored, and what tests
# start would be deaf to it too.
signal.signal(signal.SIGINT, signal.default_int_handler)
