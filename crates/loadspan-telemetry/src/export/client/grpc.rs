//! OTLP over gRPC. Messages are bytes here: payloads are encoded already, and of answers only a few fields count.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use loadspan_record::TelemetrySignal;
use loadspan_wire::otlp::response::{decode_outcome, decode_status};
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use url::Url;

use super::channel::SharedChannel;
use super::tls::{PemFiles, TlsVariables};
use super::{ClientError, MAX_ANSWER_BYTES, USER_AGENT, classify, destination, endpoint_error, headers, is_tls};
use crate::config::{Compression, OtlpConfig};
use crate::export::{Delivery, Payload};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of an endpoint of OTLP/gRPC.
pub(super) struct GrpcClient {
    channel: SharedChannel,
    method: PathAndQuery,
    metadata: MetadataMap,
    compression: Compression,
}

impl GrpcClient {
    pub(super) fn build(config: &OtlpConfig, signal: TelemetrySignal) -> Result<Self, ClientError> {
        let is_tls = is_tls(config)?;
        let endpoint = Endpoint::from_shared(origin(&config.endpoint))
            .and_then(|endpoint| endpoint.user_agent(USER_AGENT))
            .map_err(|error| endpoint_error(config, error.to_string()))?
            .connect_timeout(CONNECT_TIMEOUT);
        let endpoint = if is_tls {
            let tls = tls_config(&PemFiles::load(&config.tls, &TlsVariables::OTLP)?);
            endpoint.tls_config(tls).map_err(|error| ClientError::Tls {
                url: destination(config),
                reason: classify::root_cause(&error),
            })?
        } else {
            endpoint
        };
        Ok(Self {
            channel: SharedChannel::new(endpoint),
            method: PathAndQuery::from_static(method(signal)),
            metadata: headers::metadata(config)?,
            compression: config.compression,
        })
    }

    pub(super) async fn send(&self, payload: &Payload) -> Delivery {
        let lease = self.channel.lease();
        let delivery = self.call(Grpc::new(lease.channel()), payload).await;
        lease.answered();
        delivery
    }

    async fn call(&self, grpc: Grpc<Channel>, payload: &Payload) -> Delivery {
        let mut grpc = grpc
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        if self.compression == Compression::Gzip {
            grpc = grpc.send_compressed(CompressionEncoding::Gzip);
        }
        if let Err(error) = grpc.ready().await {
            return classify::broken(&error);
        }
        let mut request = Request::new(payload.body.clone());
        *request.metadata_mut() = self.metadata.clone();
        match grpc.unary(request, self.method.clone(), RawCodec).await {
            Ok(response) => classify::accepted(decode_outcome(response.get_ref())),
            Err(status) => {
                let rpc = decode_status(status.details()).unwrap_or_default();
                classify::grpc_failure(&status, &rpc)
            }
        }
    }
}

/// Scheme, host and port of an endpoint.
pub(super) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    format!("{}://{host}{port}", url.scheme())
}

const fn method(signal: TelemetrySignal) -> &'static str {
    match signal {
        TelemetrySignal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        TelemetrySignal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

fn tls_config(files: &PemFiles) -> ClientTlsConfig {
    let mut tls = match &files.ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some(identity) = &files.identity {
        tls = tls.identity(Identity::from_pem(&identity.certificate, &identity.key));
    }
    tls
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
