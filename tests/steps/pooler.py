"""A pooler in transaction mode, as small as it can be: what PgBouncer does to a session."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from pathlib import Path


class Pooler:
    """
    Listens on a socket of its own and lends a server for each transaction.

    The servers are kept on a stack, so two clients that take turns share one, and a client that
    comes back while another is in a transaction gets a different one.
    """

    def __init__(self, folder: Path, server: Path, port: int = 5432) -> None:
        self.folder = folder
        self._server = str(server / f".s.PGSQL.{port}")
        self._idle: list[socket.socket] = []
        self._greeting = b""
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{port}"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for one in self._idle:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client:
            startup = _startup(client)
            with self._lock:
                if not self._greeting:
                    server, self._greeting = self._open(startup)
                    self._idle.append(server)
            client.sendall(self._greeting)
            while True:
                first = _message(client)
                if first[:1] == b"X":
                    return
                with self._lock:
                    lent = self._idle.pop() if self._idle else self._open(startup)[0]
                _transaction(client, lent, first)
                with self._lock:
                    self._idle.append(lent)

    def _open(self, startup: bytes) -> tuple[socket.socket, bytes]:
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        server.sendall(startup)
        greeting = b""
        while True:
            message = _message(server)
            greeting += message
            if message[:1] == b"Z":
                return server, greeting


def _startup(client: socket.socket) -> bytes:
    while True:
        head = _exactly(client, 4)
        body = _exactly(client, struct.unpack("!I", head)[0] - 4)
        if struct.unpack("!I", body[:4])[0] not in {80877103, 80877104}:
            return head + body
        client.sendall(b"N")


def _transaction(client: socket.socket, server: socket.socket, message: bytes) -> None:
    """Pass messages on until the server is outside of a transaction again."""
    while True:
        server.sendall(message)
        if message[:1] in b"QS":
            while True:
                answer = _message(server)
                client.sendall(answer)
                if answer[:1] == b"Z":
                    break
            if answer[5:6] == b"I":
                return
        message = _message(client)


def _message(connection: socket.socket) -> bytes:
    head = _exactly(connection, 5)
    return head + _exactly(connection, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
