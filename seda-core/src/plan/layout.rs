//! A plan applied to a graph's stages: domains with what runs in them.

use crate::plan::{CORES, DomainKind, Plan};

/// Is what a plan must know of a stage.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) name: String,
    /// The threads of a stage that is declared blocking.
    pub(crate) blocking: Option<(usize, usize)>,
    pub(crate) solo: bool,
}

/// Is one domain with its stages, by index.
#[derive(Clone, Debug)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) kind: DomainKind,
    pub(crate) classic: bool,
    pub(crate) stages: Vec<usize>,
    pub(crate) sources: Vec<usize>,
}

/// How many threads SEDA's own controller gave one stage at most.
const CLASSIC_MAX: usize = 20;

impl Plan {
    /// Puts every stage and source into a domain; gives all complaints at once.
    pub(crate) fn lay_out(
        &self,
        stages: &[Wish],
        sources: &[String],
    ) -> Result<Vec<Domain>, Vec<String>> {
        let mut layout = Layout {
            plan: self,
            domains: Vec::new(),
            complaints: self.strangers(stages, sources),
        };
        layout.complaints.extend(self.empty_domains());
        for (index, wish) in stages.iter().enumerate() {
            layout.seat_stage(index, wish);
        }
        for (index, name) in sources.iter().enumerate() {
            layout.seat_source(index, name);
        }
        if layout.complaints.is_empty() {
            Ok(layout.domains)
        } else {
            Err(layout.complaints)
        }
    }

    fn strangers(&self, stages: &[Wish], sources: &[String]) -> Vec<String> {
        let known =
            |name: &String| stages.iter().any(|wish| wish.name == *name) || sources.contains(name);
        let strangers = self.stages.keys().filter(|name| !known(name));
        strangers
            .map(|name| format!("the plan places `{name}`, but no stage has that name"))
            .collect()
    }

    /// Domains in which nothing could run.
    fn empty_domains(&self) -> Vec<String> {
        let complain = |(name, kind): (&String, &DomainKind)| match *kind {
            DomainKind::Cores { workers: 0 } => Some(format!(
                "domain `{name}`: 0 workers run nothing; give it at least 1"
            )),
            DomainKind::Blocking { min, max } if min == 0 || max < min => Some(format!(
                "domain `{name}`: no pool of {min} to {max} threads; give 1 <= min <= max"
            )),
            _ => None,
        };
        self.domains.iter().filter_map(complain).collect()
    }
}

struct Layout<'p> {
    plan: &'p Plan,
    domains: Vec<Domain>,
    complaints: Vec<String>,
}

impl Layout<'_> {
    fn seat_stage(&mut self, index: usize, wish: &Wish) {
        let chosen = self.chosen(&wish.name);
        let (name, kind) = if let Some(domain) = chosen {
            let Some(kind) = self.kind_of(&domain, &wish.name) else {
                return;
            };
            (domain, kind)
        } else {
            self.check_own_name(wish);
            self.usual(wish)
        };
        if wish.blocking.is_some() && matches!(kind, DomainKind::Cores { .. }) {
            self.complaints.push(format!(
                "stage `{}` blocks, and the plan puts it among the cores (`{name}`), which must not block; give it a domain with `threads`",
                wish.name
            ));
        }
        self.domain(name, kind).stages.push(index);
    }

    fn seat_source(&mut self, index: usize, source: &str) {
        let name = self.chosen(source).unwrap_or_else(|| CORES.to_owned());
        if let Some(kind) = self.kind_of(&name, source) {
            self.domain(name, kind).sources.push(index);
        }
    }

    fn chosen(&self, name: &str) -> Option<String> {
        self.plan.stages.get(name)?.domain.clone()
    }

    /// A pool of its own has the name of its stage, which must not be that of
    /// another domain.
    fn check_own_name(&mut self, wish: &Wish) {
        let own = self.plan.classic || wish.blocking.is_some();
        if own && (wish.name == CORES || self.plan.domains.contains_key(&wish.name)) {
            self.complaints.push(format!(
                "stage `{0}` has a pool of its own, and a domain is called `{0}` too; place the stage there, or rename one",
                wish.name
            ));
        }
    }

    /// Gives the domain a stage has when the plan names none.
    fn usual(&self, wish: &Wish) -> (String, DomainKind) {
        match (self.plan.classic, wish.blocking) {
            (true, _) if wish.solo => (wish.name.clone(), DomainKind::Blocking { min: 1, max: 1 }),
            (true, None) => (
                wish.name.clone(),
                DomainKind::Blocking {
                    min: 1,
                    max: CLASSIC_MAX,
                },
            ),
            (_, Some((min, max))) => (wish.name.clone(), DomainKind::Blocking { min, max }),
            (false, None) => (CORES.to_owned(), self.cores()),
        }
    }

    fn cores(&self) -> DomainKind {
        let given = self.plan.domains.get(CORES).copied();
        given.unwrap_or_else(|| DomainKind::Cores {
            workers: self.plan.workers.unwrap_or_else(num_cpus::get),
        })
    }

    fn kind_of(&mut self, domain: &str, stage: &str) -> Option<DomainKind> {
        if domain == CORES {
            return Some(self.cores());
        }
        let kind = self.plan.domains.get(domain).copied();
        if kind.is_none() {
            self.complaints.push(format!(
                "the plan puts `{stage}` into the domain `{domain}`, which it does not define"
            ));
        }
        kind
    }

    fn domain(&mut self, name: String, kind: DomainKind) -> &mut Domain {
        let place = self.domains.iter().position(|domain| domain.name == name);
        let place = place.unwrap_or_else(|| {
            self.domains.push(Domain {
                name,
                kind,
                classic: self.plan.classic,
                stages: Vec::new(),
                sources: Vec::new(),
            });
            self.domains.len() - 1
        });
        // The index was found or made just above.
        #[allow(clippy::indexing_slicing, reason = "found or made just above")]
        &mut self.domains[place]
    }
}
