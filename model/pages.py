"""How all pages look: one file of HTML that needs nothing else.

Each function gives a piece of HTML. Whatever is given as text is escaped;
what is given as parts are such pieces. There is no script in a page, and its
content policy forbids one, as it does everything that is not in the file.
"""

import base64
import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light; --ink: #222; --soft: #595959; --line: #ddd;
        --pale: #f4f6f8; --accent: #0072b2; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue",
       "Noto Sans", "Liberation Sans", Arial, sans-serif; color: var(--ink);
       background: #fff; margin: 0; }
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .2em;
     overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 2.2em 0 .6em;
     padding-top: .5em; border-top: 2px solid var(--ink); }
li { max-width: 75ch; overflow-wrap: anywhere; }
main ul, main ol { padding-left: 1.4em; margin: .6em 0; }
h3 { font-size: 1.05rem; margin: 1.6em 0 .4em; overflow-wrap: anywhere; }
p { max-width: 75ch; margin: .6em 0; overflow-wrap: anywhere; }
.lead, .soft, figcaption, caption, footer { color: var(--soft); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3em 1.1em;
         padding: 0; margin: 1em 0 0; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px; }
.tiles { display: grid; gap: 10px; padding: 0; margin: 1.4em 0;
         grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); }
.tiles div { background: var(--pale); border-radius: 6px;
             padding: .6em .9em; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.35rem; font-weight: 600;
            overflow-wrap: anywhere; }
.figures { display: grid; gap: 18px 28px; align-items: start;
           grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px),
                                                          1fr)); }
figure { margin: 0; min-width: 0; max-width: 560px; }
figure img { display: block; width: 100%; height: auto; }
figcaption { font-size: .875rem; }
.scroll { overflow-x: auto; max-width: 100%; margin: .6em 0 1em; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.35;
        font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .3em; white-space: nowrap; }
th, td { padding: .25em .8em; vertical-align: top; text-align: left;
         max-width: 34em; overflow-wrap: break-word; }
th:first-child, td:first-child { padding-left: 0; }
th { font-weight: 600; }
thead th { border-bottom: 1.5px solid var(--ink); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.dense th, .dense td { font-size: .8125rem; padding: .25em .5em; }
.dense td:first-child { white-space: nowrap; }
.best > * { font-weight: 600; background: #eef6ea; }
.warning { background: #fdf0e2; border-left: 4px solid #d55e00;
           padding: .5em 1em; }
details { margin: .5em 0; }
summary { cursor: pointer; color: var(--accent); font-size: .875rem; }
code, pre { font: .85em/1.45 ui-monospace, "Liberation Mono", monospace; }
pre { background: var(--pale); padding: .7em .9em; border-radius: 6px;
      white-space: pre-wrap; overflow-wrap: anywhere; }
.sheet { display: grid; gap: 12px; margin: .8em 0 1.4em;
         grid-template-columns: repeat(auto-fill, minmax(110px, 1fr)); }
.sheet img { background: #000; border-radius: 3px; width: 100%;
             height: auto; }
.sheet figcaption { font-size: .75rem; line-height: 1.3; margin-top: .3em; }
.pairs { display: grid; gap: 16px; margin: .8em 0 1.4em;
         grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px),
                                                         1fr)); }
