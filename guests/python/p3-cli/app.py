"""A command in Python for WASI 0.3: greets, copies its input, works with a file. What it does, all languages' guests do.
Streams are those of 0.3; files are the standard library's, which is one of WASI 0.2."""
import os

import wit_world
from componentize_py_async_support import spawn
from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import environment, stdin, stdout


async def write(writer, text):
    with writer:
        await writer.write_all(text.encode())


async def say(text):
    writer, reader = wit_world.byte_stream()
    spawn(write(writer, text + "\n"))
    await stdout.write_via_stream(reader).read()


async def copy(source, writer):
    with source, writer:
        while not source.writer_dropped and not writer.reader_dropped:
            if data := await source.read(65536):
                await writer.write_all(data)


async def cat():
    """Input to output, piece by piece."""
    source, end = stdin.read_via_stream()
    writer, reader = wit_world.byte_stream()
    spawn(copy(source, writer))
    await stdout.write_via_stream(reader).read()
    await end.read()


async def splice():
    """Input to output, without a byte in this instance's memory."""
    source, end = stdin.read_via_stream()
    await stdout.write_via_stream(source).read()
    await end.read()


def file(folder):
    path = os.path.join(folder, "python.txt")
    text = "written by Python"
    with open(path, "w") as output:
        output.write(text)
    with open(path) as written:
        if written.read() != text:
            raise RuntimeError("read something else")
    os.unlink(path)


class Run(exports.Run):
    async def run(self):
        match environment.get_arguments()[1:]:
            case ["hello", *rest]:
                await say(f"Hello, {rest[0] if rest else 'world'}, from Python!")
            case ["cat"]:
                await cat()
            case ["splice"]:
                await splice()
            case ["file", folder]:
                file(folder)
                await say("file ok")
            case _:
                raise Err(None)  # the error of `run`: the process fails
