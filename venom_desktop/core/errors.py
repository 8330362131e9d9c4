"""The tree of failures, named after the reaction wanted; each carries its code, HTTP status, sentence and cure.

VenomError
├── InvalidInput (400)            say what is wrong with what was given
│   ├── InvalidName, NoUsableFile, NoSafetensors, UnusableConfig, PickleOnly, CloudOnly, SplitModel,
│   │                             InvalidSetting, RequestRefused, ContextExceeded, NotAHub,
│   │                             UnusableProgram (UnusableOllama, UnusableVllm), UnusableAuthority
├── NotAuthorized (401)           ask for the token
├── Forbidden (403)               ProfileForbidsRuntime, GatedRepository, ModelNotPublic, ForeignHost
├── NotFound (404)                UnknownModel (ActiveModelGone), UnknownOperation, UnknownRepository, UnknownRuntime,
│   │                             UnknownLibraryModel, UnknownRemote
├── Conflict (409)                AlreadyInstalled, OperationRunning, ModelActive (ActiveModelRenamed), AmbiguousName,
│   │                             FolderLocked, WrongState, RuntimeBusy, NoActiveModel, SettingLocked,
│   │                             LoadCancelled, PortTaken, ServerPortTaken (ServerRunsAlready), RemoteControl,
│   │                             ModelsElsewhere
│   ├── StateDiffers              a notice after the start: what was active is not what runs
│   └── NeedsConfirmation         ask, then call again with confirm: NotOurServer, KeyTravelsOpenly, AnswersRunning
├── TooLarge (413)
├── UpstreamFailed (502)          SourceUnreachable (StayingOffline: offer Go online), SourceChanged (NotAModelServer),
│   │                             TokenRefused (RemoteKeyRefused, RemoteKeyMissing), TokenWithheld, ChecksumMismatch,
│   │                             DownloadInterrupted (PullBrokenOff), ModelNotLoaded, AnswersNothing,
│   │                             ReleaseWithoutArchive, UnsafeArchive
│   └── SourceBusy (429)          wait as told
├── UpstreamSlow (504)
├── RuntimeUnavailable (503)      offer Start; RuntimeFailed explains an exit (RuntimeDied, KeepsCrashing,
│                                 OutOfGraphicsMemory, UnfitSettings, UnfitModel, IncompleteModel, NoGraphicsCard);
│                                 ServerGone, ServerKeyWanted, ProgramMissing (VllmMissing), RuntimeTooOld (Install),
│                                 ProgramUnusable, ControlRefused (403), RemoteUnreachable
│                                 (RemoteUntrusted, RemoteElsewhere), MemoryNotReturned
├── NotEnoughSpace (507)          QuotaExceeded, DiskFull, NoRoomForProgram: offer what to delete
├── SecretMissing (401)           open Settings
├── KeyringUnavailable (503)      keep keys in memory and say so
└── Damaged (500)                 ManifestRestored, ManifestLost, StorageFailed, UnreadableModelFile
                                  (UnreadableWeights), InternalError;
                                  the notices SettingsRestored, SettingsReset, SecretsNotKept, TrayMissing,
                                  GraphicsUntold; the ends of a switch EarlierModelAnswers, EarlierModelLost
"""

from enum import Enum
from typing import Any, ClassVar, Self


class Cure(Enum):
    """What the window offers beside the sentence; `ui/messages.py` binds each to a button."""

    TRY_AGAIN = "try_again"
    RETRY = "retry"
    FREE_SPACE = "free_space"
    RAISE_LIMIT = "raise_limit"
    DOWNLOAD_AGAIN = "download_again"
    START_RUNTIME = "start_runtime"
    ACTIVATE_MODEL = "activate_model"
    ACTIVATE_AGAIN = "activate_again"
    OPEN_TOKEN_SETTINGS = "open_token_settings"
    OPEN_MODEL_PAGE = "open_model_page"
    OPEN_LOG = "open_log"
    OPEN_SETTINGS = "open_settings"
    OPEN_RUNTIME_SETTINGS = "open_runtime_settings"
    """Open Settings where the programs of the runtimes are named."""
    INSTALL_RUNTIME = "install_runtime"
    USE_SERVER = "use_server"
    """Use the server that already stands at the port."""
    USE_FREE_PORT = "use_free_port"
    CHOOSE_ANOTHER = "choose_another"
    LOWER_MEMORY = "lower_memory"
    """Open the model's settings at those that decide how much memory it takes."""
    CHANGE_MODEL_SETTINGS = "change_model_settings"
    OPEN_REMOTES = "open_remotes"
    GO_ONLINE = "go_online"


