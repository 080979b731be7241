use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Order {
    item: String,
    count: u32,
}

async fn twice(event: LambdaEvent<Order>) -> Result<Order, Error> {
    let mut given = event.payload;
    given.count *= 2;
    Ok(given)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(twice)).await
}
