"""A look at real folders: what is a model, shown once, called rightly; and what is passed over and counted."""

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.gguf_files import write_mmproj, write_sharded_llama
from tests.fakes.model_folders import EARLIER, cache_repository, store_model, tiny_gguf
from tests.fakes.safetensors_files import config, repository, sharded
from tests.support.counts import count
from venom_desktop.core.registry.discovery.found import FoundModel, Origin
from venom_desktop.core.registry.discovery.gguf_models import gguf_models
from venom_desktop.core.registry.discovery.glance import Glances
from venom_desktop.core.registry.discovery.look import Look
from venom_desktop.core.registry.discovery.places import Place, places
from venom_desktop.core.registry.discovery.walk import Walk
from venom_desktop.core.registry.names import check_name


def look_at(*folders: Path, origin: Origin = Origin.FOLDER) -> Look:
    look = Look(listed={})
    for folder in folders:
        look.at(Place(origin=origin, folder=folder, is_wanted=origin is Origin.FOLDER))
    return look


def found_in(*folders: Path, origin: Origin = Origin.FOLDER) -> list[FoundModel]:
    return look_at(*folders, origin=origin).found


def files_of(contents: dict[str, bytes | Path]) -> dict[str, bytes]:
    return {name: content for name, content in contents.items() if isinstance(content, bytes)}


def test_the_parts_of_a_model_and_its_vision_part_are_one_find(tmp_path: Path) -> None:
    parts = write_sharded_llama(tmp_path, "big", shards=3)
    projector = write_mmproj(tmp_path / "mmproj-F16.gguf")

    [model] = found_in(tmp_path)

    assert [file.path for file in model.files] == parts
    assert model.projector is not None
    assert model.projector.path == projector
    assert (model.name, model.runtime, model.capabilities.supports_vision) == ("big", "llama_cpp", True)
    assert model.size_bytes == sum(path.stat().st_size for path in (*parts, projector))
    assert model.header is not None
    assert model.header.number("block_count") == 2


def test_a_vision_part_goes_with_the_model_of_its_name_where_several_lie_together(tmp_path: Path) -> None:
    for name in ("gemma-Q4_K_M", "gemma-Q8_0", "other-Q4_K_M"):
        (tmp_path / f"{name}.gguf").write_bytes(tiny_gguf(name))
    write_mmproj(tmp_path / "mmproj-gemma-F16.gguf")
    write_mmproj(tmp_path / "mmproj-nobody-F16.gguf")

    with_eyes = {model.path.name for model in found_in(tmp_path) if model.projector is not None}

    assert with_eyes == {"gemma-Q4_K_M.gguf", "gemma-Q8_0.gguf"}


def test_in_the_cache_of_hugging_face_links_are_followed_and_a_blob_of_two_revisions_is_shown_once(
    tmp_path: Path,
) -> None:
    files = {"tiny-Q4_K_M.gguf": tiny_gguf()}
    cache_repository(tmp_path, "tiny-lab/Tiny-GGUF", files, revision=EARLIER, is_main=False)
    main = cache_repository(tmp_path, "tiny-lab/Tiny-GGUF", files)

    [model] = found_in(tmp_path, origin=Origin.HUGGING_FACE)

    assert model.path == main / "tiny-Q4_K_M.gguf"
    assert model.name == "tiny-lab/Tiny-GGUF:Q4_K_M"
    assert (model.title, model.capabilities.quantization) == ("Tiny", "Q4_K_M")


def test_a_cache_in_a_folder_that_the_user_named_is_recognised(tmp_path: Path) -> None:
    cache_repository(tmp_path / "old disk", "tiny-lab/Tiny-GGUF", {"tiny-Q8_0.gguf": tiny_gguf()})
    [model] = found_in(tmp_path)
    assert (model.origin, model.name) == (Origin.HUGGING_FACE, "tiny-lab/Tiny-GGUF:Q8_0")


@pytest.mark.parametrize("weights", [None, sharded(3)])
def test_a_folder_of_safetensors_is_one_model_for_vllm(tmp_path: Path, weights: dict[str, bytes] | None) -> None:
    contents = files_of(repository(weights))
    snapshot = cache_repository(tmp_path, "tiny-lab/Tiny-Qwen", {**contents, "1_Pooling/config.json": b"{}"})

    [model] = found_in(tmp_path, origin=Origin.HUGGING_FACE)

    assert (model.path, model.runtime, model.name) == (snapshot, "vllm", "tiny-lab/Tiny-Qwen")
    assert (model.title, model.capabilities.quantization) == ("Tiny-Qwen", "BF16")
    assert model.capabilities.max_context_length == 32768
    names = {file.path.relative_to(snapshot).as_posix() for file in model.files}
    assert {"config.json", "tokenizer.json", "1_Pooling/config.json"} < names
    assert model.files[-1].path.name.endswith(".safetensors")


