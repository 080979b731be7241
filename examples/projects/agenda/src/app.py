"""Writes down what it is run for."""

import json


def handler(event, context):
    print("run for", json.dumps(event))
