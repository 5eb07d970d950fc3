//! The guide's commands exist, and its plots are those that its commands draw.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use seda::scenarios;

const PAGE: &str = include_str!("../../../docs/guide/overload.md");
/// A longer name is cut in a plot.
const LETTERS_MAX: usize = 19;
/// A page with six plots is still quickly there.
const BYTES_MAX: u64 = 40_000;

fn plots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/plots")
}

/// Gives the words of each command in a block of the shell, `'two words'` as one.
fn commands() -> Vec<Vec<String>> {
    let joined = PAGE.replace("\\\n", "");
    let blocks = joined.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    lines.map(words).collect()
}

fn words(line: &str) -> Vec<String> {
    let pieces = line.split('\'').enumerate();
    let words = pieces.flat_map(|(index, piece)| match index % 2 {
        0 => piece.split_whitespace().map(str::to_owned).collect(),
        _ => vec![piece.to_owned()],
    });
    words.collect()
}

/// Gives what follows each `--name` of a command.
fn options<'c>(command: &'c [String], name: &'c str) -> impl Iterator<Item = &'c str> {
    let pairs = command.windows(2).filter(move |pair| pair[0] == name);
    pairs.map(|pair| pair[1].as_str())
}

/// Gives the commands that begin so, and the word after that.
fn beginning(begin: &str) -> Vec<(String, Vec<String>)> {
    let wanted = words(begin);
    let found = commands().into_iter().filter_map(|command| {
        let (head, tail) = command.split_at_checked(wanted.len())?;
        (head == wanted).then(|| (tail[0].clone(), command.clone()))
    });
    found.collect()
}

/// Gives the places of the pictures in the page.
fn pictures() -> BTreeSet<String> {
    let links = PAGE.split("](plots/").skip(1);
    let files = links.map(|link| link.split(')').next().unwrap().to_owned());
    files.collect()
}

#[test]
fn what_the_page_runs_is_a_scenario_that_is_shipped() {
    let runs = beginning("seda lab run");
    assert!(runs.len() >= 5, "{runs:?}");
    for (name, command) in runs {
        let scenario = scenarios::find(&name).map_err(|error| error.what).unwrap();
        assert_eq!(scenario.name, name);
        let record = format!("{name}.json");
        assert_eq!(options(&command, "--out").next(), Some(&*record));
    }
}

#[test]
fn what_the_page_draws_was_run_before_and_shows_variants_that_there_are() {
    let runs = beginning("seda lab run");
    let reports = beginning("seda lab report");
    assert!(reports.len() >= 5, "{reports:?}");
    for (record, command) in reports {
        let name = record.strip_suffix(".json").unwrap();
        assert!(runs.iter().any(|(run, _)| run == name), "{name} is not run");
        let scenario = scenarios::find(name).map_err(|error| error.what).unwrap();
        for variant in options(&command, "--variant") {
            let known = scenario.variant.iter().any(|one| one.name == variant);
            assert!(known, "{name} has no variant `{variant}`");
        }
    }
}

#[test]
fn each_picture_is_drawn_by_a_command_and_shows_its_variants() {
    let reports = beginning("seda lab report");
    let pictures = pictures();
    assert!(pictures.len() >= 5, "{pictures:?}");
    for picture in pictures {
        let (dir, _) = picture.split_once('/').unwrap();
        let path = format!("plots/{dir}");
        let draws =
            |(_, command): &&(_, Vec<String>)| options(command, "--svg").any(|to| to == path);
        let (_, command) = reports
            .iter()
            .find(draws)
            .unwrap_or_else(|| panic!("who draws {picture}?"));
        let file = plots().join(&picture);
        assert!(fs::metadata(&file).unwrap().len() <= BYTES_MAX, "{picture}");
        let svg = fs::read_to_string(file).unwrap();
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{picture}"
        );
        for variant in options(command, "--variant") {
            let shown: String = variant.chars().take(LETTERS_MAX).collect();
            assert!(svg.contains(&shown), "{picture} does not show {variant}");
        }
    }
}

#[test]
fn no_plot_lies_about_that_the_page_does_not_show() {
    let mut found = BTreeSet::new();
    for dir in fs::read_dir(plots()).unwrap().map(Result::unwrap) {
        if dir.file_type().unwrap().is_dir() {
            let name = dir.file_name().into_string().unwrap();
            for file in fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
                found.insert(format!(
                    "{name}/{}",
                    file.file_name().into_string().unwrap()
                ));
            }
        } else {
            let path = dir.path();
            let stray = path.extension().is_some_and(|kind| kind == "svg");
            assert!(!stray, "{} is drawn by no command", path.display());
        }
    }
    assert_eq!(found, pictures());
}
