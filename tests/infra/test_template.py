"""infra/main.bicep is held to the code: settings, queues, table, roles, secrets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from shared import routes
from shared.ledger.ledger import TABLE
from shared.settings import env_name, named_settings, read_settings
from shared.storage.queues import INBOUND_QUEUE, POISON_OF_LANE, QUEUE_OF_LANE
from tests.infra.template import (
    ALERTS,
    CHECKOUT,
    MAIN,
    app_settings,
    example,
    resources,
    secure_parameters,
    template,
    variable,
)
from tests.infra.triggers import function_names, triggers

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST: Final = json.loads((CHECKOUT / "host.json").read_text())
STORAGE: Final = "Microsoft.Storage/storageAccounts"
SETTINGS: Final = {env_name(setting): setting.metadata for setting in named_settings()}
# The app is one identity, so that a connection string, which holds a key, has no place.
NEVER_IN_AZURE: Final = {"MESSAGE_STORAGE"}
# Set by the platform itself: https://learn.microsoft.com/azure/app-service/reference-app-settings
BY_THE_PLATFORM: Final = {"PUBLIC_BASE_URL"}
ROLES: Final = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": ("storage", "Storage Blob Data Owner"),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": ("storage", "Storage Queue Data Contributor"),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ("storage", "Storage Table Data Contributor"),
    "4633458b-17de-408a-b874-0445c86b69e6": ("vault", "Key Vault Secrets User"),
    "3913510d-42f4-4e42-8a64-420c390055eb": ("insights", "Monitoring Metrics Publisher"),
}
# https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
NOT_IN_FLEX: Final = {
    "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "FUNCTIONS_WORKER_PROCESS_COUNT", "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED",
    "SCM_DO_BUILD_DURING_DEPLOYMENT", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTOVERVNET", "WEBSITE_CONTENTSHARE", "WEBSITE_DNS_SERVER",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_NODE_DEFAULT_VERSION",
    "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_SKIP_CONTENTSHARE_VALIDATION", "WEBSITE_VNET_ROUTE_ALL",
}  # fmt: skip

# Of a site's configuration, newer regions refuse what does not belong to Flex Consumption, error
# 51021: FtpsState, LinuxFxVersion, NetFrameworkVersion, Use32BitWorkerProcess and others. Known to
# be taken are these: https://learn.microsoft.com/answers/questions/2277522
OF_FLEX: Final = {"minTlsVersion", "http20Enabled"}
# Properties that Azure publishes for each type and version; the whole list is published at
# https://github.com/Azure/bicep-types-az. Bicep 0.49.2 compiled the template with these versions.
PUBLISHED: Final = json.loads((CHECKOUT / "tests" / "infra" / "arm_properties.json").read_text())
OF_BICEP: Final = {"dependsOn", "parent", "scope"}


def test_every_required_setting_is_set() -> None:
    """What the code cannot do without is in the template or comes from the platform."""
    required = {name for name, setting in SETTINGS.items() if setting["required"]}
    assert required <= app_settings().keys() | example("secrets") | BY_THE_PLATFORM


def test_every_setting_of_the_template_is_read_by_somebody() -> None:
    """A setting is one of the code's, of the host's storage, or of telemetry."""
    ours = {
        name
        for name in app_settings()
        if not name.startswith(("AzureWebJobs", "APPLICATIONINSIGHTS_", "OTEL_"))
    }
    assert ours <= SETTINGS.keys()
    assert not NOT_IN_FLEX & app_settings().keys()


def test_the_settings_of_the_template_are_accepted_by_the_code() -> None:
    """With values of the right form in the template's places, the code reads its settings."""
    values = {name: "https://account.example.net/" for name in app_settings() if "Uri" in name} | {
        "MESSAGE_STORAGE__credential": app_settings()["MESSAGE_STORAGE__credential"],
        "MESSAGE_STORAGE__clientId": "00000000-0000-0000-0000-000000000000",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "token",
        "WEBSITE_HOSTNAME": "app.azurewebsites.net",
    }
    settings = read_settings(values)
    assert settings.message_storage is None
    assert settings.public_base_url == "https://app.azurewebsites.net"