class VenomError(Exception):
    """Base of every failure we raise on purpose.

    `parameters` fill the sentence; the window translates the template and fills it again.
    """

    reason_code: ClassVar[str] = "INTERNAL_ERROR"
    http_status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong inside the program. The log has the details."
    cures: ClassVar[tuple[Cure, ...]] = ()

    def __init__(self, **parameters: Any) -> None:
        super().__init__(self.sentence.format(**parameters))
        self.parameters: dict[str, Any] = parameters
        self.aftermath: VenomError | None = None
        """What became of things after this failure: a second sentence, told with the first."""

    def __str__(self) -> str:
        return super().__str__() if self.aftermath is None else f"{super().__str__()} {self.aftermath}"

    def followed_by(self, aftermath: "VenomError") -> Self:
        """The same failure with what came after it; the original may stand elsewhere, at a runtime's card."""
        told = type(self).__new__(type(self))
        told.args = self.args
        vars(told).update(vars(self), aftermath=aftermath)
        return told

    @property
    def needs_confirmation(self) -> bool:
        """True when the same call with `confirm` goes ahead."""
        return isinstance(self, NeedsConfirmation)


class InternalError(VenomError):
    """A failure nobody foresaw; the log has the traceback."""


class InvalidInput(VenomError):
    reason_code = "INVALID_INPUT"
    http_status = 400
    sentence = "{problem}"


class InvalidName(InvalidInput):
    reason_code = "INVALID_NAME"
    sentence = (
        "This is not a usable model name. Names have 1 to 200 letters, digits and _ - . : / signs, "
        "no leading slash and no empty, . or .. part."
    )


class NoUsableFile(InvalidInput):
    reason_code = "NO_USABLE_FILE"
    sentence = "{model_name} has no GGUF file, so llama.cpp cannot run it. Choose a repository with GGUF files."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class NoSafetensors(InvalidInput):
    reason_code = "NO_SAFETENSORS"
    sentence = (
        "{model_name} has no safetensors weights with a config.json, so vLLM cannot run it. "
        "Choose a repository with safetensors files."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class UnusableConfig(InvalidInput):
    """Read before the weights: nothing large was fetched yet."""

    reason_code = "UNUSABLE_CONFIG"
    sentence = "The config.json of {model_name} {problem}, so vLLM cannot load the model. Choose another one."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class PickleOnly(InvalidInput):
    reason_code = "PICKLE_ONLY"
    sentence = (
        "{model_name} offers only pickle weights, which can run code when they are opened. "
        "Choose a repository with GGUF or safetensors files."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class CloudOnly(InvalidInput):
    reason_code = "CLOUD_ONLY"
    sentence = "{model_name} runs on its publisher's servers alone: there is nothing to install. Choose another model."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class SplitModel(InvalidInput):
    """Ollama refuses a GGUF in several files that it fetches from the hub by itself (0.16)."""

    reason_code = "SPLIT_MODEL"
    sentence = (
        "{quantization} of {model_name} is split over {count} files, which Ollama does not take. "
        "Choose another quantization, or run it with llama.cpp."
    )


class UnknownQuantization(InvalidInput):
    reason_code = "UNKNOWN_QUANTIZATION"
    sentence = "{model_name} has no quantization {quantization}. It offers {offered}."


class InvalidSetting(InvalidInput):
    reason_code = "INVALID_SETTING"
    sentence = "{name} cannot be {value}. {expected}"


class NotAHub(InvalidInput):
    reason_code = "NOT_A_HUB"
    sentence = "{address} answers, but not as a Hugging Face hub does. Check the address."


class UnusableProgram(InvalidInput):
    """A `llama-server` that the user named and that does not answer as one; `problem` says how."""

    reason_code = "UNUSABLE_PROGRAM"
    sentence = "{path} is not a llama-server that runs here ({problem}). Choose the llama-server program."


class UnusableOllama(UnusableProgram):
    reason_code = "UNUSABLE_OLLAMA"
    sentence = "{path} is not an ollama that runs here ({problem}). Choose the ollama program."


class UnusableAuthority(InvalidInput):
    reason_code = "UNUSABLE_AUTHORITY"
    sentence = "{path} cannot be used as a file of certificates ({problem}). Choose a file in PEM form."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_REMOTES,)


class UnusableVllm(UnusableProgram):
    reason_code = "UNUSABLE_VLLM"
    sentence = (
        "{path} is not a vllm that runs here ({problem}). "
        "Choose the vllm program in the bin folder of the environment that vLLM was installed into."
    )


class RequestRefused(InvalidInput):
    """A model server did not take the request as it is; `problem` in its words."""

    reason_code = "REQUEST_REFUSED"
    sentence = "{source} did not accept the request: {problem}"


class ContextExceeded(InvalidInput):
    reason_code = "CONTEXT_EXCEEDED"
    sentence = (
        "The conversation has {prompt_tokens} tokens and the model holds {context}. "
        "Start a new one or raise the context in the model's settings."
    )


class NotAuthorized(VenomError):
    reason_code = "UNAUTHORIZED"
    http_status = 401
    sentence = "The access token is missing or wrong. Copy it from Settings, Local API."


class SecretMissing(VenomError):
    reason_code = "SECRET_MISSING"
    http_status = 401
    sentence = "{owner} needs a key and none is stored. Add it in Settings."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_TOKEN_SETTINGS,)


