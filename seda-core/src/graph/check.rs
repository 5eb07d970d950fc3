//! What is wrong with a graph, found before it starts, all at once.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use crate::dials::budgets::BudgetOf;
use crate::edge::{EdgeKind, Origin, Overflow};
use crate::graph::Graph;
use crate::graph::spec::Spec;
use crate::graph::topology::Topology;
use crate::meta::Class;
use crate::queue::classes::Classes;
use crate::ready::STAGES_MAX;
use crate::roster::Roster;

/// Says why a graph cannot start; every complaint names its stage or edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    graph: String,
    complaints: Vec<String>,
}

impl StartError {
    pub(crate) fn new(graph: &str, complaints: Vec<String>) -> Self {
        Self {
            graph: graph.to_owned(),
            complaints,
        }
    }

    /// Lists what is wrong.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "graph `{}` cannot start", self.graph)?;
        for complaint in &self.complaints {
            write!(f, "\n  {complaint}")?;
        }
        Ok(())
    }
}

impl Error for StartError {}

impl Graph {
    /// Collects everything that is wrong with the graph as it stands.
    pub(crate) fn check(&self, topology: &Topology) -> Vec<String> {
        let mut complaints = self.complaints.clone();
        if self.specs.len() > STAGES_MAX {
            complaints.push(format!(
                "{} stages, and a graph has room for {STAGES_MAX}; make two graphs of it",
                self.specs.len()
            ));
        }
        let mut names = BTreeSet::new();
        for spec in &self.specs {
            if !names.insert(&spec.name) {
                complaints.push(format!("two stages are called `{}`; rename one", spec.name));
            }
            if spec.define.is_none() {
                complaints.push(format!(
                    "stage `{}` has no handler; end its builder with `each`, `handler`, `handler_with` or `solo`",
                    spec.name
                ));
            }
            check_budgets(spec, &mut complaints);
        }
        for source in &self.sources {
            if !names.insert(&source.name) {
                complaints.push(format!(
                    "source `{}` has the name of a stage or another source; rename it",
                    source.name
                ));
            }
        }
        for group in topology.groups() {
            self.check_loop(&group, &mut complaints);
        }
        complaints
    }

    /// In a loop every edge must say what happens when it is full, and not all
    /// may wait for each other.
    fn check_loop(&self, group: &[usize], complaints: &mut Vec<String>) {
        let mut edges = 0;
        let mut deferring = 0;
        for to in group {
            let Some(spec) = self.specs.get(*to) else {
                continue;
            };
            for edge in spec.control.common().edges() {
                let Origin::Stage(from) = edge.from else {
                    continue;
                };
                if edge.kind != EdgeKind::Flow || !group.contains(&from) {
                    continue;
                }
                edges += 1;
                let name = self.specs.get(from).map_or("?", |from| &from.name);
                match edge.overflow() {
                    Some(Overflow::Defer) => deferring += 1,
                    Some(_) => {}
                    None => complaints.push(format!(
                        "edge `{name}` -> `{}` is part of a loop; say what happens when it is full: `.overflow(Overflow::…)`",
                        spec.name
                    )),
                }
            }
        }
        if edges > 0 && deferring == edges {
            let names: Vec<_> = group
                .iter()
                .filter_map(|stage| Some(&*self.specs.get(*stage)?.name))
                .collect();
            complaints.push(format!(
                "the loop `{}` defers on every edge and can stand still when full; have one edge reject or drop",
                names.join("` -> `")
            ));
        }
    }
}

/// A class that has a budget must be told apart, and the others need one too.
fn check_budgets(spec: &Spec, complaints: &mut Vec<String>) {
    let count = spec.classes.as_ref().map_or(0, Classes::count);
    let common = spec.control.common();
    for (of, Class(class), budget) in &spec.class_budgets {
        let (verb, all, has_own) = match of {
            BudgetOf::Stage => ("class_target", "target", common.dials.serving.target()),
            BudgetOf::Path => ("class_path_target", "path_target", common.path_budget()),
        };
        let name = &spec.name;
        if usize::from(*class) >= count {
            complaints.push(format!(
                "stage `{name}`: `{verb}` for class {class}, and its queue tells {count} classes apart, from 0 on; give it `.classes(…)` with this one"
            ));
        }
        if has_own.is_none() {
            complaints.push(format!(
                "stage `{name}`: `{verb}` for class {class}, and no `{all}` for the others; give it one"
            ));
        }
        if budget.is_zero() {
            complaints.push(format!(
                "stage `{name}`: `{verb}` of zero for class {class}, and nothing is done in no time; give it more"
            ));
        }
    }
}

/// Lists the stages that no event can reach: nothing leads to them from an
/// inlet, a source or a stage that can be reached.
pub(crate) fn unreachable(roster: &Roster) -> Vec<String> {
    let stages: Vec<_> = roster.iter().collect();
    let mut reached = vec![false; stages.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (to, stage) in stages.iter().enumerate() {
            let fed = stage.common().edges().iter().any(|edge| match edge.from {
                Origin::Outside | Origin::Source(_) => true,
                Origin::Stage(from) => reached.get(from).copied().unwrap_or(false),
            });
            if let Some(place) = reached.get_mut(to)
                && fed
                && !*place
            {
                *place = true;
                changed = true;
            }
        }
    }
    let lost = stages.iter().zip(reached).filter(|(_, reached)| !reached);
    lost.map(|(stage, _)| stage.common().name.to_string())
        .collect()
}
