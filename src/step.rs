//! The typed steps of a migration, without SQL or shell text, each with its reverse.
//!
//! PostgreSQL and MongoDB have their own types: what is a rename on the one is a copy on the other.
//! In both the order of the variants is the order of execution, for the reasons said at each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{self, Name};
use crate::relationship::{Relationship, Side};
use crate::snapshot::ColumnOptions;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned<S> {
    /// Index of the relationship in [`crate::plan::UpgradePlan::relationships`].
    pub relationship: usize,
    #[serde(flatten)]
    pub step: S,
}

/// The steps of each relationship that has any, in order, by the relationship's index.
pub fn by_relationship<S>(steps: &[Planned<S>]) -> HashMap<usize, Vec<&S>> {
    let mut found: HashMap<usize, Vec<&S>> = HashMap::new();
    for Planned { relationship, step } in steps {
        found.entry(*relationship).or_default().push(step);
    }
    found
}

/// Which side of a relationship a place in the database belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    Left,
    Right,
}

impl Owner {
    /// The side that it is related to.
    pub fn other(self) -> Self {
        match self {
            Owner::Left => Owner::Right,
            Owner::Right => Owner::Left,
        }
    }
}

/// A place that holds all links of a relationship, seen from its owner's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Links<P> {
    /// Whose place it is: an owner's own ids come first in each link.
    pub owner: Owner,
    pub place: P,
}

impl Links<TablePlace> {
    /// The column of a relationship that needs no join table: on its side without `many`, and where
    /// both sides are without it, on the left one.
    pub fn in_column(relationship: &Relationship) -> Self {
        let (owner, side) = match &relationship.right {
            Some(right) if relationship.left.many => (Owner::Right, right),
            _ => (Owner::Left, &relationship.left),
        };
        Links { owner, place: TablePlace::column_of(side) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum TablePlace {
    /// A foreign key column of the owner's table.
    Column { table: Name, column: Name },
    /// `near` is its column of the owner's ids, `far` that of the other side's.
    JoinTable { table: Name, near: Name, far: Name },
}

impl TablePlace {
    /// The column of a side without `many`.
    pub fn column_of(side: &Side) -> Self {
        let [table, column] = [&side.key, &side.path].map(name::stored);
        TablePlace::Column { table, column }
    }

    /// `User.leadPost` or `User_published`.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            TablePlace::Column { table, column } => Cow::Owned([table, ".", column].concat()),
            TablePlace::JoinTable { table, .. } => Cow::Borrowed(table),
        }
    }
}

/// A foreign key column and what belongs to it, by the names that PostgreSQL stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKeyColumn {
    pub name: Name,
    pub references: Name,
    /// Its SQL type, as far as the snapshot says.
    #[serde(rename = "type")]
    pub data_type: Option<Name>,
    pub foreign_key: Name,
    /// The index, or with `isUnique` the unique constraint.
    pub index: Name,
    /// The NOT NULL constraint, as PostgreSQL 18 and later name it.
    pub not_null: Name,
    #[serde(flatten)]
    pub options: ColumnOptions,
    /// Whether Keystone's own name of its index or foreign key was taken, so that Keystone itself
    /// could not create that.
    #[serde(skip)]
    pub is_distinct: bool,
}

/// A join table by the names that PostgreSQL stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinTable {
    pub name: Name,
    pub near: ForeignKeyColumn,
    pub far: ForeignKeyColumn,
}

impl JoinTable {
    pub fn columns(&self) -> [&ForeignKeyColumn; 2] {
        [&self.near, &self.far]
    }

    pub fn place(&self) -> TablePlace {
        TablePlace::JoinTable {
            table: self.name.clone(),
            near: self.near.name.clone(),
            far: self.far.name.clone(),
        }
    }
}

/// A step from the old schema of a PostgreSQL database to the new. The order of the variants is the order of
/// execution; the way back undoes each, last to first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "camelCase")]
pub enum TableStep {
    /// Drops the foreign key column of the right side of a 1:1 relationship. Drops come first: they
    /// free names for the renames.
    DropColumn { table: Name, column: Box<ForeignKeyColumn>, kept: Links<TablePlace> },
    /// Drops the second join table of a two-sided relationship.
    DropJoinTable { table: Box<JoinTable>, kept: Links<TablePlace> },
    /// Renames a join table, its columns, constraints and indexes. Among themselves the renames run
    /// by the longest old name first: a new name is always longer than its old one, so that no
    /// rename meets a name that another rename has yet to free (`Post_a` becomes `Post_a_many`
    /// after `Post_a_many` has become `Post_a_many_many`).
    RenameJoinTable { from: Box<JoinTable>, to: Box<JoinTable> },
    /// Creates a join table that the old Keystone could not have: a list related to itself. Creation
    /// comes after the renames, when every old name is free. The way back drops the table with what it
    /// holds by then.
    CreateJoinTable { table: Box<JoinTable> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentField {
    pub collection: String,
    pub field: String,
    /// Whether it holds an array of ids, or one id.
    pub many: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<FieldIndex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldIndex {
    /// For lookups: `isIndexed`.
    Plain,
    /// For lookups, and no value twice: `isUnique`.
    Unique,
}

/// `todos.readers`.
impl fmt::Display for DocumentField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.collection, self.field)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinCollection {
    pub name: String,
    pub near: String,
    pub far: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum DocumentPlace {
    /// A field of the other side's documents.
    Field(DocumentField),
    JoinCollection(JoinCollection),
}

impl DocumentPlace {
    pub fn collection(&self) -> &String {
        match self {
            DocumentPlace::Field(field) => &field.collection,
            DocumentPlace::JoinCollection(join) => &join.name,
        }
    }
}

impl fmt::Display for DocumentPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentPlace::Field(field) => field.fmt(f),
            DocumentPlace::JoinCollection(join) => f.write_str(&join.name),
        }
    }
}

/// Fields of lists that only the new Keystone indexes, by collection.
pub type Indexes = BTreeMap<String, BTreeSet<String>>;

/// A step on a MongoDB database. The order of the variants is the order of execution: nothing is
/// removed before everything is copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "camelCase")]
pub enum CollectionStep {
    /// Copies the links of an N:N relationship into its join collection, and indexes that.
    CopyLinks {
        from: DocumentField,
        /// The array of the right side, which holds the same links.
        #[serde(skip_serializing_if = "Option::is_none")]
        also: Option<DocumentField>,
        /// The collection of the right side's documents, as far as it is known.
        target: Option<String>,
        into: JoinCollection,
    },
    /// Removes a field whose links are kept elsewhere.
    UnsetField { field: DocumentField, owner: Owner, kept: DocumentPlace },
}
