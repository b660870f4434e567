//! A relationship before and after: the lists with their fields, and where the links are stored.
//!
//! A picture is made for one schema and then for the other, of the same places. What a place is in the
//! one and is not in the other says what a migration does to it, in either direction.

use std::collections::{BTreeMap, HashMap};

use crate::plan::{AdapterPlan, Direction, Engine, UpgradePlan};
use crate::relationship::{Relationship, Side};
use crate::snapshot::Snapshot;
use crate::step::{
    CollectionStep, JoinCollection, JoinTable, Owner, TablePlace, TableStep, by_relationship,
};

/// How many links each place holds, by the place's name.
pub(super) type Links<'a> = BTreeMap<&'a str, u64>;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Stays,
    Renamed,
    Dropped,
    Created,
}

impl Fate {
    pub(super) fn label(self) -> &'static str {
        match self {
            Fate::Stays => "unchanged",
            Fate::Renamed => "renamed",
            Fate::Dropped => "dropped",
            Fate::Created => "created",
        }
    }
}

/// A place for links in both schemas.
#[derive(Debug)]
struct Place {
    /// Whose place it is; none where both sides share it.
    owner: Option<Owner>,
    /// In the old schema and in the new; in a picture, before and after.
    names: [Option<Names>; 2],
    /// The place with the same links that stays when this one goes.
    kept: Option<String>,
}

/// What a place is called: as a whole, and the two columns of a join table or join collection. Without
/// those it is a column or field of the owner's items.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    name: String,
    columns: Option<[String; 2]>,
}

impl Names {
    fn of_table(table: &JoinTable) -> Self {
        let columns = table.columns().map(|column| column.name.to_string());
        Names { name: table.name.to_string(), columns: Some(columns) }
    }

    fn of_field(name: String) -> Self {
        Names { name, columns: None }
    }
}

impl Place {
    fn is_in_list(&self) -> bool {
        self.names.iter().flatten().all(|names| names.columns.is_none())
    }

    fn fate(&self) -> Fate {
        match &self.names {
            [Some(before), Some(after)] if before != after => Fate::Renamed,
            [Some(_), None] => Fate::Dropped,
            [None, Some(_)] => Fate::Created,
            _ => Fate::Stays,
        }
    }
}

#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) schema: &'static str,
    /// The two lists; one for a list that is related to itself.
    pub(super) lists: Vec<ListBox>,
    pub(super) joins: Vec<JoinBox>,
}

#[derive(Debug)]
pub(super) struct ListBox {
    pub(super) key: String,
    pub(super) collection: Option<String>,
    pub(super) fields: Vec<FieldRow>,
}

#[derive(Debug)]
pub(super) struct FieldRow {
    pub(super) path: String,
    /// What it holds: `User` or `[User]`.
    pub(super) type_name: String,
    /// How it is stored, such as `column` or `in`; the name of a place may follow.
    pub(super) how: &'static str,
    pub(super) elsewhere: Option<String>,
    /// Whether it is stored with the list's items, and not elsewhere.
    pub(super) is_stored: bool,
    pub(super) mark: Mark,
}

#[derive(Debug)]
pub(super) struct JoinBox {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) columns: Vec<JoinColumn>,
    pub(super) mark: Mark,
}

#[derive(Debug, Default)]
pub(super) struct Mark {
    pub(super) fate: Fate,
    pub(super) links: Option<u64>,
    /// Whether it has the links of a copy that goes or comes.
    pub(super) is_kept: bool,
    /// What becomes of its links, or where they come from.
    pub(super) note: Option<Note>,
}

#[derive(Debug)]
pub(super) struct JoinColumn {
    pub(super) name: String,
    pub(super) other_name: Option<String>,
    pub(super) list: String,
}

#[derive(Debug)]
pub(super) struct Note {
    pub(super) text: &'static str,
    pub(super) place: Option<String>,
}

/// What happens to a place, for a list of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) fate: Fate,
    pub(super) kind: &'static str,
    /// The place, by its name before if it has one.
    pub(super) name: String,
    pub(super) to: Option<String>,
}

pub(super) struct Picture<'a> {
    snapshot: &'a Snapshot,
    relationship: &'a Relationship,
    is_mongodb: bool,
    direction: Direction,
    places: Vec<Place>,
}

