//! The stage that shows the server itself: figures and the picture of its stages.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use seda_core::{Batch, Bottleneck, BoxError, Handler, Running, Snapshot};
use seda_io::http::{Reply, Response, StatusCode};
use serde::Serialize;

use crate::api::answer;
use crate::api::refusal::Refusal;
use crate::api::route::{Form, Telling, View};

/// A question about the server.
#[derive(Debug)]
pub struct Viewing {
    /// What is to be seen.
    pub view: View,
    /// Who wants to see it.
    pub reply: Reply,
}

/// Notes that are kept: the older one is what "just now" is compared with.
const NOTES_MAX: usize = 2;

/// The running graph that is shown, once there is one. Clones are one.
#[derive(Clone, Default)]
pub struct Scene(Arc<Mutex<Option<Shown>>>);

/// What is shown, and how it was a moment ago.
struct Shown {
    running: Running,
    notes: VecDeque<Snapshot>,
}

impl Scene {
    /// Shows this graph from now on.
    pub fn set(&self, running: &Running) {
        *self.0.lock() = Some(Shown {
            running: running.clone(),
            notes: VecDeque::from([running.snapshot()]),
        });
    }

    /// Notes how the graph is, for who asks later what has limited it since.
    /// Once a second is a good time.
    pub fn note(&self) {
        // Without the lock while it is looked at: who asks would wait for it.
        let Some(note) = self.get().map(|running| running.snapshot()) else {
            return;
        };
        if let Some(shown) = &mut *self.0.lock() {
            shown.notes.push_back(note);
            if shown.notes.len() > NOTES_MAX {
                shown.notes.pop_front();
            }
        }
    }

    /// Finds what has limited the graph since the last note but one.
    fn bottleneck(&self) -> Option<Bottleneck> {
        let now = self.get()?.snapshot();
        let shown = self.0.lock();
        Bottleneck::between(shown.as_ref()?.notes.front()?, &now)
    }

    /// Shows nothing any more, and lets the graph go: the stage that shows it
    /// is a part of it.
    pub fn clear(&self) {
        self.0.lock().take();
    }

    fn get(&self) -> Option<Running> {
        self.0.lock().as_ref().map(|shown| shown.running.clone())
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
                (Some(running), View::Stages) => json(&running.snapshot()),
                (Some(running), View::Stage(name)) => stage(&running, &name),
                (Some(_), View::Bottleneck(telling)) => bottleneck(&self.scene, telling),
            };
            reply.respond(response);
        }
        Ok(())
    }
}

/// The media type of Prometheus' text format, version 0.0.4.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

fn metrics(running: &Running) -> Response {
    typed(PROMETHEUS, running.snapshot().to_prometheus())
}

fn picture(running: &Running, form: Form) -> Response {
    let picture = running.picture();
    match form {
        Form::Page => typed("text/html; charset=utf-8", page(&picture.to_svg())),
        Form::Svg => typed("image/svg+xml", picture.to_svg()),
        Form::Dot => typed("text/vnd.graphviz; charset=utf-8", picture.to_dot()),
        Form::Mermaid => typed("text/plain; charset=utf-8", picture.to_mermaid()),
        Form::Json => typed("application/json", picture.to_json()),
    }
}

/// Gives all that is known of one stage: its figures, what its controllers have
/// set and why, and the edges that lead there.
fn stage(running: &Running, name: &str) -> Response {
    let snapshot = running.snapshot();
    let Some(stage) = snapshot.stage(name) else {
        return Refusal::no_stage(name).into();
    };
    let edges: Vec<_> = snapshot.edges_into(name).collect();
    json(&serde_json::json!({ "stage": stage, "edges": edges }))
}

/// Says what limits the server just now, if anything was done.
fn bottleneck(scene: &Scene, telling: Telling) -> Response {
    let found = scene.bottleneck();
    let sentence = found.as_ref().map_or_else(
        || "nothing was done in the last seconds".to_owned(),
        Bottleneck::to_string,
    );
    match telling {
        Telling::Text => typed("text/plain; charset=utf-8", sentence + "\n"),
        Telling::Json => json(&serde_json::json!({ "sentence": sentence, "bottleneck": found })),
    }
}

fn json(value: &impl Serialize) -> Response {
    answer::json(StatusCode::OK, None, value)
}

/// Puts the drawing in a page that looks anew every two seconds.
fn page(svg: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"refresh\" content=\"2\">\n<title>seda: stages</title>\n\
         <style>body {{ margin: 1rem; color-scheme: light dark }}</style>\n{svg}</html>\n"
    )
}

fn typed(media_type: &str, text: String) -> Response {
    answer::headed(StatusCode::OK, media_type, None).with_body(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use seda_core::{Graph, Plan};

    use super::*;

    #[test]
    fn a_graph_is_shown_in_every_form() {
        let mut graph = Graph::new("shown");
        graph.stage("lonely").each(|_: u32| Ok(()));
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let text = |response: Response| {
            assert_eq!(response.status(), StatusCode::OK);
            String::from_utf8(response.into_body()).unwrap()
        };
        let series = "seda_stage_handled_total{graph=\"shown\",stage=\"lonely\"} 0\n";
        assert!(text(metrics(&running)).contains(series));
        for (form, start) in [
            (Form::Page, "<!doctype html>"),
            (Form::Svg, "<svg "),
            (Form::Dot, "digraph "),
            (Form::Mermaid, "flowchart "),
            (Form::Json, "{"),
        ] {
            let shown = text(picture(&running, form));
            assert!(
                shown.starts_with(start) && shown.contains("lonely"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_stage_is_shown_with_what_controllers_have_set() {
        let mut graph = Graph::new("shown");
        let target = std::time::Duration::from_millis(20);
        graph.stage("aimed").target(target).each(|_: u32| Ok(()));
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let shown = |response: Response| -> serde_json::Value {
            serde_json::from_slice(&response.into_body()).unwrap()
        };
        let one = shown(stage(&running, "aimed"));
        assert_eq!(one["stage"]["target"], 0.02);
        assert!(one["stage"]["conditions"].is_object(), "{one}");
        let all = shown(json(&running.snapshot()));
        assert_eq!(all["stages"][0]["name"], "aimed");
        assert_eq!(stage(&running, "none").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn what_limits_the_graph_is_told_in_a_sentence_and_in_figures() {
        let mut graph = Graph::new("shown");
        let work = graph.stage("work").each(|_: u32| Ok(()));
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let scene = Scene::default();
        let body = |telling| bottleneck(&scene, telling).into_body();
        scene.set(&running);
        assert!(body(Telling::Text).starts_with(b"nothing was done"));
        running.inlet(&work).enqueue(1).unwrap();
        while running.ledger().stage("work").unwrap().handled == 0 {
            std::thread::yield_now();
        }
        scene.note();
        let told: serde_json::Value = serde_json::from_slice(&body(Telling::Json)).unwrap();
        assert_eq!(told["bottleneck"]["stage"], "work", "{told}");
        let text = String::from_utf8(body(Telling::Text)).unwrap();
        assert!(text.contains("`work` would first"), "{text}");
        // The note of the start has gone: nothing was done since.
        scene.note();
        assert!(body(Telling::Text).starts_with(b"nothing was done"));
        assert_eq!(scene.0.lock().as_ref().unwrap().notes.len(), NOTES_MAX);
    }

    #[test]
    fn what_is_cleared_is_let_go() {
        let scene = Scene::default();
        let running = Graph::new("gone")
            .start(Plan::default().workers(1))
            .unwrap();
        scene.set(&running);
        assert!(scene.get().is_some());
        scene.clear();
        assert!(scene.get().is_none());
    }
}
