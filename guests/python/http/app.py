"""An HTTP component in Python: greets, echoes, lists headers. What it answers, all languages' guests do."""
from urllib.parse import parse_qs, urlsplit

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam


class Response:
    """A response whose head is sent; its body is written piece by piece."""

    def __init__(self, outparam, status=200, headers=()):
        fields = Fields.from_list([(name, value.encode()) for name, value in headers])
        response = OutgoingResponse(fields)
        response.set_status_code(status)
        self.body = response.body()
        ResponseOutparam.set(outparam, Ok(response))
        self.stream = self.body.write()

    def write(self, data):
        for at in range(0, len(data), 4096):
            self.stream.blocking_write_and_flush(data[at:at + 4096])

    def finish(self):
        self.stream.__exit__(None, None, None)
        OutgoingBody.finish(self.body, None)


def respond_text(outparam, text, status=200, headers=()):
    response = Response(outparam, status, [("content-type", "text/plain"), *headers])
    response.write(text.encode())
    response.finish()


def echo(request, outparam):
    body = request.consume()
    response = Response(outparam)
    with body.stream() as stream:
        while True:
            try:
                response.write(stream.blocking_read(65536))
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    break
                raise
    IncomingBody.finish(body).__exit__(None, None, None)
    response.finish()


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out):
        url = urlsplit(request.path_with_query() or "/")
        if url.path == "/":
            name = parse_qs(url.query).get("name", ["world"])[0]
            respond_text(response_out, f"Hello, {name}, from Python!\n")
        elif url.path == "/echo":
            echo(request, response_out)
        elif url.path == "/headers":
            lines = [f"{name}: {value.decode()}\n" for name, value in request.headers().entries()]
            respond_text(response_out, "".join(lines), headers=[("x-count", str(len(lines)))])
        else:
            respond_text(response_out, "not found\n", 404)
