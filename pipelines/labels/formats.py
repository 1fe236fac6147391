"""The label tables that are known, by the name `--labels_format` takes."""

from collections.abc import Callable, Sequence

from pipelines.labels import cbis_ddsm, register, rows

Reader = Callable[[Sequence[tuple[str, bytes]], rows.LabelOptions],
                  rows.LabelTable]

READERS: dict[str, Reader] = {
    "register": register.read,
    "cbis_ddsm": cbis_ddsm.read,
}
