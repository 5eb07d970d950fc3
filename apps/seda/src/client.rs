//! Asks a running server, and prints what it answers.

use std::io::{self, Write};

use seda_io::http::{Client, ClientError, Method, Request, Response, StatusCode, Target};
use seda_stages::job::id::{InvalidJobId, JobId};
use serde_json::{Value, json};

use crate::args::address::ServerAddress;
use crate::args::{Action, Graph, Job, Limits, Output, Picture};
use crate::exit::Exit;
use crate::print;
use crate::tell;

/// Why there is nothing to print, and what the shell is told.
#[derive(Debug)]
pub struct Refused {
    exit: Exit,
    what: String,
}

impl Refused {
    fn new(exit: Exit, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { exit, what }
    }

    /// Prints why, and gives what the shell is told.
    pub fn tell(&self) -> Exit {
        tell::line(&self.what);
        self.exit
    }
}

impl From<ClientError> for Refused {
    fn from(error: ClientError) -> Self {
        let exit = match error {
            ClientError::Unreachable { .. }
            | ClientError::Exchange(_)
            | ClientError::Malformed(_) => Exit::Unreachable,
            ClientError::TooLarge { .. } | ClientError::Sink(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Failed, format!("cannot write the answer: {error}"))
    }
}

/// Asks about jobs.
///
/// # Blocking
///
/// Until the server has answered.
///
/// # Errors
///
/// When it cannot be reached, or answers that it will not.
pub fn job(job: &Job) -> Result<(), Refused> {
    let server = Server::new(&job.server);
    match &job.action {
        Action::Submit { name, command } => {
            let description = description(name.as_deref(), command);
            let answer = server.send(Method::Post, "/jobs", description)?;
            print::submitted(&answer, job.output)?;
        }
        Action::List => {
            let answer = server.send(Method::Get, "/jobs?limit=1000", Vec::new())?;
            print::list(&answer, job.output)?;
        }
        Action::Status(id) => {
            let answer = server.send(Method::Get, &path(id, "")?, Vec::new())?;
            print::status(&answer, job.output)?;
        }
        Action::Cancel(id) => {
            let answer = server.send(Method::Delete, &path(id, "")?, Vec::new())?;
            print::cancelled(&answer, job.output)?;
        }
        Action::Logs(id) if job.output == Output::Json => {
            let stdout = server.read(&path(id, "/stdout")?)?;
            let stderr = server.read(&path(id, "/stderr")?)?;
            print::json(&json!({
                "stdout": String::from_utf8_lossy(&stdout),
                "stderr": String::from_utf8_lossy(&stderr),
            }))?;
        }
        Action::Logs(id) => {
            server.stream(&path(id, "/stdout")?, &mut io::stdout())?;
            server.stream(&path(id, "/stderr")?, &mut io::stderr())?;
        }
    }
    Ok(())
}

/// Asks for the picture of the stages.
///
/// # Blocking
///
/// Until the server has answered.
///
/// # Errors
///
/// As for [`job`].
pub fn graph(graph: &Graph) -> Result<(), Refused> {
    let form = match graph.picture {
        Picture::Svg => "svg",
        Picture::Dot => "dot",
        Picture::Mermaid => "mermaid",
        Picture::Json => "json",
    };
    let server = Server::new(&graph.server);
    server.stream(&format!("/graph?format={form}"), &mut io::stdout())
}

/// Asks what limits the server.
///
/// # Blocking
///
/// Until the server has answered.
///
/// # Errors
///
/// As for [`job`].
pub fn bottleneck(limits: &Limits) -> Result<(), Refused> {
    let server = Server::new(&limits.server);
    if limits.output == Output::Json {
        print::json(&server.send(Method::Get, "/bottleneck", Vec::new())?)?;
        return Ok(());
    }
    server.stream("/bottleneck?format=text", &mut io::stdout())
}

/// The job that a command line describes.
fn description(name: Option<&str>, command: &[String]) -> Vec<u8> {
    let (executable, arguments) = match command {
        [executable, arguments @ ..] => (executable.as_str(), arguments),
        [] => ("", command),
    };
    let mut description = json!({"executable": executable, "arguments": arguments});
    if let (Some(name), Some(members)) = (name, description.as_object_mut()) {
        members.insert("name".to_owned(), name.into());
    }
    description.to_string().into_bytes()
}

/// The path of what belongs to a job. An id is read first: what is none must not lead elsewhere.
fn path(id: &str, below: &str) -> Result<String, Refused> {
    let id: JobId = id
        .parse()
        .map_err(|error: InvalidJobId| Refused::new(Exit::Usage, error.to_string()))?;
    Ok(format!("/jobs/{id}{below}"))
}

/// The server that is asked.
struct Server {
    client: Client,
}

impl Server {
    fn new(address: &ServerAddress) -> Self {
        let text = address.to_string();
        let authority = text.strip_prefix("http://").unwrap_or(&text);
        Self {
            client: Client::new(authority),
        }
    }

    /// Sends a request and reads the answer's JSON.
    fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, Refused> {
        let answer = self.client.send(&request(method, path)?.with_body(body))?;
        let body = accepted(answer)?.into_body();
        serde_json::from_slice(&body).map_err(|error| {
            Refused::new(Exit::Unreachable, format!("the answer is no JSON: {error}"))
        })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Refused> {
        let mut read = Vec::new();
        self.stream(path, &mut read)?;
        Ok(read)
    }

    fn stream(&self, path: &str, to: &mut dyn Write) -> Result<(), Refused> {
        accepted(self.client.stream(&request(Method::Get, path)?, to)?)?;
        Ok(to.flush()?)
    }
}

fn request(method: Method, path: &str) -> Result<Request, Refused> {
    let target = Target::parse(path);
    let target = target.ok_or_else(|| Refused::new(Exit::Usage, format!("`{path}` is no path")))?;
    Ok(Request::new(method, target))
}

/// Gives the answer if it is a good one; otherwise what it says.
fn accepted(answer: Response) -> Result<Response, Refused> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let exit = match status {
        StatusCode::NOT_FOUND => Exit::NotFound,
        _ => Exit::Failed,
    };
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let message = body.get("message").and_then(Value::as_str);
    let message = message.map_or_else(|| format!("the server answered {status}"), str::to_owned);
    Err(Refused::new(exit, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_becomes_a_description_that_the_server_reads() {
        let words = ["sh", "-c", "echo \"$1\"", "--", "é"].map(String::from);
        let job = seda_stages::describe::json::parse(&description(Some("n"), &words)).unwrap();
        assert_eq!(job.identification.job_name.as_deref(), Some("n"));
        let executable = job.application.executable;
        assert_eq!(
            (executable.path.as_str(), executable.argument.len()),
            ("sh", 4)
        );
    }

    #[test]
    fn an_id_leads_nowhere_else() {
        assert_eq!(path("7", "/stdout").unwrap(), "/jobs/job-7/stdout");
        for id in ["7/stdout", "../metrics", "7?x", ""] {
            assert_eq!(path(id, "").unwrap_err().exit, Exit::Usage, "{id}");
        }
    }
}
