//! A vault behind HTTP: uploads are streamed into it, and ranges of them straight out of it.
//!
//! ```text
//! cargo run --example media_server -- media.db 127.0.0.1:8080
//! curl -T movie.mp4 http://127.0.0.1:8080/movie
//! curl -r 1000-1999 http://127.0.0.1:8080/movie -o piece
//! ```
//!
//! It knows nobody, and waits for a client that stalls as long as that stays: in front of others
//! than oneself belongs a proxy that has timeouts and limits how long a body is.

use std::{
    error::Error,
    io::{self, Read, Seek, SeekFrom, Write},
    panic::{self, AssertUnwindSafe},
    thread,
    time::Duration,
};

use crossbeam_channel::unbounded;
use kvault::{Error as VaultError, KVault, StreamOptions};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

/// Threads for requests that have a body, and as many for those that have none. Each has one value
/// open at most.
const THREADS: usize = 4;

/// The longest value in bytes.
const LONGEST: u64 = 999_000_000;

/// How long a download may take. It reads one version of its value from start to end, and while it
/// does, the write-ahead log is not begun anew. So a slow client costs disk space, and one that is
/// slower than this gets less than it was promised and has to go on with a range.
const SLOWEST: Duration = Duration::from_mins(30);

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "media.db".to_owned());
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let vault = KVault::options().max_value_bytes(LONGEST).snapshot_max_age(SLOWEST).open(path)?;
    let server = Server::http(&address)?;
    println!("listening on http://{}", server.server_addr());
    serve(&server, &vault);
    vault.close()?;
    Ok(())
}

/// Answers until the server is unblocked.
pub(crate) fn serve(server: &Server, vault: &KVault) {
    thread::scope(|scope| {
        let pool = || {
            let (queue, requests) = unbounded();
            for _ in 0..THREADS {
                let requests = requests.clone();
                scope.spawn(move || requests.iter().for_each(|request| attend(vault, request)));
            }
            queue
        };
        // A body that does not come keeps a thread waiting: not one of those that serve downloads.
        let (with_body, without) = (pool(), pool());
        while let Ok(request) = server.recv() {
            let body = request.body_length().is_some_and(|length| length > 0)
                || headers(&request, "Transfer-Encoding").next().is_some();
            let queue = if body { &with_body } else { &without };
            // It is taken, as the threads are there for as long as the queue.
            let _ = queue.send(request);
        }
    });
}

/// A panic, in here or in `tiny_http`, is the end of one request and not of a thread.
fn attend(vault: &KVault, request: Request) {
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| answer(vault, request)));
    if let Ok(Err(error)) = outcome {
        // The client went away: nobody is left to be told.
        eprintln!("{error}");
    }
}

fn answer(vault: &KVault, request: Request) -> io::Result<()> {
    if request.body_length().is_some_and(|length| length as u64 > LONGEST) {
        return refuse(request);
    }
    let key = key(request.url()).to_owned();
    match request.method() {
        Method::Put => upload(vault, &key, request),
        Method::Get | Method::Head => download(vault, &key, request),
        Method::Delete => match vault.delete(&key) {
            Ok(true) => request.respond(Response::empty(204)),
            Ok(false) => request.respond(Response::empty(404)),
            Err(error) => fail(request, &error),
        },
        _ => request.respond(Response::empty(405)),
    }
}

/// The path that is asked for, as it was sent and without a query: `/%61` and `/a` are two keys.
fn key(target: &str) -> &str {
    let target = target.split_once('?').map_or(target, |(target, _)| target);
    // It may come as `http://host/path` too, and then has two slashes in front.
    let before = if target.starts_with('/') { 0 } else { 2 };
    target.match_indices('/').nth(before).map_or("/", |(path, _)| &target[path..])
}

/// An upload that breaks off leaves what was there before. It has to have a length, to tell: of
/// chunks, `tiny_http` takes the end of the connection for the end.
fn upload(vault: &KVault, key: &str, mut request: Request) -> io::Result<()> {
    let Some(length) = length(&request) else {
        return request.respond(Response::empty(411));
    };
    match vault.put_reader(key, request.as_reader(), StreamOptions::default().size(length)) {
        Ok(_) => request.respond(Response::empty(201)),
        Err(error) => fail(request, &error),
    }
}

