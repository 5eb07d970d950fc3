//! The job description in JSON: this server's own language.
//!
//! A description is one object. Fields that it does not have are refused
//! rather than passed over: a misspelt limit must not become no limit.
//!
//! | field | attribute | value |
//! |---|---|---|
//! | `name` | `Identification.JobName` | string |
//! | `description` | `Identification.Description` | string |
//! | `annotations` | `Identification.Annotation` | list of strings |
//! | `executable` | `Application.Executable.Path` | string, required |
//! | `arguments` | `Application.Executable.Argument` | list of strings |
//! | `success_exit_code` | `Application.Executable.SuccessExitCode` | 0 to 255 |
//! | `input` | `Application.Input` | file name or absolute path |
//! | `output`, `error` | `Application.Output`, `.Error` | file name in the job's directory |
//! | `environment` | `Application.Environment` | object of strings |
//! | `priority` | `Application.Priority` | 0 to 100 |
//! | `queue` | `Resources.QueueName` | string |
//! | `rejected_queue` | xRSL's `queue != …` | string |
//! | `slots` | `Resources.SlotRequirement.NumberOfSlots` | 1 to 1,000,000 |
//! | `wall_time`, `cpu_time` | `Resources.IndividualWallTime`, `…CPUTime` | seconds, bounds |
//! | `memory`, `virtual_memory` | `Resources.IndividualPhysicalMemory`, `…VirtualMemory` | MB, bounds |
//! | `platform` | `Resources.Platform` | string |
//! | `operating_systems` | `Resources.OperatingSystem` | list of software |
//! | `runtime_environments` | `Resources.RunTimeEnvironment` | list of software |
//!
//! *Bounds* are a whole number, which is the most, or an object with `min`
//! and `max`. *Software* is read by [`SoftwareRequirement`].

use std::ops::RangeInclusive;
use std::path::{Component, Path as FilePath};

use super::fault::{Faults, Span};
use super::form::{Entry, Form};
use super::path::Path;
use super::spanned::{self, Value};
use crate::job::description::{Bounds, JobDescription};
use crate::software::SoftwareRequirement;

/// Bytes of a description.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// Arguments of a job; with the document's bound this stays below `ARG_MAX`.
const ARGUMENTS_MAX: usize = 16_384;

/// Variables of a job's environment.
const VARIABLES_MAX: usize = 4_096;

/// Items of every other list.
const LIST_ITEMS_MAX: usize = 100;

/// Members of the description; more than there are fields, so that unknown
/// and repeated ones are told by name.
const MEMBERS_MAX: usize = 1_000;

const PRIORITIES: RangeInclusive<u8> = 0..=100;
const SLOTS: RangeInclusive<u32> = 1..=1_000_000;
/// One second to ten years.
const SECONDS: RangeInclusive<u64> = 1..=315_360_000;
/// One MB to one EB.
const MEGABYTES: RangeInclusive<u64> = 1..=1_000_000_000_000;

/// Reads a description.
///
/// # Errors
///
/// Fails with everything that is wrong with it: at a syntax error this is
/// all that can be told, otherwise it is one fault for each value.
///
/// # Examples
///
/// ```
/// use seda_stages::describe::json;
///
/// let job = json::parse(br#"{"executable": "sort", "wall_time": 60}"#)?;
/// assert_eq!(job.resources.individual_wall_time.max, Some(60));
///
/// let faults = json::parse(b"{\"executable\": \"sort\",\n \"walltime\": 60}").unwrap_err();
/// assert_eq!(
///     faults.to_string(),
///     "line 2, column 2, $.walltime: unknown field, did you mean `wall_time`?",
/// );
/// # Ok::<(), seda_stages::describe::fault::Faults>(())
/// ```
pub fn parse(document: &[u8]) -> Result<JobDescription, Faults> {
    if document.len() > DOCUMENT_BYTES_MAX {
        let message = format!(
            "the description has {} bytes, at most {DOCUMENT_BYTES_MAX} are allowed",
            document.len()
        );
        return Err(refuse("", Span { start: 0, end: 0 }, message));
    }
    let text = utf8(document)?;
    let root = spanned::read(text).map_err(|error| refuse(text, error.span, error.message))?;
    let mut form = Form::new(text);
    let mut job = JobDescription::default();
    read_fields(
        &mut form,
        Entry {
            node: &root,
            path: &Path::Root,
        },
        &mut job,
    );
    let faults = form.into_faults();
    if faults.is_empty() {
        Ok(job)
    } else {
        Err(faults)
    }
}

