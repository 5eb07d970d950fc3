//! Pictures as JSON, for programs that draw by themselves.

use crate::draw::picture::Picture;

impl Picture {
    /// Gives the picture as one JSON object with `name`, `nodes` and `edges`,
    /// names in full.
    ///
    /// ```
    /// # use seda_core::Graph;
    /// let mut graph = Graph::new("greetings");
    /// graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// assert!(graph.picture().to_json().contains("\"capacity\": 8"));
    /// ```
    pub fn to_json(&self) -> String {
        // It is strings and whole numbers only, so that nothing can go wrong.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
