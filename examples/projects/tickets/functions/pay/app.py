"""Takes the money. A card that is slow is tried again."""

SEAT_CENTS = 1250
slow = {"slow"}


class TryAgain(Exception):
    """The bank did not answer."""


def lambda_handler(event, context):
    if event["card"] in slow:
        slow.discard(event["card"])
        raise TryAgain(event["card"])
    return {"cents": SEAT_CENTS * event["seats"]}
