// An HTTP component in JavaScript: greets, echoes, lists headers, fetches. What it answers, all languages' guests do.
import {
  Fields,
  IncomingBody,
  OutgoingBody,
  OutgoingRequest,
  OutgoingResponse,
  ResponseOutparam,
} from "wasi:http/types@0.2.12";
import { handle } from "wasi:http/outgoing-handler@0.2.12";

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

function copy(body, response) {
  const stream = body.stream();
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

function get(url) {
  const { host, pathname, search } = new URL(url);
  const request = new OutgoingRequest(new Fields());
  request.setScheme({ tag: "HTTP" });
  request.setAuthority(host);
  request.setPathWithQuery(pathname + search);
  const body = request.body();
  const future = handle(request, undefined);
  OutgoingBody.finish(body, undefined);
  const pollable = future.subscribe();
  pollable.block();
  pollable[Symbol.dispose]();
  const { val: answer } = future.get();
  if (answer.tag === "err") throw { payload: answer.val };
  return answer.val;
}

function fetchUrl(url, outparam) {
  let answer;
  try {
    answer = get(url);
  } catch (error) {
    return respondText(outparam, `${error.payload?.tag ?? error}\n`, 502);
  }
  copy(answer.consume(), respond(outparam, answer.status(), {}));
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
        return copy(request.consume(), respond(outparam, 200, {}));
      case "/fetch":
        return fetchUrl(url.searchParams.get("url"), outparam);
      case "/headers":
        return headers(request, outparam);
      default:
        return respondText(outparam, "not found\n", 404);
    }
  },
};
