"""Everything that users do with experiments, runs, artifacts and traces, with MLflow's own client.

tour.py TRACKING_URI FOLDER writes what the server answered to FOLDER/answers.json.
"""

import pathlib
import sys

import mlflow
from mlflow import MlflowClient

import tour_mistakes
import tour_runs
import tour_traces
from record import Record

uri, folder = sys.argv[1], pathlib.Path(sys.argv[2])
mlflow.set_tracking_uri(uri)
record, client = Record(), MlflowClient(uri)
for tour in (tour_runs, tour_traces, tour_mistakes):
    tour.take(record, client, folder)
record.write(folder / "answers.json")
