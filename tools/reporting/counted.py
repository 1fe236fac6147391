"""The parts of the page that only count: files, labels, vendors, outcomes."""

from collections.abc import Sequence

from model import pages
from model import plots
from tools.reporting import drawing
from tools.reporting.counts import Counts, Cross, LABELS

_TITLES = {
    "dataset": "Images by data set", "view": "Images by view",
    "laterality": "Images by side", "manufacturer": "Images by vendor",
    "model": "Images by model", "year": "Images by year of study",
    "implant": "Images by implant", "lossy": "Images by lossy compression",
    "size (columns x rows)": "Sizes, columns x rows",
    "detector pixel (mm)": "Pixel spacing, mm", "bits stored": "Bit depth",
    "transfer syntax": "Transfer syntaxes",
    "photometric": "Photometric interpretation",
    "presentation intent": "Presentation intent", "kind": "Kinds of images"}
_UPRIGHT = ("year",)
_STATUS_COLOURS = {
    "written": plots.GREEN, "planned": plots.GREEN, "excluded": plots.SKY,
    "unlabelled": plots.ORANGE, "rejected": plots.RED}


def files(counts: Counts) -> str:
    """What became of the files."""
    if not counts.numbers["files"]:
        return ""
    names = list(counts.statuses)
    told = ", ".join(f"{counts.statuses[name]:,} {name}" for name in names)
    rows = [(name, f"{number:,}", f"{number / counts.numbers['files']:.1%}")
            for name, number in counts.statuses.items()]
    drawn = drawing.parts(
        names, list(counts.statuses.values()), "Files by what became of them",
        [_STATUS_COLOURS.get(name, plots.GREY) for name in names])
    return (pages.paragraph(
        "Every file that was matched has one of these.") + pages.figures(
            pages.drawing(drawn, f"Lying bars: {told}."),
            pages.table(("status", "files", "share"), rows,
                        "Files by status")))


def splits(counts: Counts) -> str:
    """Images by split and label."""
    header, rows = counts.splits
    if not rows:
        return pages.paragraph("No image is in a record.", "warning")
    words = [column.replace("_", " ").replace("not cancer", "no cancer")
             for column in header]
    table = pages.table(
        (*words, "% cancer"),
        [(split, *(f"{number:,}" for number in (images, cancer, *rest)),
          f"{100 * cancer / images:.1f}")
         for split, images, cancer, *rest in rows], "Images by split")
    found = Cross(LABELS, tuple(
        (split, (no_cancer, cancer, unknown))
        for split, _, cancer, no_cancer, unknown, *_ in rows))
    drawn = drawing.lying_bars(found, "Images by split")
    return pages.figures(pages.drawing(drawn, _spoken(
        "Lying bars of images by split and label", found))) + table


def categories(counts: Counts, names: Sequence[str], same: str) -> str:
    """Images by some of `counts.PEOPLE` and `counts.FILES`.

    Args:
      counts: All there is.
      names: Of what.
      same: The title of the table of what has but one value.
    """
    found = {name: _named(name, counts.categories[name]) for name in names
             if counts.categories[name].rows and not (
                 name == "dataset" and counts.categories[name].is_plain)}
    single = [(_TITLES[name], one.rows[0][0], f"{one.total:,}")
              for name, one in found.items() if len(one.rows) == 1]
    drawn = pages.figures(*(_category(name, one)
                            for name, one in found.items()
                            if len(one.rows) > 1))
    return drawn + (pages.table(("", "value", "images"), single, same)
                    if single else "")


def _category(name: str, found: Cross) -> str:
    title = _TITLES[name]
    if name in _UPRIGHT:
        drawn, kind = drawing.upright_bars(found, title, name), "Upright bars"
    else:
        drawn, kind = drawing.lying_bars(found, title), "Lying bars"
    return pages.drawing(drawn, _spoken(f"{kind}: {title}, by label", found),
                         _cross_table(name, found, title))


def _named(name: str, found: Cross) -> Cross:
    """With names for UIDs and yes and no for true and false."""
    from pydicom import uid

    def named(value: str) -> str:
        if name == "transfer syntax":
            *_, keyword = uid.UID_dictionary.get(value, (value,))
            return keyword
        return {"true": "yes", "false": "no"}.get(value, value)

    return Cross(found.classes, tuple(
        (named(value), counts) for value, counts in found.rows),
        found.left_out)


def outcomes(counts: Counts) -> str:
    """The thesis's figures 4.1 and 4.2: diagnosis by age and by BI-RADS."""
    found = []
    for cross, what, title in ((counts.ages, "age", "Diagnosis by age"),
                               (counts.birads, "BI-RADS",
                                "BI-RADS by diagnosis")):
        if cross.is_plain:
            continue
        table = _cross_table(what, cross, title)
        found.append(pages.drawing(
            drawing.upright_bars(cross, title, what),
            _spoken(f"Upright bars: {title}, images", cross), table))
        kinds = [kind for kind in cross.classes if kind != drawing.COMMON]
        found.append(pages.drawing(
            drawing.shares(cross, f"{title}, shares of {', '.join(kinds)}"
                           if len(kinds) < len(cross.classes) else
                           f"{title}, shares", what),
            f"Upright bars: {title}, the shares of {', '.join(kinds)} in each "
            f"{what}; in the table beside.", _share_table(what, cross)))
    return found and pages.paragraph(
        "Of every image with a diagnosis, also of those that were left out, "
        "as interval cancers (FN) are by default. TP: cancer, referred; TN: "
        "no cancer, not referred; FP: no cancer, but referred; FN: cancer, "
        "but not referred.") + pages.figures(*found) or ""


def _cross_table(what: str, found: Cross, caption: str) -> str:
    rows = list(found.rows)
    if found.left_out:
        more, left = found.left_out
        rows.append((f"({more:,} other values)", left))
    return pages.table(
        (what, "images", *found.classes),
        [(value, f"{sum(counts):,}", *(f"{number:,}" for number in counts))
         for value, counts in rows], caption)


def _share_table(what: str, found: Cross) -> str:
    return pages.table(
        (what, *(f"% {kind}" for kind in found.classes)),
        [(value, *(f"{100 * number / sum(counts):.1f}" for number in counts))
         for value, counts in found.rows if sum(counts)],
        f"Shares within each {what}")


def _spoken(what: str, found: Cross) -> str:
    """A drawing in a sentence; the commonest values only."""
    rows = sorted(found.rows, key=lambda row: -sum(row[1]))[:6]
    more = "; more in the table" if len(found.rows) > len(rows) else ""
    return f"{what}: " + ", ".join(
        f"{value} {sum(counts):,}" for value, counts in rows) + f"{more}."
