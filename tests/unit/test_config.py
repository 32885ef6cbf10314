"""Settings: where they come from, which one wins, and errors that say what to do."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from csms.config import Settings, SettingsError, describe, load


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(environment: dict[str, str], config_file: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environment, config_file)
    return caught.value.problems


def test_without_any_setting_the_defaults_apply() -> None:
    assert load({}) == Settings()


def test_a_variable_wins_over_the_file_and_the_file_over_the_default() -> None:
    Path("csms.toml").write_text("ocpp_port = 9001\napi_port = 8081\n")
    settings = load({"CSMS_OCPP_PORT": "9002"})
    assert (settings.ocpp_port, settings.api_port) == (9002, 8081)


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"CSMS_DATABASE_URL": "", "CSMS_CONFIG": ""}) == Settings()


def test_variables_of_others_are_ignored() -> None:
    assert load({"PATH": "/bin", "XCSMS_OCPP_PORT": "x"}) == Settings()


def test_the_file_can_be_named_by_variable_or_argument(tmp_path: Path) -> None:
    for name, port in (("by-variable.toml", 1), ("by-argument.toml", 2)):
        (tmp_path / name).write_text(f"ocpp_port = {port}\n")
    by_variable = {"CSMS_CONFIG": "by-variable.toml"}
    assert load(by_variable).ocpp_port == 1
    assert load(by_variable, Path("by-argument.toml")).ocpp_port == 2


def test_paths_in_a_file_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "csms.toml").write_text('data_dir = "store"\n')
    assert load({}, tmp_path / "etc" / "csms.toml").data_dir == tmp_path / "etc" / "store"


@pytest.mark.parametrize("written", ["true", "True", "yes", "on", "1"])
def test_a_flag_can_be_switched_on(written: str) -> None:
    assert load({"CSMS_METRICS_PUBLIC": written}).metrics_public is True


@pytest.mark.parametrize("written", ["false", "FALSE", "no", "off", "0"])
def test_a_flag_can_be_switched_off(written: str) -> None:
    assert load({"CSMS_METRICS_PUBLIC": written}).metrics_public is False


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://csms:secret@db.example.org:5432/csms",
        "postgres://csms@[::1]/csms?sslmode=require",
        "postgresql+asyncpg://csms@db/csms",
        "postgresql://csms@/csms?host=/run/postgresql",
    ],
)
def test_postgresql_urls_of_all_fashions_are_taken(url: str) -> None:
    assert load({"CSMS_DATABASE_URL": url}).database_url == url


def test_port_0_means_any_free_one() -> None:
    assert load({"CSMS_OCPP_PORT": "0", "CSMS_API_PORT": "0"}).ocpp_port == 0


def test_an_error_names_the_variable_its_value_and_what_is_allowed() -> None:
    (problem,) = problems({"CSMS_OCPP_PORT": "90000"})
    assert problem == (
        "CSMS_OCPP_PORT: '90000' is not allowed; "
        "expected a port (0 takes any free one) from 0 to 65535"
    )


def test_an_error_names_the_file_and_the_key() -> None:
    Path("csms.toml").write_text('unknown_charge_points = "maybe"\n')
    (problem,) = problems({})
    assert problem == (
        "csms.toml: unknown_charge_points: 'maybe' is not allowed; "
        "expected pending or accept or reject"
    )


def test_all_errors_are_told_at_once() -> None:
    Path("csms.toml").write_text('api_port = "x"\nheartbeat_interval = 0\n')
    told = problems({"CSMS_LOG_LEVEL": "loud", "CSMS_OCPP_TLS_PORT": "9443"})
    assert [problem.split(" is ")[0] for problem in told] == [
        "csms.toml: api_port: 'x'",
        "csms.toml: heartbeat_interval: 0",
        "CSMS_LOG_LEVEL: 'loud'",
        "CSMS_OCPP_TLS_PORT",
        "CSMS_OCPP_TLS_PORT",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CSMS_OCPP_PORT", "9000.5"),
        ("CSMS_OCPP_PORT", "-1"),
        ("CSMS_OCPP_PORT", "9" * 5000),
        ("CSMS_OCPP_HOST", "two words"),
        ("CSMS_OCPP_HOST", "bogus..host"),
        ("CSMS_CALL_TIMEOUT", "nan"),
        ("CSMS_CALL_TIMEOUT", "0"),
        ("CSMS_METRICS_PUBLIC", "maybe"),
        ("CSMS_OCPP_TLS_KEY", "no-such-file.pem"),
        ("CSMS_DATABASE_URL", "sqlite:///csms.db"),
        ("CSMS_DATABASE_URL", "postgresql://db"),
        ("CSMS_DATABASE_URL", "postgresql:///csms"),
        ("CSMS_DATABASE_URL", "postgresql://db:port/csms"),
        ("CSMS_RECEIPT_URL", "https://pay.example.org/r"),
        ("CSMS_DATA_DIR", "x" * 5000),
        ("CSMS_OCPP_TLS_KEY", "x" * 5000),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(name: str, value: str) -> None:
    assert problems({name: value})[0].startswith(f"{name}: ")


@pytest.mark.parametrize(
    "line", ["ocpp_port = true", "ocpp_port = 9000.0", "metrics_public = 2", "ocpp_host = 4.5e300"]
)
def test_a_toml_value_of_the_wrong_type_is_refused(line: str) -> None:
    Path("csms.toml").write_text(line)
    assert "is not allowed" in problems({})[0]


def test_a_wrong_database_url_is_never_repeated() -> None:
    (problem,) = problems({"CSMS_DATABASE_URL": "mysql://root:hunter2@db/csms"})
    assert problem == (
        "CSMS_DATABASE_URL: 'mysql://...' is not allowed; "
        "expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    )


def test_a_misspelt_variable_is_an_error_with_a_suggestion() -> None:
    assert problems({"CSMS_OCCP_PORT": "9000"}) == [
        "CSMS_OCCP_PORT: there is no such setting; did you mean CSMS_OCPP_PORT?"
    ]


def test_a_misspelt_key_is_an_error_with_a_suggestion() -> None:
    Path("csms.toml").write_text("ocpp-port = 9000\n")
    assert problems({}) == [
        "csms.toml: ocpp-port: there is no such setting; did you mean ocpp_port?"
    ]


def test_a_variable_in_small_letters_is_pointed_out() -> None:
    assert problems({"CSMS_ocpp_port": "9000"})[0].endswith("did you mean CSMS_OCPP_PORT?")


def test_a_file_that_was_asked_for_must_exist() -> None:
    assert problems({"CSMS_CONFIG": "gone.toml"}) == [
        "gone.toml: there is no such configuration file"
    ]


def test_a_file_that_is_not_toml_is_an_error_with_the_line() -> None:
    Path("csms.toml").write_text("ocpp_port: 9000\n")
    assert "csms.toml: is not valid TOML" in problems({})[0]
    assert "line 1" in problems({})[0]


def test_a_file_that_is_not_text_is_an_error() -> None:
    Path("csms.toml").write_bytes(b"\xff\xfe")
    assert problems({})[0].startswith("csms.toml: is not valid TOML")


def test_tls_needs_certificate_and_key() -> None:
    assert problems({"CSMS_OCPP_TLS_PORT": "9443"}) == [
        "CSMS_OCPP_TLS_PORT is set, so CSMS_OCPP_TLS_CERTIFICATE must be set as well",
        "CSMS_OCPP_TLS_PORT is set, so CSMS_OCPP_TLS_KEY must be set as well",
    ]


def test_a_certificate_without_a_port_would_do_nothing(tmp_path: Path) -> None:
    (tmp_path / "c.pem").touch()
    assert problems({"CSMS_OCPP_TLS_CERTIFICATE": "c.pem"}) == [
        "CSMS_OCPP_TLS_CERTIFICATE is set, so CSMS_OCPP_TLS_PORT must be set as well"
    ]


def test_two_listeners_can_not_share_a_port() -> None:
    assert problems({"CSMS_API_PORT": "9000"}) == [
        "CSMS_API_PORT: 9000 is taken by CSMS_OCPP_PORT already"
    ]


def test_every_setting_is_described() -> None:
    described = list(describe())
    assert [each.variable for each in described] == [
        f"CSMS_{each.name.upper()}" for each in fields(Settings)
    ]
    assert all(each.about and each.allowed for each in described)


def test_networks_are_a_list_in_the_environment_and_an_array_in_the_file() -> None:
    networks = (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))
    assert load({"CSMS_PRIVATE_NETWORKS": "127.0.0.0/8, fd00::/8"}).private_networks == networks
    Path("csms.toml").write_text('private_networks = ["127.0.0.0/8", "fd00::/8"]\n')
    assert load({}).private_networks == networks
    (problem,) = problems({"CSMS_PRIVATE_NETWORKS": "127.0.0.1/8"})
    assert "expected networks such as 127.0.0.0/8" in problem
