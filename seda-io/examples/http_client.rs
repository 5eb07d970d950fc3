//! Fetches what a URL names and prints it.
//!
//! `http_client https://example.org/` trusts the authorities of the system. Without
//! a URL it starts a server of its own, and fetches from that.

use std::io::Write;
use std::sync::mpsc::channel;
use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{
    Answered, ClientLimits, Exchange, HttpClient, HttpServer, Limits, Method, Origin, Request,
    Response, StatusCode, Target,
};
use seda_io::net::Names;
use seda_io::tls::TlsClient;

/// Adds a server that greets, and gives its URL.
fn greeter(graph: &mut Graph) -> Result<String, BoxError> {
    let greet = graph.stage("greet").each(|exchange: Exchange| {
        exchange.respond(Response::text(StatusCode::OK, "hello\n"));
        Ok(())
    });
    let server = HttpServer::bind("127.0.0.1:0", Limits::default())?;
    let port = server
        .local_address()
        .ip()
        .map_or(0, |address| address.port());
    let url = format!("http://localhost:{port}/");
    server.attach(graph, "http", &greet);
    Ok(url)
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("http_client");
    Reactor::install(&mut graph);
    let url = match std::env::args().nth(1) {
        Some(url) => url,
        None => greeter(&mut graph)?,
    };
    let target = Target::parse(&url).ok_or("this is no URL")?;
    let origin = Origin::of(&target).ok_or("this URL names no server")?;

    let (tell, told) = channel();
    let answers = graph.stage("answers").each(move |answered: Answered<()>| {
        tell.send(answered.result)?;
        Ok(())
    });
    let names = Names::attach(&mut graph, "names");
    let mut client = HttpClient::new(ClientLimits::default()).with_names(&names);
    if origin.is_secure() {
        client = client.with_tls(TlsClient::system()?);
    }
    let caller = client.attach(&mut graph, "client", &answers);

    let running = graph.start(Plan::default())?;
    caller.send(&origin, Request::new(Method::Get, target), ())?;
    let outcome = told.recv()?;
    eprint!("{}", running.drain(Duration::from_secs(5))?);
    let response = outcome?;
    eprintln!("{}\n{:?}", response.status(), response.headers());
    std::io::stdout().write_all(response.body())?;
    Ok(())
}
