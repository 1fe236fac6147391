"""A pool of Beam workers that listens on loopback alone.

Beam's own `worker_pool_main` listens on every address of the machine, and
starts its workers with whatever `python` comes first.
"""

import os
import signal
import sys

import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker import worker_pool_main

_THREADS = 8


def serve(port: int) -> None:
    """Starts a worker process whenever a runner asks for one, for ever."""
    from concurrent import futures

    # The pool runs `python`: this very one, wherever PATH leads.
    os.environ["PATH"] = os.pathsep.join(
        [os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    # A module of this folder's must not pass for one of Python's own.
    os.environ["PYTHONSAFEPATH"] = "1"
    pool = worker_pool_main.BeamFnExternalWorkerPoolServicer(use_process=True)
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS))
    add = beam_fn_api_pb2_grpc
    add.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
