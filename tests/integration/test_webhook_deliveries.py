"""Events reach their receivers signed, are tried again, end as dead letters, and never go to a private address."""

import asyncio
import json
from collections.abc import Sequence

import httpx
import pytest

from service.desk.deliveries import Round, build_client, deliver_due, is_signed, run_deliveries, sign
from service.desk.delivery_settings import DeliverySettings, load_delivery_settings
from service.desk.receivers import build_request, is_public
from service.settings import SettingsError
from service.store.store import Store
from service.store.webhooks import DeliveryRecord, add_webhook, change_webhook, emit, list_deliveries, retry_delivery
from tests.reviewing import Clock

URL = "https://hooks.example.org:8443/tellsign?team=7"
SETTINGS = DeliverySettings(attempts=3, retry_seconds=60)
# Of example.org: the ranges for documentation are not public, which is the point here.
PUBLIC = "93.184.215.14"


class Receiver:
    """Answers with the statuses it is given, one a request and the last one for ever; keeps what came."""

    def __init__(self, *statuses: int, error: type[httpx.TransportError] | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self._statuses = list(statuses) or [200]
        self._error = error

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self._error is not None:
            raise self._error("broken")
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        return httpx.Response(status, headers={"Location": "https://elsewhere.example.org/"})


async def found(host: str, port: int) -> Sequence[str]:
    assert (host, port) == ("hooks.example.org", 8443)
    return [PUBLIC]


def hook(store: Store, url: str = URL) -> tuple[str, str]:
    """A webhook that wants everything; its secret and its id."""
    with store.write() as tx:
        secret, record = add_webhook(tx, url, events=["document.created"], actor="usr-1")
    return secret, record.id


def happen(store: Store, count: int = 1) -> None:
    with store.write() as tx:
        for number in range(count):
            emit(tx, "document.created", {"document": f"doc-{number}"})


def deliver(store: Store, receiver: Receiver, *, settings: DeliverySettings = SETTINGS) -> Round:
    async def send() -> Round:
        async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as client:
            return await deliver_due(store, client, settings=settings, find=found, spread=lambda: 0.5)

    return asyncio.run(send())


def letters(store: Store) -> list[DeliveryRecord]:
    with store.read() as tx:
        return list_deliveries(tx)


def test_event_arrives_once_with_a_signature_that_holds(store: Store) -> None:
    secret, hook_id = hook(store)
    happen(store)
    receiver = Receiver(204)
    assert deliver(store, receiver) == Round(delivered=1)
    assert deliver(store, receiver) == Round()
    (request,) = receiver.requests
    body = request.content
    assert json.loads(body)["data"] == {"document": "doc-0"}
    header = request.headers["Tellsign-Signature"]
    at = int(header.partition(",")[0].removeprefix("t="))
    assert is_signed(secret.encode(), body, header, now=at + 10)
    assert request.headers["Tellsign-Event"] == "document.created"
    (letter,) = letters(store)
    assert request.headers["Tellsign-Delivery"] == letter.id
    assert (letter.state, letter.last_status, letter.webhook) == ("delivered", 204, hook_id)


def test_request_goes_to_the_address_that_was_checked_under_the_receivers_name(sqlite_store: Store) -> None:
    hook(sqlite_store)
    happen(sqlite_store)
    receiver = Receiver()
    deliver(sqlite_store, receiver)
    (request,) = receiver.requests
    assert str(request.url) == f"https://{PUBLIC}:8443/tellsign?team=7"
    assert request.headers["Host"] == "hooks.example.org:8443"
    assert request.extensions["sni_hostname"] == "hooks.example.org"


@pytest.mark.parametrize(
    ("change", "late"),
    [({"body": b"{} "}, 0), ({"secret": b"other"}, 0), ({}, 301), ({"header": "t=,v1="}, 0), ({"header": ""}, 0)],
    ids=["another body", "another secret", "too old", "no time", "none"],
)
def test_signature_does_not_hold_for_anything_else(change: dict[str, object], late: int) -> None:
    signed = {"secret": b"whs_1", "body": b"{}", "header": sign(b"whs_1", b"{}", at=1_000)}
    assert is_signed(**signed, now=1_000)  # type: ignore[arg-type]  # a table of bytes and texts
    assert not is_signed(**{**signed, **change}, now=1_000 + late)  # type: ignore[arg-type]


def test_failure_is_tried_again_with_growing_waits_and_then_is_a_dead_letter(store: Store, clock: Clock) -> None:
    hook(store)
    happen(store)
    receiver = Receiver(500)
    assert deliver(store, receiver) == Round(retried=1)
    clock.advance(seconds=59)
    assert deliver(store, receiver) == Round()
    clock.advance(seconds=2)
    assert deliver(store, receiver) == Round(retried=1)
    clock.advance(seconds=61)
    assert deliver(store, receiver) == Round()
    clock.advance(seconds=60)
    assert deliver(store, receiver) == Round(dead=1)
    (letter,) = letters(store)
    assert (letter.state, letter.attempts, letter.last_status) == ("dead", 3, 500)
    clock.advance(days=9)
    assert deliver(store, receiver) == Round()
    assert len(receiver.requests) == 3


def test_dead_letter_is_sent_again_when_somebody_asks(store: Store) -> None:
    hook(store)
    happen(store)
    once = SETTINGS.model_copy(update={"attempts": 1})
    assert deliver(store, Receiver(500), settings=once) == Round(dead=1)
    with store.write() as tx:
        retry_delivery(tx, letters(store)[0].id, actor="usr-1")
    assert deliver(store, Receiver()) == Round(delivered=1)


def test_receiver_that_is_gone_is_not_asked_again(sqlite_store: Store) -> None:
    hook(sqlite_store)
    happen(sqlite_store)
    assert deliver(sqlite_store, Receiver(410)) == Round(dead=1)


def test_redirect_is_a_failure_and_not_followed(sqlite_store: Store) -> None:
    hook(sqlite_store)
    happen(sqlite_store)
    receiver = Receiver(302)
    assert deliver(sqlite_store, receiver) == Round(retried=1)
    assert len(receiver.requests) == 1
    assert letters(sqlite_store)[0].last_error == "a redirect, which is not followed"


def test_receiver_that_breaks_costs_the_others_nothing(sqlite_store: Store) -> None:
    hook(sqlite_store)
    happen(sqlite_store, 3)
    receiver = Receiver(error=httpx.ConnectError)
    assert deliver(sqlite_store, receiver) == Round(retried=3)
    assert {letter.last_error for letter in letters(sqlite_store)} == {"ConnectError"}


def test_webhook_out_of_use_gets_nothing(sqlite_store: Store) -> None:
    _, hook_id = hook(sqlite_store)
    happen(sqlite_store)
    with sqlite_store.write() as tx:
        change_webhook(tx, hook_id, actor="usr-1", active=False)
    assert deliver(sqlite_store, Receiver()) == Round()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b:1::7f00:1", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("fec0::1", False),
        ("2001:0:7f00:1::", False),
        ("3fff::1", False),
        ("192.88.99.1", False),
    ],
)
def test_only_addresses_that_anybody_can_reach_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "addresses", "said"),
    [
        (URL, [PUBLIC, "10.0.0.8"], "not public"),
        (URL, ["127.0.0.1"], "not public"),
        (URL, [], "cannot be resolved"),
        (URL.replace("https", "http"), [PUBLIC], "not https"),
    ],
    ids=["one of two private", "loopback", "no address", "http"],
)
def test_nothing_is_sent_where_an_address_is_not_allowed(
    sqlite_store: Store, url: str, addresses: list[str], said: str
) -> None:
    hook(sqlite_store, url)
    happen(sqlite_store)
    receiver = Receiver()

    async def send() -> Round:
        async def find(host: str, port: int) -> Sequence[str]:
            assert (host, port) == ("hooks.example.org", 8443)
            return addresses

        async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as client:
            return await deliver_due(sqlite_store, client, settings=SETTINGS, find=find)

    assert asyncio.run(send()) == Round(retried=1)
    assert receiver.requests == []
    assert said in (letters(sqlite_store)[0].last_error or "")


