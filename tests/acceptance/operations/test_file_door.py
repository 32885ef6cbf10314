"""Chargers fetch and upload files by links; strangers get nothing, and no disk is filled."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from conformance.firmware_store import enter_firmware, signed_firmware
from conformance.pki import tls_files
from conformance.stations import ACCEPTED, station_16, station_201
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running, running_app, sharing_a_server
from yarl import URL

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
async def strict(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server that takes a few kilobytes in all."""
    limits: dict[str, Any] = {
        "upload_max_bytes": 4096,
        "uploads_quota_bytes": 6000,
        "firmware_max_bytes": 300_000,
    }
    async with running_app(database_url, tmp_path, **limits) as running:
        yield running


async def link_to_upload(server: Running) -> tuple[str, int]:
    """A link as a charger got it, and the operation that waits for the file."""
    async with station_201(server) as station:
        expected = station.expect("GetLog", ACCEPTED)
        said = await server.post("/charge-points/CS-1/get-log", {})
        sent = await expected.happened()
    return sent["log"]["remoteLocation"], said["operation"]["id"]


async def link_to_firmware(server: Running) -> str:
    firmware = await enter_firmware(server, CONTENT)
    async with station_201(server) as station:
        expected = station.expect("UpdateFirmware", ACCEPTED)
        await server.post("/charge-points/CS-1/update-firmware", {"firmware_id": firmware["id"]})
        sent = await expected.happened()
    return str(sent["firmware"]["location"])


async def status_of(method: str, url: str, data: Any = None, **options: Any) -> int:
    """Ask as a charger does: without a key."""
    as_it_stands = URL(url, encoded=True)
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, as_it_stands, data=data, **options) as response,
    ):
        return response.status


async def uploaded(server: Running, operation_id: int) -> dict[str, Any]:
    operation = await server.get(f"/operations/{operation_id}")
    assert operation["state"] == "succeeded", operation
    return dict(operation["result"]["file"])


async def test_a_download_that_broke_off_goes_on_where_it_stopped(server: Running) -> None:
    url = await link_to_firmware(server)
    async with aiohttp.ClientSession() as http:
        async with http.get(url, headers={"Range": "bytes=100000-"}) as response:
            assert (response.status, await response.read()) == (206, CONTENT[100000:])
        async with http.head(url) as response:
            assert response.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_charger_may_put_or_post_and_name_the_file_as_it_likes(
    server: Running, method: str
) -> None:
    url, operation_id = await link_to_upload(server)
    assert await status_of(method, f"{url}../../../etc/passwd%00.log", b"log") == 201
    file = await uploaded(server, operation_id)
    assert (file["size_bytes"], "/" in file["name"]) == (3, False)
    stored = sorted(path.name for path in (server.settings.data_dir / "files").iterdir())
    assert stored == [f"upload-{file['id']}"]


async def test_a_form_and_a_name_in_its_header_are_understood(server: Running) -> None:
    url, operation_id = await link_to_upload(server)
    form = aiohttp.FormData()
    form.add_field("comment", "ours")
    form.add_field("uploadfile", b"a log", filename="charger.zip")
    assert await status_of("POST", url, form) == 201
    file = await uploaded(server, operation_id)
    assert (file["name"], file["size_bytes"]) == ("charger.zip", 5)


async def test_a_name_glued_to_the_link_is_understood(server: Running) -> None:
    url, operation_id = await link_to_upload(server)
    assert await status_of("PUT", url.rstrip("/") + "log.txt", b"log") == 201
    assert (await uploaded(server, operation_id))["name"] == "log.txt"


async def test_a_link_takes_one_file_and_gives_none_back(server: Running) -> None:
    url, _ = await link_to_upload(server)
    assert await status_of("GET", url) == 404
    assert await status_of("PUT", url, b"log") == 201
    assert await status_of("PUT", url, b"again") == 404


async def test_an_empty_file_does_not_use_up_the_link(server: Running) -> None:
    url, _ = await link_to_upload(server)
    assert await status_of("PUT", url, b"") == 400
    assert await status_of("PUT", url, b"log") == 201


@sharing_a_server
@pytest.mark.parametrize(
    "guess", ["", "A" * 43, "../" * 20, "%2e%2e%2fetc%2fpasswd", "%C3%A9" * 43]
)
async def test_a_guess_leads_nowhere(shared_server: Running, guess: str) -> None:
    for method in ("GET", "PUT"):
        assert await status_of(method, f"{shared_server.api_url}/files/{guess}", b"x") == 404


async def test_a_file_that_is_too_large_is_refused_whatever_it_claims(strict: Running) -> None:
    url, _ = await link_to_upload(strict)
    assert await status_of("PUT", url, b"x" * 5000) == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000

    assert await status_of("PUT", url, chunks()) == 413
    squeezed = gzip.compress(b"x" * 1_000_000)
    assert len(squeezed) < 4096
    assert await status_of("PUT", url, squeezed, headers={"Content-Encoding": "gzip"}) == 413
    assert list((strict.settings.data_dir / "files").iterdir()) == []


