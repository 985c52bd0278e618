//! What a sink answers instead of what it should.

use std::time::Duration;

/// How a sink answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MlflowAnswer {
    /// As MLflow does.
    Normal,
    /// With this status and this body. Nothing is done.
    Status(u16, String),
    /// With this status, and `Retry-After` in whole seconds, rounded up. Nothing is done.
    RetryAfter(u16, Duration),
    /// Never: the request is read, nothing is done, the connection stays open.
    Hang,
    /// As MLflow does, so long after the request has been handled. It is handled also when the client has gone by then.
    Slow(Duration),
    /// Not at all: the request is handled, then the connection is closed.
    DropAfterHandling,
}

/// Which answer which request gets.
#[derive(Debug)]
pub(super) struct Script {
    everywhere: MlflowAnswer,
    always: Vec<Rule>,
    once: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    path: String,
    answer: MlflowAnswer,
}

impl Script {
    pub(super) fn set_everywhere(&mut self, answer: MlflowAnswer) {
        self.everywhere = answer;
    }

    /// Of several rules for a request the one added last wins.
    pub(super) fn set_path(&mut self, path: &str, answer: MlflowAnswer) {
        self.always.retain(|rule| rule.path != path);
        self.always.push(Rule::new(path, answer));
    }

    /// For one request, before all other rules. Of several such rules for a request the one added first wins.
    pub(super) fn add_once(&mut self, path: &str, answer: MlflowAnswer) {
        self.once.push(Rule::new(path, answer));
    }

    pub(super) fn restore(&mut self) {
        *self = Self::default();
    }

    /// The answer to the next request to `path`.
    pub(super) fn choose(&mut self, path: &str) -> MlflowAnswer {
        if let Some(found) = self.once.iter().position(|rule| is_for(&rule.path, path)) {
            return self.once.remove(found).answer;
        }
        let rule = self.always.iter().rfind(|rule| is_for(&rule.path, path));
        rule.map_or(&self.everywhere, |rule| &rule.answer).clone()
    }
}

impl Default for Script {
    fn default() -> Self {
        Self {
            everywhere: MlflowAnswer::Normal,
            always: Vec::new(),
            once: Vec::new(),
        }
    }
}

impl Rule {
    fn new(path: &str, answer: MlflowAnswer) -> Self {
        Self {
            path: path.to_owned(),
            answer,
        }
    }
}

/// Whether `pattern` means `path`: its end, or whole segments within it, such as `mpu/create`, behind which the path of a file comes.
pub(super) fn is_for(pattern: &str, path: &str) -> bool {
    path.ends_with(pattern) || format!("{path}/").contains(&format!("/{}/", pattern.trim_matches('/')))
}
