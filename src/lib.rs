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
//! - [`snapshot`] reads what Node knows of the project, and checks that it is consistent in itself.
//! - [`relationship`] pairs the relationship fields and puts their two sides in Keystone's order.
//! - [`naming`] has every old and new name; [`name`] is what PostgreSQL keeps of one.
//! - [`locale`] says where the order of left and right is that of another locale.
//! - [`plan`] turns relationships into typed steps, [`step`], which contain neither SQL nor JavaScript.
//! - [`schema`] is what each generation of Keystone creates, and [`diff`] what differs between two texts.
//! - [`summary`] renders the plan in the words of Keystone's guide.
//! - [`report`] renders it as a page or as Markdown, with what a database holds.
//! - [`postgres`] and [`mongodb`] each know one engine's language, and nothing of the other's.
//! - [`inspection`] is what a database holds, by the answers to questions, and [`outcome`] what a
//!   migration has made of it.
//! - [`reconcile`] is what is repaired where the two stored sides of a relationship disagree.
//! - [`error`] is what is wrong with a project: a stable code, a message, a place.
//! - `node` is the only file that knows Node-API.

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
