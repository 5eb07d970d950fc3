//! A table of the configuration while it is read: over its defaults, and collecting every problem.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::problem::{Problem, Source};
use crate::config::setting::Setting;
use crate::suggest::closest;

/// One table, its defaults, and what was found wrong with it so far.
///
/// Read all keys first and use `?` on the results afterwards, so that the first problem
/// does not hide the others.
#[derive(Debug)]
pub struct Section<'t> {
    source: Source<'t>,
    /// `http.`, or nothing for the whole file.
    prefix: String,
    /// Where the table begins, for problems that no key is to blame for.
    start: usize,
    table: Option<&'t DeTable<'t>>,
    defaults: Option<&'t DeTable<'t>>,
    known: Vec<&'static str>,
    problems: Vec<Found>,
}

/// What a reader returns in place of a value when it has added to the section's problems.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reported;

/// A problem and the offset it is at.
type Found = (usize, String);

type Value<'t> = Spanned<DeValue<'t>>;

impl<'t> Section<'t> {
    /// The whole file, over the defaults.
    pub fn root(source: Source<'t>, table: &'t DeTable<'t>, defaults: &'t DeTable<'t>) -> Self {
        Self {
            source,
            prefix: String::new(),
            start: 0,
            table: Some(table),
            defaults: Some(defaults),
            known: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The value of `key`, or its default.
    ///
    /// # Errors
    ///
    /// When it cannot be read as `T`; so for all readers.
    pub fn get<T: Setting>(&mut self, key: &'static str) -> Result<T, Reported> {
        if let Some(value) = self.own(key) {
            return self.read(key, value);
        }
        let default = self.defaults.and_then(|table| table.get(key));
        let read = default.and_then(|value| T::read(value.get_ref()));
        read.ok_or_else(|| self.missing::<T>(key))
    }

    /// The value of `key`, which has no default.
    ///
    /// # Errors
    ///
    /// Also when it is missing.
    pub fn required<T: Setting>(&mut self, key: &'static str) -> Result<T, Reported> {
        match self.own(key) {
            Some(value) => self.read(key, value),
            None => Err(self.missing::<T>(key)),
        }
    }

    /// The value of `key`, where leaving it out means something.
    ///
    /// # Errors
    ///
    /// As for [`Self::get`].
    pub fn optional<T: Setting>(&mut self, key: &'static str) -> Result<Option<T>, Reported> {
        let own = self.own(key);
        own.map(|value| self.read(key, value)).transpose()
    }

    /// The table `key`, as `read` reads it.
    ///
    /// # Errors
    ///
    /// When it is not a table, or `read` fails.
    pub fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'t>) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        let default = self.defaults.and_then(|table| table.get(key));
        let default = default.and_then(|value| value.get_ref().as_table());
        let own = self.own(key);
        let prefix = format!("{}{key}.", self.prefix);
        match own.map(|value| (value, value.get_ref().as_table())) {
            Some((value, None)) => {
                let how = format!("a table, `[{}{key}]`", self.prefix);
                Err(self.wrong(key, value, &how))
            }
            Some((value, table)) => self.child(prefix, (value.span().start, table, default), read),
            None => self.child(prefix, (self.start, None, default), read),
        }
    }

    /// Each table of the array `key`, as `read` reads it, with where it begins.
    ///
    /// The tables of the file replace those of the defaults, whose first one holds
    /// the defaults of each.
    ///
    /// # Errors
    ///
    /// When it is not an array of tables, is empty, or `read` fails for one of them.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'t>) -> Result<T, Reported>,
    ) -> Result<Vec<(usize, T)>, Reported> {
        let own = self.own(key);
        let default = self.defaults.and_then(|table| table.get(key));
        let how = format!("at least one `[[{key}]]`");
        let Some(value) = own.or(default) else {
            self.problem(self.start, format!("`{key}` is missing, write {how}"));
            return Err(Reported);
        };
        let items = value.get_ref().as_array();
        let Some(items) = items.filter(|items| !items.is_empty()) else {
            return Err(self.wrong(key, value, &how));
        };
        let default = default
            .and_then(|value| value.get_ref().get(0))
            .and_then(|first| first.get_ref().as_table());
        let mut read_item = |item: &'t Value<'t>| {
            let start = item.span().start;
            let Some(table) = item.get_ref().as_table() else {
                return Err(self.wrong(key, item, &how));
            };
            let place = (start, Some(table), default);
            let read = self.child(format!("{key}."), place, &mut read);
            read.map(|read| (start, read))
        };
        // Every item is read before the first bad one ends the reading.
        let all: Vec<_> = items.iter().map(&mut read_item).collect();
        all.into_iter().collect()
    }

