"""The embedded runner's workers, as options say."""

import os
import shlex

import pytest
from apache_beam.options import pipeline_options

from pipelines import beam_options
from pipelines import beam_store
from pipelines import embedded
from pipelines import processes
from pipelines import turns


@pytest.mark.parametrize("words, inside, is_process", [
    (["--direct_num_workers=1"], "in_memory", False),
    (["--direct_num_workers=2"], "multi_threading", False),
    (["--direct_num_workers=3"], "multi_threading", True),
    (["--direct_num_workers=2", "--direct_running_mode=multi_processing"],
     "multi_threading", True),
    (["--direct_num_workers=1", "--direct_running_mode=multi_processing"],
     "in_memory", True),
])
def test_workers_are_threads_with_or_without_processes(
        words, inside, is_process, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    options = beam_options.parse(words, [])
    direct = options.view_as(pipeline_options.DirectOptions)
    before = direct.direct_running_mode
    kind = object()
    monkeypatch.setattr(processes, "Hand",
                        lambda kind, environment: environment)
    with embedded.running(["first", "second"], options):
        assert direct.direct_running_mode == inside
        hand = processes.hand(kind)
        assert (hand is not kind) == is_process
        assert list(turns.of("second", str.upper)) == ["FIRST", "SECOND"]
    assert direct.direct_running_mode == before
    if is_process:
        # What a process's file systems go by.
        again = beam_options.parse(
            shlex.split(hand[beam_store.OPTIONS_VARIABLE]), [])
        assert {**again.get_all_options(), "direct_num_workers": None} == {
            **options.get_all_options(), "direct_num_workers": None}
    assert processes.hand(kind) is kind


def test_flags_are_words_again():
    options = pipeline_options.PipelineOptions([
        "--hdfs_host=a host", "--hdfs_full_urls", "--experiments=one",
        "--experiments=two"])
    found = shlex.split(embedded.words(options))
    assert {"--hdfs_host=a host", "--hdfs_full_urls", "--experiments=one",
            "--experiments=two"} <= set(found)
