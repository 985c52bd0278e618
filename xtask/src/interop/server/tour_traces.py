"""Traces: made by hand, found, judged, linked, deleted."""

import json

import mlflow
from mlflow.entities import AssessmentError, AssessmentSource, Expectation, Feedback, Link, SpanEvent, SpanType

START_NS = 1_700_000_000_000_000_000
HUMAN = AssessmentSource(source_type="HUMAN", source_id="me@example.com")
JUDGE = AssessmentSource(source_type="LLM_JUDGE", source_id="judge-1")


def take(record, client, folder):
    experiment = record.name_experiment(mlflow.set_experiment("traces").experiment_id, "traces")
    by_hand(record)
    of_a_run(record)
    by_client(record, client, experiment)
    mlflow.flush_trace_async_logging()
    read(record, client, experiment)
    tags(record, client)
    judged(record)
    searches(record, client, experiment)
    linked(record, client, experiment)
    deleted(record, client, experiment)


def named(record, name):
    """Names the trace that was made last."""
    return record.name(mlflow.get_last_active_trace_id(), f"trace {name}")


@mlflow.trace(span_type=SpanType.CHAIN, attributes={"version": 3})
def answer(question):
    with mlflow.start_span("retrieve", span_type=SpanType.RETRIEVER) as span:
        span.set_inputs({"query": question})
        span.set_outputs([{"page_content": "a page", "metadata": {"doc_uri": "a.md"}, "id": "1"}])
    reply = ask([{"role": "user", "content": question}])
    mlflow.update_current_trace(
        tags={"topic": "greeting", "topic with space": "x"},
        metadata={"build": "17"},
        client_request_id="request-1",
        session_id="session-1",
        user="user-1",
    )
    return reply


@mlflow.trace(name="ask a model", span_type=SpanType.CHAT_MODEL)
def ask(messages):
    span = mlflow.get_current_active_span()
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15})
    span.set_attributes({"model": "gpt-none", "temperature": 0.5, "flags": [True, False], "nested": {"a": {"b": None}}})
    span.add_event(SpanEvent("first token", attributes={"after_ms": 12, "exact": True}))
    return {"choices": [{"message": {"role": "assistant", "content": "an answer"}}]}


@mlflow.trace
def fail(number):
    with mlflow.start_span("inner") as span:
        span.set_inputs(number)
        raise ValueError(f"bad number {number}")


