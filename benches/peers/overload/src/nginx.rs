//! nginx before a slow backend: our server of a thread for each connection.
//!
//! The backend is in this process, so that it takes the same orders as every
//! other server. nginx is a child, which the system ends when this process does.

use std::env;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::burn::Work;
use crate::options::Options;
use crate::server::Server;
use crate::threads;

/// Where Debian puts nginx, which is not in everybody's path.
const FURTHER: &str = "/usr/sbin";
/// How long nginx may take to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether it has.
const GLANCE: Duration = Duration::from_millis(5);

/// Serves on the port, until the process is ended.
///
/// # Errors
///
/// When nginx is not to be had, or ends.
pub fn serve(options: &Options, work: Arc<Work>) -> io::Result<()> {
    let backend = plain::listen_on(0)?;
    let behind = backend.local_addr()?.port();
    thread::Builder::new().spawn(move || threads::serve_all(&backend, &work))?;
    let port = match options.port {
        0 => plain::listen_on(0)?.local_addr()?.port(),
        port => port,
    };
    let directory = tempfile::tempdir()?;
    let text = configuration(directory.path(), options, [port, behind]);
    let mut nginx = start(directory.path(), &text)?;
    await_listener(&mut nginx, port)?;
    // It has read what it needs there, and never has so much to send on that it
    // would write it to a file; this process will have no time to clean up.
    drop(directory);
    println!("listening on 127.0.0.1:{port}");
    Err(io::Error::other(format!("nginx ended: {}", nginx.wait()?)))
}

fn start(directory: &Path, text: &str) -> io::Result<Child> {
    let file = directory.join("nginx.conf");
    fs::write(&file, text)?;
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":");
    path.push(FURTHER);
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "TERM", "nginx", "-e", "stderr", "-p"])
        .arg(directory)
        .arg("-c")
        .arg(file)
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.spawn().map_err(|error| {
        let text = format!("setpriv: {error}; run `apt-get install util-linux nginx-light`");
        io::Error::new(error.kind(), text)
    })
}

fn await_listener(nginx: &mut Child, port: u16) -> io::Result<()> {
    let began = Instant::now();
    loop {
        if let Some(status) = nginx.try_wait()? {
            let text = format!("nginx does not start: {status}; `apt-get install nginx-light`?");
            return Err(io::Error::other(text));
        }
        match TcpStream::connect(("127.0.0.1", port)) {
            Err(_) if began.elapsed() < PATIENCE => thread::sleep(GLANCE),
            connected => return connected.map(drop),
        }
    }
}

/// Writes what a good operator would: connections to the backend are kept, and
/// nothing is tried twice.
fn configuration(directory: &Path, options: &Options, [port, behind]: [u16; 2]) -> String {
    let (directory, workers) = (directory.display(), options.workers);
    let limit = match options.server {
        Server::NginxLimit => format!("limit_conn all {};", options.limit),
        _ => String::new(),
    };
    format!(
        "daemon off;
worker_processes {workers};
pid {directory}/nginx.pid;
error_log stderr emerg;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    limit_conn_zone $server_name zone=all:1m;
    limit_conn_status 503;
    upstream backend {{
        server 127.0.0.1:{behind};
        keepalive 1024;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        server_name overload;
        {limit}
        location / {{
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_next_upstream off;
        }}
    }}
}}
"
    )
}
