"""The parts of the page that a person acts on: labels, rejects, the recipe."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model import pages
from pipelines import audit as audits
from pipelines import reasons
from pipelines import remarks as remark_codes
from tools.reporting import wording
from tools.reporting.counts import Why


def audit(found: Mapping[str, Any], identifiers: bool) -> str:
    """How the label tables and the images met, as dataset.json has it."""
    if not found:
        return ""
    rows = [(words, *(f"{found[key][name][what]:,}" for what in (
        "images", "studies", "visits")))
            for names, key in ((audits.RULES, "matched"),
                               (audits.UNLABELLED, "unlabelled"))
            for name, words in names.items() if name in found[key]]
    parts = [pages.paragraph(
        f"Of {found['accepted']:,} images that the scan accepted, of "
        f"{found['files']:,} files. A visit is a patient, a side and a day."),
        pages.table(("labelled by", "images", "studies", "visits"), rows,
                    "Images by how their label was found")]
    parts += map(pages.paragraph, _audit_lines(found))
    parts.append(pages.table(
        ("data set", "files", "with a diagnosis", "diagnoses",
         "diagnoses of no image", "patients of images", "of the table",
         "of both"),
        [(one["name"] or "all", *(f"{number:,}" for number in (
            one["files"], one["labelled"], one["diagnoses"],
            one["unmatched"], *one["patients"])))
         for one in found["datasets"]], "Images and label tables"))
    if identifiers:
        parts += [pages.paragraph(
            "Diagnoses of no image, as "
            f"{'; '.join(one['unmatched_examples'])}.")
            for one in found["datasets"] if one["unmatched_examples"]]
    return "\n".join(parts)


def _audit_lines(audit: Mapping[str, Any]) -> Iterator[str]:
    if audit["contradicts_rounding"]:
        yield (f"{audit['contradicts_rounding']:,} images have a diagnosis "
               "whose year cannot be their rounded date; "
               "--label_match=rounding matches by that.")
    for number, what in zip(audit["overruled"], ("side", "view")):
        if number:
            yield (f"{number:,} images have another {what} in the label "
                   "table than in their header; the table counts.")
    for note in audit.get("notes", ()):
        yield f"{note[:1].upper()}{note[1:]}."


def why(found: Sequence[Why], folder: str, identifiers: bool) -> str:
    """Which files are in no record, with the first that were rejected."""
    if not found:
        return ""
    parts = [pages.table(
        ("status", "reason", "files", "what was found", "what to do"),
        [(one.status, one.reason, f"{one.files:,}", one.meaning, one.remedy)
         for one in found], "Files by reason")]
    parts += [_first_files(one, folder, identifiers) for one in found
              if one.status == reasons.Status.REJECTED]
    if len(parts) > 1:
        parts.insert(1, pages.heading("The first files that were rejected"))
    return "\n".join(parts)


def _first_files(one: Why, folder: str, identifiers: bool) -> str:
    name = "file" if identifiers else "name ends in"
    shown = len(one.first)
    return pages.details(
        f"{one.reason}: {one.files:,} file{'s' * (one.files != 1)}",
        pages.paragraph(f"{one.meaning[:1].upper()}{one.meaning[1:]}. What "
                        f"to do: {one.remedy}.") if one.meaning else "",
        pages.table(
            (name, "bytes", "what was found"),
            [(file.file if identifiers else file.suffix or "-",
              "-" if file.file_bytes is None else f"{file.file_bytes:,}",
              (file.detail if identifiers else file.anonymous_detail) or "-")
             for file in one.first],
            f"{one.reason}, the first {shown}" if shown < one.files
            else f"{one.reason}, all"),
        pages.paragraph("In the order and with the paths that this tells:",
                        "soft"),
        pages.command(
            f'python tools/query.py --records={folder} "SELECT file, detail '
            f"FROM images WHERE reason = '{one.reason}' ORDER BY file\""))


def remarks(found: Mapping[str, int]) -> str:
    """Images by remark."""
    if not found:
        return ""
    return pages.paragraph(
        "What is odd about images that are used all the same.") + pages.table(
            ("remark", "images", "what was found, and what is done"),
            [(code, f"{number:,}", remark_codes.REMARKS.get(code, ""))
             for code, number in found.items()], "Images by remark")


def recipe(description: Mapping[str, Any]) -> str:
    """The rules and the recipe in words."""
    values = description.get("recipe")
    if not values:
        return ""
    parts = [pages.heading("Which images, which labels"),
             pages.items(wording.rules(description.get("build") or {})),
             pages.heading("From a file to a network's input")]
    try:
        parts.append(pages.items(wording.recipe(values), numbered=True))
    except ValueError as error:
        parts.append(pages.paragraph(str(error), "warning"))
    parts.append(pages.details("As dataset.json has it", pages.command(
        json.dumps(values, indent=2, sort_keys=True))))
    return "\n".join(parts)
