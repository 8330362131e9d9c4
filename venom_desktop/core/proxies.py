"""The proxies of the environment that can be used, for when one of them cannot."""

import urllib.request


def usable_proxies() -> dict[str, str | None]:
    """Address pattern (`https://`, `all://*.example.org`) to proxy; None goes there directly.

    SOCKS proxies are left out: desktops set them for all programs beside one for http, and we speak http alone.
    """
    told = urllib.request.getproxies()
    direct = [host.strip().lstrip("*") for host in told.get("no", "").split(",") if host.strip()]
    if "" in direct:
        return {}
    found: dict[str, str | None] = {}
    for scheme in ("http", "https", "all"):
        proxy = told.get(scheme) or ""
        address = proxy if "://" in proxy else f"http://{proxy}"
        if proxy and address.startswith(("http://", "https://")):
            found[f"{scheme}://"] = address
    # An IPv6 address in brackets or with a length is what makes the whole list unusable elsewhere.
    return found | {f"all://*{host}": None for host in direct if ":" not in host and "/" not in host}
