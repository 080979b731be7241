"""Charges the card. Its line is busy the first time, and it has 100."""

MOST, PRICE = 100, 12
tried = set()


class LineBusy(Exception):
    pass


class CardDeclined(Exception):
    pass


def handler(event, context):
    if event["id"] not in tried:
        tried.add(event["id"])
        raise LineBusy("Try again.")
    total = event["count"] * PRICE
    if total > MOST:
        raise CardDeclined(f"The card did not take {total}.")
    return {"total": total}