/// The pictures of all relationships of an adapter, by their indexes in the plan.
pub(super) fn pictures<'a>(
    plan: &'a UpgradePlan,
    snapshot: &'a Snapshot,
    part: &AdapterPlan,
    direction: Direction,
) -> impl Iterator<Item = (usize, Picture<'a>)> {
    let mut places: HashMap<usize, Vec<Place>> = match &part.engine {
        Engine::PostgreSql { steps, .. } => {
            let mut steps = by_relationship(steps);
            let places = plan
                .relationships_of(part)
                .map(|(at, it)| (at, tables(it, &steps.remove(&at).unwrap_or_default())));
            places.collect()
        }
        Engine::MongoDb { steps, .. } => {
            let mut steps = by_relationship(steps);
            let places = plan.relationships_of(part).map(|(at, it)| {
                (at, collections(it, &steps.remove(&at).unwrap_or_default(), snapshot))
            });
            places.collect()
        }
    };
    let is_mongodb = matches!(part.engine, Engine::MongoDb { .. });
    plan.relationships_of(part).map(move |(at, relationship)| {
        let mut places = places.remove(&at).unwrap_or_default();
        if direction == Direction::Down {
            places.iter_mut().for_each(|place| place.names.reverse());
        }
        (at, Picture { snapshot, relationship, is_mongodb, direction, places })
    })
}

fn sides(relationship: &Relationship) -> impl Iterator<Item = (Owner, &Side)> {
    [Owner::Left, Owner::Right].into_iter().zip(relationship.sides())
}

/// The places in PostgreSQL: a column of each side without `many`, and what the steps say.
fn tables(relationship: &Relationship, steps: &[&TableStep]) -> Vec<Place> {
    let dropped = steps.iter().find_map(|step| match step {
        TableStep::DropColumn { kept, .. } => Some(kept),
        _ => None,
    });
    let mut places = Vec::new();
    for (owner, side) in sides(relationship).filter(|(_, side)| !side.many) {
        let names = Names::of_field(TablePlace::column_of(side).name().into_owned());
        let kept = dropped.filter(|kept| kept.owner != owner);
        places.push(Place {
            owner: Some(owner),
            names: [Some(names.clone()), kept.is_none().then_some(names)],
            kept: kept.map(|kept| kept.place.name().into_owned()),
        });
    }
    for step in steps {
        let (owner, old, new, kept) = match step {
            TableStep::DropJoinTable { table, kept } => {
                let name = kept.place.name().into_owned();
                (Some(kept.owner.other()), Some(table), None, Some(name))
            }
            // It was the left side's own, and becomes that of both.
            TableStep::RenameJoinTable { from, to } => (None, Some(from), Some(to), None),
            TableStep::CreateJoinTable { table } => (None, None, Some(table), None),
            TableStep::DropColumn { .. } => continue,
        };
        let names = [old, new].map(|table| table.map(|table| Names::of_table(table)));
        places.push(Place { owner, names, kept });
    }
    // The left side's table first.
    places.sort_by_key(|place| place.names[1].is_none());
    places
}

/// The places in MongoDB: a field of each side, and what the steps say.
fn collections(
    relationship: &Relationship,
    steps: &[&CollectionStep],
    snapshot: &Snapshot,
) -> Vec<Place> {
    let mut places = Vec::new();
    for (owner, side) in sides(relationship) {
        let removed = steps.iter().find_map(|step| match step {
            CollectionStep::UnsetField { owner: of, kept, .. } if *of == owner => Some(kept),
            _ => None,
        });
        let collection = snapshot.lists[side.list].collection.as_deref().unwrap_or(&side.key);
        let names = Names::of_field([collection, ".", &side.path].concat());
        places.push(Place {
            owner: Some(owner),
            names: [Some(names.clone()), removed.is_none().then_some(names)],
            kept: removed.map(ToString::to_string),
        });
    }
    for step in steps {
        if let CollectionStep::CopyLinks { into: JoinCollection { name, near, far }, .. } = step {
            let columns = Some([near.clone(), far.clone()]);
            let new = Some(Names { name: name.clone(), columns });
            places.push(Place { owner: None, names: [None, new], kept: None });
        }
    }
    places
}

