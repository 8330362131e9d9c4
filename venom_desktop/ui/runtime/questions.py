"""What is asked before a server that somebody else started is ended."""

from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.ui.dialogs import Question
from venom_desktop.ui.i18n import gigabytes, plural, tr


def stop_question(snapshot: RuntimeSnapshot) -> Question:
    return Question(
        title=tr("Stop {runtime}, though another program started it?", runtime=snapshot.title),
        consequence=" ".join((_whose(snapshot), _lost(snapshot))),
        safe=tr("Leave it running"),
        action=tr("Stop {runtime}", runtime=snapshot.title),
        destroys=True,
    )


def restart_question(snapshot: RuntimeSnapshot) -> Question:
    anew = tr("It is then started as a process of this program, with the tuning chosen here.")
    return Question(
        title=tr("Restart {runtime}, though another program started it?", runtime=snapshot.title),
        consequence=" ".join((_whose(snapshot), _lost(snapshot), anew)),
        safe=tr("Leave it running"),
        action=tr("Restart {runtime}", runtime=snapshot.title),
        destroys=True,
    )


def _whose(snapshot: RuntimeSnapshot) -> str:
    if snapshot.pid is None:
        return tr("The program that started it may be at work with it, or start it again.")
    return tr("The program that started PID {pid} may be at work with it, or start it again.", pid=str(snapshot.pid))


def _lost(snapshot: RuntimeSnapshot) -> str:
    """What leaves memory, and whose answers end."""
    loaded = snapshot.loaded
    if not loaded:
        return tr("No model is in its memory.")
    sizes = [model.memory_bytes for model in loaded if model.memory_bytes is not None]
    words = plural(
        "{count} model leaves memory ({amount}).",
        "{count} models leave memory ({amount}).",
        len(loaded),
        amount=gigabytes(sum(sizes) if len(sizes) == len(loaded) else None),
    )
    if not snapshot.answering:
        return words
    ends = plural("{count} answer ends.", "{count} answers end.", snapshot.answering)
    return f"{words} {ends}"
