"""What MLflow's client may do with some credentials: cases as JSON on stdin, what came of each on stdout."""

import json
import os
import sys

from mlflow import MlflowClient


def outcome(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        code = getattr(error, "error_code", None)
        return f"{type(error).__name__} {code}: {error}"
    return "ok"


def case(name, uri, variables):
    os.environ.update(variables)
    try:
        client = MlflowClient(uri)
        return {"read": outcome(client.search_experiments), "write": outcome(client.create_experiment, name)}
    finally:
        for variable in variables:
            del os.environ[variable]


print(json.dumps({name: case(name, uri, variables) for name, (uri, variables) in json.load(sys.stdin).items()}))
