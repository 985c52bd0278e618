//! OTLP over gRPC. Messages are bytes here: they are encoded already, and of answers only a few fields count.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use loadspan_wire::otlp::response::{decode_outcome, decode_status};
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use url::Url;

use super::http::header_map;
use super::tls::PemFiles;
use super::{Delivery, MAX_ANSWER_BYTES, USER_AGENT, answer};
use crate::config::{OtlpDestination, Secret, Signal};
use crate::error::InitError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A peer that goes silent leaves a connection open for a quarter of an hour: it is asked for a sign of life. Servers turn away whom
/// they find too eager (`too_many_pings`).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of an endpoint of OTLP/gRPC.
pub(super) struct GrpcClient {
    endpoint: Endpoint,
    /// Made by the first call: it wants the runtime to be there.
    channel: OnceLock<Channel>,
    method: PathAndQuery,
    metadata: MetadataMap,
    gzip: bool,
}

impl GrpcClient {
    pub(super) fn build(destination: &OtlpDestination, signal: Signal) -> Result<Self, InitError> {
        let failed = |error: tonic::transport::Error| InitError::Start(error.to_string());
        let mut endpoint = Endpoint::from_shared(origin(&destination.endpoint))
            .and_then(|endpoint| endpoint.user_agent(USER_AGENT))
            .map_err(failed)?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
        // Files are looked at also where they have no effect: a wrong name would show when the URL changes.
        let files = PemFiles::load(&destination.tls)?;
        if destination.endpoint.scheme() == "https" {
            endpoint = endpoint.tls_config(tls_config(&files)).map_err(failed)?;
        }
        Ok(Self {
            endpoint,
            channel: OnceLock::new(),
            method: PathAndQuery::from_static(method(signal)),
            metadata: metadata(&destination.headers)?,
            gzip: destination.gzip,
        })
    }

    pub(super) async fn send(&self, body: Bytes) -> Delivery {
        let channel = self.channel.get_or_init(|| self.endpoint.connect_lazy()).clone();
        let mut grpc = Grpc::new(channel)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        if self.gzip {
            grpc = grpc.send_compressed(CompressionEncoding::Gzip);
        }
        if let Err(error) = grpc.ready().await {
            return answer::broken(&error);
        }
        let mut request = Request::new(body);
        *request.metadata_mut() = self.metadata.clone();
        match grpc.unary(request, self.method.clone(), RawCodec).await {
            Ok(response) => answer::accepted(decode_outcome(response.get_ref()).unwrap_or_default()),
            Err(status) => {
                let rpc = decode_status(status.details()).unwrap_or_default();
                answer::grpc_failure(&status, &rpc)
            }
        }
    }
}

/// Values of names that end in `-bin` are bytes, and sent as base64.
fn metadata(headers: &[(String, Secret)]) -> Result<MetadataMap, InitError> {
    let encode = |(name, value): &(String, Secret)| {
        let value = match name.ends_with("-bin") {
            true => Secret(STANDARD_NO_PAD.encode(&value.0)),
            false => value.clone(),
        };
        (name.clone(), value)
    };
    let headers: Vec<_> = headers.iter().map(encode).collect();
    Ok(MetadataMap::from_headers(header_map(&headers)?))
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

const fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

fn tls_config(files: &PemFiles) -> ClientTlsConfig {
    let tls = match &files.ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    match &files.identity {
        Some(identity) => tls.identity(Identity::from_pem(&identity.certificate, &identity.key)),
        None => tls,
    }
}

/// Messages that are bytes already.
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(item.len());
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
