// An HTTP component in JavaScript: greets, echoes, lists headers. What it answers, all languages' guests do.
import {
  Fields,
  IncomingBody,
  OutgoingBody,
  OutgoingResponse,
  ResponseOutparam,
} from "wasi:http/types@0.2.12";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function respond(outparam, status, headers) {
  const fields = Fields.fromList(Object.entries(headers).map(([name, value]) => [name, encoder.encode(value)]));
  const response = new OutgoingResponse(fields);
  response.setStatusCode(status);
  const body = response.body();
  ResponseOutparam.set(outparam, { tag: "ok", val: response });
  const stream = body.write();
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; at += 4096) stream.blockingWriteAndFlush(bytes.subarray(at, at + 4096));
    },
    finish() {
      stream[Symbol.dispose]();
      OutgoingBody.finish(body, undefined);
    },
  };
}

function respondText(outparam, text, status = 200, headers = {}) {
  const response = respond(outparam, status, { "content-type": "text/plain", ...headers });
  response.write(encoder.encode(text));
  response.finish();
}

function echo(request, outparam) {
  const body = request.consume();
  const stream = body.stream();
  const response = respond(outparam, 200, {});
  for (;;) {
    try {
      response.write(stream.blockingRead(65536n));
    } catch (error) {
      if (error.payload?.tag === "closed") break;
      throw error;
    }
  }
  stream[Symbol.dispose]();
  IncomingBody.finish(body)[Symbol.dispose]();
  response.finish();
}

function headers(request, outparam) {
  const lines = request.headers().entries().map(([name, value]) => `${name}: ${decoder.decode(value)}\n`);
  respondText(outparam, lines.join(""), 200, { "x-count": String(lines.length) });
}

export const incomingHandler = {
  handle(request, outparam) {
    const url = new URL(request.pathWithQuery() ?? "/", "http://localhost");
    switch (url.pathname) {
      case "/":
        return respondText(outparam, `Hello, ${url.searchParams.get("name") ?? "world"}, from JavaScript!\n`);
      case "/echo":
        return echo(request, outparam);
      case "/headers":
        return headers(request, outparam);
      default:
        return respondText(outparam, "not found\n", 404);
    }
  },
};
