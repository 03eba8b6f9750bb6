"""A command in Python: greets, copies its input, works with a file and a socket. What it does, all languages' guests do."""
import os
import socket
import sys

from componentize_py_types import Err
from wit_world import exports


def cat():
    """Standard output is not buffered here: a write may take less than it is given."""
    while data := sys.stdin.buffer.read(65536):
        while data:
            data = data[sys.stdout.buffer.write(data):]


def file(folder):
    path = os.path.join(folder, "python.txt")
    text = "written by Python"
    with open(path, "w") as output:
        output.write(text)
    with open(path) as written:
        if written.read() != text:
            raise RuntimeError("read something else")
    os.unlink(path)
    print("file ok")


def tcp(host, port, text):
    """Sends a line to an IPv4 address and prints what comes back. No name is looked up."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.connect((host, int(port)))
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(4096):
            answer += part
    print(answer.decode())


class Run(exports.Run):
    def run(self):
        match sys.argv[1:]:
            case ["hello", *rest]:
                print(f"Hello, {rest[0] if rest else 'world'}, from Python!")
            case ["cat"]:
                cat()
            case ["file", folder]:
                file(folder)
            case ["tcp", host, port, text]:
                tcp(host, port, text)
            case _:
                raise Err(None)  # the error of `run`: the process fails
