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

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=ui");
    println!("cargo::rerun-if-changed=build");
    let ui = Path::new("ui");
    let mut files = Vec::new();
    collect(ui, &mut files)?;
    files.sort();
    let mut assets: Vec<(String, Vec<u8>)> = Vec::new();
    let mut others = Vec::new();
    for path in files {
        let name = path
            .strip_prefix(ui)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        if name.ends_with(".css") {
            if !FIRST.contains(&name.as_str()) {
                others.push(name);
            }
        } else if name == "vendor/uplot.js" || name.ends_with(".svg") {
            assets.push((name, fs::read(path)?));
        }
    }
    let mut style = Vec::new();
    for part in FIRST.into_iter().map(str::to_owned).chain(others) {
        let content =
            fs::read_to_string(ui.join(&part)).map_err(|error| io::Error::other(format!("ui/{part}: {error}")))?;
        // Indentation, and comments that have lines of their own, are for those who read the source.
        let is_comment = |line: &str| line.starts_with("/*") && line.ends_with("*/");
        let lines = content.lines().map(str::trim_start);
        for line in lines.filter(|line| !line.is_empty() && !is_comment(line)) {
            style.extend_from_slice(line.as_bytes());
            style.push(b'\n');
        }
    }
    assets.push(("style.css".to_owned(), style));
    let script = minify::minify(&bundle::bundle(ui, "main.js")?)?;
    assets.push(("main.js".to_owned(), script.into_bytes()));
    let index = fs::read_to_string(ui.join("index.html"))?;
    let mut hasher = DefaultHasher::new();
    (&assets, &index).hash(&mut hasher);
    write(&format!("{:016x}", hasher.finish()), &index, &assets)
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

fn write(hash: &str, index: &str, assets: &[(String, Vec<u8>)]) -> io::Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let index = index.replace("{assets}", &format!("/assets/{hash}"));
    fs::write(out.join("index.html"), index)?;
    let mut table = format!("pub(super) const HASH: &str = {hash:?};\npub(super) const FILES: &[Asset] = &[\n");
    for (number, (name, content)) in assets.iter().enumerate() {
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
