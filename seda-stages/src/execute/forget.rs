//! The stage that removes the files of jobs that are forgotten.

use std::sync::Arc;

use seda_core::{Batch, BoxError, Handler};

use super::directory::JobsRoot;
use crate::job::id::JobId;

/// Removes the directories of jobs.
#[derive(Clone, Debug)]
pub struct Forget {
    /// Where they are.
    pub root: Arc<JobsRoot>,
}

impl Handler for Forget {
    type Event = JobId;

    fn handle(&mut self, batch: &mut Batch<JobId>) -> Result<(), BoxError> {
        for id in batch {
            self.root.remove(&self.root.directory(id))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use seda_core::testing::batch;

    use super::*;

    #[test]
    fn directories_go_whether_there_are_any_or_not() {
        let here = tempfile::tempdir().unwrap();
        let root = Arc::new(JobsRoot::open(here.path().join("jobs")).unwrap());
        let directory = root.create(JobId::FIRST).unwrap();
        std::fs::write(directory.out(), "x").unwrap();
        let mut forget = Forget { root };
        forget
            .handle(&mut batch([JobId::FIRST.next(), JobId::FIRST]))
            .unwrap();
        assert!(!directory.path().exists());
    }
}
