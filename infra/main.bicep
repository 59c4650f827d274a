// Switchboard in one resource group. No account key exists anywhere: the app is one identity,
// and what it may do stands under "roles". docs/deploy.md says how to use this file.

import { alwaysReadyGroups, secretSettings, textByName } from 'types.bicep'

@description('Beginning of every resource name: 3 to 10 lower-case letters and digits.')
@minLength(3)
@maxLength(10)
param prefix string = 'swboard'

param location string = resourceGroup().location
param tags textByName = {}

// --- Twilio and the app's own settings ---

@description('The Twilio account, AC and 32 hexadecimal digits.')
param twilioAccountSid string

@description('Every secret setting, by its own name. Each goes into the vault; the app gets a reference.')
@secure()
param secrets secretSettings

@description('Every other setting, by its own name, where its default does not serve. Never a secret.')
param settings textByName = {}

// --- size ---

@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.13'

// Measured: host and worker need 220 MB idle, 280 MB while they send single messages, and 620 MB
// while a CSV of 50,000 is accepted and sent. So 512 is enough only where nobody sends in bulk.
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

// For each function that is not HTTP, and for all HTTP functions together. Instances times
// host.json's batchSize + newBatchThreshold, for each lane, is also the most requests that can be
// at Twilio at once. Some regions may still refuse less than 40, the least in the plan's first years.
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('For example [{ name: \'http\', instanceCount: 2 }]: nobody waits for a cold start. Billed while idle.')
param alwaysReady alwaysReadyGroups = []

// For Python the platform's default is 1, which suits an app that blocks. This one awaits storage
// and Twilio all the time: with 1, a webhook that waits 10 ms for a table keeps a whole instance
// from answering anybody else, and a burst of callbacks starts an instance for each of them.
@minValue(1)
@maxValue(1000)
param httpRequestsPerInstance int = 100

@description('LRS or GRS in a region without availability zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

// --- what some regions refuse ---

@description('How a new release replaces instances. In preview: empty leaves the platform\'s default, Recreate.')
@allowed(['', 'RollingUpdate', 'Recreate'])
param siteUpdateStrategy string = 'RollingUpdate'

@description('Forbid passwords for FTP. Flex Consumption has no FTP: the first thing to leave out where a region refuses the template.')
param setFtpPolicy bool = true

@description('Take back the vault of the same name that was deleted less than 90 days ago.')
param recoverVault bool = false

// --- watching ---

@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Ingestion stops for the day at so many GB, and alerts with it; -1: never.')
param logDailyCapGB int = -1

@description('Address that gets a mail for each alert; empty: they only show in the portal.')
param alertEmail string = ''

var unique = uniqueString(resourceGroup().id, prefix)

// --- identity ---

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-${unique}'
  location: location
  tags: tags
}

// --- storage: the host's own, the package, the queues and the ledger ---

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' = {
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

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: storage
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = {
  parent: blobs
  name: 'packages'
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-08-01' = {
  parent: storage
  name: 'default'
}

// A trigger does not create its queue, and the host creates a poison queue only when it needs it,
// while the trigger that empties it would complain until then.
var queueNames = ['outbound', 'outbound-poison', 'outbound-bulk', 'outbound-bulk-poison', 'inbound']

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-08-01' = [
  for name in queueNames: {
    parent: queueService
    name: name
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-08-01' = {
  parent: storage
  name: 'default'
}

resource ledger 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-08-01' = {
  parent: tableService
  name: 'ledger'
}

// --- secrets ---

// The name of a vault begins with a letter, which `prefix` need not do.
resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: 'kv${prefix}-${take(unique, 11)}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    createMode: recoverVault ? 'recover' : 'default'
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

var givenSecrets = filter(items(secrets), secret => !empty(secret.value))

resource vaultSecrets 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = [
  for secret in givenSecrets: {
    parent: vault
    name: toLower(replace(secret.key, '_', '-'))
    properties: {
      contentType: 'text/plain'
      value: secret.value
    }
  }
]

// Without a version: a rotated secret is read within a day, or at once when a setting changes.
var secretReferences = toObject(
  givenSecrets,
  secret => secret.key,
  secret => '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${toLower(replace(secret.key, '_', '-'))})'
)

// --- monitoring ---

resource logs 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: '${prefix}-${unique}'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: logRetentionDays
    workspaceCapping: {
      dailyQuotaGb: logDailyCapGB
    }
  }
}

// Which identity read which secret, and when.
resource vaultAudit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: logs.id
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
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
  name: guid(vault.id, identity.id, 'vault')
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

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
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

// Rolling: instances are replaced in turn and finish what they do. A single one leaves a short gap,
// which two of `alwaysReady` close. https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
var updateStrategy = empty(siteUpdateStrategy) ? {} : { siteUpdateStrategy: { type: siteUpdateStrategy } }

resource app 'Microsoft.Web/sites@2025-03-01' = {
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
    // The published types do not know siteUpdateStrategy yet.
    #disable-next-line BCP037
    functionAppConfig: union(
      {
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
      },
      updateStrategy
    )
  }
  // All roles: a host that may not read its queues ends at once, and is started again and again.
  dependsOn: [
    mayKeepBlobs
    mayUseQueues
    mayUseTables
    mayReadSecrets
    maySendTelemetry
  ]
}

// Publishing is by Entra identity only. The platform keeps these two policies for every site.
resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = if (setFtpPolicy) {
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
  AzureWebJobsDisableHomepage: 'true'
  TWILIO_ACCOUNT_SID: twilioAccountSid
}

// By default the host keeps five invocations a second and drops the log lines of all others, an
// alert's among them. `settings` may choose a smaller share for a busy installation.
var sampling = {
  OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage'
  OTEL_TRACES_SAMPLER_ARG: '1.0'
}

// What stands behind `settings` wins over it. A deployment replaces all of the app's settings.
resource appSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(sampling, settings, fixedSettings, secretReferences)
  dependsOn: [
    vaultSecrets
    queues
    ledger
  ]
}

output appName string = app.name
output appUrl string = 'https://${app.properties.defaultHostName}'
output storageName string = storage.name
output vaultName string = vault.name
output insightsName string = insights.name
