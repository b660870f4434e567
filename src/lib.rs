//! The core of `keystone-upgrade-relationships`: it plans how the databases of a Keystone 5 project
//! get from the relationship schema before the Arcade release to the one since, and renders that
//! plan.
//!
//! # The flow
//!
//! ```text
//! snapshot (JSON from Node) ──> relationships ──> steps ──> summary · migration · JSON
//!   snapshot                      relationship      plan      summary, postgres, mongodb
//! ```
//!
//! Data goes one way. The core does no input or output: Node hands it a [`snapshot::Snapshot`] and
//! gets text back.
//!
//! Every name is made in [`naming`]. [`postgres`] and [`mongodb`] each know one engine's language, and
//! nothing of the other's. [`inspection`] is what a database holds, by the answers to questions, and
//! [`outcome`] what a migration has made of it. `node` is the only file that knows Node-API.

#![cfg_attr(
    test,
    allow(dead_code, unused_imports, reason = "`node` uses it, which no test can be linked with")
)]

#[cfg(test)]
mod circles;
mod comment;
mod diff;
mod error;
mod inspection;
mod locale;
mod mongodb;
mod name;
mod naming;
#[cfg(not(test))]
mod node;
mod outcome;
mod plan;
mod postgres;
#[cfg(test)]
mod properties;
mod reconcile;
mod relationship;
mod report;
mod schema;
mod snapshot;
mod sql;
mod step;
mod summary;
#[cfg(test)]
mod testing;