async def test_all_files_together_stay_within_their_quota(strict: Running) -> None:
    first, operation_id = await link_to_upload(strict)
    assert await status_of("PUT", first, b"x" * 4000) == 201
    second, _ = await link_to_upload(strict)
    assert await status_of("PUT", second, b"x" * 4000) == 507
    path = f"/operations/{operation_id}/file"
    assert (await strict.api("DELETE", path)).status == 204
    assert (await strict.api("GET", path)).status == 404
    assert await status_of("PUT", second, b"x" * 4000) == 201


async def test_an_upload_that_breaks_off_leaves_nothing_and_may_be_repeated(
    server: Running,
) -> None:
    url, _ = await link_to_upload(server)
    host, port = url.split("/")[2].split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    path = "/" + url.split("/", 3)[3]
    head = f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n"
    writer.write(head.encode() + b"half")
    await writer.drain()
    files = server.settings.data_dir / "files"
    async with asyncio.timeout(5):
        while not list(files.glob("new-*")):
            await asyncio.sleep(0.02)
        writer.close()
        while list(files.iterdir()):
            await asyncio.sleep(0.02)
    assert await status_of("PUT", url, b"whole") == 201


async def test_links_and_their_contents_are_not_in_the_message_log(server: Running) -> None:
    url, _ = await link_to_upload(server)
    token = url.split("/files/")[1][:43]
    log = await server.eventually(
        "/charge-points/CS-1/messages?action=GetLog", lambda body: bool(body["items"])
    )
    assert token not in str(log)
    assert token not in str(await server.rows("SELECT * FROM operations"))


async def test_ports_of_their_own_serve_files_and_nothing_else(
    database_url: str, tmp_path: Path
) -> None:
    async with running_app(database_url, tmp_path, files_port=0) as server:
        url = await link_to_firmware(server)
        assert f":{server.api_url.rpartition(':')[2]}/" not in url
        assert await status_of("GET", url) == 200
        base = url.split("/files/")[0]
        assert await status_of("GET", f"{base}/api/v1/charge-points") == 404
        assert await status_of("GET", f"{server.api_url}/files/{'A' * 43}") == 401


async def test_a_proxys_address_begins_the_links_where_it_is_given(
    database_url: str, tmp_path: Path
) -> None:
    address = "https://files.example.org"
    async with running_app(database_url, tmp_path, files_url=address) as server:
        assert (await link_to_firmware(server)).startswith(f"{address}/files/")


async def test_a_1_6_charger_uploads_its_diagnostics(server: Running) -> None:
    async with station_16(server) as station:
        expected = station.expect("GetDiagnostics", {"fileName": "d.zip"})
        said = await server.post("/charge-points/CP-1/get-log", {})
        sent = await expected.happened()
        await station.send("DiagnosticsStatusNotification", {"status": "Uploading"}, reply={})
        assert await status_of("PUT", f"{sent['location']}d.zip", b"log") == 201
        await station.send("DiagnosticsStatusNotification", {"status": "Uploaded"}, reply={})
    assert (await uploaded(server, said["operation"]["id"]))["name"] == "d.zip"


async def test_content_is_held_to_its_checksum_and_its_signature_checked(server: Running) -> None:
    body = {"name": "f.bin", "sha256": "0" * 64}
    made = await server.post("/firmware-files", body, status=201)
    url = f"{server.api_url}/api/v1/firmware-files/{made['id']}/content"
    async with server.http.put(url, data=b"other") as response:
        assert response.status == 422
    fitting = await enter_firmware(server, CONTENT, **signed_firmware(CONTENT))
    strange = await enter_firmware(server, CONTENT, **signed_firmware(b"something else"))
    assert (fitting["signature_is_valid"], strange["signature_is_valid"]) == (True, False)
    again = f"{server.api_url}/api/v1/firmware-files/{fitting['id']}/content"
    async with server.http.put(again, data=b"changed") as response:
        assert response.status == 409


async def test_firmware_that_is_too_large_is_refused(strict: Running) -> None:
    made = await strict.post("/firmware-files", {"name": "f.bin"}, status=201)
    url = f"{strict.api_url}/api/v1/firmware-files/{made['id']}/content"
    async with strict.http.put(url, data=b"x" * 300_001) as response:
        assert response.status == 413
    await strict.post(
        "/charge-points/CP-1/update-firmware", {"firmware_id": made["id"]}, status=404
    )


async def test_a_charger_that_speaks_tls_fetches_by_tls(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    tls = tls_files(tmp_path / "tls", client_ca=False)
    async with running_app(database_url, tmp_path, **tls.settings, files_tls_port=0) as server:
        firmware = await enter_firmware(server, CONTENT)
        url = f"wss://localhost:{server.app.ocpp_tls_port}/ocpp"
        options = LinkOptions(url, "CS-1", subprotocols=("ocpp2.0.1",), tls=tls.client())
        async with ScriptedChargePoint(options) as station:
            await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
            expected = station.expect("UpdateFirmware", ACCEPTED)
            body = {"firmware_id": firmware["id"]}
            await server.post("/charge-points/CS-1/update-firmware", body)
            location = (await expected.happened())["firmware"]["location"]
        assert location.startswith("https://localhost:")
        assert await status_of("GET", location, ssl=tls.client()) == 200
