//! Makes one script of the modules of the page, so that a browser asks once and not a hundred times, one import after the other.
//!
//! The modules keep to what this can read, which is little: `import { a, b as c } from "./file.js";` and `export` before a function, a
//! class or a constant, at the beginning of a line. Anything else is an error of the build.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The script of the module `main`, with everything that it imports.
pub(crate) fn bundle(ui: &Path, main: &str) -> io::Result<String> {
    let mut bundle = Bundle {
        ui: ui.to_owned(),
        places: HashMap::new(),
        script: String::new(),
    };
    bundle.add(Path::new(main))?;
    Ok(bundle.script)
}

struct Bundle {
    ui: PathBuf,
    /// The number of each module; none while it is being added.
    places: HashMap<PathBuf, Option<usize>>,
    script: String,
}

impl Bundle {
    /// Adds a module after those that it imports; its number.
    fn add(&mut self, path: &Path) -> io::Result<usize> {
        match self.places.get(path) {
            Some(Some(place)) => return Ok(*place),
            Some(None) => return Err(wrong(path, "imports itself, in a circle")),
            None => {}
        }
        self.places.insert(path.to_owned(), None);
        let text = fs::read_to_string(self.ui.join(path)).map_err(|error| wrong(path, &error.to_string()))?;
        let mut module = Module::default();
        for statement in statements(&text) {
            self.add_statement(path, &mut module, &statement)?;
        }
        let place = self.places.values().flatten().count();
        let Module { body, exports } = module;
        let exports = exports.join(", ");
        self.script += &format!("const $_{place} = (() => {{\n{body}return {{ {exports} }};\n}})();\n");
        self.places.insert(path.to_owned(), Some(place));
        Ok(place)
    }

    fn add_statement(&mut self, path: &Path, module: &mut Module, statement: &str) -> io::Result<()> {
        if let Some(import) = statement.strip_prefix("import ") {
            let (names, from) = import.split_once(" from ").ok_or_else(|| wrong(path, statement))?;
            let place = self.add(&resolved(path, from)?)?;
            let names = names.replace(" as ", ": ");
            module.body += &format!("const {names} = $_{place};\n");
        } else if let Some(export) = statement.strip_prefix("export").map(str::trim_start) {
            if export.starts_with('{') {
                self.add_export_list(path, module, export)?;
            } else {
                module
                    .exports
                    .push(exported(export).ok_or_else(|| wrong(path, statement))?);
                module.body += export;
                module.body.push('\n');
            }
        } else {
            module.body += statement;
            module.body.push('\n');
        }
        Ok(())
    }

    /// `export { a as b } from "./file.js";`, or without `from`.
    fn add_export_list(&mut self, path: &Path, module: &mut Module, export: &str) -> io::Result<()> {
        let (names, from) = export.split_once('}').ok_or_else(|| wrong(path, export))?;
        let names = names
            .trim_start_matches('{')
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let owner = match from.trim().strip_prefix("from ") {
            Some(from) => format!("$_{}.", self.add(&resolved(path, from)?)?),
            None => String::new(),
        };
        module.exports.extend(names.map(|name| {
            let (inner, outer) = name.split_once(" as ").unwrap_or((name, name));
            format!("{outer}: {owner}{inner}")
        }));
        Ok(())
    }
}

#[derive(Default)]
struct Module {
    body: String,
    exports: Vec<String>,
}

/// Lines, and imports and lists of exports each as one.
fn statements(text: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if open {
            if let Some(statement) = statements.last_mut() {
                statement.push(' ');
                statement.push_str(line.trim());
            }
        } else {
            statements.extend(split_minified(line));
        }
        let last = statements.last().map_or("", String::as_str);
        open = (last.starts_with("import {") || last.starts_with("export {")) && !last.ends_with(';');
    }
    statements
}

/// A minified module is one line, whose exports stand at its end.
fn split_minified(line: &str) -> Vec<String> {
    match line.rfind("export{") {
        Some(place) if place > 0 => vec![line[..place].to_owned(), line[place..].to_owned()],
        _ => vec![line.to_owned()],
    }
}

fn exported(export: &str) -> Option<String> {
    let declaration = export.strip_prefix("async ").unwrap_or(export);
    let rest = ["function* ", "function ", "const ", "class "]
        .iter()
        .find_map(|word| declaration.strip_prefix(word))?;
    let end = rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '$')?;
    Some(rest[..end].to_owned())
}

/// The file that an import names, relative to the one that it is in.
fn resolved(path: &Path, from: &str) -> io::Result<PathBuf> {
    let name = from.trim().trim_end_matches(';').trim_matches('"');
    let mut resolved = path.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(resolved.pop()),
            Component::Normal(part) => resolved.push(part),
            _ => return Err(wrong(path, from)),
        }
    }
    Ok(resolved)
}

fn wrong(path: &Path, what: &str) -> io::Error {
    io::Error::other(format!("ui/{}: {what}", path.display()))
}
