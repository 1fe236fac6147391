"""Where processes that train together run, and how each is started."""

import contextlib
import dataclasses
import json
import shlex
import socket
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Where the workers run, and what.

    Attributes:
      command: The same for each.
      hosts: As ssh names them, USER@HOST or HOST, the chief first; none: all
        run here.
      local: How many run here, where there are no hosts.
      port: Of every host.
      ssh: Words of the command that runs another on a host.
      folder: Where on every host.
    """

    command: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    local: int = 2
    port: int = 12345
    ssh: tuple[str, ...] = ("ssh",)
    folder: str = "."

    def __post_init__(self):
        if len(set(self.hosts)) < len(self.hosts):
            raise ValueError(f"--hosts={','.join(self.hosts)} names one "
                             "twice: each host has one worker, with all its "
                             "GPUs")
        if not all(self.hosts):
            raise ValueError(f"--hosts={','.join(self.hosts)} has an empty "
                             "name")

    def starts(self) -> list["Start"]:
        """What to start; workers that run here get ports that are free."""
        if not self.hosts:
            addresses = [f"localhost:{port}"
                         for port in free_ports(self.local)]
            return [Start(self.command, {"TF_CONFIG": tf_config(
                addresses, index)}) for index in range(self.local)]
        addresses = [f"{host.rpartition('@')[2]}:{self.port}"
                     for host in self.hosts]
        return [Start((*self.ssh, host, self._shell(addresses, index)),
                      by_terminal=True)
                for index, host in enumerate(self.hosts)]

    def _shell(self, addresses: Sequence[str], index: int) -> str:
        """What a host's shell is given, whichever it is."""
        config = tf_config(addresses, index)
        return (f"cd {shlex.quote(self.folder)} && "
                f"exec env TF_CONFIG={shlex.quote(config)} "
                f"{shlex.join(self.command)}")


@dataclasses.dataclass(frozen=True)
class Start:
    """One process.

    Attributes:
      words: Its command.
      environment: What it has beside this process's.
      by_terminal: It runs elsewhere, on a terminal of its own: signals go
        there as the keys that send them.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    by_terminal: bool = False

    def __str__(self) -> str:
        return " ".join((*(f"{name}={shlex.quote(value)}" for name, value
                           in self.environment.items()),
                         shlex.join(self.words)))


def tf_config(addresses: Sequence[str], index: int) -> str:
    """What TensorFlow reads in each worker's environment.

    >>> tf_config(["a:1", "b:1"], 1)
    '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", \
"index": 1}}'
    """
    return json.dumps({"cluster": {"worker": list(addresses)},
                       "task": {"type": "worker", "index": index}})


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in found]
