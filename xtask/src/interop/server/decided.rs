//! Where our answers are meant to be different from MLflow's, and why. An answer that differs elsewhere is a defect, and so is a row that
//! is no longer true.

/// A difference that is meant.
#[derive(Debug)]
pub(super) struct Decided {
    /// What was asked; `*` stands for any text.
    pub(super) entry: &'static str,
    /// Which part of the answer, as a JSON pointer.
    pub(super) at: &'static str,
    /// What MLflow's answer has in it, as JSON.
    pub(super) mlflow: &'static str,
    /// What ours has in it.
    pub(super) loadspan: &'static str,
    #[expect(dead_code, reason = "it is shown when a check fails, and read here")]
    pub(super) because: &'static str,
}

const MESSAGE: &str = "/raised/message";
const WHOLE: &str = "";
/// How errors of filters and orders end.
const POSITION: &str = "(at position ";

const SQL: &str = "no SQL is shown to clients, nor is what they meant to change called a bad request";
const SAYS_WHERE: &str = "it says where, in the words of one grammar for runs, experiments and traces";
const STRICT: &str = "MLflow passes over what it cannot read, and answers something else than was asked";
const INFINITE: &str = "infinite values are infinite";
const SIZED: &str = "an empty file has a size";
const SAYS_WHY: &str = "it says what would be right";
const BARE: &str = "errors have a code and a message, which is what clients read";
const SCOPE: &str = "what there is not is answered in JSON, see docs/server.md";

pub(super) const DECIDED: [Decided; 37] = [
    row(
        ["experiments: search 7 *", WHOLE],
        ["[]", "ümlaut"],
        "ILIKE knows upper and lower case in any alphabet",
    ),
    row(
        ["experiments: a deleted name is taken", MESSAGE],
        ["IntegrityError", "restore it"],
        SQL,
    ),
    row(
        ["mistake: a name that is taken", MESSAGE],
        ["IntegrityError", "already exists"],
        SQL,
    ),
    row(
        ["mistake: renaming to a name that is taken", "/raised"],
        ["BAD_REQUEST", "RESOURCE_ALREADY_EXISTS"],
        SQL,
    ),
    row(["tags: of no trace", "/raised"], ["IntegrityError", "not found"], SQL),
    row(
        ["deletion: a tag of one that is gone", "/raised"],
        ["IntegrityError", "not found"],
        SQL,
    ),
    row(
        ["tags: deleted, of no trace", MESSAGE],
        ["No trace tag", "Trace with ID"],
        "it is the trace that there is not",
    ),
    row(
        ["tags: what there is", "/long"],
        ["tttt", "tttt"],
        "tags of traces may be as long as those of runs: 8,000 characters, not 4,096",
    ),
    row(["artifacts: list None", "/2/2"], ["null", "0"], SIZED),
    row(["artifacts: list folder", "/1/2"], ["null", "0"], SIZED),
    row(
        ["search runs: as a table", "/metrics.score/4"],
        ["inf", "null"],
        INFINITE,
    ),
    row(["search runs: whole", "/4/metrics/score"], ["1.797", "inf"], INFINITE),
    row(
        ["limits: what came of it", "/metrics/infinite"],
        ["-1.797", "-inf"],
        INFINITE,
    ),
    row(
        ["search runs: tags.Case = 'mixed'", WHOLE],
        ["Invalid clause", "[]"],
        "names may be words of SQL",
    ),
    row(
        ["search traces: expectation.truth LIKE 'v%'", WHOLE],
        ["[]", "timed 2"],
        "the value of an expectation has no quotes around it",
    ),
    row(
        ["search traces: pages of 2", WHOLE],
        [",[]]", "\"]]"],
        "no page after the last one",
    ),
    row(
        ["mistake: a changed parameter in a batch", MESSAGE],
        ["were already logged=", "was already logged with"],
        "the same words as for one parameter",
    ),
    row(["mistake: search *", MESSAGE], ["", POSITION], SAYS_WHERE),
    row(["mistake: runs in the order *", MESSAGE], ["", POSITION], SAYS_WHERE),
    row(
        ["mistake: experiments in the order *", MESSAGE],
        ["", POSITION],
        SAYS_WHERE,
    ),
    row(["mistake: traces in the order *", MESSAGE], ["", POSITION], SAYS_WHERE),
    row(
        ["mistake: search runs: metrics.score = 1 AND", WHOLE],
        ["1", POSITION],
        STRICT,
    ),
    row(
        ["mistake: search runs: AND metrics.score = 1", WHOLE],
        ["1", POSITION],
        STRICT,
    ),
    row(
        ["mistake: search runs: params.model = 'x' params.model = 'y'", WHOLE],
        ["0", POSITION],
        STRICT,
    ),
    row(["mistake: search runs: params. = 'x'", WHOLE], ["0", POSITION], STRICT),
    row(
        ["mistake: search traces: timestamp_ms = 'now'", WHOLE],
        ["0", POSITION],
        STRICT,
    ),
    row(
        ["mistake: search traces: status = 'OK' AND", WHOLE],
        ["6", POSITION],
        STRICT,
    ),
    row(
        ["mistake: search traces: name RLIKE '('", WHOLE],
        ["0", POSITION],
        STRICT,
    ),
    row(["mistake: 50001 runs", MESSAGE], ["Hint:", "at most 50000"], SAYS_WHY),
    row(["mistake: 501 traces", MESSAGE], ["Hint:", "at most 500"], SAYS_WHY),
    row(
        ["mistake: a page of *", MESSAGE],
        ["decoded value", "it must be one that"],
        SAYS_WHY,
    ),
    row(
        ["mistake: an artifact at %2e%2e/up", MESSAGE],
        ["sqlstate", "Invalid path"],
        BARE,
    ),
    row(["mistake: list *", MESSAGE], ["sqlstate", "Invalid path"], BARE),
    row(
        ["by hand: experiments that are no list", WHOLE],
        ["400", "200"],
        "one value stands for a list of one, as it does in a query",
    ),
    row(["by hand: the registry", WHOLE], ["400", "ENDPOINT_NOT_FOUND"], SCOPE),
    row(
        ["by hand: no such endpoint", WHOLE],
        ["404", "ENDPOINT_NOT_FOUND"],
        SCOPE,
    ),
    row(
        ["by hand: a method that there is not", WHOLE],
        ["405", "does not take GET"],
        SCOPE,
    ),
];

const fn row([entry, at]: [&'static str; 2], [mlflow, loadspan]: [&'static str; 2], because: &'static str) -> Decided {
    Decided {
        entry,
        at,
        mlflow,
        loadspan,
        because,
    }
}
