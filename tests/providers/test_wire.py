"""The wire: four separate timeouts, bounded bodies, and named failures."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time

import pytest
from tests.endpoints.canned import canned_endpoint, streamed, whole

from llmops_tui.core.chat import AnswerError, AnswerErrorKind, Timeouts
from llmops_tui.providers.wire import Wire

FAST = Timeouts(connect=0.3, first_byte=0.3, between_bytes=0.3, total=5)


async def failure(wire: Wire, url: str, timeouts: Timeouts = FAST) -> AnswerError:
    with pytest.raises(AnswerError) as caught:
        await wire.post(url, {}, b"{}", timeouts)
    return caught.value


async def read_stream(wire: Wire, url: str) -> bytes:
    async with wire.stream(url, {}, b"{}", FAST) as reply:
        return await reply.read()


async def test_a_reply_comes_with_status_headers_and_body() -> None:
    async with canned_endpoint(whole(b"no", "418 Teapot", x_kind="tea")) as server, Wire() as wire:
        reply = await wire.post(server.base_url, {"X-Mine": "1"}, b"question", FAST)
    assert (reply.status, reply.headers["x-KIND"], reply.body) == (418, "tea", b"no")
    assert server.bodies == [b"question"]
    assert b"X-Mine: 1" in server.heads[0]


async def test_connections_are_used_again() -> None:
    async with canned_endpoint(whole(b"{}")) as server, Wire() as wire:
        for _ in range(5):
            await wire.post(server.base_url, {}, b"{}", FAST)
    assert server.connections == 1


async def test_no_more_connections_than_allowed_are_opened() -> None:
    reply = whole(b"{}")
    async with canned_endpoint([*reply, 0.02]) as server, Wire(max_connections=2) as wire:
        await asyncio.gather(*(wire.post(server.base_url, {}, b"{}", FAST) for _ in range(8)))
    assert server.connections == 2


async def test_nobody_listening_is_worth_another_try() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        async with Wire() as wire:
            error = await failure(wire, url)
    assert (error.kind, error.retryable) == (AnswerErrorKind.CONNECT, True)
    assert url.removeprefix("http://").removesuffix("/v1") in str(error)


async def test_a_connection_that_is_never_accepted_times_out_as_such() -> None:
    # A listener whose queue is full leaves further connections unanswered.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        async with Wire() as wire:
            error = await failure(wire, f"http://127.0.0.1:{full.getsockname()[1]}/")
        for client in waiting:
            client.close()
    assert (error.kind, error.retryable) == (AnswerErrorKind.TIMEOUT, True)
    assert "No connection" in str(error)


async def test_silence_before_the_first_byte_has_its_own_timeout() -> None:
    timeouts = Timeouts(first_byte=0.1, between_bytes=9, total=9)
    async with canned_endpoint([1.0]) as server, Wire() as wire:
        error = await failure(wire, server.base_url, timeouts)
    assert (error.kind, error.retryable) == (AnswerErrorKind.TIMEOUT, False)
    assert "sent nothing for 0.1 s" in str(error)


async def test_silence_within_the_answer_has_its_own_timeout() -> None:
    timeouts = Timeouts(first_byte=9, between_bytes=0.1, total=9)
    reply = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 1.0]
    async with canned_endpoint(reply) as server, Wire() as wire:
        started = time.perf_counter()
        error = await failure(wire, server.base_url, timeouts)
    assert time.perf_counter() - started < 0.9
    assert (error.kind, error.retryable) == (AnswerErrorKind.TIMEOUT, False)
    assert "stopped within its answer" in str(error)


async def test_an_answer_that_trickles_for_ever_meets_the_total_timeout() -> None:
    timeouts = Timeouts(total=0.3)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    drip: list[bytes | float] = [b"x", 0.05]
    async with canned_endpoint([head, *(drip * 40)]) as server, Wire() as wire:
        error = await failure(wire, server.base_url, timeouts)
    assert (error.kind, error.retryable) == (AnswerErrorKind.TIMEOUT, False)
    assert "did not finish within 0.3 s" in str(error)


async def test_a_connection_closed_without_an_answer_is_worth_another_try() -> None:
    async with canned_endpoint([b""]) as server, Wire() as wire:
        error = await failure(wire, server.base_url)
    assert (error.kind, error.retryable) == (AnswerErrorKind.CONNECT, True)


async def test_a_body_shorter_than_announced_is_truncated() -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\n"
    async with canned_endpoint([head + b"half an answer"]) as server, Wire() as wire:
        error = await failure(wire, server.base_url)
    assert (error.kind, error.retryable) == (AnswerErrorKind.TRUNCATED, True)
    assert error.evidence == "half an answer"


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
async def test_a_body_without_end_is_cut_off(compressed: bool) -> None:
    raw = b"x" * 300_000
    body = gzip.compress(raw) if compressed else raw
    reply = whole(body, **({"content_encoding": "gzip"} if compressed else {}))
    async with canned_endpoint(reply) as server, Wire(max_body=100_000) as wire:
        error = await failure(wire, server.base_url)
    assert (error.kind, error.retryable) == (AnswerErrorKind.NOT_AN_ANSWER, False)
    assert "100,000 bytes" in str(error)
    assert error.evidence == "x" * 4000


async def test_a_compressed_reply_is_unpacked() -> None:
    async with (
        canned_endpoint(whole(gzip.compress(b"hello"), content_encoding="gzip")) as server,
        Wire() as wire,
    ):
        reply = await wire.get(server.base_url, {}, FAST)
    assert reply.body == b"hello"


async def test_what_does_not_speak_http_is_said_to() -> None:
    async with canned_endpoint([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"]) as server, Wire() as wire:
        error = await failure(wire, server.base_url)
    assert (error.kind, error.retryable) == (AnswerErrorKind.NOT_AN_ANSWER, False)
    assert "HTTP" in str(error)


async def test_redirects_are_not_followed_so_keys_stay_where_they_were_sent() -> None:
    async with (
        canned_endpoint(whole(b"", "307 Moved", location="http://127.0.0.1:9/")) as server,
        Wire() as wire,
    ):
        reply = await wire.post(server.base_url, {"Authorization": "Bearer x"}, b"{}", FAST)
    assert reply.status == 307


async def test_cookies_are_not_kept() -> None:
    async with canned_endpoint(whole(b"{}", set_cookie="a=b")) as server, Wire() as wire:
        await wire.post(server.base_url, {}, b"{}", FAST)
        await wire.post(server.base_url, {}, b"{}", FAST)
    assert b"cookie" not in server.heads[1].lower()


async def test_proxies_of_the_environment_are_ignored_unless_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with canned_endpoint(whole(b"{}")) as server:
        async with Wire() as wire:
            assert (await wire.post(server.base_url, {}, b"{}", FAST)).status == 200
        async with Wire(trust_env=True) as wire:
            error = await failure(wire, server.base_url)
    assert error.kind is AnswerErrorKind.CONNECT


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/", "http://"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    async with Wire() as wire:
        error = await failure(wire, url)
    assert (error.kind, error.retryable) == (AnswerErrorKind.BAD_REQUEST, False)


async def test_a_stream_arrives_piece_by_piece_and_gives_its_connection_back() -> None:
    async with canned_endpoint(streamed(b"one", 0.05, b"two")) as server, Wire() as wire:
        for _ in range(2):
            pieces = []
            async with wire.stream(server.base_url, {}, b"{}", FAST) as reply:
                while piece := await reply.chunk():
                    pieces.append(piece)
            assert pieces == [b"one", b"two"]
            assert reply.seen == b"onetwo"
    assert server.connections == 1


async def test_a_stream_left_early_does_not_wait_for_its_end() -> None:
    async with canned_endpoint(streamed(b"one", 3.0, b"two")) as server, Wire() as wire:
        started = time.perf_counter()
        async with wire.stream(server.base_url, {}, b"{}", Timeouts()) as reply:
            assert await reply.chunk() == b"one"
        assert time.perf_counter() - started < 1


async def test_a_stream_that_stops_meets_its_timeouts() -> None:
    async with canned_endpoint(streamed(1.0), streamed(b"one", 1.0)) as server, Wire() as wire:
        for expected in ("sent nothing", "stopped within"):
            with pytest.raises(AnswerError, match=expected) as caught:
                await read_stream(wire, server.base_url)
            assert caught.value.kind is AnswerErrorKind.TIMEOUT


async def test_a_stream_whose_connection_breaks_is_truncated_and_leaves_evidence() -> None:
    async with canned_endpoint(streamed(b"one", end=False)) as server, Wire() as wire:
        with pytest.raises(AnswerError) as caught:
            await read_stream(wire, server.base_url)
    assert caught.value.kind is AnswerErrorKind.TRUNCATED
    assert caught.value.evidence == "one"


async def test_a_server_that_does_not_speak_tls_is_no_connection() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Wire() as wire:
        error = await failure(wire, f"https://127.0.0.1:{port}/v1")
    assert error.kind is AnswerErrorKind.CONNECT
    assert f"127.0.0.1:{port}" in str(error)


async def test_a_host_that_nobody_knows_is_said_to_be_unknown() -> None:
    async with Wire() as wire:
        error = await failure(wire, "http://nobody.invalid/v1")
    assert error.kind is AnswerErrorKind.CONNECT
    assert "nobody.invalid" in str(error)
