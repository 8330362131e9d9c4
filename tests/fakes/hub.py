"""A Hugging Face hub on a loopback port, with repositories, accounts and faults of the test's choosing."""

from tests.fakes.faulty_server import WAIT_S as WAIT_S
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.hub_contents import Contents
from tests.fakes.hub_routes import Routes


class HubServer(FaultyServer, Contents):
    """Runs inside `with`; leaving it fails the test if the stand-in itself made a mistake.

    With `cdn`, large files are redirected to a second host (`localhost` instead of `127.0.0.1`, another port) that
    refuses a request with a token, so a token carried across shows twice: in `requests` and as a failed download.
    `anonymous_missing_is_401` answers like huggingface.co: who is not signed in gets 401 for a missing repository.
    """

    def __init__(self, *, cdn: bool = False, anonymous_missing_is_401: bool = False) -> None:
        super().__init__()
        self._routes = Routes(self.store, self.press)
        self._routes.anonymous_missing_is_401 = anonymous_missing_is_401
        self.url = self._routes.base = f"http://127.0.0.1:{self._serve('hub', self._routes.hub).port}"
        self.cdn_url = f"http://localhost:{self._serve('cdn', self._routes.cdn).port}"
        if cdn:
            self._routes.cdn_base = self.cdn_url

    def expire_links(self) -> None:
        """Signed addresses of the second host handed out so far answer 403 from now on."""
        self._routes.link_generation += 1

    def set_page_rows(self, rows: int) -> None:
        """The most rows the hub gives on one page (1,000 unless told)."""
        self._routes.listing.page_rows = rows
