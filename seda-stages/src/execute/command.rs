//! What a process is started with: program, arguments, environment.
//!
//! # Sources
//!
//! OMERO's Processor, `make_env` and `command`: a whitelist of variables from
//! the server's environment, plus variables that are forced.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::job::description::JobDescription;
use crate::job::id::JobId;

use super::directory::JobDirectory;

/// Variables that a job inherits from the server if the server has them;
/// all others, secrets among them, stay with the server.
pub const INHERITED: [&str; 11] = [
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TZ",
    "USER",
];

/// Variables that every job has, whatever its description says.
pub mod forced {
    /// The job's id in its text form.
    pub const JOB_ID: &str = "SEDA_JOB_ID";
    /// The job's private directory, which is also where it starts.
    pub const JOB_DIRECTORY: &str = "SEDA_JOB_DIRECTORY";
    /// How many CPU slots the job has.
    pub const SLOTS: &str = "SEDA_SLOTS";
}

/// All that a process is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// With a `/` a path, seen from the job's directory; without one a name
    /// that is looked for along the `PATH` of `environment`.
    pub program: OsString,
    /// The arguments after the program's own name.
    pub arguments: Vec<OsString>,
    /// The whole environment: nothing else is inherited.
    pub environment: BTreeMap<OsString, OsString>,
}

impl CommandLine {
    /// Works out what the job's process is started with, out of the server's
    /// environment as it is given.
    ///
    /// Forced variables go before those of the description, and these before
    /// inherited ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ffi::OsStr;
    /// use seda_stages::describe::json;
    /// use seda_stages::execute::command::CommandLine;
    /// use seda_stages::execute::directory::JobsRoot;
    /// use seda_stages::job::id::JobId;
    ///
    /// let job = json::parse(br#"{"executable": "sort", "environment": {"LANG": "C"}}"#)?;
    /// let here = tempfile::tempdir()?;
    /// let root = JobsRoot::open(here.path().join("jobs"))?;
    /// let directory = root.create(JobId::FIRST)?;
    ///
    /// let server = [("LANG".into(), "de".into()), ("TOKEN".into(), "secret".into())];
    /// let command = CommandLine::new(&job, &directory, server);
    /// assert_eq!(command.environment[OsStr::new("LANG")], "C");
    /// assert!(!command.environment.contains_key(OsStr::new("TOKEN")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        job: &JobDescription,
        directory: &JobDirectory,
        server: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let executable = &job.application.executable;
        let inherited = server.into_iter().filter(|(name, _)| is_inherited(name));
        let described = &job.application.environment;
        let described = described
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let forced = forced_variables(job, directory);
        Self {
            program: OsString::from(&executable.path),
            arguments: executable.argument.iter().map(OsString::from).collect(),
            // Of equal names, the last one stays.
            environment: inherited.chain(described).chain(forced).collect(),
        }
    }
}

fn is_inherited(name: &OsStr) -> bool {
    INHERITED.iter().any(|inherited| name == *inherited)
}

fn forced_variables(
    job: &JobDescription,
    directory: &JobDirectory,
) -> impl Iterator<Item = (OsString, OsString)> {
    let id: JobId = directory.id();
    [
        (forced::JOB_ID, id.to_string().into()),
        (forced::JOB_DIRECTORY, directory.path().into()),
        (forced::SLOTS, job.slots().to_string().into()),
    ]
    .map(|(name, value)| (name.into(), value))
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::json;
    use crate::execute::directory::JobsRoot;

    fn command(job: &str, server: &[(&str, &str)]) -> (CommandLine, String) {
        let here = tempfile::tempdir().unwrap();
        let root = JobsRoot::open(here.path().join("jobs")).unwrap();
        let directory = root.create("7".parse().unwrap()).unwrap();
        let job = json::parse(job.as_bytes()).unwrap();
        let server = server
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let path = directory.path().to_str().unwrap().to_owned();
        (CommandLine::new(&job, &directory, server), path)
    }

    #[test]
    fn the_environment_is_forced_over_described_over_inherited() {
        let (command, path) = command(
            r#"{"executable": "a", "slots": 3, "environment":
                {"LANG": "C", "MINE": "", "SEDA_JOB_ID": "job-1"}}"#,
            &[
                ("PATH", "/bin"),
                ("LANG", "de"),
                ("AWS_SECRET", "x"),
                ("path", "x"),
                ("PATHS", "x"),
            ],
        );
        let environment: Vec<_> = command
            .environment
            .iter()
            .map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            environment,
            [
                ("LANG", "C"),
                ("MINE", ""),
                ("PATH", "/bin"),
                ("SEDA_JOB_DIRECTORY", path.as_str()),
                ("SEDA_JOB_ID", "job-7"),
                ("SEDA_SLOTS", "3"),
            ]
        );
    }

    #[test]
    fn arguments_are_handed_on_as_they_are() {
        let job = r#"{"executable": "./run me", "arguments": ["$HOME", "", "a b", "*", "é"]}"#;
        let (command, _) = command(job, &[]);
        assert_eq!(command.program, "./run me");
        assert_eq!(command.arguments, ["$HOME", "", "a b", "*", "é"]);
    }
}
