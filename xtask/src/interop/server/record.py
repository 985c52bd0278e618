"""What a tracking server answers to MLflow's client, as JSON that is the same for any two servers that answer alike.

Ids and times are replaced by names. What the client raises is an answer, too.
"""

import json
import re
import time

import mlflow

ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
# Of runs, traces, spans, and assessments.
NAMED = re.compile(r"(tr-|a-)?(?<![0-9a-f])([0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")
EXPERIMENT = re.compile(r"(mlflow-artifacts:/|[Ee]xperiment |\bid[ =]|artifacts[/=]|path=)(\d+)(?=/|%2F|$| )")
ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
DAY_MS = 86_400_000


class Record:
    def __init__(self):
        self.names = {}
        self.experiments = {}
        self.entries = {}

    def name(self, identifier, name):
        """From now on, and in all that was noted, this id goes by this name."""
        self.names[identifier] = f"<{name}>"
        return identifier

    def name_experiment(self, identifier, name):
        """Ids of experiments are short numbers: they are told by where they stand."""
        self.experiments[identifier] = f"<experiment {name}>"
        return identifier

    def note(self, entry, value):
        assert entry not in self.entries, f"{entry} is noted already"
        self.entries[entry] = plain(value)
        return value

    def attempt(self, entry, call, *arguments, **named):
        """Notes what a call returns, or raises."""
        try:
            value = call(*arguments, **named)
        except Exception as error:
            raised = {"class": type(error).__name__, "message": str(error), "error_code": getattr(error, "error_code", None)}
            self.note(entry, {"raised": raised})
            return None
        return self.note(entry, value)

    def write(self, path):
        path.write_text(json.dumps({entry: self.settle(value) for entry, value in self.entries.items()}, indent=1))

    def settle(self, value):
        if isinstance(value, dict):
            return {self.settle_ids(key): self.settle(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.settle(inner) for inner in value]
        if isinstance(value, str):
            return self.settle_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return settle_number(value)
        return value

    def settle_text(self, text):
        if text in self.experiments:
            return self.experiments[text]
        of_experiment = lambda found: found[1] + self.experiments.get(found[2], found[2])
        return self.settle_ids(TIME.sub("<time>", ADDRESS.sub("<address>", EXPERIMENT.sub(of_experiment, text))))

    def settle_ids(self, text):
        return ID.sub("<id>", NAMED.sub(lambda found: self.names.get(found[0], found[0]), text))


def settle_number(number):
    """Times are near to now, and nothing else is."""
    now_ms = time.time() * 1000
    if abs(number - now_ms) < DAY_MS:
        return "<ms>"
    if abs(number - now_ms * 1e6) < DAY_MS * 1e6:
        return "<ns>"
    return number


def plain(value):
    """An entity of MLflow, or anything else, as JSON."""
    for kind, shape in SHAPES:
        if isinstance(value, kind):
            return shape(value)
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in sorted(value.items(), key=lambda item: str(item[0]))}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "value"):
        return plain(value.value)
    return f"{type(value).__name__}: {value}"


def experiment(of):
    return {
        "id": of.experiment_id,
        "name": of.name,
        "artifacts": of.artifact_location,
        "stage": of.lifecycle_stage,
        "tags": plain(of.tags),
        "created": of.creation_time,
        "updated": of.last_update_time,
    }


def run(of):
    info, data = of.info, of.data
    return {
        "id": info.run_id,
        "name": info.run_name,
        "experiment": info.experiment_id,
        "user": info.user_id,
        "status": info.status,
        "start": info.start_time,
        "end": info.end_time,
        "stage": info.lifecycle_stage,
        "artifacts": info.artifact_uri,
        "params": plain(data.params),
        "metrics": plain(data.metrics),
        "tags": plain({key: tag for key, tag in data.tags.items() if not key.startswith("mlflow.source.git.")}),
        "datasets": [dataset_input(entry) for entry in of.inputs.dataset_inputs] if of.inputs else [],
    }


def dataset_input(of):
    dataset = of.dataset
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "source_type": dataset.source_type,
        "source": dataset.source,
        "schema": dataset.schema,
        "profile": dataset.profile,
        "tags": {tag.key: tag.value for tag in of.tags},
    }


def metric(of):
    return {"key": of.key, "value": plain(of.value), "step": of.step, "time": of.timestamp}


def file(of):
    return {"path": of.path, "is_dir": of.is_dir, "size": of.file_size}


def trace_info(of):
    return {
        "id": of.trace_id,
        "client_request_id": of.client_request_id,
        "experiment": of.experiment_id,
        "time": of.request_time,
        # How long it took differs from one time to the next, unless the script says it.
        "has_duration": of.execution_duration is not None,
        "state": of.state.value,
        "request_preview": of.request_preview,
        "response_preview": of.response_preview,
        "tokens": plain(of.token_usage),
        "tags": plain(of.tags),
        "metadata": {key: size_free(key, value) for key, value in sorted(of.trace_metadata.items())},
        "assessments": [plain(entry) for entry in of.assessments],
    }


def size_free(key, value):
    """Sizes hang on the number of digits of times."""
    if key == "mlflow.trace.sizeBytes":
        return "<size>"
    if key == "mlflow.trace.sizeStats":
        return {name: count for name, count in json.loads(value).items() if name == "num_spans"}
    if key.startswith("mlflow.source.git."):
        return "<git>"
    return value


def trace(of):
    return {"info": trace_info(of.info), "spans": [span(entry) for entry in of.data.spans]}


def span(of):
    return {
        "id": of.span_id,
        "parent": of.parent_id,
        "trace": of.trace_id,
        "name": of.name,
        "type": of.span_type,
        "status": of.status.status_code.value,
        "said": of.status.description,
        "start": of.start_time_ns,
        "end": of.end_time_ns,
        "inputs": plain(of.inputs),
        "outputs": plain(of.outputs),
        "attributes": plain(of.attributes),
        "events": [{"name": event.name, "attributes": stack_free(event.attributes)} for event in of.events],
        "links": [{"trace": link.trace_id, "span": link.span_id, "attributes": plain(link.attributes)} for link in of.links],
    }


def stack_free(attributes):
    return {key: "<stack>" if key == "exception.stacktrace" else plain(value) for key, value in sorted(attributes.items())}


def assessment(of):
    shape = of.to_dictionary()
    return plain(shape)


SHAPES = [
    (mlflow.entities.Experiment, experiment),
    (mlflow.entities.Run, run),
    (mlflow.entities.Metric, metric),
    (mlflow.entities.FileInfo, file),
    (mlflow.entities.Trace, trace),
    (mlflow.entities.TraceInfo, trace_info),
    (mlflow.entities.Span, span),
    (mlflow.entities.Assessment, assessment),
]
