"""Experiments, runs, and their artifacts."""

import hashlib
import json

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType

START_MS = 1_700_000_000_000


def take(record, client, folder):
    experiments(record, client)
    everything(record, client, folder)
    runs(record, client)
    searches(record, client)
    many(record, client)
    removal(record, client)


def experiments(record, client):
    record.attempt("experiments: the default one", client.get_experiment, "0")
    made = client.create_experiment("tour", tags={"team": "perf", "mlflow.note.content": "a *note*"})
    record.name_experiment(made, "tour")
    record.attempt("experiments: by id", client.get_experiment, made)
    record.attempt("experiments: by name", client.get_experiment_by_name, "tour")
    record.attempt("experiments: none of this name", client.get_experiment_by_name, "no such")
    client.set_experiment_tag(made, "team", "quality")
    client.set_experiment_tag(made, "long", "ü" * 6000)
    record.attempt("experiments: tags are set", client.get_experiment, made)
    record.attempt("experiments: a tag is deleted", client.delete_experiment_tag, made, "long")
    for name in ["beta", "Alpha", "alpha 2", "ümlaut", "10%_x"]:
        record.name_experiment(client.create_experiment(f"names/{name}", tags={"kind": name[0]}), name)
    for number, query in enumerate(EXPERIMENT_SEARCHES):
        found = record.attempt(f"experiments: search {number} {query}", lambda: names(client.search_experiments(**query)))
    page = client.search_experiments(max_results=3, order_by=["name ASC"])
    record.note("experiments: first page", names(page))
    page = client.search_experiments(max_results=3, order_by=["name ASC"], page_token=page.token)
    record.note("experiments: second page", names(page))
    record.note("experiments: there is a third", bool(page.token))
    renamed = client.create_experiment("to rename")
    record.name_experiment(renamed, "renamed")
    client.rename_experiment(renamed, "renamed")
    record.attempt("experiments: renamed", client.get_experiment, renamed)
    client.delete_experiment(renamed)
    record.attempt("experiments: deleted", client.get_experiment, renamed)
    record.attempt("experiments: deleted, by name", client.get_experiment_by_name, "renamed")
    record.attempt("experiments: only deleted", lambda: names(client.search_experiments(ViewType.DELETED_ONLY)))
    record.attempt("experiments: all", lambda: names(client.search_experiments(ViewType.ALL)))
    record.attempt("experiments: a run in a deleted one", client.create_run, renamed)
    record.attempt("experiments: a deleted name is taken", client.create_experiment, "renamed")
    record.attempt("experiments: set the deleted one", mlflow.set_experiment, "renamed")
    client.restore_experiment(renamed)
    record.attempt("experiments: restored", client.get_experiment, renamed)


EXPERIMENT_SEARCHES = [
    {"filter_string": "name = 'tour'"},
    {"filter_string": "name LIKE 'names/%'", "order_by": ["name"]},
    {"filter_string": "name ILIKE 'NAMES/A%'", "order_by": ["name DESC"]},
    {"filter_string": "name != 'tour' AND tags.kind = 'b'"},
    {"filter_string": "tags.team = 'quality'"},
    {"filter_string": "tag.team ILIKE 'QUAL%'"},
    {"filter_string": "name LIKE 'names/10%'"},
    {"filter_string": "name ILIKE '%ÜMLAUT'"},
    {"filter_string": "creation_time > 1600000000000", "order_by": ["creation_time ASC", "experiment_id ASC"]},
    {"filter_string": "last_update_time < 1600000000000"},
    {"order_by": ["experiment_id DESC"], "max_results": 4},
    {"filter_string": "tags.`mlflow.note.content` LIKE 'a%'"},
    {},
]


def names(experiments):
    return [found.name for found in experiments]


