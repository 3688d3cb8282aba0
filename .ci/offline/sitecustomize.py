"""No network but loopback, for this process and every Python child that inherits PYTHONPATH."""

import ipaddress
import socket

_connect, _getaddrinfo = socket.socket.connect, socket.getaddrinfo


def _is_loopback(host: object) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def connect(self: socket.socket, address: object) -> None:
    """Connect, to loopback only."""
    if isinstance(address, tuple) and not _is_loopback(address[0]):
        raise OSError(f"no network here: {address[0]}")
    return _connect(self, address)


def getaddrinfo(host: object, *args: object, **options: object) -> object:
    """Resolve, loopback only."""
    if not _is_loopback(host):
        raise OSError(f"no network here: {host}")
    return _getaddrinfo(host, *args, **options)


socket.socket.connect = connect
socket.getaddrinfo = getaddrinfo
