//! A server of one text, which tests change while it runs: a metrics page, or one that misbehaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::StartError;

/// Longest request head.
const MAX_HEAD: usize = 64 << 10;

/// What is answered to every request, whatever its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextReply {
    /// 200 and this text.
    Text(String),
    /// This status without a body.
    Status(u16),
    /// A redirection to this URL.
    Redirect(String),
    /// Nothing: the connection stays open.
    Silence,
    /// 200 and spaces without end.
    Endless,
}

/// A server of one text on 127.0.0.1. Dropping it ends it.
#[derive(Debug)]
pub struct TextEndpoint {
    address: SocketAddr,
    state: Arc<State>,
    running: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    script: Mutex<Script>,
    asked: Condvar,
}

#[derive(Debug)]
struct Script {
    reply: TextReply,
    /// The heads of the requests, as they came.
    heads: Vec<String>,
}

impl TextEndpoint {
    /// Starts on a free port.
    pub fn start(reply: TextReply) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = |source| StartError::Listen { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let state = Arc::new(State {
            script: Mutex::new(Script {
                reply,
                heads: Vec::new(),
            }),
            asked: Condvar::new(),
        });
        let (running, mut ended) = watch::channel(());
        let shared = Arc::clone(&state);
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = ended.changed() => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("text-endpoint".to_owned())
            .spawn(serve)
            .map_err(StartError::Thread)?;
        Ok(Self {
            address,
            state,
            running: Some(running),
            thread: Some(thread),
        })
    }

    /// Starts with a text.
    pub fn text(text: impl Into<String>) -> Result<Self, StartError> {
        Self::start(TextReply::Text(text.into()))
    }

    /// The URL of a path on it, which begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What requests from now on are answered.
    pub fn answer(&self, reply: TextReply) {
        self.state.lock().reply = reply;
    }

    /// The heads of the requests so far.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.state.lock().heads.clone()
    }

    /// Waits until there have been so many requests. Whether there were, within the time.
    #[must_use]
    pub fn wait_for_requests(&self, requests: usize, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut script = self.state.lock();
        while script.heads.len() < requests {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            script = match self.state.asked.wait_timeout(script, left) {
                Ok((script, _)) => script,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }
}

impl Drop for TextEndpoint {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, head: String) -> TextReply {
        let mut script = self.lock();
        script.heads.push(head);
        self.asked.notify_all();
        script.reply.clone()
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // A client that leaves early has its reasons.
        tokio::spawn(async move { drop(serve(stream, &state).await) });
    }
}

/// One request for each connection.
async fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let Some(head) = read_head(&mut stream).await? else {
        return Ok(());
    };
    match state.take(head) {
        TextReply::Text(text) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                text.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(text.as_bytes()).await
        }
        TextReply::Status(status) => {
            let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await
        }
        TextReply::Redirect(url) => {
            let head =
                format!("HTTP/1.1 307 Elsewhere\r\nlocation: {url}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await
        }
        TextReply::Silence => std::future::pending().await,
        TextReply::Endless => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
                .await?;
            loop {
                stream.write_all(&[b' '; 64 << 10]).await?;
            }
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}
