// An example: secrets come from the environment, so that no file holds one.
using './main.bicep'

param twilioAccountSid = readEnvironmentVariable('TWILIO_ACCOUNT_SID')

// Every secret of docs/settings.md, by its own name. Blank ones are left out.
param secrets = {
  TWILIO_AUTH_TOKEN: readEnvironmentVariable('TWILIO_AUTH_TOKEN')
  TWILIO_AUTH_TOKEN_SECONDARY: readEnvironmentVariable('TWILIO_AUTH_TOKEN_SECONDARY', '')
  TWILIO_WEBHOOK_KEYS: readEnvironmentVariable('TWILIO_WEBHOOK_KEYS', '')
  TWILIO_API_KEY_SECRET: readEnvironmentVariable('TWILIO_API_KEY_SECRET', '')
  DIGEST_KEYS: readEnvironmentVariable('DIGEST_KEYS', '')
  CLIENT_KEYS: readEnvironmentVariable('CLIENT_KEYS', '')
  CONSOLE_KEYS: readEnvironmentVariable('CONSOLE_KEYS', '')
}

// Any other setting of docs/settings.md, by its own name. What is blank counts as unset, but a blank
// PUBLIC_BASE_URL counts as missing: add it only where a name of your own leads here.
param settings = {
  TWILIO_FROM_NUMBER: readEnvironmentVariable('TWILIO_FROM_NUMBER', '')
  TWILIO_API_KEY_SID: readEnvironmentVariable('TWILIO_API_KEY_SID', '')
  // The countries that you serve, such as US,CA. You must decide: with a blank value, any holder of
  // a key can text any country in the world at your expense.
  ALLOWED_COUNTRIES: readEnvironmentVariable('ALLOWED_COUNTRIES')
}

// Instances wait for webhooks and for what is sent now: no caller listens to a cold start, and
// while one of the two is replaced by an upgrade the other answers. docs/cost.md has the price.
param alwaysReady = [
  {
    name: 'http'
    instanceCount: 2
  }
  {
    name: 'function:deliver'
    instanceCount: 1
  }
]

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
