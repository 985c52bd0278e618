//! Uploads over real sockets.

#[cfg(feature = "object-store")]
mod bucket_endpoint;
#[cfg(feature = "object-store")]
mod buckets;
mod files;
mod harness;
mod parts;
mod pictures;
mod proxy;
