"""Every error of core has a sentence and every cure a verb."""

from datetime import UTC, datetime

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.core.errors import Cure, NoActiveModel, QuotaExceeded, SourceUnreachable
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.ui.messages import cure_words, message_of, message_of_operation, show_error
from venom_desktop.ui.widgets import Banner


def operation(**changes: object) -> ModelOperation:
    values: dict[str, object] = {
        "operation_id": "1",
        "model_name": "x",
        "operation_type": OperationType.INSTALL,
        "status": OperationStatus.FAILED,
        "started_at": datetime(2026, 11, 21, tzinfo=UTC),
        **changes,
    }
    return ModelOperation(**values)  # type: ignore[arg-type]  # the fields are checked by the dataclass


def test_an_error_brings_its_sentence_its_code_and_its_cures() -> None:
    message = message_of(QuotaExceeded(needed="15.2 GB", left="11.8 GB"))
    assert message.sentence == "Not enough space. The model needs 15.2 GB and 11.8 GB of the quota are left."
    assert message.tip == "QUOTA_EXCEEDED"
    assert message.cures == (Cure.FREE_SPACE, Cure.RAISE_LIMIT)


def test_a_foreign_error_does_not_show_its_insides() -> None:
    message = message_of(ValueError("token hf_secret"))
    assert "hf_secret" not in message.sentence
    assert message.reason_code == "INTERNAL_ERROR"


def test_a_failed_operation_is_told_like_its_error() -> None:
    failed = operation(
        reason_code="QUOTA_EXCEEDED", error="stored", error_parameters={"needed": "15.2 GB", "left": "11.8 GB"}
    )
    message = message_of_operation(failed)
    assert message is not None
    assert message.sentence.startswith("Not enough space. The model needs 15.2 GB")
    assert message.cure is Cure.FREE_SPACE


@pytest.mark.parametrize("code", ["QUOTA_EXCEEDED", "FROM_A_LATER_VERSION"])
def test_an_operation_of_another_version_keeps_its_stored_sentence(code: str) -> None:
    message = message_of_operation(operation(reason_code=code, error="The disk was full."))
    assert message is not None
    assert (message.sentence, message.reason_code) == ("The disk was full.", code)


def test_nothing_is_said_of_what_did_not_fail() -> None:
    assert message_of_operation(operation(status=OperationStatus.COMPLETED)) is None


def test_every_cure_has_its_own_verb() -> None:
    words = [cure_words(cure) for cure in Cure]
    assert len(set(words)) == len(words)
    assert not any("!" in word or "please" in word.lower() for word in words)


def test_a_banner_offers_the_first_cure_and_passes_it_on(themed: QApplication, qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    banner = Banner("note")
    banner.setParent(holder)
    pressed: list[Cure] = []

    show_error(banner, SourceUnreachable(source="Hugging Face"), pressed.append)
    banner.button.click()

    assert banner.sentence == "Hugging Face does not answer. Check the connection and try again."
    assert banner.toolTip() == "SOURCE_UNREACHABLE"
    assert pressed == [Cure.TRY_AGAIN]
    show_error(banner, NoActiveModel())
    assert banner.button.isHidden()
