//! What `--reconcile` does where the two stored sides of a relationship disagree.

use serde::{Deserialize, Serialize};

use crate::relationship::Relationship;

/// How many links it adds, clears and drops, and some of them. The place that is kept, and the one that goes,
/// are those of the migration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    pub added: u64,
    /// How many links of the kept place go, because their target is linked elsewhere.
    pub cleared: u64,
    /// How many links go with the place that goes, because the kept one contradicts them.
    pub dropped: u64,
    #[serde(default)]
    pub kept: u64,
    /// Up to five, those that are lost first.
    pub examples: Vec<Repaired>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    pub action: Repair,
    /// The place that has it before, as people call it. The questions of MongoDB leave it open.
    #[serde(default)]
    pub place: String,
    #[serde(flatten)]
    pub link: Link,
    /// What the kept place has in its stead afterwards.
    pub instead: Vec<Link>,
}

/// A link, by the ids of its items in text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub left: String,
    pub right: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Repair {
    Added,
    Cleared,
    Dropped,
}

impl Reconciled {
    pub fn is_empty(&self) -> bool {
        self.added + self.cleared + self.dropped + self.kept == 0
    }

    /// What it does, or when it is done, what it has done.
    pub fn message(
        &self,
        relationship: &Relationship,
        [kept, dropped]: [&str; 2],
        is_done: bool,
    ) -> String {
        let [add, clear, drop, keep, have] = match is_done {
            true => ["added", "cleared", "dropped", "kept", "had"],
            false => ["adds", "clears", "drops", "keeps", "has"],
        };
        let parts = [
            (self.added, add, format!("that only {dropped} {have}")),
            (self.cleared, clear, format!("in {kept} whose target is linked elsewhere")),
            (self.dropped, drop, format!("in {dropped} that {kept} contradicts")),
            (self.kept, keep, format!("that only {kept} {have}")),
        ];
        let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
        let parts = parts.map(|(count, verb, which)| format!("{verb} {} {which}", links(count)));
        let disagree = match relationship.right {
            Some(_) => "the two stored sides",
            None => "the places that hold its links",
        };
        format!(
            "{relationship}: {disagree} disagree. --reconcile {}.{}",
            enumerated(&parts.collect::<Vec<_>>()),
            self.examples(relationship, kept),
        )
    }

    /// Likewise on the way back, for links that the old schema has no place for.
    pub fn farewell(
        &self,
        relationship: &Relationship,
        [kept, dropped]: [&str; 2],
        is_done: bool,
    ) -> String {
        format!(
            "{relationship}: the old schema has no place for {} of {dropped}, which --reconcile {}.{}",
            links(self.dropped),
            if is_done { "dropped" } else { "drops" },
            self.examples(relationship, kept),
        )
    }

    fn examples(&self, relationship: &Relationship, kept: &str) -> String {
        if self.examples.is_empty() {
            return String::new();
        }
        let examples = self.examples.iter().map(|it| it.text(relationship, kept));
        format!(" For example: {}.", examples.collect::<Vec<_>>().join("; "))
    }
}

impl Repaired {
    fn text(&self, relationship: &Relationship, kept: &str) -> String {
        let link = self.link.text(relationship);
        let instead = self.instead.iter().map(|it| it.text(relationship)).collect::<Vec<_>>();
        let action = match self.action {
            Repair::Added => "added",
            Repair::Cleared => "cleared",
            Repair::Dropped => "dropped",
        };
        let why = match instead.is_empty() {
            true => String::new(),
            false => format!(" ({kept} has {})", instead.join(" and ")),
        };
        format!("{action} {link} of {}{why}", self.place)
    }
}

impl Link {
    fn text(&self, relationship: &Relationship) -> String {
        let Relationship { left, target_key, .. } = relationship;
        format!("{} {} – {target_key} {}", left.key, self.left, self.right)
    }
}

/// `a`, `a and b`, `a, b and c`.
fn enumerated(parts: &[String]) -> String {
    match parts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

/// `1 link`, `2 links`.
pub(crate) fn links(count: u64) -> String {
    format!("{count} link{}", if count == 1 { "" } else { "s" })
}
