"""The one way out to a browser: http and https alone, nothing that could start a program."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


def is_safe(link: QUrl) -> bool:
    """True for an absolute http or https address without credentials in it."""
    return link.scheme() in {"http", "https"} and bool(link.host()) and not link.userInfo()


def open_link(link: QUrl | str) -> bool:
    """Open a web page in the user's browser; anything else is refused and answers False."""
    url = QUrl(link)
    return is_safe(url) and QDesktopServices.openUrl(url)


def open_folder(path: str) -> bool:
    """Show a local folder in the file browser."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(path))


def open_file(path: str) -> bool:
    """Show a local file of ours in the program that the desktop has for it."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(path))
