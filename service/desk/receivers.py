"""Where webhooks may lead: only to public addresses over TLS, looked up by us and then connected to as they were.

A receiver's name is resolved once, every address is checked, and the request goes to the first one by number: a name
that changes its address between the check and the connection gains nothing. Redirects are never followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import httpx

from classifier.errors import TellsignError
from service.store.errors import RefusedError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
# All of IPv6 that is routed between networks; what looks like an address beside it may lead inside.
_UNICAST = ipaddress.ip_network("2000::/3")
# An IPv4 address in the clothes of an IPv6 one, as networks without IPv4 see it (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Relays, tunnels (6to4 and Teredo reach the address they wrap), protocol assignments and documentation: IANA's special
# purpose registries.
_SPECIAL = tuple(
    ipaddress.ip_network(name) for name in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
)


class ReceiverError(TellsignError):
    """Nothing is sent there; the message says why, without the address."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system finds them.

    Raises:
        ReceiverError: It has none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ReceiverError("the receiver's name cannot be resolved") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def check_url(url: str, *, allow_private: bool) -> str:
    """The URL of a webhook that may be kept.

    Args:
        url: As it was given.
        allow_private: Whether http and addresses that are not public are allowed.

    Raises:
        RefusedError: Another scheme, or a number that is not a public address.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise RefusedError("url", "has no port there can be; allowed: 1 to 65535") from None
    if port == 0 or not host.isascii() or not url.isprintable() or " " in url:
        raise RefusedError("url", "has signs that are not allowed; allowed: ASCII, other names as xn--…")
    if allow_private:
        return url
    if parts.scheme != "https":
        raise RefusedError("url", "is not https; allowed: https://host/path")
    try:
        public = is_public(host)
    except ValueError:
        # A name; what it stands for is looked at whenever something is sent.
        public = host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))
    if not public:
        raise RefusedError("url", "leads to a private address; allowed: public ones (TELLSIGN_WEBHOOK_ALLOW_PRIVATE)")
    return url


async def build_request(
    client: httpx.AsyncClient,
    url: str,
    content: bytes,
    headers: dict[str, str],
    *,
    allow_private: bool,
    find: Resolve = resolve,
) -> httpx.Request:
    """A POST that goes to an address that was checked, under the name that the certificate has to be for.

    Args:
        client: Builds it.
        url: Of the webhook.
        content: The body.
        headers: Ours.
        allow_private: Whether http and addresses that are not public are allowed.
        find: Looks a name up.

    Raises:
        ReceiverError: The scheme or an address is not allowed, or there is no such host.
    """
    target = httpx.URL(url)
    if target.scheme != "https" and not allow_private:
        raise ReceiverError("the receiver's URL is not https")
    host = target.host
    addresses = await find(host, target.port or (443 if target.scheme == "https" else 80))
    if not addresses:
        raise ReceiverError("the receiver's name cannot be resolved")
    # One private address among public ones is refused too: whoever names it may choose which is used.
    if not allow_private and not all(is_public(address) for address in addresses):
        raise ReceiverError("the receiver's address is not public")
    pinned = target.copy_with(host=addresses[0].partition("%")[0])
    return client.build_request(
        "POST",
        pinned,
        content=content,
        headers={**headers, "Host": target.netloc.decode("ascii")},
        extensions={"sni_hostname": host},
    )


def is_public(address: str) -> bool:
    """Whether an address is one that anybody on the internet could reach.

    Raises:
        ValueError: It is no address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped
        if inside is None and found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is None and found not in _UNICAST:
            return False
        found = found if inside is None else inside
    return found.is_global and not found.is_multicast and not any(found in network for network in _SPECIAL)
