#!/usr/bin/env python3
"""WebSocket by RFC 6455, on sockets alone: messages, pings, fragments, and both ways to close."""

import base64
import hashlib
import os
import socket
import struct
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def same(what, have, must):
    assert have == must, f"{what} is {have!r}, and must be {must!r}"


class Peer:
    def __init__(self, *behind):
        """Asks for a WebSocket, and sends frames together with the head."""
        address = urlsplit(os.environ["upgrade"])
        self.socket = socket.create_connection((address.hostname, address.port), timeout=20)
        key = base64.b64encode(os.urandom(16))
        head = (
            f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + b"".join(behind))
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline()
        same("the status", status, b"HTTP/1.1 101 Switching Protocols\r\n")
        fields = dict(line.rstrip().split(b": ", 1) for line in iter(self.stream.readline, b"\r\n"))
        proof = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        same("the proof", fields[b"Sec-WebSocket-Accept"], base64.b64encode(proof))

    def receive(self):
        """Gives code and payload of the next frame."""
        first, length = self.stream.read(2)
        assert first & 0x80 and not length & 0x80, "whole, and without a mask"
        if length == 126:
            (length,) = struct.unpack(">H", self.stream.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.stream.read(8))
        return first & 0x0F, self.stream.read(length)

    def close(self):
        same("the end", self.stream.read(), b"")
        self.socket.close()


def frame(code, payload, last=True):
    mask = os.urandom(4)
    length = len(payload)
    if length < 126:
        head = bytes([0x80 | length])
    elif length < 1 << 16:
        head = struct.pack(">BH", 0x80 | 126, length)
    else:
        head = struct.pack(">BQ", 0x80 | 127, length)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([(0x80 if last else 0) | code]) + head + mask + masked


peer = Peer(frame(TEXT, b"together with the head"))
same("the first", peer.receive(), (TEXT, b"together with the head"))
for length in (0, 1, 125, 126, 65535, 65536):
    payload = os.urandom(length)
    peer.socket.sendall(frame(BINARY, payload))
    same(f"{length} bytes", peer.receive(), (BINARY, payload))
for byte in frame(TEXT, "byte für byte".encode()):
    peer.socket.sendall(bytes([byte]))
same("byte by byte", peer.receive(), (TEXT, "byte für byte".encode()))
peer.socket.sendall(frame(TEXT, b"in ", last=False) + frame(PING, b"?") + frame(0, b"two"))
same("a pong", peer.receive(), (PONG, b"?"))
same("fragments", peer.receive(), (TEXT, b"in two"))
peer.socket.sendall(frame(BINARY, b"x" * 60000) * 50)
for _ in range(50):
    same("one of many", peer.receive(), (BINARY, b"x" * 60000))
code = struct.pack(">H", 1000)
peer.socket.sendall(frame(CLOSE, code))
same("a close", peer.receive(), (CLOSE, code))
peer.close()

# What is no frame, too long, or no end of a conversation ends the connection, and no other.
for nonsense in (b"\xff" * 20, frame(BINARY, b"x" * 70000)):
    peer = Peer()
    peer.socket.sendall(nonsense)
    peer.close()
peer = Peer()
peer.socket.shutdown(socket.SHUT_WR)
peer.close()
