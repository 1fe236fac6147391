"""One training from its preparation to its end."""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import io
import os
import signal
import tempfile
from collections.abc import Iterator

# Before TensorFlow is imported: it tells much that helps nobody.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import architectures  # noqa: E402
from model import augmentation  # noqa: E402
from model import checkpoints  # noqa: E402
from model import dataset  # noqa: E402
from model import losses  # noqa: E402
from model import normalisation  # noqa: E402
from model import order as orders  # noqa: E402
from model import preparation  # noqa: E402
from model import recorder as recorders  # noqa: E402
from model import runs  # noqa: E402
from model import schedules  # noqa: E402
from model import strategies  # noqa: E402
from model import training  # noqa: E402
from model.batch_plan import BatchPlan  # noqa: E402
from model.networks import build  # noqa: E402
from pipelines import console  # noqa: E402
from pipelines import files  # noqa: E402

# Images that say how bright a data set is.
_REFERENCE_IMAGES = 512


# What TensorFlow raises on those that are left when a worker is gone.
_ONE_IS_GONE = (tf.errors.UnavailableError, tf.errors.AbortedError,
                tf.errors.CancelledError, tf.errors.DeadlineExceededError)
# Likewise, and where the address of one that was killed is not free yet.
_ONE_IS_GONE_TEXT = ("Collective ops is aborted", "Could not start gRPC server")


class TrainingFailed(RuntimeError):
    """TensorFlow could not go on; says what to do."""


class WorkerLost(TrainingFailed):
    """Another worker is gone; started again, all of them can go on."""


def train(prepared: preparation.Prepared) -> str:
    """Trains, or goes on training, and writes the run.

    Returns:
      finished or stopped_early.

    Raises:
      NotFinite: The loss is no number; what was good is kept.
      Interrupted: By a signal; a checkpoint was made.
      RunError: Another process trains in the run's folder, or the
        checkpoint there does not fit.
      ValueError: There are not the devices that were asked for.
      CorruptRecordError: A record cannot be read; names shard and offset.
      WorkerLost: Another worker is gone.
      TrainingFailed: There was not the memory, for example.
    """
    try:
        return _train(prepared)
    except tf.errors.OpError as error:
        raise _explained(error) from error


def _train(prepared: preparation.Prepared) -> str:
    config, workers = prepared.config, prepared.workers
    settings = config.settings
    # Of each reduction it tells a line, though nothing is wrong.
    tf.get_logger().setLevel("ERROR")
    strategy = strategies.make(settings.strategy, settings.cpu_devices,
                               workers)
    strategies.check_batch_size(strategy, settings.batch_size)
    keras.utils.set_random_seed(settings.seed)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    _warn_of_slow_choices(settings)
    with contextlib.ExitStack() as stack:
        if workers.is_chief:
            stack.enter_context(locked(config.run_dir))
            if config.overwrite:
                config.run_dir.remove()
        network = _with_reference(prepared)
        learner = _make_learner(prepared, network, strategy)
        recorder = recorders.Recorder(prepared, learner, network)
        stop = StopRequest()
        trainer = training.Trainer(learner, _data(prepared),
                                   recorder.hooks(lambda: stop.asked),
                                   settings.checkpoint_steps)
        _restore(prepared, strategy, trainer)
        recorder.begin(trainer.state)
        status = "running"
        try:
            status = trainer.train(settings.epochs, settings.early_stopping)
        except checkpoints.NotFinite:
            status = "nan_loss"
            raise
        finally:
            recorder.end(status)
    return status


def _explained(error: tf.errors.OpError) -> Exception:
    """An error of TensorFlow's as a person can act on it."""
    clear = dataset.clear_error(error)
    if clear is not error:
        return clear
    what = _said(str(getattr(error, "message", error)))
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return TrainingFailed(
            f"out of memory: take a smaller --batch_size ({what})")
    if isinstance(error, _ONE_IS_GONE) or any(
            text in what for text in _ONE_IS_GONE_TEXT):
        return WorkerLost(
            "another worker is gone: start all of them again, and they go on "
            f"from the last checkpoint ({what})")
    return TrainingFailed(f"TensorFlow: {what}")


