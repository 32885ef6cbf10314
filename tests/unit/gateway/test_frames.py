"""Reading frames that are not quite JSON, and saving what can be saved of broken ones."""

from __future__ import annotations

import time

import pytest

from csms.gateway import frames
from csms.gateway.frames import Head, UnreadableFrameError


@pytest.mark.parametrize(
    "text",
    [
        b'[2,"1","Heartbeat",{}]',
        b'\xef\xbb\xbf[2,"1","Heartbeat",{}]',
        b'[2,"1","Heartbeat",{}]\x00\x00',
        b' \r\n[2, "1", "Heartbeat", {}]\r\n',
    ],
)
def test_padding_around_a_frame_is_ignored(text: bytes) -> None:
    assert frames.parse(text, 32) == [2, "1", "Heartbeat", {}]


def test_raw_control_characters_in_a_text_are_read() -> None:
    assert frames.parse(b'["a\x07b"]', 32) == ["a\x07b"]


def test_bad_utf8_becomes_replacement_characters() -> None:
    assert frames.parse(b'["Stra\xdfe"]', 32) == ["Stra\ufffde"]


def test_nul_is_taken_out_because_no_database_stores_it() -> None:
    assert frames.parse(b'[{"a\\u0000":"x\\u0000y"}]', 32) == [{"a": "xy"}]


def test_half_characters_are_replaced() -> None:
    assert frames.parse(b'["\\ud800"]', 32) == ["?"]


def test_text_that_is_no_json_is_unreadable() -> None:
    with pytest.raises(UnreadableFrameError):
        frames.parse(b"hello", 32)


@pytest.mark.parametrize("levels", [33, 2_000, 100_000])
def test_deep_nesting_is_unreadable_and_quickly_so(levels: int) -> None:
    began = time.process_time()
    with pytest.raises(UnreadableFrameError):
        frames.parse(b"[" * levels + b"]" * levels, 32)
    assert time.process_time() - began < 1.0


def test_many_flat_brackets_are_no_deep_nesting() -> None:
    assert len(frames.parse(b"[" + b",".join([b"{}"] * 100) + b"]", 32)) == 100


@pytest.mark.parametrize(
    ("text", "head"),
    [
        (b'[3,"ab-1",{"configurationKey":[]', Head(3, "ab-1", None)),
        (b'[2,"1","BootNotification",{"charge', Head(2, "1", "BootNotification")),
        (b' [ 2 , "1" , "Heartbeat" , {', Head(2, "1", "Heartbeat")),
        (b'[2,17,"Heartbeat",{', Head(2, 17, "Heartbeat")),
        (b'[4,"x"', Head(4, "x", None)),
        (b'[2,"a\\"b","Heartbeat",{', Head(2, 'a"b', "Heartbeat")),
    ],
)
def test_the_message_id_of_a_truncated_frame_is_recovered(text: bytes, head: Head) -> None:
    assert frames.recover_head(text) == head


@pytest.mark.parametrize("text", [b"", b"hello", b"[2,", b'[2,"cut', b'[9,"1","X"', b'{"a":1}'])
def test_where_no_id_can_be_read_none_is_made_up(text: bytes) -> None:
    assert frames.recover_head(text) is None


def test_a_truncated_frame_is_completed_up_to_its_last_whole_value() -> None:
    text = b'[2,"1","StopTransaction",{"transactionId":5,"meterStop":10,"data":[{"v":"1"},{"v":"2'

    assert frames.completed(text, 32) == [
        2,
        "1",
        "StopTransaction",
        {"transactionId": 5, "meterStop": 10, "data": [{"v": "1"}]},
    ]


@pytest.mark.parametrize("text", [b'"\\' * 100_000, b"[" * 200_000, b'[2,"x",' + b"[1," * 60_000])
def test_hostile_frames_are_completed_in_linear_time(text: bytes) -> None:
    began = time.process_time()
    frames.completed(text, 32)
    assert time.process_time() - began < 1.0


def test_what_is_sent_is_compact() -> None:
    assert frames.call("1", "Reset", {"type": "Soft"}) == b'[2,"1","Reset",{"type":"Soft"}]'


def test_an_error_description_is_cut_to_what_ocpp_allows() -> None:
    text = frames.call_error("1", "GenericError", "x" * 400)
    assert text == b'[4,"1","GenericError","' + b"x" * 255 + b'",{}]'


@pytest.mark.parametrize("padding", [b"", b"\x00"])
@pytest.mark.parametrize("message_id", [b"9" * 19, b"9" * 20, b"9" * 300, b"-" + b"9" * 25, b"NaN"])
def test_whatever_is_read_as_a_message_id_can_be_echoed(message_id: bytes, padding: bytes) -> None:
    frame = frames.parse(b"[2," + message_id + b',"Heartbeat",{}]' + padding, 32)

    assert frames.call_result(frame[1], {}).startswith(b"[3,")


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ('{"a":1,}', {"a": 1}),
        ('{"a":[1,,2,],}', {"a": [1, 2]}),
        ("{'a':'it\\'s'}", {"a": "it's"}),
        ('{a:1,_b:{c:"x"}}', {"a": 1, "_b": {"c": "x"}}),
        ('{"a":True,"b":NONE,"c":undefined}', {"a": True, "b": None, "c": None}),
        ('{"a":+5,"b":.5,"c":5.,"d":007,"e":-.5,"f":0x1F}', None),
        ('{"meterStop":12,5}', {"meterStop": 12.5}),
        ('{"meterStop":-12,05,"b":[1,2]}', {"meterStop": -12.05, "b": [1, 2]}),
    ],
)
def test_slips_whose_meaning_is_clear_are_read(text: str, payload: object) -> None:
    if payload is None:
        payload = {"a": 5, "b": 0.5, "c": 5, "d": 7, "e": -0.5, "f": 31}
    for frame in (f'[2,"1","X",{text}]', f'[2,"1","X",{text},]', f'[2,"1","X",{text}],'):
        assert frames.parse(frame.encode(), 32) == [2, "1", "X", payload]


@pytest.mark.parametrize("text", ["{a:b}", '{"a":}', '{"a" 1}', '{"a":1', "{", '{"a":"b}', "{]"])
def test_slips_whose_meaning_is_not_clear_are_not_guessed(text: str) -> None:
    with pytest.raises(frames.UnreadableFrameError):
        frames.parse(f'[2,"1","X",{text}]'.encode(), 32)


@pytest.mark.parametrize("between", [b"", b"\n", b" , ", b"\0"])
def test_frames_side_by_side_are_separated(between: bytes) -> None:
    one, other, cut = b'[2,"1","X",{"a":"]["}]', b'[3,"2",{}]', b'[2,"3","X",{"b":'
    assert frames.separated(between.join((one, other, cut))) == [one, other, cut]


@pytest.mark.parametrize("text", [b"", b"hello", b'[2,"1","X",{"a":1', b'[2,"1","X",{}]]]', b"]["])
def test_a_single_frame_is_left_as_it_is(text: bytes) -> None:
    assert frames.separated(text) == [text]


@pytest.mark.parametrize(
    "text", [b"'\\" * 60_000, b"[" * 200_000, b"[]" * 100_000, b"{a:" * 60_000]
)
def test_hostile_frames_are_separated_and_tidied_in_linear_time(text: bytes) -> None:
    began = time.process_time()
    frames.separated(text)
    with pytest.raises(frames.UnreadableFrameError):
        frames.parse(text, 32)
    assert time.process_time() - began < 1.5
