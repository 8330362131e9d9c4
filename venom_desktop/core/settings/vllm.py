"""The settings of vLLM that hold for every model; `core/runtimes/vllm_settings.py` has those of single ones."""

import dataclasses
from pathlib import Path
from typing import Annotated

from venom_desktop.core.settings.about import A_PATH, About, UnitScope
from venom_desktop.core.settings.environment import checked_cluster, checked_host, checked_unit
from venom_desktop.core.settings.kinds import absolute_path, number, one_of, or_none, text_as, whole


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VllmFields:
    """A part of `Settings`."""

    vllm_path: Annotated[
        Path | None,
        About(
            kind=absolute_path(),
            meaning="The `vllm` program in its own environment; none looks on PATH",
            expected=A_PATH,
        ),
    ] = None
    vllm_model_path: Annotated[
        Path | None,
        About(
            kind=absolute_path(),
            meaning="Folder that vLLM serves for a model without files of its own",
            expected=A_PATH,
            variable="VLLM_MODEL_PATH",
        ),
    ] = None
    vllm_host: Annotated[
        str,
        About(
            kind=text_as(checked_host),
            meaning="Address at which vLLM listens",
            expected="Give an IP address of this machine, such as 127.0.0.1.",
            variable="VLLM_HOST",
        ),
    ] = "127.0.0.1"
    vllm_port: Annotated[
        int,
        About(
            kind=whole(least=1, most=65535),
            meaning="Port of vLLM",
            expected="Give a port from 1 to 65535.",
            variable="VLLM_PORT",
        ),
    ] = 8001
    vllm_gpu_memory_utilization: Annotated[
        float,
        About(
            kind=number(above=0, most=1),
            meaning="Share of the graphics memory that vLLM takes, of 1",
            expected="Give a number above 0, at most 1.",
            variable="VLLM_GPU_MEMORY_UTILIZATION",
        ),
    ] = 0.85
    vllm_max_model_len: Annotated[
        int | None,
        About(
            kind=or_none(whole(least=128, most=10_000_000)),
            meaning="Context of a vLLM model in tokens; none is the longest that the model holds",
            expected="Give a number of tokens from 128 to 10000000.",
            variable="VLLM_MAX_MODEL_LEN",
        ),
    ] = None
    vllm_max_num_seqs: Annotated[
        int | None,
        About(
            kind=or_none(whole(least=1, most=4096)),
            meaning="Answers that vLLM gives at once; none leaves it to vLLM",
            expected="Give a number from 1 to 4096.",
            variable="VLLM_MAX_NUM_SEQS",
        ),
    ] = None
    vllm_ray_address: Annotated[
        str,
        About(
            kind=text_as(checked_cluster),
            meaning="Ray cluster for vLLM models that use one: host:port, or `auto`",
            expected="Give host:port, ray://host:port or auto.",
            variable="RAY_ADDRESS",
        ),
    ] = ""
    vllm_systemd_unit: Annotated[
        str,
        About(
            kind=text_as(checked_unit),
            meaning="systemd unit of vLLM",
            expected="Give the name of a unit, such as vllm.service.",
            variable="VLLM_SYSTEMD_UNIT",
        ),
    ] = "vllm.service"
    vllm_systemd_scope: Annotated[
        UnitScope,
        About(
            kind=one_of(UnitScope),
            meaning="Whose unit of vLLM it is: `auto`, `system` or `user`",
            expected="Use auto, system or user.",
        ),
    ] = UnitScope.AUTO
