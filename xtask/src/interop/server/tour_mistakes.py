"""What users get wrong, and what they are told."""

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.rest_utils import http_request

NO_RUN = "f" * 32


def take(record, client, folder):
    experiment = client.get_experiment_by_name("search").experiment_id
    run = client.search_runs([experiment], "run_name = 'run 0'")[0].info.run_id
    of_experiments(record, client, experiment)
    of_runs(record, client, run)
    of_batches(record, client, run)
    of_searches(record, client, experiment)
    of_trace_searches(record, client)
    of_artifacts(record, client, (run, folder))
    by_hand(record, client, run)


def of_experiments(record, client, experiment):
    record.attempt("mistake: no such experiment", client.get_experiment, "987654")
    record.attempt("mistake: an experiment that is no number", client.get_experiment, "abc")
    record.attempt("mistake: a name that is taken", client.create_experiment, "search")
    record.attempt("mistake: an experiment without name", client.create_experiment, "")
    record.attempt("mistake: a name that is too long", client.create_experiment, "n" * 501)
    record.attempt("mistake: renaming to a name that is taken", client.rename_experiment, experiment, "tour")
    record.attempt("mistake: deleting no experiment", client.delete_experiment, "987654")
    record.attempt("mistake: restoring no experiment", client.restore_experiment, "987654")
    record.attempt("mistake: restoring one that is not deleted", client.restore_experiment, experiment)
    record.attempt("mistake: a tag of no experiment", client.set_experiment_tag, "987654", "a", "b")
    record.attempt("mistake: a tag with a bad key", client.set_experiment_tag, experiment, "a?b", "c")
    record.attempt("mistake: deleting no tag", client.delete_experiment_tag, experiment, "no such")
    record.attempt("mistake: an experiment id that is negative", client.get_experiment, "-1")
    record.attempt("mistake: a bucket with a fragment", client.create_experiment, "fragment", artifact_location="s3://a/b#c")


def of_runs(record, client, run):
    record.attempt("mistake: no such run", client.get_run, NO_RUN)
    record.attempt("mistake: a run id that is none", client.get_run, "../x")
    record.attempt("mistake: a run in no experiment", client.create_run, "987654")
    record.attempt("mistake: a run in no number", client.create_run, "abc")
    record.attempt("mistake: names that differ", client.create_run, "0", run_name="a", tags={"mlflow.runName": "b"})
    record.attempt("mistake: a metric of no run", client.log_metric, NO_RUN, "m", 1.0)
    record.attempt("mistake: a parameter of no run", client.log_param, NO_RUN, "p", 1)
    record.attempt("mistake: a tag of no run", client.set_tag, NO_RUN, "t", 1)
    record.attempt("mistake: a batch of no run", client.log_batch, NO_RUN, [], [Param("a", "b")], [])
    record.attempt("mistake: deleting no run", client.delete_run, NO_RUN)
    record.attempt("mistake: restoring no run", client.restore_run, NO_RUN)
    record.attempt("mistake: ending no run", client.set_terminated, NO_RUN)
    record.attempt("mistake: history of no run", lambda: list(client.get_metric_history(NO_RUN, "m")))
    record.attempt("mistake: deleting no tag of a run", client.delete_tag, run, "no such")
    client.log_param(run, "changes", "1")
    record.attempt("mistake: the same parameter again", client.log_param, run, "changes", "1")
    record.attempt("mistake: a parameter changes", client.log_param, run, "changes", "2")
    for key in ["a?b", "a#b", "../up", "/root", "a//b", "a/", ".", "", "k" * 251]:
        record.attempt(f"mistake: a metric named {key[:9]!r}", client.log_metric, run, key, 1.0)
        record.attempt(f"mistake: a parameter named {key[:9]!r}", client.log_param, run, key, 1)
        record.attempt(f"mistake: a tag named {key[:9]!r}", client.set_tag, run, key, 1)
    record.attempt("mistake: a value that is no number", client.log_metric, run, "m", "high")
    record.attempt("mistake: a run's name by its tag", client.set_tag, run, "mlflow.runName", "by tag")
    record.attempt("mistake: the name is that, then", lambda: client.get_run(run).info.run_name)


