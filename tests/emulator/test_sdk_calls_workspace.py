"""The SDK's workspace as its documentation has it: what it is, what it offers, what it lists, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from emulator.asking import BELL_LL, KEY, SUBSCRIPTION
from support.sdk_room import QIR, SLOW, Room, room, submit, uses

from qamctl.emulator.targets import TARGETS


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    """An emulator for all of them."""
    with room() as found:
        yield found


@pytest.fixture(scope="module")
def history(here: Room) -> Any:
    """A workspace with jobs and sessions of three days, the last of which waits."""
    workspace = here.workspace("history")
    here.clock.move(days=-2)
    submit(workspace, name="alpha-1")
    submit(workspace, name="alpha-2", target="ionq.simulator")
    old = workspace.get_targets("ionq.simulator").open_session(name="old")
    old.close()
    here.clock.move(days=1)
    submit(workspace, b"garbage", name="beta", target="ionq.simulator")
    workspace.get_targets("rigetti.sim.qvm").open_session(name="young")
    here.clock.move(days=1)
    workspace.cancel_job(submit(workspace, name="gamma", target=SLOW))
    here.clock.move(minutes=2)
    submit(workspace, name="delta", target=SLOW)
    return workspace


@pytest.fixture(scope="module")
def many(here: Room) -> tuple[Any, list[str]]:
    """A workspace with 205 jobs that wait, all with the same input, and their ids."""
    from azure.quantum import Job

    workspace = here.workspace("many")
    container = workspace.get_container_uri(job_id="many")
    uri = Job.upload_input_data(container_uri=container, input_data=BELL_LL)
    ids = [f"00000000-0000-4000-8000-{k:012d}" for k in range(205)]
    place = {"container_uri": container, "input_data_uri": uri, "target": SLOW, "provider_id": "rigetti"}
    formats = {key: QIR[key] for key in ("input_data_format", "output_data_format")}
    for k, id in enumerate(ids):
        Job.from_storage_uri(workspace, name=f"n{k % 2}", job_id=id, **place, **formats)
    return workspace, ids


def names(items: Any) -> list[str]:
    """Of jobs and sessions, or of their details."""
    return [getattr(item, "details", item).name for item in items]


@uses(
    "Workspace subscription_id resource_group name location credential",
    "Workspace.subscription_id", "Workspace.resource_group", "Workspace.name", "Workspace.location",
    "Workspace.credential", "Workspace.storage",
)  # fmt: skip
def test_a_workspace_tells_what_it_was_given(here: Room) -> None:
    """A region by the name that people write is told by the name that Azure writes."""
    from azure.core.credentials import AzureKeyCredential
    from azure.quantum import Workspace

    key, inner = AzureKeyCredential(KEY), {"_quantum_endpoint": here.url, "_from_connection_string": True}
    made = Workspace(SUBSCRIPTION, "rg", "ws1", location="East US", credential=key, **inner)
    assert (made.subscription_id, made.resource_group, made.name) == (SUBSCRIPTION, "rg", "ws1")
    assert (made.location, made.credential.key, made.storage) == ("eastus", KEY, None)
    assert made.list_jobs() == []


@uses("Workspace.user_agent", "Workspace.append_user_agent")
def test_what_a_workspace_calls_itself_is_sent(here: Room) -> None:
    """In front of the SDK's own name, with whatever is added."""
    workspace = here.workspace(user_agent="mine")
    workspace.append_user_agent("more")
    workspace.get_quotas()
    told = here.sent().header("user-agent")
    assert told.startswith("mine")
    assert workspace.user_agent in told
    assert "more" in workspace.user_agent
    assert "azsdk-python-quantum" in told


