r"""Trains a network on records, and says how well it tells cancers apart.

    python model/train.py --arch=resnet --input=416x512
    python model/train.py --config=alexnet --label=view --epochs=2
    python model/train.py --where="NOT implant" --balance=ratio:0.25 \
        --optimizer=adamw --learning_rate=3e-4 --schedule=cosine

On all GPUs that it sees, or else on the CPU; on several machines where the
environment variable TF_CONFIG names them (tools/launch_workers.py starts it on
each; exit status 75 says that another worker was lost). The model of the
lowest validation loss and all figures are in --run_dir. Killed and started
again with the same flags, it goes on where it stopped.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from model import architectures
from model import settings as settings_lib
from pipelines import command
from pipelines import console

DEFAULT_ARCH, DEFAULT_INPUT = architectures.CONFIGS["resnet"]

ARCH = flags.DEFINE_enum(
    "arch", None, architectures.ARCHITECTURES,
    f"The network; {DEFAULT_ARCH} unless --config is given.")
INPUT = flags.DEFINE_string(
    "input", None,
    f"Size of its input, WIDTHxHEIGHT; {DEFAULT_INPUT} unless --config is "
    "given. Or the variant, where several have one size: crop:224x224.")
CONFIG = flags.DEFINE_enum(
    "config", None, list(architectures.CONFIGS),
    "One of the thesis's configurations, instead of --arch and --input: " +
    ", ".join(f"{name} is {arch} at {size}"
              for name, (arch, size) in architectures.CONFIGS.items()) + ".")
RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set, local or s3://....")
RUN_DIR = flags.DEFINE_string(
    "run_dir", None,
    "Folder of the run, local or s3://...; data/runs/<arch>-<input> unless "
    "given.")
OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the run in --run_dir.")
LABEL = flags.DEFINE_enum(
    "label", "cancer", ["cancer", "follow_up", "view", "laterality"],
    "What to learn; view (CC or MLO) is easy, and checks a new data set.")
WHERE = flags.DEFINE_string(
    "where", None,
    "SQL predicate over the records' columns: only such images are learned "
    "from and judged by, as in \"view = 'MLO' AND NOT implant\".")
BALANCE = flags.DEFINE_string(
    "balance", "none",
    "none; weights: both classes count the same in all; ratio:0.5: this "
    "fraction of each batch is of class 1, exactly.")
CACHE = flags.DEFINE_enum(
    "cache", "auto", ["auto", "none"],
    "Keep images in memory if they fit in a quarter of it.")
EPOCHS = flags.DEFINE_integer("epochs", 40, "How many at most.")
BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 32, "Images of a step, over all devices and machines.")
SEED = flags.DEFINE_integer(
    "seed", 0, "Of initial weights, dropout, augmentation and order.")
EARLY_STOPPING = flags.DEFINE_integer(
    "early_stopping", 0,
    "Epochs without a lower validation loss after which to stop; 0: never.")
LOSS = flags.DEFINE_enum(
    "loss", settings_lib.LOSSES[0], settings_lib.LOSSES,
    "What is made small.")
OPTIMIZER = flags.DEFINE_enum(
    "optimizer", "sgd", settings_lib.OPTIMIZERS, "How.")
LEARNING_RATE = flags.DEFINE_float(
    "learning_rate", 0.01, "At its height; adam and its kin want 1e-3 or less.")
MOMENTUM = flags.DEFINE_float("momentum", 0.0, "Of sgd and rmsprop, in [0, 1).")
WEIGHT_DECAY = flags.DEFINE_float(
    "weight_decay", 0.0,
    "Share of a weight taken off at each step, times the learning rate; "
    "biases and normalisation are spared.")
SCHEDULE = flags.DEFINE_enum(
    "schedule", "constant", settings_lib.SCHEDULES,
    "Of the learning rate: constant; to 0 by a cosine or a line; or a tenth "
    "after half of the epochs and a hundredth after three quarters.")
WARMUP_STEPS = flags.DEFINE_integer(
    "warmup_steps", 0, "Steps over which the learning rate rises from 0.")
ACTIVATION = flags.DEFINE_enum(
    "activation", "relu", architectures.ACTIVATIONS, "Of hidden layers.")
DROPOUT = flags.DEFINE_float(
    "dropout", None,
    "Fraction dropped at the dense layers; the architecture's own unless "
    "given: " + ", ".join(f"{arch} {rate}" for arch, rate in
                          architectures.DROPOUT.items()) + ", others 0.")
NORMALISATION = flags.DEFINE_enum(
    "normalisation", architectures.NORMALISATIONS[0],
    architectures.NORMALISATIONS,
    "Of an image's contrast: divided by its maximum; clipped to percentiles, "
    "or to an interval about the mode of the breast's pixels; or matched to "
    "the mean histogram of the training images.")
AUGMENT = flags.DEFINE_string(
    "augment", "none",
    "How training images are varied: none; default; or a list such as "
    "rotation=5,shift=0.05,zoom=0.1,brightness=0.2,contrast=0.2,mirror.")
SYNC_BATCH_NORM = flags.DEFINE_bool(
    "sync_batch_norm", False,
    "Normalise batches over all devices instead of on each.")
STRATEGY = flags.DEFINE_enum(
    "strategy", "auto", settings_lib.STRATEGIES,
    "auto: multiworker if TF_CONFIG names several machines, mirrored over all "
    "GPUs if there are any, else cpu.")
CPU_DEVICES = flags.DEFINE_integer(
    "cpu_devices", 1, "Divide the CPU into so many devices, to try several.")
MIXED_PRECISION = flags.DEFINE_enum(
    "mixed_precision", "none", settings_lib.PRECISIONS,
    "Of the arithmetic within layers. Cards before Volta gain memory only.")
XLA = flags.DEFINE_bool("xla", False, "Compile the network by XLA.")
DETERMINISTIC = flags.DEFINE_bool(
    "deterministic", False,
    "Only operations that give the same bits each time; slower on GPUs.")
CHECKPOINT_STEPS = flags.DEFINE_integer(
    "checkpoint_steps", 0,
    "Steps between checkpoints within an epoch; 0: only at its end.")


def _config():
    """The flags as a frozen value; raises ValueError for wrong ones."""
    from model import preparation
    from model import records
    from model import runs

    arch, size = architectures.CONFIGS[CONFIG.value or "resnet"]
    if CONFIG.value and (ARCH.value or INPUT.value):
        raise ValueError(f"--config={CONFIG.value} is --arch={arch} "
                         f"--input={size}: leave those flags away")
    arch, wanted = ARCH.value or arch, INPUT.value or size
    variant = records.find_variant(RECORDS.value, wanted)
    run_dir = (runs.RunDir(RUN_DIR.value) if RUN_DIR.value else
               runs.RunDir.default(arch, variant.size))
    return preparation.Config(
        settings_lib.Settings(
            settings_lib.Descent(
                OPTIMIZER.value, LEARNING_RATE.value, MOMENTUM.value,
                WEIGHT_DECAY.value, SCHEDULE.value, WARMUP_STEPS.value),
            LOSS.value, EPOCHS.value, BATCH_SIZE.value, SEED.value,
            EARLY_STOPPING.value, CHECKPOINT_STEPS.value,
            MIXED_PRECISION.value, XLA.value, DETERMINISTIC.value,
            STRATEGY.value, CPU_DEVICES.value),
        preparation.Sources(RECORDS.value, str(variant), LABEL.value,
                            WHERE.value, BALANCE.value, CACHE.value),
        architectures.NetworkOptions(
            arch, variant.size, ACTIVATION.value, DROPOUT.value,
            NORMALISATION.value, sync_batch_norm=SYNC_BATCH_NORM.value,
            seed=SEED.value,
            augment=architectures.Augmentation.parse(AUGMENT.value)),
        run_dir, OVERWRITE.value)


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from model import preparation

    try:
        architectures.check_keras_version()
        prepared = preparation.prepare(_config())
    except RuntimeError as error:
        return command.fail(error)
    where = prepared.config.run_dir.path
    if prepared.is_done:
        console.info(f"{where} has its {len(prepared.document['epochs'])} "
                     "epochs: nothing is left to do")
        return command.DONE
    from model import checkpoints
    from model import session
    from model import training

    try:
        status = session.train(prepared)
    except checkpoints.NotFinite as error:
        return command.fail(
            f"{error}: stopped; checkpoints and the best model from before, if "
            f"there were any, are kept in {where}. A lower --learning_rate or "
            "--warmup_steps may help, with another --run_dir or --overwrite")
    except training.Interrupted:
        raise KeyboardInterrupt from None
    except session.WorkerLost as error:
        command.fail(error)
        return command.TRY_AGAIN
    except session.TrainingFailed as error:
        return command.fail(error)
    console.info(f"{status.replace('_', ' ')}: {where}\n"
                 f"  python model/evaluate.py --run_dir={where}")
    return command.DONE


if __name__ == "__main__":
    command.run(main, interrupted=command.GOES_ON)
