//! Times and lengths as CSV, whichever columns have them.

mod fields;
mod values;

use std::sync::Arc;

use self::fields::fields;
use self::values::{Unit, count, time_of};
use crate::inspect::counted;
use crate::log::RawCall;

/// Which columns there are. What they are called is compared without case and without anything that is no letter or digit.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    places: Option<Places>,
    /// The name that was seen last: mostly, all rows name the same model.
    model: Option<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Places {
    time: Option<usize>,
    unit: Unit,
    input: usize,
    output: Option<usize>,
    model: Option<usize>,
    session: Option<usize>,
    /// Whether an output of nothing is a failure.
    zero_is_failure: bool,
}

const TIMES: [&str; 7] = [
    "timestamp",
    "time",
    "arrivaltime",
    "arrivaltimestamp",
    "arrivedat",
    "arrival",
    "requesttime",
];
const TIMES_MS: [&str; 3] = ["timestampms", "timems", "arrivaltimems"];
const INPUTS: [&str; 8] = [
    "contexttokens",
    "requesttokens",
    "inputtokens",
    "prompttokens",
    "inputlength",
    "promptlength",
    "numprefilltokens",
    "inputtoks",
];
const OUTPUTS: [&str; 8] = [
    "generatedtokens",
    "responsetokens",
    "outputtokens",
    "completiontokens",
    "outputlength",
    "responselength",
    "numdecodetokens",
    "outputtoks",
];
const MODELS: [&str; 2] = ["model", "modelname"];
const SESSIONS: [&str; 3] = ["sessionid", "conversationid", "chatid"];

impl Columns {
    /// Whether no line has said what they are yet.
    pub(crate) const fn are_unknown(&self) -> bool {
        self.places.is_none()
    }

    /// A line. `None`: it is the one that names the columns.
    pub(crate) fn parse(&mut self, line: &[u8]) -> Result<Option<RawCall>, String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is no text in UTF-8")?;
        let fields = fields(text)?;
        let places = match &self.places {
            Some(places) => places.clone(),
            None => {
                let (places, is_header) = Places::of(&fields)?;
                self.places = Some(places.clone());
                if is_header {
                    return Ok(None);
                }
                places
            }
        };
        let model = places
            .model
            .and_then(|place| fields.get(place))
            .filter(|name| !name.is_empty());
        if let Some(name) = model
            && self.model.as_deref() != Some(name.as_ref())
        {
            self.model = Some(name.as_ref().into());
        }
        let model = model.and(self.model.clone());
        places.read(&fields, model).map(Some)
    }
}

impl Places {
    /// Those that a line names; of one that is numbers, time, input and output in this order.
    fn of<T: AsRef<str>>(fields: &[T]) -> Result<(Self, bool), String> {
        let names: Vec<String> = fields.iter().map(|field| bare(field.as_ref())).collect();
        let find = |known: &[&str]| {
            let mut known = known.iter();
            known.find_map(|name| names.iter().position(|column| column == name))
        };
        if let [time, input, output, ..] = fields
            && let Ok(_) = time_of(time.as_ref(), Unit::Seconds)
            && let (Ok(_), Ok(_)) = (count(input.as_ref()), count(output.as_ref()))
        {
            let places = Self {
                time: Some(0),
                unit: Unit::Seconds,
                input: 1,
                output: Some(2),
                model: None,
                session: None,
                zero_is_failure: false,
            };
            return Ok((places, false));
        }
        let Some(input) = find(&INPUTS) else {
            let listed: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
            return Err(format!(
                "none of its columns has lengths of inputs, such as ContextTokens or Request tokens: {}",
                listed.join(", ")
            ));
        };
        let in_ms = find(&TIMES_MS);
        let places = Self {
            time: in_ms.or_else(|| find(&TIMES)),
            unit: if in_ms.is_some() {
                Unit::Milliseconds
            } else {
                Unit::Seconds
            },
            input,
            output: find(&OUTPUTS),
            model: find(&MODELS),
            session: find(&SESSIONS),
            // BurstGPT's: it has what failed as well.
            zero_is_failure: names.iter().any(|name| name == "responsetokens"),
        };
        Ok((places, true))
    }

    fn read<T: AsRef<str>>(&self, fields: &[T], model: Option<Arc<str>>) -> Result<RawCall, String> {
        let field = |place: usize| fields.get(place).map(|field| field.as_ref().trim());
        let column =
            |place: usize| field(place).ok_or_else(|| format!("it has only {}", counted(fields.len(), "column")));
        let time = self.time.map(|place| time_of(column(place)?, self.unit)).transpose()?;
        let output = self.output.map(|place| count(column(place)?)).transpose()?;
        let session = self.session.and_then(field).filter(|id| !id.is_empty());
        let failed = self.zero_is_failure && output == Some(0);
        Ok(RawCall {
            time_ns: time,
            delay: None,
            session: session.map(Arc::from),
            model,
            input_tokens: count(column(self.input)?)?,
            output_tokens: output.filter(|_| !failed),
            hash_ids: Vec::new(),
            failed,
        })
    }
}

fn bare(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[&str]) -> Vec<RawCall> {
        let mut columns = Columns::default();
        let calls = lines.iter().map(|line| columns.parse(line.as_bytes()).unwrap());
        calls.flatten().collect()
    }

    #[test]
    fn the_traces_of_azure() {
        let calls = parsed(&[
            "TIMESTAMP,ContextTokens,GeneratedTokens",
            "2023-11-16 18:15:46.6805900,374,44",
            "2023-11-16 18:15:50.9951690,396,109",
        ]);
        assert_eq!(calls[1].time_ns.unwrap() - calls[0].time_ns.unwrap(), 4_314_579_000);
        assert_eq!((calls[1].input_tokens, calls[1].output_tokens), (396, Some(109)));
        // Without the names, too.
        assert_eq!(parsed(&["2023-11-16 18:15:46.6805900,374,44"])[0], calls[0]);
    }

    #[test]
    fn the_traces_of_burst_gpt() {
        let calls = parsed(&[
            "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type",
            "5,,1.2,ChatGPT,472,18,490,Conversation log",
            "45.25,s1,0.1,\"GPT-4\",1087,0,1087,API log",
        ]);
        assert_eq!(
            (calls[0].time_ns, calls[0].model.as_deref()),
            (Some(5_000_000_000), Some("ChatGPT"))
        );
        assert_eq!((calls[0].failed, calls[0].session.as_deref()), (false, None));
        assert_eq!(
            (calls[1].time_ns, calls[1].model.as_deref()),
            (Some(45_250_000_000), Some("GPT-4"))
        );
        assert_eq!((calls[1].failed, calls[1].output_tokens), (true, None));
        assert_eq!(calls[1].session.as_deref(), Some("s1"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut columns = Columns::default();
        let wrong = columns.parse(b"a,b").unwrap_err();
        insta::assert_snapshot!(wrong, @"none of its columns has lengths of inputs, such as ContextTokens or Request tokens: a, b");
        assert!(columns.are_unknown());
        assert_eq!(columns.parse(b"Timestamp,Prompt Tokens"), Ok(None));
        let mut wrong = |line: &str| columns.parse(line.as_bytes()).unwrap_err();
        insta::assert_snapshot!(wrong("1"), @"it has only 1 column");
        insta::assert_snapshot!(wrong("1,-2"), @r#""-2" is no number of tokens"#);
        insta::assert_snapshot!(wrong("NaN,2"), @r#""NaN" is no time"#);
        insta::assert_snapshot!(wrong("1,\"2"), @"a quotation mark is not closed");
    }
}
