"""What the program has to tell stands once, newest first, until it is dismissed."""

from venom_desktop.core.errors import ManifestBroughtBack, SettingsReset, VenomError
from venom_desktop.core.notices import Notices

RESET = SettingsReset(path="settings.json", kept="settings.json.damaged")
BACK = ManifestBroughtBack(path="manifest.json")


def test_the_newest_stands_first_and_nothing_stands_twice() -> None:
    notices = Notices([RESET, None])
    heard: list[tuple[VenomError, ...]] = []
    notices.changed.subscribe(heard.append)
    notices.add(BACK)
    notices.add(SettingsReset(path="settings.json", kept="settings.json.damaged"))
    notices.add(None)
    assert heard == [(BACK, RESET)]
    assert notices.standing == (BACK, RESET)


def test_a_dismissed_notice_is_gone_and_may_come_again() -> None:
    notices = Notices([RESET])
    notices.dismiss(RESET)
    notices.dismiss(RESET)
    assert not notices.standing
    notices.add(RESET)
    assert notices.standing == (RESET,)


def test_a_renewed_notice_takes_the_place_of_those_it_makes_old() -> None:
    notices = Notices([RESET, BACK])
    newer = SettingsReset(path="settings.json", kept="settings.json.damaged-2")
    notices.renew(newer, of=lambda other: isinstance(other, SettingsReset))
    assert notices.standing == (newer, BACK)
