"""A secret shows itself only to reveal."""

import copy
import pickle
import traceback

import pytest

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.secrets.base import Secret

VALUE = "hf_planted_0123456789"


def test_no_text_made_of_a_secret_holds_it() -> None:
    secret = Secret(VALUE)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}", "%s %r" % (secret, secret)):  # noqa: UP031 - the logging module formats this way
        assert VALUE not in text
        assert VALUE[:8] not in text
    assert secret.reveal() == VALUE


def test_a_traceback_with_the_local_variables_does_not_hold_it() -> None:
    secret = Secret(VALUE)
    try:
        raise RuntimeError(f"failed with {secret}")
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert repr(secret) in shown
    assert VALUE not in shown.replace("VALUE", "")


def test_a_secret_is_not_pickled_or_copied() -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            attempt(Secret(VALUE))
    with pytest.raises(TypeError):
        vars(Secret(VALUE))


def test_secrets_are_equal_by_value() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1


@pytest.mark.parametrize("value", ["", "  ", "two words", "line\nbreak", "nul\0", "kęy", "x" * 4097])
def test_what_no_key_looks_like_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Secret.checked(value)
    assert not value.strip() or value not in str(caught.value)


def test_blanks_around_a_pasted_key_are_cut() -> None:
    assert Secret.checked(f" {VALUE}\n").reveal() == VALUE
