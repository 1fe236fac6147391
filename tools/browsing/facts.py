"""What the page asks for, as JSON holds it: pages, facets, one image."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines import reasons
from pipelines import remarks
from pipelines import schema
from tools import results
from tools.browsing import originals
from tools.browsing.catalogue import Catalogue
from tools.browsing.selection import FACETS, ORDERS, Selection

PAGE_IMAGES = 60
# Of a facet, so many values are shown: the commonest, and those chosen.
_MOST_VALUES = 12
ORIGINAL = "original"

_TILE = ("_key", "laterality", "view", "split", "status", "reason", "cancer",
         "birads", "label", "score", "decision", "verdict", "byte_offset")
_OF_MODEL = {
    "label": "what the model is to tell, as a class: 0 or 1",
    "score": "what the model says, from 0 to 1",
    "decision": "1: detected, the score reaches the run's threshold",
    "verdict": "whether the decision is that of the label",
}
_IDENTIFYING = frozenset({
    "file", "file_version", "sop_instance_uid", "study_instance_uid",
    "series_instance_uid", "patient_id"})
_LABEL = frozenset({
    "dataset", "split", "status", "reason", "detail", "remarks", "birads",
    "outcome", "cancer", "follow_up", "label_rule", "label_row",
    "label_contradicts_rounding"})
_IMAGES = frozenset(field.name for field in schema.fields(schema.IMAGES))
_GROUPS = ("Label", "Model", "Header", "Record", "Identifiers")


def data_set(catalogue: Catalogue) -> dict[str, Any]:
    """What stays the same: the data set, the run, columns, facets, orders."""
    files, = catalogue.ask("SELECT count(*) AS files, "
                           "count(byte_offset) AS records FROM browsed")
    columns = [{"name": field.name, "kind": field.kind,
                "meaning": field.meaning} for field in _columns()]
    columns += [{"name": name, "kind": "", "meaning": meaning}
                for name, meaning in _OF_MODEL.items()] * bool(
                    catalogue.predicted)
    orders = {name: heading for name, (heading, _) in ORDERS.items()
              if catalogue.predicted or "score" not in heading}
    return {
        "name": catalogue.dataset.root, **files,
        "planned": catalogue.dataset.only_planned,
        "variants": list(map(str, catalogue.dataset.variants)),
        "run": _run(catalogue), "columns": columns, "orders": orders}


def page(catalogue: Catalogue, selection: Selection,
         number: int) -> dict[str, Any]:
    """One page of a selection; the last one where there are fewer.

    Args:
      catalogue: The data set.
      selection: What is looked at.
      number: From 1.

    Raises:
      Refused: The filter is none.
    """
    rows = catalogue.rows(selection)
    pages = max(1, -(-len(rows) // PAGE_IMAGES))
    number = min(max(1, number), pages)
    first = (number - 1) * PAGE_IMAGES
    shown = [_tile(row) for row in catalogue.shown(
        rows[first:first + PAGE_IMAGES], _TILE)]
    return {"total": len(rows), "page": number, "pages": pages,
            "first": first + 1 if shown else 0, "images": shown}


def facets(catalogue: Catalogue,
           selection: Selection) -> list[dict[str, Any]]:
    """How many images each value has that can be clicked.

    Those of a facet are counted as if nothing of it were chosen, so that a
    second value can be added. A facet of one value only is left out.

    Raises:
      Refused: The filter is none.
    """
    chosen = dict(selection.chosen)
    found = []
    for facet, heading in FACETS.items():
        condition, parameters = selection.condition(without=facet)
        counts = {row["value"]: row["images"] for row in catalogue.ask(
            f'SELECT coalesce(CAST("{facet}" AS VARCHAR), \'\') AS value, '
            f"count(*) AS images FROM browsed WHERE {condition} "
            "GROUP BY value ORDER BY images DESC, value", parameters)}
        mine = chosen.get(facet, ())
        if len(counts) < 2 and not mine:
            continue
        values = [*list(counts)[:_MOST_VALUES],
                  *(value for value in mine
                    if value not in list(counts)[:_MOST_VALUES])]
        found.append({
            "facet": facet, "heading": heading,
            "more": len(counts) - len(set(values) & set(counts)),
            "values": [{"value": value, "images": counts.get(value, 0),
                        "chosen": value in mine} for value in values]})
    return found


def image(catalogue: Catalogue, selection: Selection,
          key: str) -> dict[str, Any]:
    """One image: what is known of it, its pictures, its neighbours.

    Raises:
      Missing: There is no such image.
      Refused: The filter is none.
    """
    row = catalogue.image(key)
    places = catalogue.places(row["_row"])
    pictures = [{"name": str(variant), "width": variant.size.width,
                 "height": variant.size.height,
                 "max_value": place["max_value"], "why_not": ""}
                for variant, place in sorted(
                    places.items(), key=lambda item: -item[0].size.height)]
    if row["rows"] and row["columns"]:
        pictures.append({"name": ORIGINAL, "width": row["columns"],
                         "height": row["rows"], "max_value": None,
                         "why_not": originals.why_not(row)})
    return {**_tile(row), "pictures": pictures,
            "groups": _groups(row, bool(catalogue.predicted)),
            "meaning": _meaning(row),
            **_neighbours(catalogue, selection, row["_row"])}


def _neighbours(catalogue: Catalogue, selection: Selection,
                row: int) -> dict[str, Any]:
    """Where an image stands in a selection, if it does."""
    rows = catalogue.rows(selection)
    found = np.flatnonzero(rows == row)
    if not found.size:
        return {"position": None, "total": len(rows), "page": None,
                "previous": None, "next": None}
    place = int(found[0])
    around = {name: next(catalogue.shown([rows[other]], ["_key"]))["_key"]
              if 0 <= other < len(rows) else None
              for name, other in (("previous", place - 1),
                                  ("next", place + 1))}
    return {"position": place + 1, "total": len(rows),
            "page": place // PAGE_IMAGES + 1, **around}


def _tile(row: Mapping[str, Any]) -> dict[str, Any]:
    tile = {name.lstrip("_"): row[name] for name in _TILE}
    tile["stored"] = tile.pop("byte_offset") is not None
    return tile


def _meaning(row: Mapping[str, Any]) -> list[str]:
    """What the codes in an image's row say, in sentences."""
    told = []
    reason = reasons.REASONS.get(row["reason"])
    if reason:
        told.append(f"{row['status']}, {row['reason']}: {reason.meaning}. "
                    f"What to do: {reason.remedy}.")
    return told + [f"{code}: {remarks.REMARKS.get(code, 'unknown')}."
                   for code in row["remarks"] or ()]


