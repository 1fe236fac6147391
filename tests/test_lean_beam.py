"""Beam is imported without its companions, and they are there afterwards."""

import subprocess
import sys

import pytest

from pipelines import lean_beam

_PROGRAM = """
import logging, sys
logging.disable(logging.CRITICAL)
from pipelines import beam_options
beam_options.parse({arguments!r}, [])
from pipelines import build
import pyarrow as pa
pa.array(["text"]), pa.table({{"x": [1]}}).to_pylist()
print(sorted({{"pandas", "boto3", "tensorflow"}} & set(sys.modules)))
import pandas
"""


@pytest.mark.parametrize("arguments, imported", [
    ([], "[]"), (["--runner=DirectRunner"], "[]"),
    (["--runner", "FlinkRunner"], "['boto3', 'pandas']")])
def test_what_a_build_imports(arguments, imported):
    program = _PROGRAM.format(arguments=arguments)
    ended = subprocess.run([sys.executable, "-c", program], check=True,
                           capture_output=True, text=True)
    assert ended.stdout.strip() == imported


def test_modules_are_missing_within_the_block_alone():
    sys.modules.pop("antigravity", None)
    sys.modules.pop("this", None)
    with lean_beam.without("this", "json"):
        import json  # What is imported already stays.

        assert json
        with pytest.raises(ImportError, match="this"):
            import this  # noqa: F401
    assert not any(isinstance(finder, lean_beam._Missing)
                   for finder in sys.meta_path)
