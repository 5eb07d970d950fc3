//! axum on one thread of tokio.

use std::io;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = plain::listen()?;
        listener.set_nonblocking(true)?;
        let hello = Router::new().route("/", get(async || plain::HELLO));
        axum::serve(TcpListener::from_std(listener)?, hello).await
    })
}
