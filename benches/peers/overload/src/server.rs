//! The servers that there are, each with what it is made of.

use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;

use seda_core::Plan;

use crate::burn::Work;
use crate::options::Options;
use crate::stacks::{self, Stack};
use crate::{nginx, ours, threads};

/// Says which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Ours, with a target.
    Seda,
    /// Ours, as the architecture of 2001.
    SedaClassic,
    /// axum, under one of tower's stacks.
    Axum(Stack),
    /// A thread for each connection.
    Threads,
    /// A thread for each of so many connections.
    Cap,
    /// nginx before a thread for each connection.
    Nginx,
    /// The same with a limit.
    NginxLimit,
}

/// Says what a server is.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Which it is.
    pub server: Server,
    /// What it is made of, in a few words.
    pub text: &'static str,
}

const fn about(name: &'static str, server: Server, text: &'static str) -> About {
    About { name, server, text }
}

/// All servers.
pub const SERVERS: [About; 15] = [
    about("seda", Server::Seda, "ours: one stage with a target"),
    about(
        "seda-classic",
        Server::SedaClassic,
        "ours by the plan of 2001: a thread pool for the stage, no target",
    ),
    about(
        "axum-inline",
        Server::Axum(Stack::Inline),
        "axum; the handler burns where it is",
    ),
    about(
        "axum-blocking",
        Server::Axum(Stack::Blocking),
        "axum; `spawn_blocking`, up to 512 threads",
    ),
    about(
        "axum-timeout",
        Server::Axum(Stack::Timeout),
        "that, and tower's timeout: 504 after `--timeout`",
    ),
    about(
        "axum-limit-clone",
        Server::Axum(Stack::LimitClone),
        "that, and load shedding above a limit of each connection",
    ),
    about(
        "axum-limit",
        Server::Axum(Stack::Limit),
        "one limit for all, tuned by hand; a thread per worker burns",
    ),
    about(
        "axum-aimd",
        Server::Axum(Stack::Aimd),
        "tower-resilience's limit by AIMD with `--target`, shedding",
    ),
    about(
        "axum-vegas",
        Server::Axum(Stack::Vegas),
        "tower-resilience's limit by Vegas, shedding",
    ),
    about(
        "axum-gradient2",
        Server::Axum(Stack::Gradient2),
        "tower-resilience's limit by Gradient2, shedding",
    ),
    about(
        "axum-aimd-queueing",
        Server::Axum(Stack::AimdQueueing),
        "the AIMD limit as its documentation has it: who is above it waits",
    ),
    about("threads", Server::Threads, "a thread for each connection"),
    about(
        "cap",
        Server::Cap,
        "a thread for each of `--limit` connections; others wait outside",
    ),
    about("nginx", Server::Nginx, "nginx before `threads`"),
    about(
        "nginx-limit",
        Server::NginxLimit,
        "that with `limit_conn`: 503 above `--limit` requests at once",
    ),
];

/// Serves until the process is ended, and says where on standard output.
///
/// # Errors
///
/// When it cannot listen, or something that serving needs is not to be had.
pub fn serve(options: &Options, work: Arc<Work>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let plan = match options.server {
        Server::Seda => Plan::default().workers(options.workers),
        Server::SedaClassic => Plan::seda_classic().workers(options.workers),
        Server::Axum(stack) => {
            return Ok(stacks::serve(
                announced(options.port)?,
                stack,
                options,
                work,
            )?);
        }
        Server::Threads => return Ok(threads::serve_all(&announced(options.port)?, &work)?),
        Server::Cap => {
            let listener = announced(options.port)?;
            return Ok(threads::serve_some(&listener, options.limit, &work)?);
        }
        Server::Nginx | Server::NginxLimit => return Ok(nginx::serve(options, work)?),
    };
    let target = (options.server == Server::Seda).then_some(options.target);
    ours::serve(options.port, ours::Terms { plan, target }, work)
}

/// Listens, from when on connections wait, and says where.
fn announced(port: u16) -> std::io::Result<TcpListener> {
    let listener = plain::listen_on(port)?;
    println!("listening on {}", listener.local_addr()?);
    Ok(listener)
}
