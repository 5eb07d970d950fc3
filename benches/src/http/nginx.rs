//! nginx as it is compared: one worker, no log, connections that last.
//!
//! Static files and TLS get their `location` and their `listen` here.

use std::fs;
use std::io;
use std::path::Path;

use crate::http::answer::HELLO;

/// Writes the configuration into `directory`, and gives the words of the command line.
///
/// # Errors
///
/// When the file cannot be written.
pub fn configure(directory: &Path, port: u16) -> io::Result<Vec<String>> {
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration(directory, port))?;
    let words = ["-e", "stderr", "-p"].map(str::to_owned);
    let paths = [directory, Path::new("-c"), &file].map(|path| path.display().to_string());
    Ok(words.into_iter().chain(paths).collect())
}

fn configuration(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    format!(
        r#"daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    default_type text/plain;
    keepalive_requests 1000000000;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ return 200 "{HELLO}"; }}
    }}
}}
"#
    )
}
