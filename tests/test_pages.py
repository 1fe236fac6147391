"""How all pages are made: whole, escaped, without anything from elsewhere."""

import re

import pytest

from model import pages
from model import plots
from tests import html_pages

HOSTILE = "<script>alert('x')</script> \" onload=\"& $\\frac{ \x00\n"


def test_a_page_has_its_sections_and_a_way_to_them():
    found = html_pages.read(pages.page(
        "A & B", "lead", [("One", pages.paragraph("1")), ("Empty", ""),
                          ("Two", pages.paragraph("2"))], "foot"))
    assert found.headings == ["A & B", "One", "Two"]
    assert found.links == {"#part-1": "One", "#part-3": "Two"}
    assert set(found.links) == {f"#{name}" for name in found.ids}


@pytest.mark.parametrize("part", [
    pages.paragraph(HOSTILE), pages.paragraph(HOSTILE, "warning"),
    pages.heading(HOSTILE), pages.command(HOSTILE), pages.items([HOSTILE]),
    pages.tiles([(HOSTILE, HOSTILE)]), pages.details(HOSTILE),
    pages.table([HOSTILE], [[HOSTILE]], HOSTILE, best=HOSTILE),
    pages.drawing(b"<svg/>", HOSTILE, caption=HOSTILE),
    pages.pictures([(pages.image(b"", "jpeg", HOSTILE), HOSTILE, True)]),
])
def test_texts_are_escaped_everywhere(part):
    found = html_pages.read(pages.page(HOSTILE, HOSTILE, [(HOSTILE, part)]))
    assert "script" not in found.tags
    assert not any(name.startswith("on") for name in found.attributes)


def test_nothing_is_taken_from_elsewhere_and_no_script_may_run():
    found = html_pages.read(pages.page("t", "", [("s", pages.drawing(
        b"<svg/>", "alt"))]))
    assert all(source.startswith("data:") for source in found.sources)
    assert "default-src 'none'" in found.text_of_policy


def test_a_table_has_numbers_at_the_right_and_names_at_the_left():
    table = pages.table(("name", "images", "share"), [
        ("CC", "1,200", "12.5% (1.0-20.0)"), ("MLO", None, "-")], "Views",
        best="MLO")
    found = html_pages.read(table)
    assert found.tables == {"Views": [
        ["name", "images", "share"], ["CC", "1,200", "12.5% (1.0-20.0)"],
        ["MLO", "-", "-"]]}
    assert table.count('<td class="number">') == 4
    assert table.count('<tr class="best">') == 1


def test_a_column_of_names_that_look_like_numbers_stays_at_the_left():
    assert 'class="number"' not in pages.table(("year",), [("2014",)])


def test_hostile_names_can_be_drawn():
    names = [HOSTILE, "$x$", "乳房", "-" * 80]
    for draw in (plots.stacked, plots.lying):
        figure, axes = plots.panel(plots.label(HOSTILE))
        draw(axes, names, {HOSTILE: [1, 2, 3, 4], "b": [0, 0, 0, 0]},
             plots.SERIES)
        plots.legend(axes)
        data = plots.svg(figure)
        assert b"<script" not in data and b"\x00" not in data
        assert data.endswith(b"</svg>\n")


def test_equal_figures_give_equal_bytes():
    def drawn():
        figure, axes = plots.panel("title")
        plots.stacked(axes, ["a", "b"], {"x": [1, 2]}, plots.SERIES)
        return plots.svg(figure)

    assert drawn() == drawn()


def test_a_label_is_short_and_no_formula():
    assert len(plots.label("x" * 99)) == 26
    assert plots.label("$5$") == r"\$5\$"
    assert re.fullmatch(r"a\?b", plots.label("a\nb"))
