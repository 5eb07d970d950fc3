//! The configuration file: what it means, and what is said to each mistake.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seda::config::setting::{Bytes, HeaderName, LogLevel, Slots};
use seda::config::{Config, DEFAULTS};
use seda_io::http::TimeoutUnit;
use seda_io::net::Rate;

/// What is wrong with `text`, one problem a line.
fn problems(text: &str) -> Vec<String> {
    match Config::parse("a.toml", text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.to_string().lines().map(String::from).collect(),
    }
}

#[test]
fn the_defaults_are_complete_and_are_their_own_example() {
    let defaults = Config::defaults().unwrap();
    assert_eq!(defaults.listen, SocketAddr::from(([127, 0, 0, 1], 8080)));
    assert_eq!(defaults.log_level, LogLevel::Info);
    assert_eq!(defaults.drain_deadline, Duration::from_secs(30));
    assert_eq!(defaults.http.body_bytes_max, Bytes(1 << 20));
    assert_eq!(defaults.jobs.root, PathBuf::from("seda-jobs"));
    assert_eq!(defaults.jobs.slots, Slots::Cores);
    assert_eq!(defaults.queues.requests.get(), 1024);
    assert_eq!(defaults.targets[0].name, "local");
    assert_eq!(defaults.plan, None);
    assert_eq!(Config::parse("copy.toml", DEFAULTS), Ok(defaults));
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let text = "listen = \"[::1]:9\"\n[http]\nidle_timeout = \"5 s\"\n[jobs]\nslots = 3\n";
    let config = Config::parse("a.toml", text).unwrap();
    let mut expected = Config::defaults().unwrap();
    expected.listen = "[::1]:9".parse().unwrap();
    expected.http.idle_timeout = Duration::from_secs(5);
    expected.jobs.slots = Slots::Exactly(3.try_into().unwrap());
    assert_eq!(config, expected);
}

#[test]
fn targets_replace_the_default_one_and_take_its_settings() {
    let text = "[[target]]\nname = \"small\"\nmemory_mb = 512\n\n[[target]]\nname = \"big\"\nqueue = \"long\"\nslots = 8\n";
    let config = Config::parse("a.toml", text).unwrap();
    let [small, big] = config.targets.as_slice() else {
        panic!("{:?}", config.targets);
    };
    assert_eq!(
        (small.queue.as_str(), small.slots),
        ("default", Slots::Cores)
    );
    assert_eq!(small.memory_mb.map(NonZeroUsize::get), Some(512));
    assert_eq!((big.name.as_str(), big.queue.as_str()), ("big", "long"));
    assert_eq!(big.memory_mb, None);
}

#[test]
fn the_plan_is_handed_on_unread_with_its_place() {
    let text = "log_level = \"warn\"\n[plan]\nanything = 1\n[plan.domain.io]\nworkers = 2\n";
    let plan = Config::parse("a.toml", text).unwrap().plan.unwrap();
    assert_eq!(plan.place, "a.toml:2:1");
    assert_eq!(plan.table["anything"].as_integer(), Some(1));
    assert_eq!(plan.table["domain"]["io"]["workers"].as_integer(), Some(2));
}