@uses("Workspace.get_targets name provider_id", "Workspace.get_targets")
def test_targets_are_offered_as_objects_of_their_providers(here: Room) -> None:
    """All of them as a list, one by its name as an object, some by their provider."""
    from azure.quantum.target import IonQ, Quantinuum, Target
    from azure.quantum.target.pasqal import Pasqal
    from azure.quantum.target.rigetti import Rigetti

    workspace = here.workspace()
    kinds = {"ionq": IonQ, "quantinuum": Quantinuum, "rigetti": Rigetti, "pasqal": Pasqal}
    every = workspace.get_targets()
    assert [target.name for target in every] == [target.id for target in TARGETS if target.provider in kinds]
    assert all(type(target) is kinds[target.provider_id] for target in every)
    assert type(workspace.get_targets("ionq.simulator")) is IonQ
    assert type(workspace.get_targets(name="acme.machine")) is Target
    some = workspace.get_targets(provider_id="rigetti")
    assert [target.name for target in some] == ["rigetti.sim.qvm", SLOW]
    assert workspace.get_targets(name="ionq.simulator", provider_id="rigetti") == []


@uses("Workspace.get_quotas")
def test_quotas_tell_what_is_used() -> None:
    """Jobs that are under way, of each provider."""
    with room() as own:
        workspace = own.workspace()

        def used() -> float:
            quotas = {quota["providerId"]: quota for quota in workspace.get_quotas()}
            assert quotas["rigetti"].keys() >= {"dimension", "scope", "utilization", "holds", "limit", "period"}
            assert quotas["rigetti"]["scope"] in ("Workspace", "Subscription")
            return float(quotas["rigetti"]["utilization"])

        assert used() == 0
        submit(workspace, target=SLOW)
        assert used() == 1
        own.clock.move(hours=3)
        assert used() == 0


@uses("Workspace.get_container_uri job_id container_name container_name_format", "Workspace.get_container_uri")
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "ws1-data"),
        ({"job_id": "j1"}, "job-j1"),
        ({"job_id": "j1", "container_name_format": "mine-{job_id}"}, "mine-j1"),
        ({"container_name": "box"}, "box"),
    ],
)
def test_a_container_is_made_where_it_is_asked_for(here: Room, asked: dict[str, str], told: str) -> None:
    """Under the name that follows from the arguments, with an address that opens it."""
    from azure.storage.blob import ContainerClient

    workspace = here.workspace()
    found = [workspace.get_container_uri(**one) for one in (asked, {"job_id": "j1", "container_name": "box"})]
    workspace.get_container_uri(job_id="x", container_name_format="a{job_id}b")
    workspace.get_container_uri()
    assert found[0].partition("?")[0] == f"{here.url}devstoreaccount1/{told}"
    client = ContainerClient.from_container_url(found[0])
    assert client.exists()
    client.upload_blob("x", b"data", overwrite=True)
    assert [blob.name for blob in client.list_blobs()] == ["x"]


@uses("Workspace.__enter__", "Workspace.__exit__", "Workspace.close")
def test_a_workspace_is_closed_with_its_block(here: Room) -> None:
    """Then it asks nothing more."""
    with here.workspace() as workspace:
        assert workspace.get_targets("ionq.simulator").name == "ionq.simulator"
    other = here.workspace()
    assert other.get_quotas()
    other.close()
    for closed in (workspace, other):
        with pytest.raises(ValueError, match="closed"):
            closed.get_quotas()


#: What listings of jobs are asked for, by the days from now where it is a date -> what is listed.
JOBS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["alpha-1", "alpha-2", "beta", "gamma", "delta"]),
    ({"name_match": "alpha"}, ["alpha-1", "alpha-2"]),
    ({"name_match": "lpha"}, []),
    ({"job_type": ["QuantumComputing"], "name_match": "a"}, ["alpha-1", "alpha-2"]),
    ({"job_type": ["Optimization"]}, []),
    ({"provider": ["ionq"]}, ["alpha-2", "beta"]),
    ({"provider": ["ionq", "rigetti"], "target": [SLOW, "ionq.simulator"]}, ["alpha-2", "beta", "gamma", "delta"]),
    ({"status": ["Failed"]}, ["beta"]),
    ({"status": ["Succeeded", "Cancelled"]}, ["alpha-1", "alpha-2", "gamma"]),
    ({"created_after": -1}, ["beta", "gamma", "delta"]),
    ({"created_before": -1}, ["alpha-1", "alpha-2"]),
    ({"created_after": -1, "created_before": 0, "provider": ["ionq"]}, ["beta"]),
    ({"orderby_property": "Name", "is_asc": False}, ["gamma", "delta", "beta", "alpha-2", "alpha-1"]),
    ({"orderby_property": "Target"}, ["alpha-2", "beta", "gamma", "delta", "alpha-1"]),
]


