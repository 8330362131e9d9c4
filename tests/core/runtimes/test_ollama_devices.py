"""What a server computes on is read from the lines of its last start."""

from venom_desktop.core.runtimes.base import Device
from venom_desktop.core.runtimes.ollama_devices import devices_in

HEAD = "time=2026-11-22T17:07:22.036Z level=INFO source=types.go:42 "
CARD = (
    f'{HEAD}msg="inference compute" id=GPU-1 filter_id="" library=CUDA compute=8.9 name=CUDA0 '
    'description="NVIDIA GeForce RTX 4070" libdirs=ollama,cuda_v12 driver=12.8 pci_id=0000:01:00.0 type=discrete '
    'total="12.0 GiB" available="11.2 GiB"'
)
SHARED = CARD.replace("CUDA0", "ROCm0").replace("discrete", "iGPU").replace("12.0 GiB", "512.0 MiB")
NONE = (
    f'{HEAD}msg="inference compute" id=cpu library=cpu compute="" name=cpu description=cpu libdirs=ollama driver="" '
    'pci_id="" type="" total="23.5 GiB" available="22.7 GiB"'
)
OTHER = f'{HEAD}msg="Listening on 127.0.0.1:11434 (version 0.16.3)"'


def test_a_card_is_told_with_its_memory() -> None:
    assert devices_in((OTHER, CARD)) == (
        Device(
            name="CUDA0",
            description="NVIDIA GeForce RTX 4070",
            kind="gpu",
            memory_free_bytes=round(11.2 * 2**30),
            memory_total_bytes=12 * 2**30,
        ),
    )


def test_all_devices_of_the_last_start_count_and_none_of_an_earlier_one() -> None:
    found = devices_in((NONE, OTHER, CARD, SHARED, OTHER))
    assert [(device.name, device.kind) for device in found] == [("CUDA0", "gpu"), ("ROCm0", "igpu")]
    assert found[1].memory_total_bytes == 512 * 2**20


def test_a_machine_without_a_card_computes_on_its_processor() -> None:
    assert [device.kind for device in devices_in((NONE,))] == ["cpu"]


def test_other_lines_tell_nothing() -> None:
    assert devices_in((OTHER, 'msg="inference compute')) == ()
    [odd] = devices_in((f'{HEAD}msg="inference compute" total="many"',))
    assert (odd.kind, odd.memory_total_bytes) == (None, None)
