//! The artifact proxy.

use http::header;
use loadspan_wire::mlflow::artifacts::{
    ARTIFACTS, ArtifactList, ListedFile, MULTIPART_ABORT, MULTIPART_COMPLETE, MULTIPART_CREATE,
};

use super::call::Call;
use super::reply::{Failure, Reply};
use super::route::unknown;
use super::store::World;

impl World {
    pub(super) fn artifact_call(&mut self, path: &str, call: &Call) -> Result<Reply, Failure> {
        let method = call.method.as_str();
        if path == ARTIFACTS && method == "GET" {
            return self.list(call.optional("path").unwrap_or_default());
        }
        for (endpoint, handler) in [
            (MULTIPART_CREATE, Self::create_upload as fn(&mut Self, &str, &Call) -> _),
            (MULTIPART_COMPLETE, Self::complete_upload),
            (MULTIPART_ABORT, Self::abort_upload),
        ] {
            if let Some(folder) = inside(path, endpoint).filter(|_| method == "POST") {
                safe(folder)?;
                return handler(self, folder, call);
            }
        }
        match (method, inside(path, ARTIFACTS)) {
            ("PUT", Some(path)) => self.put(path, call),
            ("GET", Some(path)) => self.get(path),
            ("DELETE", Some(path)) => self.delete(path),
            _ => Ok(unknown()),
        }
    }

    fn put(&mut self, path: &str, call: &Call) -> Result<Reply, Failure> {
        safe(path)?;
        self.artifacts.insert(path.to_owned(), call.body.clone());
        Ok(Reply::empty())
    }

    fn get(&self, path: &str) -> Result<Reply, Failure> {
        safe(path)?;
        let found = self.artifacts.get(path);
        let content = found.ok_or_else(|| Failure::not_found(format!("No such artifact: '{path}'")))?;
        let name = path.rsplit('/').next().unwrap_or(path);
        let reply = Reply::new(200, "application/octet-stream", content.clone());
        Ok(reply.header(header::CONTENT_DISPOSITION, format!("attachment; filename={name}")))
    }

    fn delete(&mut self, path: &str) -> Result<Reply, Failure> {
        safe(path)?;
        self.artifacts.remove(path);
        Ok(Reply::nothing())
    }

    /// What lies directly below a folder. A file has nothing below it.
    fn list(&self, folder: &str) -> Result<Reply, Failure> {
        let prefix = match folder.trim_end_matches('/') {
            "" => String::new(),
            folder => {
                safe(folder)?;
                format!("{folder}/")
            }
        };
        let mut files = Vec::<ListedFile>::new();
        let below = self
            .artifacts
            .iter()
            .filter_map(|(path, content)| Some((path.strip_prefix(&prefix)?, content)));
        for (name, content) in below {
            let (name, deeper) = name.split_once('/').map_or((name, false), |(folder, _)| (folder, true));
            // Paths are sorted, so that files of one folder follow each other.
            if files.last().is_none_or(|last| last.path != name) {
                files.push(ListedFile {
                    path: name.to_owned(),
                    is_dir: deeper,
                    file_size: (!deeper).then_some(content.len() as i64),
                });
            }
        }
        Ok(Reply::json(&ArtifactList {
            files,
            ..ArtifactList::default()
        }))
    }
}

fn inside<'a>(path: &'a str, endpoint: &str) -> Option<&'a str> {
    path.strip_prefix(endpoint)?.strip_prefix('/')
}

/// No path leads out of the root.
fn safe(path: &str) -> Result<(), Failure> {
    let leads_out = path.starts_with('/') || path.split('/').any(|segment| segment == "..");
    if leads_out {
        Err(Failure::invalid("Invalid path"))
    } else {
        Ok(())
    }
}
