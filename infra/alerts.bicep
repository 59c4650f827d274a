// What an operator must hear of. Each query returns a row for each thing to report and none
// otherwise; docs/operate.md says what each alert means and what to do.

import { textByName } from 'types.bicep'

param prefix string
param location string
param tags textByName
param insightsId string
param alertEmail string

// A log line of the app is a constant event name, a space and its fields as JSON (shared/log.py).
// itemCount, because a line may stand for others that were sampled away.
var events = 'traces | parse message with event " " fields | extend f = parse_json(fields)\n'

var rules = [
  {
    name: 'parked'
    severity: 2
    every: 'PT5M'
    window: 'PT5M'
    description: 'A message or call was given up and waits for an operator.'
    query: '${events}| where event == "parked" and tostring(f.code) != "poison"'
  }
  {
    name: 'poison'
    severity: 1
    every: 'PT5M'
    window: 'PT5M'
    description: 'The host gave up on a queue message after many deliveries: a bug or a long outage.'
    query: '${events}| where event == "parked" and tostring(f.code) == "poison"'
  }
  {
    // Silence is an alarm too: it means that the app does not run at all.
    name: 'late'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    description: 'The oldest message that is due to be sent has waited for more than 5 minutes, or nobody looked for 15.'
    query: '${events}| where event == "queue_watched" and tostring(f.queue) startswith "outbound"\n| summarize looks = count(), oldest = max(todouble(f.oldest_seconds))\n| where looks == 0 or oldest > 300'
  }
  {
    name: 'nothing-gets-through'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    description: 'Twilio took nothing for 15 minutes, for a reason that is not about any message.'
    query: '${events}| where event in ("provider_unreachable", "attempt")\n| summarize unreachable = sumif(itemCount, event == "provider_unreachable"), sent = sumif(itemCount, tostring(f.result) == "sent")\n| where unreachable >= 3 and sent == 0'
  }
  {
    name: 'in-doubt'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    description: 'An unclear send has not been settled for more than 30 minutes.'
    query: '${events}| where event == "doubt_unsettled"\n| summarize oldest = max(todouble(f.age_seconds))\n| where oldest > 1800'
  }
  {
    name: 'refused-share'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    description: 'More than a fifth of at least 20 sends in 15 minutes were refused.'
    query: '${events}| where event == "attempt"\n| summarize sends = sum(itemCount), refused = sumif(itemCount, tostring(f.result) == "rejected")\n| where sends >= 20 and refused * 5 > sends'
  }
  {
    // Strangers send no signature: only requests that carry one are counted.
    name: 'signature-refused'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    description: 'More than a fifth of the requests with a signature in 15 minutes, and at least 5, did not match.'
    query: '${events}| where event in ("signature_refused", "reported", "inbound")\n| summarize refused = sumif(itemCount, event == "signature_refused" and tobool(f.has_header)), accepted = sumif(itemCount, event != "signature_refused")\n| where refused >= 5 and refused * 5 > refused + accepted'
  }
  {
    name: 'inbound-unread'
    severity: 3
    every: 'PT1H'
    window: 'PT1H'
    description: 'Nobody has read queue inbound for a day.'
    query: '${events}| where event == "queue_watched" and tostring(f.queue) == "inbound"\n| summarize oldest = max(todouble(f.oldest_seconds))\n| where oldest > 86400'
  }
  {
    // One rule for three events: whoever is told does the same first, and each rule is billed.
    name: 'unanswered'
    severity: 1
    every: 'PT5M'
    window: 'PT5M'
    description: 'An alert of the app was left without an answer, or somebody could not be notified of it.'
    query: '${events}| where event in ("alert_exhausted", "alert_not_sent", "alert_failed")'
  }
]

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: '${prefix}-operators'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'switchboard'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Switchboard: ${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [insightsId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(alertEmail) ? [] : [operators.id]
      }
    }
  }
]
