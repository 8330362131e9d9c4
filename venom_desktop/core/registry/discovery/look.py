"""One look at the disk: place after place, each file once, what is listed already marked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME
from venom_desktop.core.errors import StorageUnreadable
from venom_desktop.core.registry.discovery.found import NOTHING_SKIPPED, FoundModel, Identity, Origin, Skipped
from venom_desktop.core.registry.discovery.gguf_models import SUFFIX, gguf_models
from venom_desktop.core.registry.discovery.glance import Glances, Headers
from venom_desktop.core.registry.discovery.ollama_models import ollama_models
from venom_desktop.core.registry.discovery.places import Place
from venom_desktop.core.registry.discovery.repositories import hub_folder, is_current, name_in, repository_of
from venom_desktop.core.registry.discovery.safetensors_models import holds_weights, safetensors_model
from venom_desktop.core.registry.discovery.walk import Visit, Walk
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import slug_for_file


@dataclass
class Look:
    """Goes on from place to place; `listed` tells whose files stand in the list already, `headers` those known."""

    listed: Mapping[Identity, ModelKey]
    headers: Headers = field(default_factory=dict)
    stop: Callable[[], bool] = lambda: False
    skipped: Skipped = NOTHING_SKIPPED
    found: list[FoundModel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._glances = Glances(self.headers)
        self._walk = Walk(stop=self.stop)
        self._known: set[Identity] = set()

    def at(self, place: Place) -> None:
        """Look through one place; blocks."""
        models: list[FoundModel] = []
        for visit in self._walk.through(str(place.folder)):
            if visit.names is None:
                self._cannot_read(visit, place)
            else:
                models += self._models_of(visit, visit.names)
        models.sort(key=lambda model: (not is_current(model.path), str(model.path)))
        self.found += [self._placed(model, place) for model in models if self._is_new(model)]
        self.headers = self._glances.headers
        self.skipped += self._glances.skipped + Skipped(cut_short=self._walk.cut_short)
        self._glances.skipped = NOTHING_SKIPPED

    def _models_of(self, visit: Visit, names: list[str]) -> Iterable[FoundModel]:
        folder = Path(visit.folder)
        if visit.is_ollama_store:
            yield from ollama_models(folder, self._glances)
        files = [name for name in names if name[-len(SUFFIX) :].lower() == SUFFIX]
        if files:
            yield from gguf_models(folder, files, self._glances)
        if holds_weights(names):
            model = safetensors_model(folder, names, self._glances)
            if model is not None:
                yield model

    def _is_new(self, model: FoundModel) -> bool:
        """By its weights: a folder's `config.json` may be the same file in two revisions."""
        weights = model.files[-1].identity
        if weights in self._known:
            return False
        self._known.add(weights)
        return True

    def _placed(self, model: FoundModel, place: Place) -> FoundModel:
        is_folder = model.runtime == SAFETENSORS_RUNTIME
        origin = model.origin if model.origin is Origin.OLLAMA else place.origin
        if origin is Origin.FOLDER and hub_folder(model.path) is not None:
            origin = Origin.HUGGING_FACE
        repository = repository_of(model.path, place.folder, origin)
        title = repository.rpartition("/")[2] if is_folder and repository is not None else model.title
        return replace(
            model,
            origin=origin,
            title=title,
            name=name_in(repository, model, is_folder=is_folder) or _slug(model, title, is_folder=is_folder),
            listed_as=self.listed.get(model.files[-1].identity),
        )

    def _cannot_read(self, visit: Visit, place: Place) -> None:
        """Places where other programs may have something, or nothing at all, are not missed."""
        if visit.folder == str(place.folder) and not place.is_wanted:
            return
        problem = StorageUnreadable(path=visit.folder, problem="it cannot be opened")
        self.skipped += Skipped(unreadable=1, problems=(problem,))


def _slug(model: FoundModel, title: str, *, is_folder: bool) -> str:
    """A folder, or a blob, has no name with a suffix that could be left out."""
    if not is_folder and not model.ollama_names:
        return slug_for_file(model.path)
    name = title if is_folder else model.ollama_names[0].removesuffix(":latest")
    return slug_for_file(PurePath(name.replace("/", "-").replace(":", "-") + SUFFIX))
