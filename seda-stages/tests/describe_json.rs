//! Job descriptions in JSON: what is taken, and what is said of the rest.

#![allow(
    clippy::expect_used,
    reason = "the helper functions of a test fail by panicking"
)]

use proptest::prelude::*;
use seda_stages::describe::fault::{Fault, Faults};
use seda_stages::describe::json::{self, DOCUMENT_BYTES_MAX};
use seda_stages::job::description::{Bounds, JobDescription};

/// A description that uses every field.
const FULL: &str = r#"{
  "name": "pack", "description": "packs a tree", "annotations": ["nightly", "é"],
  "executable": "tar", "arguments": ["-czf", "-", "", "a b"], "success_exit_code": 1,
  "input": "/dev/null", "output": "tree.tgz", "error": "log/err.txt",
  "environment": {"PATH": "/usr/bin", "EMPTY": "", "mixed.Case-1": "\u00fc\n\"="},
  "priority": 0, "queue": "short", "rejected_queue": "long", "slots": 2,
  "wall_time": 60, "cpu_time": {"min": 1, "max": 50},
  "memory": {"min": 100}, "virtual_memory": {},
  "platform": "x86_64", "operating_systems": ["Linux"],
  "runtime_environments": [">=ENV/PYTHON-3.9", "APPS/GCC-12"]
}"#;

fn parse(text: &str) -> Result<JobDescription, Faults> {
    json::parse(text.as_bytes())
}

/// Faults as `line:column path message`, the way a reader would check them.
#[track_caller]
fn refused(text: &str) -> Vec<String> {
    let show = |f: &Fault| format!("{}:{} {} {}", f.line, f.column, f.path, f.message);
    let faults = parse(text).expect_err("must be refused");
    faults.faults.iter().map(show).collect()
}

/// The one fault of a description that has the given further field.
#[track_caller]
fn refused_field(field: &str) -> String {
    let faults = refused(&format!("{{\"executable\": \"a\",\n{field}}}"));
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.concat()
}

#[test]
fn every_field_is_read() {
    let job = parse(FULL).unwrap();
    assert_eq!(job.identification.job_name.as_deref(), Some("pack"));
    assert_eq!(job.identification.annotation, ["nightly", "é"]);
    assert_eq!(
        job.application.executable.argument,
        ["-czf", "-", "", "a b"]
    );
    assert_eq!(job.application.executable.success_exit_code, Some(1));
    assert_eq!(job.application.error.as_deref(), Some("log/err.txt"));
    assert_eq!(
        job.application.environment[2],
        ("mixed.Case-1".into(), "ü\n\"=".into())
    );
    assert_eq!(job.application.priority, Some(0));
    assert_eq!(job.resources.individual_wall_time, Bounds::at_most(60));
    assert_eq!(
        job.resources.individual_cpu_time,
        Bounds {
            min: Some(1),
            max: Some(50)
        }
    );
    assert_eq!(job.resources.individual_physical_memory.needed(), Some(100));
    assert!(job.resources.individual_virtual_memory.is_empty());
    assert_eq!(
        job.resources.run_time_environment[1].to_string(),
        "==APPS/GCC-12"
    );
    assert_eq!(job.slots(), 2);
}

