//! Opening connections: addresses, proxy, TCP, TLS.

mod dial;
mod proxy;
mod stream;
mod tls;

pub(crate) use self::dial::{DialError, Dialed, Dialer, Tls};
pub(crate) use self::proxy::ProxyRoute;
pub(crate) use self::stream::Stream;
pub use self::tls::{TlsConfig, TlsError};