class Forbidden(VenomError):
    reason_code = "FORBIDDEN"
    http_status = 403
    sentence = "{problem}"


class ForeignHost(Forbidden):
    reason_code = "FOREIGN_HOST"
    sentence = "The request names a host or origin that is not allowed here. Use the address shown in Settings."


class ProfileForbidsRuntime(Forbidden):
    reason_code = "PROFILE_FORBIDS_RUNTIME"
    sentence = "The runtime profile {profile} does not allow {runtime}. Choose another profile in Settings."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_RUNTIME_SETTINGS,)


class GatedRepository(Forbidden):
    reason_code = "GATED_REPOSITORY"
    sentence = (
        "{model_name} is gated. Accept its licence on its page, then add your Hugging Face token in Settings "
        "and install again."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_MODEL_PAGE, Cure.OPEN_TOKEN_SETTINGS, Cure.RETRY)


class ModelNotPublic(Forbidden):
    """A registry asks who is there, which Ollama's key answers and we do not; a hub says so of missing ones too."""

    reason_code = "MODEL_NOT_PUBLIC"
    sentence = "{source} does not give {model_name} to everybody: it is private, or it is not there. Check the name."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class NotFound(VenomError):
    reason_code = "NOT_FOUND"
    http_status = 404
    sentence = "{what} was not found."


class UnknownModel(NotFound):
    reason_code = "UNKNOWN_MODEL"
    sentence = "No installed model is called {model_name}. Look in the Installed tab."


class ActiveModelGone(UnknownModel):
    """The active model was removed by another program; it stays the active one until another is chosen."""

    reason_code = "ACTIVE_MODEL_GONE"
    sentence = "{model_name} is active, but another program removed it. Download it again or activate another model."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN, Cure.ACTIVATE_MODEL)


class UnknownOperation(NotFound):
    reason_code = "UNKNOWN_OPERATION"
    sentence = "No operation has the id {operation_id}."


class UnknownRuntime(NotFound):
    reason_code = "UNKNOWN_RUNTIME"
    sentence = "No runtime is called {runtime}. Known here: {known}."


class UnknownRemote(NotFound):
    reason_code = "UNKNOWN_REMOTE"
    sentence = "No remote server is called {name}. Known here: {known}."


class UnknownRepository(NotFound):
    reason_code = "UNKNOWN_REPOSITORY"
    sentence = "Hugging Face has no repository {model_name}, or it is private. Check the name."


class UnknownLibraryModel(NotFound):
    reason_code = "UNKNOWN_LIBRARY_MODEL"
    sentence = "{source} has no model {model_name}. Check name and tag."


class Conflict(VenomError):
    reason_code = "CONFLICT"
    http_status = 409
    sentence = "{problem}"


class AlreadyInstalled(Conflict):
    reason_code = "ALREADY_INSTALLED"
    sentence = "{model_name} is already installed on {runtime}."


class OperationRunning(Conflict):
    reason_code = "OPERATION_RUNNING"
    sentence = "Another operation on {model_name} is not finished. Wait for it or cancel it."


class WrongState(Conflict):
    reason_code = "WRONG_STATE"
    sentence = "This operation is {state}, so it cannot {verb} now."


class SettingLocked(Conflict):
    reason_code = "SETTING_LOCKED"
    sentence = "{name} is set by the environment variable {variable}, so it cannot be changed here."


class ModelActive(Conflict):
    reason_code = "MODEL_ACTIVE"
    sentence = "This model is active and cannot be removed. Activate another one first."