def _groups(row: Mapping[str, Any],
            predicted: bool) -> list[dict[str, Any]]:
    """All that is known of an image, field by field."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in _GROUPS}
    for field in _columns():
        groups[_group(field.name)].append({
            "name": field.name, "meaning": field.meaning,
            "value": results.json_value(row[field.name])})
    if predicted:
        groups["Model"] = [{"name": name, "meaning": meaning,
                            "value": results.json_value(row[name])}
                           for name, meaning in _OF_MODEL.items()]
    return [{"name": name, "fields": fields}
            for name, fields in groups.items() if fields]


def _group(name: str) -> str:
    if name in _IDENTIFYING:
        return "Identifiers"
    if name in _LABEL:
        return "Label"
    return "Header" if name in _IMAGES else "Record"


def _columns() -> list[schema.Field]:
    """The columns that a filter can name, but for the model's."""
    images = schema.fields(schema.IMAGES)
    return [*images, *(field for field in schema.fields(schema.RECORDS)
                       if field not in images)]


def _run(catalogue: Catalogue) -> dict[str, Any] | None:
    predicted = catalogue.predicted
    if predicted is None:
        return None
    counted, = catalogue.ask(
        "SELECT count(score) AS predicted FROM browsed")
    return {"name": predicted.run.name, "label": predicted.run.label,
            "classes": predicted.classes,
            "threshold": predicted.threshold, **counted}
