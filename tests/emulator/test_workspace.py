"""What a workspace tells of itself."""

from __future__ import annotations

import json

import pytest
from emulator.asking import SUBSCRIPTION, Asker, error, within

from qamctl.emulator.messages import make_request
from qamctl.emulator.targets import Target

SUITE = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Quantum/suiteOffers"


def test_every_provider_tells_its_targets_with_their_size_and_profile() -> None:
    """As today's service does: qubits and profile are in it."""
    found = Asker().json("GET", "providerStatus")
    assert found["nextLink"] is None
    targets = {target["id"]: target for provider in found["value"] for target in provider["targets"]}
    assert {"ionq", "quantinuum", "rigetti"} <= {provider["id"] for provider in found["value"]}
    assert targets["ionq.simulator"] == {
        "id": "ionq.simulator", "currentAvailability": "Available", "averageQueueTime": 2,
        "statusPage": "https://status.ionq.co", "numQubits": 29, "targetProfile": "Base",
    }  # fmt: skip


def test_a_provider_is_as_available_as_the_best_of_its_targets() -> None:
    """And unavailable when all of them are."""
    targets = [Target(f"{p}.{k}", p, 5, "Base", ("qir.v1",), availability=word)
               for p, words in (("a", ("Unavailable", "Degraded")), ("b", ("Unavailable",)))
               for k, word in enumerate(words)]  # fmt: skip
    told = Asker(targets=targets).json("GET", "providerStatus")["value"]
    assert {one["id"]: one["currentAvailability"] for one in told} == {"a": "Degraded", "b": "Unavailable"}


def test_quotas_count_the_jobs_that_are_under_way() -> None:
    """As soon as a job has ended it counts no more."""
    asker = Asker()
    asker.make("one")

    def used() -> dict[str, float]:
        return {one["providerId"]: one["utilization"] for one in asker.json("GET", "quotas")["value"]}

    assert (used()["ionq"], used()["rigetti"]) == (1.0, 0.0)
    asker.clock.sleep(60)
    assert used()["ionq"] == 0.0


def test_usages_tell_the_jobs_that_ended() -> None:
    """By target, of a workspace and of a subscription."""
    asker = Asker()
    asker.make("one")
    asker.clock.sleep(60)
    asker.json("GET", "jobs/one")
    (told,) = asker.json("GET", "quotaUsages?providerId=IonQ")["value"]
    assert (told["targetId"], told["usage"], told["scope"]) == ("ionq.simulator", {"jobs": 1}, "WorkspaceTarget")
    assert error(asker.ask("GET", "quotaUsages")) == (400, "InvalidQueryParameter")
    (told,) = asker.json("GET", "ionq/quotaUsages", workspace=SUITE)["value"]
    assert told["scope"] == "SubscriptionTarget"
    assert asker.json("GET", "rigetti/quotaUsages", workspace=SUITE)["value"] == []


def test_one_provider_of_a_subscription_is_told() -> None:
    """In any case of its name; another one is not found."""
    asker = Asker()
    assert asker.json("GET", "IonQ/providerStatus", workspace=SUITE)["id"] == "ionq"
    assert error(asker.ask("GET", "nobody/providerStatus", workspace=SUITE)) == (404, "ProviderNotFound")


def test_an_address_of_a_blob_opens_that_blob() -> None:
    """For reading and writing, and no other."""
    asker = Asker()
    address = asker.json("POST", "storage/sasUri", {"containerName": "box", "blobName": "a"})["sasUri"]
    assert asker.store("PUT", address, b"x", x_ms_blob_type="BlockBlob").status == 201
    assert asker.store("GET", address).body == b"x"
    assert asker.store("GET", address.replace("/a?", "/b?")).status == 403


@pytest.mark.parametrize("name", [None, "", "A", "a", "x" * 64, "a--b", "-ab", "../x", 7])
def test_a_container_needs_a_proper_name(name: object) -> None:
    """Azure's rule: 3 to 63 lower-case letters, digits and single hyphens."""
    assert error(Asker().ask("POST", "storage/sasUri", {"containerName": name})) == (400, "InvalidProperty")


def test_addresses_are_those_of_whoever_asks() -> None:
    """The loopback host is told its own, Azure's host Azure's, and a fixed one goes before both."""
    asker = Asker()
    assert asker.container("box").startswith("http://127.0.0.1:80/devstoreaccount1/box?")
    url = f"https://eastus.quantum.azure.com/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Quantum"
    body = {"containerName": "box"}
    found = asker.service.handle(
        make_request("POST", f"{url}/workspaces/w/storage/sasUri?api-version=2026-01-15-preview",
                     {"authorization": f"Bearer {asker.service.token}"}, body)
    )  # fmt: skip
    address = json.loads(found.body)["sasUri"]
    assert address.startswith("https://qamctlemulator.blob.core.windows.net/box?")
    assert asker.store("PUT", within(address, "a"), b"x", x_ms_blob_type="BlockBlob").status == 201
    fixed = Asker(base_url="https://elsewhere/account")
    assert fixed.container("box").startswith("https://elsewhere/account/box?")