.pairs img { background: #000; border-radius: 3px; }
.marked { font-weight: 600; color: #a34700; }
footer { margin-top: 3em; padding-bottom: 2em; font-size: .875rem; }
@media (max-width: 600px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  h1 { font-size: 1.4rem; }
  caption { white-space: normal; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles dd { font-size: 1.15rem; }
}
@media print {
  @page { margin: 15mm; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav { display: none; }
  .figures { grid-template-columns: 1fr 1fr; }
  .sheet { grid-template-columns: repeat(8, 1fr); }
  .pairs { grid-template-columns: 1fr 1fr 1fr; }
  figure, tr, .tiles, .warning { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  .warning, .tiles div, .best > *, .sheet img, .pairs img, pre {
    print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  summary { list-style: none; color: var(--soft); }
  details::details-content { content-visibility: visible; display: block;
                             height: auto; }
}
"""
_RIGHT, _BEST, _MARKED = (f' class="{name}"' for name in (
    "number", "best", "marked"))
_NUMBER = re.compile(r"[-+]?[\d.,]+ ?%?( \([^)]*\))?|-|")


def safe(value: Any) -> str:
    """Any value as text within HTML, or within an attribute in quotes."""
    return html.escape(str(value))


def page(title: str, lead: str, sections: Sequence[tuple[str, str]],
         closing: str = "", top: str = "") -> str:
    """A whole page.

    Args:
      title: Its heading.
      lead: What it is about, below.
      sections: Heading and parts of each; those without parts are left out.
      closing: At its foot.
      top: Parts between the lead and the table of contents.
    """
    there = [(f"part-{number}", heading, parts) for number, (heading, parts)
             in enumerate(sections, start=1) if parts]
    contents = "".join(f'<li><a href="#{name}">{safe(heading)}</a></li>'
                       for name, heading, _ in there)
    body = "\n".join(
        f'<section aria-labelledby="{name}"><h2 id="{name}">{safe(heading)}'
        f"</h2>\n{parts}\n</section>" for name, heading, parts in there)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, '
        'initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>{safe(title)}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n"
        f'<header><h1>{safe(title)}</h1>\n<p class="lead">{safe(lead)}</p>\n'
        f'{top}<nav aria-label="Contents"><ul>{contents}</ul></nav></header>\n'
        f"<main>\n{body}\n</main>\n<footer><p>{safe(closing)}</p></footer>\n"
        "</body></html>\n")


def paragraph(text: str, kind: str = "") -> str:
    """Text; its kind is soft or warning, or none."""
    return f'<p class="{kind}">{safe(text)}</p>' if kind else (
        f"<p>{safe(text)}</p>")


def heading(text: str) -> str:
    """A heading below that of a section."""
    return f"<h3>{safe(text)}</h3>"


def items(texts: Iterable[str], numbered: bool = False) -> str:
    """Sentences below each other."""
    tag = "ol" if numbered else "ul"
    return (f"<{tag}>" + "".join(f"<li>{safe(text)}</li>" for text in texts)
            + f"</{tag}>")


def command(text: str) -> str:
    """Something to type."""
    return f"<pre>{safe(text)}</pre>"


def tiles(numbers: Iterable[tuple[str, str]]) -> str:
    """What and how much, large."""
    return '<dl class="tiles">' + "".join(
        f"<div><dt>{safe(what)}</dt><dd>{safe(value)}</dd></div>"
        for what, value in numbers) + "</dl>\n"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]],
          caption: str = "", best: str | None = None,
          dense: bool = False) -> str:
    """A table; columns of numbers are flush right.

    Args:
      header: Of its columns, the first of which names the row.
      rows: Values; None is shown as a dash.
      caption: What it shows.
      best: What the first cell of the row to point out says.
      dense: Smaller letters, for many columns.
    """
    cells = [["-" if cell is None else str(cell) for cell in row]
             for row in rows]
    right = [bool(cells) and place > 0 and all(
        _NUMBER.fullmatch(row[place]) for row in cells)
        for place in range(len(header))]

    def line(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{_RIGHT * number}>{safe(cell)}</{tag}>"
            for cell, number in zip(row, right))

    title = f"<caption>{safe(caption)}</caption>" if caption else ""
    region = (f' role="region" aria-label="{safe(caption)}"' if caption
              else "")
    body = "\n".join(
        f"<tr{_BEST * (best is not None and row[0] == best)}>"
        f"{line('td', row)}</tr>" for row in cells)
    return (f'<div class="scroll{" dense" * dense}" tabindex="0"{region}>'
            f"<table>{title}"
            f"<thead><tr>{line('th', header)}</tr></thead>\n"
            f"<tbody>{body}</tbody></table></div>")


def details(summary: str, *parts: str) -> str:
    """What is shown when it is asked for."""
    return (f"<details><summary>{safe(summary)}</summary>\n"
            + "\n".join(parts) + "</details>")


def drawing(svg: bytes, alt: str, *behind: str, caption: str = "") -> str:
    """A drawing with the tables behind it.

    Args:
      svg: The drawing; as an image, so that nothing in it can act or clash.
      alt: What it shows, for who cannot see it.
      behind: Tables that it was drawn from.
      caption: Below it.
    """
    return (f"<figure>{image(svg, 'svg+xml', alt)}" + (
        f"<figcaption>{safe(caption)}</figcaption>" if caption else "") + (
            details("The numbers", *behind) if behind else "") + "</figure>")


def image(data: bytes, kind: str, alt: str,
          size: tuple[int, int] | None = None) -> str:
    """A picture of the MIME type image/kind; its width and height if known."""
    known = f' width="{size[0]}" height="{size[1]}"' if size else ""
    return (f'<img alt="{safe(alt)}"{known} src="data:image/{kind};base64,'
            f'{base64.b64encode(data).decode()}">')


def figures(*parts: str) -> str:
    """Drawings beside each other where there is room."""
    return f'<div class="figures">{"".join(parts)}</div>' if parts else ""


def pictures(parts: Iterable[tuple[str, str, bool]],
             kind: str = "sheet") -> str:
    """Pictures in rows.

    Args:
      parts: The `image`, its caption, and whether that is pointed out.
      kind: sheet: small ones; pairs: large ones.
    """
    return f'<div class="{kind}">' + "".join(
        f"<figure>{picture}<figcaption"
        f"{_MARKED * marked}>{safe(caption)}</figcaption></figure>"
        for picture, caption, marked in parts) + "</div>"
