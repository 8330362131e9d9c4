"""How near the fit verdict comes to what the real engine takes, over architectures, types, contexts and slots."""

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.fit_files import SHAPES, Shape, write
from venom_desktop.core.catalog.fit import ENGINE_BYTES, LoadSettings, predicted_bytes
from venom_desktop.core.catalog.gguf_header import read_gguf_header
from venom_desktop.core.catalog.kv_cache import KvType
from venom_desktop.core.runtimes.llama_cpp_server import Order

_WAYS: Final = (
    LoadSettings(context=4096),
    LoadSettings(context=32_768),
    LoadSettings(context=8192, kv_type=KvType.Q8_0, parallel=2),
)
_KEY: Final = "of the bench alone"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Bytes of one load without the engine itself."""

    name: str
    predicted: int
    measured: int

    @property
    def error(self) -> float:
        """Negative where the verdict said too little: the side on which a model that was told to fit does not."""
        return self.predicted / self.measured - 1


def main() -> None:
    empty = _peak(None, LoadSettings())
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            path = write(shape, Path(folder))
            print(f"fit_file_{_word(shape.name)} {path.stat().st_size / 1e6:.0f} MB")
            cases += [_case(shape, path, settings, empty) for settings in _WAYS]
            path.unlink()
    errors = [abs(case.error) for case in cases]
    print(f"fit_error_median {statistics.median(errors) * 100:.2f} % ({len(cases)} loads)")
    print(f"fit_error_p90 {sorted(errors)[int(0.9 * (len(errors) - 1))] * 100:.2f} %")
    print(f"fit_error_worst_too_little {max(0.0, *(-case.error for case in cases)) * 100:.2f} %")
    print(f"fit_error_worst_too_much {max(0.0, *(case.error for case in cases)) * 100:.2f} %")


def _case(shape: Shape, path: Path, settings: LoadSettings, empty: int) -> Case:
    header = read_gguf_header(path, stop_at_vocabulary=True)
    predicted = predicted_bytes(header, weights_bytes=path.stat().st_size, settings=settings)
    if predicted is None:
        raise RuntimeError(f"{shape.name}: the header tells too little")
    measured = _peak(path, settings)
    way = f"{settings.context}_{settings.kv_type.value}_{settings.parallel}"
    case = Case(name=f"{_word(shape.name)}_{way}", predicted=predicted - ENGINE_BYTES, measured=measured - empty)
    print(
        f"fit_{case.name} {case.error * 100:+.1f} % (predicted {case.predicted / 1e6:.0f} MB, "
        f"measured {case.measured / 1e6:.0f} MB)".replace(" +", " "),
        flush=True,
    )
    return case


def _peak(path: Path | None, settings: LoadSettings) -> int:
    order = Order(
        model_path="" if path is None else str(path),
        alias="fit",
        api_key=_KEY,
        context=settings.context * settings.parallel,
        parallel=settings.parallel,
        kv_type=None if settings.kv_type is KvType.F16 else settings.kv_type.value,
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench.fit_child"],
        input=replace(order).as_line() + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout:
        raise RuntimeError(done.stderr[-2000:])
    return int(json.loads(done.stdout.splitlines()[-1])["peak_bytes"])


def _word(name: str) -> str:
    return name.replace("-", "_")


if __name__ == "__main__":
    main()
