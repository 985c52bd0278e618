"""Writes traces of a chat application to an MLflow server, with the attributes that MLflow's autologging of OpenAI's client writes.

mlflow_traces.py TRACKING_URI EXPERIMENT

Two sessions of two turns, each turn a trace of its own; an agent that asks twice, with a call of a tool between; a trace whose spans lie
among the artifacts, where servers without a place for spans have them; a call that failed; and a trace that never ended. All but the
session `left out` have the tag wanted=yes.
"""

import base64
import json
import secrets
import sys
import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import SpanType, TraceData, TraceInfo, TraceLocation, TraceState
from mlflow.tracing.client import TracingClient

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bergen"}'}}


def chat(messages, answer, **more):
    """A call of a model; what it adds to the conversation."""
    said = {"role": "assistant", "content": answer, **more.pop("said", {})}
    inputs = {"model": "shop-model", "messages": messages, "temperature": 0.5, "max_tokens": 8, **more}
    usage = {"prompt_tokens": 5 * len(messages), "completion_tokens": 7, "total_tokens": 5 * len(messages) + 7}
    outputs = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "shop-model",
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": said}],
        "usage": usage,
    }
    with mlflow.start_span("Completions", span_type=SpanType.CHAT_MODEL) as span:
        span.set_inputs(inputs)
        span.set_attributes({"model": "shop-model", "max_tokens": 8, "mlflow.message.format": "openai"})
        time.sleep(0.02)
        span.set_outputs(outputs)
        span.set_attribute(
            "mlflow.chat.tokenUsage",
            {"input_tokens": usage["prompt_tokens"], "output_tokens": 7, "total_tokens": usage["total_tokens"]},
        )
    return said


def turn(session, messages, answer):
    with mlflow.start_span("turn", span_type=SpanType.CHAIN):
        wanted = "no" if session == "left out" else "yes"
        mlflow.update_current_trace(tags={"wanted": wanted}, metadata={"mlflow.trace.session": session})
        return chat(messages, answer)


def conversation(session):
    messages = [{"role": "system", "content": "You sell shoes."}, {"role": "user", "content": f"Which ones, asks {session}?"}]
    messages.append(turn(session, messages, f"Those of rubber are the best of all for {session}."))
    messages.append({"role": "user", "content": "And for snow?"})
    turn(session, messages, "Boots with fur inside them are good.")


def agent():
    with mlflow.start_span("agent", span_type=SpanType.AGENT):
        mlflow.update_current_trace(tags={"wanted": "yes"})
        messages = [{"role": "user", "content": "Do I need boots in Bergen?"}]
        messages.append(chat(messages, None, tools=[TOOL], said={"tool_calls": [CALL]}))
        with mlflow.start_span("weather", span_type=SpanType.TOOL) as tool:
            tool.set_inputs({"city": "Bergen"})
            tool.set_outputs("rain, as ever")
        messages.append({"role": "tool", "tool_call_id": "call_1", "content": "rain, as ever"})
        chat(messages, "You do need boots in Bergen.", tools=[TOOL])


def failure():
    try:
        with mlflow.start_span("Completions", span_type=SpanType.CHAT_MODEL) as span:
            mlflow.update_current_trace(tags={"wanted": "yes"})
            span.set_inputs({"model": "shop-model", "messages": [{"role": "user", "content": "This one fails."}], "max_tokens": 8})
            span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 5, "output_tokens": 0, "total_tokens": 5})
            raise RuntimeError("no model")
    except RuntimeError:
        pass


def copied(span, trace_id):
    """A span of another trace, as a file has it."""
    attributes = {**span["attributes"], "mlflow.traceRequestId": json.dumps(f"tr-{trace_id}")}
    return {**span, "trace_id": base64.b64encode(bytes.fromhex(trace_id)).decode(), "attributes": attributes}


def in_artifacts(experiment_id, like):
    """A trace whose spans are those of another one, in a file."""
    trace_id = secrets.token_hex(16)
    info = describe(experiment_id, trace_id, TraceState.OK)
    spans = [copied(span, trace_id) for span in like.to_dict()["data"]["spans"]]
    client = TracingClient()
    client._upload_trace_data(client.start_trace(info), TraceData.from_dict({"spans": spans}))


def never_ended(experiment_id):
    """A trace of which no span has come."""
    info = describe(experiment_id, secrets.token_hex(16), TraceState.IN_PROGRESS)
    info.tags["mlflow.trace.spansLocation"] = "TRACKING_STORE"
    TracingClient().start_trace(info)


def describe(experiment_id, trace_id, state):
    return TraceInfo(
        trace_id=f"tr-{trace_id}",
        trace_location=TraceLocation.from_experiment_id(experiment_id),
        request_time=int(time.time() * 1000),
        state=state,
        execution_duration=40,
        trace_metadata={"mlflow.trace_schema.version": "3", "mlflow.trace.session": f"of {trace_id}"},
        tags={"wanted": "yes"},
    )


tracking_uri, name = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)
experiment = mlflow.set_experiment(name).experiment_id
for session in ["first", "second", "left out"]:
    conversation(session)
agent()
failure()
mlflow.flush_trace_async_logging()
found = MlflowClient().search_traces(locations=[experiment], filter_string="status = 'OK'", order_by=["timestamp_ms ASC"])
in_artifacts(experiment, found[0])
never_ended(experiment)
