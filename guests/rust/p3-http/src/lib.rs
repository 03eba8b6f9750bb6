//! An HTTP service in Rust for WASI 0.3: greets, echoes, lists headers, fetches, proxies. What it answers, all languages'
//! guests do. Bodies go through this instance's memory piece by piece, trailers after them.

use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme, Trailers};
use wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};
use wasip3::{spawn_local, wit_future, wit_stream};

type End = Result<Option<Trailers>, ErrorCode>;
type Headers = Vec<(String, Vec<u8>)>;

struct Service;

wasip3::http::service::export!(Service);

/// What a body is written with.
struct Body {
    stream: StreamWriter<u8>,
    end: FutureWriter<End>,
}

fn respond(status: u16, headers: Headers) -> (Response, Body) {
    let (stream, contents) = wit_stream::new();
    let (end, trailers) = wit_future::new(|| Ok(None));
    let fields = Fields::from_list(&headers).expect("headers the host takes");
    let (response, _transmitted) = Response::new(fields, Some(contents), trailers);
    response.set_status_code(status).expect("a valid status");
    (response, Body { stream, end })
}

fn respond_text(status: u16, text: String, headers: Headers) -> Response {
    let mut all = vec![("content-type".to_owned(), b"text/plain".to_vec())];
    all.extend(headers);
    let (response, mut body) = respond(status, all);
    spawn_local(async move {
        body.stream.write_all(text.into_bytes()).await;
        drop(body.stream);
        let _ = body.end.write(Ok(None)).await;
    });
    response
}

async fn copy(mut from: StreamReader<u8>, trailers: FutureReader<End>, mut to: Body) {
    loop {
        let (result, bytes) = from.read(Vec::with_capacity(65536)).await;
        if !to.stream.write_all(bytes).await.is_empty() || result == StreamResult::Dropped {
            break;
        }
    }
    drop(to.stream);
    let _ = to.end.write(trailers.await).await;
}

fn echo(request: Request) -> Response {
    let (from, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    let (response, body) = respond(200, vec![]);
    spawn_local(copy(from, trailers, body));
    response
}

/// Asks `url` with the method and body of `request`; its answer is passed on while both bodies still flow.
async fn proxy(request: Request, url: &str) -> Result<Response, ErrorCode> {
    let rest = url.strip_prefix("http://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let method = request.get_method();
    let (from, from_trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);

    let (end, trailers) = wit_future::new(|| Ok(None));
    let contents = if matches!(method, Method::Get) {
        None
    } else {
        let (stream, contents) = wit_stream::new();
        spawn_local(copy(from, from_trailers, Body { stream, end }));
        Some(contents)
    };
    let (onward, _transmitted) = Request::new(Fields::new(), contents, trailers, None);
    onward.set_method(&method).map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    onward.set_scheme(Some(&Scheme::Http)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    onward.set_authority(Some(authority)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    onward.set_path_with_query(Some(path)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let answer = client::send(onward).await?;

    let (response, body) = respond(answer.get_status_code(), vec![]);
    let (from, trailers) = Response::consume_body(answer, wit_future::new(|| Ok(())).1);
    spawn_local(copy(from, trailers, body));
    Ok(response)
}

fn list_headers(request: &Request) -> Response {
    let entries = request.get_headers().copy_all();
    let text = entries.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value))).collect();
    let count = ("x-count".to_owned(), entries.len().to_string().into_bytes());
    respond_text(200, text, vec![count])
}

impl wasip3::exports::http::handler::Guest for Service {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let url = query.strip_prefix("url=").unwrap_or_default();
        match path {
            "/" => {
                let name = query.split('&').find_map(|pair| pair.strip_prefix("name=")).unwrap_or("world");
                Ok(respond_text(200, format!("Hello, {name}, from Rust!\n"), vec![]))
            }
            "/echo" => Ok(echo(request)),
            "/fetch" | "/proxy" => match proxy(request, url).await {
                Ok(response) => Ok(response),
                Err(error) => Ok(respond_text(502, format!("{error:?}\n"), vec![])),
            },
            "/headers" => Ok(list_headers(&request)),
            _ => Ok(respond_text(404, "not found\n".to_owned(), vec![])),
        }
    }
}
