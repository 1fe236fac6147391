"""What differs between two built data sets."""

import html.parser
import json
import pathlib
import subprocess
import sys

import duckdb
import numpy as np
import pytest

from model import plots
from pipelines.geometry import Variant
from tests import hospitals
from tools.comparing import drawing
from tools.comparing import facts
from tools.comparing import histograms
from tools.comparing import report

ROOT = pathlib.Path(__file__).parents[1]
A, B = "contrasty/records", "flat/records"


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("hospitals")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        for contrast in ("contrasty", "flat"):
            hospitals.write(made / contrast, contrast, 6)
            hospitals.build(contrast)
        yield made


def run(*words):
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/compare_datasets.py"), *words],
        capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", name="done")
def _done():
    found = run(A, B, "--images=24", "--output=out/page.html")
    assert found.returncode == 0, found.stderr
    return found


@pytest.fixture(scope="module", name="document")
def _document(done):
    return json.loads(pathlib.Path("out/page.json").read_text())


def test_shares_are_those_of_the_records(document):
    for letter, folder in (("a", A), ("b", B)):
        rows = duckdb.sql(
            "SELECT manufacturer, count(*) FROM "
            f"'{folder}/resize-52x64/*.parquet' GROUP BY ALL").fetchall()
        assert document["shares"]["manufacturer"][letter] == dict(rows)
        assert document["numbers"]["images"][letter] == sum(
            count for _, count in rows)


def test_vendors_and_bits_differ_wholly_and_the_variant_not(document):
    shares = document["shares"]
    assert shares["manufacturer"]["distance"] == 1
    assert shares["bits stored"]["a"].keys() == {"12"}
    assert shares["bits stored"]["b"].keys() == {"14"}
    assert shares["lossy"]["distance"] == 0
    assert document["recipe"] == {}
    assert document["in_both"] == {"images": 0, "patients": 0}


def test_the_histograms_differ_after_max_and_not_after_reference(document):
    found = document["histograms"]
    assert list(found) == list(histograms.METHODS)
    assert found["max"]["relative"] > 1
    assert found["foreground"]["relative"] < found["max"]["relative"] / 1.5
    assert found["reference"]["relative"] < 0.05
    assert document["closest"] == "reference"
    for one in found.values():
        assert len(one["a"]) == histograms.BINS
        assert sum(one["a"]) == pytest.approx(1)
        assert one["distance"] == pytest.approx(np.abs(
            np.cumsum(one["a"]) - np.cumsum(one["b"])).mean())


def test_the_page_is_whole_and_needs_nothing_else(done):
    page = pathlib.Path("out/page.html").read_text()

    class Checked(html.parser.HTMLParser):
        found: list = []

        def handle_starttag(self, tag, attrs):
            self.found.append(tag)
            for name, value in attrs:
                if name in ("src", "href", "xlink:href"):
                    assert value.startswith(("#", "data:"))

    parser = Checked()
    parser.feed(page)
    shares = json.loads(pathlib.Path("out/page.json").read_text())["shares"]
    differing = [one for one in shares.values() if one["distance"] >= 0.005]
    assert parser.found.count("img") == len(histograms.METHODS) + len(
        differing)
    assert "MammoNovation DR" in page and ">Contrast</h2>" in page


def test_the_terminal_has_the_summary(done):
    assert "manufacturer" in done.stdout
    assert "reference brings the two closest" in done.stdout
    assert "out/page.html and out/page.json say more" in done.stdout


def test_the_same_command_gives_the_same_bytes(done):
    again = run(A, B, "--images=24", "--output=again.html", "--json=b.json")
    assert again.returncode == 0, again.stderr
    for first, second in (("out/page.html", "again.html"),
                          ("out/page.json", "b.json")):
        assert pathlib.Path(first).read_bytes() == pathlib.Path(
            second).read_bytes()


def test_a_data_set_does_not_differ_from_itself():
    dataset = facts.open_complete(A)
    found = facts.compare(dataset, dataset, hospitals.VARIANT)
    assert {one.distance for one in found.shares.values()} == {0}
    assert found.in_both["images"] == found.numbers["images"][0]
    sample = histograms.sample(dataset, hospitals.VARIANT, 20)
    compared = histograms.compare(sample, sample)
    assert {one.distance for one in compared.values()} == {0}
    whole = report.Comparison((A, A), "resize:52x64", found, (20, 20),
                              compared)
    assert whole.differing() == []
    assert any("images are in both" in warning for warning in whole.warnings)
    assert "nothing" in report.text(whole)
    assert "data:image/svg+xml" in report.page(whole)


def test_a_sample_is_part_of_a_larger_one():
    dataset = facts.open_complete(A)
    few, many = (histograms.sample(dataset, hospitals.VARIANT, count)
                 for count in (5, 10))
    np.testing.assert_array_equal(few.images, many.images[:5])
    assert few.images.dtype == np.uint16 and few.images.shape[1:] == (64, 52, 1)
    assert set(few.tops) == {4095}


def test_another_recipe_is_pointed_out():
    folder = hospitals.build("flat", variant=hospitals.VARIANT)
    dataset = facts.open_complete(folder)
    pathlib.Path("kept").mkdir()
    for name in ("dicoms", "labels.csv"):
        pathlib.Path("kept", name).symlink_to(pathlib.Path("flat", name
                                                           ).absolute())
    kept = facts.open_complete(hospitals.build("kept", markers="keep"))
    found = facts.compare(dataset, kept, hospitals.VARIANT)
    assert found.recipe == {"markers": ("brightest", "keep")}
    compared = report.Comparison(("a", "b"), "", found, (0, 0), {})
    assert any("markers is brightest in A, keep in B" in warning
               for warning in compared.warnings)


def test_what_is_written_is_escaped():
    found = facts.Facts(
        {"images": (1, 1)},
        {"manufacturer": facts.Shares({"<b>&": 1}, {"x": 1})}, {}, {})
    even = np.full(histograms.BINS, 1 / histograms.BINS)
    compared = {name: histograms.Compared(even, even, float("nan"))
                for name in histograms.METHODS}
    page = report.page(report.Comparison(
        ("a<i>", "b"), "resize:1x1", found, (1, 1), compared))
    assert "&lt;b&gt;&amp;" in page and "a&lt;i&gt;" in page
    assert "<b>&" not in page.replace("<b>&amp;", "")


def test_drawings_are_pngs_too():
    shares = facts.Shares({"CC": 2}, {"CC": 1, "MLO": 1})
    assert plots.png(drawing.shares("view", shares)).startswith(b"\x89PNG")


@pytest.mark.parametrize("words, message", [
    ([A, "nowhere"], "no data set in nowhere"),
    ([A, B, "--variant=crop:24x24"], "crop:24x24 is not in both data sets: "
     "contrasty/records has resize:52x64; flat/records has"),
    ([A, B, "--variant=big"], "big"),
])
def test_errors_are_one_line(words, message):
    done = run(*words, "--output=none/page.html")
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not pathlib.Path("none").exists()


def test_two_folders_are_needed():
    done = run(A)
    assert done.returncode != 0
    assert "two data sets are needed" in done.stdout + done.stderr


def test_without_a_common_variant_both_are_named():
    a = facts.open_complete(A)
    other = facts.Dataset("other", {}, (Variant.parse("crop:8x8"),))
    with pytest.raises(ValueError, match="no variant is in both.*crop:8x8"):
        facts.common_variant(a, other, None)
