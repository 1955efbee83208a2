//! A vault behind HTTP: uploads are streamed into it, and ranges of them straight out of it.
//!
//! ```text
//! cargo run --example media_server -- media.db 127.0.0.1:8080
//! curl -T movie.mp4 http://127.0.0.1:8080/movie
//! curl -r 1000-1999 http://127.0.0.1:8080/movie -o piece
//! ```

use std::{
    error::Error,
    io::{self, Read, Seek, SeekFrom},
};

use kvault::{Error as VaultError, KVault, StreamOptions};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

/// Threads that answer. Each has one value open at most.
const THREADS: usize = 4;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "media.db".to_owned());
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let vault = KVault::open(path)?;
    let server = Server::http(&address)?;
    println!("listening on http://{}", server.server_addr());
    serve(&server, &vault);
    vault.close()?;
    Ok(())
}

/// Answers until the server is unblocked, once for each thread.
pub(crate) fn serve(server: &Server, vault: &KVault) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    if let Err(error) = answer(vault, request) {
                        // The client went away: nobody is left to be told.
                        eprintln!("{error}");
                    }
                }
            });
        }
    });
}

fn answer(vault: &KVault, request: Request) -> io::Result<()> {
    match request.method() {
        Method::Put => upload(vault, request),
        Method::Get | Method::Head => download(vault, request),
        Method::Delete => match vault.delete(request.url()) {
            Ok(true) => request.respond(Response::empty(204)),
            Ok(false) => request.respond(Response::empty(404)),
            Err(error) => fail(request, &error),
        },
        _ => request.respond(Response::empty(405)),
    }
}

/// An upload that breaks off leaves what was there before.
fn upload(vault: &KVault, mut request: Request) -> io::Result<()> {
    let mut options = StreamOptions::default();
    if let Some(size) = request.body_length() {
        options = options.size(size as u64);
    }
    let key = request.url().to_owned();
    match vault.put_reader(key, request.as_reader(), options) {
        Ok(_) => request.respond(Response::empty(201)),
        Err(error) => fail(request, &error),
    }
}

fn download(vault: &KVault, request: Request) -> io::Result<()> {
    let mut blob = match vault.open_blob(request.url()) {
        Ok(blob) => blob,
        Err(error) => return fail(request, &error),
    };
    let len = blob.len();
    let wanted = request.headers().iter().find(|header| header.field.equiv("Range"));
    let wanted = wanted.map_or(Wanted::All, |header| range(header.value.as_str(), len));
    let mut headers = vec![header("Accept-Ranges", "bytes")];
    let (status, start, length) = match wanted {
        Wanted::All => (200, 0, len),
        Wanted::Part(start, length) => {
            let end = start + length - 1;
            headers.push(header("Content-Range", &format!("bytes {start}-{end}/{len}")));
            (206, start, length)
        }
        Wanted::Nothing => {
            let mut response = Response::empty(416);
            response.add_header(header("Content-Range", &format!("bytes */{len}")));
            return request.respond(response);
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

fn header(name: &str, value: &str) -> Header {
    // Both are plain ASCII.
    Header::from_bytes(name, value).unwrap_or_else(|()| unreachable!("a header"))
}