def test_folders_that_only_look_like_a_model_are_passed_over(tmp_path: Path) -> None:
    contents = files_of(repository())
    folders = {
        "part of a picture generator": {**contents, "config.json": b'{"_class_name": "UNet2DConditionModel"}'},
        "unknown to vLLM": {**contents, "config.json": config("CLIPTextModel")},
        "only an adapter": {"config.json": config(), "adapter_model.safetensors": contents["model.safetensors"]},
    }
    for name, files in folders.items():
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_bytes(content)
    look = look_at(tmp_path)
    assert look.found == []
    assert look.skipped.broken == 0


def test_lm_studio_names_publisher_and_repository_by_folders(tmp_path: Path) -> None:
    folder = tmp_path / "lmstudio-community" / "Tiny-GGUF"
    folder.mkdir(parents=True)
    (folder / "Tiny-Q6_K.gguf").write_bytes(tiny_gguf())
    (tmp_path / "loose.gguf").write_bytes(tiny_gguf(more=1))

    names = {model.name for model in found_in(tmp_path, origin=Origin.LM_STUDIO)}

    assert names == {"lmstudio-community/Tiny-GGUF:Q6_K", "loose"}


def test_a_model_in_ollamas_store_is_found_once_with_all_its_names(tmp_path: Path) -> None:
    blob = store_model(tmp_path, "gemma3:4b", tiny_gguf(), write_mmproj(tmp_path / "p").read_bytes())
    store_model(tmp_path, "mine", tiny_gguf())
    store_model(tmp_path, "hf.co/org/repo:Q4_K_M", tiny_gguf("Other", more=1))
    (tmp_path / "manifests" / "registry.ollama.ai" / "library" / "broken").mkdir()
    (tmp_path / "manifests" / "registry.ollama.ai" / "library" / "broken" / "1b").write_text("[]")

    first, second = sorted(found_in(tmp_path), key=lambda model: model.path != blob)

    assert (first.origin, first.path, first.title) == (Origin.OLLAMA, blob, "Gemma3 4B")
    assert first.ollama_names == ("gemma3:4b", "mine:latest")
    assert first.name == "gemma3-4b"
    assert first.projector is not None
    assert second.ollama_names == ("hf.co/org/repo:Q4_K_M",)


def test_other_names_links_and_circles_of_one_file_are_no_further_finds(tmp_path: Path) -> None:
    folder, away = tmp_path / "folder", tmp_path / "away"
    folder.mkdir()
    away.mkdir()
    path = folder / "tiny.gguf"
    path.write_bytes(tiny_gguf())
    os.link(path, folder / "same.gguf")
    (folder / "link.gguf").symlink_to(path)
    (folder / "circle").symlink_to(folder)
    (folder / "nowhere.gguf").symlink_to(folder / "gone.gguf")
    (folder / "itself.gguf").symlink_to("itself.gguf")
    (folder / "other disk").symlink_to(away)
    (away / "moved.gguf").write_bytes(tiny_gguf("Moved", more=1))

    found = found_in(folder)

    assert len(list(Walk().through(str(folder)))) == 2
    assert sorted(model.title for model in found) == ["Moved", "Tiny"]
    assert {model.path.name for model in found} <= {"link.gguf", "same.gguf", "tiny.gguf", "moved.gguf"}


def test_what_is_broken_or_incomplete_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "good.gguf").write_bytes(tiny_gguf())
    (tmp_path / "text.gguf").write_text("no model")
    (tmp_path / "cut.gguf").write_bytes(tiny_gguf()[:100])
    (tmp_path / "huge.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 16)
    (tmp_path / "empty.gguf").touch()
    (tmp_path / "adapter.gguf").write_bytes(tiny_gguf(kind="adapter"))
    (tmp_path / "a folder.gguf").mkdir()
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "alone").mkdir()
    write_mmproj(tmp_path / "alone" / "mmproj.gguf")
    part = write_sharded_llama(tmp_path, "big", shards=2)[1]
    part.unlink()
    weights = tmp_path / "weights"
    weights.mkdir()
    for name, content in files_of(repository({"model.safetensors": b"\xff" * 64})).items():
        (weights / name).write_bytes(content)

    look = look_at(tmp_path)

    assert [model.path.name for model in look.found] == ["good.gguf"]
    assert (look.skipped.broken, look.skipped.incomplete) == (4, 1)
    sentences = " ".join(str(problem) for problem in look.skipped.problems)
    for name in ("text.gguf", "cut.gguf", "huge.gguf", "model.safetensors", "big-00001-of-00002.gguf"):
        assert name in sentences


def test_a_folder_that_the_user_named_and_cannot_be_read_is_told_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert look_at(tmp_path / "unplugged", tmp_path / "file").skipped.unreadable == 2
    assert look_at(tmp_path / "no cache", origin=Origin.HUGGING_FACE).skipped.unreadable == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not read")
def test_a_folder_that_may_not_be_read_is_counted_and_the_rest_is_found() -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        for file in ("open/tiny.gguf", "open/secret.gguf", "closed/tiny.gguf"):
            (top / file).parent.mkdir(exist_ok=True)
            (top / file).write_bytes(tiny_gguf(more=len(file)))
        (top / "closed").chmod(0)
        (top / "open" / "secret.gguf").chmod(0)
        os.seteuid(65534)
        try:
            look = look_at(top)
        finally:
            os.seteuid(0)
    assert [model.path.name for model in look.found] == ["tiny.gguf"]
    assert (look.skipped.unreadable, look.skipped.broken) == (1, 1)