class ActiveModelRenamed(ModelActive):
    reason_code = "ACTIVE_MODEL_RENAMED"
    sentence = "This model is active and cannot be renamed. Activate another one first."


class AmbiguousName(Conflict):
    reason_code = "AMBIGUOUS_NAME"
    sentence = "{model_name} is installed on {runtimes}. Say which runtime is meant."


class FolderLocked(Conflict):
    reason_code = "FOLDER_LOCKED"
    sentence = (
        "The models folder is in use by process {pid}, so nothing can be changed from here. Close that program first."
    )


class PortTaken(Conflict):
    """`holder` says who has it, as far as the system lets us see."""

    reason_code = "PORT_TAKEN"
    sentence = "Port {port} is taken by {holder}. Choose another one, or 0 for any that is free."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_SETTINGS,)


class ServerPortTaken(Conflict):
    """`holder` as "PID 3187 (ollama)"; `free_port` is one nobody has."""

    reason_code = "SERVER_PORT_TAKEN"
    sentence = "Port {port} is taken by {holder}. {runtime} was not started."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.USE_FREE_PORT,)


class ServerRunsAlready(ServerPortTaken):
    """What holds the port is a server of the same kind, so it can be used as it is."""

    reason_code = "SERVER_RUNS_ALREADY"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.USE_SERVER, Cure.USE_FREE_PORT)


class SwitchInProgress(Conflict):
    reason_code = "SWITCH_IN_PROGRESS"
    sentence = "A model is being switched already. Wait until it is done."


class LoadCancelled(Conflict):
    reason_code = "LOAD_CANCELLED"
    sentence = "Loading {model_name} was stopped."


class NoActiveModel(Conflict):
    reason_code = "NO_ACTIVE_MODEL"
    sentence = "No model is active. Activate one in the Installed tab."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.ACTIVATE_MODEL,)


class RemoteControl(Conflict):
    """Starting and stopping a server that stands elsewhere."""

    reason_code = "REMOTE_CONTROL"
    sentence = "{server} runs on another machine. Start and stop it there."


class ModelsElsewhere(Conflict):
    """Removing, verifying and bringing models of a server that stands elsewhere; `verb` as in "be removed"."""

    reason_code = "MODELS_ELSEWHERE"
    sentence = "The models of {server} are kept by that server, so they cannot {verb} from here."


class StateDiffers(Conflict):
    """A notice: what is stored as active and what really runs are not the same. `name` is the runtime's own."""

    reason_code = "STATE_DIFFERS"


class ActiveNotLoaded(StateDiffers):
    reason_code = "ACTIVE_NOT_LOADED"
    sentence = "{model_name} was active and is not in memory."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.ACTIVATE_AGAIN,)


class ActiveReplaced(ActiveNotLoaded):
    reason_code = "ACTIVE_REPLACED"
    sentence = "{model_name} was active and is not in memory: {runtime} holds {others} now."


class ActiveElsewhere(ActiveNotLoaded):
    reason_code = "ACTIVE_ELSEWHERE"
    sentence = "{model_name} was active and is not in memory, while {holder} holds {others}."


class ActiveNotAlone(StateDiffers):
    reason_code = "ACTIVE_NOT_ALONE"
    sentence = "{model_name} is active, and {holder} holds {others} in memory beside it. Unload what you do not need."


class ActiveForbidden(StateDiffers):
    reason_code = "ACTIVE_FORBIDDEN"
    sentence = (
        "{model_name} was active on {name}, which the runtime profile {profile} does not allow. "
        "Nothing answers until you activate another model or choose another profile."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.ACTIVATE_MODEL, Cure.OPEN_SETTINGS)


class ActiveHomeless(StateDiffers):
    reason_code = "ACTIVE_HOMELESS"
    sentence = "{model_name} was active on {name}, which is not here any more. Activate another model."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.ACTIVATE_MODEL,)


class ActiveUnprovided(StateDiffers):
    reason_code = "ACTIVE_UNPROVIDED"
    sentence = "{model_name} was active, and {runtime} cannot be started any more. Look at its card."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.INSTALL_RUNTIME,)


class ActiveNotInstalled(StateDiffers):
    reason_code = "ACTIVE_NOT_INSTALLED"
    sentence = "{model_name} was active and is not installed any more. Activate another model."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.ACTIVATE_MODEL,)


class NeedsConfirmation(Conflict):
    """The window asks; HTTP and command line call again with `confirm`."""

    reason_code = "NEEDS_CONFIRMATION"
    sentence = "{question}"


