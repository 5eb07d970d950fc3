//! nginx as it is compared: one worker, no log, connections that last.
//!
//! What it serves is set up as a good operator would: files are kept open, and
//! looked at again once a minute (ours does each second). `tcp_nopush` stays off:
//! here it costs 5 µs more for 100 kB, and a small file costs least without
//! `sendfile`, which is measured as well. TLS is of version 1.3.

use std::fs;
use std::io;
use std::path::Path;

use crate::http::answer::{BUSY, HELLO};
use crate::http::service::{Service, Site};
use crate::http::wire::certificate;

/// Writes the configuration, with some words of its own, into the directory of the site, and gives the words of the command line.
///
/// # Errors
///
/// When the file cannot be written.
pub fn configure(site: &Site, words: &[&str]) -> io::Result<Vec<String>> {
    let directory = site.directory.path();
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration(site, words))?;
    let words = ["-e", "stderr", "-p"].map(str::to_owned);
    let paths = [directory, Path::new("-c"), &file].map(|path| path.display().to_string());
    Ok(words.into_iter().chain(paths).collect())
}

/// Gives what one server block has to say, with the words behind the port.
fn server(site: &Site) -> (&'static str, String) {
    match site.service {
        Service::Hello => ("", hello()),
        Service::Refusals => ("", refusals()),
        Service::Files => ("", files(site)),
        Service::Secured => (" ssl", secured()),
    }
}

fn hello() -> String {
    format!(r#"location / {{ return 200 "{HELLO}"; }}"#)
}

fn refusals() -> String {
    let busy = BUSY.trim_end();
    format!(r#"location / {{ return 503 "{busy}\n"; }}"#)
}

fn files(site: &Site) -> String {
    let root = site.documents.path().display();
    format!(
        "root {root};
        open_file_cache max=1000 inactive=60s;
        open_file_cache_valid 60s;"
    )
}

fn secured() -> String {
    let hello = hello();
    let [chain, key] = ["server.pem", "server.key"].map(certificate);
    let (chain, key) = (chain.display(), key.display());
    format!(
        "{hello}
        ssl_certificate {chain};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.3;
        ssl_session_cache shared:tls:10m;"
    )
}

fn configuration(site: &Site, words: &[&str]) -> String {
    let (directory, port) = (site.directory.path().display(), site.port);
    let (ssl, server) = server(site);
    let words = words.join(" ");
    format!(
        "daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    {words}
    default_type text/plain;
    keepalive_requests 1000000000;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024{ssl};
        {server}
    }}
}}
"
    )
}
