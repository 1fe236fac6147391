"""A Flink cluster of this machine alone, with what Beam's Python needs."""

import contextlib
import dataclasses
import json
import pathlib
import sys
import urllib.request

from tools.engines import processes

ROOT = pathlib.Path(__file__).parents[2]
_START_SECONDS = 90.0
_JOB_MANAGER = (
    "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint")
_TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
# As the configuration that Flink ships opens them for Java 17.
_OPENED = ("java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch",
           "java.lang.reflect", "java.text", "java.time", "java.util",
           "java.util.concurrent", "java.util.concurrent.atomic",
           "java.util.concurrent.locks")
_EXPORTED = ("java.base/sun.net.util", "java.rmi/sun.rmi.registry",
             "java.security.jgss/sun.security.krb5")


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of the machine a cluster takes.

    Attributes:
      task_managers: How many.
      slots: Of each: so many tasks at a time. A task manager that is lost is
        replaced by the slots that others have to spare.
      heap_mb: Of each Java process.
    """

    task_managers: int = 2
    slots: int = 2
    heap_mb: int = 512


class Cluster:
    """A job manager, task managers, a pool of workers and a job server.

    Attributes:
      processes: What it consists of.
      size: How large it is.
    """

    def __init__(self, folder: pathlib.Path, size: Size):
        self.processes = processes.Processes(folder)
        self.size = size
        self._folder = folder
        self._ports = {name: processes.free_port() for name in (
            "rest", "rpc", "blob", "pool", "job", "artifact", "expansion")}
        self._has_server = False
        self._flink: list[str] = []

    @property
    def master(self) -> str:
        """Address of the job manager's web interface."""
        return self._address("rest")

    def _address(self, port: str) -> str:
        return f"{processes.HOST}:{self._ports[port]}"

    def start(self, jars: pathlib.Path,
              job_server: pathlib.Path | None) -> None:
        """Starts all of it, and waits until it can take a job.

        Args:
          jars: Folder of Flink's jars.
          job_server: Beam's job server, or None: Beam starts one itself.
        """
        conf = self._folder / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        (conf / "config.yaml").write_text(
            "".join(f"{key}: {value}\n" for key, value in
                    self._settings().items()), encoding="utf-8")
        (self._folder / "tmp").mkdir(exist_ok=True)
        self._flink = [*self._java(), "-cp", f"{jars}/*"]
        self.processes.start("jobmanager", [
            *self._flink, _JOB_MANAGER, "--configDir", str(conf)])
        for number in range(self.size.task_managers):
            self.start_task_manager(number)
        self.start_pool()
        if job_server:
            self._has_server = True
            self.processes.start("jobserver", [
                *self._java(), "-jar", str(job_server),
                "--flink-master", self.master, "--job-host", processes.HOST,
                "--job-port", str(self._ports["job"]),
                "--artifact-port", str(self._ports["artifact"]),
                "--expansion-port", str(self._ports["expansion"]),
                "--artifacts-dir", str(self._folder / "artifacts")])
        self.wait()

    def wait(self) -> None:
        """Waits until it can take a job."""
        self.processes.wait(self._is_ready, _START_SECONDS)

    def start_task_manager(self, number: int) -> None:
        """Starts one, in the place of one that was lost."""
        self.processes.start(f"taskmanager-{number}", [
            *self._flink, _TASK_MANAGER,
            "--configDir", str(self._folder / "conf")])

    def start_pool(self) -> None:
        """Starts the pool of workers alone."""
        port = self._ports["pool"]
        self.processes.start("workers", [
            sys.executable, "-c", "from tools.engines import worker_pool; "
            f"worker_pool.serve({port})"], {"PYTHONPATH": str(ROOT)})

    def wait_for_pool(self) -> None:
        """Waits until the pool of workers listens."""
        self.processes.wait(lambda: processes.listens(self._ports["pool"]),
                            _START_SECONDS)

    def beam_words(self) -> list[str]:
        """The flags by which a build reaches it."""
        tasks = self.size.task_managers * self.size.slots
        server = ([f"--job_endpoint={self._address('job')}"]
                  if self._has_server else [])
        return ["--runner=FlinkRunner", f"--flink_master={self.master}",
                *server, f"--parallelism={tasks}", *self.pool_words()]

    def pool_words(self) -> list[str]:
        """The flags by which an engine takes its workers from the pool."""
        return ["--environment_type=EXTERNAL",
                f"--environment_config={self._address('pool')}"]

    def task_managers(self) -> int:
        """How many the job manager knows of."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(OSError, ValueError, KeyError):
            with opener.open(f"http://{self.master}/overview",
                             timeout=5) as reply:
                return json.load(reply)["taskmanagers"]
        return 0

    def _is_ready(self) -> bool:
        ports = ["pool", "job"] if self._has_server else ["pool"]
        return (self.task_managers() == self.size.task_managers
                and all(processes.listens(self._ports[port])
                        for port in ports))

    def _java(self) -> list[str]:
        return ["java", f"-Xmx{self.size.heap_mb}m", *(
            f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTED), *(
            f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED)]

    def _settings(self) -> dict[str, object]:
        host, ports = processes.HOST, self._ports
        return {
            "jobmanager.rpc.address": host,
            "jobmanager.rpc.port": ports["rpc"],
            "jobmanager.bind-host": host,
            "blob.server.port": ports["blob"],
            "rest.address": host,
            "rest.bind-address": host,
            "rest.port": ports["rest"],
            "taskmanager.host": host,
            "taskmanager.bind-host": host,
            "taskmanager.numberOfTaskSlots": self.size.slots,
            # Flink's own scripts, which PyPI's package lacks, would work
            # these out.
            "taskmanager.cpu.cores": self.size.slots,
            "taskmanager.memory.framework.heap.size": "128m",
            "taskmanager.memory.framework.off-heap.size": "128m",
            "taskmanager.memory.task.heap.size":
                f"{self.size.heap_mb - 128}m",
            "taskmanager.memory.task.off-heap.size": "64m",
            "taskmanager.memory.managed.size": "64m",
            "taskmanager.memory.network.min": "64m",
            "taskmanager.memory.network.max": "64m",
            "taskmanager.memory.jvm-metaspace.size": "256m",
            "taskmanager.memory.jvm-overhead.min": "192m",
            "taskmanager.memory.jvm-overhead.max": "192m",
            "io.tmp.dirs": str(self._folder / "tmp"),
            # A lost task manager is noticed soon, and its tasks go on.
            "heartbeat.interval": 1000,
            "heartbeat.timeout": 8000,
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 10,
            "restart-strategy.fixed-delay.delay": "1 s",
        }
