"""How a stage runs on Beam's embedded runner: by threads or by processes."""

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions

from pipelines import beam_options
from pipelines import beam_store
from pipelines import processes
from pipelines import turns


@contextlib.contextmanager
def running(tasks: Sequence[Any], options: Any) -> Iterator[None]:
    """Within the block, its workers take these tasks in turn.

    To the runner they are threads in any case. Where the options say
    processes, each has one of ours, lighter and quieter than Beam's own.
    """
    direct = options.view_as(DirectOptions)
    with contextlib.ExitStack() as stack:
        stack.enter_context(turns.shared(tasks))
        if direct.direct_running_mode == beam_options.PROCESSES:
            stack.enter_context(processes.used(
                {beam_store.OPTIONS_VARIABLE: words(options)}))
            stack.enter_context(_mode(
                direct, "multi_threading" if direct.direct_num_workers > 1
                else "in_memory"))
        yield


@contextlib.contextmanager
def _mode(direct: DirectOptions, mode: str) -> Iterator[None]:
    before, direct.direct_running_mode = direct.direct_running_mode, mode
    try:
        yield
    finally:
        direct.direct_running_mode = before


def words(options: Any) -> str:
    """Beam's flags, as a shell would split them."""
    found = []
    for name, value in options.get_all_options(drop_default=True).items():
        for one in value if isinstance(value, list) else [value]:
            if one is not False:
                found.append(f"--{name}" if one is True else f"--{name}={one}")
    return shlex.join(found)