fn refuse(text: &str, span: Span, message: String) -> Faults {
    Faults {
        faults: vec![span.fault(text, Path::Root.to_string(), message)],
        omitted: 0,
    }
}

fn utf8(document: &[u8]) -> Result<&str, Faults> {
    std::str::from_utf8(document).map_err(|error| {
        let end = error.valid_up_to();
        let valid = document
            .get(..end)
            .and_then(|valid| std::str::from_utf8(valid).ok());
        let message = "the description is not UTF-8 from here on".to_owned();
        refuse(valid.unwrap_or_default(), Span { start: end, end }, message)
    })
}

/// Reads the value of one field into the description.
type ReadField = fn(&mut Form<'_>, Entry<'_>, &mut JobDescription);

/// The fields, in the order of the table above.
const FIELDS: &[(&str, ReadField)] = &[
    ("name", |form, entry, job| {
        job.identification.job_name = owned(form.text(entry));
    }),
    ("description", |form, entry, job| {
        job.identification.description = owned(form.text_or_empty(entry));
    }),
    ("annotations", |form, entry, job| {
        job.identification.annotation =
            form.list(entry, LIST_ITEMS_MAX, |form, entry| owned(form.text(entry)));
    }),
    ("executable", |form, entry, job| {
        job.application.executable.path = owned(form.text(entry)).unwrap_or_default();
    }),
    ("arguments", |form, entry, job| {
        job.application.executable.argument = form.list(entry, ARGUMENTS_MAX, |form, entry| {
            owned(form.text_or_empty(entry))
        });
    }),
    ("success_exit_code", |form, entry, job| {
        job.application.executable.success_exit_code =
            form.whole(entry, &(0..=u8::MAX), "exit code");
    }),
    ("input", |form, entry, job| {
        job.application.input = input(form, entry);
    }),
    ("output", |form, entry, job| {
        job.application.output = own_file(form, entry);
    }),
    ("error", |form, entry, job| {
        job.application.error = own_file(form, entry);
    }),
    ("environment", |form, entry, job| {
        job.application.environment = environment(form, entry);
    }),
    ("priority", |form, entry, job| {
        job.application.priority = form.whole(entry, &PRIORITIES, "priority");
    }),
    ("queue", |form, entry, job| {
        job.resources.queue_name = owned(form.text(entry));
    }),
    ("rejected_queue", |form, entry, job| {
        job.resources.rejected_queue = owned(form.text(entry));
    }),
    ("slots", |form, entry, job| {
        job.resources.number_of_slots = form.whole(entry, &SLOTS, "slots");
    }),
    ("wall_time", |form, entry, job| {
        job.resources.individual_wall_time = bounds(form, entry, &SECONDS, "seconds");
    }),
    ("cpu_time", |form, entry, job| {
        job.resources.individual_cpu_time = bounds(form, entry, &SECONDS, "seconds");
    }),
    ("memory", |form, entry, job| {
        job.resources.individual_physical_memory = bounds(form, entry, &MEGABYTES, "MB");
    }),
    ("virtual_memory", |form, entry, job| {
        job.resources.individual_virtual_memory = bounds(form, entry, &MEGABYTES, "MB");
    }),
    ("platform", |form, entry, job| {
        job.resources.platform = owned(form.text(entry));
    }),
    ("operating_systems", |form, entry, job| {
        job.resources.operating_system = form.list(entry, LIST_ITEMS_MAX, software);
    }),
    ("runtime_environments", |form, entry, job| {
        job.resources.run_time_environment = form.list(entry, LIST_ITEMS_MAX, software);
    }),
];

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn software(form: &mut Form<'_>, entry: Entry<'_>) -> Option<SoftwareRequirement> {
    let text = form.text(entry)?;
    let requirement = text.parse();
    requirement
        .map_err(|refused| form.fault(entry, format!("this {refused}")))
        .ok()
}

