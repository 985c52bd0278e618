-- Times are milliseconds since 1970 unless the name ends in _ns. Flags are 0 or 1.

-- Ids of experiments are in the hands of clients, and in the paths of artifacts: {id} is never given again.
CREATE TABLE experiments (
    experiment_id {id},
    name TEXT NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    lifecycle_stage TEXT NOT NULL,
    creation_time {int} NOT NULL,
    last_update_time {int} NOT NULL,
    -- Part of it is gone for good: it cannot be restored.
    purging {int} NOT NULL DEFAULT 0,
    -- The server has made it, for a service that sent traces.
    of_service {int} NOT NULL DEFAULT 0
);

CREATE TABLE experiment_tags (
    experiment_id {int} NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key)
) {clustered};

CREATE TABLE runs (
    run_key {key},
    run_id TEXT NOT NULL UNIQUE,
    experiment_id {int} NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    start_time {int} NOT NULL,
    end_time {int},
    deleted_time {int},
    lifecycle_stage TEXT NOT NULL,
    artifact_uri TEXT NOT NULL,
    -- As in experiments.
    purging {int} NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_start ON runs (experiment_id, start_time, run_id);

CREATE TABLE run_tags (
    run_key {int} NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, key)
) {clustered};
-- Of texts, indexes have the beginning: PostgreSQL's entries are limited in size. Searches ask for exactly these expressions.
CREATE INDEX run_tags_by_value ON run_tags (key, substr(value, 1, 64), run_key);

CREATE TABLE params (
    run_key {int} NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_key, key)
) {clustered};

-- A metric of a run, with its latest point: the one with the highest step, then time stamp, then value.
CREATE TABLE run_metrics (
    metric_key {key},
    run_key {int} NOT NULL,
    key TEXT NOT NULL,
    value {real} NOT NULL,
    is_nan {int} NOT NULL,
    step {int} NOT NULL,
    timestamp {int} NOT NULL,
    UNIQUE (run_key, key)
);

-- In the order in which histories are read. Of values that are no numbers (is_nan) the value is 0.
CREATE TABLE metric_points (
    metric_key {int} NOT NULL,
    timestamp {int} NOT NULL,
    step {int} NOT NULL,
    value {real} NOT NULL,
    is_nan {int} NOT NULL,
    PRIMARY KEY (metric_key, timestamp, step, value, is_nan)
) {clustered};

-- Points that were not yet put in that order: SQLite writes whole pages, and a batch of many metrics would write one for each point.
CREATE TABLE metric_intake (
    intake_key {key},
    metric_key {int} NOT NULL,
    timestamp {int} NOT NULL,
    step {int} NOT NULL,
    value {real} NOT NULL,
    is_nan {int} NOT NULL
);

CREATE TABLE datasets (
    dataset_key {key},
    experiment_id {int} NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment_id, name, digest)
);

CREATE TABLE run_datasets (
    run_key {int} NOT NULL,
    dataset_key {int} NOT NULL,
    -- [{"key": …, "value": …}]
    tags TEXT NOT NULL,
    PRIMARY KEY (run_key, dataset_key)
) {clustered};

-- Models that a run took or made: only their ids, there is no registry.
CREATE TABLE run_models (
    run_key {int} NOT NULL,
    -- 'input' or 'output'
    direction TEXT NOT NULL,
    model_id TEXT NOT NULL,
    step {int} NOT NULL,
    PRIMARY KEY (run_key, direction, model_id)
) {clustered};