def test_address_of_the_sixth_version_is_pinned_in_brackets() -> None:
    async def build() -> httpx.Request:
        async def find(host: str, port: int) -> Sequence[str]:
            assert (host, port) == ("hooks.example.org", 443)
            return ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]

        async with httpx.AsyncClient() as client:
            return await build_request(client, "https://hooks.example.org/", b"{}", {}, allow_private=False, find=find)

    assert str(asyncio.run(build()).url) == "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/"


def test_receiver_in_ones_own_network_is_reached_where_that_is_allowed(sqlite_store: Store) -> None:
    """Over a true socket, with the client that the server uses."""
    came: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b'"doc-0"}}'))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def send() -> tuple[Round, Round]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        hook(sqlite_store, f"http://127.0.0.1:{port}/in")
        happen(sqlite_store)
        rounds = []
        for allowed in (False, True):
            settings = DeliverySettings(allow_private=allowed, retry_seconds=0)
            async with build_client(settings) as client:
                rounds.append(await deliver_due(sqlite_store, client, settings=settings))
        server.close()
        await server.wait_closed()
        return rounds[0], rounds[1]

    assert asyncio.run(send()) == (Round(retried=1), Round(delivered=1))
    assert len(came) == 1
    assert came[0].startswith(b"POST /in HTTP/1.1\r\n")
    assert b"tellsign-signature: t=" in came[0].lower()


def test_receiver_that_does_not_answer_is_left_in_time(sqlite_store: Store) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def send() -> Round:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        hook(sqlite_store, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        happen(sqlite_store)
        settings = DeliverySettings(allow_private=True, timeout_seconds=0.2)
        async with build_client(settings) as client:
            done = await deliver_due(sqlite_store, client, settings=settings)
        server.close()
        return done

    assert asyncio.run(send()) == Round(retried=1)
    assert letters(sqlite_store)[0].last_status is None


def test_what_arrived_long_ago_is_forgotten_and_dead_letters_are_not(sqlite_store: Store, clock: Clock) -> None:
    hook(sqlite_store)
    happen(sqlite_store, 2)
    once = SETTINGS.model_copy(update={"attempts": 1, "at_once": 1})
    deliver(sqlite_store, Receiver(), settings=once)
    deliver(sqlite_store, Receiver(500), settings=once)
    clock.advance(days=31)

    async def run() -> Round:
        async with httpx.AsyncClient(transport=httpx.MockTransport(Receiver())) as client:
            return await run_deliveries(sqlite_store, client, settings=once)

    assert asyncio.run(run()) == Round()
    assert [letter.state for letter in letters(sqlite_store)] == ["dead"]


def test_setting_that_cannot_be_is_named() -> None:
    with pytest.raises(SettingsError, match="TELLSIGN_WEBHOOK_ATTEMPTS"):
        load_delivery_settings(attempts=0)