class ProfileEndsRuntimes(NeedsConfirmation):
    """`ends` as in "stops Ollama"."""

    reason_code = "PROFILE_ENDS_RUNTIMES"
    sentence = "The runtime profile {profile} {ends}. Change it all the same?"


class NotOurServer(NeedsConfirmation):
    reason_code = "NOT_OUR_SERVER"
    sentence = "{runtime} was started by another program (PID {pid}), not by this one. End it all the same?"


class KeyTravelsOpenly(NeedsConfirmation):
    reason_code = "KEY_TRAVELS_OPENLY"
    sentence = (
        "The key would travel to {host} without encryption, and whoever is on the way could read it. "
        "Use https if the server offers it. Store the key all the same?"
    )


class AnswersRunning(NeedsConfirmation):
    """A switch that was not allowed to break off what is being answered; `answers` as "2 answers"."""

    reason_code = "ANSWERS_RUNNING"
    sentence = "{runtime} is still giving {answers}. Confirm to break off and switch."


class TooLarge(VenomError):
    reason_code = "TOO_LARGE"
    http_status = 413
    sentence = "The request is larger than {limit}. Send less at once."


class UpstreamFailed(VenomError):
    reason_code = "UPSTREAM_FAILED"
    http_status = 502
    sentence = "{source} answered with an error ({status}). Try again later."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.TRY_AGAIN,)


class SourceUnreachable(UpstreamFailed):
    reason_code = "SOURCE_UNREACHABLE"
    sentence = "{source} does not answer. Check the connection and try again."


class StayingOffline(SourceUnreachable):
    """Asked of nobody: the user's own choice."""

    reason_code = "STAYING_OFFLINE"
    sentence = "{source} was not asked: this program works offline, as you chose."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.GO_ONLINE,)


class SourceChanged(UpstreamFailed):
    reason_code = "SOURCE_CHANGED"
    sentence = "{source} answered in a form this version does not understand. An update of this program may help."


class TokenRefused(UpstreamFailed):
    reason_code = "TOKEN_REFUSED"
    sentence = "{source} refused the stored token. Replace it in Settings."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_TOKEN_SETTINGS,)


class RemoteKeyRefused(TokenRefused):
    reason_code = "REMOTE_KEY_REFUSED"
    sentence = "{server} refused the key. Enter another one under Settings, Remote servers."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_REMOTES,)


class RemoteKeyMissing(RemoteKeyRefused):
    reason_code = "REMOTE_KEY_MISSING"
    sentence = "{server} asks for a key and none is stored. Enter it under Settings, Remote servers."


class NotAModelServer(SourceChanged):
    """`kind` as "Ollama" or "OpenAI-compatible"."""

    reason_code = "NOT_A_MODEL_SERVER"
    sentence = "What answers at {address} does not speak as an {kind} server does. Check the address and the kind."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_REMOTES,)


class TokenWithheld(UpstreamFailed):
    reason_code = "TOKEN_WITHHELD"
    sentence = (
        "{source} passed the question on to {host}, where the token is not sent. "
        "Enter the address of the hub itself in Settings."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_SETTINGS,)


class ChecksumMismatch(UpstreamFailed):
    reason_code = "CHECKSUM_MISMATCH"
    sentence = "The downloaded file {file_name} does not match the publisher's checksum. It was deleted."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN,)


class SizeMismatch(UpstreamFailed):
    reason_code = "SIZE_MISMATCH"
    sentence = (
        "{source} sent {received_bytes} bytes of {file_name} and had promised {expected_bytes}. It was not installed."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN,)


class DownloadInterrupted(UpstreamFailed):
    reason_code = "DOWNLOAD_INTERRUPTED"
    sentence = (
        "The connection to {source} broke and did not come back. What has arrived is kept: resume when you are online."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.RETRY,)


class PullBrokenOff(DownloadInterrupted):
    """A server ended while it fetched a model: at its next start it throws away what had arrived (Ollama 0.16)."""

    reason_code = "PULL_BROKEN_OFF"
    sentence = "{runtime} ended while it was fetching {model_name}. Start it and resume: it may have to begin anew."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.START_RUNTIME, Cure.RETRY)


class ModelNotLoaded(UpstreamFailed):
    """A server that runs and could not take this model into memory; `problem` in its words."""

    reason_code = "MODEL_NOT_LOADED"
    sentence = "{runtime} could not load {model_name}: {problem} The log has the details."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_LOG, Cure.CHOOSE_ANOTHER)


