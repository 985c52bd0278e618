//! Makes the page a part of the binary: its files below `ui/`, put together and compressed, under a name that changes when one of them does.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/minify.rs"]
mod minify;

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The style sheet is kept in parts and served as one file. These come first, the others after the alphabet.
const FIRST: [&str; 6] = [
    "vendor/uplot.css",
    "style/tokens.css",
    "style/base.css",
    "style/shell.css",
    "style/parts.css",
    "style/controls.css",
];

/// A file as it is served.
#[derive(Hash)]
struct Asset {
    name: String,
    content: Vec<u8>,
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=ui");
    println!("cargo::rerun-if-changed=build");
    let ui = Path::new("ui");
    let names = names(ui)?;
    let mut assets = Vec::new();
    for name in names.iter().filter(|name| is_served_as_it_is(name)) {
        assets.push(Asset {
            content: fs::read(ui.join(name))?,
            name: name.clone(),
        });
    }
    assets.push(Asset {
        name: "style.css".to_owned(),
        content: style(ui, &names)?.into_bytes(),
    });
    assets.push(Asset {
        name: "main.js".to_owned(),
        content: minify::minify(&bundle::bundle(ui, "main.js")?)?.into_bytes(),
    });
    let index = fs::read_to_string(ui.join("index.html"))?;
    let mut hasher = DefaultHasher::new();
    (&assets, &index).hash(&mut hasher);
    write(&format!("{:016x}", hasher.finish()), &index, &assets)
}

/// The files of the page, after the alphabet, with `/` between the parts of their names.
fn names(ui: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    collect(ui, &mut files)?;
    let mut names: Vec<String> = files
        .iter()
        .map(|path| {
            path.strip_prefix(ui)
                .unwrap_or(path)
                .to_string_lossy()
                .replace('\\', "/")
        })
        .collect();
    names.sort();
    Ok(names)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn is_served_as_it_is(name: &str) -> bool {
    name == "vendor/uplot.js" || name.ends_with(".svg")
}

/// The style sheet, of all its parts. Indentation, ends of lines, and comments that have lines of their own, are for those who read the
/// source.
fn style(ui: &Path, names: &[String]) -> io::Result<String> {
    let others = names.iter().map(String::as_str);
    let others = others.filter(|name| name.ends_with(".css") && !FIRST.contains(name));
    let is_comment = |line: &str| line.starts_with("/*") && line.ends_with("*/");
    let mut style = String::new();
    for part in FIRST.into_iter().chain(others) {
        let content =
            fs::read_to_string(ui.join(part)).map_err(|error| io::Error::other(format!("ui/{part}: {error}")))?;
        let lines = content.lines().map(str::trim_start);
        for line in lines.filter(|line| !line.is_empty() && !is_comment(line)) {
            style.push_str(&squeezed(line));
        }
    }
    Ok(style)
}

/// A line of a style sheet without the room that nobody but its readers needs.
fn squeezed(line: &str) -> String {
    if let Some(selector) = line.strip_suffix(" {") {
        return format!("{selector}{{");
    }
    let declaration = line.strip_suffix(';').and_then(|line| line.split_once(": "));
    match declaration {
        Some((name, value)) => format!("{name}:{value};"),
        None if line.ends_with(['}', ';', ',']) => line.to_owned(),
        None => format!("{line}\n"),
    }
}

fn write(hash: &str, index: &str, assets: &[Asset]) -> io::Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let index = index.replace("{assets}", &format!("/assets/{hash}"));
    fs::write(out.join("index.html"), index)?;
    let mut table = format!("pub(super) const HASH: &str = {hash:?};\npub(super) const FILES: &[Asset] = &[\n");
    for (number, Asset { name, content }) in assets.iter().enumerate() {
        fs::write(out.join(format!("{number}.br")), brotli(content)?)?;
        fs::write(out.join(format!("{number}.gz")), gzip(content)?)?;
        let file = |end: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{number}.{end}\"))");
        // Writing to a text cannot fail.
        let _ = writeln!(
            table,
            "    Asset {{ name: {name:?}, brotli: {}, gzip: {} }},",
            file("br"),
            file("gz")
        );
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)
}

fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}
