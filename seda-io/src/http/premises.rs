//! What all workers of a server share.

use std::sync::Arc;

use seda_core::Pressure;

use super::allowance::Allowance;
use super::limits::Limits;
use super::tally::Tallies;
use super::wishes::Wishes;
use crate::net::quota::Quota;
use crate::tls::TlsServer;

/// Is what all workers of a server share.
#[derive(Debug)]
pub(super) struct Premises {
    pub(super) limits: Arc<Limits>,
    pub(super) quota: Arc<Quota>,
    pub(super) allowance: Allowance,
    pub(super) wishes: Arc<Wishes>,
    pub(super) tallies: Tallies,
    pub(super) tls: Option<TlsServer>,
    /// How pressed the graph is.
    pub(super) pressure: Pressure,
}
