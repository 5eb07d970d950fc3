//! What a scenario cannot be, though it can be written.

use crate::policies::{Policy, nearest};
use crate::scenario::{
    Change, Load, Moment, Retries, Scenario, Server, Spacing, Variant, Work, parts,
};

/// More clients than this do not fit into memory.
const CLIENTS_MAX: u64 = 10_000_000;
/// More servers, or threads of a pool, are hardly meant.
const SERVERS_MAX: usize = 1_024;
/// More stages in a row than these are hardly meant.
const STAGES_MAX: usize = 64;

/// What plans are called.
pub(crate) const PLANS: [&str; 2] = ["default", "seda-classic"];
/// Who adjusts batches.
pub(crate) const BATCHING: [&str; 2] = ["adaptive", "classic"];

/// Is where a fault is, such as `load.loads.2`, and what to do about it.
pub(super) type Fault = (String, String);

/// Lists everything that is wrong.
pub(super) fn of(scenario: &Scenario) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut need = |holds: bool, at: &str, what: &str| {
        if !holds {
            faults.push((at.to_owned(), what.to_owned()));
        }
    };
    let one_word = !scenario.name.is_empty() && !scenario.name.contains(char::is_whitespace);
    need(one_word, "name", "a name is one word, such as `overload`");
    need(
        is_some(scenario.target),
        "target",
        "no answer takes no time, give more",
    );
    need(
        scenario.seeds > 0,
        "seeds",
        "nothing is run with 0 seeds, give at least 1",
    );
    let measured = scenario.times.measured;
    need(
        is_some(measured),
        "times.measured",
        "nothing is seen in no time, give more",
    );
    server(&scenario.server, &mut need);
    some_work(scenario, &mut need);
    load(scenario, &mut need);
    for (index, variant) in scenario.variant.iter().enumerate() {
        let twins = |other: &&Variant| other.name == variant.name;
        let alone = scenario.variant.iter().filter(twins).count() == 1;
        let at = format!("variant.{index}.name");
        need(alone, &at, "another variant has this name, rename one");
        variant_of(index, variant, &mut need);
    }
    faults
}

fn server(server: &Server, need: &mut impl FnMut(bool, &str, &str)) {
    let some = (1..=SERVERS_MAX).contains(&server.servers);
    need(some, "server.servers", "give 1 to 1024 servers");
    if let Some((least, most)) = server.threads {
        let pool = 1 <= least && least <= most && most <= SERVERS_MAX;
        need(
            pool,
            "server.threads",
            "give a pool from at least 1 to at most 1024 threads, such as [1, 32]",
        );
    }
    let stages = (1..=STAGES_MAX).contains(&server.stages);
    need(stages, "server.stages", "give 1 to 64 stages");
    if let Work::Bimodal { long_share, .. } = server.work {
        let part = (0.0..=1.0).contains(&long_share);
        need(part, "server.work.long_share", "a part is 0 to 1");
    }
    if let Work::Pareto { alpha, .. } = server.work {
        let mean = alpha > 1.0 && alpha.is_finite();
        need(
            mean,
            "server.work.alpha",
            "with an exponent of at most 1 there is no mean, give more",
        );
    }
    for (index, slower) in server.slower.iter().enumerate() {
        let at = format!("server.slower.{index}.factor");
        let positive = slower.factor > 0.0 && slower.factor.is_finite();
        need(positive, &at, "a factor is above 0, such as 4.0");
    }
}

/// Clients that wait for their answers show what a stage costs that does nothing.
fn some_work(scenario: &Scenario, need: &mut impl FnMut(bool, &str, &str)) {
    let closed = matches!(scenario.load, Load::Closed { .. });
    let times = match &scenario.server.work {
        Work::Constant { each } => closed || is_some(*each),
        Work::Exponential { mean } => is_some(*mean),
        Work::Bimodal { short, long, .. } => is_some(*short) && is_some(*long),
        Work::Pareto { min, .. } => is_some(*min),
        Work::Batch { fixed, each } => is_some(*fixed) || is_some(*each),
    };
    let what = "work that takes no time is never too much, give more";
    need(times, "server.work", what);
}

