//! Tokens: what clients prove who they are with, as `Bearer`, or as `Basic`, where user or password is the token.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use subtle::{Choice, ConstantTimeEq};

use crate::config::{ConfigError, Security};
use crate::error::{ApiError, Code};

/// What a token has at least.
const SHORTEST: usize = 16;
/// Posts that change nothing: the last part of their paths.
const READING_POSTS: [&str; 4] = ["search", "batchGet", "batchGetInfos", "presigned-download-url"];

/// The tokens that are known. None: everybody may do everything.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Token>);

/// A token is not kept: digests have one length, so that comparing them takes one time.
struct Token {
    digest: [u8; 32],
    may: May,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    Read,
    ReadAndWrite,
}

impl Tokens {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// One cannot be read, has none, or has one that is too short to be kept from guessing.
    pub(super) fn load(security: &Security) -> Result<Self, ConfigError> {
        let files = [
            ("--auth-token-file", &security.tokens, May::ReadAndWrite),
            ("--read-only-token-file", &security.read_only_tokens, May::Read),
        ];
        let mut tokens = Vec::new();
        for (flag, path, may) in files {
            if let Some(path) = path {
                let read = read(path).map_err(|message| ConfigError::new(flag, message))?;
                tokens.extend(read.into_iter().map(|digest| Token { digest, may }));
            }
        }
        Ok(Self(tokens))
    }

    /// Whether no token is asked for.
    pub(super) fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn check(&self, request: &Request) -> Result<(), ApiError> {
        if self.is_open() {
            return Ok(());
        }
        match self.of(request) {
            Some(May::ReadAndWrite) => Ok(()),
            Some(May::Read) if reads(request) => Ok(()),
            Some(May::Read) => {
                let message = "the token may read only";
                Err(ApiError::new(Code::PermissionDenied, message))
            }
            None => {
                let message = "a token is needed: send it as `Authorization: Bearer`, or as the password of `Basic` (for MLflow's \
                               client: MLFLOW_TRACKING_TOKEN)";
                Err(ApiError::new(Code::Unauthenticated, message))
            }
        }
    }

    fn of(&self, request: &Request) -> Option<May> {
        let credentials = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, rest) = credentials.split_once([' ', '\t'])?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.find(rest);
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        self.find(password).or_else(|| self.find(user))
    }

    /// Compares with all, so that the time says nothing about which one it was.
    fn find(&self, text: &str) -> Option<May> {
        let given = hash(text);
        let (mut reads, mut writes) = (Choice::from(0), Choice::from(0));
        for token in &self.0 {
            let same = token.digest.ct_eq(&given);
            match token.may {
                May::Read => reads |= same,
                May::ReadAndWrite => writes |= same,
            }
        }
        if bool::from(writes) {
            Some(May::ReadAndWrite)
        } else {
            bool::from(reads).then_some(May::Read)
        }
    }
}

/// Whether a request changes nothing.
pub(crate) fn reads(request: &Request) -> bool {
    let last = request.uri().path().rsplit('/').next().unwrap_or_default();
    request.method().is_safe() || (request.method() == Method::POST && READING_POSTS.contains(&last))
}

/// The digests of the tokens in a file: one on each line, but for empty ones and those that begin with `#`.
fn read(path: &Path) -> Result<Vec<[u8; 32]>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let lines = (1..).zip(text.lines().map(str::trim));
    let tokens = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let digests = tokens.map(|(number, line)| {
        if line.len() < SHORTEST || line.contains(char::is_whitespace) {
            let path = path.display();
            return Err(format!(
                "line {number} of {path} is no token: it is one word of at least {SHORTEST} characters (openssl rand -hex 32 makes one)"
            ));
        }
        Ok(hash(line))
    });
    let digests: Vec<_> = digests.collect::<Result<_, _>>()?;
    if digests.is_empty() {
        return Err(format!(
            "{} has no token: write one on each line (openssl rand -hex 32 makes one)",
            path.display()
        ));
    }
    Ok(digests)
}

fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Token({:?})", self.may)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const WRITES: &str = "token-that-may-write";
    const READS: &str = "token-that-may-read";

    fn tokens() -> Tokens {
        let token = |text: &str, may| Token {
            digest: hash(text),
            may,
        };
        Tokens(vec![token(WRITES, May::ReadAndWrite), token(READS, May::Read)])
    }

    fn told(method: &str, path: &str, authorization: &str) -> Option<Code> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", authorization);
        let checked = tokens().check(&request.body(Body::empty()).unwrap());
        checked.err().map(|error| error.code)
    }

    fn basic(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }

    #[test]
    fn a_token_is_taken_as_bearer_and_as_user_or_password() {
        for authorization in [
            format!("Bearer {WRITES}"),
            format!("bearer  {WRITES}"),
            format!("Bearer\t {WRITES}\t"),
            basic("anybody", WRITES),
            basic(WRITES, ""),
        ] {
            assert_eq!(told("POST", "/v1/traces", &authorization), None, "{authorization}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for authorization in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            WRITES,
            "Basic !",
            "Digest x",
            &format!("Bearer {WRITES}x"),
            &format!("Bearer {}", &WRITES[1..]),
            &basic("a", "b"),
        ] {
            let code = told("GET", "/version2", authorization);
            assert_eq!(code, Some(Code::Unauthenticated), "{authorization}");
        }
    }

    #[test]
    fn a_token_for_reading_gets_and_searches() {
        let bearer = format!("Bearer {READS}");
        assert_eq!(told("GET", "/api/2.0/mlflow/runs/get", &bearer), None);
        assert_eq!(told("POST", "/api/2.0/mlflow/runs/search", &bearer), None);
        for (method, path) in [
            ("POST", "/api/2.0/mlflow/runs/create"),
            ("POST", "/v1/traces"),
            ("PUT", "/api/2.0/mlflow-artifacts/artifacts/search"),
            ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/x"),
        ] {
            assert_eq!(
                told(method, path, &bearer),
                Some(Code::PermissionDenied),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn a_file_has_a_token_on_each_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        let one = "# ours\n\n  0123456789abcdef  \n";
        assert_eq!(load(one).unwrap(), [hash("0123456789abcdef")]);
        assert!(load("\n# nothing\n").unwrap_err().contains("has no token"));
        let error = load("0123456789abcdef\nshort-secret\n").unwrap_err();
        assert!(error.contains("line 2") && !error.contains("short-secret"), "{error}");
        assert!(read(&folder.path().join("missing")).unwrap_err().contains("missing"));
    }
}
