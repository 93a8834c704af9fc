"""One end of a WebSocket (RFC 6455), as a case of the suite speaks through it: every frame as the case wants it.

Names in `Peer` that are not those of this project are the ones that cases call. Texts have a byte in each character.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import zlib
from collections import Counter
from typing import Any, ClassVar

from tests.autobahn.cases import Offer

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = ["Peer"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_DEFLATE_TAIL = b"\x00\x00\xff\xff"
#: Of the suite's limits each is so many times as long here: many cases run at once, on a machine that does more.
PATIENCE = 12.0
#: So long a closed WebSocket's connection may stay, in seconds.
_LONGEST_CLOSING = 20.0


def _bytes(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else data.encode("latin-1")


class _Factory:
    def __init__(self, *, is_server: bool) -> None:
        self.isServer = is_server


class _Deflate:
    """What both ends have agreed on of permessage-deflate (RFC 7692), as a client has it."""

    def __init__(self, answer: str) -> None:
        params = dict((part.strip().partition("=")[::2]) for part in answer.split(";")[1:])
        self._out_bits = int(params.get("client_max_window_bits") or 15)
        self._in_bits = int(params.get("server_max_window_bits") or 15)
        self._is_out_new = "client_no_context_takeover" in params
        self._is_in_new = "server_no_context_takeover" in params
        self._out: Any = None
        self._in: Any = None

    def packed(self, data: bytes) -> bytes:
        if self._out is None or self._is_out_new:
            self._out = zlib.compressobj(wbits=-self._out_bits)
        packed: bytes = self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)
        return packed.removesuffix(_DEFLATE_TAIL)

    def unpacked(self, data: bytes) -> bytes:
        if self._in is None or self._is_in_new:
            self._in = zlib.decompressobj(-self._in_bits)
        unpacked: bytes = self._in.decompress(data + _DEFLATE_TAIL)
        return unpacked


class Peer(asyncio.Protocol):
    """A connection; `over` has it done when the connection is gone and the case has judged.

    `make` makes the case, of this peer; `url` is where a client goes, None for a server. `packs`: the case compresses,
    and wants bytes.
    """

    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    STATE: ClassVar = {"closed": 0, "connecting": 1, "closing": 2, "open": 3}

    def __init__(self, make: Any, host: str | None = None, *, packs: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[Any] = self._loop.create_future()
        self._host, self._packs = host, packs
        self.factory = _Factory(is_server=host is None)
        self.state = self.STATE["connecting"]
        self.createWirelog = True
        self.autoFragmentSize = 0
        self.txFrameStats: Counter[int] = Counter()
        self.trafficStats = self.localCloseReason = self.remoteCloseCode = self._perMessageCompress = None
        self.perMessageCompressionOffers: list[Offer] = []
        self.perMessageCompressionAccept: Any = None
        self.closedByMe = self.failedByMe = self.droppedByMe = self.wasClean = self.connectionWasOpen = False
        self._received = bytearray()
        self._is_close_sent = False
        self._opcode, self._is_packed = 0, False
        self._parts: list[bytes] = []
        self._left = b""
        self.case = make(self)

    # What cases call

    def enableWirelog(self, _: bool) -> None:
        """Nothing is logged."""

    def sendFrame(
        self,
        opcode: int,
        payload: str | bytes = "",
        fin: bool = True,
        rsv: int = 0,
        mask: None = None,
        payload_len: int | None = None,
        chopsize: int | None = None,
        sync: bool = False,
    ) -> None:
        data = _bytes(payload)
        if payload_len is not None:
            data = (data * (payload_len // max(len(data), 1) + 1))[:payload_len]
        self.txFrameStats[opcode] += 1
        head, key = self._head(opcode, len(data), fin=fin, rsv=rsv)
        frame = head + (apply_mask(data, key) if key else data)
        for start in range(0, len(frame), chopsize or len(frame)):
            self._transport.write(frame[start : start + (chopsize or len(frame))])

    def sendMessage(self, payload: str | bytes, isBinary: bool = False, fragmentSize: int | None = None) -> None:
        data, rsv = _bytes(payload), 0
        if self._perMessageCompress is not None:
            data, rsv = self._perMessageCompress.packed(data), 4
        size = fragmentSize or self.autoFragmentSize or max(len(data), 1)
        for start in range(0, max(len(data), 1), size):
            opcode = (_BINARY if isBinary else _TEXT) if not start else 0
            last = start + size >= len(data)
            self.sendFrame(opcode, data[start : start + size], fin=last, rsv=0 if start else rsv)

    def beginMessage(self, isBinary: bool = False) -> None:
        self._opcode_out = _BINARY if isBinary else _TEXT

    def beginMessageFrame(self, length: int) -> None:
        head, self._key = self._head(self._opcode_out, length, fin=False, rsv=0)
        self._opcode_out, self._at = 0, 0
        self._transport.write(head)

    def sendMessageFrameData(self, payload: str, sync: bool = False) -> None:
        data = _bytes(payload)
        key = self._key[self._at % 4 :] + self._key[: self._at % 4]
        self._at += len(data)
        self._transport.write(apply_mask(data, key) if key else data)

    def endMessage(self) -> None:
        self.sendFrame(0)

    def sendClose(self, code: int | None = None, reason: str | None = None) -> None:
        if self.state == self.STATE["open"]:
            self.sendCloseFrame(code, reason)

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: str | None = None, isReply: bool = False) -> None:
        data = (b"" if code is None else code.to_bytes(2)) + _bytes(reasonUtf8 or "")
        self.sendFrame(_CLOSE, data)
        self.state, self._is_close_sent = self.STATE["closing"], True
        self.closedByMe = self.closedByMe or not isReply
        self._loop.call_later(_LONGEST_CLOSING, self._drop)

    def continueLater(self, delay: float, work: Any, tag: Any = None) -> None:
        self._later(delay, work)

    def killAfter(self, delay: float) -> None:
        def kill() -> None:
            self.failedByMe = True
            self.sendClose(1001)

        self._later(delay * PATIENCE, kill)

    def closeAfter(self, delay: float) -> None:
        self._later(delay * (PATIENCE if self.case.expected else 1), self.sendClose)

    def _later(self, delay: float, work: Any) -> None:
        def run() -> None:
            if self.state:
                work()

        self._loop.call_later(delay, run)

    # asyncio

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if self._host is not None:
            offers = "".join(
                f"Sec-WebSocket-Extensions: {each.header}\r\n" for each in self.perMessageCompressionOffers
            )
            head = (
                f"GET / HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            )
            transport.write(f"{head}{offers}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self.state == self.STATE["connecting"]:
            head, end, rest = bytes(self._received).partition(b"\r\n\r\n")
            if not end:
                return
            self._received = bytearray(rest)
            self._open(head.decode("latin-1"))
        while self.state and (frame := self._frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.state = self.STATE["closed"]
            self.case.onConnectionLost(self.failedByMe)
            self.over.set_result(self)

    # The rest

    def _open(self, head: str) -> None:
        lines = [line.partition(":") for line in head.split("\r\n")]
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        if self._host is None:
            accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + _GUID).digest())
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
        else:
            assert head.startswith("HTTP/1.1 101 "), head
            agreed = headers.get("sec-websocket-extensions", "")
            self._perMessageCompress = _Deflate(agreed) if agreed else None  # type: ignore[assignment]
        self.state, self.connectionWasOpen = self.STATE["open"], True
        self.case.onOpen()

    def _head(self, opcode: int, length: int, *, fin: bool, rsv: int) -> tuple[bytes, bytes]:
        masks = self._host is not None
        first, flag = bytes([(fin << 7) | (rsv << 4) | opcode]), masks << 7
        if length < 126:
            first += bytes([flag | length])
        elif length < 65536:
            first += bytes([flag | 126]) + length.to_bytes(2)
        else:
            first += bytes([flag | 127]) + length.to_bytes(8)
        key = os.urandom(4) if masks else b""
        return first + key, key

    def _frame(self) -> tuple[int, int, int, bytes] | None:
        """Return the next whole frame: FIN, RSV, opcode, payload."""
        data = self._received
        if len(data) < 2:
            return None
        length, at = data[1] & 127, 2
        if length > 125:
            at += 2 if length == 126 else 8
            if len(data) < at:
                return None
            length = int.from_bytes(data[2:at])
        key = b""
        if data[1] & 128:
            key, at = bytes(data[at : at + 4]), at + 4
        if len(data) < at + length:
            return None
        payload = bytes(data[at : at + length])
        frame = data[0] >> 7, (data[0] >> 4) & 7, data[0] & 15, apply_mask(payload, key) if key else payload
        del data[: at + length]
        return frame

    def _take(self, fin: int, rsv: int, opcode: int, payload: bytes) -> None:
        assert bool(self._host is None) or not rsv & 3, "a bit that nobody has agreed on"
        if opcode == _CLOSE:
            self._close(payload)
        elif opcode == _PING:
            self.sendFrame(_PONG, payload)  # whether the other end is still there is no matter of a case's
        elif opcode == _PONG:
            self.case.onPong(payload.decode("latin-1"))
        else:
            if opcode:
                self._opcode, self._parts, self._is_packed = opcode, [], bool(rsv & 4)
            self._parts.append(payload)
            if fin:
                self._message(b"".join(self._parts))

    def _message(self, data: bytes) -> None:
        if self._is_packed and self._perMessageCompress is not None:
            data = self._perMessageCompress.unpacked(data)
        said: Any = data if self._packs else data.decode("latin-1")
        self.case.onMessage(said, self._opcode == _BINARY)

    def _close(self, payload: bytes) -> None:
        self.remoteCloseCode = int.from_bytes(payload[:2]) if payload else None  # type: ignore[assignment]
        if not self._is_close_sent:
            self.sendCloseFrame(self.remoteCloseCode, isReply=True)
        self.wasClean, self.state = True, self.STATE["closing"]
        self.case.onClose(True, self.remoteCloseCode, "")
        if self._host is None:
            self._transport.close()
        else:
            self._loop.call_later(_LONGEST_CLOSING, self._drop)

    def _drop(self) -> None:
        if not self.over.done():
            self.droppedByMe = True
            self._transport.abort()