def dated(here: Room, asked: dict[str, Any]) -> dict[str, Any]:
    """The same, with dates: the service takes their day, at whose beginning (UTC) it begins or ends."""
    days: Callable[[Any], datetime] = here.clock.today
    return {key: days(value) if key.startswith("created") else value for key, value in asked.items()}


LISTED = "name_match job_type provider target status created_after created_before orderby_property is_asc"


@uses(f"Workspace.list_jobs {LISTED}", "Workspace.list_jobs")
def test_jobs_are_listed_by_each_filter(here: Room, history: Any) -> None:
    """Alone and together; names by their beginning, whatever the documentation says of expressions."""
    for asked, told in JOBS:
        assert names(history.list_jobs(**dated(here, asked))) == told, asked


@uses(f"Workspace.list_jobs_paginated {LISTED} skip top")
def test_pages_of_jobs_are_listed_by_each_filter(here: Room, history: Any) -> None:
    """As many on a page as asked for, after those that are skipped."""
    for asked, told in JOBS:
        pages = [names(page) for page in history.list_jobs_paginated(**dated(here, asked), skip=1, top=2).by_page()]
        assert pages == [told[k : k + 2] for k in range(1, len(told), 2)] or (pages == [[]] and len(told) < 2)


#: What listings of jobs and sessions are asked for -> what is listed.
ITEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["alpha-1", "alpha-2", "old", "beta", "young", "gamma", "delta"]),
    ({"name_match": "o"}, ["old"]),
    ({"item_type": ["Session"]}, ["old", "young"]),
    ({"item_type": ["Job"], "provider": ["ionq"]}, ["alpha-2", "beta"]),
    ({"job_type": ["QuantumComputing"], "target": ["ionq.simulator"]}, ["alpha-2", "beta"]),
    ({"target": ["ionq.simulator"]}, ["alpha-2", "old", "beta"]),
    ({"status": ["Waiting"]}, ["young", "delta"]),
    ({"created_after": -1}, ["beta", "young", "gamma", "delta"]),
    ({"created_before": -1}, ["alpha-1", "alpha-2", "old"]),
    ({"orderby_property": "CreationTime", "is_asc": False, "item_type": ["Session"]}, ["young", "old"]),
]


@uses(f"Workspace.list_top_level_items item_type {LISTED}", "Workspace.list_top_level_items")
def test_items_are_listed_by_each_filter(here: Room, history: Any) -> None:
    """Jobs as jobs, sessions as sessions."""
    from azure.quantum import ItemType, Job, Session

    for asked, told in ITEMS:
        assert names(history.list_top_level_items(**dated(here, asked))) == told, asked
    kinds = {item.details.name: (type(item), item.item_type) for item in history.list_top_level_items()}
    assert (kinds["old"], kinds["beta"]) == ((Session, ItemType.SESSION), (Job, ItemType.JOB))


@uses(f"Workspace.list_top_level_items_paginated item_type {LISTED} skip top")
def test_pages_of_items_are_listed_by_each_filter(here: Room, history: Any) -> None:
    """The last page ends the list."""
    for asked, told in ITEMS:
        found = names(history.list_top_level_items_paginated(**dated(here, asked), skip=1, top=3))
        assert found == told[1:], asked