CREATE TABLE traces (
    trace_key {key},
    -- tr- and 32 hexadecimal digits
    trace_id TEXT NOT NULL UNIQUE,
    experiment_id {int} NOT NULL,
    -- Whether a client has asked for the experiment. Until one does, it follows from the service.
    asked_for {int} NOT NULL DEFAULT 0,
    -- IN_PROGRESS, OK, ERROR, STATE_UNSPECIFIED
    state TEXT NOT NULL,
    name TEXT,
    client_request_id TEXT,
    request_time {int} NOT NULL,
    -- Milliseconds. Null while nothing ended.
    execution_duration {int},
    start_ns {int} NOT NULL,
    end_ns {int},
    request_preview TEXT,
    response_preview TEXT,
    session_id TEXT,
    user_id TEXT,
    service TEXT,
    input_tokens {int},
    output_tokens {int},
    total_tokens {int},
    cache_read_tokens {int},
    cache_write_tokens {int},
    input_cost {real},
    output_cost {real},
    total_cost {real},
    -- That tokens and cost are to be counted again, and since when. Null: they are as the spans have it.
    recount {int},
    spans {int} NOT NULL,
    -- The span without parent. Null: none has come.
    root_span_id {blob},
    -- Whether the client has said the last word on the trace.
    finalized {int} NOT NULL,
    last_update_time {int} NOT NULL
);
CREATE INDEX traces_by_time ON traces (experiment_id, request_time, trace_key);
CREATE INDEX traces_by_duration ON traces (experiment_id, execution_duration DESC {nulls_last}, request_time DESC, trace_key DESC);
CREATE INDEX traces_by_session ON traces (experiment_id, substr(session_id, 1, 64), request_time, trace_key) WHERE session_id IS NOT NULL;
CREATE INDEX traces_by_user ON traces (experiment_id, substr(user_id, 1, 64), request_time, trace_key) WHERE user_id IS NOT NULL;
CREATE INDEX traces_by_name ON traces (experiment_id, substr(name, 1, 64), request_time, trace_key) WHERE name IS NOT NULL;
CREATE INDEX traces_by_client_request ON traces (experiment_id, substr(client_request_id, 1, 64), request_time, trace_key) WHERE client_request_id IS NOT NULL;
CREATE INDEX traces_by_state ON traces (experiment_id, state, request_time, trace_key);
CREATE INDEX traces_to_recount ON traces (recount) WHERE recount IS NOT NULL;
CREATE INDEX traces_in_progress ON traces (last_update_time) WHERE state = 'IN_PROGRESS';

CREATE TABLE trace_tags (
    trace_key {int} NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace_key, key)
) {clustered};
-- MLflow's own tags are the same for all traces, or in columns: their index would be large and of no use.
CREATE INDEX trace_tags_by_value ON trace_tags (key, substr(value, 1, 64), trace_key) WHERE substr(key, 1, 7) <> 'mlflow.';

CREATE TABLE trace_metadata (
    trace_key {int} NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace_key, key)
) {clustered};

CREATE INDEX trace_metadata_by_value ON trace_metadata (key, substr(value, 1, 64), trace_key) WHERE substr(key, 1, 7) <> 'mlflow.';
CREATE INDEX trace_metadata_by_run ON trace_metadata (substr(value, 1, 64), trace_key) WHERE key = 'mlflow.sourceRun';

CREATE TABLE trace_runs (
    run_id TEXT NOT NULL,
    trace_key {int} NOT NULL,
    PRIMARY KEY (run_id, trace_key)
) {clustered};
CREATE INDEX trace_runs_by_trace ON trace_runs (trace_key);

CREATE TABLE assessments (
    assessment_key {key},
    assessment_id TEXT NOT NULL UNIQUE,
    trace_key {int} NOT NULL,
    name TEXT NOT NULL,
    -- feedback, expectation or issue
    kind TEXT NOT NULL,
    -- Of feedback and expectations: the value as JSON text, for searches.
    value TEXT,
    valid {int} NOT NULL,
    create_time {int} NOT NULL,
    last_update_time {int} NOT NULL,
    -- The whole assessment as the client has it, JSON.
    content TEXT NOT NULL
);
CREATE INDEX assessments_by_trace ON assessments (trace_key);
CREATE INDEX assessments_by_value ON assessments (kind, substr(name, 1, 64), substr(value, 1, 64), trace_key);
CREATE INDEX assessments_of_sessions ON assessments (kind, substr(name, 1, 64), trace_key)
    WHERE replace(content, '"mlflow.trace.session":', '') <> content;

