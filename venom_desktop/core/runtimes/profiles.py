"""Which local runtimes are offered: the profile of SPEC section 4."""

from collections.abc import Mapping
from enum import StrEnum

from venom_desktop.core.errors import InvalidSetting, ProfileForbidsRuntime

VARIABLE = "VENOM_RUNTIME_PROFILE"
LOCAL_RUNTIMES = ("ollama", "llama_cpp", "vllm")


class RuntimeProfile(StrEnum):
    LIGHT = "light"
    LLM_OFF = "llm_off"
    FULL = "full"

    @property
    def local_runtimes(self) -> tuple[str, ...]:
        match self:
            case RuntimeProfile.LIGHT:
                return ("ollama", "llama_cpp")
            case RuntimeProfile.LLM_OFF:
                return ()
            case RuntimeProfile.FULL:
                return LOCAL_RUNTIMES

    def allows(self, runtime: str) -> bool:
        """Clouds and remote servers always; a local runtime when the profile names it."""
        return runtime not in LOCAL_RUNTIMES or runtime in self.local_runtimes

    def require(self, runtime: str) -> None:
        """Raises `ProfileForbidsRuntime`."""
        if not self.allows(runtime):
            raise ProfileForbidsRuntime(profile=self.value, runtime=runtime)


def parse_profile(word: str) -> RuntimeProfile:
    """Raises `InvalidSetting`, which names the three."""
    try:
        return RuntimeProfile(word.strip().lower())
    except ValueError as error:
        names = [profile.value for profile in RuntimeProfile]
        expected = f"Use {', '.join(names[:-1])} or {names[-1]}."
        raise InvalidSetting(name=VARIABLE, value=word, expected=expected) from error


def profile_from(environment: Mapping[str, str], *, otherwise: RuntimeProfile = RuntimeProfile.LIGHT) -> RuntimeProfile:
    """The environment wins over `otherwise`, the choice made in Settings. Raises `InvalidSetting`."""
    word = environment.get(VARIABLE, "")
    return parse_profile(word) if word.strip() else otherwise
