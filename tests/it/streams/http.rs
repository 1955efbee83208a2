//! The example of an HTTP server, from the other side of a socket.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    thread,
};

use kvault::KVault;
use tiny_http::Server;

use super::bytes;
use crate::support::{Place, wait_until};

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

fn ask(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "{method} /movie HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").unwrap();
    for (name, value) in headers {
        write!(socket, "{name}: {value}\r\n").unwrap();
    }
    if method == "PUT" {
        write!(socket, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    socket.write_all(b"\r\n").unwrap();
    socket.write_all(body).unwrap();
    let mut reader = BufReader::new(socket);
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
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    Answer { status, headers, body }
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
        // Each wakes one thread.
        for _ in 0..4 {
            server.unblock();
        }
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
            let mut socket = TcpStream::connect(address).unwrap();
            socket.write_all(b"GET /movie HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut reader = BufReader::new(socket);
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
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
        let mut socket = TcpStream::connect(address).unwrap();
        write!(socket, "PUT /movie HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LEN}\r\n\r\n")
            .unwrap();
        socket.write_all(&bytes(LEN / 2)).unwrap();
        socket.shutdown(Shutdown::Both).unwrap();
        drop(socket);
        assert_eq!(ask(address, "GET", &[], b"").body, b"old");
        wait_until("nobody reads", || vault.stats().snapshots.is_empty());
    });
}
