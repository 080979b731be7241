"""Greets in the language of its configuration, with words from a layer: what a layer has in python/ can be imported."""

import os

from words import GREETINGS


def handler(event, context):
    return {"greeting": f"{GREETINGS[os.environ['GREETING_LANGUAGE']]}, {event.get('name', 'World')}"}