class AnswersNothing(UpstreamFailed):
    """`token` and `vector` are the server's two answers, as sentences."""

    reason_code = "ANSWERS_NOTHING"
    sentence = (
        "{model_name} gives neither text nor vectors on {server}, so it was not activated. "
        "Asked for a word: {token} Asked for a vector: {vector}"
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER,)


class WorkerDied(UpstreamFailed):
    reason_code = "WORKER_DIED"
    http_status = 500
    sentence = "The download process ended unexpectedly. What has arrived is kept: resume to go on."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.RETRY,)


class SourceBusy(UpstreamFailed):
    reason_code = "SOURCE_BUSY"
    http_status = 429
    sentence = "{source} asks to wait {retry_after_s} seconds before the next request."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.RETRY,)


class ReleaseWithoutArchive(UpstreamFailed):
    reason_code = "RELEASE_WITHOUT_ARCHIVE"
    sentence = "{source} names no archive {archive} with a checksum for version {version}. Try again later."


class UnsafeArchive(UpstreamFailed):
    """Its checksum was the published one, and yet it is broken or reaches out of its folder; `problem` says how."""

    reason_code = "UNSAFE_ARCHIVE"
    sentence = "{file_name} was not unpacked, because {problem}. It was deleted, and nothing was changed."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN,)


class UpstreamSlow(VenomError):
    reason_code = "UPSTREAM_SLOW"
    http_status = 504
    sentence = "{source} did not answer within {timeout_s} seconds. Try again later."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.TRY_AGAIN,)


class RuntimeUnavailable(VenomError):
    reason_code = "RUNTIME_UNAVAILABLE"
    http_status = 503
    sentence = "{runtime} is not running. Start it in the Runtime tab."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.START_RUNTIME,)


class ServerGone(RuntimeUnavailable):
    """A notice: a server that another program had started, or systemd, is not there any more."""

    reason_code = "SERVER_GONE"
    sentence = "{runtime} has ended. It was not ours to watch, so nobody here knows how. Start it to go on."


class RuntimeFailed(RuntimeUnavailable):
    """A runtime that exited or refused to load; `explanation` says why in one sentence."""

    reason_code = "RUNTIME_FAILED"
    sentence = "{runtime} stopped. {explanation}"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_LOG, Cure.START_RUNTIME)


class RuntimeDied(RuntimeFailed):
    """A notice: it ran and ended by itself. `name` is the runtime's own."""

    reason_code = "RUNTIME_DIED"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_LOG, Cure.START_RUNTIME)


class KeepsCrashing(RuntimeDied):
    """A notice: it was started again so often that it is left alone now."""

    reason_code = "KEEPS_CRASHING"
    sentence = (
        "{runtime} crashed again and again: it was restarted {count} times within {minutes} minutes. "
        "It stays stopped until you start it. {explanation}"
    )


class OutOfGraphicsMemory(RuntimeFailed):
    """`what` says what was wanted and free, `advice` what to do, `explanation` both.

    `context` (tokens) and `share` (of 1) are what would fit, `length` the context that was asked for, `wanted_bytes`
    and `free_bytes` what it was about; None where nobody knows.
    """

    reason_code = "OUT_OF_GRAPHICS_MEMORY"
    sentence = "{runtime} ran out of graphics memory: {what} {advice}"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.LOWER_MEMORY, Cure.OPEN_LOG)


class UnfitSettings(RuntimeFailed):
    """It would run with other settings of the model; `explanation` says which."""

    reason_code = "UNFIT_SETTINGS"
    sentence = "{runtime} did not start. {explanation}"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHANGE_MODEL_SETTINGS, Cure.OPEN_LOG)


class UnfitModel(RuntimeFailed):
    reason_code = "UNFIT_MODEL"
    sentence = "{runtime} cannot run this model. {explanation}"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER, Cure.OPEN_LOG)


class IncompleteModel(RuntimeFailed):
    reason_code = "INCOMPLETE_MODEL"
    sentence = "{runtime} cannot read this model. {explanation}"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN, Cure.OPEN_LOG)


class NoGraphicsCard(RuntimeFailed):
    reason_code = "NO_GRAPHICS_CARD"
    sentence = "{runtime} found no graphics card that it can use. {explanation}"
    cures: ClassVar[tuple[Cure, ...]] = (Cure.CHOOSE_ANOTHER, Cure.OPEN_LOG)


class ServerKeyWanted(RuntimeUnavailable):
    """A server of others runs, and answers only who knows its key; `variable` is where we look for it."""

    reason_code = "SERVER_KEY_WANTED"
    sentence = "{runtime} was started by another program and wants a key. Set {variable} to it, then start this anew."
    cures: ClassVar[tuple[Cure, ...]] = ()


