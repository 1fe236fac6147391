"""train.py with a network so small that a test need not wait for it.

    python -m tests.tiny_network --records=records --input=48x64 ...
"""

import os
import signal
import subprocess
import sys

from absl import app
from absl import flags

MODULE = "tests.tiny_network"


def run(*words, cwd, environment=None):
    """Runs train.py with these flags; returns the process when it ended."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return subprocess.run(
        [sys.executable, "-m", MODULE, *words], cwd=cwd, text=True,
        capture_output=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": root, **(environment or {})})


def build(options):
    """As `model.networks.build.build`: dropout and moments, few weights."""
    import keras

    image = keras.Input(options.size.shape, dtype="uint16", name="image")
    x = keras.layers.Rescaling(1 / 4096)(image)
    x = keras.layers.Conv2D(4, 5, strides=4, activation="relu",
                            kernel_initializer=keras.initializers.HeNormal(
                                options.seed))(x)
    x = keras.layers.BatchNormalization(
        synchronized=options.sync_batch_norm)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.2, seed=options.seed)(x)
    x = keras.layers.Dense(2, kernel_initializer=keras.initializers.HeNormal(
        options.seed))(x)
    return keras.Model(image, keras.layers.Activation(
        "softmax", dtype="float32", name="probabilities")(x))


def _signal_at(recorder, number, step):
    """Has the process signalled once a step is done, or its checkpoint."""
    told = recorder.Recorder._on_step

    def on_step(self, state, loss):
        told(self, state, loss)
        if state.step == step:
            os.kill(os.getpid(), number)

    recorder.Recorder._on_step = on_step


def main(argv):
    from model import session
    from model import recorder
    from model import train

    session.build.build = build
    for name in ("SIGKILL", "SIGINT"):
        if name in os.environ:
            _signal_at(recorder, getattr(signal, name), int(os.environ[name]))
    return train.main(argv)


if __name__ == "__main__":
    from model import train as _  # noqa: F401  Defines the flags.

    app.run(main, argv=sys.argv, flags_parser=flags.FLAGS)
