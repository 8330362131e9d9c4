"""The command line of vLLM: made of settings by one function, and shown before it runs."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings

API_KEY = "VLLM_API_KEY"
RAY_ADDRESS = "RAY_ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`environment` is what the program is given beside ours; `shown` tells both, and never a secret."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)

    @property
    def shown(self) -> str:
        """For a shell."""
        told = [f"{name}={shlex.quote(text)}" for name, text in self.environment.items() if name != API_KEY]
        return " ".join((*told, shlex.join(self.arguments)))

    def with_key(self, key: str) -> "Command":
        return Command(arguments=self.arguments, environment={**self.environment, API_KEY: key})


# Options and variables as vLLM 0.20.2 has them (entrypoints/openai/cli_args.py, engine/arg_utils.py, envs.py); all of
# them are in 0.6 too. An API key would also be an option, but then every process of this machine could read it.
def command_for(program: Path, model_path: Path, *, name: str, options: VllmOptions, settings: VllmSettings) -> Command:
    """`settings` are resolved; `name` is what the model is called in requests."""
    arguments = [str(program), "serve", str(model_path), "--host", options.host, "--port", str(options.port)]
    # This option takes any number of names: what follows must not be one.
    arguments.append(f"--served-model-name={settings.served_name or name}")
    valued = {
        "--gpu-memory-utilization": settings.gpu_memory_utilization,
        "--max-model-len": settings.max_model_len,
        "--max-num-seqs": settings.max_num_seqs,
        "--chat-template": settings.chat_template,
        "--tensor-parallel-size": settings.tensor_parallel,
        "--pipeline-parallel-size": settings.pipeline_parallel,
        "--distributed-executor-backend": "ray" if settings.ray else None,
    }
    for option, value in valued.items():
        if value is not None:
            arguments += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    if settings.enforce_eager:
        arguments.append("--enforce-eager")
    if settings.trust_remote_code:
        arguments.append("--trust-remote-code")
    # vLLM reports how it is used to its makers unless it is told not to.
    environment = {"VLLM_NO_USAGE_STATS": "1"}
    if settings.ray and settings.ray_address is not None:
        environment[RAY_ADDRESS] = settings.ray_address
    return Command(arguments=tuple(arguments), environment=environment)
