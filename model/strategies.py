"""Where a training runs: one device, several, or several machines."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_SEED_STATE = "seed_generator_state"
# Far from each other, so that no two replicas draw from the same sequence.
_SEED_STRIDE = 1_000_003


@dataclasses.dataclass(frozen=True)
class Workers:
    """This process among those that train together.

    Attributes:
      index: Of this one; 0 is the chief, which alone writes files.
      count: How many there are.
    """

    index: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Workers":
        """Reads TF_CONFIG.

        >>> Workers.from_environment({"TF_CONFIG": '{"cluster": {"worker": '
        ...     '["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'})
        Workers(index=1, count=2)

        Raises:
          ValueError: It is not what TensorFlow expects of workers.
        """
        text = environment.get("TF_CONFIG", "")
        if not text.strip():
            return cls()
        try:
            config = json.loads(text)
            cluster, task = config["cluster"], config["task"]
            chiefs, workers = cluster.get("chief", []), cluster.get(
                "worker", [])
            place = {"chief": 0, "worker": len(chiefs)}[task["type"]]
            index, count = place + int(task["index"]), len(chiefs + workers)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                'TF_CONFIG is not as {"cluster": {"worker": ["host1:12345", '
                '"host2:12345"]}, "task": {"type": "worker", "index": 0}}: '
                f"{error!r}") from error
        if not 0 <= index < count:
            raise ValueError(f"TF_CONFIG: task {index} is none of the "
                             f"{count} workers")
        return cls(index, count)


def check(strategy: str, workers: Workers) -> None:
    """Refuses what needs no TensorFlow to be seen as wrong.

    Raises:
      ValueError: The strategy and TF_CONFIG do not go together.
    """
    if strategy == "multiworker" and "TF_CONFIG" not in os.environ:
        raise ValueError(
            "--strategy=multiworker needs the environment variable TF_CONFIG "
            "on every machine, which names all of them and this one")
    if strategy in ("mirrored", "cpu") and workers.count > 1:
        raise ValueError(f"--strategy={strategy} is for one machine, but "
                         f"TF_CONFIG names {workers.count}")


def make(strategy: str, cpu_devices: int, workers: Workers) -> Any:
    """The tf.distribute strategy; before anything else touches a device.

    Args:
      strategy: `auto` is multiworker where there are several workers,
        mirrored where there are GPUs, else cpu.
      cpu_devices: Logical devices to divide the CPU into; several of them are
        mirrored.
      workers: This process among others.

    Raises:
      ValueError: There is no GPU and nothing else was asked for.
    """
    import tensorflow as tf

    if strategy == "multiworker" or (strategy == "auto" and workers.count > 1):
        # Must be made before any operation runs.
        return tf.distribute.MultiWorkerMirroredStrategy()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and strategy != "cpu":
        for gpu in gpus:
            # So that several trainings can share a card.
            tf.config.experimental.set_memory_growth(gpu, True)
        return tf.distribute.MirroredStrategy()
    if strategy == "mirrored" and cpu_devices == 1:
        raise ValueError("--strategy=mirrored: TensorFlow sees no GPU; to try "
                         "it on a CPU, add --cpu_devices=2")
    tf.config.set_visible_devices([], "GPU")
    if cpu_devices == 1:
        return tf.distribute.get_strategy()
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * cpu_devices)
    return tf.distribute.MirroredStrategy(
        [f"CPU:{number}" for number in range(cpu_devices)],
        cross_device_ops=tf.distribute.ReductionToOneDevice())


def describe(strategy: Any, workers: Workers) -> dict[str, Any]:
    """What run.json tells of it."""
    import tensorflow as tf

    devices = (strategy.extended.worker_devices
               if tf.distribute.has_strategy() or
               strategy is not tf.distribute.get_strategy() else ["CPU:0"])
    return {"name": type(strategy).__name__,
            "replicas": strategy.num_replicas_in_sync,
            "workers": workers.count,
            "devices": [str(device).rpartition("/device:")[2]
                        for device in devices]}


def replicas_here(strategy: Any, workers: Workers) -> int:
    """How many replicas this worker has."""
    return strategy.num_replicas_in_sync // workers.count


def in_parts(strategy: Any, workers: Workers, batches: Any,
             size: int | None = None) -> Any:
    """A worker's batches, distributed to its replicas.

    Args:
      strategy: Whose replicas.
      workers: This process among others.
      batches: A tf.data.Dataset of dicts. Where their size is known, each is
        cut into parts, one a replica, in order. Where it is not, replicas
        take whole batches in turn.
      size: Images of each batch, if the data set does not say.

    Returns:
      What a step that runs `strategy.run` takes, by iterating.
    """
    here = replicas_here(strategy, workers)
    size = size or batches.element_spec["row"].shape[0]
    if here > 1 and size is not None:
        batches = batches.rebatch(size // here, drop_remainder=True)
    return strategy.distribute_datasets_from_function(lambda _: batches)


def check_batch_size(strategy: Any, batch_size: int) -> None:
    """Raises ValueError where the replicas' shares would differ."""
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise ValueError(
            f"--batch_size={batch_size} cannot be divided over {replicas} "
            f"devices: take {max(1, batch_size // replicas) * replicas}")


def vary_seeds(strategy: Any, variables: Sequence[Any],
               workers: Workers) -> None:
    """Gives each replica random numbers of its own, as for dropout.

    Keras creates the replicas' seeds equal. The chief's first replica keeps
    its own, so that one device draws as it did.
    """
    first = workers.index * replicas_here(strategy, workers)
    for variable in variables:
        if not variable.path.endswith(_SEED_STATE):
            continue
        copies = strategy.experimental_local_results(variable.value)
        seed, count = np.asarray(variable.numpy()).tolist()
        for number, copy in enumerate(copies, start=first):
            copy.assign([seed + number * _SEED_STRIDE, count])


def from_chief(strategy: Any, workers: Workers, data: bytes) -> bytes:
    """The chief's bytes, on all workers; what others pass is nothing."""
    import tensorflow as tf

    data = data if workers.is_chief else b""
    length = int(sum_of_workers(strategy, workers, tf.constant(
        [len(data)], tf.int64))[0])
    if not length:
        # Collectives crash on nothing.
        return b""
    padded = np.zeros(-(-length // 4) * 4, np.uint8)
    padded[:len(data)] = np.frombuffer(data, np.uint8)
    # All but the chief's are zeros: the sum is the chief's.
    words = sum_of_workers(strategy, workers,
                           tf.constant(padded.view(np.int32)))
    return words.view(np.uint8)[:length].tobytes()


def sum_of_workers(strategy: Any, workers: Workers,
                   values: Any) -> np.ndarray:
    """The workers' values added, as an array on each of them.

    Args:
      strategy: Several machines' or one's.
      workers: This process among others.
      values: A tensor of this worker's, of equal shape on all.
    """
    import tensorflow as tf

    here = replicas_here(strategy, workers)

    @tf.function
    def total(values):
        def once_a_worker():
            replica = tf.distribute.get_replica_context()
            first = replica.replica_id_in_sync_group % here == 0
            return tf.where(first, values, tf.zeros_like(values))

        return strategy.reduce("SUM", strategy.run(once_a_worker), axis=None)

    return total(values).numpy()
