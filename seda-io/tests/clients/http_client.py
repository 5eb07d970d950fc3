#!/usr/bin/env python3
"""Python's http.client: one connection through all kinds of requests, and what ends one."""

import http.client
import os
from urllib.parse import urlsplit


def read(name):
    with open(os.path.join(os.environ["work"], "site", name), "rb") as file:
        return file.read()


def connect(name):
    return http.client.HTTPConnection(urlsplit(os.environ[name]).netloc, timeout=20)


def ask(connection, method, path, body=None, **fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    chunked = not isinstance(body, (bytes, type(None)))
    connection.request(method, path, body, headers, encode_chunked=chunked)
    answer = connection.getresponse()
    return answer, answer.read()


def same(what, have, must):
    assert have == must, f"{what} is {have!r}, and must be {must!r}"


def files():
    small, large = read("small.bin"), read("large.bin")
    connection = connect("site")
    connection.connect()
    socket = connection.sock

    answer, body = ask(connection, "GET", "/large.bin")
    same("GET", (answer.status, answer.version, body), (200, 11, large))
    tag, date = answer.getheader("ETag"), answer.getheader("Last-Modified")
    answer, body = ask(connection, "HEAD", "/large.bin")
    same("HEAD", (answer.status, answer.length, body), (200, 0, b""))
    same("its length", answer.getheader("Content-Length"), str(len(large)))
    answer, body = ask(connection, "GET", "/large.bin", If_None_Match=tag)
    same("a known tag", (answer.status, answer.getheader("ETag"), body), (304, tag, b""))
    answer, body = ask(connection, "GET", "/large.bin", If_Modified_Since=date)
    same("a known time", (answer.status, body), (304, b""))
    answer, _ = ask(connection, "GET", "/large.bin", If_Match='"other"')
    same("another tag", answer.status, 412)
    answer, body = ask(connection, "GET", "/large.bin", Range="bytes=5-9", If_Range=tag)
    same("a range", (answer.status, body), (206, large[5:10]))
    answer, body = ask(connection, "GET", "/small.bin")
    same("GET again", (answer.status, body), (200, small))
    answer, _ = ask(connection, "DELETE", "/small.bin")
    same("DELETE", answer.status, 405)
    assert connection.sock is socket, "the connection was made anew"
    connection.close()


def bodies():
    large = read("large.bin")
    connection = connect("echo")
    connection.connect()
    socket = connection.sock

    answer, body = ask(connection, "POST", "/", large)
    same("a counted body", (answer.status, body), (200, large))
    pieces = (large[at : at + 777] for at in range(0, len(large), 777))
    answer, body = ask(connection, "POST", "/", pieces, Transfer_Encoding="chunked")
    same("a body in chunks", (answer.status, body), (200, large))
    answer, body = ask(connection, "PUT", "/", iter(()), Transfer_Encoding="chunked")
    same("a body of no chunks", (answer.status, body), (200, b""))
    answer, body = ask(connection, "GET", "/", b"abc")
    same("a body of GET", (answer.status, body), (200, b"abc"))
    for _ in range(50):
        answer, body = ask(connection, "PATCH", "/", b"x")
        same("PATCH", (answer.status, body), (200, b"x"))
    assert connection.sock is socket, "the connection was made anew"
    answer, body = ask(connection, "POST", "/", b"last", Connection="close")
    same("the last", (answer.status, answer.will_close, body), (200, True, b"last"))
    assert connection.sock is None, "the connection is still there"


def refusals():
    rows = [
        (("GET", "/", None, {"Transfer-Encoding": "gzip"}), 400),
        (("POST", "/", None, {"Content-Length": "99999999"}), 413),
        (("GET", "/" + "a" * 9000, None, {}), 414),
        (("GET", "/", None, {"X": "a" * 20000}), 431),
        (("GET", "/", None, {"Expect": "miracles"}), 417),
    ]
    for request, status in rows:
        connection = connect("echo")
        connection.request(*request)
        answer = connection.getresponse()
        same(request[3] or "a long target", (answer.status, answer.will_close), (status, True))
        assert answer.read(), "a refusal says why"


files()
bodies()
refusals()