#[test]
fn every_mistake_is_reported_at_its_place_in_one_go() {
    let text = r#"lisen = "127.0.0.1:80"
log_level = "loud"
drain_deadline = 30
[http]
connections_max = 0
head_bytes_max = "16kb"
hade_timeout = "1s"
[queue]
x = 1
[[target]]
slots = "all"
[[target]]
name = ""
memory_mb = -1
"#;
    let expected = [
        "a.toml:1:1: unknown key `lisen`, did you mean `listen`?",
        "a.toml:2:13: `log_level` cannot be \"loud\", write \"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
        "a.toml:3:18: `drain_deadline` cannot be 30, write a duration from 1ms, such as \"250ms\", \"10s\", \"5m\" or \"2h\"",
        "a.toml:5:19: `http.connections_max` cannot be 0, write a whole number from 1",
        "a.toml:6:18: `http.head_bytes_max` cannot be \"16kb\", write a size from 1B, such as \"512B\", \"16KiB\", \"1MiB\" or \"2GiB\"",
        "a.toml:7:1: unknown key `http.hade_timeout`, did you mean `head_timeout`?",
        "a.toml:8:2: unknown key `queue`, did you mean `queues`?",
        "a.toml:10:1: `target.name` is missing, write a text in quotes that is not empty",
        "a.toml:11:9: `target.slots` cannot be \"all\", write a whole number from 1, or \"cores\"",
        "a.toml:13:8: `target.name` cannot be \"\", write a text in quotes that is not empty",
        "a.toml:14:13: `target.memory_mb` cannot be -1, write a whole number from 1",
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn limits_of_peers_and_wishes_are_off_until_they_are_said() {
    let defaults = Config::defaults().unwrap().http;
    assert_eq!((defaults.rate_per_peer, defaults.rate), (None, None));
    assert_eq!(defaults.connections_per_peer_max, None);
    assert_eq!(
        (&defaults.wishes.priority, &defaults.wishes.timeout),
        (&None, &None)
    );

    let text = "[http]\nconnections_per_peer_max = 64\nrate_per_peer = \"100/s\"\nburst_per_peer = 20\n\
        rate = \"600/m\"\n[http.wishes]\npriority = \"Priority\"\ntimeout = \"X-Wait\"\ntimeout_unit = \"ms\"\n";
    let http = Config::parse("a.toml", text).unwrap().http;
    assert_eq!(
        http.connections_per_peer_max.map(NonZeroUsize::get),
        Some(64)
    );
    assert_eq!(
        http.rate_per_peer,
        Some(Rate::per_second(100).with_burst(20))
    );
    assert_eq!(http.rate, Some(Rate::new(600, Duration::from_mins(1))));
    assert_eq!(
        http.wishes.priority,
        Some(HeaderName("Priority".to_owned()))
    );
    assert_eq!(http.wishes.timeout, Some(HeaderName("X-Wait".to_owned())));
    assert_eq!(http.wishes.timeout_unit, TimeoutUnit::Milliseconds);
    assert_eq!(http.wishes.timeout_max, Duration::from_mins(1));
}

#[test]
fn mistakes_in_limits_of_peers_and_wishes_are_reported_at_their_places() {
    let text = r#"[http]
connections_per_peer_max = 0
rate_per_peer = 100
burst = 5000000000
burst_per_peer = 10
rat = "1/s"
[http.wishes]
priority = "a b"
timeout_unit = "m"
timeouts = "x"
"#;
    let expected = [
        "a.toml:2:28: `http.connections_per_peer_max` cannot be 0, write a whole number from 1",
        "a.toml:3:17: `http.rate_per_peer` cannot be 100, write a rate from 1/h, such as \"100/s\", \"600/m\" or \"5000/h\"",
        "a.toml:4:9: `http.burst` cannot be 5000000000, write a whole number from 1 to 4294967295",
        "a.toml:4:9: `http.burst` means nothing without `http.rate`, write that as well",
        "a.toml:6:1: unknown key `http.rat`, did you mean `rate`?",
        "a.toml:8:12: `http.wishes.priority` cannot be \"a b\", write the name of a header field, such as \"Priority\"",
        "a.toml:9:16: `http.wishes.timeout_unit` cannot be \"m\", write \"s\" or \"ms\"",
        "a.toml:10:1: unknown key `http.wishes.timeouts`, did you mean `timeout`?",
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn a_key_that_resembles_none_is_answered_with_all() {
    let found = problems("[queues]\nlimit = 1\n");
    assert_eq!(
        found,
        ["a.toml:2:1: unknown key `queues.limit`, known here: requests, jobs"]
    );
}

#[test]
fn tables_and_values_are_not_mistaken_for_each_other() {
    for (text, expected) in [
        (
            "http = 3",
            "a.toml:1:8: `http` cannot be 3, write a table, `[http]`",
        ),
        (
            "[listen]\na = 1",
            "a.toml:1:1: `listen` cannot be a table, write an address and a port, such as \"127.0.0.1:8080\"",
        ),
        (
            "target = []",
            "a.toml:1:10: `target` cannot be [], write at least one `[[target]]`",
        ),
        (
            "[target]\nname = \"x\"",
            "a.toml:1:1: `target` cannot be a table, write at least one `[[target]]`",
        ),
        (
            "target = [1]",
            "a.toml:1:11: `target` cannot be 1, write at least one `[[target]]`",
        ),
        (
            "plan = 1",
            "a.toml:1:8: `plan` cannot be 1, write a table, `[plan]`",
        ),
    ] {
        assert_eq!(problems(text), [expected], "{text}");
    }
}

#[test]
fn two_targets_of_one_name_are_refused() {
    let text = "[[target]]\nname = \"a\"\n[[target]]\nname = \"a\"\n";
    assert_eq!(
        problems(text),
        ["a.toml:3:1: another target is called `a`, rename one"]
    );
}

#[test]
fn a_text_that_is_not_toml_is_reported_with_every_line_that_is_not() {
    let found = problems("listen = \nlog_level = \"info\n[http\n");
    let places = ["a.toml:1:10: ", "a.toml:2:18: ", "a.toml:3:6: "];
    assert_eq!(found.len(), places.len(), "{found:?}");
    let in_place = |(line, place): (&String, &str)| line.starts_with(place);
    assert!(found.iter().zip(places).all(in_place), "{found:?}");
    assert!(
        found.iter().all(|line| line.contains("not TOML: ")),
        "{found:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Config::load(Path::new("no/such.toml")).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("no/such.toml: cannot be read ("), "{text}");
    assert!(text.ends_with("name another file with --config"), "{text}");
}
