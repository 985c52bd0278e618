//! What embeddings, rerankers and retrievers say in numbered attributes, when they have no `input.value` and `output.value`.

use serde_json::{Map, Value, json};

use super::super::super::messages::fields;
use super::super::super::source::Source;

/// The texts that become vectors, as a list.
pub(super) fn embedded(source: &Source<'_>) -> Option<String> {
    let embeddings = fields(source, "embedding.embeddings.", "embedding.");
    let texts: Vec<Value> = embeddings
        .into_iter()
        .filter_map(|mut embedding| embedding.remove("text"))
        .collect();
    (!texts.is_empty()).then(|| Value::Array(texts).to_string())
}

/// What a reranker is asked: the question, and the documents in the order in which they were found.
pub(super) fn unranked(source: &Source<'_>) -> Option<String> {
    let query = source.any_text(&["reranker.query"]);
    let documents = documents(source, "reranker.input_documents.");
    (query.is_some() || documents.is_some()).then(|| json!({ "query": query, "documents": documents }).to_string())
}

/// Documents of a retriever or a reranker.
pub(super) fn found(source: &Source<'_>) -> Option<String> {
    let lists = ["retrieval.documents.", "reranker.output_documents."];
    let found = lists.iter().find_map(|prefix| documents(source, prefix))?;
    Some(Value::Array(found).to_string())
}

fn documents(source: &Source<'_>, prefix: &str) -> Option<Vec<Value>> {
    let documents: Vec<Value> = fields(source, prefix, "document.").into_iter().map(document).collect();
    (!documents.is_empty()).then_some(documents)
}

/// As MLflow has it: what is neither text nor id is metadata.
fn document(mut said: Map<String, Value>) -> Value {
    let mut document = Map::new();
    document.insert("page_content".to_owned(), said.remove("content").unwrap_or_default());
    let id = said.remove("id").filter(|id| !id.is_null());
    let mut metadata = match said.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        Some(other) => Map::from_iter([("metadata".to_owned(), other)]),
        None => Map::new(),
    };
    metadata.append(&mut said);
    document.insert("metadata".to_owned(), Value::Object(metadata));
    document.extend(id.map(|id| ("id".to_owned(), id)));
    Value::Object(document)
}

/// What each tool can be called with.
pub(super) fn tools(source: &Source<'_>) -> Option<String> {
    let tools = fields(source, "llm.tools.", "tool.");
    let schemas: Vec<Value> = tools
        .into_iter()
        .filter_map(|mut tool| tool.remove("json_schema"))
        .collect();
    (!schemas.is_empty()).then(|| Value::Array(schemas).to_string())
}
