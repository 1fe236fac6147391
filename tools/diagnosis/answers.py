"""What a process that may die of it finds out: it really loads and decodes.

Each question is a name, or a name and what it is about: `import:duckdb`.
"""

import importlib
import json
from collections.abc import Callable, Sequence
from typing import Any

# Of the samples that are decoded.
_ROWS, _COLUMNS = 48, 40
# How far a lossy codec may be from what was encoded, as a share of the range.
_LOSSY = 0.02


def print_all(questions: Sequence[str]) -> None:
    """Prints each question before it is tried, and its answer after it.

    Each is a line of JSON: `[question]`, then `[question, answer, error]`.
    """
    for question in questions:
        print(json.dumps([question]), flush=True)
        answer, error = None, None
        try:
            answer = _answer(question)
        except BaseException as err:  # pylint: disable=broad-except
            lines = str(err).strip().splitlines() or [""]
            error = f"{type(err).__name__}: {lines[0][:200]}"
        print(json.dumps([question, answer, error]), flush=True)


def _answer(question: str) -> Any:
    name, _, about = question.partition(":")
    functions: dict[str, Callable[..., Any]] = {
        "import": _import, "codec": _codec, "gzip": _gzip, "crc": _crc,
        "tensorflow": _tensorflow, "tensorflow_io": _tensorflow_io}
    return functions[name](about) if about else functions[name]()


def _import(module: str) -> None:
    importlib.import_module(module)


def _sample(bits: int):
    """A ramp with a bright square, as little as any codec takes."""
    import numpy as np

    dtype = np.uint8 if bits == 8 else np.uint16
    ramp = np.add.outer(np.arange(_ROWS), np.arange(_COLUMNS))
    pixels = (ramp * ((1 << bits) - 1) // ramp.max()).astype(dtype)
    pixels[8:16, 8:16] = (1 << bits) - 1
    return pixels


def _codec(name: str) -> float:
    """Encodes a sample and has it decoded as a build does.

    Returns:
      The largest difference, as a share of the range.

    Raises:
      ValueError: It is too large.
    """
    import numpy as np

    from pipelines import pixels as decoding
    from tools.cohort import dicom_files
    from tools.cohort import encoders

    syntax = encoders.TRANSFER_SYNTAXES[name]
    bits = min(12, syntax.max_bits)
    pixels = _sample(bits)
    dataset = dicom_files.mammogram_dataset(
        pixels, {"BitsStored": bits})
    dicom_files.set_pixels(dataset, pixels, syntax)
    decoded = decoding.decode(dicom_files.file_bytes(dataset, syntax), 1 << 20)
    difference = float(np.abs(
        decoded.pixels.astype(int) - pixels.astype(int)).max()) / (1 << bits)
    if difference > (_LOSSY if syntax.lossy else 0):
        raise ValueError(f"pixels differ by {difference:.1%} of their range")
    return difference


def _gzip() -> None:
    from pipelines import compression
    from tools.cohort import encoders

    data = _sample(12).tobytes()
    if bytes(compression.inflate(encoders.gzip_member(data), 1 << 20)) != data:
        raise ValueError("what was compressed is not what is read")


def _crc() -> str:
    import google_crc32c

    if google_crc32c.value(b"123456789") != 0xE3069283:
        raise ValueError("the checksum of 123456789 is wrong")
    return google_crc32c.implementation


def _tensorflow() -> dict[str, Any]:
    """Its version and GPUs, after it has multiplied something."""
    import tensorflow as tf

    assert float(tf.reduce_sum(tf.matmul(tf.ones((8, 8)), tf.ones((8, 8))))
                 ) == 512
    gpus = []
    for device in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(device)
        gpus.append(details.get("device_name", device.name))
    return {"version": tf.__version__, "gpus": gpus,
            "cuda": tf.test.is_built_with_cuda()}


def _tensorflow_io() -> list[str]:
    """What schemes TensorFlow opens with its native library."""
    import tensorflow as tf
    import tensorflow_io as _  # noqa: F401  Registers them.

    schemes = sorted(
        scheme.decode() if isinstance(scheme, bytes) else scheme
        for scheme in tf.io.gfile.get_registered_schemes())
    if "s3" not in schemes:
        raise ValueError("its native library did not load: TensorFlow opens "
                         f"{', '.join(filter(None, schemes))} only")
    return schemes
