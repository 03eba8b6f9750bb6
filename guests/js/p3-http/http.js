// An HTTP service in JavaScript (QuickJS) for WASI 0.3: greets, echoes, lists headers. What it answers, all languages' guests
// do. Bodies go through this instance's memory piece by piece, trailers after them.
import http from "wasi:http/types@0.3.2";

// There is no TextEncoder, no URL.
const bytes = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (each) => each.charCodeAt(0));
const text = (value) => decodeURIComponent(escape(String.fromCharCode(...value)));

function respond(status, headers) {
  const { readable: contents, writable: stream } = wit.Stream(wit.Stream.U8);
  const { readable: trailers, writable: end } = wit.Future(wit.Future.RESULT_OPTION_OTHER_ERROR_CODE);
  const fields = http.Fields.fromList(headers.map(([name, value]) => [name, bytes(value)]));
  const [response, transmitted] = http.Response.new(fields, contents, trailers);
  response.setStatusCode(status);
  transmitted.drop();
  return { response, stream, end };
}

async function write({ stream, end }, value) {
  await stream.writeAll(value);
  stream.drop();
  await end.write({ tag: "ok", val: null });
}

function respondText(value, status = 200, headers = []) {
  const body = respond(status, [["content-type", "text/plain"], ...headers]);
  write(body, bytes(value));
  return body.response;
}

async function copy(from, trailers, { stream, end }) {
  for await (const piece of from) await stream.writeAll(piece);
  stream.drop();
  await end.write(await trailers.read());
}

function echo(request) {
  const { readable: handled, writable } = wit.Future(wit.Future.RESULT_VOID_ERROR_CODE);
  writable.write({ tag: "ok" });
  const [from, trailers] = http.Request.consumeBody(request, handled);
  const body = respond(200, []);
  copy(from, trailers, body);
  return body.response;
}

export const handler = {
  async handle(request) {
    const [path, query = ""] = (request.getPathWithQuery() ?? "/").split("?");
    const value = query.slice(query.indexOf("=") + 1);
    switch (path) {
      case "/":
        return respondText(`Hello, ${value || "world"}, from JavaScript!\n`);
      case "/echo":
        return echo(request);
      case "/headers": {
        const lines = request.getHeaders().copyAll().map(([name, each]) => `${name}: ${text(each)}\n`);
        return respondText(lines.join(""), 200, [["x-count", String(lines.length)]]);
      }
      default:
        return respondText("not found\n", 404);
    }
  },
};
