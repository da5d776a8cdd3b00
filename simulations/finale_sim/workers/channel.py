"""Messages between a worker and its parent, over a pair of sockets: a length, then so many bytes."""

import socket

__all__ = ["Channel"]

_LENGTH = 8


class Channel:
    """One end. Both block until a message is sent or received as a whole."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def fileno(self) -> int:
        """For selectors: readable means that a message has begun to arrive, or that the other end is closed."""
        return self._connection.fileno()

    def send(self, message: bytes) -> None:
        """Send a message.

        Raises:
            OSError: the other end is closed.
        """
        self._connection.sendall(len(message).to_bytes(_LENGTH) + message)

    def receive(self) -> bytes | None:
        """The next message; None if the other end was closed before it was complete."""
        head = self._exactly(_LENGTH)
        return self._exactly(int.from_bytes(head)) if head is not None else None

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def _exactly(self, count: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < count:
            try:
                part = self._connection.recv(min(count - len(parts), 1 << 20))
            except ConnectionError:
                return None
            if not part:
                return None
            parts += part
        return bytes(parts)
