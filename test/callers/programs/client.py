"""Asks with a Python client, as it comes: client.py requests|httpx|aiohttp URL BODY"""

import asyncio
import sys

JSON = {"content-type": "application/json"}


def with_requests(url, body):
    import requests

    answer = requests.post(url, body, headers=JSON)
    return answer.status_code, answer.text


def with_httpx(url, body):
    import httpx

    answer = httpx.post(url, content=body, headers=JSON, timeout=60)
    return answer.status_code, answer.text


def with_aiohttp(url, body):
    import aiohttp

    async def ask():
        async with aiohttp.ClientSession() as session:
            async with session.post(url, data=body, headers=JSON) as answer:
                return answer.status, await answer.text()

    return asyncio.run(ask())


name, url, body = sys.argv[1:]
print(*globals()[f"with_{name}"](url, body))
