"""Finding a charger's identity in the address it dials."""

from __future__ import annotations

import pytest

from csms.gateway.identity import BadIdentityError, checked, identity_of


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/CP-1", "CP-1"),
        ("/ocpp/1.6/CP-1", "CP-1"),
        ("/a/b/c/d/CP-1", "CP-1"),
        ("//ocpp//CP-1", "CP-1"),
        ("/ocpp/CP-1/", "CP-1"),
        ("/ocpp/CP%201%2Fx?token=1", None),
        ("/ocpp/CP%201", "CP 1"),
        ("/Garage%20N%C3%B6rd", "Garage Nörd"),
        ("/Garage%20N%F6rd", "Garage Nörd"),
        ("/CP-1?x=/other", "CP-1"),
        ("/" + "A" * 48, "A" * 48),
        ("/DE*ABC*E123%3A1", "DE*ABC*E123:1"),
    ],
)
def test_the_last_segment_is_the_identity(path: str, identity: str | None) -> None:
    if identity is None:
        with pytest.raises(BadIdentityError):
            identity_of(path)
    else:
        assert identity_of(path) == identity


@pytest.mark.parametrize("path", ["/", "//", "", "/?CP-1"])
def test_an_address_without_a_segment_has_no_identity(path: str) -> None:
    assert identity_of(path) is None


@pytest.mark.parametrize(
    "path",
    ["/" + "A" * 49, "/a%00b", "/%20", "/<script>", "/%FF%00", "/a%0Ab", "/ocpp/.", "/%2E%2E"],
)
def test_unusable_identities_are_refused(path: str) -> None:
    with pytest.raises(BadIdentityError):
        identity_of(path)


def test_the_refusal_says_how_long_an_identity_may_be() -> None:
    with pytest.raises(BadIdentityError, match="60 characters, at most 48"):
        checked("A" * 60)
