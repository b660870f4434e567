//! A relationship before and after: the lists with their fields, and where the links are stored.
//!
//! A picture has the places of both schemas. What a place is in the one and is not in the other says
//! what a migration does to it, in either direction.

use std::borrow::Cow;

use crate::inspection::Related;
use crate::plan::{AdapterPlan, Direction, Engine, UpgradePlan};
use crate::relationship::{Relationship, Side};
use crate::snapshot::{List, Snapshot};
use crate::step::{
    CollectionStep, JoinCollection, JoinTable, Owner, TablePlace, TableStep, by_relationship,
};

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
pub(super) struct Place<'a> {
    pub(super) kind: &'static str,
    /// Whose place it is; none where both sides share it.
    owner: Option<Owner>,
    /// In the old schema and in the new; in a picture, before and after.
    names: [Option<Names<'a>>; 2],
    /// The place with the same links that stays when this one goes.
    kept: Option<Cow<'a, str>>,
}

/// What a place is called: as a whole, and the two columns of a join table or join collection. Without
/// those it is a column or field of the owner's items.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names<'a> {
    name: Cow<'a, str>,
    columns: Option<[&'a str; 2]>,
}

impl<'a> Place<'a> {
    /// A column or field of a side. It goes where its links are kept elsewhere.
    fn in_list(
        kind: &'static str,
        owner: Owner,
        name: Cow<'a, str>,
        kept: Option<Cow<'a, str>>,
    ) -> Self {
        let names = Names { name, columns: None };
        let new = kept.is_none().then(|| names.clone());
        Place { kind, owner: Some(owner), names: [Some(names), new], kept }
    }

    pub(super) fn fate(&self) -> Fate {
        match &self.names {
            [Some(before), Some(after)] if before != after => Fate::Renamed,
            [Some(_), None] => Fate::Dropped,
            [None, Some(_)] => Fate::Created,
            _ => Fate::Stays,
        }
    }

    /// Its name before, if it has one.
    pub(super) fn name(&self) -> &str {
        self.names.iter().flatten().next().map_or("", |names| &names.name)
    }

    /// Its name after, if that is another.
    pub(super) fn new_name(&self) -> Option<&str> {
        let after = self.names[1].as_ref().map(|names| &*names.name);
        after.filter(|after| *after != self.name())
    }
}

/// A picture at one time.
pub(super) struct Panel<'p> {
    pub(super) title: &'static str,
    pub(super) schema: &'static str,
    picture: &'p Picture<'p>,
    /// 0 before, 1 after.
    when: usize,
    related: Option<&'p Related>,
}

#[derive(Debug)]
pub(super) struct FieldRow<'p> {
    pub(super) path: &'p str,
    /// What it holds: `User` or `[User]`.
    pub(super) type_name: String,
    /// How it is stored, such as `column` or `in` a join table.
    pub(super) how: Note<'p>,
    /// Whether it is stored with the list's items, and not elsewhere.
    pub(super) is_stored: bool,
    pub(super) mark: Mark<'p>,
}

#[derive(Debug)]
pub(super) struct JoinBox<'p> {
    pub(super) kind: &'static str,
    pub(super) name: &'p str,
    pub(super) columns: [JoinColumn<'p>; 2],
    pub(super) mark: Mark<'p>,
}

#[derive(Debug)]
pub(super) struct JoinColumn<'p> {
    pub(super) name: &'p str,
    pub(super) other_name: Option<&'p str>,
    pub(super) list: &'p str,
}

#[derive(Debug, Default)]
pub(super) struct Mark<'p> {
    pub(super) fate: Fate,
    pub(super) links: Option<u64>,
    /// Whether it has the links of a copy that goes or comes.
    pub(super) is_kept: bool,
    /// What becomes of its links, or where they come from.
    pub(super) note: Option<Note<'p>>,
}

/// A few words, which the name of a place may follow.
#[derive(Debug)]
pub(super) struct Note<'p> {
    pub(super) text: &'static str,
    pub(super) place: Option<&'p str>,
}

pub(super) struct Picture<'a> {
    pub(super) relationship: &'a Relationship,
    snapshot: &'a Snapshot,
    is_mongodb: bool,
    direction: Direction,
    places: Vec<Place<'a>>,
}