def of_batches(record, client, run):
    metrics = [Metric("m", 1.0, 1, step) for step in range(1001)]
    # The client cuts batches up by itself; the server must not rely on that.
    store = client._tracking_client.store
    record.attempt("mistake: too many metrics", store.log_batch, run, metrics, [], [])
    record.attempt("mistake: too many parameters", store.log_batch, run, [], [Param(f"q{n}", "v") for n in range(101)], [])
    record.attempt("mistake: too many tags", store.log_batch, run, [], [], [RunTag(f"q{n}", "v") for n in range(101)])
    tags = [RunTag(f"q{n}", "v") for n in range(50)]
    record.attempt("mistake: too many in all", store.log_batch, run, metrics[:951], [], tags)
    twice = [Param("twice", "1"), Param("twice", "2")]
    record.attempt("mistake: a parameter twice", store.log_batch, run, [], twice, [])
    record.attempt("mistake: a parameter twice, alike", store.log_batch, run, [], [twice[0], twice[0]], [])
    record.attempt("mistake: a changed parameter in a batch", store.log_batch, run, [], [Param("changes", "3")], [])
    record.attempt("mistake: a bad key in a batch", store.log_batch, run, [Metric("a?b", 1.0, 1, 1)], [], [])
    record.attempt("mistake: nothing in a batch", store.log_batch, run, [], [], [])


RUN_MISTAKES = [
    "metrics.score >",
    "metrics.score > 'high'",
    "metrics.score LIKE '1%'",
    "params.model > 'a'",
    "params.model = 3",
    "tags.parity = even",
    "nonsense",
    "nothing.model = 'x'",
    "attributes.nothing = 'x'",
    "attributes.status > 'FINISHED'",
    "attributes.start_time = 'yesterday'",
    "metrics.score = 1 OR metrics.score = 2",
    "(metrics.score = 1)",
    "metrics.score = 1 AND",
    "AND metrics.score = 1",
    "params.model = 'unclosed",
    "params.`model = 'x'",
    "metrics.score = 1; DROP TABLE runs",
    "params.model = 'x' params.model = 'y'",
    "run_id IN ()",
    "run_id IN ('a', 1)",
    "datasets.nothing = 'x'",
    "metrics.score IS NULL",
    "params. = 'x'",
]


def of_searches(record, client, experiment):
    for query in RUN_MISTAKES:
        record.attempt(f"mistake: search runs: {query}", lambda: len(client.search_runs([experiment], query)))
    for order in ["nothing.x", "metrics", "metrics.score UP", "metrics.score DESC ASC", "", "datasets.name", "'a'"]:
        record.attempt(f"mistake: runs in the order {order!r}", lambda: len(client.search_runs([experiment], order_by=[order])))
    for size in [0, -1, 50_001]:
        record.attempt(f"mistake: {size} runs", lambda: len(client.search_runs([experiment], max_results=size)))
        record.attempt(f"mistake: {size} experiments", lambda: len(client.search_experiments(max_results=size)))
    record.attempt("mistake: a page of runs that there is not", lambda: len(client.search_runs([experiment], page_token="nonsense")))
    record.attempt("mistake: a page of experiments that there is not", lambda: len(client.search_experiments(page_token="nonsense")))
    for query in ["name > 'a'", "name = 3", "nothing = 'a'", "tags.a > 'b'", "creation_time = 'a'", "name LIKE", "name = 'a' OR name = 'b'"]:
        record.attempt(f"mistake: search experiments: {query}", lambda: len(client.search_experiments(filter_string=query)))
    for order in ["nothing", "name UP", "tags.a"]:
        record.attempt(f"mistake: experiments in the order {order!r}", lambda: len(client.search_experiments(order_by=[order])))


TRACE_MISTAKES = [
    "nonsense",
    "trace.nothing = 'x'",
    "status > 'OK'",
    "timestamp_ms = 'now'",
    "timestamp_ms LIKE '1%'",
    "name = 3",
    "tags.a > 'b'",
    "span.nothing = 'x'",
    "span.name > 'x'",
    "name = 'a' OR name = 'b'",
    "name = 'unclosed",
    "status = 'OK' AND",
    "feedback.quality LIKE 3",
    "name RLIKE '('",
    "metrics.a > 1",
]


