-- What a page draws of a span, in columns of its own. They stand before the content: SQLite finds what stands behind it only by reading
-- all of it. So the table is made anew. Of spans that are there already these things are not known.
CREATE TABLE spans_with_kind (
    trace_key {int} NOT NULL,
    span_id {blob} NOT NULL,
    parent_span_id {blob},
    name TEXT NOT NULL,
    -- After translation: LLM, CHAIN, … or null
    type TEXT,
    -- That of OTLP, as its number there: 0 is not known.
    kind {int} NOT NULL DEFAULT 0,
    -- OK, ERROR or UNSET
    status TEXT NOT NULL,
    start_ns {int} NOT NULL,
    -- As the span says it, perhaps before the start. 0: it has not ended.
    end_ns {int} NOT NULL,
    resource_key {int} NOT NULL,
    scope_key {int} NOT NULL,
    model TEXT,
    provider TEXT,
    input_tokens {int},
    output_tokens {int},
    total_tokens {int},
    cache_read_tokens {int},
    cache_write_tokens {int},
    input_cost {real},
    output_cost {real},
    total_cost {real},
    -- How many.
    events {int} NOT NULL,
    links {int} NOT NULL DEFAULT 0,
    -- The span as it came: a message of OTLP.
    content {blob} NOT NULL,
    -- What translation adds: attributes under MLflow's names, {"key": "JSON text"}. Null: nothing.
    translated TEXT,
    PRIMARY KEY (trace_key, span_id)
);
INSERT INTO spans_with_kind
    SELECT trace_key, span_id, parent_span_id, name, type, 0, status, start_ns, end_ns, resource_key, scope_key, model, provider,
        input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, input_cost, output_cost, total_cost, events, 0,
        content, translated
    FROM spans;
DROP TABLE spans;
ALTER TABLE spans_with_kind RENAME TO spans;
CREATE INDEX spans_by_start ON spans (trace_key, start_ns);