def everything(record, client, folder):
    """One run that has all there is, made by the fluent API, with a child."""
    mlflow.set_experiment("tour")
    with mlflow.start_run(run_name="parent", tags={"stage": "test"}, description="what it is for") as parent:
        record.name(parent.info.run_id, "run parent")
        mlflow.log_params({"model": "llama", "rate": 0.5, "list": [1, 2], "none": None, "empty": "", "ünïcode key": "ß"})
        mlflow.log_param("long", "x" * 6000)
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, timestamp=START_MS + step)
        mlflow.log_metrics({"a/b c": -1.5, "big": 1.7e308, "small": 5e-324, "whole": 3}, step=7)
        mlflow.log_metric("nan", float("nan"))
        mlflow.log_metric("negative step", 1.0, step=-3)
        mlflow.set_tags({"release": "1.2", "emoji": "🦀 ok", "long": "y" * 8000})
        mlflow.set_tag("gone", "soon")
        mlflow.delete_tag("gone")
        inputs()
        artifacts(folder)
        with mlflow.start_run(run_name="child", nested=True) as child:
            record.name(child.info.run_id, "run child")
            mlflow.log_metric("m", 1)
    record.attempt("runs: everything of the parent", client.get_run, parent.info.run_id)
    record.attempt("runs: the child", client.get_run, child.info.run_id)
    record.attempt("runs: parent of the child", lambda: client.get_parent_run(child.info.run_id).info.run_id)
    for key in ["loss", "a/b c", "nan", "negative step", "none such"]:
        record.attempt(f"runs: history of {key}", lambda: list(client.get_metric_history(parent.info.run_id, key)))
    read_artifacts(record, client, (parent.info.run_id, folder))
    bulk(record, client, parent.info.run_id)


def inputs():
    import pandas

    frame = pandas.DataFrame({"q": ["a", "b"], "n": [1, 2]})
    dataset = mlflow.data.from_pandas(frame, source="https://example.com/data.csv", name="questions", targets="n")
    mlflow.log_input(dataset, context="eval", tags={"split": "dev"})


def artifacts(folder):
    mlflow.log_text("hello\n", "notes/hello.txt")
    mlflow.log_text("ünïcode", "notes/sub dir/ü & %41 +.txt")
    mlflow.log_dict({"a": [1, None, "ä"]}, "config.json")
    mlflow.log_dict({"a": 1}, "config.yaml")
    mlflow.log_table({"q": ["x", "y"], "score": [1, 2]}, "table.json")
    folder_of_files = folder / "files"
    (folder_of_files / "deep" / "er").mkdir(parents=True, exist_ok=True)
    (folder_of_files / "deep" / "er" / "bytes.bin").write_bytes(bytes(range(256)) * 5000)
    (folder_of_files / "empty").write_bytes(b"")
    mlflow.log_artifacts(str(folder_of_files), "folder")
    mlflow.log_artifact(str(folder_of_files / "empty"))


def read_artifacts(record, client, of):
    run_id, folder = of
    for path in [None, "notes", "notes/sub dir", "folder", "folder/deep", "config.json", "none such"]:
        listing = lambda: sorted((entry.path, entry.is_dir, entry.file_size) for entry in client.list_artifacts(run_id, path))
        record.attempt(f"artifacts: list {path}", listing)
    for path in ["notes/hello.txt", "notes/sub dir/ü & %41 +.txt", "folder/deep/er/bytes.bin", "folder/empty", "none such"]:
        record.attempt(f"artifacts: download {path}", lambda: digest(client.download_artifacts(run_id, path)))
    whole = folder / "downloaded"
    whole.mkdir(exist_ok=True)
    client.download_artifacts(run_id, "", str(whole))
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    record.note("artifacts: download all", {str(path.relative_to(whole)): digest(path) for path in files})
    record.attempt("artifacts: load a text", mlflow.artifacts.load_text, f"runs:/{run_id}/notes/hello.txt")
    record.attempt("artifacts: load a dict", mlflow.artifacts.load_dict, f"runs:/{run_id}/config.json")
    record.attempt("artifacts: load a table", lambda: mlflow.load_table("table.json", run_ids=[run_id]).to_dict("list"))


