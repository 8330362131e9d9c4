"""The sentences of the settings: problems, amounts, and where a token is kept."""

from venom_desktop.core.catalog.hub_account import HubUser
from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.registry.quota import QuotaSnapshot
from venom_desktop.core.runtimes.base import Device
from venom_desktop.core.secrets.base import CredentialSource, CredentialStatus
from venom_desktop.ui.i18n import facts, gigabytes, tr
from venom_desktop.ui.messages import Message, message_of
from venom_desktop.ui.widgets import PillLook


def problem_of(error: Exception, title: str) -> Message:
    """The message of a refused value, with the row's title in place of the key that files and scripts use."""
    if not isinstance(error, InvalidSetting):
        return message_of(error)
    expected = tr(str(error.parameters["expected"]))
    value = str(error.parameters["value"])
    if not value:
        return Message(sentence=expected, reason_code=error.reason_code)
    return message_of(InvalidSetting(name=title, value=value, expected=expected))


def locked_help(shown: str) -> str:
    """Under a row that the environment decides; `shown` is the value in use."""
    return tr("{value} · Set by the environment, so it cannot be changed here.", value=shown)


def over_quota_words(quota: QuotaSnapshot) -> str:
    return tr(
        "Models use {used} and the quota is {limit}. Nothing can be installed until there is room.",
        used=gigabytes(quota.used_bytes),
        limit=gigabytes(quota.limit_bytes),
    )


def left_words(quota: QuotaSnapshot) -> str:
    """ "11.8 GB left · 120 GB free on the disk"."""
    left = None if quota.left_bytes is None else tr("{amount} left", amount=gigabytes(quota.left_bytes))
    return facts(left, tr("{amount} free on the disk", amount=gigabytes(quota.free_bytes)))


def source_look(status: CredentialStatus) -> PillLook:
    """The pill that says where a token is kept."""
    match status.source:
        case CredentialSource.ENVIRONMENT:
            name = tr("From {variable}", variable=status.variable)
            return PillLook(text=name, glyph="lock", tip=tr("Set by the environment"))
        case CredentialSource.KEYRING:
            return PillLook(text=tr("Kept in the system keyring"), glyph="check", state="ok")
        case CredentialSource.MEMORY:
            tip = tr("No system keyring can be used")
            return PillLook(text=tr("Only until you quit"), glyph="warning", state="warn", tip=tip)
        case CredentialSource.NONE:
            return PillLook(text=tr("Missing"), glyph="lock")


def user_words(user: HubUser) -> str:
    """What came of trying a token."""
    if user.role == "write":
        return tr("The token works. It belongs to {name} and may write, though reading is enough.", name=user.name)
    return tr("The token works. It belongs to {name}.", name=user.name)


def devices_words(devices: tuple[Device, ...]) -> str:
    """What came of trying a `llama-server`."""
    names = ", ".join(device.description for device in devices)
    if not names:
        return tr("It answers and found no graphics card. It is used from the next activation on.")
    return tr("It answers and found {names}. It is used from the next activation on.", names=names)
