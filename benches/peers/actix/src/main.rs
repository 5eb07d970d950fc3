//! actix-web with one worker.

use std::io;
use std::time::Duration;

use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, rt, web};

/// As long as ours waits for the next request; five seconds by default.
const IDLE: Duration = Duration::from_mins(1);
/// Connections, enough for every scenario.
const CONNECTIONS_MAX: usize = 20_000;

fn main() -> io::Result<()> {
    let listener = plain::listen()?;
    let app = || App::new().route("/", web::get().to(hello));
    rt::System::new().block_on(
        HttpServer::new(app)
            .workers(1)
            .max_connections(CONNECTIONS_MAX)
            .keep_alive(IDLE)
            .listen(listener)?
            .run(),
    )
}

async fn hello() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(plain::HELLO)
}