#[test]
fn written_and_read_again_it_is_the_same() {
    for text in [FULL, r#"{"executable": "a"}"#] {
        let job = parse(text).unwrap();
        let written = serde_json::to_string(&job).unwrap();
        assert_eq!(parse(&written).unwrap(), job, "{written}");
    }
    let least = serde_json::to_string(&parse(r#"{"executable": "a"}"#).unwrap()).unwrap();
    assert_eq!(least, r#"{"executable":"a"}"#, "defaults are left out");
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_text() {
    let text = "{\n \"wall_time\": \"1h\",\n \"arguments\": [\"a\", 1, null],\n \"environment\": \
                {\"PATH\": 5, \"A=B\": \"\"},\n \"slots\": 0, \"queue\": \"a\\u0000b\"\n}";
    assert_eq!(
        refused(text),
        [
            "1:1 $ the field `executable` is missing: name the program to run",
            "2:15 $.wall_time expected a whole number from 1 to 315360000 (seconds), found a string",
            "3:21 $.arguments[1] expected a string, found a number",
            "3:24 $.arguments[2] expected a string, found null: leave the field out instead",
            "4:26 $.environment.PATH expected a string, found a number",
            "4:29 $.environment[\"A=B\"] a variable's name must not be empty nor hold `=` or NUL",
            "5:11 $.slots 0 is no whole number from 1 to 1000000 (slots)",
            "5:23 $.queue holds a NUL byte, which no process can be given",
        ]
    );
}

#[test]
fn a_fault_shows_the_offending_text() {
    let faults = parse("{\"executable\": \"a\", \"slots\": 1.5}").unwrap_err();
    assert_eq!(faults.faults[0].token, "1.5");
    let long = format!("{{\"executable\": [{}]}}", "1,".repeat(100) + "1");
    assert_eq!(parse(&long).unwrap_err().faults[0].token.len(), 40);
}

#[test]
fn unknown_fields_are_refused_with_advice() {
    let advice = [
        (
            "\"walltime\": 1",
            "2:1 $.walltime unknown field, did you mean `wall_time`?",
        ),
        (
            "\"Name\": 1",
            "2:1 $.Name unknown field, did you mean `name`?",
        ),
        (
            "\"enviroment\": {}",
            "2:1 $.enviroment unknown field, did you mean `environment`?",
        ),
        (
            "\"args\": []",
            "2:1 $.args unknown field, did you mean `arguments`?",
        ),
        (
            "\"timeout\": []",
            "2:1 $.timeout unknown field, did you mean `wall_time`?",
        ),
        (
            "\"memory\": {\"most\": 1}",
            "2:12 $.memory.most unknown field, the fields are: min, max",
        ),
    ];
    for (field, message) in advice {
        assert_eq!(refused_field(field), message);
    }
    let lost = refused_field("\"colour\": 1");
    assert!(
        lost.starts_with("2:1 $.colour unknown field, the fields are: name, "),
        "{lost}"
    );
    let long = refused_field(&format!("\"{}\": 1", "slots".repeat(1_000)));
    assert!(long.ends_with("unknown field"), "{long}");
}

#[test]
fn repeated_fields_are_refused() {
    let twice = refused_field("\n \"executable\": \"b\"");
    assert_eq!(twice, "3:2 $.executable is given twice, first on line 1");
    let variable = refused_field("\"environment\": {\"A\": \"1\",\n\"A\": \"2\"}");
    assert_eq!(
        variable,
        "3:1 $.environment.A is given twice, first on line 2"
    );
}

#[test]
fn figures_have_ranges() {
    let wrong = [
        (
            "\"priority\": 101",
            "2:13 $.priority 101 is no whole number from 0 to 100 (priority)",
        ),
        (
            "\"priority\": -1",
            "2:13 $.priority -1 is no whole number from 0 to 100 (priority)",
        ),
        (
            "\"success_exit_code\": 256",
            "2:22 $.success_exit_code 256 is no whole number from 0 to 255 (exit code)",
        ),
        (
            "\"slots\": 1e999",
            "2:10 $ this is no JSON: number out of range",
        ),
        (
            "\"slots\": 2.0",
            "2:10 $.slots 2.0 is no whole number from 1 to 1000000 (slots)",
        ),
        (
            "\"wall_time\": 18446744073709551616",
            "2:14 $.wall_time 1.8446744073709552e+19 is no whole number from 1 to 315360000 (seconds)",
        ),
        (
            "\"memory\": {\"min\": 2, \"max\": 1}",
            "2:11 $.memory `min` is 2, which is more than `max`, 1",
        ),
    ];
    for (field, message) in wrong {
        assert_eq!(refused_field(field), message);
    }
}

#[test]
fn file_names_stay_in_the_directory_of_the_job() {
    for name in ["../a", "a/../../b", "/etc/passwd", ".", "./a", "a/", ".."] {
        for field in ["output", "error"] {
            let message = refused_field(&format!("\"{field}\": \"{name}\""));
            assert!(
                message.contains("must name a file in the job's directory"),
                "{message}"
            );
        }
    }
    assert!(parse(r#"{"executable": "a", "input": "../a"}"#).is_err());
    assert!(parse(r#"{"executable": "a", "input": "/etc/hosts", "output": "..a/b"}"#).is_ok());
}

#[test]
fn software_is_checked() {
    let message = refused_field("\"runtime_environments\": [\"ENV/A\", \"> \"]");
    assert_eq!(
        message,
        "2:35 $.runtime_environments[1] this is no software, write `name`, `name-version` or \
         `>=name-version`"
    );
}

#[test]
fn sizes_are_bounded() {
    let text = |n: usize| format!(r#"{{"executable": "a", "name": "{}"}}"#, "x".repeat(n));
    assert!(parse(&text(131_071)).is_ok());
    assert!(refused(&text(131_072))[0].contains("has 131072 bytes, at most 131071 are allowed"));

    let list = |n: usize| {
        format!(
            r#"{{"executable": "a", "arguments": [{}"x"]}}"#,
            "1,".repeat(n)
        )
    };
    assert!(refused(&list(16_384))[0].contains("has 16385 items, at most 16384 are allowed"));
    let faults = parse(&list(1_000)).unwrap_err();
    assert_eq!(
        (faults.faults.len(), faults.omitted),
        (Faults::KEPT_MAX, 900)
    );

    let padded = |n: usize| {
        let text = r#"{"executable": "a"}"#;
        text.to_owned() + &" ".repeat(n - text.len())
    };
    assert!(parse(&padded(DOCUMENT_BYTES_MAX)).is_ok());
    assert!(refused(&padded(DOCUMENT_BYTES_MAX + 1))[0].contains("at most 1048576 are allowed"));
}

#[test]
fn what_is_no_json_object_is_refused_with_its_place() {
    assert_eq!(
        refused(""),
        ["1:1 $ expected a value, but the document ends here"]
    );
    assert_eq!(refused("[]"), ["1:1 $ expected an object, found a list"]);
    assert_eq!(
        refused("{\n\"a\" 1}"),
        ["2:5 $ expected `:` after the name"]
    );
    let not_utf8 = json::parse(b"{\"executable\":\n \"\xc3\xa9\xff\"}").unwrap_err();
    assert_eq!((not_utf8.faults[0].line, not_utf8.faults[0].column), (2, 4));
}

/// Checks what must hold for any document, good or bad.
fn check_answer(document: &[u8]) {
    let Err(faults) = json::parse(document) else {
        return;
    };
    assert!(!faults.is_empty());
    let lines = document.split(|byte| *byte == b'\n').count();
    for fault in &faults.faults {
        assert!(
            (1..=lines).contains(&fault.line) && fault.column >= 1,
            "{fault:?}"
        );
        assert!(
            fault.path.starts_with('$') && !fault.message.is_empty(),
            "{fault:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(document in prop::collection::vec(any::<u8>(), 0..200)) {
        check_answer(&document);
    }

    #[test]
    fn damaged_descriptions_get_an_answer(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6)
    ) {
        let mut document = FULL.as_bytes().to_vec();
        for (at, byte, kind) in cuts {
            let at = at.index(document.len());
            match kind {
                0 => document[at] = byte,
                1 => document.insert(at, byte),
                _ => { document.remove(at); }
            }
        }
        check_answer(&document);
    }

    #[test]
    fn swapped_values_get_an_answer(from in 0..40_usize, to in 0..40_usize) {
        let mut parts: Vec<&str> = FULL.split_inclusive([',', ':']).collect();
        let (from, to) = (from % parts.len(), to % parts.len());
        parts.swap(from, to);
        check_answer(parts.concat().as_bytes());
    }

    #[test]
    fn a_damaged_value_is_told_at_its_place(slots in "[a-z]{1,8}", indent in 0..5_usize, lines in 0..5_usize) {
        let text = format!("{{\"executable\": \"a\",{}{}\"slots\": \"{slots}\"}}",
            "\n".repeat(lines), " ".repeat(indent));
        let fault = parse(&text).unwrap_err().faults.remove(0);
        prop_assert_eq!(fault.line, lines + 1);
        let before = if lines == 0 { r#"{"executable": "a","#.len() } else { 0 };
        prop_assert_eq!(fault.column, before + indent + r#""slots": "#.len() + 1);
        prop_assert_eq!(fault.token, format!("\"{slots}\""));
    }
}
