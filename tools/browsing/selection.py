"""Which images are looked at: a filter in SQL, clicked values, an order.

A filter is one SQL expression, as --where of the trainers. It is parsed on
its own before it becomes part of a question, so that it can neither end the
question nor begin another one.
"""

import dataclasses

from werkzeug.datastructures import MultiDict

# Columns whose values can be clicked, with their headings, most used first.
FACETS = {
    "split": "Split",
    "status": "Status",
    "reason": "Reason",
    "cancer": "Cancer",
    "verdict": "Model",
    "outcome": "Outcome",
    "birads": "BI-RADS",
    "view": "View",
    "laterality": "Side",
    "manufacturer": "Manufacturer",
    "image_kind": "Kind of image",
    "implant": "Implant",
    "dataset": "Data set",
}
# Of equal ones, the order is that of the files.
ORDERS = {
    "file": ("by file", "_row"),
    "date": ("by date", "study_date NULLS LAST, _row"),
    "patient": ("by patient",
                "patient_id NULLS LAST, study_date, laterality, view, _row"),
    "highest": ("highest score first", "score DESC NULLS LAST, _row"),
    "lowest": ("lowest score first", "score NULLS LAST, _row"),
}
# What stands in an address for a value that is unknown.
UNKNOWN = ""


class Refused(ValueError):
    """What was asked for cannot be answered; says why in one line."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """What an address selects.

    Attributes:
      where: SQL expression over the columns; empty selects all.
      chosen: Clicked values by facet, as text; `UNKNOWN` is NULL.
      order: One of `ORDERS`.
    """

    where: str = ""
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    order: str = "file"

    @classmethod
    def parse(cls, arguments: MultiDict[str, str]) -> "Selection":
        """Reads an address.

        Raises:
          Refused: The filter is no expression, or there is no such order.
        """
        order = arguments.get("order") or "file"
        if order not in ORDERS:
            raise Refused(f"order {order[:40]!r} is none of "
                          f"{', '.join(ORDERS)}")
        where = arguments.get("where", "").strip()
        if where:
            check_expression(where)
        chosen = tuple((facet, tuple(arguments.getlist(facet)))
                       for facet in FACETS if arguments.getlist(facet))
        return cls(where, chosen, order)

    @property
    def order_sql(self) -> str:
        return ORDERS[self.order][1]

    def condition(self, without: str | None = None) -> tuple[str, list[str]]:
        """SQL over the table, and its parameters.

        Args:
          without: A facet whose chosen values are left out.
        """
        # On lines of its own: a comment at its end must not hide what follows.
        parts = [f"(\n{self.where}\n)"] if self.where else ["true"]
        parameters: list[str] = []
        for facet, values in self.chosen:
            if facet == without:
                continue
            known = [value for value in values if value != UNKNOWN]
            either = [f'"{facet}" IS NULL'] if UNKNOWN in values else []
            if known:
                marks = ", ".join("?" * len(known))
                either.append(f'CAST("{facet}" AS VARCHAR) IN ({marks})')
            parts.append(f"({' OR '.join(either)})")
            parameters += known
        return " AND ".join(parts), parameters


def check_expression(where: str) -> None:
    """Raises Refused for what is not one expression."""
    import duckdb

    try:
        duckdb.SQLExpression(where)
    except duckdb.Error as error:
        raise Refused("the filter is not one SQL expression, as in view = "
                      f"'MLO' AND cancer = 1: {without_drawing(error)}"
                      ) from error


def without_drawing(error: Exception) -> str:
    """DuckDB's message in one line, without its drawing of the place."""
    message = str(error).partition("\n\nLINE ")[0]
    return " ".join(message.split())
