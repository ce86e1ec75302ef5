/** The demo's configuration: both modes side by side against an emulator on this machine. */

const TENANT = 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f'

const CURRENT = [
  { id: 'purpose:10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f1', value: 'newsletter' },
  { id: 'purpose:10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2', value: 'consents_purposes_partner_offers_enabled' },
  { id: 'topic:20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2', value: 'sports-a1' },
  { id: 'topic:20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f3', value: 'travel-b2' },
]

const LEGACY = [
  { id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' },
  { id: 'new_partneroffers', value: 'consents_purposes_partner_offers_enabled' },
  { id: 'new_topics', value: 'consents_purposes_newsletter_values_topics-k3Jd_value' },
  { id: 'donotbulkemail', value: 'consents_channels_email_enabled' },
]

/**
 * How a target's `authentication` is pointed at an emulator: MSAL wants an https authority and asks it nothing, since the
 * metadata names the emulator's own token endpoint.
 */
export function emulatorAuthority(url: string, tenant: string): object {
  return {
    authority: `https://login.microsoftonline.com/${tenant}`,
    authorityMetadata: {
      token_endpoint: `${url}/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${url}/${tenant}/oauth2/v2.0/authorize`,
      issuer: `${url}/${tenant}/v2.0`,
      jwks_uri: `${url}/${tenant}/discovery/v2.0/keys`,
    },
  }
}

/**
 * JSON (which is YAML too). The emulator's application and secret open nothing but an emulator. MSAL wants an https
 * authority; the token endpoint in the metadata is the emulator's own. `reports` is a folder that outlives the demo.
 */
export function demoConfiguration(url: string, reports: string): string {
  const authentication = {
    client_id: '0c0ffee0-0000-4000-8000-000000000001',
    client_secret: 'emulator-secret',
    tenant_id: TENANT,
    instance: url,
  }
  const connection = { authentication, properties: {}, upsert_mode: false }
  const authority = emulatorAuthority(url, TENANT)
  return JSON.stringify(
    {
      source: { directory: './export' },
      store: { sqlite: './state/didomi-dataverse.db' },
      report: { directory: reports, keep: 10 },
      targets: [
        {
          name: 'current',
          integration: { type: 'microsoft-dynamics-cpc', ...connection, mappings: CURRENT },
          authentication: authority,
        },
        {
          name: 'legacy',
          integration: { type: 'microsoft-dynamics', ...connection, mappings: LEGACY },
          authentication: authority,
          entryOptions: {
            new_partneroffers: { trueValue: 'Yes', falseValue: 'No' },
            new_topics: { options: { 'sports-a1': 100000000, 'travel-b2': 100000001, 'food-c3': 100000002 } },
          },
        },
      ],
    },
    null,
    2,
  )
}
