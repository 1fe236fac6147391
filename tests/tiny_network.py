"""train.py with a network so small that a test need not wait for it.

    python -m tests.tiny_network --records=records --input=48x64 ...
"""

import os
import signal
import subprocess
import sys

from pipelines import command

MODULE = "tests.tiny_network"


def run(*words, cwd, environment=None):
    """Runs train.py with these flags; returns the process when it ended."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return subprocess.run(
        [sys.executable, "-m", MODULE, *words], cwd=cwd, text=True,
        capture_output=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": root, **(environment or {})})


def build(options):
    """As `model.networks.build.build`: dropout and moments, few weights.

    PLAIN in the environment leaves both of them away.
    """
    import keras

    image = keras.Input(options.size.shape, dtype="uint16", name="image")
    x = keras.layers.Rescaling(1 / 4096)(image)
    x = keras.layers.Conv2D(4, 5, strides=4, activation="relu",
                            kernel_initializer=keras.initializers.HeNormal(
                                options.seed))(x)
    if "PLAIN" not in os.environ:
        x = keras.layers.BatchNormalization(
            synchronized=options.sync_batch_norm)(x)
    x = keras.layers.Flatten()(x)
    if "PLAIN" not in os.environ:
        x = keras.layers.Dropout(0.2, seed=options.seed)(x)
    x = keras.layers.Dense(2, kernel_initializer=keras.initializers.HeNormal(
        options.seed))(x)
    return keras.Model(image, keras.layers.Activation(
        "softmax", dtype="float32", name="probabilities")(x))


def _signal_at(trainer, number, moments):
    """Has the process signalled once a step is done.

    Args:
      trainer: Whose steps.
      number: The signal.
      moments: As "13", or "5@1,13": the 5th of the second worker, which is
        number 1, and the 13th of the first. Where the environment variable
        ONCE is the path of a folder, none of them comes again.
    """
    counted = trainer._count_step

    def count_step(self, *figures):
        counted(self, *figures)
        moment = f"{self.state.step}@{self._learner.workers.index}"
        if moment in [f"{text}@0" if "@" not in text else text
                      for text in moments.split(",")]:
            if "ONCE" in os.environ:
                try:
                    os.mkdir(os.path.join(os.environ["ONCE"], moment))
                except FileExistsError:
                    return
            os.kill(os.getpid(), number)

    trainer._count_step = count_step


def main(argv):
    from model import session
    from model import train
    from model import training

    session.build.build = build
    for name in ("SIGKILL", "SIGINT"):
        if name in os.environ:
            _signal_at(training.Trainer, getattr(signal, name),
                       os.environ[name])
    return train.main(argv)


if __name__ == "__main__":
    from model import train as _  # noqa: F401  Defines the flags.

    command.run(main, interrupted=command.GOES_ON)