/// Reads the figure that is the most, or an object with both ends.
fn bounds(
    form: &mut Form<'_>,
    entry: Entry<'_>,
    range: &RangeInclusive<u64>,
    unit: &str,
) -> Bounds {
    if !matches!(entry.node.value, Value::Object(_)) {
        return Bounds {
            min: None,
            max: form.whole(entry, range, unit),
        };
    }
    let mut bounds = Bounds::default();
    for member in form.members(entry, MEMBERS_MAX).unwrap_or_default() {
        let path = Path::Member(entry.path, &member.name);
        let figure = Entry {
            node: &member.value,
            path: &path,
        };
        match member.name.as_str() {
            "min" => bounds.min = form.whole(figure, range, unit),
            "max" => bounds.max = form.whole(figure, range, unit),
            _ => form.fault_at(
                member.name_span,
                &path,
                unknown(&member.name, &["min", "max"]),
            ),
        }
    }
    if let (Some(min), Some(max)) = (bounds.min, bounds.max)
        && min > max
    {
        form.fault(
            entry,
            format!("`min` is {min}, which is more than `max`, {max}"),
        );
    }
    bounds
}

fn environment(form: &mut Form<'_>, entry: Entry<'_>) -> Vec<(String, String)> {
    let members = form.members(entry, VARIABLES_MAX).unwrap_or_default();
    let mut variables = Vec::with_capacity(members.len());
    for member in members {
        let path = Path::Member(entry.path, &member.name);
        if member.name.is_empty() || member.name.contains(['=', '\0']) {
            let message = "a variable's name must not be empty nor hold `=` or NUL".to_owned();
            form.fault_at(member.name_span, &path, message);
        }
        let value = form.text_or_empty(Entry {
            node: &member.value,
            path: &path,
        });
        variables.extend(value.map(|value| (member.name.clone(), value.to_owned())));
    }
    variables
}

/// Reads the name of a file that the job's process gets as its input.
fn input(form: &mut Form<'_>, entry: Entry<'_>) -> Option<String> {
    let text = form.text(entry)?;
    if FilePath::new(text).is_absolute() {
        Some(text.to_owned())
    } else {
        own_file(form, entry)
    }
}

/// Reads the name of a file that must lie in the job's directory.
fn own_file(form: &mut Form<'_>, entry: Entry<'_>) -> Option<String> {
    let text = form.text(entry)?;
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
    if text.ends_with('/') || !FilePath::new(text).components().all(inside) {
        let message =
            "must name a file in the job's directory, without `..` and leading `/` or `.`";
        form.fault(entry, message.to_owned());
        return None;
    }
    Some(text.to_owned())
}

fn read_fields(form: &mut Form<'_>, entry: Entry<'_>, job: &mut JobDescription) {
    let Some(members) = form.members(entry, MEMBERS_MAX) else {
        return;
    };
    for member in &members {
        let path = Path::Member(entry.path, &member.name);
        let value = Entry {
            node: &member.value,
            path: &path,
        };
        if let Some((_, read)) = FIELDS.iter().find(|(name, _)| *name == member.name) {
            read(form, value, job);
        } else {
            let names: Vec<_> = FIELDS.iter().map(|(name, _)| *name).collect();
            form.fault_at(member.name_span, &path, unknown(&member.name, &names));
        }
    }
    if !members.iter().any(|member| member.name == "executable") {
        form.fault(
            entry,
            "the field `executable` is missing: name the program to run".to_owned(),
        );
    }
}

/// What people write who know other tools; the spelling does not lead there.
const SYNONYMS: [(&str, &str); 14] = [
    ("args", "arguments"),
    ("argv", "arguments"),
    ("cmd", "executable"),
    ("command", "executable"),
    ("program", "executable"),
    ("count", "slots"),
    ("cpus", "slots"),
    ("env", "environment"),
    ("jobname", "name"),
    ("stdin", "input"),
    ("stdout", "output"),
    ("stderr", "error"),
    ("timeout", "wall_time"),
    ("time_limit", "wall_time"),
];

/// Makes the message for a field that there is not.
fn unknown(name: &str, known: &[&str]) -> String {
    // Longer names are nobody's typing error, and the distance is quadratic.
    const NAME_BYTES_MAX: usize = 40;
    if name.len() > NAME_BYTES_MAX {
        return "unknown field".to_owned();
    }
    let lower = name.to_lowercase();
    let synonym = SYNONYMS
        .iter()
        .find(|(other, own)| *other == lower && known.contains(own));
    let distance = |own: &&&str| strsim::damerau_levenshtein(&lower, own);
    let nearest = known
        .iter()
        .min_by_key(distance)
        .filter(|own| distance(own) <= own.len() / 3);
    match synonym.map(|(_, own)| own).or(nearest) {
        Some(own) => format!("unknown field, did you mean `{own}`?"),
        None => format!("unknown field, the fields are: {}", known.join(", ")),
    }
}
