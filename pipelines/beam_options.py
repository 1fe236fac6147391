"""Beam's own flags, strictly, and the runner that a name stands for."""

import argparse
import ast
import difflib
import importlib.util
import os
from collections.abc import Iterable, Sequence
from typing import Any

from pipelines import lean_beam
from pipelines import usage

# How the embedded runner works with many workers; with more than so many,
# unless a flag says otherwise.
PROCESSES = "multi_processing"
MOST_THREADS = 2
_ADD_ARGUMENT = ("add_argument", "add_value_provider_argument")


class UnknownFlag(ValueError):
    """A flag that is neither ours nor Beam's."""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would end the process."""

    def error(self, message: str):
        raise UnknownFlag(message)


def check_names(arguments: Sequence[str], ours: Sequence[str]) -> None:
    """Refuses a flag that is neither ours nor Beam's, without importing Beam.

    Importing it takes a second and more, for which nobody waits who has
    mistyped a flag. Values are for `parse`, as is a word that is no flag.

    Args:
      arguments: Command line words that are not our flags.
      ours: Names of our flags, to name the nearest right one.

    Raises:
      UnknownFlag: There is no such flag.
    """
    known = names()
    for word in arguments:
        if word.startswith("--") and word.partition("=")[0] not in known:
            raise UnknownFlag(usage.unknown_flag(word, [
                *(f"--{name}" for name in ours), *sorted(known)]))


def names() -> frozenset[str]:
    """Beam's flags, read from its source: `--runner`, ...."""
    beam = importlib.util.find_spec("apache_beam")
    assert beam and beam.submodule_search_locations
    path = os.path.join(beam.submodule_search_locations[0], "options",
                        "pipeline_options.py")
    with open(path, encoding="utf-8") as file:
        return frozenset(_option_strings(ast.parse(file.read())))


def _option_strings(module: ast.Module) -> Iterable[str]:
    """Yields the flags that are added to argparse's parsers in a module."""
    for call in ast.walk(module):
        if (isinstance(call, ast.Call) and
                isinstance(call.func, ast.Attribute) and
                call.func.attr in _ADD_ARGUMENT):
            yield from (word.value for word in call.args
                        if isinstance(word, ast.Constant) and
                        isinstance(word.value, str) and
                        word.value.startswith("-"))


def parse(arguments: Sequence[str], ours: Sequence[str]) -> Any:
    """Beam's options from what our flags left over.

    An embedded run uses all cores unless the words say otherwise.

    Args:
      arguments: Command line words that are not our flags.
      ours: Names of our flags, to name the nearest right one.

    Returns:
      `PipelineOptions`.

    Raises:
      UnknownFlag: A word is no flag of Beam's, or its value is not right.
    """
    lean_beam.import_beam(arguments)
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.options.pipeline_options import SetupOptions
    from apache_beam.options.pipeline_options import StandardOptions

    parser = _Parser(add_help=False, allow_abbrev=False)
    for group in _subclasses(PipelineOptions):
        group._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(arguments))
    if unknown:
        raise UnknownFlag(usage.unknown_flag(unknown[0], [
            *(f"--{name}" for name in ours),
            *(name for action in parser._actions
              for name in action.option_strings)]))
    told = [word for word in arguments if word.startswith("--s3_")]
    if told:
        raise UnknownFlag(
            f"{told[0].partition('=')[0]}: where an S3 store is and who asks "
            "is told by the environment, on every worker: AWS_ENDPOINT_URL, "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION")
    options = PipelineOptions(list(arguments))
    standard = options.view_as(StandardOptions)
    standard.runner = _runner_name(standard.runner or "DirectRunner")
    setup = options.view_as(SetupOptions)
    if setup.save_main_session is None:
        # Workers import what they run: nothing of `__main__` travels.
        setup.save_main_session = False
    if is_embedded(options):
        _use_all_cores(options, arguments)
    return options


def _runner_name(given: str) -> str:
    """A runner's own name: Beam takes `flink` for FlinkRunner."""
    from apache_beam.options.pipeline_options import StandardOptions

    if "." in given:
        return given
    known = {name.lower(): name for name in StandardOptions.KNOWN_RUNNER_NAMES}
    for name in (given.lower(), f"{given.lower()}runner"):
        if name in known:
            return known[name]
    near = difflib.get_close_matches(given, known.values(), 1, 0)[0]
    raise UnknownFlag(f"--runner={given}: Beam has no such runner; did you "
                      f"mean {near}?")


def _subclasses(base: Any) -> list[Any]:
    # As PipelineOptions does: one of each name, in a fixed order.
    found = {cls.__name__: cls for cls in base.__subclasses__()}
    return [found[name] for name in sorted(found)]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def is_embedded(options: Any) -> bool:
    """Whether the job runs in this process or below it."""
    from apache_beam.options.pipeline_options import StandardOptions

    return options.view_as(StandardOptions).runner in lean_beam.EMBEDDED


def runner(options: Any) -> Any:
    """What `beam.Pipeline` takes as its runner.

    Beam's own DirectRunner would try to download another engine and run
    whichever it got: here it is always the embedded one.
    """
    from apache_beam.options.pipeline_options import StandardOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    if is_embedded(options):
        return FnApiRunner()
    return options.view_as(StandardOptions).runner


def _use_all_cores(options: Any, arguments: Sequence[str]) -> None:
    from apache_beam.options.pipeline_options import DirectOptions

    given = {word.partition("=")[0] for word in arguments}
    direct = options.view_as(DirectOptions)
    if "--direct_num_workers" not in given or not direct.direct_num_workers:
        direct.direct_num_workers = cores()
    if "--direct_running_mode" not in given:
        # Decoding releases the GIL: on few cores threads are as fast as
        # processes, start sooner and share what is imported.
        workers = direct.direct_num_workers
        direct.direct_running_mode = (
            "in_memory" if workers == 1 else
            "multi_threading" if workers <= MOST_THREADS else PROCESSES)
    # Worker processes import this package, wherever the build was started.
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if root not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [root, *filter(None, paths)])
