"""What tests of several modules ask for by name, and where they run."""

import fnmatch
import signal

import pytest

from tests.object_store import store  # noqa: F401  A fixture.

# A background job's processes are started with this ignored, and what tests
# start would be deaf to it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Files whose tests have nothing to do with what the lanes differ in: the
# versions of TensorFlow, NumPy and OpenCV, and whether tensorflow-io is there.
ONE_LANE = (
    "test_asking.py", "test_beam_*.py", "test_browse*.py",
    "test_browsing_web.py", "test_build_race.py", "test_build_s3.py",
    "test_capacity.py", "test_clusters.py", "test_command*.py",
    "test_compare_*.py", "test_config.py", "test_console*.py",
    "test_copies.py", "test_doctor.py", "test_documents.py",
    "test_embedded.py", "test_engines*.py", "test_files.py",
    "test_header_rows.py", "test_join_*.py", "test_kinds.py",
    "test_labels_*.py", "test_launching.py", "test_layout.py",
    "test_lean_beam.py", "test_machine.py", "test_matching.py",
    "test_memory.py", "test_modifiers.py", "test_packages.py",
    "test_pages.py", "test_plan.py", "test_privacy.py", "test_probing.py",
    "test_processes.py", "test_progress*.py", "test_query.py",
    "test_rates.py", "test_readahead.py", "test_reasons.py",
    "test_remarks.py", "test_report*.py", "test_rounds.py", "test_s3.py",
    "test_scripts.py", "test_services.py", "test_shards.py",
    "test_sources.py", "test_splits.py", "test_starting.py",
    "test_stage_times.py", "test_text_table.py", "test_turns.py",
    "test_verify_records.py", "test_views.py")


def pytest_collection_modifyitems(items):
    for item in items:
        if any(fnmatch.fnmatch(item.path.name, name) for name in ONE_LANE):
            item.add_marker(pytest.mark.one_lane)