@uses("Workspace.list_jobs orderby_property is_asc", "Workspace.list_top_level_items orderby_property is_asc")
@pytest.mark.parametrize("name", ["Name", "ItemType", "JobType", "ProviderId", "Target", "State", "CreationTime"])
def test_lists_are_in_the_order_of_each_property(history: Any, name: str) -> None:
    """Both ways; another property is refused before anything is sent."""
    key = {"ItemType": "item_type", "ProviderId": "provider_id", "State": "status", "CreationTime": "creation_time"}
    attribute = key.get(name, name.lower())
    for listed in (history.list_jobs, history.list_top_level_items):
        up = listed(orderby_property=name, is_asc=True)
        down = listed(orderby_property=name, is_asc=False)
        if name != "JobType":  # of all jobs the same, of sessions none
            told = [getattr(item.details, attribute) for item in up]
            assert told == sorted(told)
            assert [getattr(item.details, attribute) for item in down] == sorted(told, reverse=True)
        assert sorted(names(up)) == sorted(names(down)) == sorted(names(listed()))
        with pytest.raises(ValueError, match="Invalid orderby property: Shots"):
            listed(orderby_property="Shots")


@uses("Workspace.list_jobs name_match", "Workspace.list_jobs_paginated skip top")
def test_more_jobs_than_a_page_holds_are_all_listed(here: Room, many: tuple[Any, list[str]]) -> None:
    """A page has 100 at most; the next ones are asked for, and no job is told twice or left out."""
    workspace, wanted = many
    before = here.service.requests["GET jobs"]
    assert [job.id for job in workspace.list_jobs()] == wanted
    assert here.service.requests["GET jobs"] - before == 3
    assert [job.id for job in workspace.list_jobs(name_match="n1")] == wanted[1::2]
    pages = workspace.list_jobs_paginated(skip=5, top=150).by_page()
    assert [[details.id for details in page] for page in pages] == [wanted[5:105], wanted[105:]]


@uses("Workspace.get_job", "Workspace.get_session", "Workspace.cancel_job", "Workspace.delete_job",
      "Workspace.update_job name", "Workspace.list_session_jobs", "Job.submit")  # fmt: skip
def test_what_is_not_there_is_not_found(here: Room) -> None:
    """404 with a code that says what; and a job is not found in another workspace."""
    from azure.core.exceptions import ResourceNotFoundError

    job, other = submit(here.workspace("one")), here.workspace("other")
    asked: list[Callable[[], Any]] = [
        lambda: other.get_job(job.id),
        lambda: other.cancel_job(job),
        lambda: other.delete_job(job),
        lambda: other.update_job(job, name="x"),
    ]
    for ask in asked:
        with pytest.raises(ResourceNotFoundError, match="JobNotFound") as caught:
            ask()
        assert caught.value.status_code == 404
    for ask in (lambda: other.get_session("s"), lambda: other.list_session_jobs("s")):
        with pytest.raises(ResourceNotFoundError, match="SessionNotFound"):
            ask()
    job.details.session_id = "s"
    with pytest.raises(ResourceNotFoundError, match="SessionNotFound"):
        job.submit()


@uses("Workspace.submit_job", "Job.from_storage_uri submit_job", "Workspace.get_targets")
def test_what_makes_no_sense_is_refused_with_its_reason(here: Room) -> None:
    """A target that there is not, and an id that there is already."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
    from azure.quantum import Job

    workspace = here.workspace("refusing")
    made = submit(workspace)
    details = {"provider_id": "ionq", "input_data_uri": made.details.input_data_uri, "submit_job": False}
    formats = {key: QIR[key] for key in ("input_data_format", "output_data_format")}
    job = Job.from_storage_uri(workspace, "x", "ionq.qpu.none", **details, **formats)
    with pytest.raises(HttpResponseError, match=r"InvalidJobDefinition.*ionq\.qpu\.none"):
        workspace.submit_job(job)
    assert names(workspace.list_jobs()) == ["bell"]
    with pytest.raises(HttpResponseError, match="JobAlreadyExists"):
        workspace.submit_job(made)
    with pytest.raises(ClientAuthenticationError):
        here.workspace(key="wrong").get_targets()