/// What the one `Content-Length` says, if it is a number and there are no chunks.
fn length(request: &Request) -> Option<u64> {
    let mut lengths = headers(request, "Content-Length");
    let length = lengths.next().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let chunked = headers(request, "Transfer-Encoding").next().is_some();
    if chunked || lengths.next().is_some() { None } else { length.parse().ok() }
}

/// Refuses a body that is too long. When a request is dropped, `tiny_http` 0.12 makes a buffer as
/// long as what is left of the body, and a program that does not get so much memory ends. So this
/// one is not dropped, at the price of a thread and a socket; as an upgrade, which the client takes
/// for an interim response, because an ordinary answer drops its request.
fn refuse(request: Request) -> io::Result<()> {
    let mut stream = request.upgrade("none", Response::empty(100));
    let sent = stream
        .write_all(
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        )
        .and_then(|()| stream.flush());
    std::mem::forget(stream);
    sent
}

fn download(vault: &KVault, key: &str, request: Request) -> io::Result<()> {
    let mut blob = match vault.open_blob(key) {
        Ok(blob) => blob,
        Err(error) => return fail(request, &error),
    };
    let len = blob.len();
    // A range is for GET only.
    let wanted = headers(&request, "Range").next().filter(|_| *request.method() == Method::Get);
    let wanted = wanted.map_or(Wanted::All, |text| range(text, len));
    let mut headers = vec![header("Accept-Ranges", "bytes")];
    let (status, start, length) = match wanted {
        Wanted::All => (200, 0, len),
        Wanted::Part(start, length) => {
            let end = start + length - 1;
            headers.push(header("Content-Range", &format!("bytes {start}-{end}/{len}")));
            (206, start, length)
        }
        Wanted::Nothing => {
            let all = header("Content-Range", &format!("bytes */{len}"));
            return request.respond(Response::empty(416).with_header(all));
        }
    };
    blob.seek(SeekFrom::Start(start))?;
    let size = usize::try_from(length).map_err(io::Error::other)?;
    // With its length instead of in chunks, however long it is.
    let response = Response::new(StatusCode(status), headers, blob.take(length), Some(size), None)
        .with_chunked_threshold(usize::MAX);
    request.respond(response)
}

#[derive(Debug, PartialEq)]
enum Wanted {
    All,
    /// From there, so many bytes.
    Part(u64, u64),
    Nothing,
}

/// One range of bytes, as RFC 9110 has it. What it does not understand it ignores, as that says.
fn range(text: &str, len: u64) -> Wanted {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Wanted::All;
    };
    let (start, end) = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(start), Ok(end)) if start > end => return Wanted::All,
        (Ok(start), Ok(end)) => (start, end.saturating_add(1).min(len)),
        (Ok(start), Err(_)) if last.trim().is_empty() => (start, len),
        (Err(_), Ok(suffix)) if first.trim().is_empty() => (len.saturating_sub(suffix), len),
        _ => return Wanted::All,
    };
    if start < end { Wanted::Part(start, end - start) } else { Wanted::Nothing }
}

fn fail(request: Request, error: &VaultError) -> io::Result<()> {
    let status = match error {
        VaultError::NotFound { .. } => 404,
        VaultError::ValueTooLarge { .. } => 413,
        VaultError::Full { .. } => 507,
        error if error.is_retryable() => 503,
        _ => 500,
    };
    request.respond(Response::from_string(error.to_string()).with_status_code(status))
}

fn headers<'a>(request: &'a Request, name: &'static str) -> impl Iterator<Item = &'a str> {
    let found = request.headers().iter().filter(move |header| header.field.equiv(name));
    found.map(|header| header.value.as_str())
}

fn header(name: &str, value: &str) -> Header {
    // Both are plain ASCII.
    Header::from_bytes(name, value).unwrap_or_else(|()| unreachable!("a header"))
}
