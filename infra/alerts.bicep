// What somebody must be told. Each query gives a row for each thing to tell and none otherwise;
// docs/operate.md says what each means and what to do.

param prefix string
param location string
param tags object
param insightsId string
param alertEmail string

// A log line of the app is a constant event name, a space and its fields as JSON (shared/log.py).
// itemCount, because a line may stand for others that were sampled away.
var events = 'traces | parse message with event " " fields | extend f = parse_json(fields)\n'

var rules = [
  {
    name: 'parked'
    severity: 2
    window: 'PT5M'
    description: 'A message or call was given up and waits for an operator.'
    query: '${events}| where event == "parked" and tostring(f.code) != "poison"'
  }
  {
    name: 'poison'
    severity: 1
    window: 'PT5M'
    description: 'A function failed on the same queue message until the host gave up: a bug or an outage.'
    query: '${events}| where event == "parked" and tostring(f.code) == "poison"'
  }
  {
    // Silence is an alarm too: it means that the app does not run at all.
    name: 'late'
    severity: 1
    window: 'PT15M'
    description: 'The oldest queue message that is due has waited for more than 5 minutes, or nobody looked for 15.'
    query: '${events}| where event == "queue_watched"\n| summarize seen = count(), oldest = max(todouble(f.oldest_seconds))\n| where seen == 0 or oldest > 300'
  }
  {
    name: 'refused-share'
    severity: 1
    window: 'PT15M'
    description: 'More than a fifth of at least 20 sends in 15 minutes were refused.'
    query: '${events}| where event == "attempt"\n| summarize sends = sum(itemCount), refused = sumif(itemCount, tostring(f.came_to) == "refused")\n| where sends >= 20 and refused * 5 > sends'
  }
  {
    name: 'signature-refused'
    severity: 1
    window: 'PT15M'
    description: 'More than five requests to signed routes in 15 minutes were not signed by Twilio for our URL.'
    query: '${events}| where event == "signature_refused"\n| summarize refused = sum(itemCount)\n| where refused > 5'
  }
]

resource told 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: '${prefix}-told'
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

resource alert 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [for rule in rules: {
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
    evaluationFrequency: 'PT5M'
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
      actionGroups: empty(alertEmail) ? [] : [told.id]
    }
  }
}]
