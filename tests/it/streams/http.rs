//! The example of an HTTP server, from the other side of a socket.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    thread,
};

use kvault::KVault;
use tiny_http::Server;

use super::bytes;
use crate::support::{FOREVER, Place, wait_until};

#[path = "../../../examples/media_server.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod media_server;

const LEN: usize = 6_000_000;

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    // A hang becomes a failure.
    socket.set_read_timeout(Some(FOREVER)).unwrap();
    socket
}

fn send(address: SocketAddr, request: &str) -> BufReader<TcpStream> {
    let mut socket = connect(address);
    socket.write_all(request.as_bytes()).unwrap();
    BufReader::new(socket)
}

/// The next answer, without a body.
fn head(reader: &mut impl BufRead) -> Answer {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    Answer { status, headers, body: Vec::new() }
}

fn ask(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    ask_for("/movie", address, method, headers, body)
}

fn ask_for(
    target: &str,
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut socket = connect(address);
    write!(socket, "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        .unwrap();
    for (name, value) in headers {
        write!(socket, "{name}: {value}\r\n").unwrap();
    }
    if method == "PUT" {
        write!(socket, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    socket.write_all(b"\r\n").unwrap();
    socket.write_all(body).unwrap();
    let mut reader = BufReader::new(socket);
    let mut answer = head(&mut reader);
    reader.read_to_end(&mut answer.body).unwrap();
    answer
}

/// Serves a new vault while `test` runs.
fn served(test: impl FnOnce(&KVault, SocketAddr)) {
    let place = Place::new();
    let vault = place.open();
    let server = Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_ip().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| media_server::serve(&server, &vault));
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&vault, address)));
        server.unblock();
        outcome.unwrap();
    });
}

#[test]
fn what_is_uploaded_is_served_in_ranges() {
    served(|vault, address| {
        let value = bytes(LEN);
        assert_eq!(ask(address, "GET", &[], b"").status, 404);
        assert_eq!(ask(address, "PUT", &[], &value).status, 201);
        let all = ask(address, "GET", &[], b"");
        assert_eq!((all.status, all.header("Accept-Ranges")), (200, Some("bytes")));
        assert_eq!(all.header("Content-Length"), Some("6000000"));
        assert_eq!(all.header("Transfer-Encoding"), None);
        assert!(all.body == value);
        let head = ask(address, "HEAD", &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0));

        for (range, from, to) in [
            ("bytes=0-0", 0, 1),
            ("bytes=5-999999", 5, 1_000_000),
            ("bytes=3000000-", 3_000_000, LEN),
            ("bytes=-10", LEN - 10, LEN),
            ("bytes=5999999-9999999", LEN - 1, LEN),
            ("bytes=-9999999", 0, LEN),
        ] {
            let part = ask(address, "GET", &[("Range", range)], b"");
            assert_eq!(part.status, 206, "{range}");
            let described = format!("bytes {from}-{}/{LEN}", to - 1);
            assert_eq!(part.header("Content-Range"), Some(described.as_str()));
            assert_eq!(part.header("Content-Length"), Some((to - from).to_string().as_str()));
            assert_eq!(part.header("Transfer-Encoding"), None);
            assert!(part.body == value[from..to], "{range}");
        }
        for range in ["bytes=6000000-", "bytes=9999999-10000000", "bytes=-0"] {
            let none = ask(address, "GET", &[("Range", range)], b"");
            assert_eq!((none.status, none.header("Content-Range")), (416, Some("bytes */6000000")));
        }
        for range in ["bytes=9-3", "bytes=x-", "lines=1-2", "bytes=1-2,5-6"] {
            assert_eq!(ask(address, "GET", &[("Range", range)], b"").status, 200, "{range}");
        }
        assert_eq!(ask(address, "DELETE", &[], b"").status, 204);
        assert!(vault.is_empty().unwrap());
        assert_eq!(ask(address, "POST", &[], b"").status, 405);
    });
}

