r"""Draws records with their labels, or each stage of a DICOM file's recipe.

    python tools/show_records.py
    python tools/show_records.py --where="view = 'MLO' AND cancer = 1"
    python tools/show_records.py --variant=crop:224x224 --limit=60 \
        --output=crops.png
    python tools/show_records.py FILE.dcm OTHER.dcm.gz
    python tools/show_records.py FILE.dcm --markers=largest --output=stages.png

Without files: a contact sheet of records that an SQL predicate selects from
the table `records`. With files, gzipped or not: a row of pictures for each,
from the stored pixels to every variant, by the recipe of the data set in
--records, or by the default one where there is none.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import json
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console
from pipelines import geometry
from pipelines import recipe as recipes

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set.")
OUTPUT = flags.DEFINE_string(
    "output", None, "PNG to write; data/contact_sheet.png by default, "
    "data/stages.png where files are given.")
WHERE = flags.DEFINE_string(
    "where", "", "SQL predicate over the table records, as in "
    "\"birads >= 4 AND split = 'test'\"; empty selects all.")
LIMIT = flags.DEFINE_integer(
    "limit", 24, "Records on the sheet at most.", lower_bound=1)
VARIANT = flags.DEFINE_string(
    "variant", None, "Which variant's records, as in resize:416x512; the "
    "largest by default.")
CHANGES: dict[str, flags.FlagHolder] = {
    name: flags.DEFINE_enum(
        name, None, recipes.CHOICES[name],
        f"For files: this in place of the recipe's {name}.")
    for name in ("breast_box", "markers", "windowing", "tomosynthesis")}
CHANGES["voi_index"] = flags.DEFINE_integer(
    "voi_index", None, "For files: this in place of the recipe's voi_index.",
    lower_bound=0)
CHANGES["resample"] = flags.DEFINE_string(
    "resample", None, "For files: this in place of the recipe's resample, as "
    "in spacing:0.56.")
CHANGES["lenient"] = flags.DEFINE_bool(
    "lenient", None, "For files: this in place of the recipe's lenient.")
VARIANTS = flags.DEFINE_list(
    "variants", None, "For files: these in place of the recipe's variants, "
    "as in resize:416x512,crop:224x224.")


def recipe_of(records: str, changes: dict[str, Any],
              variants: list[str] | None) -> recipes.Recipe:
    """The data set's recipe, or the default one, with the changes asked for.

    Raises:
      ValueError: `dataset.json` is damaged, or a variant is none.
    """
    from pipelines import files
    from pipelines import shards

    path = os.path.join(records, shards.DATASET_FILE)
    try:
        values = json.loads(files.read(path))["recipe"]
    except (FileNotFoundError, NotADirectoryError):
        values = recipes.Recipe().to_json()
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no recipe ({error!r}); build the data "
                         "set again") from error
    if variants is not None:
        values = {**values, "variants": [
            str(geometry.Variant.parse(text)) for text in variants]}
    return recipes.Recipe.from_json({**values, **changes})


def show_files(paths: list[str], recipe: recipes.Recipe, output: str) -> bool:
    """Draws the stages of files; returns whether every one became a record.

    Raises:
      OSError: The PNG cannot be written.
    """
    from pipelines import files
    from pipelines import pixels
    from pipelines import reasons
    from pipelines import scan
    from tools import panels
    from tools import stage_pictures

    limits, rows, complete = scan.Limits(), [], True
    for path in paths:
        rejected = None
        try:
            image = pixels.decode(scan.read_whole(files.to_text(path), limits),
                                  limits.max_image_bytes, recipe)
            row, rejected = stage_pictures.stage_panels(
                image, recipe, os.path.basename(path))
            rows.append(row)
        except reasons.Rejected as error:
            rejected = error
        except OSError as error:
            console.error(f"{path}: {error.strerror}")
            complete = False
        if rejected:
            reason = reasons.REASONS[rejected.reason]
            console.error(f"{path}: {rejected} ({reason.meaning}; "
                          f"{reason.remedy})")
            complete = False
    if rows:
        panels.write_png(output, panels.sheet(rows))
        print(f"{output}: the stages of {len(rows)} file"
              f"{'s' * (len(rows) > 1)}")
    return complete


def show_records(records: str, variant: str | None, where: str, limit: int,
                 output: str) -> None:
    """Draws a contact sheet.

    Raises:
      ValueError: No data set, no such variant, nothing selected, or a record
        is damaged.
      duckdb.Error: The predicate is wrong.
      OSError: A shard cannot be read, or the PNG cannot be written.
    """
    from tools import contact_sheet
    from tools import datasets
    from tools import panels

    dataset = datasets.open_dataset(records)
    chosen = contact_sheet.variant_of(dataset, variant)
    rows, total = contact_sheet.select(dataset, chosen, where, limit)
    panels.write_png(output, contact_sheet.sheet(dataset, rows))
    print(f"{output}: {len(rows)} of {total} records of {chosen}")


def main(argv: list[str]) -> int:
    import duckdb

    paths = argv[1:]
    changes = {name: flag.value for name, flag in CHANGES.items()
               if flag.value is not None}
    if paths and (WHERE.value or VARIANT.value):
        raise command.UsageError("--where and --variant choose records: give "
                                 "them without files")
    if not paths and (changes or VARIANTS.value):
        raise command.UsageError("a recipe can be changed for DICOM files "
                                 "only: name one")
    default = "stages.png" if paths else "contact_sheet.png"
    output = OUTPUT.value or os.path.join("data", default)
    try:
        if paths:
            recipe = recipe_of(RECORDS.value, changes, VARIANTS.value)
            return (command.DONE if show_files(paths, recipe, output)
                    else command.WRONG)
        show_records(RECORDS.value, VARIANT.value, WHERE.value, LIMIT.value,
                     output)
    except duckdb.Error as error:
        return command.fail(
            f"--where={WHERE.value!r}: "
            f"{str(error).partition(chr(10) * 2 + 'LINE ')[0]}")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