def of_trace_searches(record, client):
    experiment = client.get_experiment_by_name("traces").experiment_id
    for query in TRACE_MISTAKES:
        search = lambda: len(client.search_traces(locations=[experiment], filter_string=query))
        record.attempt(f"mistake: search traces: {query}", search)
    for order in ["nothing", "timestamp_ms UP", "metrics.a"]:
        search = lambda: len(client.search_traces(locations=[experiment], order_by=[order]))
        record.attempt(f"mistake: traces in the order {order!r}", search)
    for size in [0, -1, 501]:
        search = lambda: len(client.search_traces(locations=[experiment], max_results=size))
        record.attempt(f"mistake: {size} traces", search)
    search = lambda: len(client.search_traces(locations=[experiment], page_token="nonsense"))
    record.attempt("mistake: a page of traces that there is not", search)
    record.attempt("mistake: traces of nowhere", lambda: len(client.search_traces(locations=[])))


def of_artifacts(record, client, of):
    run, folder = of
    file = folder / "a file"
    file.write_text("x")
    for path in ["../up", "/etc", "a/../../b", "a#b", "%2e%2e/up"]:
        record.attempt(f"mistake: an artifact at {path}", client.log_artifact, run, str(file), path)
        record.attempt(f"mistake: list {path}", lambda: len(client.list_artifacts(run, path)))
    record.attempt("mistake: artifacts of no run", client.list_artifacts, NO_RUN)
    record.attempt("mistake: an artifact of no run", client.log_text, NO_RUN, "text", "a.txt")


def by_hand(record, client, run):
    """What no client of MLflow sends: status, error code, and message of the answers."""
    credentials = client._tracking_client.store.get_host_creds()

    def ask(method, path, **named):
        answer = http_request(credentials, path, method, max_retries=0, raise_on_status=False, **named)
        try:
            body = answer.json()
        except ValueError:
            body = {}
        return {"status": answer.status_code, "error_code": body.get("error_code"), "message": body.get("message")}

    posts = [
        ("no experiment's name", "2.0/mlflow/experiments/create", {}),
        ("a name that is a number", "2.0/mlflow/experiments/create", {"name": 5}),
        ("tags that are no list", "2.0/mlflow/experiments/create", {"name": "a", "tags": "b"}),
        ("no run's id", "2.0/mlflow/runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}),
        ("no key", "2.0/mlflow/runs/log-metric", {"run_id": run, "value": 1, "timestamp": 1}),
        ("no value", "2.0/mlflow/runs/log-metric", {"run_id": run, "key": "a", "timestamp": 1}),
        ("no time", "2.0/mlflow/runs/log-metric", {"run_id": run, "key": "a", "value": 1}),
        ("a value that is a text", "2.0/mlflow/runs/log-metric", {"run_id": run, "key": "a", "value": "x", "timestamp": 1}),
        ("a step that is a text", "2.0/mlflow/runs/log-metric", {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "step": "x"}),
        ("a parameter without key", "2.0/mlflow/runs/log-parameter", {"run_id": run, "value": "x"}),
        ("metrics that are no list", "2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": {"a": 1}}),
        ("a metric of a batch without value", "2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [{"key": "a", "timestamp": 1}]}),
        ("experiments that are no list", "2.0/mlflow/runs/search", {"experiment_ids": "0"}),
        ("a size that is a text", "2.0/mlflow/runs/search", {"experiment_ids": ["0"], "max_results": "many"}),
        ("no size of experiments", "2.0/mlflow/experiments/search", {}),
        ("an unknown field", "2.0/mlflow/runs/search", {"experiment_ids": [], "nothing": 1}),
        ("a run without experiment", "2.0/mlflow/runs/update", {}),
        ("no such endpoint", "2.0/mlflow/nothing", {}),
        ("the registry", "2.0/mlflow/registered-models/create", {"name": 5}),
    ]
    for name, path, body in posts:
        record.attempt(f"by hand: {name}", ask, "POST", f"/api/{path}", json=body)
    gets = [
        ("get no experiment", "2.0/mlflow/experiments/get", {}),
        ("get no run", "2.0/mlflow/runs/get", {}),
        ("history without key", "2.0/mlflow/metrics/get-history", {"run_id": run}),
        ("artifacts of nothing", "2.0/mlflow/artifacts/list", {}),
        ("traces of nothing", "3.0/mlflow/traces/get", {}),
        ("a method that there is not", "2.0/mlflow/runs/create", {}),
    ]
    for name, path, query in gets:
        record.attempt(f"by hand: {name}", ask, "GET", f"/api/{path}", params=query)
