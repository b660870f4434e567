//! The steps in the direction in which a script takes them.

use crate::name::Name;
use crate::plan::Direction;
use crate::step::{ForeignKeyColumn, JoinTable, Links, Planned, TablePlace, TableStep};

#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Column { table: &'a Name, column: &'a ForeignKeyColumn },
    JoinTable(&'a JoinTable),
}

impl<'a> Item<'a> {
    pub(super) fn table(self) -> &'a str {
        match self {
            Item::Column { table, .. } => table,
            Item::JoinTable(table) => &table.name,
        }
    }

    pub(super) fn is_table(self) -> bool {
        matches!(self, Item::JoinTable(_))
    }

    pub(super) fn columns(self) -> Vec<&'a ForeignKeyColumn> {
        match self {
            Item::Column { column, .. } => vec![column],
            Item::JoinTable(table) => table.columns().to_vec(),
        }
    }

    pub(super) fn column_names(self) -> Vec<&'a str> {
        self.columns().into_iter().map(|column| &*column.name).collect()
    }

    pub(super) fn place(self) -> TablePlace {
        match self {
            Item::Column { table, column } => {
                TablePlace::Column { table: table.clone(), column: column.name.clone() }
            }
            Item::JoinTable(table) => table.place(),
        }
    }
}

/// `User.leadPost` or `User_published`.
impl std::fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place().name())
    }
}

#[derive(Clone, Copy)]
pub(super) enum Action<'a> {
    Drop(Item<'a>),
    Rename { from: &'a JoinTable, to: &'a JoinTable },
    Create(Item<'a>),
}

#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) relationship: usize,
    pub(super) action: Action<'a>,
    /// Where the links of a dropped or created item are as well. None for the join tables that the
    /// old schema has no place for.
    pub(super) kept: Option<&'a Links<TablePlace>>,
}

impl<'a> Change<'a> {
    /// On the way up.
    fn new(planned: &'a Planned<TableStep>) -> Self {
        let (action, kept) = match &planned.step {
            TableStep::DropColumn { table, column, kept } => {
                (Action::Drop(Item::Column { table, column }), Some(kept))
            }
            TableStep::DropJoinTable { table, kept } => {
                (Action::Drop(Item::JoinTable(table)), Some(kept))
            }
            TableStep::RenameJoinTable { from, to } => (Action::Rename { from, to }, None),
            TableStep::CreateJoinTable { table } => (Action::Create(Item::JoinTable(table)), None),
        };
        Change { relationship: planned.relationship, action, kept }
    }

    fn reversed(self) -> Self {
        let action = match self.action {
            Action::Drop(item) => Action::Create(item),
            Action::Rename { from, to } => Action::Rename { from: to, to: from },
            Action::Create(item) => Action::Drop(item),
        };
        Change { action, ..self }
    }

    /// What it does, in words: `drop User_published`.
    pub(super) fn words(&self) -> String {
        match self.action {
            Action::Drop(item) => format!("drop {item}"),
            Action::Create(item) => format!("create {item}"),
            Action::Rename { from, to } if from.name != to.name => {
                format!("rename {} to {}", from.name, to.name)
            }
            Action::Rename { from, to } => {
                let table = &to.name;
                let pairs = [(&from.near, &to.near), (&from.far, &to.far)];
                let renamed = pairs.into_iter().filter(|(from, to)| from.name != to.name);
                let columns: Vec<String> = renamed
                    .map(|(from, to)| format!("{table}.{} to {}", from.name, to.name))
                    .collect();
                match columns.is_empty() {
                    true => format!("rename the indexes and constraints of {table}"),
                    false => format!("rename {}", columns.join(" and ")),
                }
            }
        }
    }

    pub(super) fn from(&self) -> Option<Item<'a>> {
        match self.action {
            Action::Drop(item) => Some(item),
            Action::Rename { from, .. } => Some(Item::JoinTable(from)),
            Action::Create(_) => None,
        }
    }

    pub(super) fn to(&self) -> Option<Item<'a>> {
        match self.action {
            Action::Drop(_) => None,
            Action::Rename { to, .. } => Some(Item::JoinTable(to)),
            Action::Create(item) => Some(item),
        }
    }

    pub(super) fn dropped(&self) -> Option<Item<'a>> {
        self.from().filter(|_| self.to().is_none())
    }

    pub(super) fn created(&self) -> Option<Item<'a>> {
        self.to().filter(|_| self.from().is_none())
    }

    pub(super) fn references(&self) -> Vec<&'a str> {
        let item = self.dropped().or(self.created());
        item.into_iter().flat_map(Item::columns).map(|column| &*column.references).collect()
    }
}

/// The steps of a plan in a direction, in order. The way back is each step undone, last to first.
pub(super) fn changes(steps: &[Planned<TableStep>], direction: Direction) -> Vec<Change<'_>> {
    let changes = steps.iter().map(Change::new);
    match direction {
        Direction::Up => changes.collect(),
        Direction::Down => changes.rev().map(Change::reversed).collect(),
    }
}
