"""Measures what a lossless encoding of the stored images takes and gives.

    python tools/bench_encoding.py
    python tools/bench_encoding.py --records=data/records --images=100

Images of each variant are encoded, decoded as our loader would, and decoded by
TensorFlow's operations where it has them; all pixels are compared. Times are
the processor's, of all threads together. Encodings of whole files (TFRecord's
GZIP) are not among them: no record could be read where its row says that it
lies.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import dataclasses

from absl import flags

from pipelines import command

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set.")
IMAGES = flags.DEFINE_integer(
    "images", 32, "Images of each variant, spread over the split.",
    lower_bound=1)
SPLIT = flags.DEFINE_string("split", "train", "Whose images.")
TENSORFLOW = flags.DEFINE_bool(
    "tensorflow", True, "Also decode by TensorFlow's operations.")
JSON = flags.DEFINE_string("json", None, "File to write all figures to.")


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    import numpy as np

    from model import index as indices
    from model import reading
    from model import records
    from tools import benchmarks
    from tools import lossless
    from tools import rounds

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    variants = records.variants(RECORDS.value)
    if not variants:
        raise ValueError(f"no records in {RECORDS.value}: build a data set "
                         "there, or name another by --records")
    figures, rows = {}, []
    for variant in variants:
        index = indices.load(RECORDS.value, variant, SPLIT.value, columns=())
        chosen = np.unique(np.linspace(
            0, len(index) - 1, IMAGES.value).astype(int))
        images = list(reading.read(index, chosen)[..., 0])
        for name, encoding in lossless.ENCODINGS.items():
            found = lossless.measure(encoding, images, TENSORFLOW.value)
            figures[f"{variant} {name}"] = dataclasses.asdict(found)
            native = found.native_seconds
            rows.append([
                str(variant), name, f"{found.bytes / 1e3:.1f}",
                f"{found.bytes / images[0].nbytes:.3f}",
                f"{found.encode_seconds * 1e3:.2f}",
                f"{found.decode_seconds * 1e3:.2f}",
                "" if native is None else f"{native * 1e3:.2f}"])
    print(rounds.headline())
    print(benchmarks.table(
        ["variant", "encoding", "kB an image", "of raw", "encode CPU ms",
         "decode CPU ms", "by TensorFlow"], rows))
    rounds.write_json(JSON.value, figures)
    return 0


if __name__ == "__main__":
    command.run(main)