def _said(message: str) -> str:
    """The line of an error's message that tells what went wrong.

    >>> _said("Graph execution error:\\n\\nDetected at node a defined at (most "
    ...       "recent call last):\\n<stack traces unavailable>\\nIt is gone.")
    'It is gone.'
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith(
        ("Graph execution error", "Detected at node", "File ",
         "<stack traces"))), "no reason was given")


def _warn_of_slow_choices(settings) -> None:
    if tf.config.list_logical_devices("GPU"):
        return
    if settings.mixed_precision != "none":
        console.warning(
            f"--mixed_precision={settings.mixed_precision} makes a CPU that "
            "has no instructions for it (lscpu: amx_bf16, avx512_bf16, "
            "avx512_fp16) several times slower; it is meant for GPUs")
    if settings.xla:
        console.warning("--xla gains nothing on a CPU, and compiling takes up "
                        "to a minute")


def _with_reference(prepared) -> architectures.NetworkOptions:
    """The network's options, with the histogram that images are matched to.
    """
    options = architectures.NetworkOptions.from_json(
        prepared.document["network"])
    if options.normalisation != "reference" or options.reference is not None:
        return options
    # The same images whatever the worker.
    plan = BatchPlan(
        batch_size=min(32, len(prepared.train)),
        seed=prepared.config.settings.seed, drop_last=True)
    batches = dataset.batches(prepared.train, plan).take(
        max(1, _REFERENCE_IMAGES // plan.batch_size))
    return dataclasses.replace(options, reference=normalisation.reference_table(
        batch["image"] for batch in batches))


def _make_learner(prepared, network, strategy) -> training.Learner:
    settings = prepared.config.settings
    mixed = settings.mixed_precision
    if mixed != "none":
        keras.mixed_precision.set_global_policy(f"mixed_{mixed}")
    steps = orders.batches_per_epoch(prepared.train.label, prepared.plan())
    with strategy.scope():
        model = build.build(network)
        optimizer = schedules.make_optimizer(
            settings.descent, steps * settings.epochs,
            loss_scale=mixed == "float16")
    augment = None
    if network.augment is not None:
        augment = functools.partial(_augment, network.augment, settings.seed)
    return training.Learner(
        model, optimizer, losses.LOSSES[settings.loss], strategy,
        settings.batch_size, prepared.workers, augment, settings.xla)


def _augment(options, seed, images, step, replica):
    return augmentation.augment(
        images, options, tf.stack([tf.cast(seed, tf.int64), step]), replica)


def _data(prepared) -> training.Data:
    train, validation = prepared.train, prepared.validation
    plan = prepared.plan()
    return training.Data(
        batches_of=lambda epoch, skip: dataset.batches(
            train, prepared.plan(epoch=epoch, skip=skip)),
        steps=orders.batches_per_epoch(train.label, plan),
        images=orders.images_per_epoch(train.label, plan),
        validation=lambda: dataset.batches(validation, prepared.plan(
            balance="none", shuffle=False)),
        validation_labels=validation.label)


def _restore(prepared, strategy, trainer) -> None:
    """Goes on from the chief's newest checkpoint, if there is one."""
    workers = prepared.workers
    path = None
    if workers.is_chief:
        path = checkpoints.newest(prepared.config.run_dir.checkpoints)
    if workers.count == 1:
        if path is not None:
            trainer.restore(*checkpoints.load(path))
        return
    # Only the chief has the files.
    data = b""
    if path is not None:
        with open(path, "rb") as file:
            data = file.read()
    data = strategies.from_chief(strategy, workers, data)
    if data:
        trainer.restore(*checkpoints.load(io.BytesIO(data)))


@contextlib.contextmanager
def locked(run_dir: runs.RunDir) -> Iterator[None]:
    """Keeps a second training of this machine out of a run's folder.

    Raises:
      RunError: There is one.
    """
    lock = run_dir.file(".lock")
    if not files.is_local(lock):
        # A lock in a store would outlive whoever is killed.
        lock = os.path.join(tempfile.gettempdir(), "mammoflow-lock-" +
                            hashlib.sha256(lock.encode()).hexdigest()[:16])
    os.makedirs(os.path.dirname(lock), exist_ok=True)
    with open(lock, "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise runs.RunError(
                f"another process is training in {run_dir.path}") from error
        yield


class StopRequest:
    """Turns the first SIGINT or SIGTERM into a stop after the step."""

    def __init__(self):
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number, frame):
        self.asked = True
        # The second one ends it at once.
        signal.signal(number, signal.SIG_DFL)
        console.info("stopping after this step; once more to stop at once")
