"""The states of a runtime, apart from its snapshots: the status bar names them before the core is imported."""

from enum import StrEnum


class RuntimeState(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    EXITED = "exited"
    UNAVAILABLE = "unavailable"
