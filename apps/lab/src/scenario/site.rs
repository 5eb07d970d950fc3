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
        let mut misfits = Misfits(Vec::new());
        match self {
            Self::WindTunnel => misfits.in_the_wind_tunnel(scenario),
            Self::Threads => misfits.on_threads(scenario),
        }
        misfits.0
    }
}

struct Misfits(Vec<Fault>);

impl Misfits {
    fn unless(&mut self, holds: bool, at: impl Into<String>, what: &str) {
        if !holds {
            self.0.push((at.into(), what.to_owned()));
        }
    }

    fn in_the_wind_tunnel(&mut self, scenario: &Scenario) {
        let server = &scenario.server;
        let what = "the wind tunnel has one stage, and nothing there costs a switch between \
                    threads, leave `--simulate` out to run it on this machine's threads";
        self.unless(server.stages == 1, "server.stages", what);
        let what = "in virtual time work that takes no time never ends, give more";
        self.unless(
            work_of(&server.work) != Some(Moment::default()),
            "server.work",
            what,
        );
    }

    fn on_threads(&mut self, scenario: &Scenario) {
        let server = &scenario.server;
        let what = "on threads work is `constant`, write { kind = \"constant\", each = \"10us\" }";
        self.unless(work_of(&server.work).is_some(), "server.work", what);
        let what = "on threads an arrival costs what it costs, leave it out";
        self.unless(!is_some(server.arrival_cost), "server.arrival_cost", what);
        let what = "on threads nothing becomes slower at a given moment, leave it out";
        self.unless(server.slower.is_empty(), "server.slower", what);
        let what = "on threads nothing pauses at a given moment, leave it out";
        self.unless(server.pauses.is_empty(), "server.pauses", what);
        self.load_on_threads(&scenario.load);
        let what = "without a variant it is the default that refuses clients, who on threads would \
                    ask again at once, add one with policy = \"unbounded\"";
        self.unless(!scenario.variant.is_empty(), "variant", what);
        for (index, variant) in scenario.variant.iter().enumerate() {
            self.variant_on_threads(&format!("variant.{index}"), variant);
        }
    }

    fn load_on_threads(&mut self, load: &Load) {
        let Load::Closed {
            clients,
            client,
            joined,
        } = load
        else {
            let what = "on threads clients wait for their answers, write kind = \"closed\"";
            return self.unless(false, "load.kind", what);
        };
        for (index, count) in clients.iter().enumerate() {
            let at = format!("load.clients.{index}");
            self.unless(
                *count <= CLIENTS_MAX,
                at,
                "on threads give at most 65536 clients",
            );
        }
        let what = "on threads clients ask again at once, write think = \"0ms\"";
        self.unless(!is_some(client.think), "load.client.think", what);
        let what = "on threads clients ask again at once, write jitter = \"0ms\"";
        self.unless(!is_some(client.jitter), "load.client.jitter", what);
        let what = "on threads clients wait for as long as it takes, leave it out";
        self.unless(client.timeout.is_none(), "load.client.timeout", what);
        let what = "on threads the clients of a run are the same throughout, leave it out";
        self.unless(joined.is_empty(), "load.joined", what);
    }

    fn variant_on_threads(&mut self, at: &str, variant: &Variant) {
        let all = match variant.policy.as_deref() {
            None => variant.is_classic(),
            Some(policy) => policy == "unbounded",
        };
        let what = "on threads a client that is refused would ask again at once, \
                    write policy = \"unbounded\"";
        self.unless(all, format!("{at}.policy"), what);
        let what = "on threads clients wait for as long as it takes, leave it out";
        self.unless(variant.retries.is_none(), format!("{at}.retries"), what);
        let what = "on threads there is no other server, leave it out or add `--target URL`";
        self.unless(variant.target.is_none(), format!("{at}.target"), what);
    }
}

/// Gives what a request takes where it is always the same.
const fn work_of(work: &Work) -> Option<Moment> {
    match work {
        Work::Constant { each } => Some(*each),
        _ => None,
    }
}
