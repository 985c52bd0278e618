//! Mistakes that come up when a configuration is resolved, in the words of the file.

use super::RunConfigFile;
use super::keys::Keys;
use super::layers::Layered;
use super::mistake::Mistake;
use crate::exit::UsageError;

impl RunConfigFile {
    /// The same error. A mistake of the user's that came up later than in [`Self::resolve`] has its place as well.
    pub(crate) fn locate(&self, error: anyhow::Error) -> anyhow::Error {
        match error.downcast::<UsageError>() {
            Ok(usage) => self.located(usage).into(),
            Err(error) => error,
        }
    }

    /// The same mistake, with its place in the file if the first flag that it names is set there, and with the names of keys.
    pub(super) fn located(&self, error: UsageError) -> UsageError {
        let error = self.without_variables(error);
        let layer = error
            .stage()
            .and_then(|stage| self.stages.get(stage))
            .unwrap_or(&self.common);
        let Some(entry) = first_flag(error.message())
            .and_then(|flag| self.keys.of_flag(flag))
            .and_then(|key| self.entry_of(layer, &key.id))
        else {
            return error;
        };
        let mut message = in_keys(error.message(), &self.keys);
        if let Some(name) = error
            .stage()
            .and_then(|stage| self.contents.stages.get(stage)?.name.as_ref())
        {
            message = format!("stage `{name}`: {message}");
        }
        let mistake = Mistake::at(entry.place, message);
        let mistake = match error.hint() {
            Some(hint) => mistake.with_hint(in_keys(hint, &self.keys)),
            None => mistake,
        };
        mistake.into_usage(&self.identity.name)
    }

    /// The same mistake, which quotes variables as they are written: what they hold may be a secret that was put into the wrong place.
    fn without_variables(&self, error: UsageError) -> UsageError {
        /// What is shorter is no secret, and may be part of any word.
        const SECRET: usize = 4;
        let secrets = self.variables.iter().filter(|(_, value)| value.len() >= SECRET);
        secrets.fold(error, |error, (name, value)| {
            error.with_words(|text| text.replace(value, &format!("${{{name}}}")))
        })
    }

    fn entry_of<'a>(&self, layer: &'a Layered, id: &str) -> Option<&'a super::entries::Entry> {
        self.keys.of_id(id).and_then(|key| layer.entry(key))
    }
}

/// The first `--flag` of a text.
fn first_flag(text: &str) -> Option<&str> {
    let start = text
        .find("--")
        .filter(|at| *at == 0 || text[..*at].ends_with([' ', '`', '(']))?;
    let rest = &text[start..];
    Some(&rest[..flag_length(rest)])
}

fn flag_length(text: &str) -> usize {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.find(|c| !is_letter(c)).unwrap_or(text.len())
}

/// A text that names flags, with the keys in their place: `--isl` becomes `isl`.
fn in_keys(text: &str, keys: &Keys) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        let flag = &rest[at..at + flag_length(&rest[at..])];
        out.push_str(&rest[..at]);
        match keys.of_flag(flag) {
            Some(key) if rest[..at].ends_with('`') => out.push_str(&key.name),
            Some(key) => out.push_str(&format!("`{}`", key.name)),
            None => out.push_str(flag),
        }
        rest = &rest[at + flag.len().max(2)..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_keys() {
        let keys = Keys::of_profile();
        assert_eq!(
            in_keys(
                "--isl has no effect with --input-file, whose prompts -- see `--osl` --x",
                &keys
            ),
            "`isl` has no effect with `input_file`, whose prompts -- see `osl` --x"
        );
        assert_eq!(first_flag("--isl-stddev -1: no"), Some("--isl-stddev"));
        assert_eq!(first_flag("stage x: --osl no"), Some("--osl"));
        assert_eq!(first_flag("no flag"), None);
    }
}
