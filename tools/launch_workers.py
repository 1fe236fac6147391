"""Trains on several machines, and goes on when one of them fails.

    python tools/launch_workers.py --hosts=gpu1,gpu2 -- --arch=resnet
    python tools/launch_workers.py --hosts=gpu1,gpu2 --print -- --arch=resnet
    python tools/launch_workers.py --local=2 -- --arch=alexnet --batch_size=64

What follows -- are the flags of model/train.py, or another command. One
worker runs on each host, by ssh, in a folder that is there under the same name
(or, to try it, several on this machine), with TF_CONFIG telling it of the
others. The run's folder must be one that the first host finds again. When a
worker dies the others leave, and all start again, to go on from the last
checkpoint; what a worker gives up by itself, such as a wrong flag, ends it.
Signals are passed on: the first SIGINT or SIGTERM makes a checkpoint.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import shlex
import signal

from absl import flags

from pipelines import command

HOSTS = flags.DEFINE_list(
    "hosts", [], "Hosts as ssh names them, one worker each, the one that "
    "writes the run first; none: --local.")
LOCAL = flags.DEFINE_integer(
    "local", 2, "Workers on this machine, where no hosts are given.",
    lower_bound=1)
PORT = flags.DEFINE_integer(
    "port", 12345, "At which each host's worker listens to the others.",
    lower_bound=1, upper_bound=65535)
SSH = flags.DEFINE_string(
    "ssh", "ssh -tt -o BatchMode=yes",
    "What runs a command on a host, given both as its last words; with a "
    "terminal there, by which signals are passed on.")
FOLDER = flags.DEFINE_string(
    "folder", None, "Where to run on every host; this one's unless given.")
PRINT = flags.DEFINE_bool(
    "print", False, "Only print each worker's command, to be started by hand "
    "or by a batch system.")
MAX_RESTARTS = flags.DEFINE_integer(
    "max_restarts", 10, "Restarts in a row; what ran for ten minutes begins a "
    "new row.", lower_bound=0)
BACKOFF_SECONDS = flags.DEFINE_float(
    "backoff_seconds", 2.0, "Before the first restart; doubled for each after "
    "it, up to a minute.", lower_bound=0)
GRACE_SECONDS = flags.DEFINE_float(
    "grace_seconds", 60.0, "For the other workers to leave by themselves when "
    "one is gone, then again after SIGTERM, before SIGKILL.", lower_bound=0)

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _command(words: list[str]) -> tuple[str, ...]:
    """What each worker runs; flags alone are those of model/train.py."""
    if words and not words[0].startswith("-"):
        return tuple(words)
    return (sys.executable, os.path.join(_ROOT, "model", "train.py"), *words)


def main(argv: list[str]) -> int:
    from tools import clusters
    from tools import launching

    cluster = clusters.Cluster(
        _command(argv[1:]), tuple(HOSTS.value), LOCAL.value, PORT.value,
        tuple(shlex.split(SSH.value)), FOLDER.value or os.getcwd())
    if PRINT.value:
        for start in cluster.starts():
            print(start)
        return command.DONE
    launcher = launching.Launcher(cluster, launching.Patience(
        MAX_RESTARTS.value, BACKOFF_SECONDS.value, GRACE_SECONDS.value))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, launcher.signal)
    return launcher.run()


if __name__ == "__main__":
    command.run(main)