def digest(path):
    with open(path, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()[:12]


def bulk(record, client, run_id):
    """A batch, with what is there already, and what says nothing new."""
    run = client.create_run(client.get_run(run_id).info.experiment_id, start_time=START_MS, tags={"a": "b"}, run_name="batch")
    batch = record.name(run.info.run_id, "run batch")
    metrics = [Metric("many", step * 0.25, START_MS + step, step) for step in range(600)]
    metrics += [Metric("same", 1.0, START_MS, 1), Metric("same", 1.0, START_MS, 1)]
    metrics += [Metric("last", 5.0, START_MS + 1, 3), Metric("last", 4.0, START_MS, 3), Metric("last", 9.0, START_MS + 9, 2)]
    client.log_batch(batch, metrics, [Param(f"p{n}", f"v{n}") for n in range(90)], [RunTag(f"t{n}", "v") for n in range(90)])
    client.log_batch(batch, [Metric("many", 7.0, START_MS, 10_000)], [Param("p0", "v0")], [RunTag("t0", "new")])
    record.attempt("runs: a batch", client.get_run, batch)
    for key in ["many", "same", "last"]:
        record.attempt(f"runs: history of {key} of a batch", lambda: list(client.get_metric_history(batch, key)))
    record.attempt("runs: history in bulk", lambda: client._tracking_client.store.get_metric_history_bulk_interval([batch], "many", 10, 0, 599))
    client.set_terminated(batch, "FAILED", START_MS + 5000)
    record.attempt("runs: ended by hand", client.get_run, batch)
    client.update_run(batch, status="RUNNING", name="batch again")
    record.attempt("runs: runs again, under another name", client.get_run, batch)
    client.set_terminated(batch, "KILLED", START_MS + 6000)


def runs(record, client):
    """Runs that are told apart by all that can be searched for."""
    experiment = record.name_experiment(client.create_experiment("search"), "search")
    for number in range(8):
        run = client.create_run(
            experiment,
            start_time=START_MS + number * 1000,
            run_name=f"run {number}",
            tags={"parity": "even" if number % 2 == 0 else "odd", "Case": "Mixed", "dotted.key": str(number) + "x"},
        )
        run_id = record.name(run.info.run_id, f"run {number}")
        client.log_metric(run_id, "score", [3.0, 1.0, 2.0, float("nan"), float("inf"), -1.0, 0.0, 3.0][number])
        client.log_metric(run_id, "a space", number)
        client.log_param(run_id, "model", ["llama", "Llama", "qwen", "gpt-4o", "100%", "a_b", "it's", "llama"][number])
        if number > 2:
            client.log_metric(run_id, "late", number)
            client.set_terminated(run_id, ["FINISHED", "FAILED", "KILLED"][number % 3], START_MS + 60_000 - number)
    # A run without anything.
    record.name(client.create_run(experiment, start_time=START_MS + 9000, run_name="bare").info.run_id, "run bare")
    record.name_experiment(client.create_experiment("empty"), "empty")


RUN_FILTERS = [
    "metrics.score > 1",
    "metrics.score >= 1 and metrics.score <= 2.0",
    "metrics.score = 3",
    "metrics.score != 3",
    "metrics.score < -0.5",
    "metrics.score = 3e0",
    "metrics.`a space` > 4",
    'metrics."a space" <= 1',
    "metric.late > 0",
    "params.model = 'llama'",
    "params.model != 'llama'",
    "params.model LIKE 'l%'",
    "params.model ILIKE 'L%'",
    "params.model LIKE '100%'",
    "params.model LIKE 'a_b'",
    'params.model = "it\'s"',
    "parameters.model = 'qwen'",
    "tags.parity = 'even' AND metrics.score > 0",
    "tags.Case = 'mixed'",
    "tags.`dotted.key` = '3x'",
    "tags.dotted.key LIKE '%x'",
    "tags.parity IS NULL",
    "tags.parity IS NOT NULL",
    "params.model IS NULL",
    "tags.parity != 'even'",
    "tags.mlflow.runName = 'run 3'",
    "attributes.run_name = 'run 3'",
    "run_name ILIKE 'RUN%'",
    "attributes.status = 'FINISHED'",
    "status != 'RUNNING'",
    "attributes.status LIKE 'F%'",
    f"start_time > {START_MS + 5000}",
    f"attributes.start_time <= {START_MS + 1000}",
    f"end_time < {START_MS + 59_995}",
    "artifact_uri LIKE 'mlflow-artifacts:%'",
    "attributes.user_id = 'nobody at all'",
    "attributes.Created > 1600000000000",
    "",
]

RUN_ORDERS = [
    ["metrics.score"],
    ["metrics.score DESC"],
    ["metrics.late DESC", "start_time ASC"],
    ["params.model"],
    ["params.model DESC", "attributes.start_time DESC"],
    ["tags.parity ASC", "metrics.`a space` DESC"],
    ["tags.`dotted.key` DESC"],
    ["attributes.run_name"],
    ["status", "start_time"],
    ["end_time DESC"],
    ["attributes.end_time ASC"],
    ["start_time ASC"],
    [],
]


def searches(record, client):
    experiment = client.get_experiment_by_name("search").experiment_id
    run_names = lambda found: [run.info.run_name for run in found]
    for query in RUN_FILTERS:
        # Sorted by name: here it is about what is found.
        search = lambda: sorted(run_names(client.search_runs([experiment], query)))
        record.attempt(f"search runs: {query}", search)
    for order in RUN_ORDERS:
        record.attempt(f"search runs: in the order {order}", lambda: run_names(client.search_runs([experiment], order_by=order)))
    run_id = client.search_runs([experiment], "attributes.run_name = 'run 2'")[0].info.run_id
    for query in [f"attributes.run_id = '{run_id}'", f"run_id IN ('{run_id}', '{'0' * 32}')", f"run_id NOT IN ('{run_id}')"]:
        record.attempt(f"search runs: {query.replace(run_id, 'ID')}", lambda: sorted(run_names(client.search_runs([experiment], query))))
    tour = client.get_experiment_by_name("tour").experiment_id
    for query in ["datasets.name = 'questions'", "dataset.context = 'eval'", "datasets.digest LIKE '%'", "datasets.name IN ('x')"]:
        record.attempt(f"search runs: {query}", lambda: sorted(run_names(client.search_runs([tour], query))))
    for size in [1, 4, 100]:
        record.note(f"search runs: pages of {size}", paged(client, experiment, size))
    both = client.search_runs([experiment, tour], order_by=["attributes.run_name"])
    record.note("search runs: two experiments", run_names(both))
    record.attempt("search runs: an empty experiment", lambda: run_names(client.search_runs([client.get_experiment_by_name("empty").experiment_id])))
    record.attempt("search runs: no experiment", lambda: run_names(client.search_runs([])))
    record.attempt("search runs: one that there is not", lambda: run_names(client.search_runs(["987654"])))
    frame = mlflow.search_runs([experiment], order_by=["start_time ASC"])
    record.note("search runs: as a table", json.loads(frame.drop(columns=["start_time", "end_time"]).to_json()))
    record.attempt("search runs: whole", lambda: list(client.search_runs([experiment], order_by=["start_time ASC"])))


def paged(client, experiment, size):
    pages, token = [], None
    while True:
        found = client.search_runs([experiment], order_by=["start_time ASC"], max_results=size, page_token=token)
        pages.append([run.info.run_name for run in found])
        token = found.token
        if not token:
            return pages


def many(record, client):
    """Values at limits."""
    run = client.create_run("0", run_name="limits", start_time=START_MS)
    run_id = record.name(run.info.run_id, "run limits")
    record.attempt("limits: a key of 250", client.log_param, run_id, "k" * 250, "v")
    record.attempt("limits: a parameter that is too long is cut", client.log_param, run_id, "cut", "z" * 7000)
    record.attempt("limits: a tag that is too long is cut", client.set_tag, run_id, "cut", "z" * 9000)
    record.attempt("limits: infinity", client.log_metric, run_id, "infinite", float("-inf"), START_MS, 1)
    record.attempt("limits: a large step", client.log_metric, run_id, "far", 1.0, START_MS, 2**62)
    record.attempt("limits: a time before 1970", client.log_metric, run_id, "early", 1.0, -5, 0)
    record.attempt("limits: a tag without text", client.set_tag, run_id, "nothing", "")
    record.attempt("limits: what came of it", client.get_run, run_id)


def removal(record, client):
    experiment = client.get_experiment_by_name("search").experiment_id
    run_names = lambda view: [run.info.run_name for run in client.search_runs([experiment], run_view_type=view, order_by=["start_time"])]
    run_id = client.search_runs([experiment], "run_name = 'run 5'")[0].info.run_id
    client.delete_run(run_id)
    record.attempt("removal: a deleted run can be read", client.get_run, run_id)
    for view, name in [(ViewType.ACTIVE_ONLY, "active"), (ViewType.DELETED_ONLY, "deleted"), (ViewType.ALL, "all")]:
        record.note(f"removal: {name} runs", run_names(view))
    record.attempt("removal: logging to a deleted run", client.log_metric, run_id, "m", 1.0)
    record.attempt("removal: a tag for a deleted run", client.set_tag, run_id, "a", "b")
    record.attempt("removal: a parameter for a deleted run", client.log_param, run_id, "a", "b")
    record.attempt("removal: a batch for a deleted run", client.log_batch, run_id, [Metric("m", 1.0, START_MS, 0)], [], [])
    record.attempt("removal: deleting it again", client.delete_run, run_id)
    client.restore_run(run_id)
    record.attempt("removal: it is restored", client.get_run, run_id)
    record.attempt("removal: restoring it again", client.restore_run, run_id)
    client.delete_experiment(experiment)
    record.note("removal: runs of a deleted experiment", run_names(ViewType.ACTIVE_ONLY))
    record.note("removal: deleted runs of a deleted experiment", run_names(ViewType.DELETED_ONLY))
    client.restore_experiment(experiment)
    record.note("removal: runs of a restored experiment", run_names(ViewType.ACTIVE_ONLY))