    /// Reports `key` if the file has it without `other`, to which it belongs.
    pub fn needs(&mut self, key: &'static str, other: &'static str) {
        let has = |key| self.table.and_then(|table| table.get(key));
        if let (Some(value), None) = (has(key), has(other)) {
            let (prefix, start) = (&self.prefix, value.span().start);
            let what = format!(
                "`{prefix}{key}` means nothing without `{prefix}{other}`, write that as well"
            );
            self.problem(start, what);
        }
    }

    /// Where the file has the table `key`, which is for somebody else to read.
    ///
    /// # Errors
    ///
    /// When it is not a table.
    pub fn table_place(&mut self, key: &'static str) -> Result<Option<String>, Reported> {
        let Some(value) = self.own(key) else {
            return Ok(None);
        };
        if !value.get_ref().is_table() {
            let how = format!("a table, `[{}{key}]`", self.prefix);
            return Err(self.wrong(key, value, &how));
        }
        Ok(Some(self.source.place(value.span().start)))
    }

    /// Reports a problem at a byte offset.
    pub fn problem(&mut self, at: usize, what: impl Into<String>) {
        self.problems.push((at, what.into()));
    }

    /// Reports the keys that nobody asked for, and returns all problems in the order of the file.
    pub fn finish(mut self) -> Vec<Problem> {
        self.report_unknown();
        self.problems.sort();
        let source = self.source;
        let problems = self.problems.into_iter();
        problems
            .map(|(at, what)| Problem {
                place: source.place(at),
                what,
            })
            .collect()
    }

    fn child<T>(
        &mut self,
        prefix: String,
        (start, table, defaults): (usize, Option<&'t DeTable<'t>>, Option<&'t DeTable<'t>>),
        read: impl FnOnce(&mut Section<'t>) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        let mut child = Section {
            source: self.source,
            prefix,
            start,
            table,
            defaults,
            known: Vec::new(),
            problems: Vec::new(),
        };
        let result = read(&mut child);
        child.report_unknown();
        self.problems.append(&mut child.problems);
        result
    }

    fn own(&mut self, key: &'static str) -> Option<&'t Value<'t>> {
        self.known.push(key);
        self.table.and_then(|table| table.get(key))
    }

    fn read<T: Setting>(&mut self, key: &str, value: &Value<'_>) -> Result<T, Reported> {
        T::read(value.get_ref()).ok_or_else(|| self.wrong(key, value, T::HOW))
    }

    fn wrong(&mut self, key: &str, value: &Value<'_>, how: &str) -> Reported {
        let span = value.span();
        let written = self.source.text.get(span.clone()).unwrap_or_default();
        let written: String = match value.get_ref() {
            DeValue::Table(_) => "a table".to_owned(),
            // A long text is recognized by its beginning, and its place says the rest.
            _ => written.lines().flat_map(str::chars).take(40).collect(),
        };
        let what = format!("`{}{key}` cannot be {written}, write {how}", self.prefix);
        self.problem(span.start, what);
        Reported
    }

    fn missing<T: Setting>(&mut self, key: &str) -> Reported {
        let what = format!("`{}{key}` is missing, write {}", self.prefix, T::HOW);
        self.problem(self.start, what);
        Reported
    }

    fn report_unknown(&mut self) {
        let own = self.table.into_iter().flat_map(|table| table.keys());
        for key in own.filter(|key| !self.known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let next = match closest(name, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            let what = format!("unknown key `{}{name}`, {next}", self.prefix);
            self.problems.push((key.span().start, what));
        }
    }
}
