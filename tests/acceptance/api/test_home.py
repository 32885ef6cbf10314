"""The page for people runs under a policy that lets in nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from running import Running


async def test_the_page_holds_no_script_and_no_style_of_its_own(server: Running) -> None:
    async with server.http.get(f"{server.api_url}/") as response:
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=", page) == []


async def test_all_that_the_page_refers_to_is_there(server: Running) -> None:
    page = await text(server, "/")
    links = re.findall(r'(?:src|href)="(/[^"]*)"', page)
    assert len(links) >= 5
    for link in [*links, *(await scripts(server))]:
        async with server.http.get(f"{server.api_url}{link}") as response:
            assert response.status == 200, link


async def test_every_element_that_a_script_wants_is_on_the_page(server: Running) -> None:
    page = await text(server, "/")
    there = set(re.findall(r'\bid="([^"]+)"', page))
    wanted = {
        name
        for script in (await scripts(server)).values()
        for name in re.findall(r'\bel\("([^"]+)"\)', script)
    }
    assert len(wanted) > 20
    assert wanted <= there
    described = re.findall(r'(?:for|aria-labelledby|aria-describedby)="([^"]+)"', page)
    assert set(described) <= there


async def test_the_requests_of_the_page_are_those_of_the_api(server: Running) -> None:
    described = (await server.get("/openapi.json"))["paths"]
    operations = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path)): operation
        for path, one in described.items()
        for method, operation in one.items()
    }
    asked = {request for script in (await scripts(server)).values() for request in requests(script)}
    assert len(asked) >= 15
    for method, path, query in asked:
        operation = operations[method, f"/api/v1{path}"]
        names = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        assert set(query) <= names, path


async def text(server: Running, path: str) -> str:
    async with server.http.get(f"{server.api_url}{path}") as response:
        assert response.status == 200, path
        return await response.text()


async def scripts(server: Running) -> dict[str, str]:
    """The page's scripts, and those that they import, by path."""
    found: dict[str, str] = {}
    waiting = re.findall(r'<script src="([^"]+)"', await text(server, "/"))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = await text(server, path)
            imported = re.findall(r'^import .* from "\./([^"]+)";', found[path], re.MULTILINE)
            waiting += [f"/static/{name}" for name in imported]
    return found


TERM = r"""(?:"[^"]*"|[\w.]+(?:\([^()]*\))?|\([^()]*\))"""
ASKED = re.compile(rf"""\bask(All)?\(({TERM}(?:\s*\+\s*{TERM})*)(?:,\s*"(\w+)")?""")


def requests(script: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Method, path with {} for what is filled in, and the query's names, of all that it asks."""
    for found in ASKED.finditer(script):
        terms = re.findall(TERM, found[2])
        written = "".join(term.strip('"') if term.startswith('"') else "{}" for term in terms)
        path, _, query = written.partition("?")
        if path.startswith("/"):  # else the definition of a function
            yield found[3] or "GET", path, tuple(re.findall(r"(\w+)=", query))
