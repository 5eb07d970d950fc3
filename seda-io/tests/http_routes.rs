//! Requests find the stage of their method and path, or are told what there is.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::sync::Arc;
use std::sync::mpsc::channel;

use parking_lot::Mutex;
use seda_core::{Graph, Stage};
use seda_io::http::{Exchange, Limits, Method, Response, Routes, StatusCode};
use serving::{Answer, Raw, serve};

/// Adds a stage that says its name and what the path says.
fn told(graph: &mut Graph, name: &'static str) -> Stage<Exchange> {
    graph.stage(name).queue(1).each(move |exchange: Exchange| {
        let value = |name: &str| exchange.param(name).unwrap_or("-").to_owned();
        let text = format!("{name} {} {}", value("id"), value("rest"));
        exchange.respond(Response::text(StatusCode::OK, text));
        Ok(())
    })
}

fn routed(graph: &mut Graph) -> Stage<Exchange> {
    let [list, submit, show, latest, files] =
        ["list", "submit", "show", "latest", "files"].map(|name| told(graph, name));
    Routes::new()
        .to(Method::Get, "/jobs", &list)
        .and_then(|routes| routes.to(Method::Post, "/jobs", &submit))
        .and_then(|routes| routes.to(Method::Get, "/jobs/{id}", &show))
        .and_then(|routes| routes.to(Method::Get, "/jobs/latest", &latest))
        .and_then(|routes| routes.to(Method::Get, "/files/{*rest}", &files))
        .unwrap()
        .attach(graph, "route")
}

fn ask(client: &mut Raw, method: &str, path: &str) -> Answer {
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    match method {
        "HEAD" => client.answer_without_body(),
        _ => client.answer(),
    }
}

#[test]
fn method_and_path_decide_which_stage_answers() {
    let serving = serve(Limits::default(), routed);
    let mut client = serving.connect();
    let rows = [
        ("GET", "/jobs", 200, "list - -"),
        ("GET", "/jobs?state=failed", 200, "list - -"),
        ("POST", "/jobs", 200, "submit - -"),
        ("GET", "/jobs/7", 200, "show 7 -"),
        ("GET", "/jobs/a%20b%2Fc", 200, "show a b/c -"),
        ("GET", "/jobs/latest", 200, "latest - -"),
        ("GET", "/files/a/b.txt", 200, "files - a/b.txt"),
        ("HEAD", "/jobs", 200, ""),
        (
            "GET",
            "/jobs/%ff",
            400,
            "the path is not sound: % and UTF-8\n",
        ),
        (
            "GET",
            "/jobs/%4",
            400,
            "the path is not sound: % and UTF-8\n",
        ),
        ("GET", "/", 404, "there is nothing of that name\n"),
        ("GET", "/jobs/", 404, "there is nothing of that name\n"),
        ("GET", "/jobs/7/x", 404, "there is nothing of that name\n"),
        ("PUT", "/jobs", 405, "not with this method\n"),
        ("OPTIONS", "*", 204, ""),
    ];
    for (method, path, status, body) in rows {
        let answer = ask(&mut client, method, path);
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!((answer.status, &*text), (status, body), "{method} {path}");
    }
    let refused = ask(&mut client, "DELETE", "/jobs");
    assert_eq!(refused.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
    let options = ask(&mut client, "OPTIONS", "/jobs/7");
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(options.status, 204);
    drop(client);
    serving.end();
}

#[test]
fn a_full_stage_is_said_to_be_busy() {
    let (tell, in_hand) = channel();
    let (let_go, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let serving = serve(Limits::default(), |graph| {
        let slow = graph.stage("slow").queue(1).blocking(1..=1);
        let slow = slow.each(move |exchange: Exchange| {
            tell.send(())?;
            gate.lock().recv()?;
            exchange.respond(Response::text(StatusCode::OK, "at last"));
            Ok(())
        });
        let routes = Routes::new().to(Method::Get, "/", &slow).unwrap();
        routes.attach(graph, "route")
    });
    let mut clients = [(); 3].map(|()| serving.connect());
    let [first, others @ ..] = &mut clients;
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    in_hand.recv().unwrap();
    // One of these waits, and there is no room for the other.
    for client in others {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    serving.until("one is refused", |figures| figures.answers == 1);
    (0..2).for_each(|_| let_go.send(()).unwrap());
    let mut answers = clients.each_mut().map(Raw::answer);
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(
        answers.each_ref().map(|answer| answer.status),
        [200, 200, 503]
    );
    let [.., busy] = &answers;
    assert_eq!(busy.header("retry-after"), Some("1"));
    drop(clients);
    serving.end();
}

#[test]
fn a_route_that_cannot_be_is_named() {
    let mut graph = Graph::new("routes");
    let stage = told(&mut graph, "stage");
    let routes = || Routes::new().to(Method::Get, "/a/{id}", &stage).unwrap();
    let rows = [
        (
            routes().to(Method::Get, "/a/{id}", &stage),
            "route `GET /a/{id}`: there is such",
        ),
        (
            routes().to(Method::Get, "/a/{name}", &stage),
            "route `GET /a/{name}`: ",
        ),
        (
            routes().to(Method::Get, "b", &stage),
            "route `GET b`: a path begins",
        ),
        (routes().to(Method::Get, "/{", &stage), "route `GET /{`: "),
    ];
    for (routes, expected) in rows {
        let error = routes.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(routes().to(Method::Post, "/a/{id}", &stage).is_ok());
}
