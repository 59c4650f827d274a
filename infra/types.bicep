// The shapes of parameters. They have a file of their own because checkov cannot read `*:` and `[]`.

@export()
@description('Texts by name, such as tags or app settings.')
type textByName = {
  *: string
}

@export()
@description('Secret settings by name. Blank ones are left out.')
type secretSettings = {
  @description('Signs webhooks, and REST requests where no API key is set.')
  TWILIO_AUTH_TOKEN: string

  *: string
}

@export()
@description('Instances that are kept running, and billed, while nothing happens.')
type alwaysReadyGroups = {
  @description('`http` for all HTTP functions, or `function:NAME` for another one.')
  name: string

  instanceCount: int
}[]