-- What many spans share is stored once: a message of OTLP, found by its SHA-256.
CREATE TABLE resources (
    resource_key {key},
    digest {blob} NOT NULL UNIQUE,
    schema_url TEXT NOT NULL,
    content {blob} NOT NULL,
    -- When something came that needs it, in days since 1970: what is too old is deleted by that.
    seen_day {int} NOT NULL
);
CREATE INDEX resources_by_day ON resources (seen_day);
CREATE TABLE scopes (
    scope_key {key},
    digest {blob} NOT NULL UNIQUE,
    schema_url TEXT NOT NULL,
    content {blob} NOT NULL,
    seen_day {int} NOT NULL
);
CREATE INDEX scopes_by_day ON scopes (seen_day);

-- Not clustered: of a clustered table SQLite moves what is longer than a quarter of a page to pages of its own, and most spans are.
CREATE TABLE spans (
    trace_key {int} NOT NULL,
    span_id {blob} NOT NULL,
    parent_span_id {blob},
    name TEXT NOT NULL,
    -- After translation: LLM, CHAIN, … or null
    type TEXT,
    -- OK, ERROR or UNSET
    status TEXT NOT NULL,
    start_ns {int} NOT NULL,
    -- Never before the start, whatever the span says. 0: it has not ended.
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
    -- How many: an outline says whether there are any without reading the content.
    events {int} NOT NULL,
    -- The span as it came: a message of OTLP.
    content {blob} NOT NULL,
    -- What translation adds: attributes under MLflow's names, {"key": "JSON text"}. Null: nothing.
    translated TEXT,
    PRIMARY KEY (trace_key, span_id)
);
CREATE INDEX spans_by_start ON spans (trace_key, start_ns);

CREATE TABLE log_records (
    log_key {key},
    time_ns {int} NOT NULL,
    -- As in traces. Null: it belongs to none.
    trace_id TEXT,
    span_id {blob},
    event_name TEXT,
    severity {int} NOT NULL,
    resource_key {int} NOT NULL,
    scope_key {int} NOT NULL,
    content {blob} NOT NULL,
    -- Of the content with its resource and scope: a record that is sent again is stored once.
    digest {int} NOT NULL
);
CREATE INDEX log_records_by_trace ON log_records (trace_id) WHERE trace_id IS NOT NULL;
CREATE UNIQUE INDEX log_records_by_time ON log_records (time_ns, digest);

-- A metric of OTLP: what its series have in common.
CREATE TABLE otlp_metrics (
    otlp_metric_key {key},
    digest {blob} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    -- gauge, sum, histogram, exponential_histogram or summary
    kind TEXT NOT NULL,
    service TEXT,
    resource_key {int} NOT NULL,
    scope_key {int} NOT NULL,
    -- As it came, without its points.
    content {blob} NOT NULL,
    seen_day {int} NOT NULL
);
CREATE INDEX otlp_metrics_by_day ON otlp_metrics (seen_day);
CREATE INDEX otlp_metrics_by_name ON otlp_metrics (name);

-- The points of a metric that have the same attributes.
CREATE TABLE otlp_series (
    series_key {key},
    digest {blob} NOT NULL UNIQUE,
    otlp_metric_key {int} NOT NULL,
    -- JSON object.
    attributes TEXT NOT NULL,
    seen_day {int} NOT NULL
);
CREATE INDEX otlp_series_by_day ON otlp_series (seen_day);
CREATE INDEX otlp_series_by_metric ON otlp_series (otlp_metric_key);

CREATE TABLE otlp_points (
    series_key {int} NOT NULL,
    time_ns {int} NOT NULL,
    -- Of gauges and sums the value, of the others the sum.
    value {real},
    -- Of histograms and summaries.
    count {int},
    -- The point as it came.
    content {blob} NOT NULL,
    PRIMARY KEY (series_key, time_ns)
) {clustered};
CREATE INDEX otlp_points_by_time ON otlp_points (time_ns);

-- Folders of artifacts whose owners are gone: they are deleted after the rows, and tried again until they are.
CREATE TABLE doomed_folders (
    path TEXT PRIMARY KEY,
    -- The owner, if it may come again with the same folder, as a trace may that is sent again.
    trace_id TEXT,
    -- When it is to be tried.
    due {int} NOT NULL
) {clustered};
CREATE INDEX doomed_folders_by_due ON doomed_folders (due);
