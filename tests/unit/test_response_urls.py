"""URLs that stacks wait at: those that somebody waits at stay, however many there were."""

from __future__ import annotations

from itertools import count

from lambda_emu.services.response_urls import MOST_URLS, ResponseUrls

ACCOUNT = "000000000000"


def test_where_nothing_is_awaited_any_more_is_forgotten_first() -> None:
    numbers = count()
    urls = ResponseUrls(lambda: f"{next(numbers):032d}", "http://127.0.0.1:9000", "http://inside:9000")
    waiting, over, later = (urls.url(urls.open(ACCOUNT), inside=False) for _ in range(3))
    for url in (over, later):
        found = urls.find(url)
        assert found is not None
        found.close()

    for _ in range(MOST_URLS - 2):
        urls.open(ACCOUNT)

    assert urls.find(waiting) is not None
    assert urls.find(over) is None
    assert urls.find(later) is not None  # what comes late is dropped without a refusal, as long as there is room

    for _ in range(2):
        urls.open(ACCOUNT)
    assert urls.find(later) is None
    assert urls.find(waiting) is None  # all others wait too
