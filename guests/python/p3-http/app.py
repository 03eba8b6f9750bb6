"""An HTTP service in Python for WASI 0.3: greets, echoes, lists headers, fetches, proxies. What it answers, all languages'
guests do. Bodies go through this instance's memory piece by piece, trailers after them."""
from urllib.parse import parse_qs, urlsplit

import wit_world
from componentize_py_async_support import spawn
from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import client
from wit_world.imports.wasi_http_types import Fields, Method_Get, Request, Response, Scheme_Http


def trailers_future():
    return wit_world.result_option_wasi_http_types_fields_wasi_http_types_error_code_future(lambda: Ok(None))


def handled():
    """Says that the body was taken well, whatever becomes of it."""
    return wit_world.result_unit_wasi_http_types_error_code_future(lambda: Ok(None))[1]


def respond(status=200, headers=()):
    """A response, and the two ends that its body is written with."""
    writer, contents = wit_world.byte_stream()
    end, trailers = trailers_future()
    fields = Fields.from_list([(name, value.encode()) for name, value in headers])
    response, _ = Response.new(fields, contents, trailers)
    response.set_status_code(status)
    return response, writer, end


async def write(writer, end, text):
    with writer:
        await writer.write_all(text.encode())
    await end.write(Ok(None))


def respond_text(text, status=200, headers=()):
    response, writer, end = respond(status, [("content-type", "text/plain"), *headers])
    spawn(write(writer, end, text))
    return response


async def copy(source, trailers, writer, end):
    with source, writer:
        while not source.writer_dropped and not writer.reader_dropped:
            if data := await source.read(65536):
                await writer.write_all(data)
    await end.write(await trailers.read())


def echo(request):
    source, trailers = Request.consume_body(request, handled())
    response, writer, end = respond()
    spawn(copy(source, trailers, writer, end))
    return response


async def proxy(request, url):
    """Asks `url` with the method and body of `request`; its answer is passed on while both bodies still flow."""
    target = urlsplit(url)
    method = request.get_method()
    source, source_trailers = Request.consume_body(request, handled())
    end, trailers = trailers_future()
    contents = None
    if isinstance(method, Method_Get):
        spawn(end.write(Ok(None)))
    else:
        writer, contents = wit_world.byte_stream()
        spawn(copy(source, source_trailers, writer, end))
    onward, _ = Request.new(Fields.from_list([]), contents, trailers, None)
    onward.set_method(method)
    onward.set_scheme(Scheme_Http())
    onward.set_authority(target.netloc)
    onward.set_path_with_query(target.path + (f"?{target.query}" if target.query else ""))
    answer = await client.send(onward)
    response, writer, end = respond(answer.get_status_code())
    source, trailers = Response.consume_body(answer, handled())
    spawn(copy(source, trailers, writer, end))
    return response


class Handler(exports.Handler):
    async def handle(self, request):
        url = urlsplit(request.get_path_with_query() or "/")
        query = parse_qs(url.query)
        match url.path:
            case "/":
                return respond_text(f"Hello, {query.get('name', ['world'])[0]}, from Python!\n")
            case "/echo":
                return echo(request)
            case "/fetch" | "/proxy":
                try:
                    return await proxy(request, query["url"][0])
                except Err as error:
                    return respond_text(f"{error.value}\n", 502)
            case "/headers":
                lines = [f"{name}: {value.decode()}\n" for name, value in request.get_headers().copy_all()]
                return respond_text("".join(lines), headers=[("x-count", str(len(lines)))])
            case _:
                return respond_text("not found\n", 404)
