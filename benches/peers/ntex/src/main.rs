//! ntex with one worker, on tokio.

use std::io;

use ntex::web::{self, App, HttpResponse, HttpServer};

/// Connections, enough for every scenario.
const CONNECTIONS_MAX: usize = 20_000;

#[ntex::main]
async fn main() -> io::Result<()> {
    let listener = plain::listen()?;
    HttpServer::new(async || App::new().route("/", web::get().to(hello)))
        .workers(1)
        .maxconn(CONNECTIONS_MAX)
        .listen(listener)?
        .run()
        .await
}

async fn hello() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain")
        .body(plain::HELLO)
}
