//! What a job is: its description, its states, its record and the table of
//! all records.

pub mod description;
pub mod exit;
pub mod filter;
pub mod id;
pub mod moment;
pub mod record;
pub mod registry;
pub mod state;
