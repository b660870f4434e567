//! What the steps of one database are planned from.

use crate::relationship::Relationship;
use crate::snapshot::{List, Snapshot};

pub(super) struct Part<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) adapter: usize,
    pub(super) relationships: &'a [Relationship],
}

impl<'a> Part<'a> {
    pub(super) fn relationships(&self) -> impl Iterator<Item = (usize, &'a Relationship)> {
        let adapter = self.adapter;
        self.relationships.iter().enumerate().filter(move |(_, it)| it.adapter == adapter)
    }

    pub(super) fn list(&self, at: usize) -> &'a List {
        &self.snapshot.lists[at]
    }

    pub(super) fn lists(&self) -> impl Iterator<Item = &'a List> {
        let adapter = self.adapter;
        self.snapshot.lists.iter().filter(move |list| list.adapter == adapter)
    }
}
