import os

import apache_beam as beam
import pytest
from apache_beam.options import pipeline_options
from apache_beam.runners.portability import prism_runner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines import beam_options

OURS = ["dicoms", "label_table", "markers"]


@pytest.mark.parametrize("word, message", [
    ("--marker=largest", "did you mean --markers?"),
    ("--dicom=x", "did you mean --dicoms?"),
    ("--direct_num_worker=2", "did you mean --direct_num_workers?"),
    ("--runer=DirectRunner", "did you mean --runner?"),
    ("--zzzzzz", "there is no flag --zzzzzz (--help lists all)"),
    ("data/dicoms", "'data/dicoms' is not a flag"),
    ("--direct_num_workers=two", "invalid int value: 'two'"),
])
def test_a_wrong_flag_is_an_error_that_names_the_nearest(word, message):
    with pytest.raises(beam_options.UnknownFlag) as error:
        beam_options.parse([word], OURS)
    assert message in str(error.value)


def test_beams_flags_are_passed_through():
    options = beam_options.parse(
        ["--runner=FlinkRunner", "--job_name=x", "--parallelism=4"], OURS)
    assert options.get_all_options()["parallelism"] == 4
    assert beam_options.runner(options) == "FlinkRunner"


@pytest.mark.parametrize("words, workers, mode", [
    ([], 3, "multi_processing"),
    (["--direct_num_workers=0"], 3, "multi_processing"),
    (["--direct_num_workers=1"], 1, "in_memory"),
    (["--direct_num_workers=2"], 2, "multi_threading"),
    (["--direct_num_workers=2", "--direct_running_mode=multi_processing"], 2,
     "multi_processing"),
    (["--direct_num_workers=5", "--direct_running_mode=multi_threading"], 5,
     "multi_threading"),
])
def test_the_embedded_runner_uses_all_cores_unless_told(
        words, workers, mode, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.setattr(beam_options, "cores", lambda: 3)
    options = beam_options.parse(["--runner=DirectRunner", *words], OURS)
    direct = options.view_as(pipeline_options.DirectOptions)
    assert isinstance(beam_options.runner(options), FnApiRunner)
    assert direct.direct_num_workers == workers
    assert direct.direct_running_mode == mode


@pytest.mark.parametrize("given, name", [
    ("flink", "FlinkRunner"), ("prismrunner", "PrismRunner"),
    ("direct", "DirectRunner"), ("some.module.Runner", "some.module.Runner"),
])
def test_a_runner_goes_by_its_own_name(given, name):
    options = beam_options.parse([f"--runner={given}"], OURS)
    assert options.get_all_options()["runner"] == name


def test_a_mistyped_runner_is_an_error_that_names_the_nearest():
    with pytest.raises(beam_options.UnknownFlag) as error:
        beam_options.parse(["--runner=FlinkRuner"], OURS)
    assert "did you mean FlinkRunner?" in str(error.value)


def test_the_embedded_runner_never_looks_for_another_engine(monkeypatch):
    def look(*_):
        raise AssertionError("it looks for Prism")

    monkeypatch.setattr(prism_runner.PrismJobServer, "__init__", look)
    for word in ("DirectRunner", "direct", "FnApiRunner"):
        options = beam_options.parse([f"--runner={word}"], OURS)
        assert type(beam_options.runner(options)) is FnApiRunner
        with beam.Pipeline(runner=beam_options.runner(options),
                           options=options) as pipeline:
            _ = pipeline | beam.Create([1])


def test_nothing_of_the_launcher_travels_to_the_workers():
    options = beam_options.parse(["--runner=FlinkRunner"], OURS)
    assert options.get_all_options()["save_main_session"] is False


def test_an_s3_store_is_told_by_the_environment_alone():
    with pytest.raises(beam_options.UnknownFlag, match="AWS_ENDPOINT_URL"):
        beam_options.parse(["--s3_endpoint_url=http://127.0.0.1:1"], [])


def test_names_are_all_of_beams_and_no_others():
    parser = beam_options._Parser(add_help=False, allow_abbrev=False)
    for group in beam_options._subclasses(pipeline_options.PipelineOptions):
        group._add_argparse_args(parser)
    assert beam_options.names() >= {
        name for action in parser._actions for name in action.option_strings}
    assert len(beam_options.names()) < 250


@pytest.mark.parametrize("words, message", [
    (["--runner=flink", "--marker=largest"], "did you mean --markers?"),
    (["--runer", "DirectRunner"], "did you mean --runner?"),
    (["--zzzzzz"], "there is no flag --zzzzzz (--help lists all)"),
    (["--runner", "flink", "--experiments=a", "--no_save_main_session"], None),
    (["data/dicoms"], None), ([], None),  # For parse.
])
def test_a_wrong_name_is_told_without_beam(words, message):
    if message is None:
        beam_options.check_names(words, OURS)
        return
    with pytest.raises(beam_options.UnknownFlag) as error:
        beam_options.check_names(words, OURS)
    assert message in str(error.value)