class DevicesUntold(RuntimeFailed):
    """It runs, and what it computes on is told in a log that cannot be read here."""

    reason_code = "DEVICES_UNTOLD"
    sentence = "{runtime} does not tell what it computes on. A server that is started from here does."
    cures: ClassVar[tuple[Cure, ...]] = ()


class DevicesUnknown(DevicesUntold):
    """The driver that would tell is not there or does not answer, whoever started it."""

    reason_code = "DEVICES_UNKNOWN"
    sentence = "No NVIDIA driver tells which graphics cards {runtime} can use. Its log says what it found."


class ProgramMissing(RuntimeUnavailable):
    reason_code = "PROGRAM_MISSING"
    sentence = "{runtime} is not installed here. Install it, or name its program in Settings."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.INSTALL_RUNTIME, Cure.OPEN_RUNTIME_SETTINGS)


class VllmMissing(ProgramMissing):
    """It is large and lives in an environment of its own, which we do not make."""

    reason_code = "VLLM_MISSING"
    sentence = "{runtime} was not found. Install it in an environment of its own and name its vllm program in Settings."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_RUNTIME_SETTINGS,)


class RemoteUnreachable(RuntimeUnavailable):
    """A server elsewhere; nobody starts it from here."""

    reason_code = "REMOTE_UNREACHABLE"
    sentence = "{server} does not answer at {address}. Check that it runs and that this computer may reach it."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.TRY_AGAIN, Cure.OPEN_REMOTES)


class RemoteUntrusted(RemoteUnreachable):
    """`problem` in the words of the TLS library."""

    reason_code = "REMOTE_UNTRUSTED"
    sentence = (
        "The certificate of {server} is not trusted here ({problem}). "
        "Check the address, or choose the file of the authority that signed it."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_REMOTES,)


class RemoteElsewhere(RemoteUnreachable):
    reason_code = "REMOTE_ELSEWHERE"
    sentence = (
        "{server} passed the question on to {host}, which is not followed. Enter the address of the server itself."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_REMOTES,)


class RuntimeTooOld(RuntimeUnavailable):
    reason_code = "RUNTIME_TOO_OLD"
    sentence = "This {runtime} ({version}) is too old for {model_name}. Update {runtime}, then try again."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.INSTALL_RUNTIME,)


class ProgramUnusable(RuntimeUnavailable):
    """A version that was fetched and does not even tell its name here; `problem` says how it ended."""

    reason_code = "PROGRAM_UNUSABLE"
    sentence = "{runtime} {version} does not run on this computer ({problem}). What was installed before is unchanged."
    cures: ClassVar[tuple[Cure, ...]] = ()


class ControlRefused(RuntimeUnavailable):
    """systemd, or the system, does not let this user do it; `problem` says what was asked for."""

    reason_code = "CONTROL_REFUSED"
    http_status = 403
    sentence = "The system did not allow this account to {problem}. {cure}"


class MemoryNotReturned(RuntimeUnavailable):
    """After a stop; `holder` as "ollama (PID 3187)", `amount` as "5.3 GB"."""

    reason_code = "MEMORY_NOT_RETURNED"
    sentence = "{holder} still holds {amount}. End it, then switch again."
    cures: ClassVar[tuple[Cure, ...]] = ()


class NotEnoughSpace(VenomError):
    reason_code = "NOT_ENOUGH_SPACE"
    http_status = 507
    sentence = "Not enough space. The model needs {needed} and {left} are free on this disk."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.FREE_SPACE,)


class QuotaExceeded(NotEnoughSpace):
    reason_code = "QUOTA_EXCEEDED"
    sentence = "Not enough space. The model needs {needed} and {left} of the quota are left."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.FREE_SPACE, Cure.RAISE_LIMIT)


class DiskFull(NotEnoughSpace):
    reason_code = "DISK_FULL"
    sentence = "The disk is full. What has arrived is kept: free some space, then resume."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.FREE_SPACE, Cure.RETRY)


class NoRoomForProgram(NotEnoughSpace):
    """No model but a program; its place is no part of the quota."""

    reason_code = "NO_ROOM_FOR_PROGRAM"
    sentence = "Not enough space. {what} needs {needed} and {left} are free on this disk."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.FREE_SPACE, Cure.RETRY)