def by_hand(record):
    answer("what is it?")
    named(record, "answer")
    try:
        fail(7)
    except ValueError:
        pass
    named(record, "fail")
    with mlflow.start_span("values") as span:
        span.set_inputs({"text": "ü 🦀 \u0000 \\ \" '", "none": None, "nan": float("inf"), "deep": [[[1.5, 2**60, -0.0]]], "": ""})
        span.set_outputs("x" * 3000)
        span.set_status("OK")
    named(record, "values")
    with mlflow.start_span("session turn") as span:
        span.set_inputs({"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "turn 2"}]})
        span.set_outputs(None)
        mlflow.update_current_trace(session_id="session-1", user="user-2", request_preview="asked", response_preview="answered")
    named(record, "turn")
    with mlflow.start_span("usage in a tree", span_type=SpanType.AGENT) as root:
        for number in range(2):
            with mlflow.start_span("call", span_type=SpanType.LLM) as span:
                span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        root.set_outputs(True)
    named(record, "tree")


def of_a_run(record):
    with mlflow.start_run(run_name="traced") as run:
        record.name(run.info.run_id, "run traced")
        with mlflow.start_span("in a run"):
            mlflow.update_current_trace(state="ERROR")
    named(record, "of a run")


def by_client(record, client, experiment):
    """Times are said, so that durations are the same everywhere."""
    for number in range(6):
        start = START_NS + number * 1_000_000_000
        root = client.start_trace(
            f"timed {number % 3}",
            span_type="LLM" if number < 3 else "TOOL",
            inputs={"number": number},
            attributes={"shard": f"s{number % 2}"},
            tags={"number": str(number), "parity": "even" if number % 2 == 0 else "odd"},
            experiment_id=experiment,
            start_time_ns=start,
        )
        child = client.start_span("child", root.trace_id, root.span_id, "PARSER", start_time_ns=start + 1_000_000)
        client.end_span(root.trace_id, child.span_id, outputs={"n": number}, end_time_ns=start + 2_000_000)
        status = "ERROR" if number == 4 else "OK"
        client.end_trace(root.trace_id, outputs=number, status=status, end_time_ns=start + (number + 1) * 100_000_000)
        record.name(root.trace_id, f"trace timed {number}")
    first = mlflow.start_span_no_context("points elsewhere", start_time_ns=START_NS - 1)
    first.add_link(Link(root.trace_id, root.span_id, {"why": "because"}))
    first.end(end_time_ns=START_NS + 1_000)
    record.name(first.trace_id, "trace linking")


def all_traces(client, experiment):
    return client.search_traces(locations=[experiment], order_by=["timestamp_ms ASC"], max_results=100)


def read(record, client, experiment):
    for trace in all_traces(client, experiment):
        for number, span in enumerate(trace.data.spans):
            record.name(span.span_id, f"span {number} of {trace.info.trace_id}")
    name_of = {identifier: name.strip("<>") for identifier, name in record.names.items() if identifier.startswith("tr-")}
    for identifier, name in name_of.items():
        record.attempt(f"traces: {name}", mlflow.get_trace, identifier)
    identifier = next(identifier for identifier, name in name_of.items() if name == "trace timed 3")
    info = mlflow.get_trace(identifier).info
    record.note("traces: the times of one", {"start": info.request_time, "took": info.execution_duration, "state": info.state.value})
    record.attempt("traces: none of this id", mlflow.get_trace, f"tr-{'0' * 32}")
    record.attempt("traces: no id at all", mlflow.get_trace, "nonsense")
    frame = mlflow.search_traces(locations=[experiment], order_by=["timestamp_ms ASC"], max_results=3, return_type="pandas")
    record.note("traces: columns of a table", sorted(frame.columns))
    record.note("traces: states of a table", [str(state) for state in frame["state"]])


def tags(record, client):
    identifier = next(identifier for identifier, name in record.names.items() if name == "<trace timed 0>")
    tag = lambda: {key: value for key, value in mlflow.get_trace(identifier).info.tags.items()}
    record.attempt("tags: set", client.set_trace_tag, identifier, "review", "done")
    record.attempt("tags: set again", client.set_trace_tag, identifier, "review", "not done")
    record.attempt("tags: long", client.set_trace_tag, identifier, "long", "t" * 9000)
    record.attempt("tags: what there is", tag)
    record.attempt("tags: deleted", client.delete_trace_tag, identifier, "long")
    record.attempt("tags: what is left", tag)
    record.attempt("tags: deleted twice", client.delete_trace_tag, identifier, "long")
    record.attempt("tags: of no trace", client.set_trace_tag, f"tr-{'1' * 32}", "a", "b")
    record.attempt("tags: deleted, of no trace", client.delete_trace_tag, f"tr-{'1' * 32}", "a")
    record.attempt("tags: a key that is too long", client.set_trace_tag, identifier, "k" * 300, "b")


def trace_named(record, name):
    return next(identifier for identifier, known in record.names.items() if known == f"<trace {name}>")


def judged(record):
    trace = trace_named(record, "answer")
    made = {}

    def log(entry, call, **named):
        assessment = record.attempt(f"assessments: {entry}", call, **named)
        if assessment is not None:
            made[entry] = record.name(assessment.assessment_id, f"assessment {entry}")

    log("feedback", mlflow.log_feedback, trace_id=trace, name="quality", value="good", source=HUMAN, rationale="it is so")
    log("feedback of a number", mlflow.log_feedback, trace_id=trace, name="score", value=0.75, source=JUDGE, metadata={"model": "judge"})
    log("feedback of a list", mlflow.log_feedback, trace_id=trace, name="labels", value=["a", "b"])
    log("feedback of an object", mlflow.log_feedback, trace_id=trace, name="parts", value={"a": 1, "b": None})
    log("feedback of a truth", mlflow.log_feedback, trace_id=trace, name="is_right", value=False)
    failure = AssessmentError(error_code="TIMEOUT", error_message="too slow")
    log("feedback that failed", mlflow.log_feedback, trace_id=trace, name="failed", error=failure, source=JUDGE)
    log("expectation", mlflow.log_expectation, trace_id=trace, name="expected", value={"facts": ["a", "b"]}, source=HUMAN)
    log("expectation of a text", mlflow.log_expectation, trace_id=trace, name="expected_text", value="yes")
    span = mlflow.get_trace(trace).data.spans[0].span_id
    log("feedback on a span", mlflow.log_feedback, trace_id=trace, name="on_span", value=1, span_id=span)
    record.attempt("assessments: one", mlflow.get_assessment, trace, made["feedback"])
    changed = Feedback(name="quality", value="bad", source=HUMAN, rationale="it is not")
    record.attempt("assessments: update", mlflow.update_assessment, trace, made["feedback"], changed)
    changed = Expectation(name="expected", value=["other"], source=HUMAN, metadata={"k": "v"})
    record.attempt("assessments: update of an expectation", mlflow.update_assessment, trace, made["expectation"], changed)
    record.attempt("assessments: update to another kind", mlflow.update_assessment, trace, made["expectation"], Feedback(value=1))
    log("override", mlflow.override_feedback, trace_id=trace, assessment_id=made["feedback"], value="fair", rationale="both")
    shown = lambda: {entry.name + ("" if entry.valid else ", not valid"): entry for entry in mlflow.get_trace(trace).info.assessments}
    record.attempt("assessments: all", shown)
    record.attempt("assessments: delete the override", mlflow.delete_assessment, trace, made["override"])
    record.attempt("assessments: delete", mlflow.delete_assessment, trace, made["feedback of a list"])
    record.attempt("assessments: delete again", mlflow.delete_assessment, trace, made["feedback of a list"])
    record.attempt("assessments: get a deleted one", mlflow.get_assessment, trace, made["feedback of a list"])
    record.attempt("assessments: update a deleted one", mlflow.update_assessment, trace, made["feedback of a list"], changed)
    record.attempt("assessments: what is left", shown)
    record.attempt("assessments: of no trace", mlflow.log_feedback, trace_id=f"tr-{'2' * 32}", name="a", value=1)
    for number in range(3):
        timed = trace_named(record, f"timed {number}")
        mlflow.log_feedback(trace_id=timed, name="quality", value=["good", "bad", "good"][number], source=HUMAN)
        mlflow.log_feedback(trace_id=timed, name="stars", value=number + 1, source=HUMAN)
        mlflow.log_expectation(trace_id=timed, name="truth", value=f"v{number}", source=HUMAN)


TRACE_FILTERS = [
    "trace.status = 'OK'",
    "status = 'ERROR'",
    "attributes.status != 'OK'",
    "trace.name = 'timed 1'",
    "name LIKE 'timed%'",
    "name ILIKE 'TIMED%'",
    "name RLIKE '^timed [01]$'",
    "name != 'timed 1'",
    "tags.parity = 'even'",
    "tag.number = '3'",
    "tags.parity != 'even'",
    "tags.`topic with space` = 'x'",
    "tags.number LIKE '%'",
    "tags.parity IS NULL",
    "tags.parity IS NOT NULL AND tags.number != '0'",
    "metadata.build = '17'",
    "request_metadata.build = '17'",
    "metadata.`mlflow.trace.session` = 'session-1'",
    "metadata.`mlflow.trace.user` = 'user-2'",
    "client_request_id = 'request-1'",
    "timestamp_ms > 1700000002500",
    "timestamp < 1700000001000",
    "trace.timestamp_ms >= 1700000001000 AND trace.timestamp_ms <= 1700000003000",
    # Nobody knows how long those that say no times took.
    "execution_time_ms >= 300 AND name LIKE 'timed%'",
    "execution_time < 300 AND name LIKE 'timed%'",
    "end_time_ms > 1700000000000 AND end_time_ms < 1700000002000",
    "span.name = 'retrieve'",
    "span.name LIKE 'c%'",
    "span.type = 'CHAT_MODEL'",
    "span.type IN ('LLM', 'TOOL')",
    "span.status = 'ERROR'",
    "span.name = 'ask a model' AND span.type = 'CHAT_MODEL'",
    "span.name = 'ask a model' AND span.type = 'RETRIEVER'",
    "span.content LIKE '%an answer%'",
    "trace.text LIKE '%bad number 7%'",
    "span.attributes.shard LIKE '%s1%'",
    "feedback.quality = 'good'",
    "feedback.quality != 'good'",
    "feedback.stars > 1",
    "feedback.is_right = 'false'",
    "expectation.truth = 'v1'",
    "expectation.truth LIKE 'v%'",
    "feedback.quality = 'good' AND tags.parity = 'even'",
    "name = 'no such'",
]

TRACE_ORDERS = [
    ["timestamp_ms ASC"],
    ["timestamp_ms DESC"],
    ["execution_time_ms DESC", "timestamp_ms ASC"],
    ["name ASC", "timestamp_ms DESC"],
    ["status ASC", "timestamp_ms ASC"],
    ["tags.number DESC", "timestamp_ms ASC"],
    ["tags.parity ASC", "timestamp_ms ASC"],
]


def searches(record, client, experiment):
    known = lambda found: [record.names.get(trace.info.trace_id, trace.info.trace_id) for trace in found]
    for query in TRACE_FILTERS:
        search = lambda: sorted(known(client.search_traces(locations=[experiment], filter_string=query, max_results=100)))
        record.attempt(f"search traces: {query}", search)
    timed = "name LIKE 'timed%'"
    for order in TRACE_ORDERS:
        search = lambda: known(client.search_traces(locations=[experiment], filter_string=timed, order_by=order))
        record.attempt(f"search traces: in the order {order}", search)
    for size in [2, 4, 500]:
        record.note(f"search traces: pages of {size}", paged(client, (experiment, timed, size), known))
    record.attempt("search traces: without spans", lambda: search_infos(client, experiment, timed))
    sessions = mlflow.search_traces(locations=[experiment], filter_string="metadata.`mlflow.trace.session` = 'session-1'", return_type="list")
    record.note("search traces: a session", sorted(known(sessions)))
    record.attempt("search traces: an experiment that there is not", lambda: known(client.search_traces(locations=["987654"])))
    other = client.get_experiment_by_name("empty").experiment_id
    record.attempt("search traces: an empty experiment", lambda: known(client.search_traces(locations=[other])))
    record.attempt("search traces: two experiments", lambda: len(client.search_traces(locations=[other, experiment])))


def search_infos(client, experiment, query):
    found = client.search_traces(locations=[experiment], filter_string=query, order_by=["timestamp_ms ASC"], include_spans=False)
    return [trace.info for trace in found]


def paged(client, what, known):
    experiment, query, size = what
    pages, token = [], None
    while True:
        found = client.search_traces(
            locations=[experiment], filter_string=query, order_by=["timestamp_ms ASC"], max_results=size, page_token=token
        )
        pages.append(known(found))
        token = found.token
        if not token:
            return pages


def linked(record, client, experiment):
    run = record.name(client.create_run(experiment, run_name="linked").info.run_id, "run linked")
    of_run = lambda run_id: sorted(record.names[trace.info.trace_id] for trace in client.search_traces(locations=[experiment], run_id=run_id))
    two = [trace_named(record, f"timed {number}") for number in (1, 2)]
    record.attempt("links: to a run", client.link_traces_to_run, two, run)
    record.attempt("links: once more", client.link_traces_to_run, two[:1], run)
    record.attempt("links: a trace that there is not", client.link_traces_to_run, [f"tr-{'3' * 32}"], run)
    record.attempt("links: too many at once", client.link_traces_to_run, [f"tr-{number:032x}" for number in range(101)], run)
    record.attempt("links: none", client.link_traces_to_run, [], run)
    record.attempt("links: of the run", of_run, run)
    traced = next(identifier for identifier, name in record.names.items() if name == "<run traced>")
    record.attempt("links: of the run that they were made in", of_run, traced)
    record.attempt("links: by a filter", lambda: len(client.search_traces(locations=[experiment], filter_string=f"attributes.run_id = '{run}'")))


def deleted(record, client, experiment):
    left = lambda: sorted(record.names[trace.info.trace_id] for trace in all_traces(client, experiment))
    two = [trace_named(record, name) for name in ("timed 1", "values")]
    record.attempt("deletion: two", client.delete_traces, experiment, trace_ids=two)
    record.attempt("deletion: the same again", client.delete_traces, experiment, trace_ids=two)
    record.attempt("deletion: what is left", left)
    record.attempt("deletion: one that is gone", mlflow.get_trace, two[0])
    record.attempt("deletion: a tag of one that is gone", client.set_trace_tag, two[0], "a", "b")
    record.attempt("deletion: by time", client.delete_traces, experiment, max_timestamp_millis=1_700_000_003_500, max_traces=2)
    record.attempt("deletion: what is left after that", left)
    record.attempt("deletion: neither by id nor by time", client.delete_traces, experiment)
    record.attempt("deletion: by both", client.delete_traces, experiment, max_timestamp_millis=1, trace_ids=two)
    record.attempt("deletion: of another experiment", client.delete_traces, "0", trace_ids=[trace_named(record, "tree")])
    record.attempt("deletion: nothing happened", lambda: len(left()))