def test_the_trigger_and_the_sdk_use_the_same_settings() -> None:
    """Every trigger's connection is given by identity: both services, credential, client id."""
    connections = {binding["connection"] for binding in triggers("queueTrigger")}
    assert connections == {"MESSAGE_STORAGE"}
    for prefix in (*connections, "AzureWebJobsStorage"):
        given = {
            name.removeprefix(f"{prefix}__")
            for name in app_settings()
            if name.startswith(f"{prefix}__")
        }
        assert given >= {"queueServiceUri", "tableServiceUri", "credential", "clientId"}
        assert "accountName" not in given
        assert prefix not in app_settings()


def test_every_secret_reaches_the_app_as_a_reference() -> None:
    """Every secret of the code is in the example's `secrets`; others are never given as such."""
    secret = {name for name, setting in SETTINGS.items() if setting["secret"]} - NEVER_IN_AZURE
    assert example("secrets") == secret
    assert not example("settings") & secret
    assert not app_settings().keys() & secret


def test_no_secret_is_awaited_that_has_come() -> None:
    """A secret that the code has begun to read is no longer excused."""


def test_a_secret_goes_nowhere_but_into_the_vault() -> None:
    """Its value is a vault secret's; the app is given that secret's name."""
    assert secure_parameters() == {"secrets"}
    assert [path for path, _ in _mentions(template(MAIN), {"secrets"})] == [
        ("variables", "givenSecrets", "value", "function", "parameters", "input_array",
         "function", "parameters", "arg_1")
    ]  # fmt: skip
    assert {path[:2] for path, _ in _mentions(template(MAIN), {"givenSecrets"})} == {
        ("variables", "secretReferences"),
        ("resources", "vaultSecrets"),
    }
    (made,) = resources("Microsoft.KeyVault/vaults/secrets").values()
    assert made["properties"]["value"] == _property("secret", "value")
    _, key, reference = variable("secretReferences")["function"]["parameters"].values()
    assert key["detail"]["expression"] == _property("secret", "key")
    name = "toLower(replace(secret.key, '_', '-'))"
    assert reference["detail"]["expression"] == (
        "@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${" + name + "})"
    )
    assert f"    name: {name}\n" in MAIN.read_text()


def test_no_account_key_can_be_used() -> None:
    """Shared keys are off, nobody reads one, and telemetry and publishing take no password."""
    (account,) = resources(STORAGE).values()
    assert account["properties"]["allowSharedKeyAccess"] is False
    assert account["properties"]["allowBlobPublicAccess"] is False
    assert account["properties"]["minimumTlsVersion"] == "TLS1_2"
    (insights,) = resources("Microsoft.Insights/components").values()
    assert insights["properties"]["DisableLocalAuth"] is True
    policies = resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies").values()
    assert {policy["name"]: policy["properties"]["allow"] for policy in policies} == {
        "scm": False,
        "ftp": False,
    }
    assert not re.search(r"listKeys|AccountKey|listAccountSas", MAIN.read_text(), re.IGNORECASE)


def test_the_site_says_only_what_flex_consumption_takes() -> None:
    """A property of another plan would let the whole deployment fail, in some regions only."""
    (app,) = resources("Microsoft.Web/sites").values()
    assert app["properties"]["siteConfig"].keys() <= OF_FLEX
    (plan,) = resources("Microsoft.Web/serverfarms").values()
    assert plan["sku"] == {"tier": "FlexConsumption", "name": "FC1"}


def test_no_log_line_is_dropped_unasked() -> None:
    """The exporter's default is five traces a second, and no lines of the others."""
    assert app_settings()["OTEL_TRACES_SAMPLER"] == "microsoft.fixed_percentage"
    assert app_settings()["OTEL_TRACES_SAMPLER_ARG"] == "1.0"


def test_the_vault_is_kept() -> None:
    """Access to the vault is by role, nobody can purge it, and a deleted one can be recovered."""
    (vault,) = resources("Microsoft.KeyVault/vaults").values()
    assert vault["properties"]["enableRbacAuthorization"] is True
    assert vault["properties"]["enablePurgeProtection"] is True
    mode = vault["properties"]["createMode"]["operator"]["operands"]
    assert mode == {
        "condition": "recoverVault",
        "true_value": "recover",
        "false_value": "default",
    }


