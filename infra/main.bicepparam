// An example: secrets come from the environment, so that no file holds one.
using './main.bicep'

param twilioAccountSid = readEnvironmentVariable('TWILIO_ACCOUNT_SID')
param twilioAuthToken = readEnvironmentVariable('TWILIO_AUTH_TOKEN')
param twilioAuthTokenSecondary = readEnvironmentVariable('TWILIO_AUTH_TOKEN_SECONDARY', '')
param twilioWebhookKeys = readEnvironmentVariable('TWILIO_WEBHOOK_KEYS', '')
param twilioApiKeySecret = readEnvironmentVariable('TWILIO_API_KEY_SECRET', '')

// Any setting of the README that is not a secret, by its own name. What is blank counts as unset,
// but a blank PUBLIC_BASE_URL counts as missing: add it only where a name of your own leads here.
param settings = {
  TWILIO_FROM_NUMBER: readEnvironmentVariable('TWILIO_FROM_NUMBER', '')
  TWILIO_API_KEY_SID: readEnvironmentVariable('TWILIO_API_KEY_SID', '')
  ALLOWED_COUNTRIES: 'US,CA'
}

// Instances wait for webhooks: no caller listens to a cold start, and while one of the two is
// replaced by an upgrade the other answers.
param alwaysReady = [
  {
    name: 'http'
    instanceCount: 2
  }
]

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
