"""Reading pages as a browser's parser does: tables, headings, attributes."""

import dataclasses
import html.parser

VOID = {"meta", "link", "img", "br"}


@dataclasses.dataclass
class Page:
    """What is on a page.

    Attributes:
      tags: Names of all elements.
      attributes: Names of all attributes.
      sources: What images and links to other files point to.
      links: Text of each link within the page, by its target.
      ids: Of all elements that have one.
      headings: Texts of h1 and h2.
      tables: Rows by caption, the header first.
      alts: Of all images.
      text: Everything that can be read, alts included.
      text_of_policy: What the page may load.
    """

    tags: set
    attributes: set
    sources: list
    links: dict
    ids: list
    headings: list
    tables: dict
    alts: list
    text: str = ""
    text_of_policy: str = ""


def read(text):
    """Parses a page.

    Raises:
      AssertionError: Its elements are not nested, an image has no alternative
        text, or two tables share a caption but differ.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == [], reader.open
    return reader.page


class _Reader(html.parser.HTMLParser):

    def __init__(self):
        super().__init__()
        self.page = Page(set(), set(), [], {}, [], [], {}, [])
        self.open = []
        self._texts = []
        self._rows, self._caption = [], ""
        self._target = None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.page.tags.add(tag)
        self.page.attributes |= set(values)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.page.ids.append(values["id"])
        if tag == "img":
            assert values.get("alt"), "an image has no alternative text"
            self.page.alts.append(values["alt"])
            self.page.text += f" {values['alt']}"
            self.page.sources.append(values["src"])
        if tag == "link":
            self.page.sources.append(values["href"])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.page.text_of_policy = values["content"]
        if tag == "a":
            self._target = values["href"]
        if tag == "table":
            self._rows, self._caption = [], ""
        if tag == "tr":
            self._rows.append([])
        self._texts.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
        text = self._texts[-1].strip()
        if tag in ("td", "th"):
            self._rows[-1].append(text)
        if tag == "caption":
            self._caption = text
        if tag in ("h1", "h2"):
            self.page.headings.append(text)
        if tag == "a":
            self.page.links[self._target] = text
        if tag == "table":
            known = self.page.tables.setdefault(self._caption, self._rows)
            assert known == self._rows, self._caption
        self._texts.append("")

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            return
        self.page.text += f" {data}"
        if self._texts:
            self._texts[-1] += data