/// The pictures of all relationships of an adapter, by their indexes in the plan.
pub(super) fn pictures<'a>(
    plan: &'a UpgradePlan,
    snapshot: &'a Snapshot,
    part: &'a AdapterPlan,
    direction: Direction,
) -> Vec<(usize, Picture<'a>)> {
    let is_mongodb = matches!(part.engine, Engine::MongoDb(_));
    let picture = |relationship, mut places: Vec<Place<'a>>| {
        if direction == Direction::Down {
            places.iter_mut().for_each(|place| place.names.reverse());
        }
        Picture { relationship, snapshot, is_mongodb, direction, places }
    };
    let relationships = plan.relationships_of(part);
    match &part.engine {
        Engine::PostgreSql(tables) => {
            let mut steps = by_relationship(&tables.steps);
            let mut steps_of = |at| steps.remove(&at).unwrap_or_default();
            relationships
                .map(|(at, it)| (at, picture(it, table_places(it, &steps_of(at)))))
                .collect()
        }
        Engine::MongoDb(collections) => {
            let mut steps = by_relationship(&collections.steps);
            let mut steps_of = |at| steps.remove(&at).unwrap_or_default();
            let mut places = |at, it| collection_places(it, &steps_of(at), snapshot);
            relationships.map(|(at, it)| (at, picture(it, places(at, it)))).collect()
        }
    }
}

fn sides(relationship: &Relationship) -> impl Iterator<Item = (Owner, &Side)> {
    [Owner::Left, Owner::Right].into_iter().zip(relationship.sides())
}

/// The places in PostgreSQL: a column of each side without `many`, and what the steps say.
fn table_places<'a>(relationship: &Relationship, steps: &[&'a TableStep]) -> Vec<Place<'a>> {
    let dropped = steps.iter().find_map(|step| match step {
        TableStep::DropColumn { kept, .. } => Some(kept),
        _ => None,
    });
    let mut places = Vec::new();
    for (owner, side) in sides(relationship).filter(|(_, side)| !side.many) {
        let name = TablePlace::column_of(side).name().into_owned();
        let kept = dropped.filter(|kept| kept.owner != owner).map(|kept| kept.place.name());
        places.push(Place::in_list("column", owner, Cow::Owned(name), kept));
    }
    let names = |table: &'a JoinTable| Names {
        name: Cow::Borrowed(&table.name),
        columns: Some(table.columns().map(|column| &*column.name)),
    };
    for step in steps {
        let (owner, names, kept) = match step {
            TableStep::DropJoinTable { table, kept } => {
                (Some(kept.owner.other()), [Some(names(table)), None], Some(kept.place.name()))
            }
            // It was the left side's own, and becomes that of both.
            TableStep::RenameJoinTable { from, to } => {
                (None, [Some(names(from)), Some(names(to))], None)
            }
            TableStep::CreateJoinTable { table } => (None, [None, Some(names(table))], None),
            TableStep::DropColumn { .. } => continue,
        };
        places.push(Place { kind: "join table", owner, names, kept });
    }
    // The left side's table first.
    places.sort_by_key(|place| place.names[1].is_none());
    places
}

/// The places in MongoDB: a field of each side, and what the steps say.
fn collection_places<'a>(
    relationship: &Relationship,
    steps: &[&'a CollectionStep],
    snapshot: &Snapshot,
) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    for (owner, side) in sides(relationship) {
        let kept = steps.iter().find_map(|step| match step {
            CollectionStep::UnsetField { owner: of, kept, .. } if *of == owner => Some(kept),
            _ => None,
        });
        let collection = snapshot.lists[side.list].collection.as_deref().unwrap_or(&side.key);
        let name = Cow::Owned([collection, ".", &side.path].concat());
        let kept = kept.map(|kept| Cow::Owned(kept.to_string()));
        places.push(Place::in_list("field", owner, name, kept));
    }
    for step in steps {
        if let CollectionStep::CopyLinks { into: JoinCollection { name, near, far }, .. } = step {
            let new = Names { name: Cow::Borrowed(name), columns: Some([near, far]) };
            let names = [None, Some(new)];
            places.push(Place { kind: "join collection", owner: None, names, kept: None });
        }
    }
    places
}

impl<'a> Picture<'a> {
    /// The places that do not stay as they are: what goes comes last.
    pub(super) fn changes(&self) -> Vec<&Place<'a>> {
        let changed = self.places.iter().filter(|place| place.fate() != Fate::Stays);
        let mut changed: Vec<&Place<'_>> = changed.collect();
        changed.sort_by_key(|place| place.fate() == Fate::Dropped);
        changed
    }

    /// The relationship before and after; only one of the two where they are the same. `related` has the
    /// numbers of links.
    pub(super) fn panels<'p>(&'p self, related: Option<&'p Related>) -> Vec<Panel<'p>> {
        let (from, to) = self.direction.schemas();
        let panel = |title, schema, when| Panel { title, schema, picture: self, when, related };
        if self.changes().is_empty() {
            return vec![panel("Before and after", "both schemas", 0)];
        }
        vec![panel("Before", from, 0), panel("After", to, 1)]
    }
}

