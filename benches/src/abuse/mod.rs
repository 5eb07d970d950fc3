//! Does a server serve its guests while thousands of others abuse it?
//!
//! One process is the server, on a core of its own. This one, on the other core,
//! is everybody else: guests, who ask politely and are measured, and a crowd of
//! abusers, whose thread gives way to the guests.

pub mod abuser;
pub mod crowd;
pub mod guests;
pub mod outcome;
pub mod run;
pub mod server;
pub mod siege;
pub mod terms;
pub mod tricks;