impl Picture<'_> {
    /// What happens to each place that does not stay as it is: what goes comes last.
    pub(super) fn changes(&self) -> Vec<Change> {
        let changed = self.places.iter().filter(|place| place.fate() != Fate::Stays);
        let mut changes: Vec<Change> = changed
            .filter_map(|place| {
                let [before, after] = &place.names;
                let name = &before.as_ref().or(after.as_ref())?.name;
                Some(Change {
                    fate: place.fate(),
                    kind: self.kind(place),
                    name: name.clone(),
                    to: after.as_ref().map(|it| it.name.clone()).filter(|to| to != name),
                })
            })
            .collect();
        changes.sort_by_key(|change| change.fate == Fate::Dropped);
        changes
    }

    /// The relationship before and after; only one of the two where they are the same.
    pub(super) fn panels(&self, links: &Links<'_>) -> Vec<Panel> {
        let (from, to) = self.direction.schemas();
        if self.places.iter().all(|place| place.fate() == Fate::Stays) {
            return vec![self.panel("Before and after", "both schemas", 0, links)];
        }
        vec![self.panel("Before", from, 0, links), self.panel("After", to, 1, links)]
    }

    fn kind(&self, place: &Place) -> &'static str {
        match (place.is_in_list(), self.is_mongodb) {
            (true, false) => "column",
            (true, true) => "field",
            (false, false) => "join table",
            (false, true) => "join collection",
        }
    }

    fn panel(
        &self,
        title: &'static str,
        schema: &'static str,
        when: usize,
        links: &Links<'_>,
    ) -> Panel {
        let Relationship { left, right, target, target_key, .. } = self.relationship;
        let list = |at: usize, key: &str, owners: &[Owner]| ListBox {
            key: key.to_owned(),
            collection: self.snapshot.lists[at].collection.clone().filter(|_| self.is_mongodb),
            fields: sides(self.relationship)
                .filter(|(owner, _)| owners.contains(owner))
                .map(|(owner, side)| self.field(owner, side, when, links))
                .collect(),
        };
        let lists = if self.relationship.is_self() {
            vec![list(*target, target_key, &[Owner::Left, Owner::Right])]
        } else {
            let right_key = right.as_ref().map_or(target_key, |right| &right.key);
            vec![
                list(left.list, &left.key, &[Owner::Left]),
                list(*target, right_key, &[Owner::Right]),
            ]
        };
        let joins = self.places.iter().filter(|place| !place.is_in_list());
        let joins = joins.filter_map(|place| self.join(place, when, links)).collect();
        Panel { title, schema, lists, joins }
    }

    fn field(&self, owner: Owner, side: &Side, when: usize, links: &Links<'_>) -> FieldRow {
        let target = match owner {
            Owner::Left => &self.relationship.target_key,
            Owner::Right => &self.relationship.left.key,
        };
        let type_name = if side.many { ["[", target, "]"].concat() } else { target.to_string() };
        let row = |how, elsewhere| FieldRow {
            path: side.path.to_string(),
            type_name,
            how,
            elsewhere,
            is_stored: false,
            mark: Mark::default(),
        };
        let mut places = self.places.iter().filter(|place| place.names[when].is_some());
        let is_own = |place: &&Place| place.is_in_list() && place.owner == Some(owner);
        if let Some(place) = places.clone().find(is_own) {
            let how = match (self.is_mongodb, side.many) {
                (false, _) => "column",
                (true, true) => "array of ids",
                (true, false) => "id",
            };
            let mark = self.mark(place, when, links);
            return FieldRow { is_stored: true, mark, ..row(how, None) };
        }
        // A join of its own, or else that of both sides.
        let mut joins = places.clone().filter(|place| !place.is_in_list());
        let own = joins.clone().find(|place| place.owner == Some(owner));
        if let Some(join) = own.or_else(|| joins.find(|place| place.owner.is_none())) {
            return row("in", join.names[when].as_ref().map(|it| it.name.clone()));
        }
        match places.find(|place| place.is_in_list()) {
            Some(other) => row("read from", other.names[when].as_ref().map(|it| it.name.clone())),
            None => row("not stored", None),
        }
    }

    fn join(&self, place: &Place, when: usize, links: &Links<'_>) -> Option<JoinBox> {
        let (names, other) = (place.names[when].as_ref()?, place.names[1 - when].as_ref());
        let Relationship { left, target_key, .. } = self.relationship;
        // A table of one side alone has that side's ids first.
        let lists = match place.owner {
            Some(Owner::Right) => [target_key, &left.key],
            _ => [&left.key, target_key],
        };
        let columns = names.columns.as_ref()?.iter().zip(lists).enumerate();
        let columns = columns.map(|(at, (name, list))| {
            let columns = other.and_then(|it| it.columns.as_ref());
            let other_name = columns.map(|columns| columns[at].clone());
            JoinColumn {
                name: name.clone(),
                other_name: other_name.filter(|other| other != name),
                list: list.to_string(),
            }
        });
        let mut mark = self.mark(place, when, links);
        if let (Fate::Renamed, Some(other)) = (mark.fate, other) {
            let text = ["becomes", "was"][when];
            let place = Some(other.name.clone()).filter(|place| *place != names.name);
            mark.note = place.map(|place| Note { text, place: Some(place) });
        }
        Some(JoinBox {
            kind: self.kind(place),
            name: names.name.clone(),
            columns: columns.collect(),
            mark,
        })
    }

    fn mark(&self, place: &Place, when: usize, links: &Links<'_>) -> Mark {
        let name = place.names[when].as_ref().map(|names| &names.name);
        Mark {
            fate: place.fate(),
            links: name.and_then(|name| links.get(name.as_str()).copied()),
            is_kept: name.is_some() && self.places.iter().any(|it| it.kept.as_ref() == name),
            note: self.note(place),
        }
    }

    /// Where the links of a place are when it goes, or come from when it comes.
    fn note(&self, place: &Place) -> Option<Note> {
        let in_documents = || {
            let field = self.places.iter().find(|it| it.is_in_list())?;
            field.names.iter().flatten().next().map(|names| names.name.clone())
        };
        let (text, from) = match (place.fate(), &place.kept) {
            (Fate::Dropped, Some(kept)) => ("links are kept in", Some(kept.clone())),
            (Fate::Created, Some(kept)) => ("filled from", Some(kept.clone())),
            (Fate::Created, None) if self.is_mongodb => ("filled from", in_documents()),
            (Fate::Dropped, None) if self.is_mongodb => ("links go back to", in_documents()),
            (Fate::Created, None) => {
                ("empty at first: the old schema has no place for links", None)
            }
            (Fate::Dropped, None) => ("must be empty: the old schema has no place for links", None),
            _ => return None,
        };
        Some(Note { text, place: from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FieldSpec, GUIDE, project};

    /// The changes of all relationships in a few words each, in order.
    fn changes(
        kind: &str,
        lists: &[(&str, &[FieldSpec<'_>])],
        direction: Direction,
    ) -> Vec<String> {
        let snapshot = project(kind, lists);
        let plan = UpgradePlan::new(&snapshot).unwrap();
        let pictures = pictures(&plan, &snapshot, &plan.adapters[0], direction);
        let text = |Change { fate, kind, name, to }: Change| {
            let to = to.map_or(String::new(), |to| format!(" to {to}"));
            format!("{kind} {name} {}{to}", fate.label())
        };
        pictures.flat_map(|(_, picture)| picture.changes()).map(text).collect()
    }

    fn panels(kind: &str, at: usize, direction: Direction) -> Vec<Panel> {
        let snapshot = project(kind, GUIDE);
        let plan = UpgradePlan::new(&snapshot).unwrap();
        let links = Links::from([("Todo_readers", 7), ("users.readPosts", 9)]);
        let mut pictures = pictures(&plan, &snapshot, &plan.adapters[0], direction);
        pictures.nth(at).unwrap().1.panels(&links)
    }

    #[test]
    fn says_what_happens_to_each_place() {
        assert_eq!(
            changes("knex", GUIDE, Direction::Up),
            [
                "join table Todo_reviewers renamed to Todo_reviewers_many",
                "column User.leadPost dropped",
                "join table User_published dropped",
                "join table Todo_readers renamed to Todo_readers_User_readPosts",
                "join table User_readPosts dropped",
            ]
        );
        assert_eq!(
            changes("mongoose", GUIDE, Direction::Up),
            [
                "join collection todo_reviewers_manys created",
                "field todos.reviewers dropped",
                "field users.leadPost dropped",
                "field users.published dropped",
                "join collection todo_readers_user_readpostss created",
                "field todos.readers dropped",
                "field users.readPosts dropped",
            ]
        );
    }

    #[test]
    fn the_way_back_is_the_same_the_other_way_round() {
        assert_eq!(
            changes("knex", GUIDE, Direction::Down),
            [
                "join table Todo_reviewers_many renamed to Todo_reviewers",
                "column User.leadPost created",
                "join table User_published created",
                "join table Todo_readers_User_readPosts renamed to Todo_readers",
                "join table User_readPosts created",
            ]
        );
        let up = changes("mongoose", GUIDE, Direction::Up);
        assert_eq!(changes("mongoose", GUIDE, Direction::Down).len(), up.len());
    }

    #[test]
    fn a_list_related_to_itself_is_drawn_once() {
        let lists: &[(&str, &[FieldSpec<'_>])] = &[("User", &[("friends", "User", true)])];
        assert_eq!(changes("knex", lists, Direction::Up), ["join table User_friends_many created"]);
        let snapshot = project("knex", lists);
        let plan = UpgradePlan::new(&snapshot).unwrap();
        let mut pictures = pictures(&plan, &snapshot, &plan.adapters[0], Direction::Up);
        let (_, picture) = pictures.next().unwrap();
        let [before, after] = <[Panel; 2]>::try_from(picture.panels(&Links::new())).unwrap();
        assert_eq!((before.lists.len(), before.joins.len()), (1, 0));
        assert_eq!(before.lists[0].fields[0].how, "not stored");
        assert!(after.joins[0].mark.note.as_ref().unwrap().text.starts_with("empty at first"));
    }

    #[test]
    fn draws_where_the_links_are_kept_and_how_many_there_are() {
        let [before, after] = <[Panel; 2]>::try_from(panels("knex", 4, Direction::Up)).unwrap();
        let [kept, dropped] = <[JoinBox; 2]>::try_from(before.joins).unwrap();
        assert_eq!(
            (&*kept.name, kept.mark.is_kept, kept.mark.links),
            ("Todo_readers", true, Some(7))
        );
        assert_eq!(kept.columns[0].other_name.as_deref(), Some("Todo_left_id"));
        assert_eq!((&*dropped.name, dropped.mark.fate), ("User_readPosts", Fate::Dropped));
        assert_eq!(dropped.columns[0].list, "User");
        assert_eq!(dropped.mark.note.unwrap().place.as_deref(), Some("Todo_readers"));
        assert_eq!(before.lists[1].fields[0].elsewhere.as_deref(), Some("User_readPosts"));
        let shared = Some("Todo_readers_User_readPosts");
        assert_eq!(after.lists[0].fields[0].elsewhere.as_deref(), shared);
        assert_eq!(after.lists[1].fields[0].elsewhere.as_deref(), shared);
    }

    #[test]
    fn a_field_whose_column_goes_is_read_from_the_other_side() {
        let [before, after] = <[Panel; 2]>::try_from(panels("knex", 2, Direction::Up)).unwrap();
        let field = |panel: &Panel| {
            let field = &panel.lists[1].fields[0];
            (field.mark.fate, field.how, field.elsewhere.clone())
        };
        assert_eq!(field(&before), (Fate::Dropped, "column", None));
        let elsewhere = Some("Todo.leadAuthor".to_owned());
        assert_eq!(field(&after), (Fate::Stays, "read from", elsewhere));
        assert!(before.lists[0].fields[0].mark.is_kept);
    }

    #[test]
    fn fields_of_documents_move_to_a_join_collection() {
        let [before, after] = <[Panel; 2]>::try_from(panels("mongoose", 4, Direction::Up)).unwrap();
        let field = &before.lists[1].fields[0];
        assert_eq!(
            (field.how, field.mark.fate, field.mark.links),
            ("array of ids", Fate::Dropped, Some(9))
        );
        assert_eq!(before.lists[1].collection.as_deref(), Some("users"));
        assert_eq!(after.joins[0].mark.note.as_ref().unwrap().text, "filled from");
    }

    #[test]
    fn what_does_not_change_is_drawn_once() {
        let [both] = <[Panel; 1]>::try_from(panels("knex", 0, Direction::Up)).unwrap();
        assert_eq!((both.title, both.schema), ("Before and after", "both schemas"));
    }
}