impl<'p> Panel<'p> {
    /// The two lists with their fields; one for a list that is related to itself.
    pub(super) fn lists(&self) -> Vec<(&'p List, Vec<FieldRow<'p>>)> {
        let Picture { relationship, snapshot, .. } = self.picture;
        let mut lists = vec![relationship.left.list, relationship.target];
        lists.dedup();
        let fields = |at: usize| {
            let own = sides(relationship).filter(move |(_, side)| side.list == at);
            own.map(|(owner, side)| self.field(owner, side)).collect()
        };
        lists.into_iter().map(|at| (&snapshot.lists[at], fields(at))).collect()
    }

    pub(super) fn joins(&self) -> Vec<JoinBox<'p>> {
        self.places().filter_map(|(place, names)| self.join(place, names)).collect()
    }

    /// The places that there are at this time, with their names.
    fn places(&self) -> impl Iterator<Item = (&'p Place<'p>, &'p Names<'p>)> {
        let places = self.picture.places.iter();
        places.filter_map(|place| Some((place, place.names[self.when].as_ref()?)))
    }

    fn field(&self, owner: Owner, side: &'p Side) -> FieldRow<'p> {
        let Relationship { left, target_key, .. } = self.picture.relationship;
        let target = match owner {
            Owner::Left => target_key,
            Owner::Right => &left.key,
        };
        let is_own = |place: &Place<'_>| place.owner == Some(owner);
        // Its own place, or else that of both sides, or else the other side's.
        let found = self.places().min_by_key(|(place, _)| (!is_own(place), place.owner.is_some()));
        let (text, place) = match found {
            None => ("not stored", None),
            Some((_, names)) if names.columns.is_some() => ("in", Some(&*names.name)),
            Some((place, names)) if !is_own(place) => ("read from", Some(&*names.name)),
            Some(_) => match (self.picture.is_mongodb, side.many) {
                (false, _) => ("column", None),
                (true, true) => ("array of ids", None),
                (true, false) => ("id", None),
            },
        };
        let stored = found.filter(|(place, names)| is_own(place) && names.columns.is_none());
        FieldRow {
            path: &side.path,
            type_name: if side.many { format!("[{target}]") } else { target.to_string() },
            how: Note { text, place },
            is_stored: stored.is_some(),
            mark: stored.map(|(place, names)| self.mark(place, names)).unwrap_or_default(),
        }
    }

    fn join(&self, place: &'p Place<'p>, names: &'p Names<'p>) -> Option<JoinBox<'p>> {
        let columns = names.columns?;
        let Relationship { left, target_key, .. } = self.picture.relationship;
        // A table of one side alone has that side's ids first.
        let lists = match place.owner {
            Some(Owner::Right) => [target_key, &left.key],
            _ => [&left.key, target_key],
        };
        let other = place.names[1 - self.when].as_ref();
        let others = other.and_then(|other| other.columns).unwrap_or(columns);
        let columns = [0, 1].map(|at| JoinColumn {
            name: columns[at],
            other_name: Some(others[at]).filter(|other| *other != columns[at]),
            list: lists[at],
        });
        Some(JoinBox {
            kind: place.kind,
            name: &names.name,
            columns,
            mark: self.mark(place, names),
        })
    }

    fn mark(&self, place: &'p Place<'p>, names: &'p Names<'p>) -> Mark<'p> {
        let stored = self.related.iter().flat_map(|it| &it.places);
        let mut kept = self.picture.places.iter().filter_map(|it| it.kept.as_ref());
        Mark {
            fate: place.fate(),
            // In both schemas it may have one name.
            links: stored.filter(|it| it.name == names.name).find_map(|it| it.links),
            is_kept: kept.any(|kept| *kept == names.name),
            note: self.note(place, names),
        }
    }

    /// Its other name when it is renamed; where its links are when it goes, or come from when it comes.
    fn note(&self, place: &'p Place<'p>, names: &'p Names<'p>) -> Option<Note<'p>> {
        // The links of a join collection are those of the left side's field.
        let field = self.picture.is_mongodb.then(|| self.picture.places[0].name());
        let (text, place) = match (place.fate(), place.kept.as_deref()) {
            (Fate::Stays, _) => return None,
            (Fate::Renamed, _) => {
                let other = place.names[1 - self.when].as_ref().map(|other| &*other.name);
                (["becomes", "was"][self.when], Some(other.filter(|it| *it != names.name)?))
            }
            (Fate::Dropped, Some(kept)) => ("links are kept in", Some(kept)),
            (Fate::Created, Some(kept)) => ("filled from", Some(kept)),
            (Fate::Dropped, None) if field.is_some() => ("links go back to", field),
            (Fate::Created, None) if field.is_some() => ("filled from", field),
            (Fate::Dropped, None) => ("must be empty: the old schema has no place for links", None),
            (Fate::Created, None) => {
                ("empty at first: the old schema has no place for links", None)
            }
        };
        Some(Note { text, place })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{FieldSpec, GUIDE, project};

    /// The pictures of a project. What they borrow stays for as long as the tests run.
    fn drawn(
        kind: &str,
        lists: &[(&str, &[FieldSpec<'_>])],
        direction: Direction,
    ) -> Vec<Picture<'static>> {
        let snapshot = Box::leak(Box::new(project(kind, lists)));
        let plan = Box::leak(Box::new(UpgradePlan::new(snapshot).unwrap()));
        let pictures = pictures(plan, snapshot, &plan.adapters[0], direction);
        pictures.into_iter().map(|(_, picture)| picture).collect()
    }

    /// The changes of all relationships in a few words each, in order.
    fn changes(
        kind: &str,
        lists: &[(&str, &[FieldSpec<'_>])],
        direction: Direction,
    ) -> Vec<String> {
        let text = |place: &Place<'_>| {
            let to = place.new_name().map_or(String::new(), |to| format!(" to {to}"));
            format!("{} {} {}{to}", place.kind, place.name(), place.fate().label())
        };
        drawn(kind, lists, direction).iter().flat_map(Picture::changes).map(text).collect()
    }

    fn panels(kind: &str, at: usize, direction: Direction) -> Vec<Panel<'static>> {
        let place = |name: &str, links: u64| {
            json!({
                "name": name, "owner": "left", "schema": "old", "isKept": true, "links": links,
            })
        };
        let related = serde_json::from_value(json!({
            "relationship": at, "name": "", "kind": "two-sided-many-to-many", "state": "old",
            "places": [place("Todo_readers", 7), place("users.readPosts", 9)],
        }));
        let related: &Related = Box::leak(Box::new(related.unwrap()));
        let picture = drawn(kind, GUIDE, direction).remove(at);
        Box::leak(Box::new(picture)).panels(Some(related))
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
        let pictures = drawn("knex", lists, Direction::Up);
        let [before, after] = &pictures[0].panels(None)[..] else { panic!("two panels") };
        assert_eq!((before.lists().len(), before.joins().len()), (1, 0));
        assert_eq!(before.lists()[0].1[0].how.text, "not stored");
        assert!(after.joins()[0].mark.note.as_ref().unwrap().text.starts_with("empty at first"));
    }

    #[test]
    fn draws_where_the_links_are_kept_and_how_many_there_are() {
        let [before, after] = &panels("knex", 4, Direction::Up)[..] else { panic!("two panels") };
        let [kept, dropped] = &before.joins()[..] else { panic!("two joins") };
        assert_eq!(
            (kept.name, kept.mark.is_kept, kept.mark.links),
            ("Todo_readers", true, Some(7))
        );
        assert_eq!(kept.columns[0].other_name, Some("Todo_left_id"));
        assert_eq!((dropped.name, dropped.mark.fate), ("User_readPosts", Fate::Dropped));
        assert_eq!(dropped.columns[0].list, "User");
        assert_eq!(dropped.mark.note.as_ref().unwrap().place, Some("Todo_readers"));
        assert_eq!(before.lists()[1].1[0].how.place, Some("User_readPosts"));
        let shared = Some("Todo_readers_User_readPosts");
        assert_eq!(after.lists()[0].1[0].how.place, shared);
        assert_eq!(after.lists()[1].1[0].how.place, shared);
    }

    #[test]
    fn a_field_whose_column_goes_is_read_from_the_other_side() {
        let [before, after] = &panels("knex", 2, Direction::Up)[..] else { panic!("two panels") };
        let field = |panel: &Panel<'static>| {
            let field = &panel.lists()[1].1[0];
            (field.mark.fate, field.how.text, field.how.place)
        };
        assert_eq!(field(before), (Fate::Dropped, "column", None));
        assert_eq!(field(after), (Fate::Stays, "read from", Some("Todo.leadAuthor")));
        assert!(before.lists()[0].1[0].mark.is_kept);
    }

    #[test]
    fn fields_of_documents_move_to_a_join_collection() {
        let panels = panels("mongoose", 4, Direction::Up);
        let [before, after] = &panels[..] else { panic!("two panels") };
        let (list, fields) = &before.lists()[1];
        assert_eq!(
            (fields[0].how.text, fields[0].mark.fate, fields[0].mark.links),
            ("array of ids", Fate::Dropped, Some(9))
        );
        assert_eq!(list.collection.as_deref(), Some("users"));
        assert_eq!(after.joins()[0].mark.note.as_ref().unwrap().text, "filled from");
    }

    #[test]
    fn what_does_not_change_is_drawn_once() {
        let [both] = &panels("knex", 0, Direction::Up)[..] else { panic!("one panel") };
        assert_eq!((both.title, both.schema), ("Before and after", "both schemas"));
    }
}
