//! The stage that shows the server itself: figures and the picture of its stages.

use std::fmt::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use seda_core::{Account, Batch, BoxError, Handler, Ledger, Running};
use seda_io::http::{Reply, Response, StatusCode};

use crate::api::answer;
use crate::api::refusal::Refusal;
use crate::api::route::{Form, View};

/// A question about the server.
#[derive(Debug)]
pub struct Viewing {
    /// What is to be seen.
    pub view: View,
    /// Who wants to see it.
    pub reply: Reply,
}

/// The running graph that is shown, once there is one. Clones are one.
#[derive(Clone, Default)]
pub struct Scene(Arc<Mutex<Option<Running>>>);

impl Scene {
    /// Shows this graph from now on.
    pub fn set(&self, running: &Running) {
        *self.0.lock() = Some(running.clone());
    }

    /// Shows nothing any more, and lets the graph go: the stage that shows it
    /// is a part of it.
    pub fn clear(&self) {
        self.0.lock().take();
    }

    fn get(&self) -> Option<Running> {
        self.0.lock().clone()
    }
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene").finish_non_exhaustive()
    }
}

/// Answers with figures and pictures of the graph that it is a part of.
#[derive(Clone, Debug)]
pub struct Observe {
    /// What is shown.
    pub scene: Scene,
}

impl Handler for Observe {
    type Event = Viewing;

    fn handle(&mut self, batch: &mut Batch<Viewing>) -> Result<(), BoxError> {
        for Viewing { view, reply } in batch {
            let response = match (self.scene.get(), view) {
                (None, _) => Refusal::starting().into(),
                (Some(running), View::Metrics) => metrics(&running),
                (Some(running), View::Graph(form)) => picture(&running, form),
            };
            reply.respond(response);
        }
        Ok(())
    }
}

/// The media type of Prometheus' text format, version 0.0.4.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

fn metrics(running: &Running) -> Response {
    let text = prometheus(&running.ledger());
    answer::headed(StatusCode::OK, PROMETHEUS, None).with_body(text.into_bytes())
}

/// Draws the stages. What is not drawn yet is refused by name.
fn picture(running: &Running, form: Form) -> Response {
    match form {
        Form::Json => answer::json(StatusCode::OK, None, &running.ledger()),
        Form::Page | Form::Svg | Form::Dot | Form::Mermaid => {
            let message = "the picture cannot be drawn in this form yet, ask for `format=json`";
            Refusal::not_implemented(message.to_owned()).into()
        }
    }
}

/// Writes the accounts of all stages in Prometheus' text format.
fn prometheus(ledger: &Ledger) -> String {
    let mut text = String::from(
        "# HELP seda_stage_events_total Events by stage and by what became of them.\n\
         # TYPE seda_stage_events_total counter\n",
    );
    for account in &ledger.accounts {
        for (outcome, count) in outcomes(account) {
            let stage = &account.stage;
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "seda_stage_events_total{{stage=\"{stage}\",outcome=\"{outcome}\"}} {count}"
            );
        }
    }
    text.push_str(
        "# HELP seda_stage_queue_length Events that wait.\n\
         # TYPE seda_stage_queue_length gauge\n",
    );
    for Account { stage, queued, .. } in &ledger.accounts {
        let _ = writeln!(
            text,
            "seda_stage_queue_length{{stage=\"{stage}\"}} {queued}"
        );
    }
    text
}

fn outcomes(account: &Account) -> [(&'static str, u64); 9] {
    let rejected = &account.rejected;
    [
        ("accepted", account.accepted),
        ("rejected_full", rejected.full),
        ("rejected_shed", rejected.shed),
        ("rejected_expired", rejected.expired),
        ("rejected_closed", rejected.closed),
        ("handled", account.handled),
        ("failed", account.failed),
        ("expired", account.expired),
        ("dead_lettered", account.dead_lettered),
    ]
}

#[cfg(test)]
mod tests {
    use seda_core::Rejections;

    use super::*;

    #[test]
    fn figures_are_lines_of_one_stage_and_one_outcome() {
        let account = Account {
            stage: "api".into(),
            offered: 12,
            accepted: 10,
            rejected: Rejections {
                full: 2,
                ..Rejections::default()
            },
            handled: 7,
            failed: 1,
            expired: 0,
            dead_lettered: 0,
            queued: 2,
            in_hand: 0,
        };
        let text = prometheus(&Ledger {
            accounts: vec![account],
        });
        for line in [
            "seda_stage_events_total{stage=\"api\",outcome=\"accepted\"} 10",
            "seda_stage_events_total{stage=\"api\",outcome=\"rejected_full\"} 2",
            "seda_stage_queue_length{stage=\"api\"} 2",
        ] {
            assert!(text.lines().any(|have| have == line), "{line}\n{text}");
        }
    }
}
