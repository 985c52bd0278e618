//! Calls of async-openai as spans, by one middleware below it: any client crate that goes through `reqwest-middleware` or `tower`
//! is traced like that, against any server that speaks OpenAI's API.
//!
//! ```sh
//! export MLFLOW_TRACKING_URI=http://localhost:5000
//! export OPENAI_BASE_URL=http://localhost:8000/v1 OPENAI_API_KEY=none OPENAI_MODEL=my-model
//! cargo run -p loadspan-sdk --features reqwest --example openai
//! ```
#![expect(clippy::print_stdout, reason = "says what the model says")]

use std::error::Error;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    CreateChatCompletionRequestArgs,
};
use futures_util::StreamExt;
use loadspan_sdk::{ReqwestTracing, SpanType, span};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _mlflow = loadspan_sdk::init()?;
    let client = client();

    // The calls are children of whatever span is current.
    span("conversation")
        .with_type(SpanType::Chain)
        .in_future(|_| async {
            whole(&client).await?;
            streamed(&client).await
        })
        .await
}

/// Key and address come from `OPENAI_API_KEY` and `OPENAI_BASE_URL`.
fn client() -> Client<OpenAIConfig> {
    let http = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(ReqwestTracing::new())
        .build();
    let service = tower::service_fn(move |request: HttpRequestFactory| {
        let http = http.clone();
        async move {
            let sent = http.execute(request.build().await?).await;
            sent.map_err(|error| OpenAIError::Boxed(error.into()))
        }
    });
    Client::new().with_http_service(service)
}

async fn whole(client: &Client<OpenAIConfig>) -> Result<(), Box<dyn Error>> {
    let response = client.chat().create(question("What is MLflow?")?).await?;
    let choice = response.choices.into_iter().next();
    println!(
        "{}",
        choice.and_then(|choice| choice.message.content).unwrap_or_default()
    );
    Ok(())
}

/// Passes as it comes. The span ends with the stream, and has the whole answer, and each chunk as an event.
async fn streamed(client: &Client<OpenAIConfig>) -> Result<(), Box<dyn Error>> {
    let mut request = question("And what is a span?")?;
    // Without this, servers do not say how many tokens a stream has.
    request.stream_options = Some(ChatCompletionStreamOptions {
        include_usage: Some(true),
        include_obfuscation: None,
    });
    let mut stream = client.chat().create_stream(request).await?;
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices {
            print!("{}", choice.delta.content.unwrap_or_default());
        }
    }
    println!();
    Ok(())
}

fn question(text: &str) -> Result<CreateChatCompletionRequest, OpenAIError> {
    CreateChatCompletionRequestArgs::default()
        .model(std::env::var("OPENAI_MODEL").unwrap_or_else(|_| "gpt-5-mini".to_owned()))
        .messages([ChatCompletionRequestUserMessage::from(text).into()])
        .build()
}
