"""The settings file is read strictly, and what is wrong is told with its place."""

import json
from pathlib import Path

import pytest

from moorage_operator.settings import SettingsError, read_settings

POD = {"POD_NAME": "operator-a", "POD_IP": "10.0.0.1", "POD_NAMESPACE": "system"}


def _file(folder: Path, **members: object) -> Path:
    path = folder / "settings.json"
    path.write_text(json.dumps({"gatewayImage": "moorage/gateway:1", **members}))
    return path


def test_the_pod_and_the_service_names_follow_from_it(tmp_path: Path) -> None:
    settings = read_settings(_file(tmp_path, clusterDomain="corp.local"), POD)
    assert settings.pod.holder == "operator-a_10.0.0.1"
    assert settings.certificate_names() == (
        "moorage-operator.system.svc",
        "moorage-operator.system.svc.corp.local",
    )
    installation = settings.installation("PEM")
    assert installation.report_url == "wss://moorage-operator.system.svc:8443/report"
    assert installation.report_server_name in settings.certificate_names()


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"gatewayimage": "x"}, "gatewayimage"),
        ({"keyRotationDays": 0}, "keyRotationDays"),
        ({"watchNamespaces": "agents"}, "watchNamespaces"),
        ({"metricsPort": 70000}, "metricsPort"),
        ({"logLevel": "chatty"}, "logLevel"),
    ],
)
def test_a_wrong_member_is_named(tmp_path: Path, members: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings(_file(tmp_path, **members), POD)


def test_a_missing_file_and_a_missing_namespace_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--settings"):
        read_settings(tmp_path / "absent.json", POD)
    with pytest.raises(SettingsError, match="POD_NAMESPACE"):
        read_settings(_file(tmp_path), {})
