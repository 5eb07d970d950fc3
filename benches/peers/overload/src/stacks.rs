//! axum under the stacks of tower that people put before a handler.
//!
//! The handler burns on tokio's blocking threads, all but [`Stack::Inline`]:
//! only then are requests in flight together, which is what limits count. The
//! stacks that were tuned have as many of these threads as workers, so that work
//! is done in the order in which it came and not a bit of each at a time.

use std::convert::Infallible;
use std::future::{self, Ready};
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::serve::IncomingStream;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tower::layer::util::{Identity, Stack as LayerStack};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::{BoxError, ServiceBuilder};
use tower_resilience_adaptive::{AdaptiveLimiterLayer, Aimd, Algorithm, Gradient2, Vegas};

use crate::burn::Work;
use crate::options::Options;

/// Tells a client why it is refused.
type Told = LayerStack<HandleErrorLayer<fn(BoxError) -> Ready<StatusCode>, ()>, Identity>;

/// Threads that burn unless somebody says how many: tokio's own default.
const THREADS: usize = 512;

/// Says what is before the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// Nothing, and the handler burns in its task.
    Inline,
    /// Nothing.
    Blocking,
    /// A timeout.
    Timeout,
    /// A limit for each connection.
    LimitClone,
    /// A limit for all.
    Limit,
    /// tower-resilience's limit, by AIMD, and shedding.
    Aimd,
    /// The same, by Vegas.
    Vegas,
    /// The same, by Gradient2.
    Gradient2,
    /// The limit by AIMD alone.
    AimdQueueing,
}

/// Serves until the process is ended.
///
/// # Errors
///
/// When there are no threads for the runtime.
pub fn serve(
    listener: StdListener,
    stack: Stack,
    options: &Options,
    work: Arc<Work>,
) -> io::Result<()> {
    let threads = match stack {
        Stack::Limit | Stack::Aimd | Stack::Vegas | Stack::Gradient2 | Stack::AimdQueueing => {
            options.workers
        }
        Stack::Inline | Stack::Blocking | Stack::Timeout | Stack::LimitClone => THREADS,
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(options.workers)
        .max_blocking_threads(options.threads.unwrap_or(threads))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        if stack != Stack::LimitClone {
            let all = layered(stack, options, routes(stack, &work))?;
            return axum::serve(listener, all).await;
        }
        let limit = options.limit;
        let each = tower::service_fn(move |_: IncomingStream<'_, TcpListener>| {
            let limited = told().load_shed().concurrency_limit(limit);
            let service = routes(stack, &work).layer(limited);
            future::ready(Ok::<_, Infallible>(service))
        });
        axum::serve(listener, each).await
    })
}

fn routes(stack: Stack, work: &Arc<Work>) -> Router {
    let handler = match stack {
        Stack::Inline => get(burn_inline),
        _ => get(burn_apart),
    };
    let routes = Router::new().route("/", handler);
    routes.with_state(Arc::clone(work))
}

/// Puts before the routes what is the same for all connections.
fn layered(stack: Stack, options: &Options, routes: Router) -> io::Result<Router> {
    Ok(match stack {
        Stack::Inline | Stack::Blocking | Stack::LimitClone => routes,
        Stack::Timeout => routes.layer(told().timeout(options.timeout)),
        Stack::Limit => {
            let limit = GlobalConcurrencyLimitLayer::new(options.limit);
            routes.layer(told().load_shed().layer(limit))
        }
        Stack::Aimd | Stack::Vegas | Stack::Gradient2 => {
            let limit = AdaptiveLimiterLayer::new(algorithm(stack, options)?);
            routes.layer(told().load_shed().layer(limit))
        }
        Stack::AimdQueueing => {
            let limit = AdaptiveLimiterLayer::new(algorithm(stack, options)?);
            routes.layer(told().map_err(BoxError::from).layer(limit))
        }
    })
}

/// Leaves all at its default but for what has to be chosen: above which time it is too long.
fn algorithm(stack: Stack, options: &Options) -> io::Result<Algorithm> {
    match stack {
        Stack::Vegas => Vegas::builder()
            .build()
            .map(Algorithm::Vegas)
            .map_err(io::Error::other),
        Stack::Gradient2 => {
            let gradient = Gradient2::builder().build().map(Algorithm::Gradient2);
            gradient.map_err(io::Error::other)
        }
        _ => {
            let aimd = Aimd::builder().latency_threshold(options.target).build();
            aimd.map(Algorithm::Aimd).map_err(io::Error::other)
        }
    }
}

/// Begins a stack whose errors are told to the client.
fn told() -> ServiceBuilder<Told> {
    ServiceBuilder::new().layer(HandleErrorLayer::new(refusal as fn(_) -> _))
}

#[expect(clippy::needless_pass_by_value, reason = "axum hands the error over")]
fn refusal(error: BoxError) -> Ready<StatusCode> {
    future::ready(if error.is::<Overloaded>() {
        StatusCode::SERVICE_UNAVAILABLE
    } else if error.is::<Elapsed>() {
        StatusCode::GATEWAY_TIMEOUT
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

async fn burn_inline(State(work): State<Arc<Work>>) -> &'static str {
    work.run();
    plain::HELLO
}

async fn burn_apart(State(work): State<Arc<Work>>) -> Result<&'static str, StatusCode> {
    let burnt = tokio::task::spawn_blocking(move || work.run()).await;
    burnt.map_or(Err(StatusCode::INTERNAL_SERVER_ERROR), |()| {
        Ok(plain::HELLO)
    })
}