fn load(scenario: &Scenario, need: &mut impl FnMut(bool, &str, &str)) {
    match &scenario.load {
        Load::Open {
            loads,
            arrivals,
            changes,
            retries,
            classes,
            class_targets,
        } => {
            let some = !loads.is_empty();
            need(some, "load.loads", "there is no load, give at least one");
            for (index, load) in loads.iter().enumerate() {
                let at = format!("load.loads.{index}");
                let positive = *load > 0.0 && load.is_finite();
                need(positive, &at, "a load is above 0, such as 0.9 of capacity");
            }
            changes_of(scenario, (arrivals, changes), need);
            classes_of(classes, need);
            targets_of((classes, class_targets), need);
            if let Some(retries) = retries {
                retries_of("load.retries", retries, need);
            }
        }
        Load::Closed {
            clients, joined, ..
        } => {
            let some = !clients.is_empty();
            need(
                some,
                "load.clients",
                "there is nobody, give at least one number",
            );
            let clients = clients.iter().enumerate();
            let clients = clients.map(|(index, n)| (format!("load.clients.{index}"), *n));
            let joined = joined.iter().enumerate();
            let joined = joined
                .map(|(index, joined)| (format!("load.joined.{index}.clients"), joined.clients));
            for (at, clients) in clients.chain(joined) {
                let some = (1..=CLIENTS_MAX).contains(&clients);
                need(some, &at, "give 1 to 10000000 clients");
            }
        }
    }
}

fn changes_of(
    scenario: &Scenario,
    (arrivals, changes): (&Spacing, &[Change]),
    need: &mut impl FnMut(bool, &str, &str),
) {
    let steady = changes.is_empty() || *arrivals == Spacing::Poisson;
    let what = "only arrivals = \"poisson\" can change, leave one out";
    need(steady, "load.changes", what);
    for (index, change) in changes.iter().enumerate() {
        let at = format!("load.changes.{index}");
        let factor = change.factor >= 0.0 && change.factor.is_finite();
        need(factor, &format!("{at}.factor"), "a factor is 0 or more");
        let within = change.at < scenario.times.measured;
        let what = "the run is over by then, change it before";
        need(within, &format!("{at}.at"), what);
    }
}

fn classes_of(classes: &[f64], need: &mut impl FnMut(bool, &str, &str)) {
    for what in parts::faults(classes) {
        need(false, "load.classes", what);
    }
}

fn targets_of((classes, targets): (&[f64], &[Moment]), need: &mut impl FnMut(bool, &str, &str)) {
    let at = "load.class_targets";
    let count = if classes.is_empty() {
        0
    } else {
        parts::count(classes)
    };
    need(
        targets.len() <= count,
        at,
        "there are fewer classes, leave targets out",
    );
    for (index, target) in targets.iter().enumerate() {
        let what = "no answer takes no time, give more";
        need(is_some(*target), &format!("{at}.{index}"), what);
    }
}

fn retries_of(at: &str, retries: &Retries, need: &mut impl FnMut(bool, &str, &str)) {
    let timeout = is_some(retries.timeout);
    need(
        timeout,
        &format!("{at}.timeout"),
        "nobody gives up at once, give more",
    );
    let part = retries.budget.is_none_or(|part| (0.0..1.0).contains(&part));
    need(
        part,
        &format!("{at}.budget"),
        "a budget is a part of all requests, 0 to 1, 1 excluded",
    );
}

fn variant_of(index: usize, variant: &Variant, need: &mut impl FnMut(bool, &str, &str)) {
    let at = |field| format!("variant.{index}.{field}");
    if let Some(policy) = &variant.policy
        && Policy::named(policy).is_none()
    {
        let next = match Policy::nearest(policy) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`seda lab policies` lists them".to_owned(),
        };
        need(
            false,
            &at("policy"),
            &format!("unknown policy `{policy}`, {next}"),
        );
    }
    let mut word = |field, given: &Option<String>, known: [&'static str; 2]| {
        let Some(given) = given.as_deref().filter(|given| !known.contains(given)) else {
            return;
        };
        let next = match nearest(given, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write `{}`", known.join("` or `")),
        };
        need(
            false,
            &at(field),
            &format!("unknown {field} `{given}`, {next}"),
        );
    };
    word("plan", &variant.plan, PLANS);
    word("batching", &variant.batching, BATCHING);
    let threads = variant
        .threads
        .is_none_or(|threads| (1..=SERVERS_MAX).contains(&threads));
    need(threads, &at("threads"), "give 1 to 1024 threads");
    need(
        variant.batch != Some(0),
        &at("batch"),
        "a batch has at least 1 request",
    );
    if let Some(retries) = &variant.retries {
        retries_of(&at("retries"), retries, need);
    }
}

pub(super) fn is_some(time: Moment) -> bool {
    time > Moment::default()
}