class KeyringUnavailable(VenomError):
    """Keys are then kept in memory; the user is told by `SecretsNotKept`."""

    reason_code = "KEYRING_UNAVAILABLE"
    http_status = 503
    sentence = "The system keyring cannot be used: {problem}. Unlock or install one and try again."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.TRY_AGAIN,)


class Damaged(VenomError):
    reason_code = "DAMAGED"
    sentence = "{problem}"


class StorageFailed(Damaged):
    reason_code = "STORAGE_FAILED"
    sentence = "{path} could not be written ({problem}). Check the folder and its permissions."


class UnreadableModelFile(Damaged):
    reason_code = "UNREADABLE_MODEL_FILE"
    sentence = "{file_name} is not a usable GGUF file ({problem}). Download it again or choose another one."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN, Cure.CHOOSE_ANOTHER)


class UnreadableWeights(UnreadableModelFile):
    reason_code = "UNREADABLE_WEIGHTS"
    sentence = "{file_name} is not a usable safetensors file ({problem}). Download it again or choose another model."


class FileDamaged(Damaged):
    """An installed file that was checked again and no longer has its bytes."""

    reason_code = "FILE_DAMAGED"
    sentence = "{file_name} no longer matches the publisher's checksum. Remove the model and download it again."
    cures = (Cure.DOWNLOAD_AGAIN,)


class FileMissing(Damaged):
    reason_code = "FILE_MISSING"
    sentence = "The file of {model_name} is no longer at {path}. Install it again or remove it from the list."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.DOWNLOAD_AGAIN,)


class SettingsRestored(Damaged):
    """A notice: nothing has to be done."""

    reason_code = "SETTINGS_RESTORED"
    sentence = "The file {path} was damaged. The version before it is in use, and the damaged one is kept as {kept}."


class SettingsReset(Damaged):
    """A notice: the choices made are gone."""

    reason_code = "SETTINGS_RESET"
    sentence = "The file {path} was damaged. Defaults are in use, and the damaged file is kept as {kept}."
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_SETTINGS,)


class ActiveStateLost(Damaged):
    """A notice: which model was active is not known any more."""

    reason_code = "ACTIVE_STATE_LOST"
    sentence = (
        "The record of the active model ({path}) could not be read. No model is active, "
        "and the unreadable file is kept as {kept}."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.ACTIVATE_MODEL,)


class SecretsNotKept(Damaged):
    """A notice, not a failure: a key was taken and works until the program ends."""

    reason_code = "SECRETS_NOT_KEPT"
    sentence = "No system keyring can be used ({problem}). Keys are kept in memory and are gone when the program ends."


class TrayMissing(Damaged):
    """A notice: the window closes as windows do."""

    reason_code = "TRAY_MISSING"
    sentence = (
        "This desktop shows no tray icons, so closing the window ends the program. "
        "Closing to the tray works again as soon as there is a tray."
    )
    cures: ClassVar[tuple[Cure, ...]] = (Cure.OPEN_SETTINGS,)


class GraphicsUntold(Damaged):
    """A notice: the driver hangs, and a second question could hang as well."""

    reason_code = "GRAPHICS_UNTOLD"
    sentence = "The graphics driver does not answer. Graphics memory is not looked at until the program starts again."


class EarlierModelAnswers(Damaged):
    """The end of a switch that failed; never raised."""

    reason_code = "EARLIER_MODEL_ANSWERS"
    sentence = "{model_name} answers again."


class EarlierModelLost(Damaged):
    """The end of a switch that failed and could not be taken back; `problem` is a whole sentence. Never raised."""

    reason_code = "EARLIER_MODEL_LOST"
    sentence = "{model_name} could not be put back: {problem}"


class StorageUnreadable(Damaged):
    reason_code = "STORAGE_UNREADABLE"
    sentence = "{path} could not be read ({problem}). Check the folder and its permissions."


class ManifestRestored(Damaged):
    """A notice: nothing has to be done."""

    reason_code = "MANIFEST_RESTORED"
    sentence = (
        "The list of installed models was damaged. The version before it is in use, "
        "and the damaged one is kept as {kept}."
    )


class ManifestBroughtBack(Damaged):
    """A notice: nothing has to be done."""

    reason_code = "MANIFEST_BROUGHT_BACK"
    sentence = "The list of installed models was missing at {path}. The version before it is in use."


class ManifestLost(Damaged):
    """A notice: the rows are gone, the model files are not."""

    reason_code = "MANIFEST_LOST"
    sentence = (
        "The list of installed models was damaged and no good version was left, so the list starts empty. "
        "The damaged one is kept as {kept}, and the model files are still in the folder."
    )
