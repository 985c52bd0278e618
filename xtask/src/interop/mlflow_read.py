"""Tells what an MLflow server has, by MLflow's own client: a question a line on stdin, the answer a line of JSON on stdout.

mlflow_read.py TRACKING_URI FOLDER, with the questions
{"read": EXPERIMENT, "histories": PREFIX}  everything of its runs, and every value of the metrics whose names begin so; the artifacts
                                           are downloaded to FOLDER, those of a run into a folder of its id
{"make_run": NAME, "in": EXPERIMENT}       the id of a run that is made and ended; the experiment is made if there is none
{"make_experiment": NAME}                  the id of an experiment, which is made if there is none
{"children": RUN_ID}                       the ids of the runs that are nested under a run, in any experiment
{"traces": EXPERIMENT, "run": RUN_ID}      every trace of an experiment with its spans, or only those that are linked to a run
"""

import hashlib
import json
import pathlib
import sys

from mlflow import MlflowClient


class Reader:
    def __init__(self, uri, folder):
        self.client = MlflowClient(uri)
        self.folder = pathlib.Path(folder)

    def answer(self, question):
        if "read" in question:
            return self.experiment(question["read"], question["histories"])
        if "children" in question:
            return self.children(question["children"])
        if "traces" in question:
            return self.whole_traces(question["traces"], question["run"])
        if "make_experiment" in question:
            return self.make_experiment(question["make_experiment"])
        return self.make_run(question["make_run"], question["in"])

    def experiment(self, name, prefix):
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            return None
        runs = pages(lambda token: self.client.search_runs([experiment.experiment_id], page_token=token))
        return {"runs": [self.run(run, prefix) for run in runs]}

    def run(self, run, prefix):
        info, data = run.info, run.data
        return {
            "id": info.run_id,
            "name": info.run_name,
            "status": info.status,
            "start_ms": info.start_time,
            "end_ms": info.end_time,
            "tags": data.tags,
            "params": data.params,
            "metrics": data.metrics,
            "histories": {key: self.history(info.run_id, key) for key in data.metrics if key.startswith(prefix)},
            "artifacts": self.artifacts(info.run_id),
            "traces": self.traces(info),
        }

    def history(self, run_id, key):
        points = self.client.get_metric_history(run_id, key)
        return sorted([point.step, point.timestamp, point.value] for point in points)

    def artifacts(self, run_id):
        """Each artifact with the SHA-256 of what is downloaded."""
        home = self.folder / run_id
        home.mkdir(parents=True, exist_ok=True)
        names = sorted(self.names(run_id, None))
        if names:
            self.client.download_artifacts(run_id, "", str(home))
        return {name: hashlib.sha256((home / name).read_bytes()).hexdigest() for name in names}

    def names(self, run_id, path):
        for entry in self.client.list_artifacts(run_id, path):
            if entry.is_dir:
                yield from self.names(run_id, entry.path)
            else:
                yield entry.path

    def traces(self, info):
        found = self.search(info.experiment_id, info.run_id)
        return sorted((self.trace(trace.info) for trace in found), key=lambda trace: trace["id"])

    def search(self, experiment_id, run_id):
        def page(token):
            return self.client.search_traces(
                locations=[experiment_id], run_id=run_id, max_results=500, include_spans=False, page_token=token
            )

        return pages(page)

    def trace(self, info):
        return {
            "id": info.trace_id,
            "state": info.state.value,
            "tokens": info.token_usage or {},
            "request_preview": info.request_preview,
            "response_preview": info.response_preview,
            "spans": [span.name for span in self.client.get_trace(info.trace_id).data.spans],
        }

    def whole_traces(self, name, run_id):
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            return None
        found = self.search(experiment.experiment_id, run_id)
        traces = [self.whole_trace(trace.info) for trace in found]
        return {"experiment_id": experiment.experiment_id, "traces": sorted(traces, key=lambda trace: trace["request_time_ms"])}

    def whole_trace(self, info):
        return {
            "id": info.trace_id,
            "state": info.state.value,
            "client_request_id": info.client_request_id,
            "request_time_ms": info.request_time,
            "duration_ms": info.execution_duration,
            "tokens": info.token_usage or {},
            "request_preview": info.request_preview,
            "response_preview": info.response_preview,
            "tags": info.tags,
            "metadata": info.trace_metadata,
            "spans": [span_as_json(span) for span in self.client.get_trace(info.trace_id).data.spans],
        }

    def children(self, run_id):
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        children = self.client.search_runs(experiments, f"tags.mlflow.parentRunId = '{run_id}'")
        return sorted(child.info.run_id for child in children)

    def make_run(self, name, experiment):
        run_id = self.client.create_run(self.make_experiment(experiment), run_name=name).info.run_id
        self.client.set_terminated(run_id)
        return run_id

    def make_experiment(self, name):
        found = self.client.get_experiment_by_name(name)
        return found.experiment_id if found else self.client.create_experiment(name)


def span_as_json(span):
    return {
        "id": span.span_id,
        "parent": span.parent_id,
        "name": span.name,
        "type": span.span_type or "UNKNOWN",
        "status": span.status.status_code.value,
        "status_message": span.status.description,
        "start_ns": span.start_time_ns,
        "end_ns": span.end_time_ns,
        "inputs": span.inputs,
        "outputs": span.outputs,
        "attributes": span.attributes,
        "events": [
            {"name": event.name, "time_ns": event.timestamp, "attributes": dict(event.attributes)} for event in span.events
        ],
        "links": [link.trace_id for link in span.links],
    }


def pages(page):
    """Everything of a list that comes in pages."""
    token, entries = None, []
    while True:
        found = page(token)
        entries += found
        token = found.token
        if not token:
            return entries


# What MLflow prints is no answer.
answers, sys.stdout = sys.stdout, sys.stderr
reader = Reader(*sys.argv[1:])
for line in sys.stdin:
    print(json.dumps(reader.answer(json.loads(line))), file=answers, flush=True)
