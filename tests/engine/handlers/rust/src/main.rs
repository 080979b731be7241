//! What the suite asks of every language, by the name in "do".

use lambda_runtime::{run, service_fn, streaming, tracing, Context, Diagnostic, Error, LambdaEvent};
use serde_json::{json, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, process, thread};

static CALLS: AtomicU64 = AtomicU64::new(0);
static BEATS: Mutex<Vec<Instant>> = Mutex::new(Vec::new());
static TAKEN: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

struct Own(String);

impl From<Own> for Diagnostic {
    fn from(error: Own) -> Diagnostic {
        Diagnostic { error_type: "Own".into(), error_message: error.0 }
    }
}

#[derive(Debug)]
struct Caused(String, Error);

impl std::fmt::Display for Caused {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}", self.0)
    }
}

impl std::error::Error for Caused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.1.as_ref())
    }
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let (asked, context) = event.into_parts();
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let value = asked["value"].clone();
    let text = value.as_str().unwrap_or_default().to_string();
    let number = value.as_i64().unwrap_or_default();
    match asked["do"].as_str().unwrap_or_default() {
        "echo" => Ok(value),
        "calls" => Ok(json!(calls)),
        "throw" => Err(Error::from(text).into()),
        "throw_own" => Err(Own(text).into()),
        "throw_cause" => Err(Error::from(Caused(text, "below".into())).into()),
        "throw_odd" => panic!("{text}"),
        "context" => Ok(about(&context)),
        "left" => {
            let before = left(&context);
            tokio::time::sleep(Duration::from_millis(number as u64)).await;
            Ok(json!([before, left(&context)]))
        }
        "environment" => Ok(json!(env::vars().collect::<std::collections::HashMap<_, _>>())),
        "layer" => Ok(json!(fs::read_to_string("/opt/layered").map_err(Error::from)?)),
        "print" => {
            println!("{text}");
            tracing::warn!("{text} by the logger");
            Ok(Value::Null)
        }
        "log" => {
            match text.as_str() {
                "debug" => tracing::debug!("at {text}"),
                "info" => tracing::info!("at {text}"),
                "warn" => tracing::warn!("at {text}"),
                _ => tracing::error!("at {text}"),
            }
            Ok(Value::Null)
        }
        "large" => Ok(json!("x".repeat(number as usize))),
        "exit" => process::exit(number as i32),
        "kill" => end_by(number as i32),
        "sleep" => {
            tokio::time::sleep(Duration::from_secs(number as u64)).await;
            Ok(Value::Null)
        }
        "fill" => {
            let mut taken = TAKEN.lock().unwrap();
            for _ in 0..number {
                taken.push(vec![b'x'; 1 << 20]);
            }
            Ok(json!(taken.len()))
        }
        "write" => Ok(json!(fs::write(text, "x").is_ok())),
        "read" => Ok(json!(fs::read_to_string(text).ok())),
        "beat" => {
            note();
            thread::spawn(|| loop {
                thread::sleep(Duration::from_millis(2));
                note();
            });
            Ok(Value::Null)
        }
        "pause" => Ok(json!(pause())),
        what => Err(Error::from(format!("nobody does {what}")).into()),
    }
}

fn note() {
    BEATS.lock().unwrap().push(Instant::now());
}

fn left(context: &Context) -> u64 {
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default().as_millis() as u64
}

fn about(context: &Context) -> Value {
    json!({
        "id": context.request_id,
        "name": context.env_config.function_name,
        "version": context.env_config.version,
        "arn": context.invoked_function_arn,
        "memory": context.env_config.memory,
        "group": context.env_config.log_group,
        "stream": context.env_config.log_stream,
        "left": left(context),
        "identity": context.identity.as_ref().map(|identity| &identity.identity_id),
        "custom": context.client_context.as_ref().map(|told| &told.custom),
        "title": context.client_context.as_ref().map(|told| &told.client.app_title),
        "trace": context.xray_trace_id,
    })
}

fn pause() -> u64 {
    let seen = BEATS.lock().unwrap().len();
    while BEATS.lock().unwrap().len() < seen + 5 {
        thread::sleep(Duration::from_millis(2));
    }
    let beats = BEATS.lock().unwrap();
    beats.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default().as_millis() as u64
}

/// The first SIGSEGV ends only the handler that Rust has for it.
fn end_by(signal: i32) -> ! {
    loop {
        unsafe { libc::kill(libc::getpid(), signal) };
        thread::sleep(Duration::from_millis(10));
    }
}

async fn streamed(_: LambdaEvent<Value>) -> Result<streaming::Response<streaming::Body>, Error> {
    let (mut to, body) = streaming::channel();
    tokio::spawn(async move {
        to.send_data("one ".into()).await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
        to.send_data("two".into()).await
    });
    Ok(streaming::Response::from(body))
}

/// As Lambda wants its objects: with a timestamp, the level and the message at the top.
fn log_as_told() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or("info".into());
    let format = tracing::subscriber::fmt()
        .with_target(false)
        .with_env_filter(tracing::subscriber::EnvFilter::new(level.to_lowercase()));
    match env::var("AWS_LAMBDA_LOG_FORMAT").as_deref() {
        Ok("JSON") => format.json().flatten_event(true).with_current_span(false).with_span_list(false).init(),
        _ => format.with_ansi(false).init(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    match env::var("_HANDLER").unwrap_or_default().as_str() {
        "every" => {
            log_as_told();
            run(service_fn(handle)).await
        }
        "authorities" => {
            let found = rustls_native_certs::load_native_certs().certs.len();
            run(service_fn(|_: LambdaEvent<Value>| async move { Ok::<_, Error>(found) })).await
        }
        "streamed" => run(service_fn(streamed)).await,
        "broken" => panic!("broken from the start"),
        "ends" => match env::var("ENDS").unwrap_or_default().parse::<i32>().unwrap_or(3) {
            status if status < 0 => end_by(-status),
            status => process::exit(status),
        },
        name => Err(format!("no such handler: {name}").into()),
    }
}
