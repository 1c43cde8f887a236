//! Local web pages over a trained model: the latent explorer, and the lab that teaches contractive
//! and variational autoencoders.
//!
//! A [`Server`] answers this computer only, to whoever has its token; see `guard`. The pages are
//! plain JavaScript, embedded in the program, and load nothing from other hosts.
//!
//! ```no_run
//! use diabolo::{Predictor, pipeline::{Cancel, LatentSpace}};
//! use diabolo_explore::{Options, Server};
//!
//! let space = LatentSpace::open(Predictor::open("runs/digits-variational")?, None)?;
//! let server = Server::explorer(vec![("digits".into(), space)], &Options::default())?;
//! println!("{}", server.address());
//! server.serve(&Cancel::new())?;
//! # Ok::<(), diabolo::Error>(())
//! ```

// Figures have the same bits on every processor; see clippy.toml.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod api;
mod assets;
mod guard;
pub mod lab;
mod state;
mod watched;
mod wire;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use diabolo::pipeline::{Cancel, LatentSpace};
use diabolo::{Error, Result};

use guard::Guard;
use lab::Lab;
use state::Explorer;

/// How long open requests may take when the server ends.
const GRACE: Duration = Duration::from_millis(500);

/// Where a server listens.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port; 0 for a free one.
    pub port: u16,
    /// Another name that browsers may use for this computer, as through an SSH tunnel.
    pub host_name: Option<String>,
}

/// A server that listens, and does not answer yet.
pub struct Server {
    listener: TcpListener,
    guard: Arc<Guard>,
    pages: Router,
}

impl Server {
    /// The explorer of one or more runs, with their names.
    ///
    /// # Errors
    /// [`Error::Io`] if the port is taken.
    pub fn explorer(runs: Vec<(String, LatentSpace)>, options: &Options) -> Result<Self> {
        let explorer = Arc::new(Explorer::new(runs));
        Self::of(assets::explorer().merge(api::router(explorer)), options)
    }

    /// The lab.
    ///
    /// # Errors
    /// As [`explorer`](Self::explorer).
    pub fn lab(lab: Lab, options: &Options) -> Result<Self> {
        Self::of(lab::router(Arc::new(lab)), options)
    }

    fn of(pages: Router, options: &Options) -> Result<Self> {
        let place = || Path::new("127.0.0.1").join(options.port.to_string());
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port));
        let listener = bound.map_err(Error::io("listen on", place()))?;
        listener.set_nonblocking(true).map_err(Error::io("listen on", place()))?;
        let port = listener.local_addr().map_err(Error::io("listen on", place()))?.port();
        let guard = Arc::new(Guard::new(port, options.host_name.as_deref())?);
        Ok(Server { listener, guard, pages })
    }

    /// The address of the first page, with the token of this server.
    pub fn address(&self) -> String {
        self.guard.address()
    }

    /// Answers requests until it is cancelled.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses threads or connections.
    pub fn serve(self, cancel: &Cancel) -> Result<()> {
        let failed = || Error::io("serve", "127.0.0.1");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_io()
            .enable_time()
            .build()
            .map_err(failed())?;
        let pages = guard::guarded(self.pages, self.guard);
        let listener = self.listener;
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let serving = tokio::spawn(async move { axum::serve(listener, pages).await });
            while !cancel.is_cancelled() && !serving.is_finished() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            // Streams stay open as long as the browser wants: they are cut.
            serving.abort();
            Ok(())
        });
        runtime.shutdown_timeout(GRACE);
        served.map_err(failed())
    }
}