#[test]
fn a_download_that_broke_off_is_resumed() {
    served(|_, address| {
        let value = bytes(LEN);
        assert_eq!(ask(address, "PUT", &[], &value).status, 201);
        let mut copy = vec![0; 1_000_000];
        {
            let mut reader = send(address, "GET /movie HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(head(&mut reader).status, 200);
            reader.read_exact(&mut copy).unwrap();
        }
        while copy.len() < LEN {
            let to = (copy.len() + 1_234_567).min(LEN) - 1;
            let range = format!("bytes={}-{to}", copy.len());
            let part = ask(address, "GET", &[("Range", &range)], b"");
            assert_eq!(part.status, 206);
            copy.extend(part.body);
        }
        assert!(copy == value);
    });
}

#[test]
fn an_upload_that_broke_off_changes_nothing() {
    served(|vault, address| {
        assert_eq!(ask(address, "PUT", &[], b"old").status, 201);
        let mut socket = connect(address);
        write!(socket, "PUT /movie HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LEN}\r\n\r\n")
            .unwrap();
        socket.write_all(&bytes(LEN / 2)).unwrap();
        socket.shutdown(Shutdown::Both).unwrap();
        drop(socket);
        assert_eq!(ask(address, "GET", &[], b"").body, b"old");
        wait_until("nobody reads", || vault.stats().snapshots.is_empty());
    });
}

#[test]
fn an_upload_without_a_length_changes_nothing() {
    served(|_, address| {
        assert_eq!(ask(address, "PUT", &[], b"old").status, 201);
        for (headers, body) in [
            ("", "abc"),
            ("Content-Length:\r\n", "abc"),
            ("Content-Length: -5\r\n", "abc"),
            ("Content-Length: +3\r\n", "abc"),
            ("Content-Length: 3, 3\r\n", "abc"),
            ("Content-Length: 3\r\nContent-Length: 2\r\n", "abc"),
            ("Content-Length: 99999999999999999999\r\n", "abc"),
            ("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
            // These break off.
            ("Transfer-Encoding: chunked\r\n", "10\r\nabc"),
            ("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n5\r\n"),
        ] {
            let mut reader = send(
                address,
                &format!("PUT /movie HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}"),
            );
            reader.get_ref().shutdown(Shutdown::Write).unwrap();
            assert_eq!(head(&mut reader).status, 411, "{headers:?} {body:?}");
            assert_eq!(ask(address, "GET", &[], b"").body, b"old", "{headers:?} {body:?}");
        }
        // Nothing is a value too.
        assert_eq!(ask(address, "PUT", &[], b"").status, 201);
        let empty = ask(address, "GET", &[], b"");
        assert_eq!((empty.status, empty.header("Content-Length")), (200, Some("0")));
    });
}

/// What the server does with the rest of a body must not depend on how long that claims to be.
fn too_long(length: u64) {
    served(|_, address| {
        assert_eq!(ask(address, "PUT", &[], b"old").status, 201);
        // More than there are threads.
        for method in ["PUT", "PUT", "PUT", "PUT", "PUT", "GET", "DELETE", "POST"] {
            let mut reader = send(
                address,
                &format!(
                    "{method} /movie HTTP/1.1\r\nHost: localhost\r\n\
                     Content-Length: {length}\r\n\r\nabc"
                ),
            );
            let mut answer = head(&mut reader);
            if answer.status == 100 {
                answer = head(&mut reader);
            }
            assert_eq!(answer.status, 413, "{method}");
            assert!(answer.header("Content-Length").is_some(), "its end has to be known");
        }
        assert_eq!(ask(address, "PUT", &[], b"new").status, 201);
        assert_eq!(ask(address, "GET", &[], b"").body, b"new");
    });
}

#[test]
fn a_body_of_more_than_the_longest_value_is_refused() {
    too_long(1_000_000_000);
}

#[test]
fn a_body_of_more_than_any_memory_is_refused() {
    too_long(1_000_000_000_000_000);
}

#[test]
fn a_body_of_more_than_any_buffer_is_refused() {
    too_long(u64::MAX);
}

#[test]
fn uploads_that_stall_leave_downloads_alive() {
    served(|_, address| {
        assert_eq!(ask(address, "PUT", &[], b"old").status, 201);
        let stalled: Vec<_> = (0..4)
            .map(|_| {
                let mut reader = send(
                    address,
                    "PUT /movie HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\
                     Expect: 100-continue\r\n\r\n",
                );
                // Somebody reads it now.
                assert_eq!(head(&mut reader).status, 100);
                reader
            })
            .collect();
        assert_eq!(ask(address, "GET", &[], b"").body, b"old");
        drop(stalled);
        assert_eq!(ask(address, "PUT", &[], b"new").status, 201);
    });
}

#[test]
fn downloads_with_a_body_that_stalls_leave_others_alive() {
    served(|_, address| {
        assert_eq!(ask(address, "PUT", &[], b"old").status, 201);
        let stalled: Vec<_> = (0..4)
            .map(|_| {
                let mut reader = send(
                    address,
                    "GET /movie HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nabc",
                );
                assert_eq!(head(&mut reader).status, 200);
                reader
            })
            .collect();
        assert_eq!(ask(address, "GET", &[], b"").body, b"old");
        drop(stalled);
    });
}

#[test]
fn a_download_shows_one_version() {
    // More than the buffers of two sockets hold.
    const LONG: usize = 24_000_000;
    served(|vault, address| {
        vault.put_bytes("/movie", vec![1; LONG]).unwrap();
        let mut reader =
            send(address, "GET /movie HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(head(&mut reader).status, 200);
        vault.put_bytes("/movie", vec![2; LONG]).unwrap();
        assert_eq!(vault.stats().snapshots.len(), 1, "it is not read to its end");
        let mut value = Vec::new();
        reader.read_to_end(&mut value).unwrap();
        assert!(value == vec![1; LONG]);
        assert_eq!(ask(address, "GET", &[("Range", "bytes=0-1")], b"").body, [2, 2]);
    });
}

#[test]
fn a_key_is_the_path() {
    served(|vault, address| {
        assert_eq!(ask_for("/a%20b?q=1", address, "PUT", &[], b"1").status, 201);
        assert_eq!(ask_for("http://localhost/x://y?q", address, "PUT", &[], b"2").status, 201);
        assert_eq!(ask_for("http://localhost?q", address, "PUT", &[], b"3").status, 201);
        let keys: Vec<_> = vault.keys().map(Result::unwrap).collect();
        assert_eq!(keys, ["/", "/a%20b", "/x://y"].map(|key| key.as_bytes().to_vec()));
        for target in ["/a%20b", "/a%20b?", "/a%20b?q=2?", "http://localhost:80/a%20b?q"] {
            assert_eq!(ask_for(target, address, "GET", &[], b"").body, b"1", "{target}");
        }
        assert_eq!(ask_for("/x://y", address, "GET", &[], b"").body, b"2");
        // Nothing is decoded.
        assert_eq!(ask_for("/%61%20b", address, "GET", &[], b"").status, 404);
        assert_eq!(ask_for("https://localhost/x://y", address, "DELETE", &[], b"").status, 204);
    });
}

#[test]
fn a_range_is_for_get_only() {
    served(|_, address| {
        assert_eq!(ask(address, "PUT", &[], b"0123456789").status, 201);
        for range in ["bytes=1-2", "bytes=10-"] {
            let head = ask(address, "HEAD", &[("Range", range)], b"");
            assert_eq!((head.status, head.header("Content-Range")), (200, None));
            assert_eq!((head.header("Content-Length"), head.body.len()), (Some("10"), 0));
        }
    });
}
