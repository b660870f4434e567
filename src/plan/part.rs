//! What the steps of one database are planned from.

use crate::relationship::Relationship;
use crate::snapshot::{List, Snapshot};

/// One adapter's part of a project.
pub(super) struct Part<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) adapter: usize,
    pub(super) relationships: &'a [Relationship],
}

impl<'a> Part<'a> {
    /// The relationships of this adapter, each with its index.
    pub(super) fn relationships(&self) -> impl Iterator<Item = (usize, &'a Relationship)> {
        let adapter = self.adapter;
        self.relationships.iter().enumerate().filter(move |(_, it)| it.adapter == adapter)
    }

    /// The list at that index of the snapshot.
    pub(super) fn list(&self, at: usize) -> &'a List {
        &self.snapshot.lists[at]
    }

    /// The lists of this adapter.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'a List> {
        let adapter = self.adapter;
        self.snapshot.lists.iter().filter(move |list| list.adapter == adapter)
    }
}
