//! Uploads files, several at a time, and says what came of each.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "object-store")]
use super::bucket::{Bucket, BucketAccess};
use super::destination::Destination;
use super::folder::LocalFile;
use super::local::{self, LocalFolder};
use super::proxy::ProxyClient;
use super::reading::{Content, content_of};
use super::tuning::{Terms, Tuning};
use super::{ArtifactUpload, UploadPlan, UploadedArtifact};
use crate::mlflow::CompletionLimit;

/// How often a file is sent that changes every time.
const ATTEMPTS_AT_A_CHANGING_FILE: usize = 3;

/// Where uploads happen.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) tuning: Tuning,
    /// The environment: what object stores are spoken to with.
    #[cfg_attr(
        not(feature = "object-store"),
        expect(dead_code, reason = "there are no object stores")
    )]
    pub(super) variables: Vec<(String, String)>,
}

/// What is to be uploaded, where, and until when.
#[derive(Debug)]
pub(super) struct UploadJob<'a> {
    pub(super) plan: &'a UploadPlan<'a>,
    pub(super) surroundings: &'a Surroundings,
    pub(super) limit: &'a CompletionLimit,
}

/// A way to put files somewhere.
#[derive(Debug)]
struct Uploader<'a> {
    way: Way<'a>,
    known: &'a [UploadedArtifact],
    terms: Terms<'a>,
}

#[derive(Debug)]
enum Way<'a> {
    Proxy(ProxyClient<'a>),
    Folder(&'a LocalFolder),
    #[cfg(feature = "object-store")]
    Bucket(Bucket),
}

impl Surroundings {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let variables = std::env::vars_os();
        Self {
            tuning: Tuning::default(),
            variables: variables
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        }
    }
}

impl UploadJob<'_> {
    /// Uploads files, whatever the globs of the plan say.
    pub(super) async fn run(&self, files: Vec<LocalFile>) -> ArtifactUpload {
        match Destination::of(self.plan.run, self.plan.client.server()) {
            Ok(destination) => match self.uploader(&destination).await {
                Ok(uploader) => uploader.upload(files).await,
                Err(reason) => ArtifactUpload::of_nothing(&files, &reason),
            },
            Err(reason) => ArtifactUpload::of_nothing(&files, &reason),
        }
    }

    async fn uploader<'a>(&'a self, destination: &'a Destination) -> Result<Uploader<'a>, String> {
        let built = self.limit.hold(Uploader::build(self, destination)).await;
        built.unwrap_or_else(|| Err(self.limit.reason().to_owned()))
    }
}

impl<'a> Uploader<'a> {
    /// # Errors
    ///
    /// Nothing can be put there, and why.
    async fn build(job: &'a UploadJob<'_>, destination: &'a Destination) -> Result<Self, String> {
        let client = job.plan.client;
        let way = match destination {
            Destination::Proxy(proxy) => Way::Proxy(ProxyClient::build(client, proxy).await?),
            Destination::Folder(folder) => Way::Folder(folder),
            #[cfg(feature = "object-store")]
            Destination::Bucket(uri) => {
                let access = BucketAccess {
                    variables: &job.surroundings.variables,
                    timeout: client.server().timeout,
                };
                Way::Bucket(Bucket::open(uri, &access)?)
            }
            #[cfg(not(feature = "object-store"))]
            Destination::Bucket(_) => {
                return Err("this loadspan was built without the feature object-store".to_owned());
            }
        };
        Ok(Self {
            way,
            known: job.plan.known,
            terms: Terms {
                tuning: &job.surroundings.tuning,
                limit: job.limit,
            },
        })
    }

    /// Uploads files, four at a time, in their order.
    async fn upload(&self, files: Vec<LocalFile>) -> ArtifactUpload {
        let work = Work {
            waiting: Mutex::new(files.into()),
            done: Mutex::default(),
        };
        tokio::join!(self.work(&work), self.work(&work), self.work(&work), self.work(&work));
        let mut upload = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        upload.arrived.sort_by(|a, b| a.file.cmp(&b.file));
        upload.failed.sort();
        upload
    }

    async fn work(&self, work: &Work) {
        while let Some(file) = work.next() {
            let sent = self.send(&file).await;
            work.note(&file, sent);
        }
    }

    /// Sends a file, unless the same has arrived before.
    async fn send(&self, file: &LocalFile) -> Result<Sent, String> {
        if let Some(known) = self.known_as(file) {
            let content = self.held(content_of(file)).await?.map_err(|error| error.to_string())?;
            if content.sha256 == known.sha256 && content.steady {
                return Ok(Sent::Before(known.clone()));
            }
        }
        let mut file = file.clone();
        for _ in 0..ATTEMPTS_AT_A_CHANGING_FILE {
            let content = self.put(&file).await?;
            if content.steady {
                return Ok(Sent::Now(UploadedArtifact {
                    file: file.file,
                    artifact: file.artifact,
                    bytes: content.bytes,
                    sha256: content.sha256,
                }));
            }
            file = LocalFile::at(&file.path, &file.file, file.artifact).map_err(|error| error.to_string())?;
        }
        Err("it changes while it is sent".to_owned())
    }

    async fn put(&self, file: &LocalFile) -> Result<Content, String> {
        match &self.way {
            Way::Proxy(proxy) => proxy.put(file, self.terms).await,
            Way::Folder(folder) => self.held(local::copy(file, folder)).await?,
            #[cfg(feature = "object-store")]
            Way::Bucket(bucket) => bucket.put(file, self.terms).await,
        }
    }

    fn known_as(&self, file: &LocalFile) -> Option<&UploadedArtifact> {
        let is_it = |known: &&UploadedArtifact| {
            (&known.file, &known.artifact, known.bytes) == (&file.file, &file.artifact, file.bytes)
        };
        self.known.iter().find(is_it)
    }

    async fn held<T>(&self, work: impl Future<Output = T>) -> Result<T, String> {
        self.terms
            .limit
            .hold(work)
            .await
            .ok_or_else(|| self.terms.limit.reason().to_owned())
    }
}

enum Sent {
    Now(UploadedArtifact),
    Before(UploadedArtifact),
}

/// What is to be sent, and what came of it.
struct Work {
    waiting: Mutex<VecDeque<LocalFile>>,
    done: Mutex<ArtifactUpload>,
}

impl Work {
    fn next(&self) -> Option<LocalFile> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn note(&self, file: &LocalFile, sent: Result<Sent, String>) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Ok(Sent::Now(artifact)) => done.arrived.push(artifact),
            Ok(Sent::Before(artifact)) => {
                done.arrived.push(artifact);
                done.unchanged += 1;
            }
            Err(reason) => done.failed.push((file.file.clone(), reason)),
        }
    }
}
