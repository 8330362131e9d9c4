"""Lines as vLLM 0.20.2 writes them, from its source; the text between is what its logger and its engine put there."""

API = "(APIServer pid=4711) "
ENGINE = "(EngineCore pid=4712) "
MOMENT = "11-22 20:15:04"

VERSION_LINE = f"{API}INFO {MOMENT} [utils.py:299] vLLM server version 0.20.2, serving model {{model}}"
CONFIG_LINE = (
    f"{ENGINE}INFO {MOMENT} [core.py:109] Initializing a V1 LLM engine (v0.20.2) with config: model='{{model}}', "
    "trust_remote_code=True, tensor_parallel_size=1, chat_template=None, enforce_eager=False, device_config=cuda"
)
STARTING_TO_LOAD = f"{ENGINE}INFO {MOMENT} [gpu_model_runner.py:4778] Starting to load model {{model}}..."
SERVING = f"{API}INFO {MOMENT} [api_server.py:571] Starting vLLM server on http://127.0.0.1:{{port}}"
STARTED = f"{API}INFO:     Application startup complete."


def shard(done: int, total: int) -> str:
    """The bar of the weights (model_loader/weight_utils.py)."""
    percent = done * 100 // total
    bar = f"{percent:3d}% Completed | {done}/{total} [00:0{done}<00:0{total - done},  1.02it/s]"
    return f"{ENGINE}Loading safetensors checkpoint shards: {bar}"


LOADED = f"{ENGINE}INFO {MOMENT} [gpu_model_runner.py:4879] Model loading took 5.79 GiB memory and 3.141593 seconds"
COMPILED = (
    f"{ENGINE}INFO {MOMENT} [backends.py:1070] Dynamo bytecode transform time: 4.21 s\n"
    f"{ENGINE}INFO {MOMENT} [monitor.py:48] torch.compile took 18.31 s in total"
)
CACHE = f"{ENGINE}INFO {MOMENT} [gpu_worker.py:440] Available KV cache memory: 5.73 GiB"
GRAPHS = (
    f"{ENGINE}Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):   0%|          | 0/67 [00:00<?, ?it/s]\r"
    "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  40%|####      | 27/67 [00:01<00:02, 19.94it/s]"
)
ENGINE_READY = (
    f"{ENGINE}INFO {MOMENT} [core.py:289] init engine (profile, create kv cache, warmup model) took 27.12 s "
    "(compilation: 18.31 s)"
)


def ended_with(*lines: str) -> tuple[str, ...]:
    """What stands around the reason: the engine's traceback first, then the server's, which names no reason."""
    head = f"{ENGINE}ERROR {MOMENT} [core.py:1136]"
    return (
        f"{head} EngineCore failed to start.",
        f"{head} Traceback (most recent call last):",
        *(f"{head} {line}" for line in lines),
        f"{API}Traceback (most recent call last):",
        f'{API}  File "/opt/vllm/lib/python3.12/site-packages/vllm/v1/engine/utils.py", line 1178, in wait',
        f"{API}RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {{}}",
    )


FULL_CARD = (
    "ValueError: Free memory on device cuda:0 (5.23/23.64 GiB) on startup is less than desired GPU memory utilization "
    "(0.85, 20.09 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes."
)
SMALL_CACHE = (
    "ValueError: To serve at least one request with the models's max seq len (131072), (9.5 GiB KV cache is needed, "
    "which is larger than the available KV cache memory (5.21 GiB). Based on the available memory, the estimated "
    "maximum model length is 71872. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when "
    "initializing the engine. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details."
)
NO_CACHE = (
    "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing "
    "the engine. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details."
)
OLD_CACHE = (
    "ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that can be stored in KV "
    "cache (22176). Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine."
)
ALLOCATION = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.64 GiB "
    "of which 1.20 GiB is free. Including non-PyTorch memory, this process has 22.43 GiB memory in use."
)
WARM_UP = (
    "RuntimeError: CUDA out of memory occurred when warming up sampler with 256 dummy requests. Please try lowering "
    "`max_num_seqs` or `gpu_memory_utilization` when initializing the engine."
)
NO_CARD = "RuntimeError: No CUDA GPUs are available"
NO_DEVICE = (
    "RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG` to turn "
    "on verbose logging to help debug the issue."
)
ARCHITECTURE = (
    "  Value error, Model architectures ['MambaFutureForCausalLM'] are not supported for now. Supported architectures: "
    "dict_keys(['LlamaForCausalLM', 'Qwen3ForCausalLM'])"
)
LEFT_ARCHITECTURE = (
    "  Value error, Model architecture MotifForCausalLM was supported in vLLM until v0.10.2, and is not supported "
    "anymore. Please use an older version of vLLM if you want to use this model architecture."
)
TRANSFORMERS = (
    "  Value error, The checkpoint you are trying to load has model type `tomorrow` but Transformers does not "
    "recognize this architecture. This could be because of an issue with the checkpoint."
)
REMOTE_CODE = (
    "RuntimeError: Failed to load the model config. If the model is a custom model not yet available in the "
    "HuggingFace transformers library, consider setting `trust_remote_code=True` in LLM or using the "
    "`--trust-remote-code` flag in the CLI."
)
CHAT_TEMPLATE = (
    "ValueError: The supplied chat template string (/srv/templates/none.jinja) appears path-like, but doesn't exist! "
    "Tried: /srv/templates/none.jinja and /opt/vllm/templates/none.jinja"
)
HEADS = "  Value error, Total number of attention heads (14) must be divisible by tensor parallel size (4)."
FEW_CARDS = (
    "  Value error, World size (8) is larger than the number of available GPUs (2) in this node. If this is "
    "intentional and you are using:"
)
NO_GROUP = "ValueError: Cannot provide a placement group requiring 8 GPUs (placement_group_specs=[{'GPU': 1.0}]) within"
NO_RAY = (
    "ConnectionError: Could not find any running Ray instance. Please specify the one to connect to by setting "
    "`--address` flag or `RAY_ADDRESS` environment variable."
)
NO_RAY_MODULE = "ValueError: Failed to import Ray: No module named 'ray'.Please install Ray with `pip install ray`."
BAD_PATH = "  Value error, Invalid repository ID or local directory specified: '/srv/models/none'."
NO_CONFIG = (
    "OSError: /srv/models/some does not appear to have a file named config.json. Checkout "
    "'https://huggingface.co//srv/models/some/tree/main' for available files."
)
NO_WEIGHTS = "RuntimeError: Cannot find any model weights with `/srv/models/some`"
DAMAGED = (
    "safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered"
)
LONG_CONTEXT = (
    "  Value error, User-specified max_model_len (32768) is greater than the derived max_model_len "
    "(max_position_embeddings=8192 or model_max_length=None in model's config.json). To allow overriding this maximum, "
    "set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1."
)
PORT_TAKEN = "OSError: [Errno 98] Address already in use"
