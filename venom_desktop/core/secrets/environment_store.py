"""Reads secrets from the environment, which this program never changes."""

from collections.abc import Mapping

from venom_desktop.core.secrets.base import VARIABLES, Secret


class EnvironmentStore:
    """Reads at once, so that later changes of the process' environment do not matter."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._secrets = {
            name: Secret(text) for name, variable in VARIABLES.items() if (text := environ.get(variable, "").strip())
        }

    def get(self, name: str) -> Secret | None:
        return self._secrets.get(name)

    def all(self) -> tuple[Secret, ...]:
        return tuple(self._secrets.values())