@pytest.mark.parametrize(
    "name",
    [
        "模型-Q4_K_M",
        "نموذج كبير",
        "mod\u202eel",
        "a" * 250,
        "new\nline",
        os.fsdecode(b"bad\xff\xfename"),
    ],
)
def test_any_name_that_a_disk_takes_is_found_and_gets_a_usable_one(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.gguf").write_bytes(tiny_gguf("x\n\ty" + "z" * 5_000))
    [model] = found_in(tmp_path)
    assert model.path.stem == name
    assert check_name(model.name) == model.name
    assert len(model.title) <= 200
    assert "\n" not in model.title
    assert len(model.found_id) == 12


def test_a_look_through_more_than_there_is_time_for_ends_and_says_so(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "x.txt").touch()
    walk = Walk(most_entries=30)
    seen = list(walk.through(str(tmp_path)))
    assert walk.cut_short
    assert 2 <= len(seen) < 21
    whole = Walk()
    assert len(list(whole.through(str(tmp_path)))) == 21
    assert not whole.cut_short
    assert list(Walk(stop=lambda: True).through(str(tmp_path))) == []


@settings(max_examples=count(60, 10_000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 400), st.booleans())
def test_bytes_of_a_hostile_file_end_in_a_find_or_a_count(tmp_path: Path, noise: bytes, at: int, whole: bool) -> None:
    good = tiny_gguf()
    (tmp_path / "x.gguf").write_bytes(noise if whole else good[:at] + noise + good[at + len(noise) :])
    look = look_at(tmp_path)
    assert len(look.found) + look.skipped.broken <= 1


def test_places_are_those_that_the_other_programs_say(tmp_path: Path) -> None:
    home, models = tmp_path / "home", tmp_path / "models"
    (home / ".lmstudio").mkdir(parents=True)
    (home / ".lmstudio" / "settings.json").write_text(json.dumps({"downloadsFolder": "/disk/lm"}))
    (home / ".lmstudio-home-pointer").write_text("/elsewhere/.lmstudio\n")
    told = places(
        {"HOME": str(home), "HF_HOME": "~/hf", "OLLAMA_MODELS": "/srv/ollama"},
        models_dir=models,
        ollama_folder=Path("/var/lib/ollama"),
        folders=[models, tmp_path / "mine"],
    )
    assert [(place.origin, str(place.folder)) for place in told] == [
        (Origin.MODELS_FOLDER, str(models)),
        (Origin.HUGGING_FACE, str(home / "hf" / "hub")),
        (Origin.LM_STUDIO, "/disk/lm"),
        (Origin.LM_STUDIO, "/elsewhere/.lmstudio/models"),
        (Origin.LM_STUDIO, str(home / ".lmstudio" / "models")),
        (Origin.LM_STUDIO, str(home / ".cache" / "lm-studio" / "models")),
        (Origin.OLLAMA, "/var/lib/ollama"),
        (Origin.OLLAMA, "/srv/ollama"),
        (Origin.OLLAMA, str(home / ".ollama" / "models")),
        (Origin.FOLDER, str(tmp_path / "mine")),
    ]
    assert [place.folder for place in places({}, models_dir=models)] == [models]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HUGGINGFACE_HUB_CACHE": "/c"}, "/c"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HF_HUB_CACHE": "relative"}, "/home/me/.cache/huggingface/hub"),
    ],
)
def test_the_cache_of_hugging_face_is_where_its_own_library_finds_it(environ: dict[str, str], expected: str) -> None:
    told = places({"HOME": "/home/me", **environ}, models_dir=Path("/models"))
    assert [str(place.folder) for place in told if place.origin is Origin.HUGGING_FACE] == [expected]


@pytest.mark.parametrize("damage", [b"{", b"[1]", b'{"downloadsFolder": 7}', b'{"downloadsFolder": "x\\u0000"}'])
def test_settings_of_lm_studio_that_make_no_sense_are_left_alone(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / ".lmstudio").mkdir()
    (tmp_path / ".lmstudio" / "settings.json").write_bytes(damage)
    told = places({"HOME": str(tmp_path)}, models_dir=tmp_path / "models")
    assert len([place for place in told if place.origin is Origin.LM_STUDIO]) == 2


def test_files_that_have_gone_since_they_were_listed_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "staying.gguf").write_bytes(tiny_gguf())
    glances = Glances()
    found = gguf_models(tmp_path, ["going.gguf", "staying.gguf"], glances)
    assert [model.path.name for model in found] == ["staying.gguf"]
    going = replace(found[0].files[0], path=tmp_path / "going.gguf", size_bytes=1)
    assert glances.header(going) is None
    assert glances.file(tmp_path) is None
    assert glances.skipped.broken == 0