def test_the_names_are_taken_by_azure() -> None:
    """Vault and storage have at most 24 characters, and a vault's first one is a letter."""
    longest = template(MAIN)["parameters"]["prefix"]["decorators"]
    (most,) = (d["argument"] for d in longest if d["type"] == "max_length")
    (vault,) = resources("Microsoft.KeyVault/vaults").values()
    assert vault["name"] == "kv${prefix}-${take(unique, 11)}"
    assert len("kv") + most + len("-") + 11 <= 24
    (account,) = resources(STORAGE).values()
    assert account["name"] == "${prefix}${unique}"
    assert most + len("thirteenchars") <= 24


def test_reading_a_secret_leaves_a_trace() -> None:
    """The vault's audit log goes to the workspace."""
    (audit,) = resources("Microsoft.Insights/diagnosticSettings").values()
    assert audit["scope"] == "vault"
    assert audit["properties"]["workspaceId"] == _property("logs", "id")
    assert audit["properties"]["logs"] == [{"categoryGroup": "audit", "enabled": True}]


def test_the_queues_are_those_of_the_code() -> None:
    """Every queue that a trigger reads or the code writes is made, and no other."""
    (queue,) = resources(f"{STORAGE}/queueServices/queues").values()
    assert queue["name"] == "name"
    of_the_code = {*QUEUE_OF_LANE.values(), *POISON_OF_LANE.values(), INBOUND_QUEUE}
    assert set(variable("queueNames")) == of_the_code
    assert {trigger["queueName"] for trigger in triggers("queueTrigger")} <= of_the_code


def test_the_table_is_that_of_the_code() -> None:
    """The ledger's table is made, and no other."""
    tables = resources(f"{STORAGE}/tableServices/tables").values()
    assert [table["name"] for table in tables] == [TABLE]


def test_the_roles_are_exactly_those_that_are_needed() -> None:
    """The identity has five roles, each on one resource, and a comment names each."""
    given = {}
    for each in resources("Microsoft.Authorization/roleAssignments").values():
        role = each["properties"]["roleDefinitionId"]["function"]["parameters"]["resource_name_1"]
        given[role] = each["scope"]
    assert given == {role: scope for role, (scope, _) in ROLES.items()}
    for _, name in ROLES.values():
        assert f"// {name}: " in MAIN.read_text()


def test_the_app_is_made_after_all_its_roles() -> None:
    """A host that may not read its queues ends at once, so the app waits for every role."""
    roles = resources("Microsoft.Authorization/roleAssignments").keys()
    (app,) = resources("Microsoft.Web/sites").values()
    assert set(app["dependsOn"]) == set(roles)


def test_what_some_regions_refuse_can_be_left_out() -> None:
    """The update strategy and the FTP policy are there only where they are asked for."""
    strategy = variable("updateStrategy")["operator"]["operands"]
    assert strategy["true_value"] == {}
    assert strategy["false_value"] == {"siteUpdateStrategy": {"type": "siteUpdateStrategy"}}
    ftp = template(MAIN)["resources"]["ftpPassword"]["config"]
    assert ftp["condition"] == "setFtpPolicy"


def test_the_platforms_own_page_is_off() -> None:
    """Nothing answers at `/` but the app."""
    assert app_settings()["AzureWebJobsDisableHomepage"] == "true"


def test_every_property_is_published_for_its_type_and_version() -> None:
    """A misspelt property would fail in the middle of a deployment, so would an unknown version."""
    used = set()
    for path in (MAIN, ALERTS):
        for resource in template(path)["resources"].values():
            kind = f"{resource['type']}@{resource['api_version']}"
            used.add(kind)
            for place, name in _properties(resource["config"].get("config", resource["config"])):
                assert name in PUBLISHED[kind].get(place, "").split(), f"{kind}: {place}.{name}"
    assert used == PUBLISHED.keys()


def test_the_app_reads_its_secrets_as_the_identity_that_may() -> None:
    """The identity that the roles are given to is the app's only one, also for references."""
    (app,) = resources("Microsoft.Web/sites").values()
    assert app["identity"]["type"] == "UserAssigned"
    assert "identity.id" in str(app["identity"]["userAssignedIdentities"])
    assert app["properties"]["keyVaultReferenceIdentity"] == _property("identity", "id")


