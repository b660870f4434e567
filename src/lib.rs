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
//! - [`naming`] has every old and new name.
//! - [`plan`] turns relationships into typed steps, [`step`], which know no SQL and no shell text.
//! - [`schema`] is what each generation of Keystone creates, and [`diff`] what differs between two texts.
//! - [`summary`] tells the plan in the words of Keystone's guide.
//! - [`postgres`] and [`mongodb`] each know one engine's language, and nothing of the other's.
//! - [`pieces`] hands on long text while it is made.
//! - [`inspection`] is what a database holds, by the answers to questions, and [`outcome`] what a
//!   migration has made of it.
//! - [`error`] has every mistake that is reported, with its stable code.
//! - `node` is the only file that knows Node-API.

// The public items serve the modules and the docs: a Node addon exports no Rust items.
#![cfg_attr(test, allow(dead_code))]

/// Planning makes many small strings: with the system's allocator it takes half as long again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod diff;
pub mod error;
pub mod inspection;
pub mod mongodb;
pub mod naming;
#[cfg(not(test))]
mod node;
pub mod outcome;
pub mod pieces;
pub mod plan;
pub mod postgres;
#[cfg(test)]
mod properties;
pub mod relationship;
pub mod schema;
pub mod snapshot;
pub mod step;
pub mod summary;
#[cfg(test)]
mod testing;
