"""Figures of a training for TensorBoard."""

import os
import tempfile
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from pipelines import files


class Events:
    """Writes event files into a folder.

    Into a store they are put whole each time: an object cannot grow.

    Args:
      folder: Where they belong.
    """

    def __init__(self, folder: str):
        self._folder = folder
        self._writer: Any = None
        self._local: tempfile.TemporaryDirectory | None = None

    def begin(self) -> None:
        """Begins a new file."""
        local = self._folder
        if not files.is_local(local):
            self._local = tempfile.TemporaryDirectory(prefix="mammoflow-")
            local = self._local.name
        self._writer = tf.summary.create_file_writer(local)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Adds figures of a step."""
        # tf.summary.scalar is the package tensorboard's, which may be missing.
        metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(
                plugin_name="scalars"),
            data_class="DATA_CLASS_SCALAR")
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.write(name, tf.constant(value, tf.float32), step,
                                 metadata=metadata)

    def flush(self) -> None:
        """Shows what there is so far."""
        self._writer.flush()
        if self._local is not None:
            for name in files.list_folder(self._local.name):
                files.put(f"{self._folder}/{name}",
                          os.path.join(self._local.name, name))

    def close(self) -> None:
        """Ends the file."""
        self.flush()
        self._writer.close()
