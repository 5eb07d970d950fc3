//! Where a scenario is to run, and what cannot be had there.

use crate::scenario::faults::{Fault, is_some};
use crate::scenario::{Load, Moment, Scenario, Variant, Work};

/// More clients than this are not in flight at once on threads: each of the
/// queues has room for all of them.
const CLIENTS_MAX: u64 = 65_536;

/// Is where a scenario runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Site {
    /// In virtual time.
    WindTunnel,
    /// On this machine's threads, in this process.
    Threads,
}

impl Site {
    /// Lists what a scenario asks for that cannot be had here.
    pub(super) fn misfits(self, scenario: &Scenario) -> Vec<Fault> {
        let mut misfits = Vec::new();
        let mut need = |holds: bool, at: &str, what: &str| {
            if !holds {
                misfits.push((at.to_owned(), what.to_owned()));
            }
        };
        match self {
            Self::WindTunnel => in_the_wind_tunnel(scenario, &mut need),
            Self::Threads => on_threads(scenario, &mut need),
        }
        misfits
    }
}

fn in_the_wind_tunnel(scenario: &Scenario, need: &mut impl FnMut(bool, &str, &str)) {
    let server = &scenario.server;
    let what = "the wind tunnel has one stage, and nothing there costs a switch between \
                threads, leave `--simulate` out to run it on this machine's threads";
    need(server.stages == 1, "server.stages", what);
    let what = "in virtual time work that takes no time never ends, give more";
    need(
        work_of(&server.work) != Some(Moment::default()),
        "server.work",
        what,
    );
}

fn on_threads(scenario: &Scenario, need: &mut impl FnMut(bool, &str, &str)) {
    let server = &scenario.server;
    let what = "on threads work is `constant`, write { kind = \"constant\", each = \"10us\" }";
    need(work_of(&server.work).is_some(), "server.work", what);
    let what = "on threads an arrival costs what it costs, leave it out";
    need(!is_some(server.arrival_cost), "server.arrival_cost", what);
    let what = "on threads nothing becomes slower at a given moment, leave it out";
    need(server.slower.is_empty(), "server.slower", what);
    let what = "on threads nothing pauses at a given moment, leave it out";
    need(server.pauses.is_empty(), "server.pauses", what);
    load_on_threads(&scenario.load, need);
    let what = "without a variant it is the default that refuses clients, who on threads would \
                ask again at once, add one with policy = \"unbounded\"";
    need(!scenario.variant.is_empty(), "variant", what);
    for (index, variant) in scenario.variant.iter().enumerate() {
        variant_on_threads(&format!("variant.{index}"), variant, need);
    }
}

fn load_on_threads(load: &Load, need: &mut impl FnMut(bool, &str, &str)) {
    let Load::Closed {
        clients,
        client,
        joined,
    } = load
    else {
        let what = "on threads clients wait for their answers, write kind = \"closed\"";
        return need(false, "load.kind", what);
    };
    for (index, count) in clients.iter().enumerate() {
        let at = format!("load.clients.{index}");
        need(
            *count <= CLIENTS_MAX,
            &at,
            "on threads give at most 65536 clients",
        );
    }
    let what = "on threads clients ask again at once, write think = \"0ms\"";
    need(!is_some(client.think), "load.client.think", what);
    let what = "on threads clients ask again at once, write jitter = \"0ms\"";
    need(!is_some(client.jitter), "load.client.jitter", what);
    let what = "on threads clients wait for as long as it takes, leave it out";
    need(client.timeout.is_none(), "load.client.timeout", what);
    let what = "on threads the clients of a run are the same throughout, leave it out";
    need(joined.is_empty(), "load.joined", what);
}

fn variant_on_threads(at: &str, variant: &Variant, need: &mut impl FnMut(bool, &str, &str)) {
    let all = match variant.policy.as_deref() {
        None => variant.is_classic(),
        Some(policy) => policy == "unbounded",
    };
    let what = "on threads a client that is refused would ask again at once, \
                write policy = \"unbounded\"";
    need(all, &format!("{at}.policy"), what);
    let what = "on threads clients wait for as long as it takes, leave it out";
    need(variant.retries.is_none(), &format!("{at}.retries"), what);
    let what = "on threads there is no other server, leave it out or add `--target URL`";
    need(variant.target.is_none(), &format!("{at}.target"), what);
}

/// Gives what a request takes where it is always the same.
const fn work_of(work: &Work) -> Option<Moment> {
    match work {
        Work::Constant { each } => Some(*each),
        _ => None,
    }
}
