use std::fs;
use std::path::PathBuf;

use http::Request;

use super::*;
use crate::testing::on_sqlite;

#[test]
fn the_page_names_files_that_there_are_and_they_never_change() {
    on_sqlite(async |app| {
        let answer = app.send(Request::get("/runs").body("".into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_SECURITY_POLICY], POLICY);
        let named: Vec<&str> = INDEX.split('"').filter(|text| text.starts_with("/assets/")).collect();
        assert!(named.len() >= 4, "{named:?}");
        for name in named {
            let answer = app.send(Request::get(name).body("".into()).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::OK, "{name}");
            assert!(answer.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
            assert!(answer.headers().get(CONTENT_ENCODING).is_none());
        }
        let other = format!("/assets/{}0/main.js", &assets::HASH[1..]);
        let answer = app.send(Request::get(other).body("".into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    });
}

#[test]
fn people_are_told_of_what_there_is_not_on_the_page_and_programs_in_json() {
    on_sqlite(async |app| {
        let browser = Request::get("/nonsense").header("accept", "text/html,*/*");
        let answer = app.send(browser.body("".into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let program = Request::get("/nonsense").header("accept", "*/*");
        let answer = app.send(program.body("".into()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(String::from_utf8_lossy(answer.body()).contains("ENDPOINT_NOT_FOUND"));
    });
}

#[test]
fn the_page_is_small() {
    let sum = |size: fn(&Asset) -> usize| assets::FILES.iter().map(size).sum::<usize>();
    let (brotli, gzip, plain) = (
        sum(|asset| asset.brotli.len()),
        sum(|asset| asset.gzip.len()),
        sum(|asset| plain(asset.gzip).len()),
    );
    assert!(brotli <= 150_000, "{brotli} bytes compressed");
    assert!(
        gzip <= 175_000,
        "{gzip} bytes compressed for those who do not take brotli"
    );
    assert!(plain <= 450 << 10, "{plain} bytes");
}

#[test]
fn a_file_comes_in_the_best_form_that_a_browser_takes() {
    on_sqlite(async |app| {
        let asked = [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip;q=1.0, deflate", Some("gzip")),
            ("brotli", None),
        ];
        for (accepted, coding) in asked {
            let place = format!("/assets/{}/main.js", assets::HASH);
            let asked = Request::get(place).header("accept-encoding", accepted);
            let answer = app.send(asked.body("".into()).unwrap()).await;
            let answered = answer.headers().get(CONTENT_ENCODING);
            assert_eq!(answered.map(|value| value.to_str().unwrap()), coding, "{accepted}");
        }
    });
}

fn plain(gzip: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut content).unwrap();
    content
}

/// The files of the page as they are in the repository.
fn sources(below: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/ui")).join(below)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                files.push((path, content));
            }
        }
    }
    files
}

#[test]
fn vendored_files_are_those_of_their_packages() {
    let licences = include_str!("../../../ui/vendor/README.md");
    let scripts = |path: &PathBuf| path.extension().is_some_and(|end| end == "js" || end == "css");
    for (path, content) in sources("vendor").into_iter().filter(|(path, _)| scripts(path)) {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
        let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(licences.contains(&digest), "{}: {digest}", path.display());
    }
}

#[test]
fn no_file_of_ours_makes_markup_of_text() {
    const SINKS: [&str; 7] = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "dangerouslySetInnerHTML",
        "eval(",
        "new Function",
    ];
    for (path, content) in sources("") {
        let content = String::from_utf8(content).unwrap();
        let found: Vec<&str> = SINKS.into_iter().filter(|sink| content.contains(sink)).collect();
        let vendored = path.components().any(|part| part.as_os_str() == "vendor");
        assert!(vendored || found.is_empty(), "{}: {found:?}", path.display());
    }
}
