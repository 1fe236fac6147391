"""Checkpoints: all that a training needs to go on as if nothing happened.

A checkpoint is one `.npz` file: `state` (JSON text: step, epoch, figures so
far) and the variables of model and optimizer, seeds included, in their order.
It appears under its name whole or not at all, and opens on any version of
TensorFlow.
"""

import json
import os
import re
import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from model import runs
from pipelines import console
from pipelines import files
from pipelines import local_copies

_NAME = re.compile(r"step-(\d{9})\.npz")
# The newest, and one more should the disk have lost it.
_KEPT = 2


class NotFinite(ArithmeticError):
    """The loss or a weight became NaN or infinite."""


def save(folder: str, values: Sequence[np.ndarray],
         state: dict[str, Any]) -> str:
    """Writes a checkpoint and removes old ones.

    Args:
      folder: Made if it is missing.
      values: Of the variables.
      state: Of the loop; its `step` names the file.

    Returns:
      Its path.

    Raises:
      NotFinite: A value is not finite; nothing is written.
    """
    bad = sum(not np.isfinite(value).all() for value in values
              if np.issubdtype(value.dtype, np.floating))
    if bad:
        raise NotFinite(f"{bad} of {len(values)} variables are not finite "
                        f"after step {state['step']:,}")
    path = os.path.join(folder, f"step-{state['step']:09d}.npz")
    arrays = {f"variable-{number:05d}": value
              for number, value in enumerate(values)}
    with runs.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, state=np.array(json.dumps(state, sort_keys=True)),
                 **arrays)
    for old in _names(folder)[_KEPT:]:
        files.remove(os.path.join(folder, old))
    return path


def newest(folder: str) -> str | None:
    """A local path of the newest checkpoint that is whole, or None."""
    for name in _names(folder):
        path = local_copies.one(os.path.join(folder, name))
        if _is_whole(path):
            return path
        console.warning(f"{path} is damaged: the one before it is used")
    return None


def load(file: str | BinaryIO) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The variables' values and the state of a checkpoint."""
    with np.load(file) as arrays:
        names = sorted(set(arrays.files) - {"state"})
        return ([arrays[name] for name in names],
                json.loads(str(arrays["state"])))


def read(variables: Sequence[Any]) -> list[np.ndarray]:
    """The values of Keras variables."""
    return [np.asarray(variable.numpy()) for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Gives Keras variables the values of a checkpoint.

    Raises:
      RunError: They are not this network's.
    """
    expected = [tuple(variable.shape) for variable in variables]
    found = [value.shape for value in values]
    if expected != found:
        raise runs.RunError(
            f"the checkpoint holds {len(found)} variables of "
            f"{sum(map(np.prod, found)):,.0f} numbers, but network and "
            f"optimizer have {len(expected)} of "
            f"{sum(map(np.prod, expected)):,.0f}: it is another program's; "
            "--overwrite begins anew")
    for variable, value in zip(variables, values):
        variable.assign(value)


def _names(folder: str) -> list[str]:
    """Names of the checkpoints, newest first."""
    return sorted(filter(_NAME.fullmatch, files.list_folder(folder)),
                  reverse=True)


def _is_whole(path: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except zipfile.BadZipFile:
        return False
