"""The models that the stand-in hub offers to the window's tests."""

from dataclasses import dataclass
from pathlib import Path

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.gguf_llama import FileType
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Fault, Slow

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q4_K_M"
SIZE = 9_000_000
BYTES_PER_SECOND = 3_000_000

# Each word is a token of its own, so it may stand here only once.
SPEECH = (
    "Water boils sooner on a mountain, because less air presses upon it. At sea level every square metre carries about "
    "ten tonnes of atmosphere, so molecules must gather considerable energy before they escape as steam. Climb three "
    "thousand metres higher and that burden shrinks by nearly one third; bubbles then form around ninety degrees "
    "instead. Cooking pasta, beans or potatoes takes longer there, since heat moves into food more slowly when its "
    "surroundings stay cooler. Pressure pots solve this problem: sealed under tight lids, trapped vapour pushes back, "
    "raising the temperature again. Bakers adjust recipes too, adding flour, cutting sugar, watching dough rise faster "
    "than usual. Astronomers, meanwhile, enjoy thin dry skies above such peaks, where starlight travels through fewer "
    "disturbances. Even tea tastes different up here: leaves release only half their aroma. Old travellers once "
    "measured altitude with nothing but kettle, thermometer, patience plus careful notes."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A repository with two quantizations of one model among many others."""

    small: Path
    large: Path


def fill_shelf(hub: HubServer, folder: Path, *, others: int = 60, endless: bool = False) -> Shelf:
    small, large = (
        write_tiny_llama(
            folder / f"Tiny-Llama-{label.name}.gguf",
            file_type=label,
            # Slow enough for its answer to be seen growing.
            layers=16,
            speech=SPEECH,
            pad_to_bytes=size,
            context=8192,
            endless=endless,
        )
        for label, size in ((FileType.Q4_K_M, SIZE), (FileType.Q8_0, 2 * SIZE))
    )
    hub.many_repos(others)
    hub.add_repo(
        REPO,
        {small.name: small, large.name: large},
        license="mit",
        downloads=90_000_000,
        likes=1200,
        gguf={"total": 150_000, "architecture": "llama", "context_length": 8192},
        tags=("text-generation", "en"),
    )
    return Shelf(small=small, large=large)


def slow_down(hub: HubServer, bytes_per_second: int = BYTES_PER_SECOND) -> Fault:
    """Files come no faster than this from now on."""
    return hub.fault(Slow(bytes_per_second=bytes_per_second), "*/resolve/*", method="GET", times=None)
