//! What a job is asked to do: the internal description, which every language
//! is read into.
//!
//! The tree and the names are those of libarcclient's `JobDescription`, cut
//! to the attributes that this server acts on so far; an attribute that is
//! not given is `None` or empty. Serialized, a description is the JSON form
//! that [`describe::json`](crate::describe::json) reads: written and read
//! again it is the same.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::software::SoftwareRequirement;

/// A job as its submitter described it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobDescription {
    /// `Identification`.
    #[serde(flatten)]
    pub identification: Identification,
    /// `Application`.
    #[serde(flatten)]
    pub application: Application,
    /// `Resources`.
    #[serde(flatten)]
    pub resources: Resources,
}

impl JobDescription {
    /// Returns how many slots the job takes: one unless it asks for more.
    pub fn slots(&self) -> u32 {
        self.resources.number_of_slots.unwrap_or(1)
    }
}

/// `Identification`: how people find the job again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Identification {
    /// `JobName`.
    #[serde(rename = "name", skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// `Description`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `Annotation`.
    #[serde(rename = "annotations", skip_serializing_if = "Vec::is_empty")]
    pub annotation: Vec<String>,
}

/// `Application`: what runs, and with what around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Application {
    /// `Executable`.
    #[serde(flatten)]
    pub executable: Executable,
    /// `Input`: the file that is the standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// `Output`: the file that the standard output goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// `Error`: the file that the standard error goes to; the same as
    /// `output` joins both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `Environment`: names and values, in the order given.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    pub environment: Vec<(String, String)>,
    /// `Priority`, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
}

fn as_map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    pairs
        .iter()
        .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
    map.end()
}

/// `Application.Executable`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Executable {
    /// `Path`: with a `/` a path, seen from the job's directory; without one
    /// a name that is looked for along `PATH`.
    #[serde(rename = "executable")]
    pub path: String,
    /// `Argument`: one text for each, handed on as they are.
    #[serde(rename = "arguments", skip_serializing_if = "Vec::is_empty")]
    pub argument: Vec<String>,
    /// `SuccessExitCode`: the code that means success, 0 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_exit_code: Option<u8>,
}

/// `Resources`: what the job needs of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// `QueueName`: the only queue to run in.
    #[serde(rename = "queue", skip_serializing_if = "Option::is_none")]
    pub queue_name: Option<String>,
    /// A queue not to run in (xRSL's `queue != name`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_queue: Option<String>,
    /// `SlotRequirement.NumberOfSlots`: CPU slots.
    #[serde(rename = "slots", skip_serializing_if = "Option::is_none")]
    pub number_of_slots: Option<u32>,
    /// `IndividualWallTime`, in seconds; the job is ended at `max`.
    #[serde(rename = "wall_time", skip_serializing_if = "Bounds::is_empty")]
    pub individual_wall_time: Bounds,
    /// `IndividualCPUTime`, in seconds.
    #[serde(rename = "cpu_time", skip_serializing_if = "Bounds::is_empty")]
    pub individual_cpu_time: Bounds,
    /// `IndividualPhysicalMemory`, in MB.
    #[serde(rename = "memory", skip_serializing_if = "Bounds::is_empty")]
    pub individual_physical_memory: Bounds,
    /// `IndividualVirtualMemory`, in MB.
    #[serde(rename = "virtual_memory", skip_serializing_if = "Bounds::is_empty")]
    pub individual_virtual_memory: Bounds,
    /// `Platform`: the processor architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `OperatingSystem`: all of these must be met.
    #[serde(rename = "operating_systems", skip_serializing_if = "Vec::is_empty")]
    pub operating_system: Vec<SoftwareRequirement>,
    /// `RunTimeEnvironment`: all of these must be met.
    #[serde(rename = "runtime_environments", skip_serializing_if = "Vec::is_empty")]
    pub run_time_environment: Vec<SoftwareRequirement>,
}

/// A figure between two ends, either of which may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// The least, itself included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// The most, itself included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

impl Bounds {
    /// Returns the bounds of a figure of which only the most is known.
    pub const fn at_most(max: u64) -> Self {
        Self {
            min: None,
            max: Some(max),
        }
    }

    /// Tells whether both ends are open.
    pub const fn is_empty(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    /// Returns what a target must have for the job to fit: the most, or the
    /// least if that is all that is known.
    pub fn needed(self) -> Option<u64> {
        self.max.or(self.min)
    }
}
