// Switchboard in one resource group. No account key exists anywhere: the app is one identity,
// and what it may do stands under "roles". docs/deploy.md says how to use this file.

@description('Beginning of every resource name: 3 to 10 lower-case letters and digits.')
@minLength(3)
@maxLength(10)
param prefix string = 'swboard'

param location string = resourceGroup().location
param tags object = {}

// --- Twilio and the app's own settings ---

@description('The Twilio account, AC and 32 hexadecimal digits.')
param twilioAccountSid string

@description('Signs webhooks, and REST requests where no API key is set.')
@secure()
param twilioAuthToken string

@description('Accepted on webhooks too, while tokens are rotated.')
@secure()
param twilioAuthTokenSecondary string = ''

@description('JSON, key id to secret: Twilio shared keys for SHA-256 signatures.')
@secure()
param twilioWebhookKeys string = ''

@description('Secret of the API key that TWILIO_API_KEY_SID in `settings` names.')
@secure()
param twilioApiKeySecret string = ''

@description('Every other setting, by its own name, only where its default does not serve. Never a secret.')
param settings object = {}

// --- size ---

@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.12'

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

// Instances times host.json's batchSize + newBatchThreshold, for each lane, is also the most that
// can wait for Twilio at once. 40 is the least that Flex Consumption could be held to everywhere.
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('For example [{ name: \'http\', instanceCount: 2 }], also for \'function:deliver\': nothing waits for a cold start. Billed while idle.')
param alwaysReady array = []

// For Python the platform's default is 1, which suits an app that blocks. This one awaits storage
// and Twilio all the time: with 1, a webhook that waits 10 ms for a table keeps a whole instance
// from answering anybody else, and a burst of callbacks starts an instance for each of them.
@minValue(1)
@maxValue(1000)
param httpRequestsPerInstance int = 100

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

// --- watching ---

@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Who is told of alerts; empty: they only show in the portal.')
param alertEmail string = ''

var unique = uniqueString(resourceGroup().id, prefix)

// --- identity ---

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-${unique}'
  location: location
  tags: tags
}

// --- storage: the host's own, the package, the queues and the ledger ---

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: '${prefix}${unique}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: storageSku
  }
  properties: {
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'packages'
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

// A trigger does not create its queue, and the host creates a poison queue only when it needs it,
// while the trigger that empties it would complain until then.
var queueNames = ['outbound', 'outbound-poison', 'outbound-bulk', 'outbound-bulk-poison', 'inbound']

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [for name in queueNames: {
  parent: queueService
  name: name
}]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource ledger 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = {
  parent: tableService
  name: 'ledger'
}

// --- secrets ---

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${prefix}-${take(unique, 11)}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

resource authToken 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'twilio-auth-token'
  properties: {
    contentType: 'text/plain'
    value: twilioAuthToken
  }
}

resource authTokenSecondary 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(twilioAuthTokenSecondary)) {
  parent: vault
  name: 'twilio-auth-token-secondary'
  properties: {
    contentType: 'text/plain'
    value: twilioAuthTokenSecondary
  }
}

resource webhookKeys 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(twilioWebhookKeys)) {
  parent: vault
  name: 'twilio-webhook-keys'
  properties: {
    contentType: 'application/json'
    value: twilioWebhookKeys
  }
}

resource apiKeySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(twilioApiKeySecret)) {
  parent: vault
  name: 'twilio-api-key-secret'
  properties: {
    contentType: 'text/plain'
    value: twilioApiKeySecret
  }
}

// Without a version: a rotated secret is read within a day, or at once when a setting changes.
var secretNamed = '@Microsoft.KeyVault(VaultName=${vault.name};SecretName='

// --- monitoring ---

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${prefix}-${unique}'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: logRetentionDays
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${prefix}-${unique}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    DisableLocalAuth: true
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  params: {
    prefix: prefix
    location: location
    tags: tags
    insightsId: insights.id
    alertEmail: alertEmail
  }
}

// --- roles: all that the identity may do ---

var roleDefinitions = 'Microsoft.Authorization/roleDefinitions'

// Storage Blob Data Owner: the host keeps its locks, its keys and the package in blobs.
resource mayKeepBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, 'blob')
  scope: storage
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleDefinitions, 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')
  }
}

// Storage Queue Data Contributor: Reader with Message Processor may not put a message on a poison queue.
resource mayUseQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, 'queue')
  scope: storage
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleDefinitions, '974c5e8b-45b9-4653-ba55-5f855dd0fb88')
  }
}

// Storage Table Data Contributor: the ledger.
resource mayUseTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, 'table')
  scope: storage
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleDefinitions, '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')
  }
}

// Key Vault Secrets User: the references among the settings.
resource mayReadSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, 'secrets')
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleDefinitions, '4633458b-17de-408a-b874-0445c86b69e6')
  }
}

// Monitoring Metrics Publisher: telemetry, which takes no key either.
resource maySendTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, 'telemetry')
  scope: insights
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleDefinitions, '3913510d-42f4-4e42-8a64-420c390055eb')
  }
}

// --- the app ---

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: '${prefix}-${unique}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: '${prefix}-${unique}'
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    publicNetworkAccess: 'Enabled'
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packages.name}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: {
          http: {
            perInstanceConcurrency: httpRequestsPerInstance
          }
        }
      }
      // Instances are replaced in turn and finish what they do. A single one leaves a short gap:
      // `alwaysReady` of 2 closes it. https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
      siteUpdateStrategy: {
        type: 'RollingUpdate'
      }
    }
  }
  dependsOn: [
    mayKeepBlobs
  ]
}

// Publishing is by Entra identity only. The platform keeps these two policies for every site.
resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

var fixedSettings = {
  AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  MESSAGE_STORAGE__queueServiceUri: storage.properties.primaryEndpoints.queue
  MESSAGE_STORAGE__tableServiceUri: storage.properties.primaryEndpoints.table
  MESSAGE_STORAGE__credential: 'managedidentity'
  MESSAGE_STORAGE__clientId: identity.properties.clientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
  TWILIO_ACCOUNT_SID: twilioAccountSid
  TWILIO_AUTH_TOKEN: '${secretNamed}twilio-auth-token)'
}
var secondarySetting = empty(twilioAuthTokenSecondary) ? {} : { TWILIO_AUTH_TOKEN_SECONDARY: '${secretNamed}twilio-auth-token-secondary)' }
var webhookKeysSetting = empty(twilioWebhookKeys) ? {} : { TWILIO_WEBHOOK_KEYS: '${secretNamed}twilio-webhook-keys)' }
var apiKeySetting = empty(twilioApiKeySecret) ? {} : { TWILIO_API_KEY_SECRET: '${secretNamed}twilio-api-key-secret)' }

// By default the host keeps five invocations a second and drops the log lines of all others, an
// alert's among them. `settings` may choose a smaller share for a busy installation.
var sampling = {
  OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage'
  OTEL_TRACES_SAMPLER_ARG: '1.0'
}

// What stands behind `settings` wins over it. A deployment replaces all of the app's settings.
resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(sampling, settings, fixedSettings, secondarySetting, webhookKeysSetting, apiKeySetting)
  dependsOn: [
    mayReadSecrets
    mayUseQueues
    mayUseTables
    maySendTelemetry
    authToken
    authTokenSecondary
    webhookKeys
    apiKeySecret
    queues
    ledger
  ]
}

output appName string = app.name
output appUrl string = 'https://${app.properties.defaultHostName}'
output storageName string = storage.name
output vaultName string = vault.name
output insightsName string = insights.name
