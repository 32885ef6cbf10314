"""What the message log shows, and what it never does."""

from __future__ import annotations

import pytest

from csms.gateway import message_log


@pytest.mark.parametrize(
    "frame",
    [
        b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cret"}]',
        b'[2,"1","ChangeConfiguration",{"value":"s3cret","key":"authorizationkey"}]',
        b'[3,"1",{"configurationKey":[{"key":"WifiPassword","readonly":false,"value":"s3cret"}]}]',
        (
            b'[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"s3cret",'
            b'"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}]'
        ),
        (
            b'[2,"1","NotifyReport",{"reportData":[{"component":{"name":"SecurityCtrlr"},'
            b'"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"value":"s3cret"}]}]}]'
        ),
        b'[2,"1","SetNetworkProfile",{"connectionData":{"apn":{"apnPassword":"s3cret"}}}]',
        b'[2,"1","SetNetworkProfile",{"connectionData":{"vpn":{"key":"s3cret","type":"IKEv2"}}}]',
        b'[2,"1","GetDiagnostics",{"location":"ftp://user:s3cret@host/dir"}]',
        b'[2,"1","UpdateFirmware",{"location":"https://s3cret@host/fw.bin"}]',
        b'[2,"1","UpdateFirmware",{"location":"https://host/fw.bin?X-Amz-Signature=s3cret"}]',
        b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cret"',
        b'[2,"1","ChangeConfiguration",{"Key":"AuthorizationKey","Value":"s3cret"}]',
        b'[3,"1","{\\"key\\":\\"AuthorizationKey\\",\\"value\\":\\"s3cret\\"}"]',
        b'[3,"1",{"a":' + b"[" * 900 + b'"s3cret"' + b"]" * 900 + b"}]",
    ],
)
def test_secrets_are_masked(frame: bytes) -> None:
    shown = message_log.masked(frame).decode()

    assert "s3cret" not in shown
    assert message_log.MASK in shown


def test_ordinary_settings_are_shown() -> None:
    frame = b'[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"300"}]'
    assert message_log.masked(frame) == frame


def test_long_frames_are_cut_with_a_sign() -> None:
    assert message_log.shown(b"x" * 100, 10) == "x" * 9 + "…"


def test_what_is_no_text_is_shown_in_a_storable_way() -> None:
    assert message_log.shown(b"a\x00\xff", 10) == "a\ufffd\ufffd"
