"""Tells of operations that ended or ask while nobody is looking: one notification for what ended together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.ui.bridge import Bridge, Source
from venom_desktop.ui.i18n import facts, plural, tr
from venom_desktop.ui.messages import Message, cure_words, message_of, message_of_operation
from venom_desktop.ui.operations import words
from venom_desktop.ui.tab_bar import TabName

MERGE_MS = 1000
MOST_LINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayNotice:
    """A notification, and where a click on it leads: a tab (None: as it was), the list of operations, the alerts."""

    title: str
    text: str
    failed: bool = False
    tab: TabName | None = None
    operations: bool = False
    alerts: bool = False


class OperationNotices(QObject):
    """`watched` tells whether the user looks at the window now; `tell` shows what there is to tell."""

    def __init__(
        self,
        bridge: Bridge,
        changes: Source[ModelOperation],
        *,
        watched: Callable[[], bool],
        tell: Callable[[TrayNotice], object],
        merge_ms: int = MERGE_MS,
    ) -> None:
        super().__init__()
        self._watched, self._tell = watched, tell
        self._seen_running: set[str] = set()
        self._asking: set[str] = set()
        self._ended: dict[str, ModelOperation] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(merge_ms)
        self._timer.timeout.connect(self._flush)
        bridge.listen(changes, self, self._take)

    def _take(self, operation: ModelOperation) -> None:
        key = operation.operation_id
        self._hear_question(operation)
        if not operation.status.is_final:
            self._seen_running.add(key)
            self._ended.pop(key, None)
        elif key in self._seen_running:
            self._seen_running.discard(key)
            self._end(operation)

    def _hear_question(self, operation: ModelOperation) -> None:
        """Told once, and again when it is asked again."""
        key = operation.operation_id
        if operation.question is None:
            self._asking.discard(key)
        elif key not in self._asking:
            self._asking.add(key)
            if not self._watched():
                self._tell(question_notice(operation))

    def _end(self, operation: ModelOperation) -> None:
        """What the user cancelled is no news to them, and neither is what they see end."""
        if operation.status is OperationStatus.CANCELLED or self._watched():
            return
        self._ended[operation.operation_id] = operation
        if not self._timer.isActive():
            self._timer.start()

    def _flush(self) -> None:
        ended = tuple(self._ended.values())
        self._ended.clear()
        if ended:
            self._tell(notice_of(ended))


def notice_of(ended: Sequence[ModelOperation]) -> TrayNotice:
    """One notification for all that ended; failures come first, one of them alone names its cure."""
    failed = [operation for operation in ended if operation.status is OperationStatus.FAILED]
    if len(ended) == 1:
        return _of_one(ended[0])
    done = [operation for operation in ended if operation not in failed]
    lines = [tr("Failed: {job}", job=words.title(one)) for one in failed]
    lines += [facts(words.title(one), words.outcome(one)) for one in done]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], plural("{count} more", "{count} more", len(lines) - MOST_LINES + 1)]
    title = facts(
        plural("{count} finished", "{count} finished", len(done)) if done else None,
        plural("{count} failed", "{count} failed", len(failed)) if failed else None,
    )
    return TrayNotice(title=title, text="\n".join(lines), failed=bool(failed), operations=True)


def question_notice(operation: ModelOperation) -> TrayNotice:
    """What a job asks; it can be answered in the window."""
    return TrayNotice(title=words.title(operation), text=words.phase(operation), operations=True)


def refusal_notice(error: Exception) -> TrayNotice:
    """What was chosen in the tray and could not be begun."""
    return TrayNotice(title=tr("Nothing was changed"), text=_with_cure(message_of(error)), failed=True)


def alert_notice(alert: Exception) -> TrayNotice:
    """What came under the bell: a runtime that died, a file that was damaged."""
    return TrayNotice(title=tr("Venom Desktop"), text=_with_cure(message_of(alert)), failed=True, alerts=True)


def _of_one(operation: ModelOperation) -> TrayNotice:
    if operation.status is not OperationStatus.FAILED:
        return TrayNotice(title=words.title(operation), text=words.outcome(operation), tab=_tab(operation))
    message = message_of_operation(operation)
    return TrayNotice(
        title=tr("{job} failed", job=words.title(operation)),
        text=tr("It failed. Try again.") if message is None else _with_cure(message),
        failed=True,
        tab=_tab(operation),
        operations=True,
    )


def _tab(operation: ModelOperation) -> TabName:
    runs = operation.operation_type in (OperationType.ACTIVATE, OperationType.SETUP)
    return TabName.RUNTIME if runs else TabName.INSTALLED


def _with_cure(message: Message) -> str:
    if message.cure is None:
        return message.sentence
    return "\n".join((message.sentence, tr("In the window: {cure}", cure=cure_words(message.cure))))
