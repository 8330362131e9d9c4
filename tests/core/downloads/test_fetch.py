"""What arrives when nothing goes wrong."""

from tests.core.downloads.conftest import MIB, Wire, fetch, some_bytes, worker
from tests.fakes.hub_faults import Slow
from venom_desktop.core.downloads.base import DownloadPhase


async def test_a_file_arrives_whole_and_nothing_is_left_beside_it(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(3 * MIB + 17))
    steps = await fetch(worker(), wire.plan())
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert wire.leftovers() == []
    assert steps[-1].done_bytes == steps[-1].total_bytes == 3 * MIB + 17
    assert steps[-1].file_name == "model.gguf"


async def test_three_shards_arrive_in_order_and_count_as_one_download(wire: Wire) -> None:
    wire.publish(a__gguf=some_bytes(MIB, 1), b__gguf=some_bytes(MIB, 2), c__gguf=some_bytes(5, 3))
    wire.hub.fault(Slow(bytes_per_second=4 * MIB), "*/[ab].gguf", times=None)
    steps = await fetch(worker(), wire.plan())
    assert {name: (wire.folder / name).read_bytes() for name in wire.contents} == wire.contents
    assert {step.total_bytes for step in steps} == {2 * MIB + 5}
    done = [step.done_bytes for step in steps]
    assert done == sorted(done)
    assert done[-1] == 2 * MIB + 5


async def test_an_empty_file_is_made(wire: Wire) -> None:
    wire.publish(empty__gguf=b"")
    await fetch(worker(), wire.plan())
    assert (wire.folder / "empty.gguf").read_bytes() == b""
    assert wire.leftovers() == []


async def test_a_file_of_unknown_size_and_checksum_arrives(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    steps = await fetch(worker(), wire.plan(size_bytes=None, sha256=None))
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert steps[-1].total_bytes == MIB


async def test_large_files_come_from_the_second_host(wire_with_cdn: Wire) -> None:
    wire = wire_with_cdn
    wire.publish(model__gguf=some_bytes(MIB))
    await fetch(worker(), wire.plan())
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert len(wire.hub.requests_for("*", side="cdn")) == 1


async def test_a_file_in_place_with_the_right_checksum_is_not_asked_for_again(wire: Wire) -> None:
    wire.publish(a__gguf=some_bytes(MIB, 1), b__gguf=some_bytes(MIB, 2))
    await fetch(worker(), wire.plan("a.gguf"))
    wire.hub.forget_requests()
    steps = await fetch(worker(), wire.plan())
    assert [request.path.rpartition("/")[2] for request in wire.hub.requests] == ["b.gguf"]
    assert steps[0].done_bytes >= MIB


async def test_a_file_in_place_with_a_wrong_byte_is_fetched_again(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    wire.folder.mkdir()
    (wire.folder / "model.gguf").write_bytes(b"\0" * MIB)
    await fetch(worker(), wire.plan())
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]


async def test_progress_is_told_at_least_twice_a_second(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    wire.hub.fault(Slow(bytes_per_second=MIB), "*.gguf")
    steps = await fetch(worker(), wire.plan())
    moving = {step.done_bytes for step in steps if step.phase is DownloadPhase.DOWNLOADING}
    assert len(moving) >= 3


async def test_discard_deletes_what_is_partial_and_nothing_else(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    plan = wire.plan()
    wire.folder.mkdir()
    kept = wire.folder / "other.gguf"
    kept.write_bytes(b"mine")
    part = wire.folder / f"{plan.files[0].sha256}.part"
    part.write_bytes(b"some")
    part.with_name(f"{part.name}.json").write_text("{}")
    await worker().discard(plan)
    await worker().discard(plan)
    assert list(wire.folder.iterdir()) == [kept]
