//! Files of a directory over real sockets: whole, in part, changed, gone, and out of bounds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Clock, Graph, Plan};
use seda_io::http::{Files, Limits, StaticFiles};
use serving::{Answer, Raw, Serving, serve_in};

/// A directory of its own for one test.
struct Tree(PathBuf);

impl Tree {
    fn new() -> Self {
        static TREES: AtomicUsize = AtomicUsize::new(0);
        let n = TREES.fetch_add(1, Ordering::Relaxed);
        let name = format!("files-{}-{n}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(path.join("root")).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join("root").join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), bytes).unwrap();
    }

    /// Serves the directory by a clock that stands still.
    fn serve(&self) -> Site {
        let kept = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&kept);
        let files = StaticFiles::of(self.at("")).unwrap();
        let clock = Clock::manual();
        let graph = Graph::new("test").with_clock(clock.clone());
        let plan = Plan::default().workers(1);
        let serving = serve_in(graph, plan, Limits::default(), move |graph| {
            let files = files.attach(graph, "files");
            let stage = files.stage.clone();
            *slot.lock() = Some(files);
            stage
        });
        let files = kept.lock().take().unwrap();
        Site {
            serving,
            files,
            clock,
        }
    }
}

/// A directory that is served.
struct Site {
    serving: Serving,
    files: Files,
    clock: Clock,
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn get(client: &mut Raw, path: &str, fields: &str) -> Answer {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
    match fields {
        _ if fields.contains("If-None-Match") => client.answer_without_body(),
        _ => client.answer(),
    }
}

/// Bytes of which no two stretches are alike.
fn pattern(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes());
    words.take(len).collect()
}

#[test]
fn files_are_answered_whole_with_type_and_state() {
    let tree = Tree::new();
    let rows = [
        ("a.html", 100, "text/html; charset=utf-8"),
        ("b/c.css", 32 * 1024, "text/css; charset=utf-8"),
        ("large.png", 32 * 1024 + 1, "image/png"),
        ("huge.bin", 10_000_000, "application/octet-stream"),
        ("empty", 0, "application/octet-stream"),
    ];
    for (name, len, _) in rows {
        tree.write(name, &pattern(len));
    }
    let site = tree.serve();
    let mut client = site.serving.connect();
    for _ in 0..2 {
        for (name, len, media_type) in rows {
            let answer = get(&mut client, &format!("/{name}"), "");
            assert_eq!(answer.status, 200, "{name}");
            assert!(
                answer.body == pattern(len),
                "{name}: {} bytes",
                answer.body.len()
            );
            assert_eq!(answer.header("content-type"), Some(media_type));
            assert!(answer.header("last-modified").is_some(), "{}", answer.head);
            let tag = answer.header("etag").unwrap().to_owned();
            let fields = format!("If-None-Match: {tag}\r\n");
            let known = get(&mut client, &format!("/{name}"), &fields);
            assert_eq!((known.status, known.header("etag")), (304, Some(&*tag)));
        }
    }
    let counts = site.files.counts();
    assert_eq!((counts.misses, counts.hits), (5, 15), "{counts:?}");
    drop(client);
    site.serving.end();
}

#[test]
fn parts_of_files_are_those_that_were_asked_for() {
    let tree = Tree::new();
    for (name, len) in [("small", 1_000), ("large", 100_000)] {
        let whole = pattern(len);
        tree.write(name, &whole);
        let site = tree.serve();
        let mut client = site.serving.connect();
        let path = format!("/{name}");
        let one = get(&mut client, &path, "Range: bytes=10-19\r\n");
        assert_eq!((one.status, &one.body[..]), (206, &whole[10..20]));
        let place = format!("bytes 10-19/{len}");
        assert_eq!(one.header("content-range"), Some(&*place));
        let last = get(&mut client, &path, "Range: bytes=-7\r\n");
        assert_eq!((last.status, &last.body[..]), (206, &whole[len - 7..]));
        let none = get(&mut client, &path, "Range: bytes=100000-\r\n");
        let place = format!("bytes */{len}");
        assert_eq!(
            (none.status, none.header("content-range")),
            (416, Some(&*place))
        );
        let two = get(&mut client, &path, "Range: bytes=0-1,500-502\r\n");
        let media_type = two.header("content-type").unwrap();
        let boundary = media_type.split("boundary=").nth(1).unwrap();
        let mut expected = Vec::new();
        for (place, bytes) in [("0-1", &whole[0..2]), ("500-502", &whole[500..503])] {
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {place}/{len}\r\n\r\n"
            );
            expected.extend([head.as_bytes(), bytes].concat());
        }
        expected.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        assert_eq!((two.status, two.body == expected), (206, true));
        drop(client);
        site.serving.end();
    }
}