def test_host_json_fits_the_code() -> None:
    """The route prefix and the message encoding are what the code builds on."""
    assert "/" + HOST["extensions"]["http"]["routePrefix"] == routes.PREFIX
    assert HOST["extensions"]["queues"]["messageEncoding"] == "none"
    assert HOST["extensionBundle"]["version"] == "[4.*, 5.0.0)"


def test_a_delivery_is_not_a_failure_of_the_message() -> None:
    """Ends of the host use up deliveries, so a message may have many before it is given up."""
    assert HOST["extensions"]["queues"]["maxDequeueCount"] == 50


def test_an_invocation_has_an_end() -> None:
    """A function that hangs is ended after ten minutes, which is how long a lease lasts."""
    assert HOST["functionTimeout"] == "00:10:00"


def test_every_function_logs_only_its_own_lines() -> None:
    """The host's lines about each invocation are off and the app's are on, for each function."""
    levels: dict[str, str] = {}
    for name in function_names():
        levels |= {f"Function.{name}": "Warning", f"Function.{name}.User": "Information"}
    assert HOST["telemetryMode"] == "OpenTelemetry"
    assert HOST["logging"] == {"OpenTelemetry": {"logLevel": levels}}, (
        "host.json needs under logging.OpenTelemetry.logLevel: " + json.dumps(levels, indent=2)
    )


def test_a_poison_queue_is_its_queues_name_and_poison() -> None:
    """The host makes the name of a poison queue from that of its queue."""
    poison = {lane: f"{queue}-poison" for lane, queue in QUEUE_OF_LANE.items()}
    assert poison == POISON_OF_LANE


def test_the_python_versions_are_those_of_the_project() -> None:
    """What can be deployed is what pyproject.toml says the code runs on."""
    parameter = template(MAIN)["parameters"]["pythonVersion"]
    (allowed,) = (d["argument"] for d in parameter["decorators"] if d["type"] == "allowed")
    assert allowed == ["3.11", "3.12", "3.13"]
    assert parameter["default"] == "3.13"
    assert 'requires-python = ">=3.11,<3.14"' in (CHECKOUT / "pyproject.toml").read_text()


def test_the_example_names_only_what_there_is() -> None:
    """The example gives parameters of the template, and settings of the code."""
    text = (CHECKOUT / "infra" / "main.bicepparam").read_text()
    given = set(re.findall(r"^param (\w+) =", text, re.MULTILINE))
    assert given <= template(MAIN)["parameters"].keys()
    assert example("settings") <= SETTINGS.keys()


def test_what_the_example_keeps_ready_exists() -> None:
    """An instance is kept for all HTTP functions or for a function that is registered."""
    text = (CHECKOUT / "infra" / "main.bicepparam").read_text()
    ready = re.findall(r"^    name: '([^']+)'", text, re.MULTILINE)
    assert ready == ["http", "function:deliver"]
    assert set(ready[1:]) <= {f"function:{name}" for name in function_names()}


def _property(of: str, name: str) -> dict[str, Any]:
    operands = {"operand_1": of, "operand_2": name}
    return {"operator": {"type": "property_accessor", "operands": operands}}


def _properties(value: object, place: str = ".") -> Iterator[tuple[str, str]]:
    """The properties that a resource is given, each with the path of its object."""
    if isinstance(value, list):
        for child in value:
            yield from _properties(child, place)
    elif isinstance(value, dict) and value.get("function", {}).get("type") == "union":
        yield from _properties(list(value["function"]["parameters"].values()), place)
    elif isinstance(value, dict) and not value.keys() & {"function", "operator"}:
        for name, child in value.items():
            if name not in OF_BICEP:
                yield place, name
            if name not in {"tags", "userAssignedIdentities"}:  # whose names are ours
                yield from _properties(child, f"{place}.{name}".lstrip("."))


def _mentions(
    value: object, names: set[str], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where names are used in a parsed template; a text counts if it interpolates one."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _mentions(child, names, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _mentions(child, names, path)
    elif isinstance(value, str):
        for name in names:
            if value == name or re.search(rf"\$\{{[^}}]*\b{name}\b", value):
                yield path, name
