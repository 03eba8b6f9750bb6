//! An HTTP component in Rust: greets, echoes, lists headers, fetches. What it answers, all languages' guests do.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, IncomingResponse, OutgoingBody, OutgoingRequest,
    OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::{OutputStream, StreamError};

struct Handler;

wasip2::http::proxy::export!(Handler);

struct Response {
    body: OutgoingBody,
    stream: OutputStream,
}

impl Response {
    fn start(outparam: ResponseOutparam, status: u16, headers: &[(String, Vec<u8>)]) -> Self {
        let response = OutgoingResponse::new(Fields::from_list(headers).expect("headers the host takes"));
        response.set_status_code(status).expect("a valid status");
        let body = response.body().expect("the body is taken once");
        ResponseOutparam::set(outparam, Ok(response));
        let stream = body.write().expect("the stream is taken once");
        Self { body, stream }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), StreamError> {
        bytes.chunks(4096).try_for_each(|part| self.stream.blocking_write_and_flush(part))
    }

    fn finish(self) {
        drop(self.stream);
        let _ = OutgoingBody::finish(self.body, None);
    }
}

fn respond_text(outparam: ResponseOutparam, status: u16, text: &str, headers: &[(String, Vec<u8>)]) {
    let mut all = vec![("content-type".to_owned(), b"text/plain".to_vec())];
    all.extend_from_slice(headers);
    let response = Response::start(outparam, status, &all);
    let _ = response.write(text.as_bytes());
    response.finish();
}

fn copy(body: IncomingBody, response: Response) {
    let stream = body.stream().expect("the stream is taken once");
    loop {
        match stream.blocking_read(65536) {
            Ok(bytes) => {
                if response.write(&bytes).is_err() {
                    break;
                }
            }
            Err(StreamError::Closed) => break,
            Err(error) => panic!("the body broke off: {error}"),
        }
    }
    drop(stream);
    drop(IncomingBody::finish(body));
    response.finish();
}

fn echo(request: &IncomingRequest, outparam: ResponseOutparam) {
    let body = request.consume().expect("the body is taken once");
    copy(body, Response::start(outparam, 200, &[]));
}

fn get(url: &str) -> Result<IncomingResponse, ErrorCode> {
    let rest = url.strip_prefix("http://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_authority(Some(authority)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_path_with_query(Some(path)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let body = request.body().expect("the body is taken once");
    let future = outgoing_handler::handle(request, None)?;
    OutgoingBody::finish(body, None)?;
    future.subscribe().block();
    future.get().expect("the future is ready").expect("the answer is taken once")
}

fn fetch(url: &str, outparam: ResponseOutparam) {
    match get(url) {
        Ok(answer) => {
            let body = answer.consume().expect("the body is taken once");
            copy(body, Response::start(outparam, answer.status(), &[]));
        }
        Err(error) => respond_text(outparam, 502, &format!("{error:?}\n"), &[]),
    }
}

impl Guest for Handler {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/" => {
                let name = query.split('&').find_map(|pair| pair.strip_prefix("name=")).unwrap_or("world");
                respond_text(outparam, 200, &format!("Hello, {name}, from Rust!\n"), &[]);
            }
            "/echo" => echo(&request, outparam),
            "/fetch" => fetch(query.strip_prefix("url=").unwrap_or_default(), outparam),
            "/headers" => {
                let entries = request.headers().entries();
                let text: String = entries
                    .iter()
                    .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
                    .collect();
                let count = ("x-count".to_owned(), entries.len().to_string().into_bytes());
                respond_text(outparam, 200, &text, &[count]);
            }
            _ => respond_text(outparam, 404, "not found\n", &[]),
        }
    }
}
