"""The page for people runs under a policy that lets in nothing from elsewhere."""

from __future__ import annotations

import re

from running import Running


async def test_the_page_holds_no_script_and_no_style_of_its_own(server: Running) -> None:
    async with server.http.get(f"{server.api_url}/") as response:
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=", page) == []


async def test_all_that_the_page_refers_to_is_there(server: Running) -> None:
    async with server.http.get(f"{server.api_url}/") as response:
        links = re.findall(r'(?:src|href)="(/[^"]*)"', await response.text())
    assert len(links) >= 5
    for link in links:
        async with server.http.get(f"{server.api_url}{link}") as response:
            assert response.status == 200, link


async def test_the_requests_of_the_page_are_those_of_the_api(server: Running) -> None:
    async with server.http.get(f"{server.api_url}/static/home.js") as response:
        script = await response.text()
    paths = re.findall(r'ask\("([^"]+)"', script)
    assert paths
    for path in paths:
        missing = {"limit=": "200", "from=": "2026-01-31T12:00:00Z"}
        await server.get(path + missing.get(path[path.rfind("&") + 1 :].split("?")[-1], ""))