#[test]
fn a_head_request_has_the_same_head_and_no_body() {
    let tree = Tree::new();
    tree.write("a.txt", b"hello");
    let site = tree.serve();
    let mut client = site.serving.connect();
    client.send("HEAD /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\n");
    let head = client.answer_without_body();
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("5"))
    );
    client.send("POST /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    let post = client.answer();
    assert_eq!(
        (post.status, post.header("allow")),
        (405, Some("GET, HEAD"))
    );
    drop(client);
    site.serving.end();
}

#[test]
fn a_directory_is_its_index_and_has_a_slash() {
    let tree = Tree::new();
    tree.write("manual/index.html", b"<p>read me");
    tree.write("bare/file", b"x");
    let site = tree.serve();
    let mut client = site.serving.connect();
    let moved = get(&mut client, "/manual?page=1", "");
    let location = moved.header("location");
    assert_eq!((moved.status, location), (301, Some("/manual/?page=1")));
    assert_eq!(get(&mut client, "/manual/", "").body, b"<p>read me");
    for path in ["/", "/bare/", "/manual/index.html/", "/nothing"] {
        assert_eq!(get(&mut client, path, "").status, 404, "{path}");
    }
    drop(client);
    site.serving.end();
}

#[test]
fn nothing_outside_the_directory_is_served() {
    let tree = Tree::new();
    fs::write(tree.0.join("secret"), b"secret").unwrap();
    tree.write("inside", b"inside");
    tree.write(".hidden", b"hidden");
    symlink("../secret", tree.at("relative")).unwrap();
    symlink(tree.0.join("secret"), tree.at("absolute")).unwrap();
    symlink("..", tree.at("up")).unwrap();
    symlink("inside", tree.at("link")).unwrap();
    symlink("circle", tree.at("circle")).unwrap();
    let pipe = tree.at("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let site = tree.serve();
    let mut client = site.serving.connect();
    assert_eq!(get(&mut client, "/link", "").body, b"inside");
    let paths = [
        "/relative",
        "/absolute",
        "/up/secret",
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/.hidden",
        "/circle",
        "/pipe",
        "//etc/passwd",
    ];
    for path in paths {
        let answer = get(&mut client, path, "");
        assert_eq!(answer.status, 404, "{path}: {:?}", answer.body);
    }
    assert_eq!(get(&mut client, "/a%", "").status, 400);
    assert_eq!(site.files.counts().failed, 0);
    drop(client);
    site.serving.end();
}

#[test]
fn a_change_is_seen_after_a_second_and_a_file_that_is_gone_too() {
    let tree = Tree::new();
    tree.write("a", b"old");
    let site = tree.serve();
    let mut client = site.serving.connect();
    assert_eq!(get(&mut client, "/a", "").body, b"old");
    tree.write("a", b"new!");
    assert_eq!(
        get(&mut client, "/a", "").body,
        b"old",
        "not looked at again"
    );
    site.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&mut client, "/a", "").body, b"new!");
    fs::remove_file(tree.at("a")).unwrap();
    assert_eq!(get(&mut client, "/a", "").body, b"new!");
    site.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&mut client, "/a", "").status, 404);
    drop(client);
    site.serving.end();
}

#[test]
fn a_file_cut_short_while_it_is_sent_ends_its_connection_and_no_other() {
    const LEN: usize = 40_000_000;
    let tree = Tree::new();
    tree.write("cut", &pattern(LEN));
    tree.write("other", b"other");
    let site = tree.serve();
    let mut slow = site.serving.connect();
    slow.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = slow.answer_without_body();
    assert_eq!(head.header("content-length"), Some(&*LEN.to_string()));
    let cut = OpenOptions::new().write(true).open(tree.at("cut")).unwrap();
    cut.set_len(1_000).unwrap();
    let mut rest = Vec::new();
    let end = slow.0.read_to_end(&mut rest);
    assert!(end.is_err() || rest.len() < LEN, "{} bytes", rest.len());
    site.serving
        .until("it is counted", |figures| figures.cut_short == 1);
    let mut other = site.serving.connect();
    assert_eq!(get(&mut other, "/other", "").body, b"other");
    drop((slow, other));
    site.serving.end();
}

#[test]
fn a_root_that_is_no_directory_is_said_at_once() {
    let tree = Tree::new();
    tree.write("file", b"");
    assert!(StaticFiles::of(tree.at("nothing")).is_err());
    assert!(StaticFiles::of(tree.at("file")).is_err());
    assert!(File::open(tree.at("file")).is_ok());
}
